"""JOB701: a host's code or queue is changed, and nothing has looked at what is running."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Sequence
from jobsafety_lint.meaning.queue import parse
from jobsafety_lint.meaning.queue_flow import flow_of
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB701",
    "deploy-without-audit",
    "code or queue of a host is changed with no look at what is running that decides anything",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("AP-1",),
    silent_where=("JOB704", "JOB705"),
)

_FIRST_TIME = re.compile(r"setup|bootstrap|provision|install|init(?!d)", re.IGNORECASE)
_QUEUE_CHANGES = frozenset({"kill", "reset", "remove", "restart", "clean"})
_STARTS = frozenset({"add", "restart", "start", "enqueue"})


@RULE.on(Sequence)
def deployment(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """A script or task that changes what jobs run on, then queues jobs."""
    if _FIRST_TIME.search(sequence.title.rpartition("/")[2]) or context.role in {"test", "docs"}:
        return
    change: Command | None = None
    looked = False
    looks = {id(look.command): look for look in flow_of(sequence, context).looks}
    for command in sequence.commands:
        look = looks.get(id(command))
        if look is not None:
            looked = True
            if look.is_audit:
                return
        elif _asks(command):
            return
        elif change is None and _changes_code(command):
            change = command
        elif change is not None and _subcommand(command, context) in _STARTS and not command.execution.queue:
            unread = "" if not looked else ": `pueue status` is called, but nothing depends on what it says"
            yield RULE.found(
                change.place,
                f"`{_short(change)}` changes what queued jobs run on, and nothing has looked at what is running{unread}",
                label="look at `pueue status --json` first, and stop if jobs are running or queued",
                related=((command.place, "jobs are started again here"),),
            )
            return


def _short(command: Command) -> str:
    text = " ".join(command.place.text.split())
    return text if len(text) <= 60 else text[:59] + "…"


def _subcommand(command: Command, context: Context) -> str:
    call = parse(command, context.settings.pueue_version)
    return call.subcommand if call else ""


def _asks(command: Command) -> bool:
    """A question to a person."""
    return (command.name == "read" and "-p" in command.words) or command.name in {"whiptail", "dialog", "gum"}


def _changes_code(command: Command) -> bool:
    words = [word or "" for word in command.words]
    if command.execution.queue:
        return False
    match command.name:
        case "git":
            verbs = [word for word in words if not word.startswith("-")]
            return ("reset" in verbs and "--hard" in words) or "pull" in verbs
        case "rsync" | "scp":
            target = command.args[-1].pattern.literal if command.args else ""
            return ":" in target and not target.startswith(("/", "."))
        case "uv":
            return words[:1] == ["sync"] or words[:2] == ["pip", "install"]
        case "pip" | "pip3":
            return words[:1] == ["install"]
        case "systemctl":
            return "restart" in words and any("pueue" in word for word in words)
        case "pueue":
            call = parse(command)
            return call is not None and call.subcommand in {"kill", "reset"} and (not call.ids)
    return False
