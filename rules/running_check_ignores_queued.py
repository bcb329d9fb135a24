"""JOB303: before a job is queued, the tasks that run are looked at, but not those that wait."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Sequence
from jobsafety_lint.meaning.deployment.changes import change_of
from jobsafety_lint.meaning.deployment.rows import Step
from jobsafety_lint.meaning.execution import same_host
from jobsafety_lint.meaning.queue.flow import (
    Flow,
    Look,
    flow_of,
    follows,
    on_one_host,
    python_state_place,
    shown,
    waits_for_a_slot,
)
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB303",
    "running-check-ignores-queued",
    "the duplicate check looks at running tasks only",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-2",),
)


@RULE.on(Sequence, of={"pueue"})
def running_only(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """Looks at the queue that decide whether a job is added, and leave out the queued tasks."""
    if context.role in {"test", "docs"}:
        return
    flow = flow_of(sequence, context)
    for look in flow.looks:
        if look.call.subcommand != "status" or not look.decides or not look.asks_running_only:
            continue
        launch = _launch_after(flow, look)
        if launch is None or waits_for_a_slot(flow, look, launch) or not _depends(launch, look):
            continue
        if _guards_the_code(flow, look, launch) and not _asks_for_label(look, context):
            continue
        place = _place(look, context)
        yield RULE.found(
            place,
            "this check sees running tasks only: a job that is queued, stashed or paused passes it and is queued a second time",
            label="count every task that is not Done",
            related=((launch.place, f"`{shown(launch.place, 40)}` depends on it"),),
            subject=look.call.place,
        )


def _launch_after(flow: Flow, look: Look) -> QueueCommand | None:
    """The job that is queued if the look finds nothing."""
    for at, call in flow.of("add", "enqueue"):
        if not on_one_host(call, look.call):
            continue
        shared = set(call.execution.loops) & set(look.call.execution.loops)
        if (at > look.at and follows(look.call, call)) or shared:
            return call
    return None


def _depends(launch: QueueCommand, look: Look) -> bool:
    """Whether the job is queued by what the look has said: under a condition that names its result, its program or the function
    that looks, or in one list with it. Python's conditions are not followed so far.
    """
    if look.call.in_python or launch.place.source is not look.call.place.source:
        return True
    conditions = " ".join(launch.execution.conditions)
    names = {*look.variables, *look.call.execution.functions[-1:], "pueue"}
    if any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", conditions) for name in names):
        return True
    statement = launch.command.statement
    return statement is not None and look.call.place.span in statement.span


def _guards_the_code(flow: Flow, look: Look, launch: QueueCommand) -> bool:
    """Whether the look keeps running jobs from being given other code: a `git pull` or `rsync` follows."""
    for step in flow.sequence.steps[look.at + 1 :]:
        if step.place == launch.place:
            return False
        change = change_of(Step(step)) if isinstance(step, Command) else None
        if change is not None and change.what == "tree" and same_host(change.host, launch.execution.host):
            return True
    return False


_LABEL_IN_PYTHON = re.compile(r"""["']label["']|\.label\b""")


def _asks_for_label(look: Look, context: Context) -> bool:
    """Whether a job is looked for by its label; in Python, whether the file reads labels at all."""
    if look.call.in_python:
        return _LABEL_IN_PYTHON.search(context.file.text) is not None
    return any("label" in command.place.text for command in (look.command, *look.filters))


def _place(look: Look, context: Context) -> Place:
    if look.naming is not None:
        return look.naming.place
    return python_state_place(context, "running") or look.call.place
