"""JOB705: the tree or environment that running jobs use is replaced."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Pipe
from jobsafety_lint.meaning.deployment.changes import replaced, same_tree
from jobsafety_lint.meaning.deployment.rows import Row
from jobsafety_lint.meaning.execution import same_host
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.meaning.queue.links import ChangeLink, JobLink
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

_OTHER_ROLES = frozenset({"test", "docs", "vendored"})
_LABEL = "wait for the jobs, or give each version a worktree of its own"


@RULE.on(Row, of={"pueue"})
def in_one_script(row: Row, context: Context) -> Iterator[Draft]:
    """A tree from which the same script has queued jobs is replaced before they have ended."""
    if context.role in {"test", "docs"}:
        return
    for change, job, next_round in replaced(row, context.all(Pipe)):
        what = "environment" if change.what == "environment" else "code"
        yield RULE.found(
            change.step.place,
            f"the next round's `{change.short}` replaces the {what} of a job that this round has queued"
            if next_round
            else f"`{change.short}` replaces the {what} of a job that has been queued just before",
            label=_LABEL,
            related=((job.place, "the job runs from this tree"),),
            data={"what": change.what},
        )


@RULE.on(Project)
def in_another_script(project: Project, context: Context) -> Iterator[Draft]:
    """A tree is replaced from which another script of the project, or another task of the file, queues jobs, and nothing has
    looked whether some run.
    """
    jobs = [
        (file.path, job)
        for file, job in project.all(JobLink)
        if file.role not in _OTHER_ROLES
        and job.directory
        and job.directory.text
        and job.directory.is_absolute
    ]
    for file, change in project.all(ChangeLink) if jobs else ():
        if file.role in _OTHER_ROLES:
            continue
        fitting = (
            job
            for path, job in jobs
            if (path != file.path or job.row != change.row)
            and same_host(change.host, job.host)
            and same_tree(change.directory, job.directory)
        )
        job = next(fitting, None)
        if job is not None:
            what = "environment" if change.what == "environment" else "code"
            yield RULE.found(
                change.mark,
                f"`{change.short}` replaces the {what} in `{change.directory.template}`, from which jobs are queued, and nothing has looked whether one runs",
                label="look at `pueue status --json` first, and stop if jobs are running or queued",
                related=((job.mark, "jobs of this tree are queued here"),),
                data={"what": change.what},
            )
