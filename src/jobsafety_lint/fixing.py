"""Fixing until nothing changes any more: the files are checked again after every round of edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from jobsafety_lint import engine, fix
from jobsafety_lint.discover import Skipped
from jobsafety_lint.engine.mapping import source_of
from jobsafety_lint.model import Report

_ROUNDS = 10


@dataclass(frozen=True)
class Fixed:
    """What fixing has come to: the report of what is left, and each changed file's text before and after, by its path
    as shown.
    """

    report: Report
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)


def until_stable(
    tasks: Sequence[engine.Task], options: engine.Options, found: Report, *, unsafe: bool, write: bool
) -> Fixed:
    """Applies fixes, checks again, and so on. With `write` the files on disk are changed, else only the texts are.

    A round that would leave Python that does not parse is left out for that file.

    Raises:
        OSError: a file cannot be written; it is as it was.
    """
    tasks = list(tasks)
    by_path = {task.item.shown: at for at, task in enumerate(tasks)}
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    total = 0
    for _ in range(_ROUNDS):
        changed = False
        for path in sorted({finding.location.path for finding in found.findings}):
            mine = [f for f in found.findings if f.location.path == path]
            fixes = fix.wanted(mine, unsafe=unsafe)
            at = by_path.get(path)
            source = source_of(tasks[at]) if fixes and at is not None else None
            if at is None or source is None or isinstance(source, Skipped):
                continue
            text, count = fix.apply(source, fixes)
            broken = tasks[at].item.kind == "python" and fix.breaks_python(source.text, text)
            if text == source.text or broken:
                continue
            before.setdefault(path, source.text)
            after[path] = text
            total += count
            changed = True
            if write and tasks[at].data is None:
                fix.write(source, text)
            else:
                data = text.replace("\n", source.newline).encode(source.encoding)
                tasks[at] = replace(tasks[at], data=data)
        if not changed:
            break
        found = engine.run(tasks, options)
    return Fixed(replace(found, summary=replace(found.summary, fixed=total)), before, after)
