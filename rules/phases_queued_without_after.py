"""JOB308: phases that build on each other are queued together, and nothing puts them in order."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Sequence
from jobsafety_lint.meaning.queue.flow import (
    Flow,
    flow_of,
    follows,
    group_of,
    has_unknown_words,
    header,
    job_text,
    label_of,
    on_one_host,
    slots_of,
)
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.meaning.queue.phases import Phase, later_than, phase_in_values, phase_of
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB308",
    "phases-queued-without-after",
    "ordered phases queued together with no dependency or wait",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("AP-6",),
)


@RULE.on(Sequence, of={"pueue"})
def unordered(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """Every job that is a later phase of one that was queued before it."""
    if context.role in {"test", "docs"}:
        return
    flow = flow_of(sequence, context)
    every = list(context.all(QueueCommand))
    launches = [(at, call, _phases(call)) for at, call in flow.of("add")]
    for number, (at, call, phases) in enumerate(launches):
        if _is_ordered(call):
            continue
        in_loop = _in_one_loop(call)
        if in_loop is not None and _slots(call, call, every) != 1:
            yield _finding(call, in_loop, "", call, every)
            continue
        earlier = next(
            (
                (other, phase, other_phase)
                for other_at, other, other_phases in reversed(launches[:number])
                for phase, other_phase in zip(phases, other_phases, strict=True)
                if phase is not None
                and other_phase is not None
                and later_than(phase, other_phase)
                and follows(other, call)
                and on_one_host(other, call)
                and not other.has("--follow", "-s", "--stashed")
                and not _waits(flow, other_at, at)
            ),
            None,
        )
        if earlier is None or _slots(earlier[0], call, every) == 1:
            continue
        first, phase, before = earlier
        yield _finding(call, phase.shown, before.shown, first, every)


def _finding(
    call: QueueCommand, phase: str, earlier: str, first: QueueCommand, every: list[QueueCommand]
) -> Draft:
    relies = group_of(call) == group_of(first) == "default" and slots_of("default", every) is None
    if earlier:
        message = f"`{phase}` is queued beside `{earlier}`, and nothing makes it wait for that to end"
    else:
        message = f"`{phase}` queues phases that build on each other, and nothing makes each wait for the one before"
    more = ": only a default group with a single slot would keep their order" if relies else ""
    related = ((first.place, f"`{earlier}` is queued here"),) if earlier else ()
    return RULE.found(
        call.place,
        message + more,
        label="`--after` the id that `pueue add --print-task-id` of the phase before prints",
        related=related,
        severity=Severity.INFO if relies else Severity.WARNING,
        subject=call.place,
    )


def _phases(call: QueueCommand) -> tuple[Phase | None, Phase | None]:
    """Which phase a job is by its label (or else by what it runs), and by the number of the script that it runs."""
    label = label_of(call)
    named = phase_of(label.template) if label is not None else None
    command = phase_of(job_text(call), command=True)
    return named or command, command if command is not None and command.shown[:1].isdigit() else None


def _is_ordered(call: QueueCommand) -> bool:
    """Whether something may put the job in order: `--after`, stashed until it is its turn, or words that are not known."""
    return call.has("-a", "--after", "-s", "--stashed") or has_unknown_words(call)


def _in_one_loop(call: QueueCommand) -> str | None:
    """A loop over the names of phases that queues one after the other."""
    for loop in call.execution.loops:
        words = [*(arg.written.names | arg.pattern.names for arg in call.command.args)]
        if loop.values and set(loop.variables) & frozenset().union(*words) and phase_in_values(loop.values):
            return header(loop)
    return None


def _waits(flow: Flow, first: int, second: int) -> bool:
    """Whether the script waits between two steps: for pueue, or by looking at its tasks again and again."""
    between = [call for at, call in flow.calls if first < at < second]
    if any(call.subcommand in {"wait", "follow"} for call in between):
        return True
    looks = [look for look in flow.looks if first < look.at < second and look.decides]
    sleeps = [
        step
        for step in flow.sequence.steps[first:second]
        if isinstance(step, Command) and step.name == "sleep" and step.execution.loops
    ]
    return bool(looks) and (
        bool(sleeps) or any(loop.kind == "while" for look in looks for loop in look.call.execution.loops)
    )


def _slots(first: QueueCommand, second: QueueCommand, every: list[QueueCommand]) -> int | None:
    """How many jobs may run at once in the group of both; None if it is not known, or if they are in two groups."""
    if group_of(first) != group_of(second):
        return None
    return slots_of(group_of(first), every)
