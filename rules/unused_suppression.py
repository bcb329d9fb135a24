"""JOB002: a suppression comment that silences nothing."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.linting import UnusedSuppression
from jobsafety_lint.model import Confidence, Fix, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB002",
    "unused-suppression",
    "a suppression comment that silences nothing",
    Severity.WARNING,
    Confidence.HIGH,
    fix="safe",
)


@RULE.on(UnusedSuppression)
def unused(comment: UnusedSuppression, context: Context) -> Iterator[Draft]:
    """Reports the names that silence nothing."""
    names = ", ".join(f"`{name}`" for name in comment.names)
    yield RULE.found(
        comment.location,
        f"this comment silences nothing: {names} has nothing to say here",
        fix=Fix("remove it", (comment.edit,), safe=True),
    )
