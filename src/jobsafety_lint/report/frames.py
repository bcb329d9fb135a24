"""The lines of a file around a marked place, as pieces of text: for formats that lay them out themselves."""

from __future__ import annotations

from dataclasses import dataclass

from jobsafety_lint.model import Location

_MOST_LINES = 8


@dataclass(frozen=True)
class Line:
    """A line of a file: its number, and the text before, inside and after the marked place."""

    number: int
    before: str
    marked: str
    after: str


def lines_around(text: str, at: Location, context: int = 1) -> list[Line]:
    """The marked lines (at most eight) with some lines before and after; nothing if the text has no such line."""
    lines = text.split("\n")
    if at.line > len(lines):
        return []
    last = min(at.end_line, at.line + _MOST_LINES - 1, len(lines))
    found = []
    for number in range(max(1, at.line - context), min(len(lines), last + context) + 1):
        line = lines[number - 1]
        start, end = 0, 0
        if at.line <= number <= last:
            start = at.column - 1 if number == at.line else len(line) - len(line.lstrip())
            end = at.end_column - 1 if number == at.end_line else len(line.rstrip())
        found.append(Line(number, line[:start], line[start:end], line[end:]))
    return found
