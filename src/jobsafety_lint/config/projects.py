"""Where a project begins."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    pass
else:
    pass
from jobsafety_lint.config.settings import Settings


def project_root(folder: Path, settings: Settings) -> Path:
    """The folder of the configuration; else the git top level; else the working directory."""
    if settings.source is not None and not settings.named:
        return settings.root
    return _git_top(folder) or Path.cwd()


@functools.lru_cache(maxsize=4096)
def _git_top(folder: Path) -> Path | None:
    if (folder / ".git").exists():
        return folder
    return _git_top(folder.parent) if folder.parent != folder else None


def look_again() -> None:
    """Forgets where work trees begin: for a process that lives on while files change."""
    _git_top.cache_clear()
