"""Markdown in pieces: fenced blocks and what stands between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Fence:
    """A fenced block: what stands behind the backticks, and the text."""

    info: str
    text: str


def pieces(text: str) -> Iterator[str | Fence]:
    """Prose and fenced blocks, in turn."""
    end = 0
    for match in _FENCE.finditer(text):
        yield text[end : match.start()]
        yield Fence(match["info"].strip(), match["text"])
        end = match.end()
    yield text[end:]


def change_prose(text: str, change: Callable[[str], str]) -> str:
    """A text in which everything but the fenced blocks has been changed."""
    return "".join(
        change(piece) if isinstance(piece, str) else f"```{piece.info}\n{piece.text}```"
        for piece in pieces(text)
    )
