"""JOB701: a host's code or queue is changed, and nothing has looked at what is running."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Pipe
from jobsafety_lint.meaning.deployment.changes import (
    FIRST_TIME,
    STARTS,
    Change,
    Look,
    asks,
    audited_before,
    change_of,
    excludes,
    is_clone,
    looks,
    touches,
)
from jobsafety_lint.meaning.deployment.rows import Row, Step
from jobsafety_lint.meaning.execution import same_host
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB701",
    "deploy-without-audit",
    "code or queue of a host is changed with no look at what is running that decides anything",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("AP-1",),
    silent_where=("JOB704", "JOB705"),
)

_UPGRADES = frozenset({"-U", "--upgrade", "--refresh", "--force-reinstall", "--reinstall"})


@RULE.on(Row, of={"pueue"})
def deployment(row: Row, context: Context) -> Iterator[Draft]:
    """A script or task that changes what jobs run on, then queues jobs."""
    if FIRST_TIME.search(row.title.rpartition("/")[2]) or context.role in {"test", "docs"}:
        return
    if audited_before(row):
        return
    seen = looks(row, context.all(Pipe))
    changes: list[Change] = []
    idle: Look | None = None
    for at, step in enumerate(row.steps):
        if asks(step):
            return
        look = seen.get(at)
        if look is not None:
            idle = look if look.decides or idle is None else idle
            if look.decides:
                changes = [c for c in changes if c.what != "queue"]
            continue
        if not isinstance(step, Step) or step.execution.queue is not None:
            continue
        if is_clone(step):
            return
        change = change_of(step)
        if change is not None and not _audited(change, idle) and not _waits_each_round(step, seen):
            changes.append(change)
        elif step.subcommand in STARTS:
            found = [c for c in changes if _reaches(c, step)]
            if found:
                yield _finding(found, step, idle)
                return


def _audited(change: Change, look: Look | None) -> bool:
    return look is not None and look.decides and same_host(look.step.execution.host, change.host)


def _waits_each_round(step: Step, seen: dict[int, Look]) -> bool:
    """Whether a loop around the change waits, each time around, for what it has queued."""
    loops = set(step.execution.loops)
    return any(look.decides and loops & set(look.step.execution.loops) for look in seen.values())


def _reaches(change: Change, step: Step) -> bool:
    if excludes(change.step, step) or not touches(change, step):
        return False
    return step.subcommand != "add" or not _is_usual(change)


def _finding(changes: list[Change], start: Step, look: Look | None) -> Draft:
    change = changes[0]
    unread = (
        ""
        if look is None or look.decides
        else ": `pueue status` is called, but nothing depends on what it says"
    )
    what = "the queue" if change.what == "queue" else "what queued jobs run on"
    return RULE.found(
        change.step.place,
        f"`{change.short}` changes {what}, and nothing has looked at what is running{unread}",
        label="look at `pueue status --json` first, and stop if jobs are running or queued",
        related=((start.place, "jobs are started again here"),),
        data={"changes": change.what},
    )


def _is_usual(change: Change) -> bool:
    """An installation on this very machine, as many scripts begin with one: it may well find everything in place."""
    here = change.what == "environment" and change.host is None
    return here and not _UPGRADES & set(change.step.command.words)
