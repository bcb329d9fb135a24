"""Whether a fix can be written where it is to stand: a snippet is held by a host that has a syntax of its own.

An edit is made of a place in a snippet, but it is written into the file. So it is refused unless its place stands in the
file letter by letter, and its text needs no escape that the hosts around it would ask for. A character needs none if the
snippet holds it as it is somewhere, or if the kind of string says so (all but `'` inside `'…'`).
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from jobsafety_lint.model import Edit, Fix, Span
from jobsafety_lint.source import Place, Segment, Source, is_hole

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_=/.,+@")
"""What means itself everywhere, also as a word of a shell."""
_OPERATORS = frozenset(";|&<>()[]*?~^:")
"""What means itself everywhere but in the words of a shell."""


def fitted(fix: Fix, place: Place, kind: str, comments: Iterable[Span]) -> Fix | None:
    """The fix if every edit of it can be written, else None. `place` is where the finding stands, `kind` that of the
    file (as `discover` has it), `comments` the spans of the comments in the file: none may be lost.
    """
    file = place.source.file
    spans = [_span(file, edit) for edit in fix.edits]
    for edit, span in zip(fix.edits, spans, strict=True):
        removed = file.text[span.start : span.end]
        for comment in comments:
            text = file.text[comment.start : comment.end]
            if comment.overlaps(span) and text.strip() not in edit.text:
                return None
        if removed != edit.text and not _can_be_written(edit.text, span, place.source, kind):
            return None
    return fix


def python_comments(source: Source) -> list[Span]:
    """The comments of a Python file; as far as it can be read."""
    found: list[Span] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.COMMENT:
                start = source.offset(token.start[0], token.start[1] + 1)
                found.append(Span(start, start + len(token.string)))
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


def _span(file: Source, edit: Edit) -> Span:
    at = edit.location
    return Span(file.offset(at.line, at.column), file.offset(at.end_line, at.end_column))


def _can_be_written(text: str, span: Span, source: Source, kind: str) -> bool:
    """Whether a text can stand in place of a span of the file. `source` is the snippet that it may lie in."""
    in_file = span
    chain: list[Source] = []  # the snippets from the innermost one on
    while source.host is not None:
        chain.append(source)
        source = source.host
    # outermost first: as deep as the edit lies inside
    for snippet in reversed(chain):
        if not _lies_within(span, snippet):
            return True  # the edit is made in the text around this snippet
        inside = _in_snippet(span, snippet)
        if inside is None:
            return False
        if not _holds(snippet, text, span, in_file, kind):
            return False
        span = inside
    return True


def _lies_within(span: Span, snippet: Source) -> bool:
    segments = _segments(snippet)
    if not segments:
        return False
    last = segments[-1]
    return segments[0].host_start <= span.start and span.end <= last.host_start + last.host_length


def _segments(snippet: Source) -> tuple[Segment, ...]:
    return snippet.offsets.segments if snippet.offsets is not None else ()


def _in_snippet(span: Span, snippet: Source) -> Span | None:
    """The snippet's own span for a span of its host, if both ends stand where they seem to. Next to a variable whose value the
    snippet has in its place, nobody can tell: all that is in the value stands there.
    """
    if any(
        segment.length > 1
        and segment.host_start <= span.end
        and span.start <= segment.host_start + segment.host_length
        and not _is_as_written(segment, snippet)
        for segment in _segments(snippet)
    ):
        return None
    start, end = _offset(span.start, snippet, at_end=False), _offset(span.end, snippet, at_end=True)
    if span.start == span.end:
        start = end = start if start is not None else end
    return Span(start, end) if start is not None and end is not None and start <= end else None


def _is_as_written(segment: Segment, snippet: Source) -> bool:
    """Whether a stretch of a snippet stands in its host as it is; holes are told apart by their numbers alone."""
    assert snippet.host is not None
    piece = snippet.text[segment.start : segment.start + segment.length]
    written = snippet.host.text[segment.host_start : segment.host_start + segment.host_length]
    return piece == written or (len(piece) == len(written) and any(map(is_hole, piece)))


def _offset(host_offset: int, snippet: Source, *, at_end: bool) -> int | None:
    """Where an offset of the host is in the snippet: inside of what is written as it is, or at the edge of anything."""
    found = None
    for segment in _segments(snippet):
        into = host_offset - segment.host_start
        verbatim = segment.length == segment.host_length
        if into in (0, segment.host_length) or (verbatim and 0 < into < segment.host_length):
            found = segment.start + (into if verbatim else segment.length if into else 0)
            if into == segment.host_length and not at_end:
                continue  # the beginning of the next piece, if there is one, is as good
            return found
    return found


@dataclass(frozen=True)
class _Content:
    """What a snippet holds: the characters that are written as they are, and the holes as the host has them."""

    characters: frozenset[str]
    holes: frozenset[str]


@lru_cache(maxsize=64)
def _content(snippet: Source) -> _Content:
    host = snippet.host
    assert host is not None
    characters: set[str] = set()
    holes: set[str] = set()
    for segment in _segments(snippet):
        piece = snippet.text[segment.start : segment.start + segment.length]
        written = host.text[segment.host_start : segment.host_start + segment.host_length]
        if piece == written:
            characters |= set(piece)
        elif (
            segment.length == 1
            and snippet.holes
            and snippet.shown(Span(segment.start, segment.start + 1)) == written
        ):
            holes.add(written)
    return _Content(frozenset(characters), frozenset(holes))


def _holds(snippet: Source, text: str, span: Span, in_file: Span, kind: str) -> bool:
    """Whether the host can hold a text there as it is."""
    content = _content(snippet)
    for hole in sorted(content.holes, key=len, reverse=True):
        text = text.replace(hole, "")
    allowed = _PLAIN | content.characters
    if "\n" in text and not _is_indented(text, in_file, snippet.file):
        return False
    host = snippet.host
    assert host is not None
    if not _is_shell(host, kind):
        allowed |= _OPERATORS
    needed = set(text) - allowed
    if not needed:
        return True
    return needed <= _allowed_by_quotes(snippet, host, span, kind, needed)


def _is_shell(host: Source, kind: str) -> bool:
    return host.language == "shell" or (host.host is None and kind == "shell")


def _is_indented(text: str, span: Span, file: Source) -> bool:
    """Whether every further line of a text begins as the line of the file does that it is put into."""
    line = file.text[file.text.rfind("\n", 0, span.start) + 1 : span.start]
    blanks = line[: len(line) - len(line.lstrip())]
    return all(row.startswith(blanks) for row in text.split("\n")[1:])


_OPENING = re.compile(r"(?P<prefix>\b[A-Za-z]{1,2})?(?P<quotes>'''|\"\"\"|'|\")\\?\n?[ \t]*\Z")


def _allowed_by_quotes(snippet: Source, host: Source, span: Span, kind: str, needed: set[str]) -> set[str]:
    """Which of some characters mean themselves in the kind of string that the snippet stands in."""
    segment = next(
        s for s in _segments(snippet) if s.host_start <= span.start <= s.host_start + s.host_length
    )
    opening = _OPENING.search(host.text, max(segment.host_start - 80, 0), segment.host_start)
    quotes = opening["quotes"] if opening else ""
    if _is_shell(host, kind):
        return needed - {"'"} if quotes == "'" else set()
    first = _segments(snippet)[0].host_start
    opening = _OPENING.search(host.text, max(first - 80, 0), first)
    quotes = opening["quotes"] if opening else ""
    line = host.text[host.text.rfind("\n", 0, first) + 1 : first]
    match kind:
        case "mise" if quotes:
            refused = set(quotes) | ({"\\"} if '"' in quotes else set()) | {"\n", "{", "}"}
        case "python" if opening is not None and quotes:
            raw, formatted = (letter in (opening["prefix"] or "").lower() for letter in "rf")
            refused = {quotes[0], "\n", "\\"} | ({"{", "}"} if formatted else set()) - (
                {"\\"} if raw else set()
            )
        case "workflow" | "gitlab-ci" if not line.strip():  # a block: nothing is escaped in it
            refused = {"\n"}
        case "dockerfile" | "justfile" | "mise-tasks":
            refused = {"\n", "{", "}", "\\", "#"}
        case "makefile":
            refused = {"\n", "$", "#", "\\"}
        case "crontab":
            refused = {"\n", "%", "\\"}
        case _:
            return set()
    return needed - refused
