"""JOB903: an activity is started without a timeout, which the SDK refuses at run time."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.data.api_calls import ApiCall
from jobsafety_lint.model import Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB903",
    "activity-without-timeout",
    "the SDK raises at run time",
    Severity.ERROR,
    references=("TE",),
)


@RULE.on(ApiCall)
def without_timeout(call: ApiCall, context: Context) -> Iterator[Draft]:
    """`execute_activity` and its kin with neither of the two timeouts of which the SDK wants one."""
    if not call.name.startswith("temporalio.workflow.") or "activity" not in call.last_name:
        return
    if not call.lacks("start_to_close_timeout", "schedule_to_close_timeout"):
        return
    yield RULE.found(
        call.place,
        f"`{call.written}` is given neither `start_to_close_timeout` nor `schedule_to_close_timeout`: the SDK raises ValueError when the workflow gets here",
        label="say how long one attempt may take: `start_to_close_timeout=timedelta(…)`",
    )
