"""A run: map every file, link the project, keep what is to be kept."""

from __future__ import annotations

import gc
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from jobsafety_lint import registry
from jobsafety_lint.cache.memory import Memory
from jobsafety_lint.engine.accepting import without_accepted
from jobsafety_lint.engine.changes import changed_lines
from jobsafety_lint.engine.keeping import keep, shown
from jobsafety_lint.engine.linking import link
from jobsafety_lint.engine.remembering import Recollection, Remembers, keep_report
from jobsafety_lint.engine.tasks import Mapped, Options, Task
from jobsafety_lint.meaning.project.links import QUIET_ROLES, GlobLink, SqlLink, TildeLink
from jobsafety_lint.model import Report, Summary

_FEW = 24
"""Below this many files, starting processes costs more than it brings."""


def run(
    tasks: Sequence[Task],
    options: Options,
    progress: Callable[[int], None] | None = None,
    memory: Memory | None = None,
    recollection: Remembers | None = None,
) -> Report:
    """Checks the files and puts together the report. `progress` is told how many files are done. A process that lives on
    may bring a `recollection` of its own in place of a `memory`.

    Tasks that are not `given` are files of the same project: nothing is reported for them, but what they hold counts.

    Raises:
        UsageError: `diff_base` is asked for and git cannot tell what was changed.
    """
    registry.use(options.rules_dirs)
    lives_on = recollection is not None
    if memory is not None:
        recollection = Recollection(memory, options)
    if not lives_on:  # what is garbage at this time would stay for ever
        _collect_seldom()
    given = [task for task in tasks if task.given]
    lines = changed_lines(tasks, options.diff_base) if options.diff_base else None
    mapped = map_all(tasks, options, recollection, progress)
    linked, crashes = link(tasks, mapped, options, recollection)
    kept = [keep(task, mapped[task.item.shown], linked, options) for task in given]
    mine = [mapped[task.item.shown] for task in given]
    kept, baseline = without_accepted(given, mine, kept, options)
    if lines is not None:
        kept = [replace(k, findings=[f for f in k.findings if lines.hold(f)]) for k in kept]
    kept = [shown(task, k, options) for task, k in zip(given, kept, strict=True)]
    summary = Summary(
        files=sum(m.read for m in mine),
        suppressed=sum(k.suppressed for k in kept),
        baselined=sum(k.baselined for k in kept),
        hidden=sum(k.hidden for k in kept),
        unread=sum(m.unread for m in mine),
    )
    findings = sorted((f for k in kept for f in k.findings), key=lambda f: f.sort_key)
    crashes = [*(c for m in mine for c in m.crashes), *crashes]
    notes = tuple(note for m in mine for note in m.notes)
    made = Report(tuple(findings), summary, tuple(crashes), notes, baseline)
    if memory is not None and recollection is not None:
        keep_report(tasks, options, memory, made, recollection.looks)
    return made


def map_all(
    tasks: Sequence[Task],
    options: Options,
    recollection: Remembers | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Mapped]:
    """Every file by itself, by its path as shown: the given ones, then what the others may have to do with them."""
    mapped: dict[str, Mapped] = {}

    def read(some: Sequence[Task]) -> None:
        known = recollection.mapped(some) if recollection is not None else {}
        mapped.update(known)
        new = {task.item.shown: task for task in some if task.item.shown not in known}
        for done in _mapped(list(new.values()), options):
            mapped[done.path] = done
            if recollection is not None:
                recollection.keep_mapped(new[done.path], done)
            if progress is not None:
                progress(len(mapped))

    read([task for task in tasks if task.given])
    read(_others(tasks, mapped))
    return mapped


_MENTIONS = ("pueue", "subprocess", "os.system", "environ", "getenv", "load_dotenv", "Popen")
"""A Python file that holds none of these runs nothing and reads no variable."""
_ANSWERS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (GlobLink, ("{", "format", "%", "join")),
    (TildeLink, ("expanduser",)),
    (SqlLink, ("lickhouse", "MergeTree", "INSERT", ".insert")),
)
"""What links of a given file ask of other files, and the words of which a Python file holds one that may answer: how names
are built, for a glob; what expands a tilde, for an option with one; how a table is made and written, for a query.
"""


def _others(tasks: Sequence[Task], mapped: dict[str, Mapped]) -> list[Task]:
    """The files of the project that were not given and may have to do with those that were."""
    known = [m.links for m in mapped.values() if m.links is not None]
    asked = [words for kind, words in _ANSWERS if any(any(links.all(kind)) for links in known)]
    mentions = (*_MENTIONS, *itertools.chain.from_iterable(asked))
    return [
        replace(task, mentions=mentions) for task in tasks if not task.given and task.role not in QUIET_ROLES
    ]


def _mapped(tasks: Sequence[Task], options: Options) -> Iterator[Mapped]:
    if not tasks:
        return
    from jobsafety_lint.engine.mapping import map_file  # the readers: not needed where all is known

    options = replace(options, baseline=())  # what is let pass is no matter of the processes that read
    jobs = options.jobs or os.cpu_count() or 1
    if jobs == 1 or len(tasks) < _FEW:
        for task in tasks:
            yield map_file(task, options)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(jobs, initializer=_collect_seldom) as pool:
        hands = [pool.submit(_map_some, hand, options) for hand in _dealt(tasks, jobs)]
        for hand in hands:
            yield from hand.result()


def _dealt(tasks: Sequence[Task], jobs: int) -> list[list[Task]]:
    """The tasks in hands of about the same size in bytes, the largest file of each hand first."""
    largest_first = sorted(tasks, key=lambda task: -_size(task.item.path))
    hands = max(jobs * 4, len(tasks) // 32)
    return [hand for at in range(hands) if (hand := largest_first[at::hands])]


def _map_some(tasks: Sequence[Task], options: Options) -> list[Mapped]:
    from jobsafety_lint.engine.mapping import map_file

    return [map_file(task, options) for task in tasks]


def _collect_seldom() -> None:
    """Trees die by their reference counts; looking for circles in them all the time doubles what a parse costs."""
    gc.freeze()
    gc.set_threshold(1_000_000, 20, 100)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
