"""Fixing until nothing changes any more: the files are checked again after every round of edits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from jobsafety_lint import engine, fix
from jobsafety_lint.discover import Skipped, decode
from jobsafety_lint.engine.mapping import reading_of
from jobsafety_lint.engine.sources import source_of
from jobsafety_lint.model import Fix, Note, Report
from jobsafety_lint.source import SourceFile

_ROUNDS = 20


@dataclass(frozen=True)
class Change:
    """What a file held before and what it holds now, as bytes."""

    before: bytes
    after: bytes


@dataclass(frozen=True)
class Fixed:
    """What fixing has come to: the report of what is left, and by the paths as shown each changed file's text before and
    after, and its content as bytes.
    """

    report: Report
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)

    def after_those_of(self, earlier: Fixed) -> Fixed:
        """This outcome, with the changes of an earlier one that it goes on from."""
        changes = dict(earlier.changes)
        for path, change in self.changes.items():
            first = changes[path].before if path in changes else change.before
            changes[path] = Change(first, change.after)
        summary = replace(self.report.summary, fixed=earlier.report.summary.fixed)
        return Fixed(
            replace(self.report, summary=summary),
            {**self.before, **earlier.before},
            {**earlier.after, **self.after},
            changes,
        )


Check = Callable[[Sequence[engine.Task]], Report]
"""Checks the files of some tasks as the report at hand has been made."""


def until_stable(
    tasks: Sequence[engine.Task], found: Report, check: Check, *, unsafe: bool, write: bool
) -> Fixed:
    """Applies fixes, checks again, and so on. With `write` the files on disk are changed, else only the texts are.

    A fix after which a file could not be parsed any more, or less of it be read, is left out.

    Raises:
        OSError: a file cannot be written; it is as it was.
    """
    tasks = list(tasks)
    by_path = {task.item.shown: at for at, task in enumerate(tasks)}
    fixed = Fixed(found)
    total, notes = 0, []
    for number in range(_ROUNDS + 1):
        changed = False
        for path in sorted({finding.location.path for finding in found.findings}):
            mine = [f for f in found.findings if f.location.path == path]
            fixes = fix.wanted(mine, unsafe=unsafe)
            at = by_path.get(path)
            if not fixes or at is None:
                continue
            if number == _ROUNDS:
                notes.append(
                    Note(path, f"passed over: its fixes do not come to an end after {_ROUNDS} rounds")
                )
                continue
            done = _applied(tasks[at], fixes)
            if done is None:
                continue
            source, original, text, count = done
            data = fix.encoded(source, text, original)
            fixed.before.setdefault(path, source.text)
            fixed.after[path] = text
            first = fixed.changes[path].before if path in fixed.changes else original
            fixed.changes[path] = Change(first, data)
            total += count
            changed = True
            if write and tasks[at].data is None:
                fix.write(source, data)
            else:
                tasks[at] = replace(tasks[at], data=data)
        if not changed:
            break
        found = check(tasks)
    summary = replace(found.summary, fixed=total)
    return replace(fixed, report=replace(found, summary=summary, notes=(*found.notes, *notes)))


def _applied(task: engine.Task, fixes: Sequence[Fix]) -> tuple[SourceFile, bytes, str, int] | None:
    """A task's source and content, its text with all fixes that leave it whole, and how many they are; None if none do."""
    original = task.data
    if original is None:
        try:
            original = task.item.path.read_bytes()
        except OSError:
            return None
    source = source_of(replace(task, data=original))
    if isinstance(source, Skipped):
        return None
    text, count = fix.apply(source, fixes)
    if text != source.text and not _is_whole(task, source, text, original):
        good: list[Fix] = []
        for one in fixes:  # one of them breaks it: the others need not suffer
            tried, some = fix.apply(source, [*good, one])
            if some > len(good) and _is_whole(task, source, tried, original):
                good.append(one)
        text, count = fix.apply(source, good)
    return (source, original, text, count) if text != source.text else None


def _is_whole(task: engine.Task, source: SourceFile, text: str, original: bytes) -> bool:
    """Whether a new text can still be parsed, and its readers read no less of it than before."""
    if not fix.still_loads(task.item.path.name, task.item.kind, source.text, text):
        return False
    try:
        after = decode(fix.encoded(source, text, original), task.item.path, task.item.shown)
    except UnicodeEncodeError:
        return False
    if isinstance(after, Skipped):
        return not after.reason and not text.strip()
    return task.item.kind == "python" or reading_of(after, task).unread <= reading_of(source, task).unread
