"""Whether several of a script or function run at once, as other files tell: jobs of a loop, workers of a pool."""

from __future__ import annotations

from dataclasses import dataclass

from jobsafety_lint.meaning.project.links import FileLinks, RunLink
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.meaning.python.index import CallSite, Module
from jobsafety_lint.model import Mark

_MAX_DEPTH = 3
"""Through how many calls a function is followed to where it is handed to workers."""


@dataclass(frozen=True)
class AtOnce:
    """Why several run at once, in words, and where that is said."""

    reason: str
    mark: Mark


def run_at_once(project: Project, file: FileLinks, function: str) -> AtOnce | None:
    """Why several of a script, or of one of its functions (`function`, empty for the script itself), run at once."""
    run = _run_of_several(project, file.path)
    if run is not None:
        return AtOnce("a loop starts several of this script", run.mark)
    module = project.module(file.path) if function and file.kind == "python" else None
    return _of_function(project, module, function, 0) if module is not None else None


def _run_of_several(project: Project, path: str) -> RunLink | None:
    return next((run for _, run, _ in project.runs_of(path) if run.is_for_several), None)


def _of_function(project: Project, module: Module, function: str, depth: int) -> AtOnce | None:
    if depth >= _MAX_DEPTH or function not in module.definitions:
        return None
    for site in project.callers(module, function):
        if _hands_to_several(site):
            return AtOnce("several workers run it", site.mark)
        run = _run_of_several(project, site.module.path) if site.module is not module else None
        if run is not None:
            return AtOnce("a loop starts several of the script that calls it", run.mark)
        above = site.caller
        if above is not None and above.qualified != function:
            found = _of_function(project, site.module, above.qualified, depth + 1)
            if found is not None:
                return found
    return None


def _hands_to_several(site: CallSite) -> bool:
    """Whether a call hands the function to more than one worker: over a collection, or once a pass of a loop."""
    return site.several and ("**" in site.keywords or bool(site.loops))
