"""JOB607: a bare `load_dotenv()` in code whose job relies on the working directory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.environment import DotenvLoad
from jobsafety_lint.meaning.neighbours import (
    PythonProject,
    folder_of,
    line_place,
    python_project,
    starters,
    top_of,
)
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB607",
    "dotenv-directory-assumed",
    "bare `load_dotenv()` in code whose job relies on `cd`",
    Severity.INFO,
    Confidence.MEDIUM,
    references=("AP-16",),
)


@RULE.on(DotenvLoad)
def load(call: DotenvLoad, context: Context) -> Iterator[Draft]:
    """A load that does not say which file, in a module that is started by name."""
    folder = folder_of(context.file)
    if call.given or folder is None or context.role == "test":
        return
    names = _started_as(context)
    if not names:
        return
    start = _relies_on_directory(context, names)
    yield RULE.found(
        call.place,
        "`load_dotenv()` looks for `.env` beside this module and above it, not in the directory that the job is started in",
        label="say which: `load_dotenv(find_dotenv(usecwd=True))`, or a path",
        related=((start, "the job's directory is set here"),) if start is not None else (),
        confidence=None if start is not None else Confidence.LOW,
    )


def _started_as(context: Context) -> list[str]:
    """The names that this module is started by: console scripts, and `-m` with its dotted name."""
    project = python_project(context.file)
    folder = folder_of(context.file)
    if project is None or folder is None:
        return []
    module = _module(context, project)
    if not module:
        return []
    package = module.partition(".")[0]
    scripts = [
        name
        for name, target in project.scripts.items()
        if target.partition(":")[0].partition(".")[0] == package
    ]
    return [*scripts, *([f"-m {module.removesuffix('.__main__')}"] if "." in module else [])]


def _module(context: Context, project: PythonProject) -> str:
    """The dotted name of the module, if it is part of a package of the project."""
    folder = folder_of(context.file)
    if folder is None:
        return ""
    try:
        parts = list((folder / context.file.path.rpartition("/")[2]).relative_to(project.folder).parts)
    except ValueError:
        return ""
    if parts[:1] == ["src"]:
        parts = parts[1:]
    dotted = ".".join(parts).removesuffix(".py").removesuffix(".__init__")
    return (
        dotted
        if len(parts) > 1
        else dotted
        if any(t.startswith(f"{dotted}:") for t in project.scripts.values())
        else ""
    )


def _relies_on_directory(context: Context, names: list[str]) -> Place | None:
    """Where a job of this project is started by one of these names, after `cd` or with a working directory."""
    folder = folder_of(context.file)
    if folder is None:
        return None
    any_name = "|".join(re.escape(name) for name in names)
    line = re.compile(
        rf"(?:^|[\s;'\"(])(?:cd\s+\S+|WorkingDirectory=|-w\s+\S+|--working-directory[= ]).*?(?:^|[\s/;&'\"])(?:{any_name})(?=[\s'\";&)]|$)",
        re.MULTILINE,
    )
    across = re.compile(
        rf"^\s*(?:cd\s+\S+|WorkingDirectory=\S+)[^\n]*\n(?:[^\n]*\n)*?[^\n#]*(?:^|[\s/=;&'\"])(?:{any_name})(?=[\s'\";&)]|$)",
        re.MULTILINE,
    )
    for source in starters(top_of(folder)):
        place = line_place(source, line) or line_place(source, across)
        if place is not None:
            first = place.text.partition("\n")[0]
            return Place(source, type(place.span)(place.span.start, place.span.start + len(first)))
    return None
