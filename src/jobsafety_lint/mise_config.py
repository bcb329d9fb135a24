"""Where mise looks for tasks: what `[task_config]` of a config file says of the files around it.

mise's own words: `docs/tasks/task-configuration.md` (`task_config.includes`, `dir`, `shell`) and `docs/tasks/file-tasks.md`.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobsafety_lint.surroundings import Look, note

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TASK_FOLDERS = ("mise-tasks", ".mise-tasks", "mise/tasks", ".mise/tasks", ".config/mise/tasks")
"""The folders that mise looks into where no config file says otherwise."""
CONFIG_FILES = (
    "mise.local.toml", "mise.toml", ".mise.local.toml", ".mise.toml", "mise/config.local.toml", "mise/config.toml",
    ".mise/config.local.toml", ".mise/config.toml", ".config/mise.local.toml", ".config/mise.toml",
    ".config/mise/config.local.toml", ".config/mise/config.toml",
)  # fmt: skip
"""The config files of a folder, those first that win."""
_CONFIG_FOLDERS = frozenset(name.partition("/")[0] for name in (*CONFIG_FILES, *TASK_FOLDERS))
"""What stands in a folder that has tasks: the first components of their paths."""
_ROOT = re.compile(r"\{\{\s*config_root\s*\}\}/?")
_HIGHEST = 12
"""A config file stands at most so many folders above a task."""


@dataclass(frozen=True)
class TaskScope:
    """What the config files of one folder say of all their tasks.

    `root` is the folder (mise's `config_root`). `includes` are the TOML files and
    folders that tasks are looked for in, below `root`. `directory` and `shell` are the tasks' defaults, as written.
    """

    root: Path
    includes: tuple[str, ...] = TASK_FOLDERS
    directory: str | None = None
    shell: str | None = None

    def place_of(self, path: Path) -> Path | None:
        """The file or folder of `includes` that a path is or lies in; None if it is no task of this scope."""
        for include in self.includes:
            place = self.root / include
            if path == place or place in path.parents:
                return place
        return None


def scope_of(path: Path) -> TaskScope | None:
    """The scope whose tasks a file holds or is; None if mise takes no tasks from it.

    Folders are looked at from the file's upwards, to the one that holds `.git`.
    """
    path = path.absolute()
    for folder in list(path.parents)[:_HIGHEST]:
        has = _inside(folder)
        if has & _CONFIG_FOLDERS and folder.name != ".config":  # its `mise/tasks` belong to the folder above
            scope = scope_in(folder)
            if scope.place_of(path) is not None:
                return scope
        if ".git" in has:
            break
    return None


def _inside(folder: Path) -> frozenset[str]:
    """Which of the names that matter here a folder holds."""
    note(Look("names", folder.as_posix(), "*mise*"))
    note(Look("kind", f"{folder.as_posix()}/.config"))
    try:
        return _names_in(str(folder), folder.stat().st_mtime_ns)
    except OSError:
        return frozenset()


@functools.lru_cache(maxsize=4096)
def _names_in(folder: str, _modified: int) -> frozenset[str]:
    return frozenset(name for name in (*_CONFIG_FOLDERS, ".git") if os.path.lexists(f"{folder}/{name}"))


def scope_in(folder: Path) -> TaskScope:
    """What the config files in a folder say."""
    said: dict[str, Any] = {}
    has = _inside(folder)
    for path in reversed([folder / name for name in CONFIG_FILES if name.partition("/")[0] in has]):
        note(Look("text", path.as_posix()))
        try:
            modified = path.stat().st_mtime_ns
        except OSError:
            continue
        table = _task_config(path, modified)
        if table:
            said |= table
    includes: tuple[str, ...] = TASK_FOLDERS
    if isinstance(said.get("includes"), list):
        includes = tuple(_includes(said["includes"]))
    directory, shell = said.get("dir"), said.get("shell")
    return TaskScope(
        folder,
        includes,
        directory if isinstance(directory, str) else None,
        shell if isinstance(shell, str) else None,
    )


def _includes(written: list[object]) -> Iterator[str]:
    """The paths that are known without running mise: no other template, nothing from the network."""
    for entry in written:
        if isinstance(entry, str):
            path = _ROOT.sub("", entry).removeprefix("./").rstrip("/")
            if path and "{{" not in path and "::" not in path:
                yield path


@functools.lru_cache(maxsize=512)
def _task_config(path: Path, _modified: int) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text).get("task_config") if "task_config" in text else None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    return table if isinstance(table, dict) else {}


def task_name(path: Path, place: Path) -> str:
    """The name of the task that a script is, by its place: `db/load.sh` is `db:load`, `db/_default` is `db`."""
    parts = list(path.relative_to(place).parts)
    parts[-1] = parts[-1].rpartition(".")[0] or parts[-1]
    if parts[-1] == "_default" and len(parts) > 1:
        parts.pop()
    return ":".join(parts)
