"""JOB901: a workflow is started under a random id, so that starting it twice is two runs."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.data.api_calls import ApiCall
from jobsafety_lint.model import Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB901",
    "random-workflow-id",
    "a random workflow id defeats duplicate rejection",
    Severity.WARNING,
    references=("TE", "INV-2"),
)

_STARTS = frozenset(
    {"start_workflow", "execute_workflow", "signal_with_start_workflow", "WithStartWorkflowOperation"}
)


@RULE.on(ApiCall)
def random_id(call: ApiCall, context: Context) -> Iterator[Draft]:
    """An id with a uuid, a random number, the process id or the present time in it."""
    if call.last_name not in _STARTS or context.role in {"test", "docs"}:
        return
    given = call.argument("id")
    if given is None:
        return
    hole = next((hole for hole in given.pattern.holes if hole.kind in {"unique", "time"}), None)
    if hole is None:
        return
    what = "the time of the call" if hole.kind == "time" else "random"
    related = (
        () if given.place == given.written else ((given.place, "the workflow is started under it here"),)
    )
    yield RULE.found(
        given.written,
        f"`{hole.text}` makes this workflow id {what if what == 'random' else 'depend on ' + what}: the same job started twice is two runs, and neither is refused",
        label="build the id from what tells the jobs apart",
        related=related,
        data={"template": given.pattern.template},
        subject=given.written,
    )
