"""JOB307: after a plain restart, which makes a new task, the old task is read."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Sequence
from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.queue.flow import (
    Flow,
    flow_of,
    follows,
    on_one_host,
    whole_header,
    words_naming,
)
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.meaning.queue.restarts import is_in_place
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB307",
    "log-after-restart",
    "after a restart the old id's log, status or wait is read",
    Severity.ERROR,
    Confidence.HIGH,
    references=("AP-3",),
)

_READS = {"log": "log", "follow": "output", "wait": "end"}


@RULE.on(Sequence, of={"pueue"})
def old_task_is_read(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """Restarts, each with the first call that reads a task which it has left behind."""
    if context.role in {"test", "docs"}:
        return
    flow = flow_of(sequence, context)
    for at, restart in flow.of("restart"):
        if restart.has("-a", "--all-failed", "-g", "--failed-in-group") or not restart.ids:
            continue
        if is_in_place(restart, context.file):
            yield from _too_early(flow, at, restart)
            continue
        for _, call in flow.calls:
            if call is restart or not _is_later(flow, at, restart, call):
                continue
            what = _reads_old(flow, restart, call)
            if what is not None:
                yield RULE.found(
                    call.place,
                    f"this shows {what} of the old task: `pueue restart` without `--in-place` has made a new one with another id",
                    label="restart in place, or find the new id by its label",
                    related=((restart.place, "restarted as a new task here"),),
                    subject=call.place,
                )


def _is_later(flow: Flow, at: int, restart: QueueCommand, call: QueueCommand) -> bool:
    position = next(index for index, other in flow.calls if other is call)
    return position > at and follows(restart, call) and on_one_host(restart, call)


def _reads_old(flow: Flow, restart: QueueCommand, call: QueueCommand) -> str | None:
    """What is read of a task that has been restarted; None if the call reads other tasks."""
    if call.subcommand in _READS:
        return f"the {_READS[call.subcommand]}" if _same_ids(restart, call) else None
    if call.subcommand == "status":
        look = next(look for look in flow.looks if look.call is call)
        return "the state" if words_naming(look, restart) else None
    return None


def _same_ids(restart: QueueCommand, call: QueueCommand) -> bool:
    """Whether two calls name the same task: the same variable with the same value, or two loops over the same list."""
    if any(_same(first, second) for first in restart.ids for second in call.ids):
        return True
    mine, theirs = restart.execution.loops, call.execution.loops
    if theirs and theirs[-1] not in mine and any(_goes_over(theirs[-1], arg, call) for arg in restart.ids):
        return True
    if not mine or not theirs or mine[-1] == theirs[-1]:
        return False
    over = whole_header(mine[-1]).partition(" in ")[2]
    used = any(arg.written.names & set(mine[-1].variables) for arg in restart.ids)
    also = any(arg.written.names & set(theirs[-1].variables) for arg in call.ids)
    return (
        bool(over)
        and over == whole_header(theirs[-1]).partition(" in ")[2]
        and "$(" not in over
        and used
        and also
    )


def _goes_over(loop: Loop, ids: Arg, call: QueueCommand) -> bool:
    """Whether a loop reads one by one what has been restarted at once: `restart "${ids[@]}"`, `for id in "${ids[@]}"`."""
    over = whole_header(loop).partition(" in ")[2].strip()
    used = any(arg.written.names & set(loop.variables) for arg in call.ids)
    return used and bool(over) and "$(" not in over and over == ids.place.text.strip()


def _same(first: Arg, second: Arg) -> bool:
    if first.pattern == second.pattern and first.pattern.parts:
        return first.pattern.text is None or first.pattern.text.isdigit()
    return False


def _too_early(flow: Flow, at: int, restart: QueueCommand) -> Iterator[Draft]:
    """`restart -i ID` and at once `log ID`: until the task starts again, its old log is there."""
    if restart.has("-k", "--immediate", "--start-immediately"):
        return
    steps = flow.sequence.steps[at + 1 :]
    for step in steps:
        call = next((c for _, c in flow.calls if c.command is step), None)
        if call is None:
            if getattr(step, "name", "") in {"sleep", "timeout"}:
                return
            continue
        if call.subcommand in {"wait", "follow", "start", "status"} or not follows(restart, call):
            return
        if call.subcommand == "log" and _same_ids(restart, call):
            yield RULE.found(
                call.place,
                "the old log is still there until the restarted task has begun, so this may show the run that failed",
                label="`pueue wait` for it first",
                related=((restart.place, "restarted in place here"),),
                severity=Severity.WARNING,
                confidence=Confidence.MEDIUM,
                subject=call.place,
            )
            return
