"""Suppression comments for what is found now: `check --add-suppressions`.

A comment goes to the end of the statement's line, or alone on the line above it, as near to the finding as the language
allows. Where it can go is tried, not guessed: a place counts if the file can still be parsed, no less of it is read and
its reader takes the comment for one (so not inside a string or a here-document).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from jobsafety_lint import engine, fix
from jobsafety_lint.discover import Skipped, decode
from jobsafety_lint.engine.mapping import reading_of
from jobsafety_lint.engine.sources import source_of
from jobsafety_lint.fixing import Change, Check, Fixed
from jobsafety_lint.model import Finding, Report
from jobsafety_lint.source import Source, SourceFile

_UNUSED = "JOB002"
_WIDEST = 100
"""A line that a comment makes longer than this gets it above instead."""
_OURS = re.compile(r"#\s*jobsafety:\s*ignore\s*\[(?P<names>[^\]]*)\]", re.IGNORECASE)
_OWN_TEXTS = frozenset({"python", "shell"})
"""Kinds of files whose embedded texts are strings and here-documents of a program: the comment goes into the program."""


@dataclass(frozen=True)
class Added:
    """What came of it: the run with the comments, how many findings they silence, and those that no comment can reach."""

    fixed: Fixed
    silenced: int
    unreachable: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class _Spot:
    """A place for a comment: behind the text of a line, or alone above it (`line` from 1)."""

    line: int
    above: bool


@dataclass
class _Wish:
    """Findings with one statement, the rules that are to be named, and the places that are left to try."""

    findings: list[Finding]
    spots: list[_Spot]

    @property
    def names(self) -> list[str]:
        return sorted({finding.name for finding in self.findings})


@dataclass
class _File:
    """A file on its way: its source as it was, what is wished for, and the content with the comments so far."""

    task: engine.Task
    original: bytes
    source: SourceFile
    wishes: list[_Wish] = field(default_factory=list)
    unread: int = 0
    data: bytes | None = None
    changed: bool = True
    inserted: tuple[int, ...] = ()
    """The lines of `data` that stand there for a comment alone."""
    comments: dict[int, _Spot] = field(default_factory=dict)
    """The lines of `data` with our comments, and what places these were meant for."""


def add(tasks: Sequence[engine.Task], found: Report, check: Check, *, reason: str, write: bool) -> Added:
    """Writes a comment for every finding of a report, and checks again. With `write` the files on disk are changed.

    Findings that a comment does not silence are tried at the next place, until none is left.

    Raises:
        OSError: a file cannot be written; it is as it was.
    """
    tasks = list(tasks)
    by_path = {task.item.shown: at for at, task in enumerate(tasks)}
    files = _files(tasks, by_path, found)
    report = found
    while any(file.changed for file in files.values()):
        for file in files.values():
            if file.changed:
                file.data, file.changed = _with_comments(file, reason), False
        trial = list(tasks)
        for path, file in files.items():
            if file.data is not None:
                trial[by_path[path]] = replace(file.task, data=file.data)
        report = check(trial)
        _move_on(files, report)
    fixed = Fixed(report)
    for path, file in sorted(files.items()):
        if file.data is None:
            continue
        fixed.changes[path] = Change(file.original, file.data)
        after = decode(file.data, file.task.item.path, path)
        fixed.before[path] = file.source.text
        fixed.after[path] = file.source.text if isinstance(after, Skipped) else after.text
        if write and file.task.data is None:
            fix.write(file.source, file.data)
    left = _left(files, report)
    unreachable = tuple(f for f in found.findings if _place(f) in left)
    return Added(fixed, len(found.findings) - len(unreachable), unreachable)


def _place(finding: Finding) -> tuple[str, str, int, int]:
    """What a finding is recognised by in two runs on one text: its text may change by the comment, its place does not."""
    return finding.location.path, finding.code, finding.location.line, finding.location.column


def _left(files: dict[str, _File], report: Report) -> set[tuple[str, str, int, int]]:
    """The findings that are still there, by the places where they stood before comments were put above them."""
    left = set()
    for finding in report.findings:
        path, code, line, column = _place(finding)
        inserted = files[path].inserted if path in files else ()
        left.add((path, code, line - sum(other < line for other in inserted), column))
    return left


def _files(tasks: Sequence[engine.Task], by_path: dict[str, int], found: Report) -> dict[str, _File]:
    """The files that have findings, with a wish for each statement."""
    files: dict[str, _File] = {}
    statements: dict[tuple[str, tuple[tuple[int, int], ...]], _Wish] = {}
    for finding in found.findings:
        path = finding.location.path
        if path not in by_path:
            continue
        if path not in files:
            task = tasks[by_path[path]]
            original = task.data if task.data is not None else task.item.path.read_bytes()
            source = source_of(replace(task, data=original))
            if isinstance(source, Skipped):
                continue
            files[path] = _File(task, original, source, unread=reading_of(source, task).unread)
        file = files[path]
        levels = _levels(finding, file.task.item.kind)
        if (path, levels) not in statements:
            spots = list(_spots(levels, finding, file.source))
            statements[path, levels] = _Wish([], spots)
            file.wishes.append(statements[path, levels])
        statements[path, levels].findings.append(finding)
    return files


def _levels(finding: Finding, kind: str) -> tuple[tuple[int, int], ...]:
    """The lines (first, last) of the statements that may get the comment, the best one first."""
    at = finding.location
    anchors = finding.anchors or ((at.line, at.end_line),)
    return anchors[-1:] if kind in _OWN_TEXTS else tuple(reversed(anchors[-2:]))[::-1]


def _spots(levels: Sequence[tuple[int, int]], finding: Finding, source: Source) -> Iterator[_Spot]:
    """Where a comment may go, the best place first: into one that is there, behind the line, above it."""
    length = len(f"  # jobsafety: ignore[{finding.name}]")
    for first, last in levels:
        lines = [n for n in dict.fromkeys((first, last)) if not _continues(source, n)]
        behind = [_Spot(line, above=False) for line in lines]
        above = [] if _continues(source, first - 1) else [_Spot(first, above=True)]
        fits = first == last and len(_line(source, first).rstrip()) + length <= _WIDEST
        mine = [spot for spot in behind if _OURS.search(_line(source, spot.line))]
        yield from mine
        yield from (spot for spot in ([*behind, *above] if fits else [*above, *behind]) if spot not in mine)


def _continues(source: Source, line: int) -> bool:
    """Whether a line goes on in the next one, so that no comment can stand behind it."""
    return line >= 1 and _line(source, line).rstrip().endswith("\\")


def _line(source: Source, line: int) -> str:
    span = source.line_span(line)
    return source.text[span.start : span.end]


def _with_comments(file: _File, reason: str) -> bytes | None:
    """The file with a comment at the first place of every wish where one can be; None if there is nothing to write."""
    while wishes := [wish for wish in file.wishes if wish.spots]:
        data = _try(file, wishes, reason)
        if data is not None:
            written = _written(file.source, wishes, reason)
            file.inserted, file.comments = written.inserted, written.comments
            return data
        bad = [wish for wish in wishes if _try(file, [wish], reason) is None]
        for wish in bad or wishes:  # where only together they do harm, all move on
            wish.spots.pop(0)
    file.inserted, file.comments = (), {}
    return None


def _try(file: _File, wishes: Sequence[_Wish], reason: str) -> bytes | None:
    """The file with these comments, if it is whole and they are comments; else None."""
    written = _written(file.source, wishes, reason)
    text = written.text
    if not fix.still_loads(file.task.item.path.name, file.task.item.kind, file.source.text, text):
        return None
    try:
        data = fix.encoded(file.source, text, file.original)
    except UnicodeEncodeError:
        return None
    after = decode(data, file.task.item.path, file.task.item.shown)
    if isinstance(after, Skipped):
        return None
    reading = reading_of(after, file.task)
    return data if set(written.comments) <= reading.comment_lines and reading.unread <= file.unread else None


@dataclass(frozen=True)
class _Written:
    """A text with comments, the lines (from 1) on which these stand with the places that they were meant for, and the
    lines that are there for nothing else.
    """

    text: str
    comments: dict[int, _Spot]
    inserted: tuple[int, ...]


def _written(source: SourceFile, wishes: Sequence[_Wish], reason: str) -> _Written:
    """The text with a comment for every wish."""
    by_spot: dict[_Spot, set[str]] = {}
    for wish in wishes:
        by_spot.setdefault(wish.spots[0], set()).update(wish.names)
    rows = source.text.split("\n")
    why = f" {reason}" if reason else ""
    out: list[str] = []
    commented: dict[int, _Spot] = {}
    inserted: list[int] = []
    for number, row in enumerate(rows, 1):
        above, behind = by_spot.get(_Spot(number, above=True)), by_spot.get(_Spot(number, above=False))
        if above:
            indent = row[: len(row) - len(row.lstrip())]
            if out and out[-1].lstrip().startswith("#") and _OURS.search(out[-1]):
                out[-1] = _extended(out[-1], above)
            else:
                out.append(f"{indent}# jobsafety: ignore[{', '.join(sorted(above))}]{why}")
                inserted.append(len(out))
            commented[len(out)] = _Spot(number, above=True)
        if not behind:
            out.append(row)
            continue
        names = ", ".join(sorted(behind))
        out.append(
            _extended(row, behind)
            if _OURS.search(row)
            else f"{row.rstrip()}  # jobsafety: ignore[{names}]{why}"
        )
        commented[len(out)] = _Spot(number, above=False)
    return _Written("\n".join(out), commented, tuple(inserted))


def _extended(row: str, names: set[str]) -> str:
    """A line whose comment suppresses something already, with more names in it."""
    match = _OURS.search(row)
    assert match is not None
    known = [name.strip() for name in match["names"].split(",") if name.strip()]
    merged = [*known, *sorted(names - set(known))]
    return row[: match.start("names")] + ", ".join(merged) + row[match.end("names") :]


def _move_on(files: dict[str, _File], report: Report) -> None:
    """Takes the places of comments that have not silenced what they were meant for off the lists."""
    left = _left(files, report)
    idle = {(f.location.path, f.location.line) for f in report.findings if f.code == _UNUSED}
    for path, file in files.items():
        useless = {spot for line, spot in file.comments.items() if (path, line) in idle}
        for wish in file.wishes:
            if wish.spots and (wish.spots[0] in useless or any(_place(f) in left for f in wish.findings)):
                wish.spots.pop(0)
                file.changed = True
