"""What shell commands and redirections do to files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.files import Act, Append, Create, Delete, Glob, Read, Replace, Write
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.source import Place

Fact = Act | Glob

_GLOB_CHARACTERS = frozenset("*?[")
_INSTALL_VALUES = frozenset({"-g", "--group", "-m", "--mode", "-o", "--owner"})
_GLOB_CHARACTER = re.compile(r"[*?\[]")
_COPY_VALUES = frozenset({"-S", "--suffix", "-t", "--target-directory"})
_MERGERS = frozenset(
    {"cat", "zcat", "sort", "jq", "paste", "awk", "csvstack", "samtools", "bcftools", "duckdb", "mlr"}
)
_COUNTERS = frozenset(
    {"ls", "wc", "du", "stat", "find", "file", "md5sum", "sha256sum", "echo", "printf", "test", "["}
)


def split_options(args: Sequence[Arg], values: frozenset[str] = frozenset()) -> tuple[set[str], list[Arg]]:
    """Options (short clusters taken apart, long ones without their value) and operands of a POSIX-like command."""
    options: set[str] = set()
    operands: list[Arg] = []
    words = iter(args)
    only_operands = False
    for arg in words:
        text = arg.text if arg.text is not None else arg.pattern.literal
        if only_operands or not text.startswith("-") or text == "-":
            operands.append(arg)
        elif text == "--":
            only_operands = True
        elif text.startswith("--"):
            name, equals, _ = text.partition("=")
            options.add(name)
            if name in values and not equals:
                next(words, None)
        else:
            options.update("-" + letter for letter in text[1:])
            if text in values:
                next(words, None)
    return options, operands


def is_glob(arg: Arg) -> bool:
    """Whether the word has a wildcard that the shell expands."""
    return glob_pattern(arg) is not None


def glob_pattern(arg: Arg) -> PathPattern | None:
    """The pattern of a word with an unquoted wildcard."""
    text, span = arg.place.source.text, arg.place.span
    if _GLOB_CHARACTER.search(text, span.start, span.end) is None:
        return None
    raw = text[span.start : span.end]
    quote = ""
    for char in raw:
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in _GLOB_CHARACTERS:
            return arg.pattern
    return None


def facts_of(command: Command) -> list[Fact]:
    """What a command does to files by itself (its redirections are read by `redirect_facts`)."""
    reader = _COMMANDS.get(command.name)
    return [*(reader(command) if reader is not None else ()), *_globs(command)]


def _act(kind: type[Act], command: Command, arg: Arg, **more: object) -> Act:
    return kind(
        command.place,
        arg.pattern,
        arg.place,
        command.execution,
        command.name,
        "shell",
        statement=command.statement,
        status=command.status,
        **{"tolerates_existing": "|| true" if command.status == "masked" else None, **more},  # type: ignore[arg-type]  # the fields of the kinds differ
    )


def _tolerance(command: Command, *, force: bool) -> str | None:
    if force:
        return "-f"
    if command.status == "branch" and _is_only_reported(command):
        return "|| echo"
    return "|| true" if command.status == "masked" else None


_ELSE = r"[ \t]*(?:\d?>+&?[ \t]*[^\s<>|&;]+[ \t]*)*\|\|[ \t]*"
_SAYS = r"(?:echo|printf|logger|(?:log_)?(?:warn|warning|info|notice|debug|log))\b(?![.-])"
_TEXTS = r"""(?:"[^"]*"|'[^']*'|>&|[^\n;&|"'{}()])*"""
_REPORTED = re.compile(rf"{_ELSE}{_SAYS}{_TEXTS}(?=[\n;)}}]|$)")
_REPORTED_AND_LEFT = re.compile(
    rf"{_ELSE}\{{\s*{_SAYS}{_TEXTS}[;\n]\s*(?:return(?:[ \t]+0)?|continue|true|:)[ \t]*;?\s*\}}"
)
"""A block that says something, and goes on as if nothing had failed."""


