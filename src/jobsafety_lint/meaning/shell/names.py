"""The names of files that a shell script builds, with the loops around them and the commands that take them."""

from __future__ import annotations

from collections.abc import Sequence

from jobsafety_lint.meaning.commands import Arg, Command, ShellAssignment
from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.files import Act, Delete, Read, Write
from jobsafety_lint.meaning.functions import ArtifactName
from jobsafety_lint.meaning.paths import STATE_WORDS, PathPattern, words_of
from jobsafety_lint.source import Place

_PURPOSES = STATE_WORDS | {"tmp", "temp", "scratch", "partial", "part", "chunk"}
_ROLES = {Write: "written", Read: "read", Delete: "deleted"}


def artifact_names(facts: Sequence[object]) -> list[ArtifactName]:
    """One `ArtifactName` for each assignment of a path, and for each word of a command that is one itself."""
    commands = [fact for fact in facts if isinstance(fact, Command)]
    acts = [fact for fact in facts if isinstance(fact, Act)]
    found: list[ArtifactName] = []
    for fact in facts:
        if isinstance(fact, ShellAssignment) and fact.value_place is not None and looks_like_path(fact.value):
            users = [command for command in commands if _takes(command, fact.place)]
            found.append(
                _name(fact.value_place, fact.value, fact.name, fact.execution.loops, users, fact, acts)
            )
        elif isinstance(fact, Command):
            for arg in fact.args:
                if arg.origin is None and looks_like_path(arg.pattern) and arg.pattern.names:
                    found.append(_name(arg.place, arg.pattern, "", fact.execution.loops, [fact], fact, acts))
    return found


def _name(
    place: Place,
    pattern: PathPattern,
    variable: str,
    loops: tuple[Loop, ...],
    users: Sequence[Command],
    fact: ShellAssignment | Command,
    acts: Sequence[Act],
) -> ArtifactName:
    around = frozenset(name for loop in loops for name in loop.variables)
    words = pattern.words | frozenset(words_of(variable))
    roles = frozenset(
        role for act in acts for kind, role in _ROLES.items() if isinstance(act, kind) and act.path == pattern
    )
    jobs = []
    for user in users:
        taken = frozenset().union(*(arg.pattern.names for arg in user.args)) & around
        more = frozenset(name for loop in user.execution.loops for name in loop.variables)
        taken |= frozenset().union(*(arg.pattern.names for arg in user.args)) & more
        if taken:
            jobs.append((user.place, taken))
    return ArtifactName(
        place,
        pattern,
        pattern,
        None,
        fact.execution,
        words & _PURPOSES,
        roles,
        language="shell",
        jobs=tuple(jobs),
        variable=variable,
    )


def _takes(command: Command, origin: Place) -> bool:
    return any(_same(arg, origin) for arg in command.args)


def _same(arg: Arg, origin: Place) -> bool:
    return arg.origin is not None and arg.origin.source is origin.source and arg.origin.span == origin.span


def looks_like_path(pattern: PathPattern) -> bool:
    """Whether a text looks like the name of a file: a folder, or a suffix, and no blank or URL."""
    literal = pattern.literal
    if not literal.strip("\0") or any(
        mark in literal for mark in (" ", "://", "\n", "=", ",", ";", "*", "(")
    ):
        return False
    return "/" in literal.strip("/") or bool(pattern.suffix and pattern.suffix[1:2].isalpha())
