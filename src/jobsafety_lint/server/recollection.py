"""What a session keeps in memory, so that a keystroke maps one file and asks only what rests on it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jobsafety_lint import surroundings
from jobsafety_lint.engine import Task
from jobsafety_lint.engine.tasks import Linked, Mapped
from jobsafety_lint.meaning.project.answers import Answers
from jobsafety_lint.meaning.project.links import QUIET_ROLES
from jobsafety_lint.surroundings import Look


class Interrupted(Exception):
    """A run was given up, since there is something newer to do. What was mapped is kept."""


Stop = Callable[[], bool]


@dataclass(frozen=True)
class _Known:
    """What was mapped of a file, in which state of it, and what was looked at for it."""

    task: Task
    mapped: Mapped
    state: object
    looks: tuple[tuple[Look, object], ...]


@dataclass(frozen=True)
class _Answered:
    """What was answered at the last look at a project, and the states of its files at that time."""

    answers: Answers
    files: Mapping[str, object]


@dataclass(eq=False)
class Recollection:
    """The facts of files and the answers of projects, as long as nothing has changed that they were made from.

    `texts` are those of the open documents; other files are in the state in which they were first looked at since
    `files_changed`.
    """

    texts: Mapping[Path, str] = field(default_factory=dict)
    stop: Stop = field(default=lambda: False)
    looks: set[Look] = field(default_factory=set)
    _known: dict[Path, _Known] = field(default_factory=dict)
    _answered: dict[Path, _Answered] = field(default_factory=dict)
    _stamps: dict[Path, object] = field(default_factory=dict)
    _seen: dict[Look, object] = field(default_factory=dict)

    def files_changed(self) -> None:
        """Files may have changed on disk."""
        self._stamps.clear()
        self._seen.clear()

    def to_try(self) -> Recollection:
        """One that knows the same and is thrown away."""
        return replace(
            self, stop=lambda: False, looks=set(), _known=dict(self._known), _answered=dict(self._answered)
        )

    def stamp(self, path: Path) -> object:
        """What tells that a file has changed on disk."""
        if path not in self._stamps:
            try:
                status = path.stat()
                self._stamps[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
            except OSError:
                self._stamps[path] = None
        return self._stamps[path]

    def _state(self, task: Task) -> object:
        return task.data if task.data is not None else self.stamp(task.item.path)

    def _sight(self, look: Look) -> object:
        """What a look at another file sees now."""
        path = Path(look.path)
        if look.what in {"text", "kind"} and path in self.texts:
            return self.texts[path] if look.what == "text" else "file"
        if look.what == "text":
            return self.stamp(path)
        if look not in self._seen:
            seen = surroundings.state(look)
            self._seen[look] = object() if seen is None else seen  # equals itself until files change
        return self._seen[look]

    # --- what a run asks and tells (`engine.remembering.Remembers`) ---------------------------------------------------

    def mapped(self, tasks: Sequence[Task]) -> dict[str, Mapped]:
        """What is known of these files, in copies: a run marks suppressions as used, and adds crashes."""
        found: dict[str, Mapped] = {}
        for task in tasks:
            known = self._known.get(task.item.path)
            if (
                known is not None
                and _serves(known.task, task)
                and known.state == self._state(task)
                and all(self._sight(look) == sight for look, sight in known.looks)
            ):
                found[task.item.shown] = _copy(known.mapped)
        return found

    def keep_mapped(self, task: Task, mapped: Mapped) -> None:
        """Keeps what has been found out of a file.

        Raises:
            Interrupted: the run is outdated.
        """
        looks = tuple((look, self._sight(look)) for look in mapped.looks)
        self._known[task.item.path] = _Known(task, _copy(mapped), self._state(task), looks)
        if self.stop():
            raise Interrupted

    def linked(self, root: Path, tasks: Sequence[Task]) -> None:
        """Nothing: the rules of the project run again, with the answers that hold."""

    def keep_linked(self, root: Path, tasks: Sequence[Task], found: Linked, looks: set[Look]) -> None:
        """Keeps nothing."""

    def answers(self, root: Path, tasks: Sequence[Task]) -> tuple[Answers, frozenset[str]]:
        """What was answered at the last look at the project, and the files that have changed since. Nothing is known where
        there are other files than then.
        """
        before, now = self._answered.get(root), self._files(tasks)
        if before is None or before.files.keys() != now.keys():
            return Answers(), frozenset()
        changed = frozenset(path for path, state in now.items() if before.files[path] != state)
        return Answers(before.answers.given), changed

    def keep_answers(self, root: Path, tasks: Sequence[Task], answers: Answers) -> None:
        """Keeps the answers for the next look at the project."""
        self._answered[root] = _Answered(answers, self._files(tasks))

    def _files(self, tasks: Sequence[Task]) -> dict[str, object]:
        return {
            task.item.path.as_posix(): self._state(task) for task in tasks if task.role not in QUIET_ROLES
        }


def _serves(known: Task, wanted: Task) -> bool:
    """Whether what was mapped for one task is enough for another of the same file."""
    if known.item != wanted.item:
        return False
    return known.given or (not wanted.given and set(wanted.mentions) <= set(known.mentions))


def _copy(mapped: Mapped) -> Mapped:
    suppressions = [replace(one, used=set()) for one in mapped.suppressions]
    return replace(mapped, suppressions=suppressions, crashes=list(mapped.crashes))
