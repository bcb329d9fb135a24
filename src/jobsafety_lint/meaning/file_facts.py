"""What is known of one file: its facts, its comments, and where its statements lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from jobsafety_lint.model import Mark, Span
from jobsafety_lint.readers.python.outline import Outline as PythonOutline
from jobsafety_lint.readers.shell.reader import ShellTree
from jobsafety_lint.source import Place, Source

if TYPE_CHECKING:
    from jobsafety_lint.readers.python.close import ExactReader


class Outline(Protocol):
    """What a reader knows of the shape of a text: for suppressions and fingerprints."""

    def statement_span(self, offset: int) -> Span:
        """The smallest statement that holds the offset."""

    def definitions(self, offset: int) -> tuple[str, ...]:
        """The names of the functions, classes or tables around the offset, outermost first."""


@dataclass(eq=False)
class FileFacts:
    """What is known of a file. `silent` counts stretches that are not read and not reported (templates, zsh)."""

    source: Source
    facts: list[object] = field(default_factory=list)
    comments: list[tuple[Source, Span]] = field(default_factory=list)
    silent: int = 0
    shell_trees: list[ShellTree] = field(default_factory=list)
    _outlines: dict[int, tuple[Source, Outline]] = field(default_factory=dict)
    _marks: dict[tuple[int, int, int], Mark] = field(default_factory=dict)

    def know(self, source: Source, outline: Outline) -> None:
        """Remembers the outline of a source."""
        self._outlines[id(source)] = (source, outline)

    def exact_reader(self) -> ExactReader | None:
        """Libcst for the statements of a Python file; None if the file has no outline."""
        known = self._outlines.get(id(self.source))
        if known is None or not isinstance(known[1], PythonOutline):
            return None
        from jobsafety_lint.readers.python.close import ExactReader  # libcst: only where there are findings

        outline = known[1]
        return ExactReader(self.source.text, [*(f.span for f in outline.functions), *outline.statements])

    def _levels(self, place: Place) -> list[tuple[Source, Span, Outline | None]]:
        levels = []
        source, span = place.source, place.span
        while True:
            known = self._outlines.get(id(source))
            levels.append((source, span, known[1] if known else None))
            if source.host is None:
                return levels
            source, span = source.host, source.in_host(span)

    def anchors(self, place: Place) -> tuple[tuple[int, int], ...]:
        """The lines (first, last) of the smallest statement around a place, at each level of embedding."""
        anchors = []
        for source, span, outline in self._levels(place):
            statement = outline.statement_span(span.start) if outline else span
            at = source.location(Span(min(statement.start, span.start), max(statement.end, span.end)))
            anchors.append((at.line, at.end_line))
        return tuple(anchors)

    def statement_text(self, place: Place) -> str:
        """The normalised text of the smallest statement around a place."""
        source, span, outline = self._levels(place)[0]
        statement = outline.statement_span(span.start) if outline else span
        return " ".join(source.shown(statement).split())

    def mark(self, place: Place) -> Mark:
        """A place as plain values."""
        key = (id(place.source), place.span.start, place.span.end)
        known = self._marks.get(key)
        if known is None:
            known = self._marks[key] = Mark(
                place.location,
                place.text,
                self.statement_text(place),
                self.definitions(place),
                self.anchors(place),
            )
        return known

    def definitions(self, place: Place) -> tuple[str, ...]:
        """The definitions around a place, outermost first, those of the host included."""
        names: list[str] = []
        for _, span, outline in reversed(self._levels(place)):
            if outline is not None:
                names += outline.definitions(span.start)
        return tuple(names)
