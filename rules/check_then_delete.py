"""JOB101: a file is tested for existence, then deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.files import Delete, Guard
from jobsafety_lint.meaning.fixing import import_edits, indentation, is_verbatim
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
    if act.language == "shell":
        match = re.match(r"rm(\s+-[rRv]+)?\s", text)
        if act.by != "rm" or match is None:
            return None
        forced = re.sub(r"^rm\b", "rm -f", text, count=1)
        safe = act.what == "file" and guard.check.test in {"exists", "file"} and not _has_other_effects(act)
        return Fix("delete it with `rm -f`", (Edit(at, forced),), safe)
    if act.by == "Path.unlink" and act.pathlike and text.endswith("()"):
        safe = guard.check.test == "exists"
        return Fix("delete it with `missing_ok=True`", (Edit(at, text[:-1] + "missing_ok=True)"),), safe)
    imports = import_edits(context.file, "contextlib")
    if (
        act.what == "moved"
        or act.language != "python"
        or imports is None
        or guard.shape not in {"if", "while"}
        or "\n" in text
    ):
        return None
    indent = indentation(guard.statement)
    suppressed = f"with contextlib.suppress(FileNotFoundError):\n{indent}    {text}"
    return Fix("suppress `FileNotFoundError`", (*imports, Edit(at, suppressed)))


def _has_other_effects(act: Delete) -> bool:
    return bool(act.place.text.count("\n"))
