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
    """Reports the region. What a Python parser says is for people; what the readers of shell say goes into `data`."""
    if region.language == "python":
        message = f"this file could not be read ({region.reason}), so no rule has looked at it"
        yield RULE.found(region.place, message, data={"reason": region.reason})
        return
    what = "this statement could not be read, so no rule has looked at it"
    if region.more:
        what = (
            f"this block could not be read in {1 + len(region.more)} places, so no rule has looked at these"
        )
    yield RULE.found(
        region.place,
        what,
        label="is it complete? `bash -n` tells; if the shell takes it, the linter's readers do not know this syntax",
        data={"reason": region.reason},
    )
