"""JOB905: a worker without a limit on how many activities run at once."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.data.api_calls import ApiCall
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB905",
    "unbounded-worker",
    "a worker without a limit on concurrent activities",
    Severity.INFO,
    Confidence.MEDIUM,
    references=("TE", "INV-6"),
)


@RULE.on(ApiCall)
def unlimited(call: ApiCall, context: Context) -> Iterator[Draft]:
    """`Worker(…)` with activities, and neither `max_concurrent_activities` nor a tuner."""
    if call.name != "temporalio.worker.Worker" or context.role in {"test", "docs"}:
        return
    if not call.lacks("max_concurrent_activities", "tuner") or call.lacks("activities"):
        return
    executor = call.argument("activity_executor")
    rest = (
        f", and those that `{executor.place.text}` has no thread for wait with their timeouts running"
        if executor is not None and not executor.is_nothing and len(executor.place.text) < 60
        else ""
    )
    yield RULE.found(
        call.place,
        f"this worker takes as many activities at once as the SDK's default lets it{rest}",
        label="say how many fit on the machine: `max_concurrent_activities=`, or a `tuner`",
    )
