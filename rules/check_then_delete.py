"""JOB101: a file is tested for existence, then deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.files import Create, Delete, Guard
from jobsafety_lint.meaning.fixing import OLD_PYTHON, is_verbatim, may_be_python_2, suppressed
from jobsafety_lint.meaning.folders import is_in_new_folder
from jobsafety_lint.meaning.harm import certainty
from jobsafety_lint.meaning.paths import is_of_system
from jobsafety_lint.meaning.project.starters import COMPANY
from jobsafety_lint.meaning.shell.leaving import fails_next
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
_RESULT = "the function or script that ends with it succeeds now where there was nothing to delete"
_PROTECTED = "what is write-protected in the folder is deleted without a question"
_FOLDER = "a folder of that name was left alone before, and makes the call fail now"
_KINDS = frozenset({"file", "directory", "link"})
_EXISTENCE = frozenset({"exists", "file", "directory", "link", "listed", "nonempty"})


@RULE.on(Delete)
def check_then_delete(act: Delete, context: Context) -> Iterator[Draft]:
    """A delete that a check of the same path has let through."""
    guard = next((g for g in act.guards if _asks(g) and not _picks_the_way(act, g, context)), None)
    if guard is None or act.tolerates_missing or act.is_handed_on:
        return
    if act.is_locked or act.is_private or context.role in {"test", "temporary"}:
        return
    if is_in_new_folder(act, context.all(Create)):
        return
    if guard.gives_up:
        return  # an error where it is missing, whoever finds that out
    if act.language == "shell" and fails_next(act.place):
        return
    if act.language == "shell" and guard.check.test == "directory" and act.what == "file":
        return  # `[ -d x ] && rm x`: what the check has found is not what `rm` deletes
    reasons = () if _is_of_one_worker(act) else act.execution.concurrency
    concurrent = bool(reasons) or (act.path.says_state and not is_of_system(act.path))
    if guard.shape != "and" and act.status == "branch" and not act.has_alternative:
        return  # `if rm x; then`: what is to be done when it is gone is said
    if act.what == "moved" and not concurrent:
        return
    done = "moved away" if act.what == "moved" else "deleted"
    why = f" ({reasons[0].reason})" if reasons else ""
    yield RULE.found(
        act.place,
        f"`{act.path_place.text}` is tested by `{guard.check.by}`, then {done} by `{act.by}`: another job may do that in between{why}",
        label=f"{_ADVICE[act.what == 'moved']}, and do not mind if it is gone",
        related=((guard.check.place, "tested here"),),
        severity=Severity.ERROR if reasons or (concurrent and act.what != "moved") else Severity.WARNING,
        confidence=Confidence.LOW
        if not concurrent and _is_made_anew(act, context)
        else certainty(act, concurrent=concurrent),
        fix=_fix(act, guard, context),
        subject=act.subject,
        supposes=frozenset() if concurrent else frozenset({COMPANY}),
    )


def _is_of_one_worker(act: Delete) -> bool:
    """Whether the name is made from what each worker of a pool is given, so that they mostly have files of their own."""
    return (
        act.language == "python"
        and not all(name.isupper() for name in act.path.name.names)
        and bool(act.execution.concurrency)
        and all("several workers" in reason.reason for reason in act.execution.concurrency)
    )


def _is_made_anew(act: Delete, context: Context) -> bool:
    """Whether a Python function empties its output folder: the tree is made anew below. Two runs at once spoil each other's output
    whatever becomes of this line.
    """
    return (
        act.language == "python"
        and act.what == "tree"
        and any(
            made.what == "directory" and made.path.same_object(act.path) and act.precedes(made)
            for made in context.all(Create)
        )
    )


def _asks(guard: Guard) -> bool:
    """Whether a check has found the file, and nothing else may have let the act through."""
    return guard.holds and guard.certain and guard.check.test in _EXISTENCE


def _picks_the_way(act: Delete, guard: Guard, context: Context) -> bool:
    """Whether the check only picks the way of deleting: `if os.path.isdir(p): shutil.rmtree(p)`, `else: os.remove(p)`."""
    statement = guard.statement
    if guard.check.test not in _KINDS:
        return False
    return _is_deleted_by_helper(act, guard) or any(
        other is not act
        and (other.path.same_object(act.path) or other.path.same_object(guard.check.path))
        and not any(_asks(g) and _is_below(g, guard) for g in other.guards)
        and any(
            arm.index and arm.statement.source is statement.source and arm.statement.span == statement.span
            for arm in other.execution.arms
        )
        for other in context.all(Delete)
    )


def _is_deleted_by_helper(act: Delete, guard: Guard) -> bool:
    """Whether the `else` of the check has a function delete the path: `else: _rmtree(path)`."""
    if act.language != "python":
        return False
    source, span = guard.statement.source, guard.statement.span
    margin = re.match(r"[ \t]*", source.text[source.text.rfind("\n", 0, span.start) + 1 :])
    other = re.compile(rf"^{margin[0] if margin else ''}else:", re.MULTILINE).search(
        source.text, span.start, span.end
    )
    deletes = rf"\b\w*(?:rmtree|rm_rf|remove|delete|unlink)\w*\(\s*{re.escape(act.path_place.text)}\s*[,)]"
    return other is not None and re.compile(deletes).search(source.text, other.end(), span.end) is not None


def _is_below(inner: Guard, outer: Guard) -> bool:
    """Whether a check stands in the statement that another one decides."""
    return inner.statement.source is outer.statement.source and inner.statement.span in outer.statement.span


def _fix(act: Delete, guard: Guard, context: Context) -> Fix | None:
    if not guard.sole or not guard.only_check or not is_verbatim(act.place):
        return None
    at = guard.statement.location
    text = act.place.text
    if act.language == "shell":
        return _forced(act, guard)
    if act.by == "Path.unlink" and act.pathlike and text.endswith("()"):
        reason = "" if _is_no_folder(act, guard) else _FOLDER
        if guard.shape not in {"if", "and"}:
            reason = reason or "it is done once, however often the check would have been made"
        made = text[:-1] + "missing_ok=True)"
        reason = reason or (OLD_PYTHON if may_be_python_2(context.file) else "")
        return Fix("delete it with `missing_ok=True`", (Edit(at, made),), not reason, reason)
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


def _is_no_folder(act: Delete, guard: Guard) -> bool:
    """Whether the check let no folder be; what has a suffix is none."""
    return guard.check.test == "exists" or (guard.check.test == "file" and bool(act.path.suffix))


def _forced(act: Delete, guard: Guard) -> Fix | None:
    """`rm -f` in place of the check and `rm`."""
    text = act.place.text
    if act.by != "rm" or re.match(r"rm(\s+-[rRv]+)?\s", text) is None:
        return None
    if guard.shape == "and" and act.status == "branch":
        return None  # `if [ -f x ] && rm x`: that it was there, and that it was this job that deleted it, decides
    if guard.shape not in {"if", "and", "or"}:
        return None
    reason = ""
    if guard.shape == "and" and act.status == "result":
        reason = _RESULT
    elif act.what != "file":
        reason = _PROTECTED
    elif not _is_no_folder(act, guard):
        reason = _FOLDER
    elif "\n" in text:
        reason = "the command has several lines"
    made = re.sub(r"^rm\b", "rm -f", text, count=1)
    return Fix("delete it with `rm -f`", (Edit(guard.statement.location, made),), not reason, reason)
