"""What a rule is: a value with its code, name and severity, and the checks that listen to facts.

A rule is a pair of files with one stem in `rules/`: the module with a `RULE = Rule(…)` and its checks, and the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from jobsafety_lint.context import Context
from jobsafety_lint.model import Confidence, Edit, Fix, Location, Mark, Severity
from jobsafety_lint.source import Place

Kind = TypeVar("Kind")
Where = Place | Mark | Location
"""Where something stands: in a text at hand, as plain values of a file that is not at hand, or as lines and columns."""


@dataclass(frozen=True, eq=False)
class Draft:
    """What a check found, before the engine has made a finding of it.

    `related` are other places with what they have to do with it. `subject` is what the finding is about, for rules that
    keep silent where another one speaks of the same thing; any value that compares. `supposes` is what must be so in other
    files (see `meaning.project.starters`): where they say that it is not, the confidence is low.
    """

    rule: Rule
    place: Where
    message: str
    label: str = ""
    related: tuple[tuple[Place | Mark, str], ...] = ()
    severity: Severity = Severity.WARNING
    confidence: Confidence = Confidence.HIGH
    fix: Fix | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    subject: object = None
    supposes: frozenset[str] = frozenset()


Check = Callable[[Any, Context], Iterator[Draft]]


@dataclass(eq=False)
class Rule:
    """A rule. `severity` and `confidence` are those of a typical finding; a check may give others to one finding.

    `references` name the principle or anti-pattern that it comes from (`INV-3`, `AP-2`). `fix` says what fixes it has:
    `safe`, `unsafe`, `safe or unsafe`, or nothing; `unsafe_because` says what an unsafe one may change, unless the fix
    itself says it. `silent_where` are codes of rules that speak instead where both
    would speak about the same subject (the precedence table).
    """

    code: str
    name: str
    summary: str
    severity: Severity
    confidence: Confidence = Confidence.HIGH
    references: tuple[str, ...] = ()
    fix: str = ""
    unsafe_because: str = ""
    silent_where: tuple[str, ...] = ()
    checks: list[tuple[type, Check]] = field(default_factory=list)
    programs: dict[Check, frozenset[str]] = field(default_factory=dict)
    """The checks that are about some programs only (`on`)."""

    def on(
        self, *kinds: type[Kind], of: Iterable[str] = ()
    ) -> Callable[[Callable[[Kind, Context], Iterator[Draft]]], Callable[[Kind, Context], Iterator[Draft]]]:
        """Registers a generator function that is called with every fact of these kinds. With `of`, the kinds are commands and
        rows of them, and only those matter that run one of these programs.

        Raises:
            TypeError: `of` is given for another kind.
        """
        programs = frozenset(of)
        for kind in kinds if programs else ():
            if not hasattr(kind, "runs"):
                raise TypeError(
                    f"{self.code}: `of` is for commands and rows of them, not for {kind.__name__}"
                )

        def register(
            check: Callable[[Kind, Context], Iterator[Draft]],
        ) -> Callable[[Kind, Context], Iterator[Draft]]:
            self.checks.extend((kind, check) for kind in kinds)
            if programs:
                self.programs[check] = programs
            return check

        return register

    def found(
        self,
        place: Where,
        message: str,
        *,
        label: str = "",
        related: tuple[tuple[Place | Mark, str], ...] = (),
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        fix: Fix | None = None,
        data: Mapping[str, Any] | None = None,
        subject: object = None,
        supposes: frozenset[str] = frozenset(),
    ) -> Draft:
        """A finding of this rule at a place, with the rule's severity and confidence unless others are given. Code of several
        lines that a text quotes is put into one.
        """
        return Draft(
            self,
            place,
            _in_one_line(message),
            _in_one_line(label),
            tuple((where, _in_one_line(text)) for where, text in related),
            severity or self.severity,
            confidence or self.confidence,
            fix,
            data or {},
            subject,
            supposes,
        )


def _in_one_line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text)


def edit(place: Place, text: str) -> Edit:
    """The text at a place is replaced."""
    return Edit(place.location, text)
