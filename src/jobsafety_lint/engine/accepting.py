"""What the baseline lets pass: which findings are old, and which of its entries match nothing any more.

An entry stands for one occurrence. The same code in two files has one fingerprint, so entries are handed out one by one:
first to the file that they were written for, then to any file with that fingerprint, for files are renamed and code moves.
An entry whose own file is there but was not looked at in this run is kept for that file: else the outcome for a file
would depend on which others are checked along with it.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path

from jobsafety_lint.engine.checks import rules_for
from jobsafety_lint.engine.tasks import Kept, Mapped, Options, Task
from jobsafety_lint.model import Accepted, Matched


def without_accepted(
    tasks: Sequence[Task], mapped: Sequence[Mapped], kept: Sequence[Kept], options: Options
) -> tuple[list[Kept], Matched]:
    """What is left of each file's findings when those of the baseline are taken out, and what became of its entries."""
    if not options.baseline:
        return list(kept), Matched()
    looked_at = {task.item.path.as_posix(): (task, m) for task, m in zip(tasks, mapped, strict=True)}
    unused = {(entry.fingerprint, entry.path): entry for entry in options.baseline}
    accepted: list[dict[int, Accepted]] = [{} for _ in kept]

    def accept(at: int, number: int, entry: Accepted) -> None:
        del unused[entry.fingerprint, entry.path]
        path, message = tasks[at].item.path.as_posix(), kept[at].findings[number].message
        accepted[at][number] = replace(entry, path=path, message=message)

    for at, (task, one) in enumerate(zip(tasks, kept, strict=True)):
        for number, finding in enumerate(one.findings):
            own = unused.get((finding.fingerprint, task.item.path.as_posix()))
            if own is not None:
                accept(at, number, own)
    free: dict[str, list[Accepted]] = {}
    for entry in unused.values():
        if not entry.path or entry.path in looked_at or not Path(entry.path).exists():
            free.setdefault(entry.fingerprint, []).append(entry)
    for at, one in enumerate(kept):
        for number, finding in enumerate(one.findings):
            if number not in accepted[at] and free.get(finding.fingerprint):
                accept(at, number, free[finding.fingerprint].pop())
    stale = {
        entry
        for entry in unused.values()
        if entry.path in looked_at and _was_looked_for(entry, *looked_at[entry.path], options)
    }
    matched = Matched(
        tuple(entry for entries in accepted for entry in entries.values()),
        tuple(sorted(stale)),
        tuple(entry for entry in unused.values() if entry not in stale),
    )
    return [_without(one, entries) for one, entries in zip(kept, accepted, strict=True)], matched


def _without(kept: Kept, accepted: Container[int]) -> Kept:
    findings = [finding for number, finding in enumerate(kept.findings) if number not in accepted]
    return replace(kept, findings=findings, baselined=len(kept.findings) - len(findings))


def _was_looked_for(entry: Accepted, task: Task, mapped: Mapped, options: Options) -> bool:
    """Whether the run could have found it: the file was read, nothing crashed there, and the rule ran on it."""
    if mapped.crashes or (not mapped.read and mapped.unread):
        return False
    return any(rule.code == entry.code for rule in rules_for(task.item, task.settings, options))
