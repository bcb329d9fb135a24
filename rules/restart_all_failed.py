"""JOB306: every failed task of every group is restarted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Sequence
from jobsafety_lint.meaning.queue.flow import filter_text, flow_of, ids_come_from, option_value
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.meaning.queue.restarts import is_in_place
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB306",
    "restart-all-failed",
    "every failed task of every group is restarted",
    Severity.WARNING,
    Confidence.HIGH,
    references=("AP-3",),
)

_SCOPED = re.compile(
    r"\.(?:label|group|command|path)\b|\[\s*[\"'](?:label|group|command|path)[\"']|\.get\(\s*[\"'](?:label|group|command|path)"
)


@RULE.on(QueueCommand)
def all_failed(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """`--all-failed`."""
    if call.subcommand != "restart" or not call.has("-a", "--all-failed"):
        return
    loops = call.execution.loops
    copies = not is_in_place(call, context.file)
    worse = bool(loops) and copies
    more = "; each pass adds copies of the same failures" if worse else ""
    yield RULE.found(
        call.place,
        f"`--all-failed` restarts the failed tasks of every group, whoever queued them and why ever they failed{more}",
        label="`--failed-in-group G` restarts those of one group",
        related=((loops[-1].place, "the loop that does it again and again"),) if worse else (),
        severity=Severity.ERROR if worse else Severity.WARNING,
        subject=call.place,
    )


@RULE.on(Sequence, of={"pueue"})
def all_selected(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """Ids of all failed tasks, picked from the status by nothing but their result."""
    if context.role in {"test", "docs"}:
        return
    flow = flow_of(sequence, context)
    for at, call in flow.of("restart"):
        if call.has("-a", "--all-failed", "-g", "--failed-in-group"):
            continue
        look = next((look for look in flow.looks if look.at < at and ids_come_from(look, call)), None)
        if (
            look is None
            or not look.asks_finished_only
            or option_value(look.call, "-g", "--group") is not None
        ):
            continue
        if look.call.rest or _SCOPED.search(filter_text(look, context)):
            continue
        related: tuple[tuple[Place, str], ...] = (
            (look.call.place, "picked here by nothing but how they ended"),
        )
        yield RULE.found(
            call.place,
            "the failed tasks of every group are restarted, whoever queued them and why ever they failed",
            label="pick those of one group: `pueue status --json --group G`, or `--failed-in-group G`",
            related=related,
            confidence=Confidence.MEDIUM,
            subject=call.place,
        )
