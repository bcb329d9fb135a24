"""Answers of the project with the questions that they rest on, so that an answer holds as long as those are answered alike.

Most questions are about one file. After an edit, an answer is found out again only if it rests on what has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from jobsafety_lint.cache import codec
from jobsafety_lint.cache.files import digest_of

Answer = TypeVar("Answer")
Question = tuple[str, ...]
"""What was asked, and what the answer was where it is short: plain texts."""


@dataclass(eq=False)
class Answers:
    """Answers of an earlier look at the project (`known`), and those of this one (`given`), by what they are about."""

    known: Mapping[str, tuple[Any, frozenset[Question]]] = field(default_factory=dict)
    given: dict[str, tuple[Any, frozenset[Question]]] = field(default_factory=dict)
    _asked: list[set[Question]] = field(default_factory=list)

    def ask(self, *question: str) -> None:
        """Notes that the answer at hand rests on a question."""
        if self._asked:
            self._asked[-1].add(question)

    def rest_on(self, questions: frozenset[Question]) -> None:
        """Notes that the answer at hand rests on what another one rests on."""
        if self._asked:
            self._asked[-1] |= questions

    @contextmanager
    def noted(self) -> Iterator[set[Question]]:
        """The questions that are asked inside of the block; they count for what is around it, too."""
        questions: set[Question] = set()
        self._asked.append(questions)
        try:
            yield questions
        finally:
            self._asked.pop()
            self.rest_on(frozenset(questions))

    def of(self, subject: object, holds: Callable[[Question], bool], find: Callable[[], Answer]) -> Answer:
        """The answer about a subject (a plain value): a known one if all that it rests on still `holds`, else what is found."""
        key = digest_of(codec.encode(subject))
        known = self.known.get(key)
        if known is not None and all(holds(question) for question in known[1]):
            self.given[key] = known
            answer: Answer = known[0]
            return answer
        with self.noted() as questions:
            answer = find()
        self.given[key] = (answer, frozenset(questions))
        return answer
