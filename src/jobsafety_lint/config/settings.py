"""The settings that count for some files, and the places that they come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobsafety_lint.config.ignore_globs import ignore_globs
from jobsafety_lint.config.keys import BY_NAME
from jobsafety_lint.config.selectors import exactness, matches

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


@dataclass(frozen=True)
class Mention:
    """A rule that a configuration file names, and where: for those that do not exist."""

    name: str
    key: str
    path: Path
    keys: tuple[str | int, ...] = ()
    """The keys and positions that lead to it, from our table on."""


@dataclass(frozen=True)
class Layer:
    """What one place says by itself: a configuration file, or an option of the command line (then `path` is None).
    `root` is the folder that its globs are relative to.
    """

    values: Mapping[str, Any]
    root: Path
    path: Path | None = None


@dataclass(frozen=True)
class Settings:
    """The settings that count for some files. `root` is the folder of the nearest configuration, `layers` are the places
    that they come from, the nearest first; `named`: the command line names the configuration file.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    root: Path = field(default_factory=Path.cwd)
    source: Path | None = None
    mentions: tuple[Mention, ...] = ()
    layers: tuple[Layer, ...] = ()
    named: bool = False

    @cached_property
    def digest(self) -> str:
        """One short text that is another one wherever anything of the settings is."""
        layers = [(layer.path, layer.root, layer.values) for layer in self.layers]
        said = [self.values, layers, self.named, self.root, self.source]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()

    def get(self, name: str) -> Any:
        """The value of a key, or its default."""
        value = self.values.get(name)
        return BY_NAME[name].default if value is None else value

    @property
    def pueue_version(self) -> int:
        """The major version of pueue."""
        return int(self.get("pueue-version"))

    @property
    def max_file_size(self) -> int:
        """Bytes above which a file is passed over."""
        return size_in_bytes(self.get("max-file-size"))

    def words(self, name: str) -> frozenset[str]:
        """The value of a key that lists words."""
        return frozenset(self.get(name))

    def for_rule(self, name: str, code: str, rule: str) -> Any:
        """The entry of a table by rules (`severity`, `provenance`) that names a rule most exactly; None if none does."""
        table = self.get(name)
        named = max(table, key=lambda selector: exactness(selector, code, rule), default=None)
        return table[named] if named is not None and matches(named, code, rule) else None

    def exclusions(self, defaults: Sequence[str]) -> list[tuple[Path, list[str]]]:
        """The globs of paths that are left out, each list with the folder that it is relative to."""
        own = next((layer for layer in self.layers if "exclude" in layer.values), None)
        first = (own.root, list(own.values["exclude"])) if own else (self.root, list(defaults))
        more = [
            (layer.root, list(layer.values["extend-exclude"]))
            for layer in reversed(self.layers)
            if "extend-exclude" in layer.values
        ]
        return [first, *more]

    @cached_property
    def _file_ignores(self) -> list[tuple[Path, GitIgnoreSpec, tuple[str, ...]]]:
        found: dict[tuple[Path, str], tuple[str, ...]] = {}
        for layer in reversed(self.layers):
            for glob, rules in layer.values.get("per-file-ignores", {}).items():
                found[layer.root.resolve(), glob] = tuple(rules)
        return [(root, ignore_globs([glob]), rules) for (root, glob), rules in found.items()]

    def ignored_in(self, path: Path) -> frozenset[str]:
        """The rules (as written) that `per-file-ignores` switches off for a file."""
        if not self._file_ignores:
            return frozenset()
        real = path.resolve()
        return frozenset(
            name
            for root, spec, names in self._file_ignores
            if spec.match_file(
                real.relative_to(root).as_posix() if real.is_relative_to(root) else path.as_posix()
            )
            for name in names
        )


def settings_of(
    layers: Sequence[Layer], mentions: tuple[Mention, ...] = (), *, named: bool = False
) -> Settings:
    """The settings that some layers come to, the nearest first."""
    values: dict[str, Any] = {}
    for layer in reversed(layers):
        if (
            "select" in layer.values
        ):  # a selection begins anew: what was selected or ignored further off is done with
            values = {
                name: value for name, value in values.items() if name not in ("extend-select", "ignore")
            }
        for name, value in layer.values.items():
            values[name] = _merged(BY_NAME[name].merge, values.get(name), value)
    first = next((layer for layer in layers if layer.path is not None), None)
    if first is None:
        return Settings(values, mentions=mentions, layers=tuple(layers))
    return Settings(values, first.root, first.path, mentions, tuple(layers), named)


def _merged(merge: str, far: Any, near: Any) -> Any:
    if far is None or merge == "replace":
        return near
    return [*dict.fromkeys([*far, *near])] if merge == "add" else {**far, **near}


def size_in_bytes(value: int | str) -> int:
    """`1000000`, `"900K"`, `"2M"`, `"64G"` in bytes (base 1024).

    Raises:
        ValueError: it is no size.
    """
    if isinstance(value, int):
        return value
    text = value.strip().upper().removesuffix("B").removesuffix("I")
    factor = {"K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}.get(text[-1:], 1)
    return int(float(text.rstrip("KMGT")) * factor)
