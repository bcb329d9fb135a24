"""JOB326: tasks are force-started, past the limit of their group and past their dependencies."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Sequence
from jobsafety_lint.meaning.queue.flow import Flow, filter_text, flow_of, ids_come_from, is_fed, job_loops
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB326",
    "start-bypasses-limits",
    "force-starting skips the parallel limit and dependencies",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-6",),
)


@RULE.on(Sequence, of={"pueue"})
def forced(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """`start` of ids, `add --immediate` and `restart --immediate`, where they reach many tasks or dependent ones."""
    if context.role in {"test", "docs"}:
        return
    flow = flow_of(sequence, context)
    for at, call in flow.of("start", "add", "restart"):
        reason = _reason(flow, at, call, context)
        if reason is None:
            continue
        message, related = reason
        yield RULE.found(
            _flag(call) or call.place,
            message,
            label="let the queue start them: `pueue enqueue` or `pueue parallel`"
            if call.subcommand == "start"
            else "leave out `--immediate`",
            related=related,
            subject=call.place,
        )


_Reason = tuple[str, tuple[tuple[Place, str], ...]]


def _flag(call: QueueCommand) -> Place | None:
    """The word `--immediate`."""
    if call.subcommand == "start":
        return None
    given = call.given("-i" if call.subcommand == "add" else "-k", "--immediate", "--start-immediately")
    return given.word.place if given is not None else None


def _reason(flow: Flow, at: int, call: QueueCommand, context: Context) -> _Reason | None:
    loops = job_loops(call)
    if call.subcommand == "start":
        return _started(flow, at, call, context)
    if not call.has("-i" if call.subcommand == "add" else "-k", "--immediate", "--start-immediately"):
        return None
    if call.subcommand == "add" and call.has("-a", "--after"):
        return "`--immediate` starts the job at once, whatever `--after` says", ()
    if loops:
        verb = "every job of the loop" if call.subcommand == "add" else "every restarted task"
        return (
            f"{verb} starts at once: `--immediate` skips the group's limit of parallel jobs",
            ((loops[-1].place, "the loop that starts one each time around"),),
        )
    return None


def _started(flow: Flow, at: int, call: QueueCommand, context: Context) -> _Reason | None:
    if not call.ids and not (is_fed(call) and not call.has("-g", "--group", "-a", "--all")):
        return None
    look = next((look for look in flow.looks if look.at < at and ids_come_from(look, call)), None)
    if look is not None:
        states = look.states
        if (states and states <= {"paused"}) or "paused" in filter_text(look, context).lower():
            return None
    if look is None and _was_paused(flow, at, call):
        return None
    dependent = next(
        (o for n, o in flow.of("add") if n < at and o.has("-a", "--after") and _is_named(o, call)), None
    )
    if dependent is not None:
        return (
            "`pueue start` runs this task now, whatever it was queued after",
            ((dependent.place, "queued with `--after` here"),),
        )
    loops = call.execution.loops
    if look is not None or [
        loop for loop in loops if set(loop.variables) & _names(call) or loop.kind == "xargs"
    ]:
        related = ((loops[-1].place, "one each time around this loop"),) if loops else ()
        return (
            "`pueue start` with ids runs each of them now, past the group's limit of parallel jobs and past their dependencies",
            related,
        )
    return None


def _names(call: QueueCommand) -> frozenset[str]:
    return frozenset().union(*(arg.pattern.names | arg.written.names for arg in call.ids))


def _was_paused(flow: Flow, at: int, call: QueueCommand) -> bool:
    """Whether the same tasks were paused before: then `start` only resumes them."""
    mine = {arg.pattern.template for arg in call.ids}
    return any(n < at and mine & {arg.pattern.template for arg in other.ids} for n, other in flow.of("pause"))


def _is_named(add: QueueCommand, call: QueueCommand) -> bool:
    """Whether the id that an `add` prints is among those of a call."""
    return bool(add.command.output_to & frozenset().union(*(arg.written.names for arg in call.ids)))
