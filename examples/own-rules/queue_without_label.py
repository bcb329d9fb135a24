"""ACME001: a job is queued without a label, so that nobody can find it by what it works on."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.queue.grammar import Launch
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "ACME001",
    "queue-without-label",
    "a job is queued without a label",
    Severity.WARNING,
    Confidence.HIGH,
)


@RULE.on(Launch)
def without_label(launch: Launch, context: Context) -> Iterator[Draft]:
    """Every `pueue add` that gives no label, wherever it is written: scripts, mise tasks, Python."""
    if context.role == "test" or launch.label is not None:
        return
    yield RULE.found(
        launch.place,
        "this job has no label: `pueue status` cannot tell what it works on",
        label='add `--label "$symbol@$threshold"`',
    )
