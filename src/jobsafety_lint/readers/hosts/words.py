"""Commands that no shell runs (exec form, ExecStart): their words as text that the shell's reader reads back as they are.

So everything that is known of commands (wrappers, queue calls, `sh -c '…'`) counts for them without a second reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from jobsafety_lint.model import Span
from jobsafety_lint.source import Hole, SnippetBuilder

_PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)

Piece = tuple[str | Hole, Span]


@dataclass
class Word:
    """A word as the program gets it. `pieces` tell where each part stands, where they differ from the text itself;
    `quoted`: it is written in quotes.
    """

    text: str
    span: Span
    pieces: list[Piece] = field(default_factory=list)
    quoted: bool = False


def add_words(builder: SnippetBuilder, words: list[Word]) -> None:
    """Adds words; quotes that a shell needs to see them as they are stand nowhere in the host."""
    for at, word in enumerate(words):
        if at:
            builder.add_synthetic(" ")
        pieces = [(piece, span) for piece, span in word.pieces or [(word.text, word.span)] if piece]
        texts = [piece for piece, _ in pieces if isinstance(piece, str)]
        plain = bool(pieces) and all(_PLAIN.fullmatch(text) for text in texts)
        if not pieces:
            builder.add_synthetic("''")
        opened = False
        for piece, span in pieces:
            if not plain and opened is isinstance(piece, Hole):
                builder.add_synthetic("'")
                opened = not opened
            if isinstance(piece, Hole):
                builder.add_hole(piece, span)
            else:
                _add_text(builder, piece, span, quoted=not plain)
        builder.add_synthetic("'" if opened else "")


def _add_text(builder: SnippetBuilder, text: str, span: Span, *, quoted: bool) -> None:
    """Text inside of single quotes, those that it holds itself written so that they survive."""
    exact = len(text) == span.end - span.start
    at = span.start
    for part in re.split("(')", text) if quoted else [text]:
        where = Span(at, at + len(part)) if exact else span
        at += len(part)
        if part == "'":
            builder.add_synthetic("'\\")
            builder.add(part, where)
            builder.add_synthetic("'")
        elif part:
            builder.add(part, where)


def unescaped(
    text: str, start: int, escape: re.Pattern[str], decode: Callable[[str], str]
) -> Iterator[tuple[str, Span]]:
    """A stretch with escapes as pieces: what stands as it is, and each escape by what it means."""
    at = 0
    for match in escape.finditer(text):
        if match.start() > at:
            yield text[at : match.start()], Span(start + at, start + match.start())
        yield decode(match.group()), Span(start + match.start(), start + match.end())
        at = match.end()
    if at < len(text):
        yield text[at:], Span(start + at, start + len(text))
