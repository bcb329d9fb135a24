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
        self._probes = tuple(_Probe.of(literal) for literal in literals)

    def any_in(self, source: Source) -> bool:
        """Whether a text holds one of them."""
        return self._any(source.text, source.vocabulary)

    def any_in_lower(self, source: Source) -> bool:
        """Whether a text in lower case holds one of them."""
        return self._any(source.lower, source.vocabulary.lower())

    def those_in(self, source: Source) -> list[str]:
        """The ones that a text holds, in their order."""
        text, vocabulary = source.text, source.vocabulary
        return [probe.literal for probe in self._probes if _holds(text, vocabulary, probe)]

    def those_in_lower(self, source: Source) -> list[str]:
        """The ones that a text in lower case holds, in their order."""
        text, vocabulary = source.lower, source.vocabulary.lower()
        return [probe.literal for probe in self._probes if _holds(text, vocabulary, probe)]

    def _any(self, text: str, vocabulary: str) -> bool:
        return any(_holds(text, vocabulary, probe) for probe in self._probes)


def _holds(text: str, vocabulary: str, probe: _Probe) -> bool:
    return probe.sought in vocabulary and (probe.exact or probe.literal in text)
