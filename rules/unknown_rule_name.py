"""JOB003: a suppression or a setting names a rule that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.linting import UnknownRule
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB003",
    "unknown-rule-name",
    "a suppression or a setting names a rule that does not exist",
    Severity.WARNING,
    Confidence.HIGH,
)


@RULE.on(UnknownRule)
def unknown(mention: UnknownRule, context: Context) -> Iterator[Draft]:
    """Reports the name, with the nearest that exists."""
    if mention.problem:
        yield RULE.found(mention.location, f"{mention.where} is no suppression: {mention.problem}")
        return
    hint = f"; did you mean `{mention.nearest}`?" if mention.nearest else ""
    yield RULE.found(
        mention.location, f"{mention.where} names a rule that does not exist: `{mention.name}`{hint}"
    )
