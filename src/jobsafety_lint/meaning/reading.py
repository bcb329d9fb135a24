"""A file to its facts: the one place that knows which reader and which meaning belong to which kind of file.

Each kind is a world of its own, loaded when the first file of that kind is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from jobsafety_lint.meaning.commands import Arg, Command, Pipe
from jobsafety_lint.meaning.comparisons import comparisons
from jobsafety_lint.meaning.deployment.rows import rows_of
from jobsafety_lint.meaning.execution import Concurrency, Execution
from jobsafety_lint.meaning.file_facts import FileFacts
from jobsafety_lint.meaning.foreign import is_gdb_script, is_nextflow_template, is_patch
from jobsafety_lint.meaning.linting import UnreadRegion
from jobsafety_lint.meaning.queue import grammar as queue
from jobsafety_lint.meaning.queue.status_json import Shape, StatusFilter, jq_shapes, python_shapes
from jobsafety_lint.meaning.scripts import run_script
from jobsafety_lint.meaning.shell.broken import broken_blocks
from jobsafety_lint.meaning.shell.interpreter import Interpreter
from jobsafety_lint.meaning.shell.names import artifact_names, script_arguments
from jobsafety_lint.meaning.shell.sql_commands import sql_statements
from jobsafety_lint.meaning.shell.unwrapping import launch_of
from jobsafety_lint.model import Span
from jobsafety_lint.readers.python.nodes import walk
from jobsafety_lint.readers.python.parsing import parse_module
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.readers.shell.reader import ShellTree, read_shell
from jobsafety_lint.source import Place, Source, is_hole


def read_facts(
    source: Source,
    kind: str,
    dialect: str,
    *,
    pueue_version: int,
    trees: Sequence[ShellTree] = (),
    queue_commands: frozenset[str] = frozenset(),
) -> FileFacts:
    """The facts of a file of a kind that `discover` knows. `trees` are shell trees that have been confirmed,
    `queue_commands` the project's wrappers of pueue.
    """
    known = {id(tree.source): tree for tree in trees}
    found = FileFacts(source)
    interpreter = Interpreter(
        read=lambda text: known.get(id(text)) or read_shell(text), queue_commands=queue_commands
    )
    if kind == "shell":
        execution = Execution(shell=dialect, concurrency=_array_job(source))
        run_script(source, execution.but(**_shebang_options(source.text)), interpreter)
    elif kind == "config":
        from jobsafety_lint.meaning.resources.hosts import host_settings

        found.facts += host_settings(source)
    elif kind == "python":
        from jobsafety_lint.meaning.python.reading import read_python

        source.language = "python"
        read_python(source, interpreter, found)
    else:
        from jobsafety_lint.meaning.hosting import read_hosted

        read_hosted(source, kind, interpreter, found)
    _python_inside(interpreter, found)
    found.shell_trees = interpreter.trees
    for tree in interpreter.trees:
        found.know(tree.source, tree)
        found.comments += [(tree.source, comment.span) for comment in tree.script.comments]
        _unread(tree, dialect, kind, found)
    facts = [*interpreter.facts, *interpreter.sequences]
    facts += artifact_names(interpreter.facts)
    if kind == "shell" and interpreter.trees:
        facts += script_arguments(interpreter.trees[0], interpreter.facts)
    facts += sql_statements(interpreter.facts, source.text)
    facts += comparisons(interpreter.facts)
    facts += _queue_facts(facts, pueue_version)
    facts += rows_of([*found.facts, *facts], pueue_version)
    facts += _status_filters(facts)
    found.facts += facts
    return found


_PYTHON = re.compile(r"(?:python|pypy)[\d.]*")


def _python_inside(interpreter: Interpreter, found: FileFacts) -> None:
    """The Python that shell gives its interpreter to read: `python3 - <<'EOF'`, where no variable is put into it."""
    documents = [
        command.document
        for command in interpreter.facts
        if isinstance(command, Command)
        and command.document is not None
        and not command.document.holes
        and _PYTHON.fullmatch(command.name)
        and (not command.args or command.args[0].text == "-")
    ]
    if documents:
        from jobsafety_lint.meaning.python import reading  # its own world, loaded on demand

        for document in documents:
            if reading.is_python(document.text):
                document.language = "python"
                reading.read_python(document, interpreter, found)


_ZSH = re.compile(
    r"\$\{\+\w+|^[ \t]*(?:emulate|autoload|zmodload|zstyle|setopt|unsetopt|bindkey|compdef)[ \t]|^[ \t]*for \w+ \([^)\n]*\)",
    re.MULTILINE,
)
"""What tells a file of zsh that does not say so in its first line."""
_PLACEHOLDER = re.compile(r"[=/]<[A-Za-z][\w ,./-]*>|<{3,4}[A-Za-z][\w ,./-]*>{3,4}")
"""`DATA=<path to the data>`, `cd <<<<path to the data>>>>`, as examples have it."""
_ARRAY = re.compile(
    r"^#(?:SBATCH\s+(?:--array|-a)\b|PBS\s+-[Jt]\s|\$\s+-t\s|BSUB\s+-J\s+\S*\[).*$", re.MULTILINE
)


def _array_job(source: Source) -> tuple[Concurrency, ...]:
    """A batch script that its header makes an array of jobs."""
    header = _ARRAY.search(source.text)
    if header is None:
        return ()
    return (Concurrency("every job of the array runs it", Place(source, Span(*header.span()))),)


def _shebang_options(text: str) -> dict[str, bool]:
    first = text.partition("\n")[0]
    if not first.startswith("#!"):
        return {}
    from jobsafety_lint.meaning.shell.options import shell_options

    words = first.split()
    while words and not words[0].startswith("-"):
        words.pop(0)
    if words[:1] == ["-S"]:
        words = words[1:]
        while words and not words[0].startswith("-"):
            words.pop(0)
    return dict(shell_options(list(words)))


def _unread(tree: ShellTree, dialect: str, kind: str, found: FileFacts) -> None:
    if not tree.script.unread:
        return
    text = tree.source.text
    zsh = not text.startswith("#!") and _ZSH.search(text) is not None
    foreign = dialect in {"zsh", "ksh"} or zsh or is_patch(text) or is_gdb_script(text)
    foreign = foreign or is_nextflow_template(tree.source.file)
    template = any(mark in text for mark in ("{{", "{%", "<%")) or any(
        h.kind == "template" for h in tree.source.holes
    )
    embedded = tree.source.host is not None and kind == "python"
    broken = Span(tree.script.unread[0].span.start, tree.script.unread[-1].span.end)
    filled_in = tree.source.host is not None and _holds_hole(text, broken)  # `eval "case $x in $cases esac"`
    data_from = tree.end_of_program
    reported: list[sh.Unread] = []
    for region in tree.script.unread:
        if region.span.start >= data_from:
            continue  # what stands behind the end of the program is never read by a shell
        if filled_in or _holds_hole(text, region.span):
            found.silent += 1  # filled in when it runs
        elif kind == "crontab" and "%" in source_line(tree.source, region.span):
            found.silent += 1  # cron has cut the command there
        elif _PLACEHOLDER.search(text, region.span.start, region.span.end):
            found.silent += 1  # to be filled in by hand
        elif foreign or template or embedded or kind == "markdown":
            found.silent += 1
        else:
            reported.append(region)
    for first, *rest in broken_blocks(tree.source, reported):
        more = tuple(Place(tree.source, region.span) for region in rest)
        found.facts.append(UnreadRegion(Place(tree.source, first.span), "shell", first.reason, more))


def _holds_hole(text: str, span: Span) -> bool:
    return any(is_hole(char) for char in text[span.start : span.end])


def source_line(source: Source, span: Span) -> str:
    """The line of the file in which a span begins."""
    file = source.file
    line = file.line_span(file.line_of(source.in_file(span).start))
    return file.text[line.start : line.end]


def _queue_facts(facts: list[object], version: int) -> list[object]:
    """What the calls of pueue mean."""
    found: list[object] = []
    inside: dict[int, list[Command]] = {}
    for fact in facts:
        if isinstance(fact, Command):
            for wrapper in fact.outer:
                inside.setdefault(id(wrapper), []).append(fact)
    for fact in facts:
        if not isinstance(fact, Command) or fact.name != "pueue":
            continue
        call = queue.parse(fact, version)
        if call is None:
            continue
        found.append(call)
        launch = launch_of(call, inside.get(id(fact), ()))
        if launch is not None:
            found.append(launch)
    return found


def _status_filters(facts: list[object]) -> list[object]:
    """The jq programs and `python -c` texts that read the JSON of `pueue status`."""
    asking = {
        id(fact.command)
        for fact in facts
        if isinstance(fact, queue.QueueCommand)
        and fact.subcommand in {"status", "log"}
        and fact.has("-j", "--json")
    }
    if not asking:
        return []
    behind: set[int] = set()
    elsewhere: set[int] = set()
    for pipe in facts:
        if not isinstance(pipe, Pipe) or not pipe.stages[0]:
            continue
        readers = {id(command) for stage in pipe.stages[1:] for command in stage}
        if any(id(command) in asking for command in pipe.stages[0]):
            behind |= readers
        elif all(command.name not in _HANDING_ON for command in pipe.stages[0]):
            elsewhere |= readers
    found: list[object] = []
    for fact in facts:
        if isinstance(fact, Command) and id(fact) not in elsewhere:
            shapes = tuple(_shapes(fact, behind=id(fact) in behind))
            if shapes:
                found.append(StatusFilter(fact.place, fact.name, shapes))
    return found


_HANDING_ON = frozenset({"", "echo", "printf", "cat", "ssh", "timeout", "sudo"})
"""What may print what pueue has said before."""


_JQ_VARIABLE = re.compile(r"\[\$(\w+)\]")


def _jq_arguments(args: Sequence[Arg]) -> Iterator[tuple[str, str]]:
    """What `--arg name value` gives."""
    for option, name, value in zip(args, args[1:], args[2:], strict=False):
        if option.text in {"--arg", "--argjson"} and name.text and value.text is not None:
            yield name.text, value.text


def _reads_other_file(command: Command) -> bool:
    """Whether jq reads a file of which nothing says that it holds the state of the queue: `jq -r .tasks board.json`."""
    words = [arg.pattern.literal for arg in command.args]
    files = [word for word in words[1:] if re.search(r"\.json$", word)]
    return bool(files) and not any(re.search(r"pueue|status|queue|state", file) for file in files)


def _shapes(command: Command, *, behind: bool) -> Iterator[Shape]:
    if command.name in {"jq", "gojq", "jaq"}:
        if not behind and _reads_other_file(command):
            return
        given = dict(_jq_arguments(command.args))
        for arg in command.args:
            program = _JQ_VARIABLE.sub(
                lambda m: f'["{given[m[1]]}"]' if m[1] in given else m[0], arg.pattern.literal
            )
            if behind or ".tasks" in program:
                yield from jq_shapes(program)
    elif command.name.startswith("python") and "-c" in command.words:
        at = command.words.index("-c")
        code = command.args[at + 1].pattern.literal if at + 1 < len(command.args) else ""
        try:
            tree = parse_module(code.replace("\0", "_"))
        except (SyntaxError, ValueError):
            return
        yield from (shape for shape, _ in python_shapes(list(walk(tree))))
