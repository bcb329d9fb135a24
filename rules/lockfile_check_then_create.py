"""JOB103: a lock or pid file taken by test-then-create."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.files import Act, Append, Create, Delete, Guard, Lock, Write
from jobsafety_lint.meaning.fixing import is_verbatim
from jobsafety_lint.meaning.paths import is_lock_name, words_of
from jobsafety_lint.meaning.systems import runs_alone
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB103",
    "lockfile-check-then-create",
    "a lock or pid file taken by test-then-create: two holders",
    Severity.ERROR,
    Confidence.HIGH,
    references=("INV-2",),
    fix="unsafe",
    unsafe_because='the job that comes second now gets an error, which the code around must take for "already taken"',
)

_EMPTY_WITH_MODE = re.compile(r"install\b.*\s/dev/null\s")
"""An empty file is put there for the program that will take it, with its owner and mode."""
_STEPS = re.compile(r"[;\n]|&&|\|\|")
_MAKES = re.compile(
    r"\s*(?:(?:if|then|fi|!|\{|\})(?=\s|$)\s*)*(?:$|(?:\[|\[\[|test|touch|chown|chmod|chgrp|mkdir|printf|echo|:|>)(?=\s|$))"
)
"""A step of a statement that asks, or makes a file."""
_FOLDER_OF_LOCKS = re.compile(r"\0?/(?:run|var|var/run)/lock/?")
"""Perhaps below the root of another system (`"$ROOT"/var/lock`)."""
_SEARCHES = frozenset({"pgrep", "pidof"})
_LEASES = frozenset({"lease", "leases"})
_FOLDERS = frozenset({"dir", "directory", "folder"})
_EXISTENCE = frozenset({"exists", "file", "directory", "listed", "nonempty", "link", "access"})


@RULE.on(Create, Write, Append)
def taken_after_test(act: Act, context: Context) -> Iterator[Draft]:
    """A lock file that is made, by a call that does not mind if it is there, because a test has not found it."""
    if not is_lock_name(act.path) or act.is_private or context.role in {"test", "temporary"}:
        return
    if _FOLDER_OF_LOCKS.fullmatch(act.path.literal) or _is_folder_of_leases(act):
        return  # what the locks of the system lie in
    if isinstance(act, Create) and act.exclusive and act.checked:
        return
    guard = next((g for g in act.guards if not g.holds and g.check.test in _EXISTENCE), None)
    if (
        guard is None
        or act.execution.lock
        or runs_alone(act.place, act.execution)
        or _is_locked_itself(act, context)
    ):
        return
    if (
        _decides_nothing(act, guard, context)
        or _is_prepared(act, guard, context)
        or _found_by_search(act, context)
    ):
        return
    yield RULE.found(
        act.place,
        f"the lock `{act.path_place.text}` is taken by `{_taker(act)}` after `{guard.check.by}` has found it free: two jobs that ask at the same time both take it",
        label='take it in one step: `flock -n`, `mkdir`, `set -C`, `open(…, "x")`',
        related=((guard.check.place, "found free here"),),
        confidence=Confidence.HIGH if guard.certain else Confidence.MEDIUM,
        fix=_fix(act),
        subject=act.subject,
    )


def _is_locked_itself(act: Act, context: Context) -> bool:
    """Whether the kernel holds the lock, on the open file: that the file is there says nothing then."""
    return any(
        lock.path.same_object(act.path) or (act.path.is_file_wide and lock.path.identity == act.path.identity)
        for lock in context.all(Lock)
    )


def _is_folder_of_leases(act: Act) -> bool:
    """Whether it is what leases lie in, by its name (`$lease_dir`, of a DHCP server): a lease that somebody takes is a file."""
    words = {*words_of(act.path_place.text)}
    return isinstance(act, Create) and act.what == "directory" and bool(words & _LEASES and words & _FOLDERS)


def _decides_nothing(act: Act, guard: Guard, context: Context) -> bool:
    """Whether a script goes on the same way whether or not the file was there: all that the check decides is that it is made,
    with owner and mode, and nobody looks at the status of a list (`[ -f x ] && touch x`, called as `take || exit`).
    """
    if act.language != "shell" or guard.shape not in {"if", "and", "or"}:
        return False
    if guard.shape != "if" and _is_asked_for_status(act, context):
        return False
    steps = _STEPS.split(guard.statement.text)
    alone = guard.sole or (guard.shape != "if" and len(steps) == 2)
    return alone or all(map(_MAKES.match, steps))


def _is_asked_for_status(act: Act, context: Context) -> bool:
    """Whether something depends on the status of the command that makes the file; under errexit, that of a function does."""
    decides = {"branch", "exits"} if act.execution.functions else {"branch"}
    return any(command.status in decides and command.place == act.place for command in context.all(Command))


def _is_prepared(act: Act, guard: Guard, context: Context) -> bool:
    """Whether an empty file is only made sure of, for a lock that is taken on it: by whoever opens it, if nothing else depends
    on the check and nothing lets the lock go, or by a `flock` further down in the same function, on a descriptor that
    nothing here can tell.
    """
    if _EMPTY_WITH_MODE.match(act.place.text):
        return True
    if act.by not in {"touch", "Path.touch"}:
        return False
    if guard.sole:
        return not any(delete.path.same_object(act.path) for delete in context.all(Delete))
    return any(
        command.name == "flock"
        and command.execution.functions == act.execution.functions
        and command.place.source is act.place.source
        and command.place.span.start > act.place.span.end
        for command in context.all(Command)
    )


def _found_by_search(act: Act, context: Context) -> bool:
    """Whether what is written is the answer of a search for the process (`pid=$(pgrep feed)`): nobody takes anything."""
    return any(
        command.execution.functions == act.execution.functions
        and any(re.search(rf"\$\{{?{re.escape(name)}\b", act.place.text) for name in command.output_to)
        for command in context.all(Command)
        if command.name in _SEARCHES
    )


def _taker(act: Act) -> str:
    return f"{act.content} {act.by}" if isinstance(act, Write | Append) and ">" in act.by else act.by


def _fix(act: Act) -> Fix | None:
    text = act.place.text
    if "\n" in text or not is_verbatim(act.place):
        return None
    if act.language == "python":
        if act.by == "Path.touch" and text.endswith("()"):
            return Fix("fail if it is there", (Edit(act.place.location, text[:-1] + "exist_ok=False)"),))
        made = re.sub(r"""(,\s*(?:mode\s*=\s*)?)(['"])w(\+?)\2""", r"\1\2x\3\2", text)
        return Fix("open it with mode x", (Edit(act.place.location, made),)) if made != text else None
    if act.by == "touch" and len(text.split()) == 2:
        made = f"( set -C; : > {text.split()[1]} ) 2> /dev/null || exit 1"
    elif act.by == ">" and re.match(r"(?:echo|printf)\b", text) and ">" in text:
        made = f"( set -C; {text} ) 2> /dev/null || exit 1"
    else:
        return None
    return Fix("take it in one step", (Edit(act.place.location, made),))
