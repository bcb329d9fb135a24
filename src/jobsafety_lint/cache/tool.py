"""What a result depends on besides the files that are checked: this tool as it stands, its rules, the running Python."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from jobsafety_lint import __version__, rules
from jobsafety_lint.cache.files import digest_of
from jobsafety_lint.installed import metadata_folders


def tool_digest(rules_dirs: Sequence[Path]) -> str:
    """One text that is another one after any change of the tool, its libraries, own rules in these folders, or Python."""
    return digest_of(_installed(), *(_files_below(folder) for folder in rules_dirs))


@functools.cache
def _installed() -> str:
    ours = Path(__file__).resolve().parent.parent
    folders = [ours, *(Path(path) for path in rules.__path__ if Path(path).parent != ours)]
    record = ours.parent / f"jobsafety_lint-{__version__}.dist-info" / "RECORD"
    listed, written = _record(record)
    mine = (_files_below(folder, since=written) for folder in folders)
    packages = (name for _, names in metadata_folders() for name in names)
    return digest_of(__version__, sys.version, *packages, listed, *mine)


def _record(path: Path) -> tuple[bytes, int]:
    """What pip has noted of an installation (https://packaging.python.org/specifications/recording-installed-packages/: a
    hash of every file), and until when it has written files (nanoseconds); nothing of a checkout.
    """
    try:
        data, written = path.read_bytes(), path.stat().st_mtime_ns
    except OSError:
        return b"", 0
    return (data, written + _MINUTE) if b"jobsafety_lint/__init__.py" in data else (b"", 0)


_MINUTE = 60_000_000_000


def _files_below(folder: Path, since: int = 0) -> str:
    """The Python files below a folder that were written after a time, with their times and sizes: the others are known
    by what pip has noted, so that a new installation of the same version finds the cache of the one before.
    """
    found = []
    stack = [str(folder)]
    while stack:
        try:
            entries = list(os.scandir(stack.pop()))
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    stack.append(entry.path)
            elif entry.name.endswith(".py"):
                status = entry.stat()
                if status.st_mtime_ns <= since:
                    continue
                found.append(f"{entry.path}:{status.st_mtime_ns}:{status.st_size}")
    return digest_of(*sorted(found))