def _is_only_reported(command: Command) -> bool:
    """Whether nothing comes of its failure but a message: `rm "$f" || echo "could not remove $f"`."""
    text, end = command.place.source.text, command.place.span.end
    return any(form.match(text, end) for form in (_REPORTED, _REPORTED_AND_LEFT))


def _checked(command: Command) -> bool:
    return command.status not in {"ignored", "masked"}


def _rm(command: Command) -> Iterator[Fact]:
    options, operands = split_options(command.args)
    what = "tree" if options & {"-r", "-R", "--recursive"} else "directory" if "-d" in options else "file"
    tolerates = _tolerance(command, force=bool(options & {"-f", "--force"}))
    for arg in operands:
        if not is_glob(arg):
            yield _act(Delete, command, arg, what=what, tolerates_missing=tolerates)


def _rmdir(command: Command) -> Iterator[Fact]:
    _, operands = split_options(command.args)
    for arg in operands:
        yield _act(Delete, command, arg, what="directory", tolerates_missing=_tolerance(command, force=False))


def _mv(command: Command) -> Iterator[Fact]:
    _, operands = split_options(command.args, _COPY_VALUES)
    if len(operands) < 2:
        return
    *origins, target = operands
    for arg in origins:
        if not is_glob(arg):
            yield _act(Delete, command, arg, what="moved", tolerates_missing=_tolerance(command, force=False))
    if len(origins) == 1:
        yield _act(Replace, command, target, origin=origins[0].pattern, origin_place=origins[0].place)


def _cp(command: Command) -> Iterator[Fact]:
    values = _COPY_VALUES | _INSTALL_VALUES if command.name == "install" else _COPY_VALUES
    _, operands = split_options(command.args, values)
    if len(operands) == 2:
        origin, target = operands
        yield _act(Write, command, target, content=command.name)
        yield _act(Replace, command, target, origin=origin.pattern, origin_place=origin.place, atomic=False)


def _install(command: Command) -> Iterator[Fact]:
    options, operands = split_options(command.args, _COPY_VALUES | _INSTALL_VALUES)
    if not options & {"-d", "--directory"}:
        yield from _cp(command)
        return
    for arg in operands:
        yield _act(Create, command, arg, what="directory", tolerates_existing="-d")


def _touch(command: Command) -> Iterator[Fact]:
    _, operands = split_options(command.args, frozenset({"-d", "-r", "-t", "--date", "--reference"}))
    for arg in operands:
        yield _act(Create, command, arg)


def _mkdir(command: Command) -> Iterator[Fact]:
    options, operands = split_options(command.args, frozenset({"-m", "--mode"}))
    parents = bool(options & {"-p", "--parents"})
    for arg in operands:
        tolerates = "-p" if parents else "|| echo" if _is_only_reported(command) else None
        more = {"tolerates_existing": tolerates} if tolerates else {}
        yield _act(
            Create, command, arg, what="directory", exclusive=not parents, checked=_checked(command), **more
        )


def _link(command: Command) -> Iterator[Fact]:
    options, operands = split_options(command.args)
    if len(operands) == 2:
        exclusive = not options & {"-f", "--force"}
        yield _act(Create, command, operands[1], what="link", exclusive=exclusive)


def _output_option(command: Command, *names: str) -> Iterator[Fact]:
    """A program that writes the file of an option: `curl -o FILE`, `wget -O FILE`, `sort -o FILE`."""
    words = command.words
    for at, word in enumerate(words):
        if word in names and at + 1 < len(words) and words[at + 1] != "-":
            yield _act(Write, command, command.args[at + 1], content=command.name)


def _curl(command: Command) -> Iterator[Fact]:
    yield from _output_option(command, "-o", "--output")


def _wget(command: Command) -> Iterator[Fact]:
    yield from _output_option(command, "-O", "--output-document")


