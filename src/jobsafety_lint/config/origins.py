"""Where each value of some settings comes from: the file and line, or the command line, or the defaults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobsafety_lint import config
from jobsafety_lint.config import TABLE, Key, Layer, Settings
from jobsafety_lint.toml_places import places_of


@dataclass(frozen=True)
class Origin:
    """Where a value is set. `file` and `line` (from 1) are None for the command line."""

    file: Path | None
    line: int | None = None

    def shown(self) -> str:
        """`pyproject.toml:3`, relative to the working directory where it is below it."""
        if self.file is None:
            return "--config"
        path = self.file.relative_to(Path.cwd()) if self.file.is_relative_to(Path.cwd()) else self.file
        return path.as_posix() + (f":{self.line}" if self.line else "")


@dataclass(frozen=True)
class Entry:
    """A value of a key, or an entry of a table or of a list that several files add to. `origin` is None for the default."""

    keys: tuple[str, ...]
    value: Any
    origin: Origin | None


def entries_of(settings: Settings) -> Iterator[Entry]:
    """Every key with its value and origin, in the order of the table of keys.

    A key that files add to has one entry for each of them; a table has one for each of its entries.
    """
    for key in config.KEYS:
        layers = _that_count(key, settings)
        if not layers:
            yield Entry((key.name,), settings.get(key.name), None)
        elif key.merge == "by key":
            yield from _by_key(key, layers)
        else:
            for layer in reversed(layers if key.merge == "add" else layers[:1]):
                yield Entry((key.name,), layer.values[key.name], _origin(layer, (key.name,)))


def _that_count(key: Key, settings: Settings) -> list[Layer]:
    """The layers that set a key, the nearest first, without those that a nearer `select` has done with."""
    found = []
    for layer in settings.layers:
        if key.name in layer.values:
            found.append(layer)
        if "select" in layer.values and key.name in ("extend-select", "ignore"):
            break
    return found


def _by_key(key: Key, layers: list[Layer]) -> Iterator[Entry]:
    entries: dict[tuple[str, Path | None], Entry] = {}
    for layer in reversed(layers):
        for name, value in layer.values[key.name].items():
            root = (
                layer.root if key.name == "per-file-ignores" else None
            )  # globs of two folders are two entries
            path = (key.name, name)
            entries[name, root] = Entry(path, value, _origin(layer, path))
    if not entries:
        yield Entry((key.name,), {}, _origin(layers[0], (key.name,)))
    yield from entries.values()


def _origin(layer: Layer, keys: tuple[str, ...]) -> Origin:
    if layer.path is None:
        return Origin(None)
    places = places_of(layer.path.read_text(encoding="utf-8"))
    ours = ("tool", TABLE, *keys) if layer.path.name == "pyproject.toml" else keys
    return Origin(layer.path, places.line(ours))
