"""JOB327: failed work is done again and again, with no limit and no look at why it failed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Sequence
from jobsafety_lint.meaning.daemons import CronEntry
from jobsafety_lint.meaning.queue.flow import Flow, flow_of, shown
from jobsafety_lint.meaning.queue.grammar import QueueCommand, parse
from jobsafety_lint.meaning.queue.retries import retries_of
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB327",
    "retry-without-classification",
    "failed work is queued again without a limit or a look at why it failed",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("AP-3",),
    silent_where=("JOB306",),
)

_PROGRAMS = frozenset(
    [
        "python",
        "python3",
        "pypy",
        "Rscript",
        "julia",
        "make",
        "snakemake",
        "nextflow",
        "dvc",
        "spark-submit",
        "torchrun",
        "accelerate",
        "papermill",
        "dbt",
        "cargo",
        "go",
        "node",
        "npm",
        "pnpm",
        "yarn",
        "java",
        "perl",
        "ruby",
        "matlab",
        "octave",
    ]
)
_PROBE = re.compile(
    r"wait|ready|health|check|probe|ping|alive|is[-_]?up|status|test|exists|available|connect|listen|version|login|manage\.py",
    re.IGNORECASE,
)
_ASKS = re.compile(r"ls|list|info|stat|show|ruok")
"""Verbs that ask a server for something."""


@RULE.on(Sequence)
def tried_for_ever(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """Loops that run a piece of work until it succeeds."""
    if context.role in {"test", "docs"}:
        return
    for retry in retries_of(sequence):
        if retry.bounded or retry.classified:
            continue
        work = next((command for command in retry.tried if _is_work(command)), None)
        if work is not None:
            yield RULE.found(
                retry.place,
                f"`{shown(work.place, 40)}` is run again after every failure, for ever, whatever the reason was",
                label="count the attempts, or stop at errors that come back every time",
                related=((work.place, "the work that is tried again"),) if work.place != retry.place else (),
                subject=work.place,
            )


@RULE.on(Sequence, of={"pueue"})
def restarted_for_ever(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """An endless loop that puts failed tasks of the queue back."""
    if context.role in {"test", "docs"}:
        return
    flow = flow_of(sequence, context)
    for _, call in flow.of("restart", "add"):
        if call.subcommand == "add" and not _again(flow, call):
            continue
        loop = next((loop for loop in call.execution.loops if loop.kind == "while"), None)
        if loop is None or "read" in loop.place.text.split():
            continue
        retry = next((r for r in retries_of(sequence, every=True) if r.loop == loop), None)
        if retry is None or retry.bounded or retry.classified or _reads_logs(flow.calls, call):
            continue
        verb = "restarts" if call.subcommand == "restart" else "queues again"
        yield RULE.found(
            call.place,
            f"each pass of the loop {verb} what has failed, with no limit and no look at why",
            label="count the restarts of a task, and leave failures that come back alone",
            related=((loop.place, "the loop that does it again and again"),),
            subject=call.place,
        )


@RULE.on(CronEntry)
def restarted_by_cron(entry: CronEntry, context: Context) -> Iterator[Draft]:
    """An entry of a crontab that puts the failed tasks of a group back, several times a day."""
    calls = [call for command in entry.commands if (call := parse(command)) is not None]
    if not entry.several_a_day or any(call.subcommand in {"status", "log"} for call in calls):
        return
    for call in calls:
        if call.subcommand == "restart" and call.has("-g", "--failed-in-group"):
            yield RULE.found(
                call.place,
                "each run of cron restarts what has failed, with no limit and no look at why",
                label="count the restarts of a task, and leave failures that come back alone",
                related=((entry.schedule_place, "cron does it again and again"),),
                subject=call.place,
            )


def _again(flow: Flow, call: QueueCommand) -> bool:
    """Whether a job is queued because another one has failed: a look in the same loop asks for failed tasks."""
    loops = {loop for loop in call.execution.loops if loop.kind == "while"}
    return any(
        look.decides and "failed" in look.states and look.asks_finished_only
        for look in flow.looks
        if loops & set(look.call.execution.loops)
    )


def _reads_logs(calls: tuple[tuple[int, QueueCommand], ...], restart: QueueCommand) -> bool:
    """Whether the log of a failed task is looked at before the restart."""
    return any(
        call.subcommand == "log" and set(call.execution.loops) & set(restart.execution.loops)
        for _, call in calls
    )


def _is_work(command: Command) -> bool:
    """Whether a command is a piece of work, and not a question whether something is there yet."""
    if command.execution.queue or _PROBE.search(
        " ".join([command.name, *(w or "" for w in command.words[:3])])
    ):
        return False
    if command.name == "pueue":
        call = parse(command)
        return call is not None and call.subcommand == "restart"
    if command.name in _PROGRAMS:
        first = command.words[0] if command.words else None
        return first != "-c" and not (
            command.name in {"cargo", "go", "npm", "make"} and _PROBE.search(first or "")
        )
    text = command.place.text
    if any(_ASKS.fullmatch(word or "") for word in command.words[-2:]):
        return False  # `./cli -server "$HOSTS" ls /`: whether the server answers
    return command.name.endswith((".sh", ".py", ".R", ".jl")) or text.startswith(("./", "scripts/", "bin/"))
