"""JOB104: shared job state is deleted by a call that raises when it is already gone."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.files import Append, Create, Delete, Write
from jobsafety_lint.meaning.fixing import stands_alone, suppressed
from jobsafety_lint.meaning.paths import words_of
from jobsafety_lint.meaning.project.starters import COMPANY
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
    unsafe_because="a file that is missing by mistake is not noticed any more",
    silent_where=("JOB101", "JOB205", "JOB109"),
)


_SHARED = frozenset(
    [
        "checkpoint",
        "ckpt",
        "chkpt",
        "cursor",
        "lock",
        "lockfile",
        "pidfile",
        "lease",
        "marker",
        "inprogress",
        "watermark",
        "progress",
    ]
)
"""Words of names of files that other jobs know, and may delete as well."""


@RULE.on(Delete)
def unguarded(act: Delete, context: Context) -> Iterator[Draft]:
    """A delete in concurrent code that minds a missing file."""
    if act.language != "python" or act.tolerates_missing or act.guards or act.what == "moved":
        return
    reason = next(iter(act.execution.concurrency), None)
    words = act.path.name.words
    if not act.path.suffix:  # what lies in a checkpoint's folder is no checkpoint because of that
        words |= frozenset(words_of(act.path_place.text))
    if not (words & _SHARED or (reason is not None and act.path.says_state)):
        return
    if any(".pop(" in hole.text for hole in act.path.holes):
        return  # from a list of its own
    if act.is_locked or act.is_private or context.role in {"test", "temporary"}:
        return
    if reason is None and _is_own(act, context):
        return
    why = f" ({reason.reason})" if reason is not None else ""
    fix = None
    if act.by == "Path.unlink" and act.pathlike and act.place.text.endswith("()"):
        text = act.place.text[:-1] + "missing_ok=True)"
        fix = Fix("do not mind if it is gone", (Edit(act.place.location, text),))
    elif act.by in {"os.remove", "os.unlink"} and stands_alone(act.place):
        edits = suppressed(context.file, act.place, act.place.text)
        fix = Fix("suppress `FileNotFoundError`", edits) if edits is not None else None
    yield RULE.found(
        act.place,
        f"`{act.by}` raises if another job has deleted `{act.path_place.text}` first{why}",
        label="`missing_ok=True`, or `contextlib.suppress(FileNotFoundError)`",
        related=((reason.place, reason.reason),) if reason is not None and reason.place else (),
        fix=fix,
        subject=act.subject,
        supposes=frozenset() if reason is not None else frozenset({COMPANY}),
    )


def _is_own(act: Delete, context: Context) -> bool:
    """Whether the same function has made the file, or another one that means the very same file has made it for itself
    alone (`acquire` and `release`): it is its own to delete.
    """
    made = (fact for kind in (Create, Write, Append) for fact in context.all(kind))
    return any(
        (
            fact.path.same_object(act.path)
            and fact.execution.functions == act.execution.functions
            and fact.place.span.start < act.place.span.start
        )
        or (isinstance(fact, Create) and fact.exclusive and _means_same(fact, act))
        for fact in made
    )


def _means_same(made: Create, act: Delete) -> bool:
    """Whether two functions speak of one file: by a constant, or by an attribute of one class (`self.lock_file`)."""
    owners = {
        fact.execution.functions[-1].rpartition(".")[0] for fact in (made, act) if fact.execution.functions
    }
    of_object = act.path_place.text.startswith("self.")
    return (
        act.path.is_file_wide
        and act.path.identity == made.path.identity
        and (not of_object or (len(owners) == 1 and "" not in owners))
    ) or (of_object and len(owners) == 1 and "" not in owners and act.path_place.text == made.path_place.text)
