"""The states and digests of files: a file is read again only if its time, size or inode has changed."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from jobsafety_lint import surroundings
from jobsafety_lint.cache.store import Store
from jobsafety_lint.surroundings import Look

_SETTLED = 2_000_000_000
"""Nanoseconds after which a change of a file certainly shows in its time (file systems keep it as coarsely as 2 s)."""


@dataclass(eq=False)
class Files:
    """Files as they are in this run, with the help of what an earlier run has seen."""

    store: Store
    seen: dict[str, tuple[str, str]] = field(default_factory=dict)
    fresh: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What this run has read, for the next one."""
    _known: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store) -> Files:
        """With all that the store knows."""
        return cls(store, store.files())

    def digest(self, path: str) -> str:
        """What a file's content comes to; empty for a file that cannot be read."""
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._digest(path)
        return known

    def _digest(self, path: str) -> str:
        try:
            status = os.stat(path)  # noqa: PTH116  # called for every file: a Path takes longer than the call
        except OSError:
            return ""
        state = f"{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_size}:{status.st_ino}"
        seen = self.seen.get(path)
        if seen is not None and seen[0] == state:
            return seen[1]
        now = time.time_ns()
        try:
            data = Path(path).read_bytes()
        except OSError:
            return ""
        digest = digest_of(data)
        if now - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED:
            self.fresh[path] = (state, digest)
        return digest

    def look_again(self) -> None:
        """Files may have changed since they were looked at."""
        self._known.clear()

    def state(self, look: Look) -> str | None:
        """What a look would see now; None for what can never be known to be the same."""
        return self.digest(look.path) if look.what == "text" else surroundings.state(look)


def digest_of(*parts: bytes | str) -> str:
    """One short text for some parts, in order."""
    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode(errors="surrogateescape")
        made.update(len(data).to_bytes(8, "little") + data)
    return made.hexdigest()
