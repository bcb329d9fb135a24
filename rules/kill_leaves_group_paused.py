"""JOB322: a group is killed, jobs are queued, and nothing starts the group again."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Sequence
from jobsafety_lint.meaning.queue.flow import Flow, flow_of, follows, group_of, has_unknown_words, on_one_host
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB322",
    "kill-leaves-group-paused",
    "a group or all is killed, then jobs are queued, and nothing starts the group again",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("G-5",),
    silent_where=("JOB704",),
)


@RULE.on(Sequence, of={"pueue"})
def left_paused(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """Kills of a group or of all, each with the first job that then waits for ever."""
    if context.role in {"test", "docs"}:
        return
    flow = flow_of(sequence, context)
    for at, kill in flow.of("kill"):
        if kill.ids or has_unknown_words(kill):
            continue
        launch = _stuck(flow, at, kill)
        if launch is None:
            continue
        group = "every group" if kill.has("-a", "--all") else f"group `{group_of(kill)}`"
        yield RULE.found(
            kill.place,
            f"killing {group} also pauses it if tasks are queued in it, and nothing starts it again: what is queued below never runs",
            label=f"`pueue start {'--all' if kill.has('-a', '--all') else '--group ' + group_of(kill)}` afterwards",
            related=((launch.place, "a job is queued here"),),
            subject=kill.place,
        )


def _stuck(flow: Flow, at: int, kill: QueueCommand) -> QueueCommand | None:
    """The first job that is queued into a group which stays paused."""
    found: QueueCommand | None = None
    for position, call in flow.calls:
        if position <= at or not on_one_host(kill, call) or not follows(kill, call):
            continue
        if call.subcommand == "reset":
            return None
        if call.subcommand == "start" and not call.ids and _covers(call, kill):
            return None
        if found is None and _is_queued(call) and _touches(kill, call):
            found = call
    return found


def _covers(start: QueueCommand, kill: QueueCommand) -> bool:
    """Whether a start reaches all that a kill may have paused."""
    if start.has("-a", "--all") or has_unknown_words(start):
        return True
    return (not kill.has("-a", "--all") and group_of(start) == group_of(kill)) or (
        kill.has("-a", "--all") and group_of(start) != "default"
    )


def _is_queued(call: QueueCommand) -> bool:
    if call.has("-i", "--immediate", "-s", "--stashed") and call.subcommand == "add":
        return False
    if call.subcommand == "restart":
        return not call.has("-k", "--immediate", "--start-immediately", "-s", "--stashed")
    return call.subcommand in {"add", "enqueue"}


def _touches(kill: QueueCommand, call: QueueCommand) -> bool:
    """Whether a job is queued into a group that a kill has paused."""
    if kill.has("-a", "--all"):
        return True
    if call.subcommand == "restart":
        return group_of(call) == group_of(kill) and call.has("-g", "--failed-in-group")
    if has_unknown_words(call):
        return False
    return group_of(call) == group_of(kill)
