"""JOB802: an input is validated after the work that needed it."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.data.datasets import LateCheck
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB802",
    "validate-after-expensive",
    "an input is validated after the work that needed it",
    Severity.INFO,
    Confidence.LOW,
    references=("SPEC-6",),
)


@RULE.on(LateCheck)
def too_late(check: LateCheck, context: Context) -> Iterator[Draft]:
    """A check of a parameter behind a download, query or write that has used it."""
    if context.role in {"test", "docs"}:
        return
    yield RULE.found(
        check.place,
        f"`{check.parameter}` is validated (`{check.by}`) only after `{check.work_name}` has worked with it",
        label="validate the input first: a bad one then costs nothing and leaves nothing behind",
        related=((check.work, f"`{check.parameter}` is used here"),),
        data={"parameter": check.parameter},
    )
