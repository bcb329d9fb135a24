"""The cache on disk: one SQLite file a project, its values JSON.

SQLite does what a cache needs and what is hard to get right: a change is there as a whole or not at all, several processes
may read and write at once (https://www.sqlite.org/lockingv3.html), and a damaged file is noticed. A cache that is damaged,
locked for too long, or not writable is no error: it is as if there were none, and a damaged one is made anew.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

_LAYOUT = 1
"""Goes up when the tables change: an older file is thrown away."""
_PATIENCE = 0.5
"""Seconds to wait for another process that writes."""
_MOST_BYTES = 64_000_000
"""Of values: above it, those that were not used for the longest time go."""
_DAY = 86_400
_AT_ONCE = 500
"""Parameters of one statement; SQLite's own limit was 999 for long."""


class Store:
    """Values by key, and the states of files by path. A value is found if nothing that its key was made from has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._broken = False
        self._today = int(time.time() // _DAY)
        self._touched: list[tuple[int, str]] = []

    def get(self, keys: Iterable[str]) -> dict[str, str]:
        """The values of those keys that are known."""
        found: dict[str, str] = {}
        wanted = list(dict.fromkeys(keys))
        for at in range(0, len(wanted), _AT_ONCE):
            some = wanted[at : at + _AT_ONCE]
            marks = ",".join("?" * len(some))
            statement = (  # the marks are nothing but question marks
                f"SELECT key, value, used FROM entries WHERE key IN ({marks})"  # noqa: S608
            )
            for key, value, used in self._rows(statement, some):
                found[key] = value
                if used != self._today:
                    self._touched.append((self._today, key))
        return found

    def files(self) -> dict[str, tuple[str, str]]:
        """The state and digest of every file that was looked at, by path."""
        rows = self._rows("SELECT path, state, digest FROM files", ())
        return {path: (state, digest) for path, state, digest in rows}

    def put(self, values: Mapping[str, str], files: Mapping[str, tuple[str, str]]) -> None:
        """Keeps values and the states of files, and which values were of use today. Does nothing if it cannot."""
        if not (values or files or self._touched):
            return
        with self._writing() as connection:
            if connection is None:
                return
            connection.executemany(
                "INSERT OR REPLACE INTO entries (key, value, used) VALUES (?, ?, ?)",
                [(key, value, self._today) for key, value in values.items()],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO files (path, state, digest) VALUES (?, ?, ?)",
                [(path, state, digest) for path, (state, digest) in files.items()],
            )
            connection.executemany("UPDATE entries SET used = ? WHERE key = ?", self._touched)
            self._touched = []
            if values:
                _shrink(connection)

    def close(self) -> None:
        """Lets go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _rows(self, statement: str, parameters: Iterable[str]) -> list[tuple[Any, ...]]:
        connection = self._open()
        if connection is None:
            return []
        try:
            return connection.execute(statement, tuple(parameters)).fetchall()
        except sqlite3.DatabaseError as error:
            self._fail(error)
            return []

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection | None]:
        connection = self._open()
        if connection is None:
            yield None
            return
        try:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
        except sqlite3.DatabaseError as error:
            self._fail(error)

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None and not self._broken:
            self._connect()
            if self._connection is None and not self._broken:
                self._connect()  # a damaged file is gone now
        return self._connection

    def _connect(self) -> None:
        try:
            self._connection = _connected(self.path)
        except (sqlite3.DatabaseError, OSError) as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        """A damaged file goes, and the next run begins afresh; anything else means: no cache in this run."""
        self.close()
        locked = isinstance(error, sqlite3.OperationalError | OSError)
        if not locked:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        self._broken = locked


def _connected(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    try:
        layout = connection.execute("PRAGMA user_version").fetchone()[0]
        if layout != _LAYOUT:
            connection.executescript(
                "BEGIN IMMEDIATE; DROP TABLE IF EXISTS entries; DROP TABLE IF EXISTS files;"
                "CREATE TABLE entries (key TEXT PRIMARY KEY, value TEXT NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;"
                "CREATE TABLE files (path TEXT PRIMARY KEY, state TEXT NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID;"
                f"PRAGMA user_version = {_LAYOUT}; COMMIT;"
            )
        connection.execute("PRAGMA synchronous = OFF")  # a cache that a power cut damages is made anew
    except BaseException:
        connection.close()
        raise
    return connection


def _shrink(connection: sqlite3.Connection) -> None:
    (pages,), (page,) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
    )
    if pages * page <= _MOST_BYTES:
        return  # the values are less than the file
    size = connection.execute("SELECT coalesce(sum(length(value)), 0) FROM entries").fetchone()[0]
    if size <= _MOST_BYTES:
        return
    over = size - _MOST_BYTES // 2
    gone = []
    for key, length in connection.execute("SELECT key, length(value) FROM entries ORDER BY used, key"):
        if over <= 0:
            break
        gone.append((key,))
        over -= length
    connection.executemany("DELETE FROM entries WHERE key = ?", gone)
