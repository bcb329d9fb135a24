"""What a run need not find out again: the whole report, the facts and findings of a file, those of the linked project.

A key is made from all that a result depends on; looks at other files are kept with the result and looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from jobsafety_lint import registry
from jobsafety_lint.cache.files import digest_of
from jobsafety_lint.cache.memory import Looks, Memory
from jobsafety_lint.engine.tasks import Linked, Mapped, Options, Task
from jobsafety_lint.meaning.project.answers import Answers
from jobsafety_lint.meaning.project.links import QUIET_ROLES
from jobsafety_lint.model import Report
from jobsafety_lint.surroundings import ANYTHING, Look


def report(tasks: Sequence[Task], options: Options, memory: Memory) -> Report | None:
    """The report of an earlier run of the very same files and options; None if something has changed."""
    if options.diff_base:
        return None
    key = _report_key(tasks, options, memory)
    found = memory.recall([key]).get(key)
    return found[0] if found is not None else None


def keep_report(
    tasks: Sequence[Task], options: Options, memory: Memory, made: Report, looks: Iterable[Look]
) -> None:
    """Remembers a report and all looks that went into it."""
    seen = memory.seen(looks)
    if seen is not None and not made.crashes and not options.diff_base:
        memory.remember(_report_key(tasks, options, memory), made, seen)


def _report_key(tasks: Sequence[Task], options: Options, memory: Memory) -> str:
    asked = repr(
        (
            options.selecting,
            options.pedantic,
            options.min_severity,
            options.baseline,
        )
    )
    files = (
        f"{task.item.shown}:{task.item.kind}:{task.given}:{task.root}:{task.settings.digest}:{_content(task, memory)}"
        for task in tasks
    )
    return digest_of("report", memory.tool, str(Path.cwd()), asked, *files)


def _content(task: Task, memory: Memory) -> str:
    if task.data is not None:
        return digest_of(task.data)
    return memory.files.digest(task.item.path.as_posix())


class Remembers(Protocol):
    """What a run asks for and tells: the cache on disk, or an editor's server that keeps what it knows in memory.

    `looks` are all looks at other files that went into the run.
    """

    looks: set[Look]

    def mapped(self, tasks: Sequence[Task]) -> dict[str, Mapped]:
        """What is known of these files, by path as shown. The run may change what it is given."""

    def keep_mapped(self, task: Task, mapped: Mapped) -> None:
        """Told what has been found out of a file."""

    def linked(self, root: Path, tasks: Sequence[Task]) -> Linked | None:
        """What a project says of all of its files, if nothing has changed."""

    def keep_linked(self, root: Path, tasks: Sequence[Task], found: Linked, looks: set[Look]) -> None:
        """Told what the project says."""

    def answers(self, root: Path, tasks: Sequence[Task]) -> tuple[Answers, frozenset[str]]:
        """What was answered at the last look at the project, and the files that have changed since."""

    def keep_answers(self, root: Path, tasks: Sequence[Task], answers: Answers) -> None:
        """Told the answers."""


class Recollection:
    """The facts of files and the findings of projects, from memory where it has them."""

    def __init__(self, memory: Memory, options: Options) -> None:
        self.memory = memory
        self.looks: set[Look] = set()
        self.keys: dict[str, str] = {}
        """The key of what is known of each file, by its path as shown."""
        self._asked = options.selecting
        self._asked_of_files = digest_of("file", memory.tool, self._asked)
        self._own_rules = frozenset(Look("text", path.as_posix()) for path in registry.own_files())

    def mapped(self, tasks: Sequence[Task]) -> dict[str, Mapped]:
        """What is known of these files, by path as shown. What is known of a file as a whole serves where its links are
        asked for, too.
        """
        wanted = {task.item.shown: self._file_keys(task) for task in tasks}
        known = self.memory.recall(key for keys in wanted.values() for key in keys)
        found: dict[str, Mapped] = {}
        for task in tasks:
            shown = task.item.shown
            for key in wanted[shown]:
                if key in known:
                    mapped, looks = known[key]
                    found[shown] = mapped if task.given else Mapped(shown, links=mapped.links)
                    self._use(shown, key, looks)
                    break
        return found

    def keep_mapped(self, task: Task, mapped: Mapped) -> None:
        """Remembers what has been found out of a file."""
        key = self._file_keys(task)[-1]
        self.keys[task.item.shown] = key
        seen = self.memory.seen(mapped.looks | self._own_rules)
        if seen is None:
            self.looks.add(ANYTHING)
            self.keys[task.item.shown] = ""
        elif not mapped.crashes:
            self.memory.remember(key, replace(mapped, looks=frozenset(), vocabulary=""), seen)
        self.looks |= mapped.looks | self._own_rules

    def _use(self, shown: str, key: str, looks: Looks) -> None:
        self.keys[shown] = key
        self.looks.update(look for look, _ in looks)

    def _file_keys(self, task: Task) -> list[str]:
        """The key of a file as a whole, and, where only links are asked for, of its links."""
        item = task.item
        path = item.path.as_posix()
        parts = (
            task.settings.digest,
            task.root.as_posix(),
            path,
            item.shown,
            item.kind,
            item.dialect,
            task.role,
            _content(task, self.memory),
        )
        whole = digest_of(self._asked_of_files, "\0".join(parts))
        return [whole] if task.given else [whole, digest_of("links", whole, *task.mentions)]

    def linked(self, root: Path, tasks: Sequence[Task]) -> Linked | None:
        """What a project says of all of its files, if nothing has changed."""
        key = self._link_key(root, tasks)
        found = self.memory.recall([key]).get(key) if key else None
        if found is None:
            return None
        self.looks.update(look for look, _ in found[1])
        known: Linked = found[0]
        return known

    def keep_linked(self, root: Path, tasks: Sequence[Task], found: Linked, looks: set[Look]) -> None:
        """Remembers what the project says."""
        self.looks |= looks
        key, seen = self._link_key(root, tasks), self.memory.seen(looks | self._own_rules)
        if key and seen is not None:
            self.memory.remember(key, found, seen)

    def answers(self, root: Path, tasks: Sequence[Task]) -> tuple[Answers, frozenset[str]]:
        """What was answered at the last look at the project, and the files that have changed since. Nothing is known where
        there are other files than then.
        """
        key = self._answers_key(root, tasks)
        found = self.memory.recall([key]).get(key)
        if found is None:
            return Answers(), frozenset()
        before, known = found[0]
        now = self._linked_files(tasks)
        if before.keys() != now.keys():
            return Answers(), frozenset()
        return Answers(known), frozenset(path for path, state in now.items() if before[path] != state)

    def keep_answers(self, root: Path, tasks: Sequence[Task], answers: Answers) -> None:
        """Remembers the answers, for the next look at the project after an edit."""
        value = (self._linked_files(tasks), answers.given)
        self.memory.remember(self._answers_key(root, tasks), value, ())

    def _answers_key(self, root: Path, tasks: Sequence[Task]) -> str:
        settings = sorted({task.settings.digest for task in tasks})
        return digest_of("answers", self.memory.tool, str(root), *settings)

    def _linked_files(self, tasks: Sequence[Task]) -> dict[str, str]:
        """The files of a project with what they come to, without tests and the like: nothing is asked about those."""
        return {
            task.item.path.as_posix(): f"{task.item.shown}:{_content(task, self.memory)}"
            for task in tasks
            if task.role not in QUIET_ROLES
        }

    def _link_key(self, root: Path, tasks: Sequence[Task]) -> str:
        """Empty where the links of a file hold for this run only."""
        parts = []
        for task in tasks:
            shown = task.item.shown
            key = self.keys.get(shown)
            if key == "":
                return ""
            parts.append(f"{shown}:{key}:{_content(task, self.memory)}")
        quiet = (task.item.shown for task in tasks if task.given and task.role in QUIET_ROLES)
        return digest_of(
            "link", self.memory.tool, self._asked, str(root), *sorted(parts), "given", *sorted(quiet)
        )
