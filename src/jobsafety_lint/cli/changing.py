"""What `check` changes in files: fixes, and comments for what is left. Imported only where something is to be changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from jobsafety_lint import engine, fix, suppressing
from jobsafety_lint.cache.memory import Memory
from jobsafety_lint.fixing import Check, Fixed, until_stable
from jobsafety_lint.model import Report


def changed(
    tasks: Sequence[engine.Task],
    options: engine.Options,
    found: Report,
    given: Mapping[str, Any],
    memory: Memory | None,
) -> Fixed:
    """Applies the fixes and writes the comments that were asked for.

    Raises:
        OSError: a file cannot be written; it is as it was.
    """

    def check(some: Sequence[engine.Task]) -> Report:
        return engine.run(some, options, memory=memory)

    done = Fixed(found)
    if given["do_fix"] or (given["show_diff"] and not given["add_suppressions"]):
        write, unsafe = not given["show_diff"], given["unsafe_fixes"]
        done = until_stable(tasks, found, check, unsafe=unsafe, write=write)
    if given["add_suppressions"]:
        done = _add_suppressions(tasks, check, done, given)
    return done


def _add_suppressions(
    tasks: Sequence[engine.Task], check: Check, done: Fixed, given: Mapping[str, Any]
) -> Fixed:
    """Comments for what is left; what was fixed before stays fixed."""
    reason = " ".join(given["reason"].split())
    now = [
        replace(task, data=done.changes[task.item.shown].after)
        if task.item.shown in done.changes and (given["show_diff"] or task.data is not None)
        else task
        for task in tasks
    ]
    added = suppressing.add(now, done.report, check, reason=reason, write=not given["show_diff"])
    for finding in added.unreachable:
        at = finding.location
        click.echo(
            f"note: {at.path}:{at.line}: no comment can be put for {finding.name}; "
            "use a baseline, or `per-file-ignores` in the configuration",
            err=True,
        )
    if not given["quiet"]:
        count, files = added.silenced, len(added.fixed.changes)
        click.echo(
            f"{count} finding{'' if count == 1 else 's'} suppressed by comments in {files} file{'' if files == 1 else 's'}",
            err=True,
        )
    return added.fixed.after_those_of(done)


def show_diff(done: Fixed) -> None:
    """Prints what would be changed as a patch."""
    for path, change in sorted(done.changes.items()):
        click.echo(fix.patch(path, change.before, change.after), nl=False)
