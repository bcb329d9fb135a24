"""String literals as they are written: their pieces of text and their replacement fields, with exact places.

`ast` joins `"a" f"{b}"` to one node without the places of its pieces, and before Python 3.12 the nodes inside of an
f-string stand at wrong places (https://docs.python.org/3/whatsnew/3.12.html#pep-701-syntactic-formalization-of-f-strings).
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from jobsafety_lint.model import Span
from jobsafety_lint.readers.python.parsing import parse_expression

_BETWEEN = re.compile(r"(?:\s|\\\n|#[^\n]*\n)*")
_OPENING = re.compile(r"([A-Za-z]{0,2})('''|\"\"\"|'|\")")
_NESTED = re.compile(
    r"([rRbBuUfF]{0,2})('''|\"\"\"|'|\")|[(\[{]|[)\]}]|![rsa](?=[:}])|:=?|=(?=\s*(?:![rsa])?[:}])|#"
)
_EXACT = sys.version_info >= (3, 12)


class NotRead(ValueError):
    """A literal that the scanner and `ast` read differently."""


@dataclass(frozen=True, slots=True)
class Text:
    """A stretch of literal text as it is written. `raw`: backslashes mean themselves; `formatted`: `{{` stands for `{`."""

    span: Span
    raw: bool = False
    formatted: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A replacement field `{expression!r:spec}`. The span has its braces; `expression` has the right places."""

    span: Span
    expression: ast.expr
    converted: bool = False
    spec: ast.expr | None = None


@dataclass(frozen=True, slots=True)
class _Scanned:
    """A field before it is known what stands in it: its own span and that of its expression."""

    span: Span
    expression: Span


def pieces(text: str, span: Span, node: ast.Constant | ast.JoinedStr) -> list[Text | Field]:
    """The pieces of a literal (which may be several in a row) that stands at a span of a text.

    Raises:
        NotRead: the scanner does not find what `ast` has found.
    """
    fields = iter(
        [v for v in node.values if isinstance(v, ast.FormattedValue)]
        if isinstance(node, ast.JoinedStr)
        else ()
    )
    found: list[Text | Field] = []
    for piece in _scan(text, span):
        if isinstance(piece, Text):
            found.append(piece)
            continue
        value = next(fields, None)
        if value is None:
            raise NotRead(text[span.start : span.end])
        expression = value.value if _EXACT else placed(text, piece.expression)
        found.append(Field(piece.span, expression, value.conversion != -1, value.format_spec))
    if next(fields, None) is not None:
        raise NotRead(text[span.start : span.end])
    return found


def placed(text: str, span: Span) -> ast.expr:
    """The expression at a span of a text, read by itself, its nodes at the places where they stand in the text.

    Raises:
        NotRead: it is no expression.
    """
    try:
        tree = parse_expression(f"({text[span.start : span.end]}\n)")
    except (SyntaxError, ValueError) as error:
        raise NotRead(text[span.start : span.end]) from error
    line = text.count("\n", 0, span.start)
    column = len(text[text.rfind("\n", 0, span.start) + 1 : span.start].encode()) - 1
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.arg | ast.keyword):
            if node.lineno == 1:
                node.col_offset += column
            if node.end_lineno == 1 and node.end_col_offset is not None:
                node.end_col_offset += column
            node.lineno += line
            node.end_lineno = (node.end_lineno or 1) + line
    return tree


def _scan(text: str, span: Span) -> Iterator[Text | _Scanned]:
    at = span.start
    while at < span.end:
        opening = _OPENING.match(text, at)
        if opening is None:
            raise NotRead(text[at : span.end])
        prefix, quote = opening[1].lower(), opening[2]
        raw = "r" in prefix
        if "f" in prefix:
            at = yield from _scan_formatted(text, opening.end(), span.end, quote, raw=raw)
        else:
            end = _closing(text, opening.end(), span.end, quote)
            yield Text(Span(opening.end(), end), raw)
            at = end + len(quote)
        between = _BETWEEN.match(text, at, span.end)
        at = between.end() if between is not None else at


def _closing(text: str, at: int, end: int, quote: str) -> int:
    """Where the closing quote stands; a backslash hides what follows it, in raw literals too."""
    while at < end:
        if text[at] == "\\":
            at += 2
        elif text.startswith(quote, at):
            return at
        else:
            at += 1
    raise NotRead(text[at:end])


def _scan_formatted(
    text: str, at: int, end: int, quote: str, *, raw: bool
) -> Generator[Text | _Scanned, None, int]:
    """The pieces of an f-string from behind its opening quote; returns where the literal ends."""
    start = at
    while at < end:
        char = text[at]
        if text.startswith(quote, at):
            if at > start:
                yield Text(Span(start, at), raw, formatted=True)
            return at + len(quote)
        if char == "\\":
            named = not raw and text.startswith("N{", at + 1)
            at = text.find("}", at) + 1 if named else at + (1 if text.startswith("{", at + 1) else 2)
        elif char in "{}" and text.startswith(char, at + 1):
            at += 2
        elif char == "{":
            if at > start:
                yield Text(Span(start, at), raw, formatted=True)
            field = _field(text, at, end)
            yield field
            at = start = field.span.end
        else:
            at += 1
    raise NotRead(text[start:end])


def _field(text: str, start: int, end: int) -> _Scanned:
    """The field whose opening brace stands at `start`."""
    depth, at = 0, start + 1
    expression = -1
    while (match := _NESTED.search(text, at, end)) is not None:
        mark = match.group()
        if expression >= 0 and mark not in "{}":
            at = (
                match.end() if match[2] is None else match.start() + 1
            )  # a format specification: text and fields
        elif match[2] is not None:
            at = _skipped(text, match, end)
        elif mark == "#":
            at = text.find("\n", at) + 1 or end
        elif mark in "([{":
            depth, at = depth + 1, match.end()
        elif mark in ")]}" and depth:
            depth, at = depth - 1, match.end()
        elif mark == "}":
            stop = expression if expression >= 0 else match.start()
            return _Scanned(Span(start, match.end()), _stripped(text, start + 1, stop))
        elif not depth and expression < 0 and mark in {":", "=", ":=", "!r", "!s", "!a"}:
            expression, at = match.start(), match.start() + 1
        else:
            at = match.end()
    raise NotRead(text[start:end])


def _skipped(text: str, opening: re.Match[str], end: int) -> int:
    """Behind the literal that opens here."""
    if "f" not in opening[1].lower():
        return _closing(text, opening.end(), end, opening[2]) + len(opening[2])
    inner = _scan_formatted(text, opening.end(), end, opening[2], raw="r" in opening[1].lower())
    while True:
        try:
            next(inner)
        except StopIteration as stop:
            return int(stop.value)


def _stripped(text: str, start: int, end: int) -> Span:
    code = text[start:end]
    return Span(start + len(code) - len(code.lstrip()), start + len(code.rstrip()))
