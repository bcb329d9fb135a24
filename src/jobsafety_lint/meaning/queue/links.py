"""What one file says of the queues of hosts, as plain values: the jobs, how many run at once, what changes their code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from jobsafety_lint.meaning.commands import Condition, Pipe
from jobsafety_lint.meaning.deployment.changes import (
    FIRST_TIME,
    Change,
    asks,
    audited_before,
    change_of,
    directory_of_job,
    looks,
    replaced,
)
from jobsafety_lint.meaning.deployment.rows import Row, Step
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.resources.capacity import needs_of, parallel_settings, scripts_of
from jobsafety_lint.model import Mark
from jobsafety_lint.source import Place

_PUEUE = frozenset({"pueue"})


@dataclass(frozen=True, slots=True)
class JobLink:
    """A job is queued. `host` is None here, `directory` None where it is the caller's; `memory` (bytes) and `cores` are
    what it says that it takes at most, `scripts` the words that may name what it runs. `row` tells the entry points of a
    file apart.
    """

    mark: Mark
    host: PathPattern | None
    directory: PathPattern | None
    groups: tuple[str, ...]
    memory: int | None = None
    cores: float | None = None
    scripts: tuple[str, ...] = ()
    row: int = 0


@dataclass(frozen=True, slots=True)
class ParallelLink:
    """A group runs `count` jobs at once from here on. `row` tells the entry points of a file apart."""

    mark: Mark
    host: PathPattern | None
    group: str
    count: int
    row: int


@dataclass(frozen=True, slots=True)
class ChangeLink:
    """A tree or environment is replaced, and nothing has looked at what runs (see `deployment.Change`)."""

    mark: Mark
    host: PathPattern | None
    directory: PathPattern
    what: str
    short: str
    row: int = 0


def links_of_row(
    row: Row, number: int, pipes: Sequence[Pipe], mark: Callable[[Place], Mark]
) -> Iterator[object]:
    """The links that an entry point gives."""
    for step in row.commands if row.runs(_PUEUE) else ():
        if step.launch is not None:
            yield _job(step, mark, number)
        for setting in parallel_settings(step.call) if step.call else ():
            yield ParallelLink(mark(setting.place), step.execution.host, setting.group, setting.count, number)
    yield from _changes(row, number, pipes, mark)


def _job(step: Step, mark: Callable[[Place], Mark], row: int) -> JobLink:
    assert step.launch is not None
    needs = list(needs_of([step.launch]))
    return JobLink(
        mark(step.place),
        step.execution.host,
        directory_of_job(step),
        tuple(need.group for need in needs),
        needs[0].memory if needs else None,
        needs[0].cores if needs else None,
        tuple(scripts_of(step.launch.commands)),
        row,
    )


def _changes(
    row: Row, number: int, pipes: Sequence[Pipe], mark: Callable[[Place], Mark]
) -> Iterator[ChangeLink]:
    if FIRST_TIME.search(row.title.rpartition("/")[2]) or audited_before(row):
        return
    changes = {at: change for at, step in enumerate(row.steps) if (change := _change_of_known_place(step))}
    if not changes:
        return
    reported = {change.directory for change, _, _ in replaced(row, pipes)}
    seen = looks(row, pipes)
    for at, step in enumerate(row.steps):
        if asks(step) or (at in seen and seen[at].decides):
            return
        change = changes.get(at)
        if change is None or change.directory is None or change.directory in reported:
            continue
        reported.add(change.directory)
        yield ChangeLink(mark(step.place), change.host, change.directory, change.what, change.short, number)


def _change_of_known_place(step: Step | Condition) -> Change | None:
    """The change that a step makes of a tree or environment that it says where to find."""
    change = change_of(step) if isinstance(step, Step) else None
    if change is None or change.what not in {"tree", "environment"}:
        return None
    directory = change.directory
    known = directory is not None and directory.text is not None and directory.is_absolute
    return change if known else None
