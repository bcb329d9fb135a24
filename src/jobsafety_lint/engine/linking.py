"""The reduce step: the links of all files to a project, and what its rules find in the given files."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

from jobsafety_lint.config import project_root
from jobsafety_lint.context import Context
from jobsafety_lint.discover import Skipped
from jobsafety_lint.engine.checks import drafts_of, listens, pending_of, rules_for
from jobsafety_lint.engine.mapping import source_of
from jobsafety_lint.engine.tasks import Mapped, Options, Pending, Task
from jobsafety_lint.meaning.project.links import QUIET_ROLES, FileLinks
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.model import Crash, Mark
from jobsafety_lint.source import Source


def link(
    tasks: Sequence[Task], mapped: Mapping[str, Mapped], options: Options
) -> tuple[dict[str, list[Pending]], list[Crash]]:
    """What the rules of the project find, by the path (as shown) of the file that it stands in."""
    by_root: dict[Path, list[Task]] = {}
    for task in tasks:
        by_root.setdefault(project_root(task.item.path.parent, task.settings), []).append(task)
    found: dict[str, list[Pending]] = {}
    crashes: list[Crash] = []
    for root, mine in by_root.items():
        _link_one(root, mine, mapped, options, found, crashes)
    return found, crashes


def _counts(links: FileLinks, given: Mapping[str, Task]) -> bool:
    """Whether a file is part of the project's code: tests and the like only speak for themselves."""
    return links.role not in QUIET_ROLES or links.shown in given


def _link_one(
    root: Path,
    tasks: Sequence[Task],
    mapped: Mapping[str, Mapped],
    options: Options,
    found: dict[str, list[Pending]],
    crashes: list[Crash],
) -> None:
    given = {task.item.shown: task for task in tasks if task.given}
    if not given:
        return
    found_links = (mapped[task.item.shown].links for task in tasks if task.item.shown in mapped)
    files = [links for links in found_links if links is not None and _counts(links, given)]
    first = next(iter(given.values()))
    by_path = {task.item.path.as_posix(): task for task in tasks}

    def read(path: str) -> Source | None:
        task = by_path.get(path)
        source = source_of(task) if task is not None else None
        return None if isinstance(source, Skipped) else source

    files.sort(key=lambda links: links.path)
    project = Project(root, files, first.settings, read)
    context = Context(Source(root.as_posix(), ""), first.settings, "code", ())
    per_file = {shown: rules_for(task.item, task.settings, options) for shown, task in given.items()}
    active = list(
        {
            rule.code: rule for rules in per_file.values() for rule in rules if listens([rule], Project)
        }.values()
    )
    if not active:
        return
    try:
        drafts = drafts_of(active, [project], context, crashes)
    except Exception:  # the files' own findings are still shown
        crashes.append(Crash("engine", root.as_posix(), traceback.format_exc()))
        return
    for draft in drafts:
        mark = draft.place
        assert isinstance(mark, Mark), f"{draft.rule.code}: a project's finding stands at a Mark"
        task = given.get(mark.location.path)
        if task is not None and draft.rule in per_file[mark.location.path]:
            found.setdefault(mark.location.path, []).append(pending_of(draft, mark, task.settings))
