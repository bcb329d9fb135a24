"""From files to a report. What a run is made of comes at once, the readers and meanings when something is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jobsafety_lint.cache.memory import Memory
from jobsafety_lint.engine.tasks import Options, Task
from jobsafety_lint.model import Report

__all__ = ["Options", "Report", "Task", "run"]


def run(
    tasks: Sequence[Task],
    options: Options,
    progress: Callable[[int], None] | None = None,
    memory: Memory | None = None,
) -> Report:
    """Checks the files and puts together the report; see `running.run`. What `memory` knows is not found out again.

    Raises:
        UsageError: `diff_base` is asked for and git cannot tell what was changed.
    """
    from jobsafety_lint.engine import remembering

    if memory is not None:
        memory.files.look_again()  # another run of this process may have fixed some
    known = remembering.report(tasks, options, memory) if memory is not None else None
    if known is not None:
        return known
    from jobsafety_lint.engine import running

    return running.run(tasks, options, progress, memory)
