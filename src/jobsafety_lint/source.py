"""Texts and where they come from: a file, or a snippet inside one, with exact positions through every escape.

A `Source` is what a reader reads. A file is a `Source` of its own; shell text inside a TOML string, a Python
literal, an ssh argument or a here-document is a `Source` with a `host` and an `OffsetMap` into the host's text.
What the host fills in only at run time (`{name}` of an f-string, `$x` inside double quotes, `${{ … }}`) is a
*hole*: one private-use character in the text, described by a `Hole`.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jobsafety_lint.model import Location, Span
from jobsafety_lint.plain_values import plain_value

HOLE_FIRST = 0xE000
HOLE_LAST = 0xF8FF

_WORD = re.compile(r"\w+")
_ENDS_WORDS = bytes(code for code in range(128) if not re.match(r"\w", chr(code)))
_BLANKS = bytes.maketrans(_ENDS_WORDS, b" " * len(_ENDS_WORDS))


@plain_value(frozen=True, slots=True)
class Hole:
    """A part of a text that is known only at run time.

    `text` is the code that fills it, as written (`$sym`, `{start:%Y}`, `$(date +%s)`). `names` are the variables
    and parameters it is made from, directly or through other variables. `kind` says what we know of its value:
    `variable` (nothing more), `unique` (another one in every process or call: uuid, pid, mkstemp, mktemp),
    `digest` (a hash of `names`), `time`, `command` (output of a command), `template` (filled in by the host file).
    `version` counts the assignments of the variable before this place: two holes of one text and different versions
    may hold different values.
    """

    text: str
    names: frozenset[str] = frozenset()
    kind: str = "variable"
    version: int = 0


def is_hole(char: str) -> bool:
    """Whether this character of a source's text stands for a hole."""
    return HOLE_FIRST <= ord(char) <= HOLE_LAST


@plain_value(frozen=True, slots=True)
class Segment:
    """`length` code points of a snippet from `start` on come from `host_length` code points of the host.

    Where the two lengths are equal, the code points correspond one by one; otherwise (an escape, a hole, a
    substituted value) every code point of the segment stands for all of the host's stretch.
    """

    start: int
    length: int
    host_start: int
    host_length: int


class OffsetMap:
    """Where each stretch of a snippet stands in its host. Stretches that the host does not hold may be left out."""

    def __init__(self, segments: Iterable[Segment]) -> None:
        self.segments = tuple(segments)
        self._starts = [segment.start for segment in self.segments]

    @classmethod
    def verbatim(cls, host_start: int, length: int) -> OffsetMap:
        """The map of a snippet that is written in the host as it is."""
        return cls([Segment(0, length, host_start, length)])

    def to_host(self, span: Span) -> Span:
        """The host's stretch for a span of the snippet; an empty span maps to an empty one."""
        if not self.segments:
            return Span(0, 0)
        start = self._host_start(span.start)
        if span.end <= span.start:
            return Span(start, start)
        return Span(start, max(start, self._host_end(span.end)))

    def _host_start(self, offset: int) -> int:
        at = max(bisect.bisect_right(self._starts, offset) - 1, 0)
        segment = self.segments[at]
        into = offset - segment.start
        if into >= segment.length and at + 1 < len(self.segments):
            return self.segments[
                at + 1
            ].host_start  # between two stretches: synthetic text, the next one counts
        if segment.length == segment.host_length:
            return segment.host_start + min(max(into, 0), segment.host_length)
        return segment.host_start if into < segment.length else segment.host_start + segment.host_length

    def _host_end(self, offset: int) -> int:
        at = max(bisect.bisect_left(self._starts, offset) - 1, 0)
        segment = self.segments[at]
        into = offset - segment.start
        if segment.length == segment.host_length:
            return segment.host_start + min(into, segment.host_length)
        return segment.host_start + segment.host_length


def vocabulary_of(text: str) -> str:
    """See `Source.vocabulary`."""
    words = text.encode().translate(_BLANKS).decode().split() if text.isascii() else _WORD.findall(text)
    return "\n".join(("", *set(words), ""))


