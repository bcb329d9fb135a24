"""JOB108: parallel jobs append multi-part records to one file without a lock."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.execution import Concurrency
from jobsafety_lint.meaning.files import Append
from jobsafety_lint.meaning.shell.pipes import Background
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB108",
    "shared-append-unlocked",
    "parallel jobs append multi-part records to one file without a lock",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-4",),
)

_ONE_WRITE = frozenset(
    {"", "echo", "printf", "logger", "date", "basename", "dirname", "hostname", "pwd", "whoami", "nproc"}
)
"""Commands that print one short text by one write; empty where the printer is not known."""
_SINGLE = frozenset({"write", "print"})


@RULE.on(Append)
def unlocked(act: Append, context: Context) -> Iterator[Draft]:
    """An append in concurrent code whose record is more than one write, to a file that the jobs share."""
    if context.role in {"test", "temporary"} or act.is_locked or act.is_private:
        return
    if act.only_errors:
        return  # stderr is not buffered (setbuf(3)): each message is one write
    reason = _reason(act, context)
    parts = _parts(act)
    if reason is None or not parts or not _is_shared(act):
        return
    yield RULE.found(
        act.place,
        f"{parts} to `{act.path_place.text}` without a lock: the records of parallel jobs get mixed ({reason.reason})",
        label="hold a lock on another file (`flock`), or write a file for each job and join them",
        related=((reason.place, reason.reason),) if reason.place is not None else (),
        subject=act.subject,
    )


def _reason(act: Append, context: Context) -> Concurrency | None:
    """Why several of these run at once: for sibling tasks and single background jobs another one must write here too."""
    others = [a for a in context.all(Append) if a is not act and a.path.parts == act.path.parts]
    for reason in act.execution.concurrency:
        if "sibling" in reason.reason:
            if any(a.place.source is not act.place.source for a in others):
                return reason
        elif "as a job" not in reason.reason or act.execution.loops:
            return reason
    started = list(context.all(Background))
    if act.language == "shell" and (inside := _reason_inside(act, context)) is not None:
        return inside
    if act.execution.background and any(_run_apart(act, other, started) for other in others):
        return Concurrency("several are put in the background", None)
    return None


def _reason_inside(act: Append, context: Context) -> Concurrency | None:
    """Why several processes write through one redirection at once: `xargs -P 8 curl … >> out`, `for …; do x & done >> out`."""
    for command in context.all(Command):
        if command.place.source is not act.place.source or command.place.span not in act.place.span:
            continue
        if command.name in _ONE_WRITE or any(
            operator.startswith((">", "&>")) for operator, _ in command.redirects
        ):
            continue
        for reason in command.execution.concurrency:
            if (
                reason not in act.execution.concurrency
                and "as a job" not in reason.reason
                and "xargs" in reason.reason
            ):
                return reason
        apart = command.execution.background and not act.execution.background
        if apart and len(command.execution.loops) > len(act.execution.loops):
            return Concurrency("several are put in the background", None)
    return None


def _run_apart(act: Append, other: Append, started: list[Background]) -> bool:
    """Whether two appends may belong to two background jobs."""
    if not other.execution.background or act.execution.is_in_other_arm(other.execution):
        return False
    mine, theirs = _jobs(act, started), _jobs(other, started)
    return len({id(job) for job in (*mine, *theirs)}) > 1


def _jobs(act: Append, started: list[Background]) -> list[Background]:
    """The background jobs that an append belongs to: those that it stands in, or that call the function around it."""
    return [
        job
        for job in started
        if (job.place.source is act.place.source and act.place.span in job.place.span)
        or any(
            re.search(rf"(?<![\w-]){re.escape(f)}(?![\w-])", job.place.text) for f in act.execution.functions
        )
    ]


def _parts(act: Append) -> str:
    """What makes a record more than one write, in words; empty if it is one."""
    if act.language == "shell":
        if act.group:
            return "a group of commands appends"
        return f"`{act.content}` appends output of any size" if act.content not in _ONE_WRITE else ""
    if act.content.startswith(("to_", "write_")):
        return f"`{act.content}` appends in pieces"
    writers = [use.by for use in act.uses]
    pieces = [by for by in writers if by not in _SINGLE]
    if pieces:
        return f"`{pieces[0]}` appends in pieces"
    return "several writes append one record" if len(writers) > 1 else ""


def _is_shared(act: Append) -> bool:
    """Whether the name has nothing that tells the jobs apart."""
    if act.language == "python":
        return not act.path.names
    names = act.path.names
    if names & act.execution.loop_variables:
        return False
    own = bool(act.execution.functions) or act.place.source.host is not None  # $1 is not the script's own
    if own and any(name.isdigit() or name in {"@", "*"} for name in names):
        return False
    return "{" not in act.path.literal and not any(
        hole.kind in {"command", "time", "digest"} for hole in act.path.holes
    )
