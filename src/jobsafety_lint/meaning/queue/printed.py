"""What a script says to the person who runs it: echo, printf, here-documents to cat, print and loggers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from jobsafety_lint.meaning.commands import Sequence
from jobsafety_lint.model import Span
from jobsafety_lint.source import Place, Source

_PRINTERS = frozenset(
    {"echo", "printf", "print", "say", "info", "log", "warn", "notice", "note", "logger", "log_info"}
)
_PY_PRINT = re.compile(
    r"(?:\bprint|\b(?:log|logger|logging|LOG|LOGGER|console|click|typer)\.(?:info|warning|warn|error|print|echo|secho|notice))\s*\("
)
_DOCUMENT = re.compile(r"<<(?P<tabs>-?)\s*(?P<quote>['\"]?)(?P<end>\w+)(?P=quote)[^\n]*\n")


@dataclass(frozen=True, eq=False)
class Printed:
    """A text that is printed, and the command or call that does it."""

    place: Place
    text: str


class _File(Protocol):
    file: Source


def printed_texts(sequence: Sequence, file: _File) -> Iterator[Printed]:
    """All texts that a sequence prints."""
    if file.file.path.endswith((".py", ".pyw")):
        yield from _python(sequence)
        return
    for command in sequence.commands:
        if command.execution.queue or any(
            op.startswith(">") and "/dev/" not in arg.pattern.literal and not arg.pattern.literal.isdigit()
            for op, arg in command.redirects
        ):
            continue
        if command.name in _PRINTERS:
            yield Printed(command.place, " ".join(arg.pattern.template for arg in command.args))
        elif command.name == "cat" and not command.args:
            text = _document(command.place)
            if text is not None:
                yield Printed(command.place, text)


def _document(place: Place) -> str | None:
    """The body of the here-document behind a command."""
    source = place.source
    line_end = source.text.find("\n", place.span.start)
    found = _DOCUMENT.search(source.text, place.span.start)
    if found is None or found.start() > (line_end if line_end >= 0 else len(source.text)):
        return None
    end = re.search(rf"^\s*{re.escape(found['end'])}\s*$", source.text[found.end() :], re.MULTILINE)
    return source.text[found.end() : found.end() + end.start()] if end else None


def _python(sequence: Sequence) -> Iterator[Printed]:
    """The calls of print and of loggers in the functions that the sequence's commands stand in."""
    source, span = sequence.place.source, sequence.place.span
    for found in _PY_PRINT.finditer(source.text, span.start, span.end):
        end = _closing(source.text, found.end())
        text = source.text[found.end() : end]
        pieces = re.findall(
            r"""[rfb]*("{3}.*?"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""", text, re.DOTALL
        )
        if pieces:
            said = "".join(piece.strip("\"'") for piece in pieces).replace("\\n", "\n")
            yield Printed(Place(source, Span(found.start(), min(end + 1, len(source.text)))), said)


def _closing(text: str, start: int) -> int:
    depth = 1
    quote = ""
    at = start
    while at < len(text) and at < start + 3000:
        char = text[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return min(at, len(text))
