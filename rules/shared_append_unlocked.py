"""JOB108: parallel jobs append multi-part records to one file without a lock."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.appends import ONE_WRITE, is_surely_long, mixes
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.execution import Concurrency
from jobsafety_lint.meaning.files import Append
from jobsafety_lint.meaning.project.links import QUIET_ROLES, AppendLink
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.meaning.project.together import run_at_once
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


@RULE.on(Append)
def unlocked(act: Append, context: Context) -> Iterator[Draft]:
    """An append in concurrent code whose record is more than one write, to a file that the jobs share."""
    parts = mixes(act) if context.role not in {"test", "temporary"} else ""
    reason = _reason(act, context) if parts else None
    if reason is None:
        return
    yield RULE.found(
        act.place,
        f"{parts} to `{act.path_place.text}` without a lock: the records of parallel jobs get mixed ({reason.reason})",
        label="hold a lock on another file (`flock`), or write a file for each job and join them",
        related=((reason.place, reason.reason),) if reason.place is not None else (),
        confidence=Confidence.MEDIUM if is_surely_long(act) else Confidence.LOW,
        subject=act.subject,
    )


@RULE.on(Project)
def in_other_file(project: Project, context: Context) -> Iterator[Draft]:
    """An append in a script or function that another file runs several times at once."""
    for file, append in project.all(AppendLink):
        several = run_at_once(project, file, append.function) if file.role not in QUIET_ROLES else None
        if several is not None:
            yield RULE.found(
                append.mark,
                f"{append.parts} to `{append.code}` without a lock: the records of parallel jobs get mixed ({several.reason})",
                label="hold a lock on another file (`flock`), or write a file for each job and join them",
                related=((several.mark, several.reason),),
                confidence=Confidence.MEDIUM if append.long else Confidence.LOW,
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
        if command.name in ONE_WRITE or any(
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
