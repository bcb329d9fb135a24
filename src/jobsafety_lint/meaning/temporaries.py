"""Temporary files of a constant name, which several jobs overwrite: where one job builds, writes and uses them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.files import Create, Read, Write
from jobsafety_lint.meaning.functions import ArtifactName
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.source import Place

_SAME_FOR_ALL = frozenset({"USER", "LOGNAME", "HOME", "HOSTNAME", "HOST", "UID", "EUID", "TMPDIR"})
_MEANT_TO_BE_SHARED = frozenset({".lock", ".pid", ".sock", ".socket", ".lck"})
_READERS = frozenset(
    [
        "cat",
        "ls",
        "rm",
        "grep",
        "[",
        "test",
        "head",
        "tail",
        "wc",
        "stat",
        "cd",
        "find",
        "flock",
        "mkdir",
        "export",
        "source",
        ".",
    ]
)


@dataclass(frozen=True)
class TemporaryName:
    """A temporary path where it is built or used. `weight`: 2 if it is certainly written there, 1 if perhaps."""

    place: Place
    path: PathPattern
    execution: Execution
    weight: int
    code: str
    variable: str = ""
    """The variable of Python that keeps it."""


def temporary_names(fact: object) -> Iterator[TemporaryName]:
    """The temporary files of a constant name that a fact builds or uses."""
    match fact:
        case Create(what="directory"):
            if not fact.exclusive and _is_constant(fact.path) and not fact.execution.lock:
                # what is put into it may have names of its own
                yield TemporaryName(fact.place, fact.path, fact.execution, 1, fact.path_place.text)
        case Write() | Create():
            if _is_constant(fact.path) and not fact.execution.lock:
                yield TemporaryName(fact.place, fact.path, fact.execution, 2, fact.path_place.text)
        case ArtifactName(language="python"):
            if _is_constant(fact.pattern) and not fact.execution.lock:
                yield TemporaryName(
                    fact.place, fact.pattern, fact.execution, 0, fact.place.text, fact.variable
                )
        case Command():
            if fact.name in _READERS or fact.execution.lock:
                return
            for arg in fact.args:
                if _is_constant(arg.pattern):
                    yield TemporaryName(arg.place, arg.pattern, fact.execution, 1, arg.place.text)


def written_names(facts: Iterable[object]) -> Iterator[list[TemporaryName]]:
    """The names under which something is written, each with all places where one job has it, in the order of the text."""
    groups: dict[object, list[TemporaryName]] = {}
    reads: list[Read] = []
    for fact in facts:
        if isinstance(fact, Read) and fact.language == "python":
            reads.append(fact)
        for name in temporary_names(fact):
            key = (name.path.parts, name.execution.functions, id(name.place.source))
            groups.setdefault(key, []).append(name)
    for group in groups.values():
        group.sort(key=lambda name: name.place.location)
    written = [
        group
        for group in groups.values()
        if sum(name.weight for name in group) + _is_used_later(group, reads) >= 2
    ]
    for group in written:
        if not any(_is_folder_of(group[0], other[0]) for other in written):
            yield group


def _is_folder_of(name: TemporaryName, other: TemporaryName) -> bool:
    """Whether one is a folder that the same job writes the other in: that is the one to speak of."""
    return name.execution.functions == other.execution.functions and other.path.template.startswith(
        f"{name.path.template.rstrip('/')}/"
    )


def _is_used_later(group: Sequence[TemporaryName], reads: Iterable[Read]) -> int:
    """What the rest of a function of Python adds: it reads what a program that it has run was told the name of, so that program
    has written it (1); it hands the variable to a call that writes by its name (2).
    """
    told = [name for name in group if name.weight == 1]
    read = any(
        read.path.parts == name.path.parts
        and read.execution.functions == name.execution.functions
        and read.place.span.start > name.place.span.end
        for name in told
        for read in reads
    )
    kept = next((name for name in group if name.variable), None)
    if kept is None:
        return int(read)
    rest = _rest_of_function(kept.place)
    if re.search(_WRITTEN.format(name=re.escape(kept.variable)), rest):
        return 2
    after = rest[max(name.place.span.end for name in told) - kept.place.span.end :] if told else ""
    return int(read or re.search(rf"\(\s*{re.escape(kept.variable)}\b", after) is not None)


_WRITTEN = r"""(?:\.|\b)(?:save\w*|write\w*|dump\w*|export\w*|to_\w+|render\w*|imwrite|imsave)\([^()\n]*\b{name}\b|\w\(\s*{name}\s*,\s*(?:mode=)?["'][wax]"""
"""A call that writes by its name, or by the mode that it is given, and takes a variable."""
_NEXT_FUNCTION = re.compile(r"^[ \t]*(?:async[ \t]+)?(?:def|class)\b", re.MULTILINE)


def _rest_of_function(place: Place) -> str:
    """The text from behind a place to the next function."""
    text, start = place.source.text, place.span.end
    end = _NEXT_FUNCTION.search(text, start)
    return text[start : end.start() if end else len(text)]


def _is_constant(path: PathPattern) -> bool:
    """Whether a path is a temporary one that is the same in every job."""
    if path.text is not None and not path.is_absolute:
        return False
    if path.is_unique or path.suffix in _MEANT_TO_BE_SHARED or not path.parts:
        return False
    shared = [hole for hole in path.holes if hole.kind == "shared"]
    others = [hole for hole in path.holes if hole.kind not in {"shared", "tempdir"}]
    if any(not hole.names or not hole.names <= _SAME_FOR_ALL for hole in others):
        return False
    if "*" in path.literal or " " in path.literal or "{" in path.literal:
        return False
    if path.in_temporary_folder:
        return bool(shared) or len(path.literal.replace("\0", "").strip("/").split("/")) > (
            0 if path.holes else 1
        )
    return bool(shared) or (
        path.text is not None and path.is_absolute and path.says_temporary and bool(path.suffix)
    )
