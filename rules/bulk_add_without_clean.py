"""JOB311: very many jobs are queued, and nothing cleans the finished ones."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Sequence
from jobsafety_lint.meaning.deployment.rows import Row, Step
from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.queue.flow import flow_of, group_of, header, is_bulk, job_loops, on_one_host
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.model import Confidence, Edit, Fix, Severity, Span
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB311",
    "bulk-add-without-clean",
    "a bulk submission with no clean of finished tasks",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("AP-10",),
    fix="unsafe",
    unsafe_because="the logs of the cleaned tasks are gone, and nothing can depend on their ids",
    silent_where=("JOB302",),
)


@RULE.on(Sequence, of={"pueue"})
def never_cleaned(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """The first job of every loop that queues as many jobs as there are files, lines or hundreds."""
    if context.role in {"test", "docs"}:
        return
    flow = flow_of(sequence, context)
    seen: set[Loop] = set()
    for _, call in flow.of("add"):
        loops = job_loops(call)
        if not loops or loops[0] in seen or not is_bulk(call):
            continue
        if any(on_one_host(other, call) for _, other in flow.of("clean", "reset")) or _is_cleaned(
            call, context
        ):
            continue
        seen.add(loops[0])
        yield RULE.found(
            call.head,
            f"`{header(loops[0])}` may queue very many jobs, and finished ones are never cleaned: pueue writes all of them "
            "to its state file at every change",
            label="`pueue clean --successful-only` first (it keeps the failures and their logs)",
            related=((loops[0].place, "the loop that queues one job each time around"),),
            fix=_fix(call, loops[0]),
            subject=loops[0].place,
        )


def _is_cleaned(call: QueueCommand, context: Context) -> bool:
    """Whether a task that this one depends on cleans: `depends = ["setup"]`."""
    return any(
        any(isinstance(step, Step) and step.place == call.place for step in row.steps)
        and any(isinstance(step, Step) and step.subcommand in {"clean", "reset"} for step in row.steps)
        for row in context.all(Row)
    )


def _fix(call: QueueCommand, loop: Loop) -> Fix | None:
    """A command before the loop, where that begins a line."""
    source, start = loop.place.source, loop.place.span.start
    if loop.kind not in {"for", "while"} or not source.text.startswith(("for ", "while "), start):
        return None
    if call.execution.host is not None or call.place.source is not source or len(call.execution.loops) > 1:
        return None
    file, at = source.file, source.in_file(Span(start, start))
    indent = file.text[file.text.rfind("\n", 0, at.start) + 1 : at.start]
    if indent.strip() or call.execution.functions:
        return None
    group = group_of(call)
    scope = "" if group == "default" else f" --group {_written_group(call)}"
    return Fix("clean first", (Edit(file.location(at), f"pueue clean --successful-only{scope}\n{indent}"),))


def _written_group(call: QueueCommand) -> str:
    given = call.value("-g", "--group")
    text = given.place.text if given is not None else ""
    return text.rpartition("=")[2] if text.startswith("-") else text
