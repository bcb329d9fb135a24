"""JOB302: jobs are queued in a loop, and nothing asks pueue which of them it has already."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Sequence
from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.queue.flow import (
    Flow,
    audits,
    flow_of,
    group_of,
    header,
    is_bulk,
    is_open_ended,
    job_loops,
    label_gap,
    label_of,
    option_value,
)
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB302",
    "blind-queue-loop",
    "jobs are queued in a loop and nothing asks what is queued or running",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-2",),
)

_AGAIN = re.compile(
    r"re-?(?:queue|submit|run|try|process)|retr(?:y|ies)|cron|missing|nightly|hourly|daily|every|watch|poll|sync|schedul|catch-?up",
    re.IGNORECASE,
)


@RULE.on(Sequence, of={"pueue"})
def queued_blindly(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """The first job of every loop that queues jobs."""
    if context.role in {"test", "docs"}:
        return
    flow = flow_of(sequence, context)
    seen: set[Loop] = set()
    for at, call in flow.of("add"):
        loops = job_loops(call)
        if not loops or loops[0] in seen or call.execution.queue:
            continue
        if _is_retry(call, loops[-1]) or _is_fresh(flow, call) or audits(flow, call, at):
            continue
        seen.add(loops[0])
        yield RULE.found(
            call.verb,
            f"`{header(loops[0])}` queues its jobs whether or not pueue has them already: nothing looks at what is "
            f"queued or running{_notes(flow, call)}",
            label="skip a job whose label is among the unfinished ones of `pueue status --json`",
            related=((loops[0].place, "the loop that queues one job each time around"),),
            severity=_severity(call, loops, context),
            subject=loops[0].place,
        )


def _is_retry(call: QueueCommand, loop: Loop) -> bool:
    """`for attempt in 1 2 3; do pueue add … && break; done`: one job, the client is called again."""
    words = frozenset().union(*(arg.pattern.names | arg.written.names for arg in call.command.args))
    return call.command.status == "branch" and not words & set(loop.variables)


def _is_fresh(flow: Flow, call: QueueCommand) -> bool:
    """Whether the group has just been made for these jobs, or goes away with them, so that it holds no others."""
    group = option_value(call, "-g", "--group")
    if group is None:
        return False
    if any(hole.kind in {"unique", "time"} for hole in group.holes):
        return True
    name = group_of(call)
    return any(other.rest and other.rest[0].pattern.template == name for _, other in flow.of("group remove"))


def _severity(call: QueueCommand, loops: tuple[Loop, ...], context: Context) -> Severity:
    """A warning where the loop is likely to be run again while its jobs wait; a list that is typed in is a lesser risk."""
    if label_of(call) is None or any(is_open_ended(loop) for loop in loops):
        return Severity.WARNING
    title = context.file.path.rpartition("/")[2]
    comments = " ".join(
        line for line in context.file.text.splitlines()[:12] if line.lstrip().startswith(("#", '"""'))
    )
    return Severity.WARNING if _AGAIN.search(f"{title} {comments}") else Severity.INFO


def _notes(flow: Flow, call: QueueCommand) -> str:
    """What two other rules would say of the same loop."""
    notes = ""
    missing = label_gap(call)
    if missing is not None:
        names = ", ".join(f"`{name}`" for name in missing)
        notes += "; the jobs have no label" if label_of(call) is None else f"; their label leaves out {names}"
    if is_bulk(call) and not flow.of("clean", "reset"):
        notes += "; and finished tasks are never cleaned"
    return notes
