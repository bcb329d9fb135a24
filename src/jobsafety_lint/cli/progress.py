"""A progress bar on a terminal, once the run takes long enough."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_PATIENCE = 1.5
"""Seconds after which it appears."""


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], None] | None]:
    """A function that is told how many of the files are done; None where nobody would see it."""
    if not sys.stderr.isatty():
        yield None
        return
    started = time.monotonic()
    bar: Any = None
    task: Any = None

    def tell(done: int) -> None:
        nonlocal bar, task
        if bar is None:
            if time.monotonic() - started < _PATIENCE:
                return
            from rich.console import Console  # only for runs that take long
            from rich.progress import Progress

            bar = Progress(console=Console(stderr=True), transient=True)
            task = bar.add_task("Checking", total=total)
            bar.start()
        bar.update(task, completed=done)

    try:
        yield tell
    finally:
        if bar is not None:
            bar.stop()
