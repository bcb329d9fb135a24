"""The names of files that a shell script builds, with the loops around them and the commands that take them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jobsafety_lint.meaning.commands import Arg, Command, ShellAssignment
from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.files import Act, Append, Check, Create, Replace, Write
from jobsafety_lint.meaning.functions import ArtifactName, ScriptArgument
from jobsafety_lint.meaning.paths import STATE_WORDS, PathPattern, words_of
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.readers.shell.reader import ShellTree
from jobsafety_lint.source import Place

_PASSING = frozenset({"tmp", "temp", "scratch", "partial", "part", "chunk"})
"""Words of files that one pass of a loop is done with when the next one begins."""
_PURPOSES = STATE_WORDS | _PASSING
_READERS = frozenset(
    {
        "cat",
        "head",
        "tail",
        "jq",
        "[",
        "[[",
        "test",
        "ls",
        "stat",
        "wc",
        "grep",
        "read",
        "source",
        ".",
        "echo",
        "printf",
    }
)
"""Programs that ask for a file, or read one: it may be that of another command of the same pass."""


def artifact_names(facts: Sequence[object]) -> list[ArtifactName]:
    """One `ArtifactName` for each assignment of a path, and for each word of a command that is one itself."""
    kept = _kept_paths(facts)
    commands = [fact for fact in facts if isinstance(fact, Command)]
    users_of = _users(commands, kept)
    acts = _Acts.of(fact for fact in facts if isinstance(fact, Act | Check))
    found: list[ArtifactName] = []
    for fact in facts:
        if isinstance(fact, ShellAssignment) and fact.value_place is not None and looks_like_path(fact.value):
            users = _marked(fact, commands, acts) + users_of.get(_key(fact.place), [])
            found.append(
                _name(fact.value_place, fact.value, fact.name, fact.execution.loops, users, fact, acts)
            )
        elif isinstance(fact, Command):
            written_to = [arg for operator, arg in fact.redirects if operator.startswith(">")]
            for arg in (*fact.args, *written_to):
                if arg.pattern.text is not None:  # nothing varies in it
                    if arg in written_to and looks_like_path(arg.pattern):
                        found.append(
                            _name(arg.place, arg.pattern, "", fact.execution.loops, [fact], fact, acts)
                        )
                    continue
                builds = arg.written.literal.strip("\0")  # more than a variable that was built elsewhere
                if _kept_outside(arg, fact, kept):
                    continue  # the very name that a variable keeps, in the text of a job
                if builds and looks_like_path(arg.pattern) and arg.pattern.names:
                    found.append(_name(arg.place, arg.pattern, "", fact.execution.loops, [fact], fact, acts))
    return _each_once(found)


def _each_once(names: Sequence[ArtifactName]) -> list[ArtifactName]:
    """The names without those words that another text repeats: a job's, whose own command has them as well."""
    kept: dict[PathPattern, list[ArtifactName]] = {}
    for name in names:
        same = kept.setdefault(name.pattern, [])
        same[:] = [other for other in same if not _is_same_text(other.place, name.place)]
        same.append(name)
    remaining = {id(name) for same in kept.values() for name in same}
    return [name for name in names if id(name) in remaining]


def _is_same_text(outer: Place, inner: Place) -> bool:
    if outer.source is inner.source or inner.source.host is None:
        return False
    return outer.source.in_file(outer.span).overlaps(inner.source.in_file(inner.span))


