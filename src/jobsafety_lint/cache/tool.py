"""What a result depends on besides the files that are checked: this tool as it stands, its rules, the running Python."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from jobsafety_lint import __version__, rules
from jobsafety_lint.cache.files import digest_of


def tool_digest(rules_dirs: Sequence[Path]) -> str:
    """One text that is another one after any change of the tool, its libraries, own rules in these folders, or Python."""
    return digest_of(_installed(), *(_files_below(folder) for folder in rules_dirs))


@functools.cache
def _installed() -> str:
    ours = Path(__file__).resolve().parent.parent
    folders = [ours, *(Path(path) for path in rules.__path__ if Path(path).parent != ours)]
    return digest_of(__version__, sys.version, *_packages(), *(_files_below(folder) for folder in folders))


def _packages() -> Iterator[str]:
    """The names of what is installed, with versions: `importlib.metadata` takes 20 ms to tell."""
    for folder in sys.path:
        try:
            names = [
                e.name for e in os.scandir(folder or ".") if e.name.endswith((".dist-info", ".egg-info"))
            ]
        except OSError:
            continue
        yield from sorted(names)


def _files_below(folder: Path) -> str:
    """The Python files below a folder, with their times and sizes."""
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
                found.append(f"{entry.path}:{status.st_mtime_ns}:{status.st_size}")
    return digest_of(*sorted(found))
