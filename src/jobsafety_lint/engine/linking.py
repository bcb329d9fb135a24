"""The reduce step: the links of all files to a project, and what its rules find in the given files."""

from __future__ import annotations

import traceback
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from jobsafety_lint import surroundings
from jobsafety_lint.context import Context
from jobsafety_lint.discover import Skipped
from jobsafety_lint.engine.checks import drafts_of, listens, pending_of, rules_for, selected_rules
from jobsafety_lint.engine.remembering import Remembers
from jobsafety_lint.engine.sources import source_of
from jobsafety_lint.engine.tasks import Linked, Mapped, Options, Pending, Task
from jobsafety_lint.meaning.project.answers import Answers
from jobsafety_lint.meaning.project.links import QUIET_ROLES, FileLinks
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.meaning.project.starters import refuted
from jobsafety_lint.model import Crash, Mark
from jobsafety_lint.source import Source


def link(
    tasks: Sequence[Task],
    mapped: Mapping[str, Mapped],
    options: Options,
    recollection: Remembers | None = None,
) -> tuple[Linked, list[Crash]]:
    """What the projects of the given files say of them."""
    by_root: dict[Path, list[Task]] = {}
    for task in tasks:
        by_root.setdefault(task.root, []).append(task)
    found: dict[str, list[Pending]] = {}
    untrue: dict[str, frozenset[str]] = {}
    crashes: list[Crash] = []
    for root, mine in by_root.items():
        given = [task for task in mine if task.given]
        if not given:
            continue
        everything = recollection.linked(root, mine) if recollection is not None else None
        if everything is None:
            everything = _find(root, mine, mapped, options, recollection, crashes)
        untrue |= everything.refuted
        for task in given:
            pending = everything.pending.get(task.item.shown)
            if pending:
                codes = {rule.code for rule in rules_for(task.item, task.settings, options)}
                found[task.item.shown] = [one for one in pending if one.finding.code in codes]
    return Linked(found, untrue), crashes


def _find(
    root: Path,
    tasks: Sequence[Task],
    mapped: Mapping[str, Mapped],
    options: Options,
    recollection: Remembers | None,
    crashes: list[Crash],
) -> Linked:
    """What a project says of all of its files, remembered if nothing went wrong."""
    before = len(crashes)
    with surroundings.noted() as looks:
        try:
            answers, changed = (
                recollection.answers(root, tasks) if recollection is not None else (Answers(), frozenset())
            )
            found = _find_all(root, tasks, mapped, options, crashes, answers, changed)
        except Exception:  # the files' own findings are still shown
            crashes.append(Crash("engine", root.as_posix(), traceback.format_exc()))
            return Linked()
    if recollection is not None and len(crashes) == before:
        recollection.keep_linked(root, tasks, found, looks)
        recollection.keep_answers(root, tasks, answers)
    return found


def _find_all(
    root: Path,
    tasks: Sequence[Task],
    mapped: Mapping[str, Mapped],
    options: Options,
    crashes: list[Crash],
    answers: Answers,
    changed: frozenset[str],
) -> Linked:
    by_shown = {task.item.shown: task for task in tasks}
    settings = {task.settings.digest: task.settings for task in tasks}  # a few for thousands of files
    selected = [rule for one in settings.values() for rule in selected_rules(one, options)]
    active = {rule.code: rule for rule in selected if listens([rule], Project)}
    project = project_of(root, tasks, mapped, answers, changed)
    context = Context(Source(root.as_posix(), ""), project.settings, "code", ())
    found: dict[str, list[Pending]] = {}
    for draft in drafts_of(list(active.values()), [project], context, crashes):
        mark = draft.place
        assert isinstance(mark, Mark), f"{draft.rule.code}: a project's finding stands at a Mark"
        task = by_shown.get(mark.location.path)
        if task is not None:
            found.setdefault(mark.location.path, []).append(pending_of(draft, mark, task.settings))
    return Linked(found, refuted(project))


def project_of(
    root: Path,
    tasks: Sequence[Task],
    mapped: Mapping[str, Mapped],
    answers: Answers,
    changed: frozenset[str] = frozenset(),
) -> Project:
    """The project whose files have been mapped; some of the tasks are `given`."""
    given = {task.item.shown for task in tasks if task.given}
    found_links = (mapped[task.item.shown].links for task in tasks if task.item.shown in mapped)
    files = [links for links in found_links if links is not None and _counts(links, given)]
    files.sort(key=lambda links: links.path)
    by_path = {task.item.path.as_posix(): task for task in tasks}

    def read(path: str) -> Source | None:
        task = by_path.get(path)
        source = source_of(task) if task is not None else None
        return None if isinstance(source, Skipped) else source

    settings = next(task.settings for task in tasks if task.given)
    words = {links.path: one.vocabulary for one in mapped.values() if one.vocabulary and (links := one.links)}
    return Project(root, files, settings, read, answers, changed, words)


def _counts(links: FileLinks, given: Collection[str]) -> bool:
    """Whether a file is part of the project's code: tests and the like only speak for themselves."""
    return links.role not in QUIET_ROLES or links.shown in given
