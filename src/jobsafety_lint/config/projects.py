"""Where a project begins."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from jobsafety_lint.config.settings import Settings


def project_root(folder: Path, settings: Settings) -> Path:
    """The folder of the configuration; else the git top level; else the working directory."""
    if settings.source is not None and not settings.named:
        return settings.root
    return _git_top(folder) or _as_path(os.getcwd())  # noqa: PTH109  # asked for every file: a new Path takes longer


_as_path = functools.lru_cache(maxsize=8)(Path)


@functools.lru_cache(maxsize=4096)
def _git_top(folder: Path) -> Path | None:
    if (folder / ".git").exists():
        return folder
    return _git_top(folder.parent) if folder.parent != folder else None


def look_again() -> None:
    """Forgets where work trees begin: for a process that lives on while files change."""
    _git_top.cache_clear()