def _name(
    place: Place,
    pattern: PathPattern,
    variable: str,
    loops: tuple[Loop, ...],
    users: Sequence[Command],
    fact: ShellAssignment | Command,
    acts: _Acts,
) -> ArtifactName:
    around = frozenset(name for loop in loops for name in loop.variables)
    words = pattern.words | frozenset(words_of(variable))
    done = acts.by_path.get(pattern, ())
    roles = {type(act).__name__.lower() for act in done}
    if pattern in acts.copied:
        roles.add("read")  # copied
    jobs = []
    made_in = [
        {loop.place for loop in act.execution.loops}
        for act in done
        if isinstance(act, Write | Append | Create | Replace)
    ]
    for user in users:
        taken = frozenset().union(*(arg.pattern.names for arg in user.args)) & around
        more = frozenset(name for loop in user.execution.loops for name in loop.variables)
        taken |= frozenset().union(*(arg.pattern.names for arg in user.args)) & more
        if made_in:
            taken -= _varied_elsewhere(user, made_in)
        if words & _PURPOSES <= _PASSING and not user.execution.concurrency:
            continue  # one pass after the other
        if taken and not (user.name in _READERS and taken <= pattern.names):
            jobs.append((user.place, taken))
    return ArtifactName(
        place,
        pattern,
        pattern,
        None,
        fact.execution,
        words & _PURPOSES,
        frozenset(roles),
        language="shell",
        jobs=tuple(jobs),
        variable=variable,
    )


def _marked(fact: ShellAssignment, commands: Sequence[Command], acts: _Acts) -> list[Command]:
    """The commands that are passed over where a marker is there, and after which it is made, in the same pass of a loop:
    `[ -e "$marker" ] && continue`, the work, `touch "$marker"`. The marker says that they are done.
    """
    done = [
        act
        for act in acts.by_path.get(fact.value, ())
        if act.execution.loops == fact.execution.loops and act.place.source is fact.place.source
    ]
    asked = [act.place.span.end for act in done if isinstance(act, Check)]
    made = [act.place.span.start for act in done if isinstance(act, Create | Write)]
    if not fact.execution.loops or not asked or not made:
        return []
    return [
        command
        for command in commands
        if command.execution.loops == fact.execution.loops
        and command.place.source is fact.place.source
        and asked[0] < command.place.span.start < made[-1]
        and command.name not in _READERS
        and fact.value.names <= frozenset().union(*(arg.pattern.names for arg in command.args))
    ]


def _varied_elsewhere(user: Command, made_in: Sequence[set[Place]]) -> frozenset[str]:
    """The variables of loops around a command in which nobody makes the file: for their passes it is an input."""
    return frozenset(
        name
        for loop in user.execution.loops
        if not any(loop.place in places for places in made_in)
        for name in loop.variables
    )


@dataclass(frozen=True, eq=False)
class _Acts:
    """What is done to files, by their paths, and the paths that are copied from."""

    by_path: dict[PathPattern, list[Act | Check]]
    copied: set[PathPattern]

    @classmethod
    def of(cls, acts: Iterable[Act | Check]) -> _Acts:
        made = cls({}, set())
        for act in acts:
            made.by_path.setdefault(act.path, []).append(act)
            if isinstance(act, Replace) and act.origin is not None and not act.atomic:
                made.copied.add(act.origin)
        return made


_Key = tuple[int, int, int]
_Kept = Mapping[PathPattern, Sequence[ShellAssignment]]
"""The assignments of paths in which something varies, by these."""


def _key(place: Place) -> _Key:
    return id(place.source), place.span.start, place.span.end


def _kept_paths(facts: Sequence[object]) -> _Kept:
    found: dict[PathPattern, list[ShellAssignment]] = {}
    for fact in facts:
        if isinstance(fact, ShellAssignment) and fact.value_place is not None and fact.value.names:
            if looks_like_path(fact.value):
                found.setdefault(fact.value, []).append(fact)
    return found


def _users(commands: Sequence[Command], kept: _Kept) -> dict[_Key, list[Command]]:
    """The commands that take the value of an assignment, by its place."""
    found: dict[_Key, list[Command]] = {}
    for command in commands:
        keys = {_key(arg.origin) for arg in command.args if arg.origin is not None}
        keys |= {_key(one.place) for arg in command.args for one in _kept_outside(arg, command, kept)}
        for key in keys:
            found.setdefault(key, []).append(command)
    return found


def _kept_outside(arg: Arg, command: Command, kept: _Kept) -> list[ShellAssignment]:
    """The variables that keep what a word of a command is, where that is text of another one (`pueue add -- …`) around it."""
    return [
        one
        for one in kept.get(arg.pattern, ())
        if arg.place.source is not one.place.source
        and set(one.execution.loops) <= set(command.execution.loops)
    ]


