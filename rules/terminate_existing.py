"""JOB906: a conflict policy that kills a running job."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.data.api_calls import ApiCall
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB906",
    "terminate-existing",
    "a conflict policy that kills a running job",
    Severity.WARNING,
    references=("TE", "INV-2"),
)

_KILLING = {
    "id_reuse_policy": ("WorkflowIDReusePolicy.TERMINATE_IF_RUNNING", "the workflow that runs under this id"),
    "id_conflict_policy": (
        "WorkflowIDConflictPolicy.TERMINATE_EXISTING",
        "the workflow that runs under this id",
    ),
    "overlap": ("ScheduleOverlapPolicy.TERMINATE_OTHER", "the run before that is not done yet"),
}


@RULE.on(ApiCall)
def kills(call: ApiCall, context: Context) -> Iterator[Draft]:
    """A start whose policy ends the run that is under way."""
    if context.role in {"test", "docs"}:
        return
    for keyword, (policy, victim) in _KILLING.items():
        given = call.argument(keyword)
        if given is None or not any(choice.endswith(policy) for choice in given.choices):
            continue
        certain = len(given.choices) == 1
        yield RULE.found(
            given.place,
            f"`{policy}` kills {victim}, with all that it has not saved"
            + ("" if certain else ", where this expression picks it"),
            label="use the running one (`USE_EXISTING`), refuse the second (`FAIL`, `REJECT_DUPLICATE`), or cancel and wait"
            if keyword != "overlap"
            else "skip or buffer it (`SKIP`, `BUFFER_ONE`), or cancel and let it clean up (`CANCEL_OTHER`)",
            related=() if given.place == given.written else ((given.written, "set here"),),
            confidence=Confidence.HIGH if certain else Confidence.LOW,
        )
