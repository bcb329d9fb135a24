"""What a check may ask besides the fact that it was called with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from jobsafety_lint.config import Settings
from jobsafety_lint.source import Source

Kind = TypeVar("Kind")


@dataclass(eq=False)
class Context:
    """The file that is being looked at: its text, its settings, what part of the project it is, and all its facts.

    `role` is `code`, or `test`, `temporary`, `vendored`, `docs`, judged by the folders below the project's root.
    """

    file: Source
    settings: Settings
    role: str
    facts: Sequence[object]
    _by_kind: dict[type, list[object]] = field(default_factory=dict)

    def all(self, kind: type[Kind]) -> Iterable[Kind]:
        """All facts of a kind in this file, in the order of the text."""
        found = self._by_kind.get(kind)
        if found is None:
            found = self._by_kind[kind] = [fact for fact in self.facts if isinstance(fact, kind)]
        return found  # type: ignore[return-value]  # filtered by isinstance just above
