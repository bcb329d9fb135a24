"""JOB109: the file that a lock is held on is deleted or replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.files import Act, Delete, Lock, Replace
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB109",
    "lock-file-removed",
    "the file that a lock is held on is deleted or replaced: two holders on two inodes",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-4",),
)

_VARIABLE = re.compile(r"\"?\$\{?([A-Za-z_]\w*)\}?\"?")
_LOOKS_AT_INODE = re.compile(r"st_ino|fstat\(|stat -c ?['\"]?%i|samestat")
"""Code that compares the inode after it has got the lock knows what it does."""


@RULE.on(Delete, Replace)
def removed(act: Act, context: Context) -> Iterator[Draft]:
    """A delete, or a rename over it, of a file that this file locks somewhere."""
    if context.role in {"test", "temporary"} or act.is_private:
        return
    lock = next((lock for lock in context.all(Lock) if _same_file(lock, act)), None)
    if lock is None or _LOOKS_AT_INODE.search(context.file.text):
        return
    done = (
        "deleted"
        if isinstance(act, Delete) and act.what != "moved"
        else "moved away"
        if isinstance(act, Delete)
        else "replaced"
    )
    yield RULE.found(
        act.place,
        f"`{act.path_place.text}` is {done} while `{lock.by}` locks this very file: who waits for it gets the old file, the next one makes a new one, and both hold a lock",
        label="leave the lock file where it is"
        if isinstance(act, Delete)
        else "lock a file beside it that stays",
        related=((lock.place, "locked here"),),
        subject=act.subject,
    )


def _same_file(lock: Lock, act: Act) -> bool:
    if lock.execution.host != act.execution.host:
        return False
    if lock.path.same_object(act.path):
        return (
            not act.path.holes
            or lock.execution.functions == act.execution.functions
            or (act.language == "shell" and not _are_two_arguments(lock, act))
            or _of_object(act)
        )
    return lock.path.is_file_wide and lock.path.identity == act.path.identity


def _are_two_arguments(lock: Lock, act: Act) -> bool:
    """Whether both are an argument, each of its own function: `$1` here is not `$1` there."""
    if not any(map(str.isdigit, act.path.names)):
        return False
    names = [_VARIABLE.sub(r"\1", fact.path_place.text) for fact in (lock, act)]
    return names[0] != names[1] or not names[0].isidentifier()


def _of_object(act: Act) -> bool:
    """Whether the path is an attribute, which means the same in every method."""
    return act.path_place.text.startswith(("self.", "cls.")) or "self." in act.path_place.text