@dataclass(eq=False)
class Source:
    """A text that a reader reads: a file, or a snippet inside a host.

    `path` is the file as it is shown to people. `holes[i]` describes the character `chr(0xE000 + i)`.
    `language` is `python`, `shell` or the name of a host format (`toml`, …).
    """

    path: str
    text: str
    language: str = ""
    host: Source | None = None
    offsets: OffsetMap | None = None
    holes: Sequence[Hole] = ()

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        find = self.text.find
        at = find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = find("\n", at + 1)
        return starts

    @cached_property
    def lower(self) -> str:
        """The text in lower case."""
        return self.text.lower()

    @cached_property
    def vocabulary(self) -> str:
        """The different words of the text, in no order, a newline before and behind each. A word is letters, digits and
        underscores without anything between.
        """
        return vocabulary_of(self.text)

    @property
    def file(self) -> Source:
        """The file that holds this text, itself if it is one."""
        return self.host.file if self.host else self

    def line_of(self, offset: int) -> int:
        """The line (from 1) of an offset of this text."""
        return bisect.bisect_right(self._line_starts, offset)

    def line_column(self, offset: int) -> tuple[int, int]:
        """Line and column (from 1, in code points) of an offset of this text."""
        line = self.line_of(offset)
        return line, offset - self._line_starts[line - 1] + 1

    def offset(self, line: int, column: int = 1) -> int:
        """The offset of a line and column (from 1); past the end it is the length of the text."""
        if line > len(self._line_starts):
            return len(self.text)
        return min(self._line_starts[line - 1] + column - 1, len(self.text))

    def line_span(self, line: int) -> Span:
        """The line (from 1) with its newline."""
        return Span(self.offset(line), self.offset(line + 1))

    @property
    def line_count(self) -> int:
        """How many lines the text has; a last line without a newline counts."""
        return len(self._line_starts)

    def in_host(self, span: Span) -> Span:
        """The span of the host's text that this span of ours comes from."""
        return self.offsets.to_host(span) if self.offsets else span

    def in_file(self, span: Span) -> Span:
        """The span in the file's text."""
        return self.host.in_file(self.in_host(span)) if self.host else span

    def location(self, span: Span) -> Location:
        """The span as people count, in the file that holds this text."""
        file, in_file = self.file, self.in_file(span)
        line, column = file.line_column(in_file.start)
        end_line, end_column = file.line_column(in_file.end)
        return Location(self.path, line, column, end_line, end_column)

    def hole(self, char: str) -> Hole:
        """What stands behind a hole's character."""
        return self.holes[ord(char) - HOLE_FIRST]

    def shown(self, span: Span) -> str:
        """The text of a span as written in the code: holes by the code that fills them."""
        piece = self.text[span.start : span.end]
        if not self.holes:
            return piece
        return "".join(
            self.hole(c).text if is_hole(c) and ord(c) - HOLE_FIRST < len(self.holes) else c for c in piece
        )


@dataclass(eq=False)
class SourceFile(Source):
    """A file: its text with newlines as `\\n`, and what it takes to write it back unchanged."""

    location_on_disk: Path = field(default_factory=Path)
    newline: str = "\n"
    encoding: str = "utf-8"


@plain_value(frozen=True, slots=True)
class Place:
    """A span of a source: where a fact stands."""

    source: Source
    span: Span

    @property
    def location(self) -> Location:
        """The place in the file that holds the source."""
        return self.source.location(self.span)

    @property
    def text(self) -> str:
        """The code at the place, as written."""
        return self.source.shown(self.span)


class SnippetBuilder:
    """Builds a snippet piece by piece, with its offset map and its holes."""

    def __init__(self, host: Source) -> None:
        self.host = host
        self.parts: list[str] = []
        self.segments: list[Segment] = []
        self.holes: list[Hole] = []
        self.length = 0

    def add(self, text: str, host: Span) -> None:
        """Text that comes from a stretch of the host: as it is where the lengths agree, else as one unit."""
        if not text and host.start == host.end:
            return
        last = self.segments[-1] if self.segments else None
        verbatim = len(text) == host.end - host.start
        if (
            last
            and verbatim
            and last.length == last.host_length
            and last.start + last.length == self.length
            and last.host_start + last.host_length == host.start
        ):
            self.segments[-1] = Segment(
                last.start, last.length + len(text), last.host_start, last.host_length + len(text)
            )
        else:
            self.segments.append(Segment(self.length, len(text), host.start, host.end - host.start))
        self.parts.append(text)
        self.length += len(text)

    def add_hole(self, hole: Hole, host: Span) -> None:
        """A part that is known only at run time."""
        if len(self.holes) > HOLE_LAST - HOLE_FIRST:
            self.add("x", host)
            return
        self.holes.append(hole)
        self.add(chr(HOLE_FIRST + len(self.holes) - 1), host)

    def add_from(self, other: Source, span: Span) -> None:
        """A stretch of the host's own text, its holes carried over."""
        text = other.text[span.start : span.end]
        if not other.holes or text.isascii():
            self.add(text, span)
            return
        for at, char in enumerate(text, span.start):
            if is_hole(char) and ord(char) - HOLE_FIRST < len(other.holes):
                self.add_hole(other.hole(char), Span(at, at + 1))
            else:
                self.add(char, Span(at, at + 1))

    def add_synthetic(self, text: str) -> None:
        """Text that stands nowhere in the host, such as the blank between two joined words."""
        self.parts.append(text)
        self.length += len(text)

    def build(self, language: str = "shell") -> Source:
        """The snippet."""
        return Source(
            self.host.path,
            "".join(self.parts),
            language,
            self.host,
            OffsetMap(self.segments),
            tuple(self.holes),
        )
