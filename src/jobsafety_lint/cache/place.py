"""Where the cache lies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from jobsafety_lint.cache.files import digest_of

_SUFFIX = ".sqlite"


def default_folder() -> Path:
    """The user's folder for caches (https://specifications.freedesktop.org/basedir-spec/latest/; on macOS its own one).

    Raises:
        RuntimeError: the user has no home.
    """
    if given := os.environ.get("JOBSAFETY_LINT_CACHE_DIR"):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "jobsafety-lint"
    base = os.environ.get("XDG_CACHE_HOME") or ""
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "jobsafety-lint"


def file_for(folder: Path, project: Path) -> Path:
    """The cache of one project."""
    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in project.name)[:40]
    return folder / f"{name}-{digest_of(project.as_posix())[:16]}{_SUFFIX}"


def caches_in(folder: Path) -> list[Path]:
    """The caches of all projects, and what SQLite has left beside them."""
    return sorted(path for path in folder.glob(f"*{_SUFFIX}*") if path.is_file())