def _dd(command: Command) -> Iterator[Fact]:
    for arg in command.args:
        first = arg.pattern.parts[0] if arg.pattern.parts else ""
        if isinstance(first, str) and first.startswith("of=") and not first.startswith("of=/dev/"):
            target = Arg(arg.place, PathPattern.of(first[3:], *arg.pattern.parts[1:]), arg.written)
            yield _act(Write, command, target, content="dd")


def _tee(command: Command) -> Iterator[Fact]:
    options, operands = split_options(command.args)
    for arg in operands:
        kind = Append if options & {"-a", "--append"} else Write
        yield _act(kind, command, arg, content="tee")


def _sed(command: Command) -> Iterator[Fact]:
    in_place = any((word or "").startswith(("-i", "--in-place")) for word in command.words)
    if in_place and command.args:
        yield _act(Replace, command, command.args[-1])


def _find(command: Command) -> Iterator[Fact]:
    words = command.words
    root = next((arg for arg in command.args if not (arg.text or "x").startswith("-")), None)
    if root is not None and _FIND_FILTERS.isdisjoint(words) and _find_use(words) == "delete":
        yield _act(Delete, command, root, what="tree", tolerates_missing="find")
    for option in ("-name", "-iname", "-path", "-wholename"):
        if option not in words[:-1]:
            continue
        name = command.args[words.index(option) + 1]
        use = _find_use(words)
        pattern = root.pattern.joined(name.pattern) if root else name.pattern
        yield Glob(
            command.place,
            pattern,
            name.place,
            command.execution,
            "find",
            "shell",
            uses=((use, command.place),),
            recursive="-maxdepth" not in words,
        )


_FIND_FILTERS = frozenset(
    {"-name", "-iname", "-path", "-ipath", "-wholename", "-regex", "-iregex", "-empty", "-newer", "-user", "-size", "-mtime", "-mmin",
     "-atime", "-amin", "-ctime", "-cmin", "-perm", "-links", "-xtype", "-lname"}
)  # fmt: skip
"""Tests of find that leave some of the files of a folder out."""


def _find_use(words: Sequence[str | None]) -> str:
    if "-delete" in words:
        return "delete"
    for option in ("-exec", "-execdir", "-ok"):
        if option in words[:-1]:
            return _use_of(words[words.index(option) + 1] or "")
    return "list"


def _use_of(name: str) -> str:
    program = name.rpartition("/")[2]
    if program in {"rm", "unlink", "shred"}:
        return "delete"
    if program == "mv":
        return "move"
    if program in {"cp", "rsync"}:
        return "copy"
    if program in _MERGERS:
        return "merge"
    return "count" if program in _COUNTERS else "read"


_NO_GLOBS = frozenset({"find", "case", "[", "[[", "grep", "sed", "awk", "tr", "expr", "jq"})
"""What looks like a wildcard is a pattern of their own."""


def _globs(command: Command) -> Iterator[Glob]:
    if command.name in _NO_GLOBS:
        return
    for arg in command.args:
        pattern = glob_pattern(arg)
        if pattern is None:
            continue
        use = _use_of(command.name)
        if use == "move" and _moves_one(command, pattern):
            use = "read"
        uses = ((use, command.place),)
        yield Glob(command.place, pattern, arg.place, command.execution, command.name, "shell", uses=uses)


def _moves_one(command: Command, pattern: PathPattern) -> bool:
    """Whether `mv` gives what a pattern matches the name of a file of the same kind (`mv a-*.rpm a.rpm`): with several matches it
    fails, since that is no folder.
    """
    operands = [arg.pattern for arg in command.args if not arg.pattern.literal.startswith("-")]
    return len(operands) == 2 and bool(pattern.suffix) and operands[1].suffix == pattern.suffix


_LISTING = frozenset({"find", "ls", "printf", "echo"})
_PASSING = frozenset({"sort", "uniq", "tr"})


