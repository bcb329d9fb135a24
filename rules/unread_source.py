"""JOB001: what no reader could parse, so that no rule looked at it."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.linting import UnreadRegion
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB001",
    "unread-source",
    "a Python file or a shell statement that no reader could parse",
    Severity.WARNING,
    Confidence.HIGH,
)


@RULE.on(UnreadRegion)
def unread(region: UnreadRegion, context: Context) -> Iterator[Draft]:
    """Reports the region."""
    what = "this file" if region.language == "python" else "this statement"
    yield RULE.found(region.place, f"{what} could not be read ({region.reason}), so no rule has looked at it")
