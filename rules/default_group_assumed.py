"""JOB321: a call without id or group means the default group, in a file whose jobs are in named groups."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.queue.flow import (
    has_unknown_words,
    named_groups,
    on_one_host,
    option_value,
)
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB321",
    "default-group-assumed",
    "kill, pause, start, wait or parallel without id or group where named groups are in use",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-8",),
)

_DOES = {
    "kill": "kills only tasks of",
    "pause": "pauses only",
    "start": "starts only",
    "wait": "waits only for",
    "enqueue": "enqueues only stashed tasks of",
    "parallel": "sets the slots of",
}


@RULE.on(QueueCommand)
def bare(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """Calls that leave out whom they mean."""
    if call.subcommand not in _DOES or context.role in {"test", "docs"} or not _is_bare(call):
        return
    others = [other for other in context.all(QueueCommand) if on_one_host(other, call)]
    if any(other.subcommand == "add" and _uses_default(other) for other in others):
        return
    groups = named_groups(others)
    if not groups:
        return
    names = ", ".join(f"`{name}`" for name in groups)
    yield RULE.found(
        call.place,
        f"`pueue {call.subcommand}` without a group {_DOES[call.subcommand]} the group `default`, but the jobs here are in {names}",
        label="name the group (`--group`), or `--all`"
        if call.subcommand != "parallel"
        else "name the group (`--group`)",
        related=((next(iter(groups.values())).place, "a named group is used here"),),
        subject=call.place,
    )


def _is_bare(call: QueueCommand) -> bool:
    if call.has("-g", "--group", "-a", "--all") or has_unknown_words(call):
        return False
    if call.subcommand == "parallel":
        return len(call.rest) == 1
    return not call.ids


def _uses_default(call: QueueCommand) -> bool:
    if has_unknown_words(call):
        return True
    group = option_value(call, "-g", "--group")
    return group is None or group.text == "default"
