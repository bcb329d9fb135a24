"""Reads what a task is about: the only step of a run that opens the files that are checked."""

from __future__ import annotations

from jobsafety_lint import discover
from jobsafety_lint.discover import Skipped
from jobsafety_lint.engine.tasks import Task
from jobsafety_lint.source import SourceFile


def source_of(task: Task) -> SourceFile | Skipped:
    """The text of a task's file, or why it is not read."""
    item = task.item
    if task.data is not None:
        return discover.decode(task.data, item.path, item.shown)
    return discover.read(item.path, item.shown, task.settings.max_file_size)
