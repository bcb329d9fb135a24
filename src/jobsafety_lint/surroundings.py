"""Other files that the meaning of a file depends on. Whoever looks at one looks through here, so that a cache knows what a
result was made from, and what must not have changed for it to hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Look:
    """A look at the file system. `what`: `text` (the content of a file), `kind` (what stands at a path), `names` (what a
    glob finds in a folder), `anything` (more than can be said: the result holds for this run only).
    """

    what: str
    path: str = ""
    glob: str = ""


ANYTHING = Look("anything")
_looks: ContextVar[set[Look] | None] = ContextVar("looks", default=None)
_unsaved: ContextVar[Mapping[Path, str] | None] = ContextVar("unsaved", default=None)


@contextmanager
def noted() -> Iterator[set[Look]]:
    """The looks that are made inside of the block."""
    looks: set[Look] = set()
    token = _looks.set(looks)
    try:
        yield looks
    finally:
        _looks.reset(token)


@contextmanager
def in_place_of_disk(texts: Mapping[Path, str]) -> Iterator[None]:
    """Inside of the block these texts count in place of what is on disk: an editor has not saved them yet."""
    token = _unsaved.set(texts)
    try:
        yield
    finally:
        _unsaved.reset(token)


def unsaved(path: Path) -> str | None:
    """The text that counts in place of a file; None if the file itself counts."""
    return (_unsaved.get() or {}).get(path)


def note(look: Look) -> None:
    """Says that something was looked at."""
    looks = _looks.get()
    if looks is not None:
        looks.add(look)


def data_of(path: Path) -> bytes | None:
    """The content of a file; None if it cannot be read."""
    note(Look("text", path.as_posix()))
    text = unsaved(path)
    if text is not None:
        return text.encode(errors="replace")
    try:
        return path.read_bytes()
    except OSError:
        return None


def kind_of(path: Path) -> str:
    """`file`, `folder`, or nothing."""
    note(Look("kind", path.as_posix()))
    return "file" if unsaved(path) is not None else _kind(path)


def names_in(folder: Path, glob: str) -> list[Path]:
    """What a glob finds in a folder, in order."""
    note(Look("names", folder.as_posix(), glob))
    return sorted(folder.glob(glob))


def _kind(path: Path) -> str:
    try:
        return "file" if path.is_file() else "folder" if path.is_dir() else ""
    except OSError:
        return ""


def state(look: Look) -> str | None:
    """What a look would see now, as a short text that compares; None for what can never be known to be the same."""
    path = Path(look.path)
    if look.what == "text":
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            return ""
    if look.what == "kind":
        return _kind(path)
    if look.what == "names":
        return "\0".join(found.name for found in sorted(path.glob(look.glob)))
    return None
