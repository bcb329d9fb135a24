"""Positions: lines and columns as the engine counts them, to and from those of the protocol."""

from __future__ import annotations

import bisect
import re

from lsprotocol import types

from jobsafety_lint.model import Location

_LINE_END = re.compile(r"\r\n|\n|\r")
_BOM = "\ufeff"

Encoding = types.PositionEncodingKind | str


class Lines:
    """A text with its lines, as the editor has it (newlines as they are).

    The engine's lines end at `\\n` alone and count code points from 1, without a byte order mark. The protocol's lines
    end at `\\n`, `\\r\\n` and `\\r` and count code units of an encoding from 0.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts, self._ends = [0], []
        for end in _LINE_END.finditer(text):
            self._ends.append(end.start())
            self._starts.append(end.end())
        self._ends.append(len(text))
        plain = text.count("\r") == text.count("\r\n")
        self._engine_starts = self._starts if plain else [0, *(m.end() for m in re.finditer("\n", text))]
        self._mark = 1 if text.startswith(_BOM) else 0

    # --- the engine's places ------------------------------------------------------------------------------------------

    def offset_of(self, line: int, column: int) -> int:
        """The offset in the text of a line and column of the engine; past the end it is the end."""
        if line > len(self._engine_starts):
            return len(self.text)
        start = self._engine_starts[line - 1] + (self._mark if line == 1 else 0)
        last = line == len(self._engine_starts)
        end = len(self.text) if last else self._engine_starts[line] - 1
        if not last and end > start and self.text[end - 1] == "\r":
            end -= 1
        return min(start + column - 1, end)

    def range_of(self, at: Location, encoding: Encoding) -> types.Range:
        """The protocol's range of a place of the engine."""
        start = self.offset_of(at.line, at.column)
        end = max(start, self.offset_of(at.end_line, at.end_column))
        return types.Range(self.position(start, encoding), self.position(end, encoding))

    # --- the protocol's places ----------------------------------------------------------------------------------------

    def position(self, offset: int, encoding: Encoding) -> types.Position:
        """The protocol's position of an offset in the text."""
        line = bisect.bisect_right(self._starts, offset) - 1
        before = self.text[self._starts[line] : min(offset, self._ends[line])]
        return types.Position(line, _units(before, encoding))

    def offset(self, at: types.Position, encoding: Encoding) -> int:
        """The offset in the text of a position of the protocol; what lies past a line's end is its end."""
        if at.line >= len(self._starts):
            return len(self.text)
        start = self._starts[at.line]
        content = self.text[start : self._ends[at.line]]
        return start + _code_points(content, at.character, encoding)

    def line_text(self, line: int) -> str:
        """A line (the protocol's, from 0) without its end; empty past the end."""
        return self.text[self._starts[line] : self._ends[line]] if line < len(self._starts) else ""

    # --- changes ------------------------------------------------------------------------------------------------------

    def changed(self, change: types.TextDocumentContentChangeEvent, encoding: Encoding) -> Lines:
        """The text after a change; one without a range replaces all of it."""
        if isinstance(change, types.TextDocumentContentChangeWholeDocument):
            return Lines(change.text)
        start = self.offset(change.range.start, encoding)
        end = max(start, self.offset(change.range.end, encoding))
        return Lines(self.text[:start] + change.text + self.text[end:])


def _units(text: str, encoding: Encoding) -> int:
    """How many code units of an encoding a text has."""
    if text.isascii() or encoding == types.PositionEncodingKind.Utf32:
        return len(text)
    if encoding == types.PositionEncodingKind.Utf8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _code_points(text: str, units: int, encoding: Encoding) -> int:
    """How many code points of a text its first code units are; one that is cut in two does not count."""
    if text.isascii() or encoding == types.PositionEncodingKind.Utf32:
        return min(units, len(text))
    for count, char in enumerate(text):
        units -= _units(char, encoding)
        if units < 0:
            return count
    return len(text)
