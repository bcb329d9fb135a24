"""What the files around one say: the name of its Python project."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobsafety_lint.meaning.deployment.packages import canonical
from jobsafety_lint.source import Source, SourceFile
from jobsafety_lint.surroundings import Look, kind_of, note

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MISE_FILES = (
    "mise.toml", ".mise.toml", "mise/config.toml", ".mise/config.toml", ".config/mise.toml", ".config/mise/config.toml",
    "mise.local.toml", ".mise.local.toml",
)  # fmt: skip


@dataclass(frozen=True)
class PythonProject:
    """The nearest pyproject.toml: its `[project].name`, and its console scripts with the modules that they call."""

    folder: Path
    name: str
    scripts: Mapping[str, str] = field(default_factory=dict)


def folder_of(file: Source) -> Path | None:
    """The folder that a file lies in; None for a text that is nowhere."""
    return (
        file.location_on_disk.parent if isinstance(file, SourceFile) and file.location_on_disk.name else None
    )


def top_of(folder: Path) -> Path:
    """The root of the repository around a folder, else the working directory or the highest folder with a project's files,
    else the folder.
    """
    found = folder
    here = Path.cwd()
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            return above
        if above == here or any(kind_of(above / name) == "file" for name in ("pyproject.toml", *_MISE_FILES)):
            found = above
        if above == Path.home() or len(above.parts) <= 2:
            break
    return found


def python_project(file: Source) -> PythonProject | None:
    """The Python project that a file belongs to."""
    folder = folder_of(file)
    if folder is None:
        return None
    top = top_of(folder)
    for above in (folder, *folder.parents):
        project = _project_in(above)
        if project is not None:
            return project
        if above == top:
            break
    return None


def _project_in(folder: Path) -> PythonProject | None:
    path = folder / "pyproject.toml"
    note(Look("text", path.as_posix()))
    try:
        return _project(path, path.stat().st_mtime_ns)
    except OSError:
        return None


@functools.lru_cache(maxsize=256)
def _project(path: Path, _: int) -> PythonProject | None:
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
    tool = data.get("tool", {})
    poetry = tool.get("poetry", {}) if isinstance(tool, dict) else {}
    for table in (data.get("project"), poetry):
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            scripts = table.get("scripts", {})
            known = (
                {k: v for k, v in scripts.items() if isinstance(v, str)} if isinstance(scripts, dict) else {}
            )
            return PythonProject(path.parent, canonical(table["name"]), known)
    return None
