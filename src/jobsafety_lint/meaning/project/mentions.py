"""What a Python file mentions, as far as its text tells: files that do not call a function are not read for its calls.

For a few questions by `str.find`, which is an order of magnitude faster than an expression; for many by an index, which costs as
much as some dozens of questions and keeps no texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from jobsafety_lint.meaning.python.handing import POOL_METHODS, STARTERS, WRAPPERS

_WORD = re.compile(r"[^\W\d]\w*")
_OPENS = re.compile(r"\s*\(")
_HANDING = tuple(
    f"{name}{opening}" for name in sorted(POOL_METHODS | WRAPPERS | STARTERS) for opening in ("(", " (")
)
"""How a function is handed to workers and the like; see `index.Module.calls`."""


def may_call(text: str, name: str, *, method: bool) -> bool:
    """Whether a text calls a function (or a method: `.name(`), or hands it to something that may."""
    mentioned = False
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        before, behind = text[at - 1 : at], text[end : end + 1]
        whole = not (_is_word(behind) or (before != "." if method else _is_word(before)))
        if whole:
            if _OPENS.match(text, end) and not text[max(at - 6, 0) : at].endswith(("def ", "class ")):
                return True
            mentioned = True
        at = text.find(name, end)
    return mentioned and any(word in text for word in _HANDING)


def _is_word(char: str) -> bool:
    return char == "_" or char.isalnum()


class Texts:
    """The texts of files, read when they are asked for; the last ones are kept, up to so many code points."""

    def __init__(self, read: Callable[[str], str], kept: int = 32_000_000) -> None:
        self._read = read
        self._left = kept
        self._texts: dict[str, str] = {}
        self.are_too_many = False
        """Whether some had to go: who asks for all of them again and again reads them again and again."""

    def of(self, path: str) -> str:
        """The text of a file, empty if it cannot be read."""
        known = self._texts.get(path)
        if known is None:
            known = self._texts[path] = self._read(path)
            self._left -= len(known)
            while self._left < 0 and len(self._texts) > 1:
                self._left += len(self._texts.pop(next(iter(self._texts))))
                self.are_too_many = True
        return known


def index_of(names: Collection[str], paths: Iterable[str], texts: Texts) -> dict[str, Sequence[str]]:
    """For each of these names the files, in the given order, in whose texts it stands as a word."""
    found: dict[str, list[str]] = {}
    wanted = frozenset(names)
    for path in paths:
        for name in wanted.intersection(_WORD.findall(texts.of(path))):
            found.setdefault(name, []).append(path)
    return dict(found)
