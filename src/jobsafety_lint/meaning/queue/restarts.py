"""Whether `pueue restart` runs the same task again or a copy: its options, and the client's `restart_in_place`."""

from __future__ import annotations

from pathlib import Path

from jobsafety_lint.meaning.project.neighbours import folder_of, top_of
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.readers.hosts.yaml_text import get, read_yaml, text_of
from jobsafety_lint.source import Source
from jobsafety_lint.surroundings import data_of, kind_of

_PLACES = ("", "config", ".config", "pueue", "config/pueue", ".config/pueue", "etc", "etc/pueue", "deploy")
"""Where a repository keeps its `pueue.yml`, below its root and below the folders on the way to a script."""


def is_in_place(call: QueueCommand, file: Source) -> bool:
    """Whether a `pueue restart` in a file keeps the task's id."""
    if call.has("-i", "--in-place"):
        return True
    return not call.has("--not-in-place") and in_place_by_default(file)


def in_place_by_default(file: Source) -> bool:
    """Whether the nearest `pueue.yml` of the repository says `restart_in_place: true` for its clients."""
    folder = folder_of(file)
    if folder is None:
        return False
    top = top_of(folder)
    for above in (folder, *folder.parents):
        for place in _PLACES:
            for name in ("pueue.yml", "pueue.yaml"):
                path = above / place / name
                if kind_of(path) == "file":
                    return _says_in_place(path)
        if above == top:
            break
    return False


def _says_in_place(path: Path) -> bool:
    text = (data_of(path) or b"").decode("utf-8", errors="replace")
    root = read_yaml(Source(str(path), text)).root
    return (text_of(get(root, "client", "restart_in_place")) or "").lower() == "true"
