"""Where here-documents stand: one pass over a text that knows quotes, comments and arithmetic."""

from __future__ import annotations

import re
from typing import NamedTuple

from jobsafety_lint.model import Span
from jobsafety_lint.plain_values import plain_value

_STOPS = re.compile(r"""['"`\\\n#<(]|\$\(\(|\$'""")
_START = re.compile(r"<<(-?)[ \t]*")
_DELIMITER = re.compile(r"""(?:\\.|'[^'\n]*'|"[^"\n]*"|[^\s;&|<>()'"\\])+""")


@plain_value(frozen=True, slots=True)
class Found:
    """A here-document: its delimiter word and body (up to, without, the closing line), and where the text goes on."""

    delimiter_span: Span
    delimiter: str
    quoted: bool
    strip_tabs: bool
    body: Span
    resume: int
    closed: bool


class _Announced(NamedTuple):
    """A here-document whose body begins in the next line: the offset of its `<<`, the delimiter's word."""

    where: int
    span: Span
    delimiter: str
    quoted: bool
    strip_tabs: bool
    in_backticks: bool


def find_heredocs(text: str, start: int, end: int) -> dict[int, Found]:  # one scan by character
    """All here-documents of a stretch of text, by the offset of their `<<`. Offsets in code points."""
    found: dict[int, Found] = {}
    if text.find("<<", start, end) < 0:
        return found
    pending: list[_Announced] = []
    in_backticks = False
    at = start
    while at < end:
        match = _STOPS.search(text, at, end)
        if match is None:
            break
        at = match.start()
        char = match.group()
        if char == "\n":
            at += 1
            for one in pending:
                start_of_body = at
                body_end, at, closed = _body(text, at, end, one)
                body = Span(start_of_body, body_end)
                found[one.where] = Found(
                    one.span, one.delimiter, one.quoted, one.strip_tabs, body, at, closed
                )
            pending.clear()
        elif char == "\\":
            at += 2
        elif char == "'":
            at = _after(text, "'", at + 1, end)
        elif char == "$'":
            at = _ansi_end(text, at + 2, end)
        elif char == '"':
            at = _double_quote_end(text, at + 1, end)
        elif char == "`":
            in_backticks = not in_backticks
            at += 1
        elif char == "#":
            if at == start or text[at - 1] in " \t\n;&|()`":
                newline = text.find("\n", at, end)
                at = end if newline < 0 else newline
            else:
                at += 1
        elif char == "$((" or text.startswith("((", at):
            at = _arithmetic_end(text, text.index("((", at), end)
        elif text.startswith("<<<", at):
            at += 3
        elif text.startswith("<<", at):
            head = _START.match(text, at, end)
            word = _DELIMITER.match(text, head.end(), end) if head else None
            if head is None or word is None:
                at += 2
                continue
            raw = word.group()
            delimiter = re.sub(r"""\\(.)|['"]""", lambda m: m[1] or "", raw)
            span = Span(word.start(), word.end())
            pending.append(_Announced(at, span, delimiter, raw != delimiter, bool(head[1]), in_backticks))
            at = word.end()
        else:
            at += 1
    return found


def _arithmetic_end(text: str, opening: int, end: int) -> int:
    """Past an arithmetic expression whose `((` is at `opening`; past these alone where it does not close in its line."""
    depth = 0
    for at in range(opening, end):
        if text[at] == "\n":
            break
        depth += (text[at] == "(") - (text[at] == ")")
        if not depth:
            return at + 1
    return opening + 2


def _after(text: str, what: str, at: int, end: int) -> int:
    found = text.find(what, at, end)
    return end if found < 0 else found + len(what)


def _ansi_end(text: str, at: int, end: int) -> int:
    while at < end and text[at] != "'":
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _double_quote_end(text: str, at: int, end: int) -> int:
    """Past a double-quoted string; substitutions inside may hold quotes and here-documents of their own."""
    while at < end:
        char = text[at]
        if char == "\\":
            at += 2
        elif char == '"':
            return at + 1
        elif text.startswith("$(", at):
            at = _nested_end(text, at + 2, end)
        elif char == "`":
            at = _after(text, "`", at + 1, end)
        else:
            at += 1
    return end


def _nested_end(text: str, at: int, end: int) -> int:
    depth = 1
    while at < end and depth:
        char = text[at]
        if char == "\\":
            at += 2
            continue
        if char == "'":
            at = _after(text, "'", at + 1, end)
            continue
        if char == '"':
            at = _double_quote_end(text, at + 1, end)
            continue
        depth += (char == "(") - (char == ")")
        at += 1
    return at


def _body(text: str, at: int, end: int, announced: _Announced) -> tuple[int, int, bool]:
    """Where the body ends, where the text goes on, and whether the closing line was there; in backticks their end may
    stand behind the delimiter.
    """
    delimiter = announced.delimiter
    while at < end:
        newline = text.find("\n", at, end)
        line_end = end if newline < 0 else newline
        line = text[at:line_end].lstrip("\t") if announced.strip_tabs else text[at:line_end]
        if line == delimiter:
            return at, min(line_end + 1, end), True
        if announced.in_backticks and line.startswith(f"{delimiter}`"):
            return at, line_end - len(line) + len(delimiter), True
        at = min(line_end + 1, end)
        if newline < 0:
            break
    return end, end, False
