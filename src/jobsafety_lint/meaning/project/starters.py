"""What the project says of those who start a script: whether two of it may meet, what is there when it begins.

A script by itself does not show this. Where every start that the project holds says the same, a finding that supposes the
contrary is not shown by default.
"""

from __future__ import annotations

from collections.abc import Mapping

from jobsafety_lint.meaning.project.links import FileLinks, RunLink
from jobsafety_lint.meaning.project.project import Project

COMPANY = "company"
"""A second process of the same script comes to the same files. (Whether another script of the same machine does is not asked.)"""
ABSENCE = "absence"
"""A folder that a script is given is not there when it begins."""
WHY_NOT = {
    COMPANY: "the project starts this script only where no second one of it runs",
    ABSENCE: "whoever starts this script in the project has made the folder before",
}
"""What is said of a finding that supposes it, in words for people."""
_MAX_DEPTH = 3
"""Through how many scripts it is followed who starts one."""


def refuted(project: Project) -> Mapping[str, frozenset[str]]:
    """What is not so of the scripts of a project, by their paths as shown: `COMPANY`, `ABSENCE`."""
    shown = {file.path: file.shown for file in project.files}
    found = {path: _refuted(project, path) for path in project.started if path in shown}
    return {shown[path]: what for path, what in found.items() if what}


def _refuted(project: Project, path: str) -> frozenset[str]:
    runs = project.runs_of(path)
    if any(function for _, _, function in runs):
        return frozenset()  # a part of a package, which others import
    what = set()
    units = {file.path for file, _, _ in runs if file.kind == "unit"}  # two of them may run at once
    if len(units) < 2 and all(_is_alone(project, file, run, 0) for file, run, _ in runs):
        what.add(COMPANY)
    if all(run.made for _, run, _ in runs):
        what.add(ABSENCE)
    return frozenset(what)


def _is_alone(project: Project, starter: FileLinks, run: RunLink, depth: int) -> bool:
    """Whether a start is one of a script that runs alone; also where the script that starts it is started so."""
    if run.together or depth >= _MAX_DEPTH:
        return False
    if (
        run.alone
    ):  # the work of a container may be that of many, on one volume; those start programs more than scripts
        return starter.kind != "dockerfile" or not run.program.endswith(".py")
    above = project.runs_of(starter.path)
    return bool(above) and all(_is_alone(project, file, by, depth + 1) for file, by, _ in above)
