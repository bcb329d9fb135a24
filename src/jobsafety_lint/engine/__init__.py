"""From files to a report: map every file, link the project, keep what is to be kept."""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from jobsafety_lint.engine.keeping import keep
from jobsafety_lint.engine.linking import link
from jobsafety_lint.engine.mapping import map_file
from jobsafety_lint.engine.tasks import Mapped, Options, Task
from jobsafety_lint.model import Report, Summary

__all__ = ["Options", "Task", "run"]

_FEW = 24
"""Below this many files, starting processes costs more than it brings."""


def run(tasks: Sequence[Task], options: Options, progress: Callable[[int], None] | None = None) -> Report:
    """Checks the files and puts together the report. `progress` is told how many files are done.

    Tasks that are not `given` are files of the same project: nothing is reported for them, but what they hold counts.
    """
    mapped: dict[str, Mapped] = {}
    for done in _mapped(tasks, options):
        mapped[done.path] = done
        if progress is not None:
            progress(len(mapped))
    linked, crashes = link(tasks, mapped, options)
    given = [task for task in tasks if task.given]
    kept = [keep(task, mapped[task.item.shown], linked.get(task.item.shown, ()), options) for task in given]
    mine = [mapped[task.item.shown] for task in given]
    summary = Summary(
        files=sum(m.read for m in mine),
        suppressed=sum(k.suppressed for k in kept),
        hidden=sum(k.hidden for k in kept),
        unread=sum(m.unread for m in mine),
    )
    findings = sorted((f for k in kept for f in k.findings), key=lambda f: f.sort_key)
    crashes = [*(c for m in mine for c in m.crashes), *crashes]
    return Report(tuple(findings), summary, tuple(crashes), tuple(n for m in mine for n in m.notes))


def _mapped(tasks: Sequence[Task], options: Options) -> Iterator[Mapped]:
    jobs = options.jobs or os.cpu_count() or 1
    if jobs == 1 or len(tasks) < _FEW:
        gc.freeze()
        for task in tasks:
            yield map_file(task, options)
        return
    largest_first = sorted(tasks, key=lambda task: -_size(task.item.path))
    chunk = max(1, min(32, len(tasks) // (jobs * 4)))
    with ProcessPoolExecutor(jobs, initializer=gc.freeze) as pool:
        yield from pool.map(functools.partial(map_file, options=options), largest_first, chunksize=chunk)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
