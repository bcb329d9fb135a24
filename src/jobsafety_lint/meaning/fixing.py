"""Parts of fixes that several rules need."""

from __future__ import annotations

import re

from jobsafety_lint.model import Edit, Span
from jobsafety_lint.source import Place, Source

_FIRST_IMPORT = re.compile(r"^(?:import|from) (?!__future__)", re.MULTILINE)


def import_edits(file: Source, module: str) -> tuple[Edit, ...] | None:
    """The edit that makes `import module` hold in a Python file: none if it does, None if there is no good place."""
    if re.search(rf"^import {re.escape(module)}$", file.text, re.MULTILINE):
        return ()
    first = _FIRST_IMPORT.search(file.text)
    if first is None:
        return None
    at = file.location(Span(first.start(), first.start()))
    return (Edit(at, f"import {module}\n"),)


def indentation(place: Place) -> str:
    """The blanks before the first character of the line where a place starts."""
    text = place.source.text
    start = text.rfind("\n", 0, place.span.start) + 1
    line = text[start : place.span.start]
    return line if not line.strip() else line[: len(line) - len(line.lstrip())]


def is_verbatim(place: Place) -> bool:
    """Whether the text of a place stands in the file letter by letter: no escape and no hole of a host in between."""
    span, source = place.source.in_file(place.span), place.source
    while source.host is not None:
        source = source.host
    return source.text[span.start : span.end] == place.text
