"""Which jobs start with an environment that lacks what they need: asked of the whole project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from jobsafety_lint.meaning.project.links import BareRunLink, FileLinks, NeedLink, VariableLink
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.model import Mark


@dataclass(frozen=True)
class MissingVariables:
    """A run of `script` that does not get variables which only mise defines: each with where it is read and defined."""

    run: BareRunLink
    script: FileLinks
    variables: tuple[tuple[str, Mark, Mark], ...]


def missing_variables(project: Project) -> Iterator[MissingVariables]:
    """The scripts that cron, units and ssh start without the variables of mise that they need."""
    defined = [(file, link) for file, link in project.all(VariableLink) if link.host == "mise"]
    if not defined:
        return
    for file, run in project.all(BareRunLink):
        script = script_of(project, run.script, file) if file.role != "test" else None
        if script is None:
            continue
        missing = []
        for need in script.all(NeedLink):
            where = [link for mise, link in defined if link.name == need.name and _counts_for(mise, script)]
            if where and need.name not in run.given:
                missing.append((need.name, need.mark, where[0].mark))
        if missing:
            yield MissingVariables(run, script, tuple(missing))


def script_of(project: Project, written: str, submitter: FileLinks) -> FileLinks | None:
    """The file of the project that a path means, on this machine or another: `/srv/lake/jobs/a.py` is `jobs/a.py`.

    Where the path is absolute, two of its last components must agree, or the root's name and the last one.
    """
    by_path = {file.path: file for file in project.files}
    parts = [part for part in written.split("/") if part not in {"", ".", "~"}]
    if not parts or ".." in parts or "\0" in written:
        return None
    if not written.startswith(("/", "~")):
        beside = PurePosixPath(submitter.path).parent.joinpath(*parts).as_posix()
        return by_path.get(project.root.joinpath(*parts).as_posix()) or by_path.get(beside)
    if written in by_path:
        return by_path[written]
    for first in range(len(parts)):
        found = by_path.get(project.root.joinpath(*parts[first:]).as_posix())
        if found is not None:
            same_root = first > 0 and parts[first - 1] == project.root.name
            return found if len(parts) - first > 1 or same_root else None
    return None


def _counts_for(mise: FileLinks, script: FileLinks) -> bool:
    """Whether a mise file counts in the folder of a script."""
    folder = PurePosixPath(mise.path).parent
    while folder.name in {".mise", "mise", ".config", "conf.d"}:
        folder = folder.parent
    return folder in PurePosixPath(script.path).parents
