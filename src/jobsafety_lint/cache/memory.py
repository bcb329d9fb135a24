"""What a run remembers of earlier ones: values by key, each with the looks at other files that it was made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from jobsafety_lint.cache import codec
from jobsafety_lint.cache.files import Files
from jobsafety_lint.cache.store import Store
from jobsafety_lint.surroundings import Look

Looks = tuple[tuple[Look, str], ...]
"""Looks with what they have seen."""


@dataclass(eq=False)
class Memory:
    """Reads from a store and gathers what is to be written at the end of the run. `tool` is the digest of the tool."""

    store: Store
    tool: str
    files: Files
    _new: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store, tool: str) -> Memory:
        """With what the store knows of the files."""
        return cls(store, tool, Files.of(store))

    def recall(self, keys: Iterable[str]) -> dict[str, tuple[Any, Looks]]:
        """The values of those keys that are known and still hold, with the looks that they were made from."""
        found: dict[str, tuple[Any, Looks]] = {}
        for key, text in self.store.get(keys).items():
            try:
                value, looks = codec.decode(text)
            except codec.Undecodable:
                continue
            if all(self.files.state(look) == state for look, state in looks):
                found[key] = (value, looks)
        return found

    def seen(self, looks: Iterable[Look]) -> Looks | None:
        """Looks with what they see now; None if one of them can never be known to be the same."""
        states = [(look, self.files.state(look)) for look in sorted(looks)]
        if any(state is None for _, state in states):
            return None
        return tuple((look, state) for look, state in states if state is not None)

    def remember(self, key: str, value: object, looks: Looks) -> None:
        """Keeps a value for later runs.

        Raises:
            TypeError: it is no plain value.
        """
        self._new[key] = codec.encode((value, looks))

    def save(self) -> None:
        """Writes what is new. Does nothing where the store cannot be written."""
        self.store.put(self._new, self.files.fresh)
        self._new, self.files.fresh = {}, {}