def looks_like_path(pattern: PathPattern) -> bool:
    """Whether a text looks like the name of a file: a folder, or a suffix, and no blank or URL."""
    literal = pattern.literal
    if not literal.strip("\0") or any(
        mark in literal for mark in (" ", "://", "\n", "=", ",", ";", "*", "(")
    ):
        return False
    return "/" in literal.strip("/") or bool(pattern.suffix and pattern.suffix[1:2].isalpha())


# --- the arguments of a script ---------------------------------------------------------------------------------------


_POSITION = re.compile(r'=(?:\$?")?\$(?:\{[#!]?)?[0-9]')


def script_arguments(tree: ShellTree, facts: Sequence[object]) -> list[ScriptArgument]:
    """The arguments that a script keeps in variables."""
    arguments = (*_options(tree), *_positional(tree))
    if not arguments:
        return []
    taken = frozenset().union(
        *(arg.pattern.names for fact in facts if isinstance(fact, Command) for arg in fact.args)
    )
    found: dict[str, ScriptArgument] = {}
    for argument in arguments:
        used = bool(argument.names & taken)
        found.setdefault(argument.variable, replace(argument, used=used))
    return list(found.values())


def _positional(tree: ShellTree) -> Iterator[ScriptArgument]:
    text = tree.source.text
    if not _POSITION.search(text):
        return
    shifts = "shift" in text and any(
        isinstance(n, sh.Command) and n.words and n.words[0].literal == "shift" for n in tree.script.walk()
    )
    for item in _holding(_POSITION, tree):
        for node in item.walk():
            if isinstance(node, sh.Function):
                break
            if isinstance(node, sh.Assignment) and isinstance(node.value, sh.Word):
                source = _only_expansion(node.value)
                if source.isdigit() and source != "0" and not shifts:
                    place = Place(tree.source, node.span)
                    yield ScriptArgument(place, node.name, frozenset({node.name, source}), (), int(source))


_CASE = re.compile("case")


def _holding(pattern: re.Pattern[str], tree: ShellTree) -> Iterator[sh.Item]:
    """The statements at the top whose text, here-documents with it, holds a pattern."""
    text, items = tree.source.text, tree.script.body.items
    for at, item in enumerate(items):
        line_end = text.find(
            "\n", item.span.end
        )  # here-documents begin in the next line, whatever follows in this one
        after = (other.span.start for other in items[at + 1 : at + 9] if other.span.start > line_end)
        if pattern.search(text, item.span.start, next(after, len(text)) if line_end >= 0 else len(text)):
            yield item


def _options(tree: ShellTree) -> Iterator[ScriptArgument]:
    for node in (node for item in _holding(_CASE, tree) for node in item.walk()):
        if not isinstance(node, sh.Case):
            continue
        for clause in node.clauses:
            letters = [p.literal or tree.source.shown(p.span) for p in clause.patterns]
            flags = tuple(w.rstrip("*=") for w in letters if w.startswith("-") and len(w) > 1)
            for inner in clause.body.walk():
                if not isinstance(inner, sh.Assignment) or not isinstance(inner.value, sh.Word):
                    continue
                source = _only_expansion(inner.value)
                place = Place(tree.source, inner.span)
                if flags and source in {"1", "2"}:
                    yield ScriptArgument(place, inner.name, frozenset({inner.name}), flags)
                elif source == "OPTARG" and letters and len(letters[0]) == 1:
                    yield ScriptArgument(place, inner.name, frozenset({inner.name}), (f"-{letters[0]}",))


def _only_expansion(word: sh.Word) -> str:
    """The variable that a word consists of, in quotes or not; empty if it is anything else."""
    parts = word.parts
    if len(parts) == 1 and isinstance(parts[0], sh.DoubleQuoted):
        parts = parts[0].parts
    return parts[0].name if len(parts) == 1 and isinstance(parts[0], sh.Expansion) else ""
