"""Which of many literals a text holds, by its vocabulary: the different words of a text are a fifth of it, and most literals are
words or end like ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from jobsafety_lint.source import Source

_WORD = re.compile(r"\w+")
_MARK = "\n"
"""Stands before and behind each word of a vocabulary."""


@dataclass(frozen=True, slots=True)
class _Probe:
    """`sought` is in the vocabulary of every text that holds the `literal`; in no other one where it is `exact`."""

    literal: str
    sought: str
    exact: bool

    @classmethod
    def of(cls, literal: str) -> _Probe:
        words = list(_WORD.finditer(literal))
        if not words:
            return cls(literal, "", exact=False)
        word = max(words, key=lambda found: found.end() - found.start())
        opened = _MARK if word.start() > 0 else ""
        closed = _MARK if word.end() < len(literal) else ""
        return cls(literal, f"{opened}{word[0]}{closed}", exact=word[0] == literal)


class Literals:
    """Literals that are searched for in many texts."""

    def __init__(self, literals: Iterable[str]) -> None:
        probes = map(_Probe.of, literals)
        self._probes = [(probe.sought, probe.exact, probe.literal) for probe in probes]

    def any_in(self, source: Source) -> bool:
        """Whether a text holds one of them."""
        text, vocabulary = source.text, source.vocabulary
        for sought, exact, literal in self._probes:
            if sought in vocabulary and (exact or literal in text):
                return True
        return False

    def those_in(self, source: Source) -> list[str]:
        """The ones that a text holds, in their order."""
        return self._those(source.text, source.vocabulary)

    def those_in_lower(self, source: Source) -> list[str]:
        """The ones that a text in lower case holds, in their order."""
        return self._those(source.lower, source.vocabulary.lower())

    def _those(self, text: str, vocabulary: str) -> list[str]:
        return [
            literal
            for sought, exact, literal in self._probes
            if sought in vocabulary and (exact or literal in text)
        ]
