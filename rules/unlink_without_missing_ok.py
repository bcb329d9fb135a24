"""JOB104: shared job state is deleted by a call that raises when it is already gone."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.files import Delete
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB104",
    "unlink-without-missing-ok",
    "shared job state is deleted by a call that raises when it is already gone",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-3",),
    fix="unsafe",
    silent_where=("JOB101", "JOB205"),
)


@RULE.on(Delete)
def unguarded(act: Delete, context: Context) -> Iterator[Draft]:
    """A delete in concurrent code that minds a missing file."""
    if act.language != "python" or act.tolerates_missing or act.guards or act.what == "moved":
        return
    if not act.execution.concurrency or not act.path.says_state:
        return
    if act.execution.lock or act.path.is_unique or context.role in {"test", "temporary"}:
        return
    reason = act.execution.concurrency[0]
    fix = None
    if act.by == "Path.unlink" and act.pathlike and act.place.text.endswith("()"):
        text = act.place.text[:-1] + "missing_ok=True)"
        fix = Fix("do not mind if it is gone", (Edit(act.place.location, text),))
    yield RULE.found(
        act.place,
        f"`{act.by}` raises if another job has deleted `{act.path_place.text}` first ({reason.reason})",
        label="`missing_ok=True`, or `contextlib.suppress(FileNotFoundError)`",
        related=((reason.place, reason.reason),) if reason.place else (),
        fix=fix,
        subject=act.path,
    )
