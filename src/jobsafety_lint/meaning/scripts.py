"""Scripts, and those among them that are file tasks of mise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from jobsafety_lint.meaning.execution import Execution, Setting
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.shell.interpreter import Interpreter
from jobsafety_lint.mise_config import TASK_FOLDERS, scope_of
from jobsafety_lint.model import Span
from jobsafety_lint.source import Hole, Place, Source, SourceFile

if TYPE_CHECKING:
    from jobsafety_lint.readers.hosts.mise import FileTask

_FILLED_IN = re.compile(
    r"\$\{\{.*?\}\}|\{\{.*?\}\}|\{%.*?%\}|\$\[\[.*?\]\]|\$\{[^}]*\}|\$\w+|\$\([^)]*\)", re.DOTALL
)


def script_task(source: Source, path: Path) -> str | None:
    """The name of the task of mise that a script is; None if it is none."""
    task = _file_task(source, path)
    return task.name if task is not None else None


def _file_task(source: Source, path: Path | None) -> FileTask | None:
    """The task of mise that a script is: one in a folder that an `includes` names has `#MISE` lines, or is none here."""
    shown = (path or Path(source.path)).as_posix()
    if "MISE" not in source.text and not any(f"{folder}/" in shown for folder in TASK_FOLDERS):
        return None
    from jobsafety_lint.readers.hosts import mise  # most scripts are none

    return mise.file_task(source, path, scope_of(path) if path is not None else None)


def run_script(source: Source, execution: Execution, interpreter: Interpreter) -> None:
    """Reads a shell script; one that is a file task of mise in the task's directory and with its variables."""
    task = _file_task(source, path_of(source))
    if task is None:
        interpreter.program(source, execution)
        return
    place = Place(source, Span(0, 0))
    settings = tuple(
        Setting(name, filled_in(value), place, "configuration") for name, value in task.environment.items()
    )
    cwd = filled_in(task.directory) if task.directory else None
    here = execution.but(cwd=cwd, environment=(*execution.environment, *settings))
    interpreter.program(source, here, kind="task", title=f"tasks.{task.name}")


def filled_in(text: str) -> PathPattern:
    """A value of a configuration file, its templates and variables as holes."""
    parts: list[str | Hole] = []
    done = 0
    for match in _FILLED_IN.finditer(text):
        names = frozenset(re.findall(r"[A-Za-z_][\w.]*", match.group()))
        parts += [text[done : match.start()], Hole(match.group(), names, "template")]
        done = match.end()
    return PathPattern.of(*parts, text[done:])


def path_of(source: Source) -> Path | None:
    """Where a file lies; None for a text that is nowhere."""
    known = isinstance(source, SourceFile) and source.location_on_disk.name
    return source.location_on_disk.absolute() if known and isinstance(source, SourceFile) else None
