"""The kinds of values that a key of the configuration may have. Each checks a value and says of itself what it is, in words
and as JSON Schema, so that the check, the documentation and the schema cannot differ.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Path = tuple[str | int, ...]
_SIZE = r"^[0-9]+(\.[0-9]+)?\s?([KMGTkmgt]([Ii]?[Bb])?|[Bb])?$"
_ABOVE_ZERO = r"^(?=[0.]*[1-9])" + _SIZE[1:]


@dataclass(frozen=True)
class Problem:
    """What is wrong with a value: the keys that lead to it, and a sentence that says what it must be."""

    path: Path
    message: str


class Kind(Protocol):
    """A kind of value."""

    @property
    def says(self) -> str:
        """What a value must be, after "must be": `a list of strings`."""

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        """What is wrong with a value that stands at a path."""

    def schema(self) -> dict[str, Any]:
        """The kind as JSON Schema (draft 2020-12)."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that comes closest to a name, if one comes close."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def shown(path: Path) -> str:
    """A path as TOML writes it: `hosts."user@host".cores`."""
    parts: list[str] = []
    for part in path:
        if isinstance(part, int):
            parts[-1] += f"[{part}]"
        else:
            parts.append(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"')
    return ".".join(parts)


def toml(value: Any) -> str:
    """A value as TOML writes it on one line; `(none)` for what is not set."""
    if value is None:
        return "(none)"
    if isinstance(value, dict):
        inner = ", ".join(f"{shown((name,))} = {toml(entry)}" for name, entry in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(entry) for entry in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _wrong(kind: Kind, value: Any, path: Path) -> Problem:
    return Problem(path, f"`{shown(path)}` must be {kind.says}, not {value!r}")


@dataclass(frozen=True)
class Text:
    """A string. `about` names what it stands for (`rule`), for the schema's completion."""

    says: str = "a string"
    about: str = ""

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        """See `Kind`."""
        if not isinstance(value, str):
            yield _wrong(self, value, path)

    def schema(self) -> dict[str, Any]:
        """See `Kind`."""
        return {"$ref": f"#/$defs/{self.about}"} if self.about else {"type": "string"}


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[str | int | bool, ...]

    @property
    def says(self) -> str:
        """See `Kind`."""
        written = [
            str(value).lower() if isinstance(value, bool | int) else f'"{value}"' for value in self.values
        ]
        return " or ".join([", ".join(written[:-1]), written[-1]]) if len(written) > 1 else written[0]

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        """See `Kind`."""
        if not any(type(value) is type(known) and value == known for known in self.values):
            close = (
                nearest(value, [v for v in self.values if isinstance(v, str)])
                if isinstance(value, str)
                else None
            )
            hint = f"; did you mean `{close}`?" if close else ""
            yield Problem(path, _wrong(self, value, path).message + hint)

    def schema(self) -> dict[str, Any]:
        """See `Kind`."""
        return {"enum": list(self.values)}


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    minimum: int

    @property
    def says(self) -> str:
        """See `Kind`."""
        return f"a whole number from {self.minimum}"

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        """See `Kind`."""
        if not isinstance(value, int) or isinstance(value, bool) or value < self.minimum:
            yield _wrong(self, value, path)

    def schema(self) -> dict[str, Any]:
        """See `Kind`."""
        return {"type": "integer", "minimum": self.minimum}


@dataclass(frozen=True)
class Size:
    """A number of bytes, or a string with a unit to the base 1024. `zero`: it may be nothing."""

    zero: bool = False

    @property
    def says(self) -> str:
        """See `Kind`."""
        return 'a number of bytes or a size such as "64G"' + ("" if self.zero else ", above zero")

    @property
    def _pattern(self) -> str:
        return _SIZE if self.zero else _ABOVE_ZERO

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        """See `Kind`."""
        fits = (
            re.search(self._pattern, value) is not None
            if isinstance(value, str)
            else isinstance(value, int) and not isinstance(value, bool) and value >= (0 if self.zero else 1)
        )
        if not fits:
            yield _wrong(self, value, path)

    def schema(self) -> dict[str, Any]:
        """See `Kind`."""
        return {
            "anyOf": [
                {"type": "integer", "minimum": 0 if self.zero else 1},
                {"type": "string", "pattern": self._pattern},
            ]
        }


@dataclass(frozen=True)
class Either:
    """A value of one kind or another."""

    kinds: tuple[Kind, ...]

    @property
    def says(self) -> str:
        """See `Kind`."""
        return ", or ".join(kind.says for kind in self.kinds)

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        """See `Kind`."""
        if all(any(kind.problems(value, path)) for kind in self.kinds):
            yield _wrong(self, value, path)

    def schema(self) -> dict[str, Any]:
        """See `Kind`."""
        return {"anyOf": [kind.schema() for kind in self.kinds]}


@dataclass(frozen=True)
class ListOf:
    """A list."""

    kind: Kind
    says: str = "a list of strings"

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        """See `Kind`."""
        if not isinstance(value, list):
            yield _wrong(self, value, path)
            return
        for position, entry in enumerate(value):
            yield from self.kind.problems(entry, (*path, position))

    def schema(self) -> dict[str, Any]:
        """See `Kind`."""
        return {"type": "array", "items": self.kind.schema()}


@dataclass(frozen=True)
class TableOf:
    """A table with keys of the user's own. `keys` names what they stand for (`rule`)."""

    kind: Kind
    says: str
    keys: str = ""

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        """See `Kind`."""
        if not isinstance(value, dict):
            yield _wrong(self, value, path)
            return
        for name, entry in value.items():
            yield from self.kind.problems(entry, (*path, name))

    def schema(self) -> dict[str, Any]:
        """See `Kind`."""
        names = {"propertyNames": {"$ref": f"#/$defs/{self.keys}"}} if self.keys else {}
        return {"type": "object", "additionalProperties": self.kind.schema(), **names}


@dataclass(frozen=True)
class Field:
    """A key of a `Record`, with what it is for."""

    kind: Kind
    doc: str


@dataclass(frozen=True)
class Record:
    """A table with known keys."""

    fields: Mapping[str, Field]
    says: str = field(default="a table")

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        """See `Kind`."""
        if not isinstance(value, dict):
            yield _wrong(self, value, path)
            return
        for name, entry in value.items():
            known = self.fields.get(name)
            if known is None:
                close = nearest(name, self.fields)
                hint = f"; did you mean `{close}`?" if close else f"; known keys: {', '.join(self.fields)}"
                yield Problem((*path, name), f"unknown key `{shown((*path, name))}`{hint}")
            else:
                yield from known.kind.problems(entry, (*path, name))

    def schema(self) -> dict[str, Any]:
        """See `Kind`."""
        properties = {name: {"description": f.doc, **f.kind.schema()} for name, f in self.fields.items()}
        return {"type": "object", "additionalProperties": False, "properties": properties}
