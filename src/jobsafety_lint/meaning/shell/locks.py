"""Locks that a shell holds: `flock` on a descriptor or a file, `mkdir` on a lock folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.files import Create, Lock
from jobsafety_lint.meaning.shell.sourcing import OWN_SCRIPT
from jobsafety_lint.meaning.shell.state import State
from jobsafety_lint.meaning.wrappers import peel
from jobsafety_lint.readers.shell import tree as sh

LOCK_WORDS = frozenset({"lock", "locks", "lockfile", "lockdir", "lck", "flock", "mutex", "semaphore"})
_OPENING = frozenset({">", ">>", "<", "<>", ">|"})
_TAKERS = frozenset({"lockfile", "dotlockfile", "lockfile-create", "shlock", "with-lock-ex"})


def open_descriptors(redirects: Iterable[sh.Redirect], targets: Iterable[Arg | None], state: State) -> None:
    """Remembers which file each descriptor is open on: `exec 9>lock`, `( … ) 9>lock`, `exec {fd}>lock`."""
    for redirect, arg in zip(redirects, targets, strict=True):
        name = redirect.descriptor
        if name is None or arg is None:
            continue
        if redirect.operator in _OPENING:
            state.descriptors[name] = arg
        elif arg.text == "-" and name in state.descriptors:
            del state.descriptors[name]
            state.change(lock=None)


def locks_of(command: Command, state: State) -> Iterator[Lock]:
    """The lock that a `flock` takes; the state holds it from here on if it is on a descriptor."""
    if command.name in _TAKERS:
        state.change(lock=command.place.text)
        return
    if command.name != "flock":
        return
    peeled = peel("flock", command.args)
    if peeled is None or not peeled.operands:
        return
    operand = peeled.operands[0]
    text = operand.text or operand.pattern.literal
    if peeled.has("-u", "--unlock"):
        state.change(lock=None)
        return
    if text.isdigit() or text.startswith("{"):
        state.change(lock=command.place.text)
        opened = state.descriptors.get(text)
        if opened is not None:
            yield Lock(command.place, opened.pattern, opened.place, command.execution, "flock", "shell")
    else:
        yield Lock(command.place, operand.pattern, operand.place, command.execution, "flock", "shell")


def lock_on_itself(ran: Iterable[Command]) -> str | None:
    """The lock under which a script starts itself again in its own place, so that whatever comes behind it holds it (flock(1),
    "EXAMPLES"): `[ "$LOCKED" ] || exec env LOCKED=1 flock -n /run/feed.lock "$0" "$@"`.
    """
    for command in ran:
        if command.name != "flock" or not any(outer.name == "exec" for outer in command.outer):
            continue
        peeled = peel("flock", command.args)
        if peeled is not None and peeled.operands and any(map(_is_own_script, peeled.inner[:2])):
            return peeled.operands[0].place.text
    return None


def _is_own_script(word: Arg) -> bool:
    return OWN_SCRIPT.fullmatch(word.place.text.strip("\"'")) is not None


def keep_created(inner: State, outer: State, facts: Iterable[object]) -> None:
    """Goes on to hold what a subshell has made as a lock: `( set -C; : > job.lock ) || exit`. `facts` are those of the script; a
    lock that is no file of its own (`flock`) ends with the subshell.
    """
    held = inner.execution.lock
    if held is None or held == outer.execution.lock:
        return
    if any(isinstance(fact, Create) and fact.path_place.text == held for fact in facts):
        outer.change(lock=held)


def hold_created(act: Create, state: State, status: str) -> None:
    """A lock folder or file that was made in one step, and whose failure counts, is held until it is deleted."""
    decides = status in {"branch", "exits"}
    if act.exclusive and decides and act.path.words & LOCK_WORDS:
        state.change(lock=act.path_place.text)
