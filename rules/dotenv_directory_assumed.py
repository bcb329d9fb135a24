"""JOB607: a bare `load_dotenv()` in code whose job relies on the working directory."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.links import DirectoryRunLink, DotenvLink, FileLinks
from jobsafety_lint.meaning.project import Project
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
    """A load that does not say which file, in a module of a package that is started by name."""
    for file, call in project.all(DotenvLink):
        names = _names(project, file)
        if file.role == "test" or not names:
            continue
        start = next((run for _, run in project.all(DirectoryRunLink) if (run.kind, run.name) in names), None)
        yield RULE.found(
            call.mark,
            "`load_dotenv()` looks for `.env` beside this module and above it, not in the directory that the job is started in",
            label="say which: `load_dotenv(find_dotenv(usecwd=True))`, or a path",
            related=((start.mark, "the job is started here, in a directory chosen for it"),) if start else (),
            confidence=None if start else Confidence.LOW,
        )


def _names(project: Project, file: FileLinks) -> set[tuple[str, str]]:
    """What starts a module's package by name: console scripts, and `python -m`."""
    dotted = project.dotted(file.path).removeprefix("src.")
    package = dotted.partition(".")[0]
    entries = project.console_scripts.items()
    names = {
        ("command", name) for name, entry in entries if entry.partition(":")[0].partition(".")[0] == package
    }
    if "." in dotted:
        names |= {("module", dotted.removesuffix(".__main__")), ("module", package)}
    return names