def piped_deletions(stages: Sequence[tuple[Command, ...]]) -> Iterator[Glob]:
    """What a pipeline finds and deletes: `find … | xargs rm`, `ls … | while read -r f; do rm "$f"; done`."""
    listing = stages[0][0] if stages[0] else None
    if listing is None or len(stages[0]) > 1 or listing.name not in _LISTING:
        return
    if any(len(stage) != 1 or stage[0].name not in _PASSING for stage in stages[1:-1]):
        return
    act = next((command for command in stages[-1] if _deletes_each(command, listing)), None)
    if act is not None:
        for fact in facts_of(listing):
            if isinstance(fact, Glob):
                yield replace(fact, uses=(*fact.uses, ("delete", act.place)))


def _deletes_each(command: Command, listing: Command) -> bool:
    """Whether each line that is read is the name of a file to delete, without a look at which one it is."""
    if _use_of(command.name) != "delete" or command.execution.arms != listing.execution.arms:
        return False
    if command.through("xargs") is not None:
        return True
    loops = command.execution.loops[len(listing.execution.loops) :]
    read = {name for loop in loops if loop.kind == "while" for name in loop.variables}
    return any(
        arg.place.text.strip('"') in {f"${name}", f"${{{name}}}"} for arg in command.args for name in read
    )


_READ_VALUES = frozenset(
    {"-n", "-c", "--lines", "--bytes", "-f", "--from-file", "--indent", "-L", "--arg", "--argjson", "--args"}
)


def _read(command: Command) -> Iterator[Fact]:
    """`cat "$cursor"`, `head -n1 state`, `jq -r .last state.json`: what is read as a whole or from its start or end."""
    _, operands = split_options(command.args, _READ_VALUES)
    for arg in operands[command.name == "jq" :]:
        if arg.pattern.parts and not is_glob(arg):
            yield _act(Read, command, arg, content=command.name)


_COMMANDS = {
    "cat": _read,
    "head": _read,
    "tail": _read,
    "jq": _read,
    "rm": _rm,
    "unlink": _rmdir,
    "rmdir": _rmdir,
    "mv": _mv,
    "cp": _cp,
    "install": _install,
    "touch": _touch,
    "mkdir": _mkdir,
    "ln": _link,
    "curl": _curl,
    "wget": _wget,
    "dd": _dd,
    "tee": _tee,
    "sed": _sed,
    "find": _find,
}


def redirect_facts(
    command: Command | None,
    operator: str,
    target: Arg,
    statement: Place,
    *,
    noclobber: bool = False,
    printed: Sequence[str] | None = None,
    descriptor: str | None = None,
) -> Iterator[Act]:
    """What a redirection does; `command` is the one whose output or input it is, if there is one.

    `noclobber`: `>` fails if the file is there. `printed`: the programs that print one after the other, where it is that of
    a whole compound command. `descriptor` is the one that is redirected, as written.
    """
    path = target.pattern
    text = path.text or ""
    if path.literal.startswith("/dev/") or text.isdigit() or text == "-":
        return
    if operator in {">", ">>"} and descriptor not in {None, "1", "2"}:
        return  # it is opened, for a lock mostly; what is printed goes elsewhere
    by = command.name if command and command.name else operator
    if printed is not None and len(printed) < 2:
        by = "".join(printed)
    execution = command.execution if command else None
    if execution is None:
        return
    kinds: dict[str, type[Act]] = {
        ">": Write,
        ">|": Write,
        "&>": Write,
        ">>": Append,
        "&>>": Append,
        "<": Read,
    }
    kind = kinds.get(operator)
    if kind is Write and noclobber and operator != ">|":
        yield Create(statement, path, target.place, execution, operator, "shell", exclusive=True)
    elif kind is Append:
        yield Append(
            statement,
            path,
            target.place,
            execution,
            operator,
            "shell",
            content=by,
            group=printed is not None and len(printed) > 1,
            only_errors=descriptor == "2",
        )
    elif kind is not None:
        yield kind(statement, path, target.place, execution, operator, "shell", content=by)  # type: ignore[call-arg]
