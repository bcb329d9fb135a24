"""JOB705: the tree or environment that running jobs use is replaced."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Pipe
from jobsafety_lint.meaning.deployment import (
    Change,
    asks,
    change_of,
    directory_of_job,
    excludes,
    looks,
    same_host,
    same_tree,
)
from jobsafety_lint.meaning.rows import Row, Step
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB705",
    "pull-under-running-jobs",
    "the tree or environment that running jobs use is replaced",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("AP-5",),
)


@RULE.on(Row)
def replaced(row: Row, context: Context) -> Iterator[Draft]:
    """A tree from which the same script has queued jobs is replaced before they have ended."""
    if context.role in {"test", "docs"}:
        return
    jobs = {at: step for at, step in enumerate(row.steps) if isinstance(step, Step) and _runs_later(step)}
    if not jobs:
        return
    waits = [at for at, look in looks(row, context.all(Pipe)).items() if look.decides]
    waits += [at for at, step in enumerate(row.steps) if asks(step)]
    for at, step in enumerate(row.steps):
        change = change_of(step) if isinstance(step, Step) else None
        if change is None or change.what == "queue":
            continue
        earlier = [
            job
            for begun, job in jobs.items()
            if begun < at
            and not any(begun < wait < at for wait in waits)
            and not excludes(job, change.step)
            and _uses(change, job)
        ]
        again = [job for begun, job in jobs.items() if begun > at and _next_round(change, job, row, waits)]
        if earlier:
            yield _finding(change, earlier[-1], f"`{change.short}` replaces the code of a job that has been queued just before")
        elif again:
            yield _finding(change, again[0], f"the next round's `{change.short}` replaces the code of a job that this round has queued")


def _runs_later(step: Step) -> bool:
    launch = step.launch
    if launch is None or step.execution.queue is not None or launch.call.has("-s", "--stashed"):
        return False
    where = directory_of_job(step)
    return where is None or not where.is_unique


def _uses(change: Change, job: Step) -> bool:
    return same_host(change.host, job.execution.host) and same_tree(change.directory, directory_of_job(job))


def _next_round(change: Change, job: Step, row: Row, waits: list[int]) -> bool:
    """Whether a loop around both comes back to the change with the job still queued, in one and the same tree."""
    loops = [loop for loop in change.step.execution.loops if loop in job.execution.loops]
    if not loops or not _uses(change, job) or excludes(change.step, job):
        return False
    where = change.directory
    if where is not None and any(hole.text.strip("${}") in loops[-1].variables or hole.names & set(loops[-1].variables) for hole in where.holes):
        return False
    return not any(_inside(row.steps[at], loops[-1]) for at in waits)


def _inside(step: object, loop: object) -> bool:
    return not isinstance(step, Step) or loop in step.execution.loops


def _finding(change: Change, job: Step, message: str) -> Draft:
    return RULE.found(
        change.step.place,
        message,
        label="wait for the jobs, or give each version a worktree of its own",
        related=((job.place, "the job runs from this tree"),),
        data={"what": change.what},
    )
