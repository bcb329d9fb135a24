"""Configuration files: read, checked, and the nearest one found."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib
from jobsafety_lint.config.errors import ConfigError
from jobsafety_lint.config.keys import WHOLE
from jobsafety_lint.config.settings import Layer, Mention, Settings, settings_of

CONFIG_NAMES = (".jobsafety-lint.toml", "jobsafety-lint.toml", "pyproject.toml")
TABLE = "jobsafety-lint"


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file.

    Raises:
        ConfigError: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def _mentions_us(path: Path) -> bool:
    try:
        return TABLE.encode() in path.read_bytes()
    except OSError:
        return True  # reading it says what is wrong


def table_of(path: Path) -> dict[str, Any] | None:
    """Our table of a configuration file; None if it has none (a pyproject.toml of someone else, which may be broken)."""
    if path.name == "pyproject.toml" and not _mentions_us(path):
        return None
    data = read_toml(path)
    if path.name != "pyproject.toml":
        return data
    table = data.get("tool", {}).get(TABLE)
    return table if isinstance(table, dict) else None


def check(table: Mapping[str, Any], where: str, text: str | None = None) -> dict[str, Any]:
    """The values of a table. `where` names its file or option; `text` is the text that it was read from, for the line.

    Raises:
        ConfigError: an unknown key, or a value of the wrong kind.
    """
    for problem in WHOLE.problems(dict(table), ()):
        line = _line_of(text, problem.path) if text is not None else None
        raise ConfigError(f"{where}{f':{line}' if line else ''}: {problem.message}")
    return dict(table)


def _line_of(text: str, path: tuple[str | int, ...]) -> int | None:
    from jobsafety_lint.toml_places import places_of  # only where something is wrong

    places = places_of(text)
    return places.line(("tool", TABLE, *path)) if ("tool", TABLE) in places.spans else places.line(path)


def load(path: Path, root: Path | None = None) -> Settings | None:
    """The settings of one file, with those that it extends; None if the file holds none. `root`: what globs are relative
    to, in place of each file's own folder.

    Raises:
        ConfigError: see `check`; or the files extend each other in a circle, or one that there is not.
    """
    layers: list[Layer] = []
    target = Path(os.path.abspath(path))  # resolve() would follow links
    while True:
        if any(layer.path == target for layer in layers):
            chain = " -> ".join(str(p) for p in (*(layer.path for layer in layers), target))
            raise ConfigError(f"{path}: `extend` goes in a circle: {chain}")
        table = table_of(target)
        if table is None:
            if not layers:
                return None
            raise ConfigError(
                f"{layers[-1].path}: `extend` names {target}, which has no [tool.{TABLE}] table"
            )
        values = check(table, str(target), _text_of(target))
        layers.append(Layer(values, root or target.parent, target))
        if "extend" not in values:
            break
        extended = Path(os.path.abspath(target.parent / Path(values["extend"]).expanduser()))
        if not extended.is_file():
            line = _line_of(_text_of(target), ("extend",))
            raise ConfigError(f"{target}:{line}: `extend` names {extended}, which is no file")
        target = extended
    own = layers[0]
    return settings_of(
        layers, tuple(_mentions(own.values, layers[0].root / path.name)), named=root is not None
    )


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Glob:
    """A glob of paths in a configuration file: its key, the keys and positions that lead to it, and its text."""

    key: str
    keys: tuple[str | int, ...]
    glob: str


def globs_of(path: Path) -> list[Glob]:
    """The globs that a configuration file itself holds, each with its key.

    Raises:
        ConfigError: it cannot be read, or a value is of the wrong kind.
    """
    table = check(table_of(path) or {}, str(path))
    lists = [
        Glob(key, (key, position), glob)
        for key in ("exclude", "extend-exclude")
        for position, glob in enumerate(table.get(key, ()))
    ]
    tables = [
        Glob("per-file-ignores", ("per-file-ignores", glob), glob)
        for glob in table.get("per-file-ignores", ())
    ]
    return lists + tables


def _mentions(values: Mapping[str, Any], path: Path) -> Iterable[Mention]:
    for key in ("select", "extend-select", "ignore"):
        for position, name in enumerate(values.get(key, ())):
            yield Mention(name, key, path, (key, position))
    for glob, names in values.get("per-file-ignores", {}).items():
        for position, name in enumerate(names):
            yield Mention(name, "per-file-ignores", path, ("per-file-ignores", glob, position))
    for key in ("severity", "provenance"):
        for name in values.get(key, {}):
            yield Mention(name, key, path, (key, name))


@dataclass
class Resolver:
    """Finds the settings that count for a file: the nearest configuration above it, read once."""

    isolated: bool = False
    override: Settings | None = None
    inline: tuple[Layer, ...] = ()
    _by_folder: dict[Path, Settings] = field(default_factory=dict)

    @classmethod
    def from_options(cls, configs: Sequence[str], *, isolated: bool) -> Resolver:
        """From `--config FILE`, `--config 'key = value'` and `--isolated`.

        Raises:
            ConfigError: a file or value cannot be used.
        """
        inline: list[Layer] = []
        override: Settings | None = None
        for text in configs:
            if "=" in text and not Path(text).is_file():
                try:
                    values = check(tomllib.loads(text), f"--config '{text}'")
                    inline.insert(0, Layer(values, Path.cwd()))
                except tomllib.TOMLDecodeError as error:
                    raise ConfigError(f"--config '{text}': neither a file nor TOML: {error}") from error
            else:
                path = Path(text)
                if not path.is_file():
                    raise ConfigError(f"--config {text}: no such file")
                if override is not None:
                    raise ConfigError(
                        f"--config {text}: only one file can be given; `extend` puts files together"
                    )
                override = load(path, Path.cwd())
                if override is None:
                    raise ConfigError(f"--config {text}: it has no [tool.{TABLE}] table")
        return cls(isolated, override, tuple(inline))

    def for_folder(self, folder: Path) -> Settings:
        """The settings for the files of a folder.

        Raises:
            ConfigError: the configuration cannot be used.
        """
        found = self._by_folder.get(folder)
        if found is None:
            found = self._by_folder[folder] = self._find(folder)
        return found

    def _find(self, folder: Path) -> Settings:
        base = self.override
        if base is None and not self.isolated:
            base = self._own(folder)
            if base is None and folder.parent != folder:
                return self.for_folder(folder.parent)
        if base is None:
            base = Settings()
        if not self.inline:
            return base
        return settings_of((*self.inline, *base.layers), base.mentions, named=base.named)

    def _own(self, folder: Path) -> Settings | None:
        for name in CONFIG_NAMES:
            path = folder / name
            if path.is_file():
                settings = load(path)
                if settings is not None:
                    return settings
        return None
