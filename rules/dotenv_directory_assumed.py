"""JOB607: a bare `load_dotenv()` in code whose job relies on the working directory."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.project.links import DirectoryRunLink, DotenvLink
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB607",
    "dotenv-directory-assumed",
    "bare `load_dotenv()` in code whose job relies on `cd`",
    Severity.INFO,
    Confidence.MEDIUM,
    references=("AP-16",),
)


@RULE.on(Project)
def load(project: Project, context: Context) -> Iterator[Draft]:
    """A load that does not say which file, in a package that is started by name in a directory chosen for it."""
    calls = [(file, call) for file, call in project.all(DotenvLink) if file.role != "test"]
    if not calls:
        return
    starts = [(run, place) for _, run in project.all(DirectoryRunLink) for place in _packages(project, run)]
    for file, call in calls:
        start = next((run for run, place in starts if f"{file.path}/".startswith(place)), None)
        if start is not None:
            yield RULE.found(
                call.mark,
                "`load_dotenv()` looks for `.env` beside this module and above it, not in the directory that the job is started in",
                label="say which: `load_dotenv(find_dotenv(usecwd=True))`, or a path",
                related=((start.mark, "the job is started here, in a directory chosen for it"),),
            )


def _packages(project: Project, run: DirectoryRunLink) -> Iterator[str]:
    """The folders (with a slash behind) of the packages that a run starts: by a console script, or `python -m`."""
    dotted = run.name if run.kind == "module" else project.console_scripts.get(run.name, "").partition(":")[0]
    if not dotted:
        return
    for path in project.modules_named(dotted):
        inside = dotted.count(".") + path.endswith("/__init__.py")
        yield "/".join(path.split("/")[: -inside or None]) + "/"
