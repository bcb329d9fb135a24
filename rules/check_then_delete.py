"""JOB101: a file is tested for existence, then deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.files import Delete, Guard
from jobsafety_lint.meaning.fixing import is_verbatim, suppressed
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB101",
    "check-then-delete",
    "a file is tested for existence, then deleted: another job may delete it in between",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-3",),
    fix="safe or unsafe",
)

_ADVICE = {False: "delete it without asking", True: "move it without asking"}
_FOLDER = "a folder of that name was left alone before, and makes the call fail now"
_EXISTENCE = frozenset({"exists", "file", "directory", "link", "listed", "nonempty"})


@RULE.on(Delete)
def check_then_delete(act: Delete, context: Context) -> Iterator[Draft]:
    """A delete that a check of the same path has let through."""
    guard = next((g for g in act.guards if g.holds and g.certain and g.check.test in _EXISTENCE), None)
    if guard is None or act.tolerates_missing:
        return
    if act.execution.lock or act.path.is_unique or context.role in {"test", "temporary"}:
        return
    reasons = act.execution.concurrency
    concurrent = bool(reasons) or act.path.says_state
    if act.what == "moved" and not concurrent:
        return
    done = "moved away" if act.what == "moved" else "deleted"
    why = f" ({reasons[0].reason})" if reasons else ""
    yield RULE.found(
        act.place,
        f"`{act.path_place.text}` is tested by `{guard.check.by}`, then {done} by `{act.by}`: another job may do that in between{why}",
        label=f"{_ADVICE[act.what == 'moved']}, and do not mind if it is gone",
        related=((guard.check.place, "tested here"),),
        severity=Severity.ERROR if concurrent else Severity.WARNING,
        fix=_fix(act, guard, context),
        subject=act.subject,
    )


def _fix(act: Delete, guard: Guard, context: Context) -> Fix | None:
    if not guard.sole or not guard.only_check or not is_verbatim(act.place):
        return None
    at = guard.statement.location
    text = act.place.text
    # a folder was left alone by a check for a file, and makes the delete fail; what has a suffix is no folder
    is_no_folder = guard.check.test == "exists" or (guard.check.test == "file" and bool(act.path.suffix))
    if act.language == "shell":
        match = re.match(r"rm(\s+-[rRv]+)?\s", text)
        if act.by != "rm" or match is None:
            return None
        forced = re.sub(r"^rm\b", "rm -f", text, count=1)
        safe = act.what == "file" and is_no_folder and "\n" not in text
        reason = (
            _FOLDER
            if act.what == "file"
            else "what is write-protected in the folder is deleted without a question"
        )
        return Fix("delete it with `rm -f`", (Edit(at, forced),), safe, "" if safe else reason)
    if act.by == "Path.unlink" and act.pathlike and text.endswith("()"):
        made = text[:-1] + "missing_ok=True)"
        return Fix(
            "delete it with `missing_ok=True`",
            (Edit(at, made),),
            is_no_folder,
            "" if is_no_folder else _FOLDER,
        )
    if act.what == "moved" or act.language != "python" or guard.shape not in {"if", "while"}:
        return None
    edits = suppressed(context.file, guard.statement, text)
    if edits is None:
        return None
    reason = "it also passes over what goes missing inside of a tree while that is deleted"
    return Fix(
        "suppress `FileNotFoundError`",
        edits,
        reason=reason if act.what == "tree" else _FOLDER,
    )
