"""JOB605: a job that cron, a unit or ssh starts reads a variable that only mise defines."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.environment.bare import missing_variables
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB605",
    "daemon-job-needs-mise-env",
    "a variable that only mise defines is read by a job started from cron, a unit or bare ssh",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("AP-16", "G-15"),
)


@RULE.on(Project)
def job(project: Project, context: Context) -> Iterator[Draft]:
    """A script of this project, started with a bare environment."""
    for found in missing_variables(project):
        names = [name for name, _, _ in found.variables]
        listed = ", ".join(f"`{name}`" for name in names)
        first, read, defined = found.variables[0]
        script = found.script.shown.rpartition("/")[2]
        yield RULE.found(
            found.run.mark,
            f"`{script}` reads {listed}, which only mise defines, and {found.run.starter} starts it without mise",
            label="start it through mise: `mise exec -- …`, `mise run TASK`",
            related=((read, f"`{first}` is read here"), (defined, "mise defines it here")),
            data={"variables": names},
            subject=(script, *names),
        )
