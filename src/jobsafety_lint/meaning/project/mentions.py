"""What a Python file mentions, as far as its text tells: files that do not call a function are not read for its calls.

For a few questions by `str.find`, which is an order of magnitude faster than an expression; for many by an index, which costs as
much as some dozens of questions and keeps no texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from jobsafety_lint.meaning.python.handing import POOL_METHODS, STARTERS, WRAPPERS

_OPENS = re.compile(r"\s*\(")
_HANDING = tuple(
    f"{name}{opening}" for name in sorted(POOL_METHODS | WRAPPERS | STARTERS) for opening in ("(", " (")
)
"""How a function is handed to workers and the like; see `index.Module.calls`."""


def may_call(text: str, name: str, *, method: bool, hands: Callable[[], bool] | None = None) -> bool:
    """Whether a text calls a function (or a method: `.name(`), or hands it to something that may. `hands` says whether the
    text hands anything, if somebody knows.
    """
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
    return mentioned and (hands() if hands is not None else hands_something(text))


def may_come_from_elsewhere(text: str, name: str) -> bool:
    """Whether a text may have a function from another file: its name stands behind a dot (`paths.build`), or as in an import."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        if not (_is_word(text[at - 1 : at]) or _is_word(text[end : end + 1])):
            line = text.rfind("\n", 0, at) + 1
            before = text[line:at].strip()
            if not before:  # `from paths import (`, a name a line
                before = text[:line].rstrip().rpartition("\n")[2]
            if before.endswith((".", ",", "(", "\\")) or "import" in before or "#" in before:
                return True
        at = text.find(name, end)
    return False


def hands_something(text: str) -> bool:
    """Whether a text hands some function to workers and the like."""
    return any(word in text for word in _HANDING)


def _is_word(char: str) -> bool:
    return char == "_" or char.isalnum()


class Texts:
    """The texts of files, read when they are asked for; the last ones are kept, up to so many code points."""

    def __init__(self, read: Callable[[str], str], kept: int = 32_000_000) -> None:
        self._read = read
        self._left = kept
        self._texts: dict[str, str] = {}
        self._handing: dict[str, bool] = {}
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

    def may_call(self, path: str, name: str, *, method: bool) -> bool:
        """As `may_call`, of a file's text."""
        return may_call(self.of(path), name, method=method, hands=lambda: self._hands_something(path))

    def _hands_something(self, path: str) -> bool:
        known = self._handing.get(path)
        if known is None:
            known = self._handing[path] = hands_something(self.of(path))
        return known


def index_of(
    names: Collection[str], paths: Iterable[str], vocabulary_of: Callable[[str], str]
) -> dict[str, Sequence[str]]:
    """For each of these names the files, in the given order, in whose texts it stands as a word; see `Source.vocabulary`."""
    found: dict[str, list[str]] = {}
    wanted = frozenset(names)
    for path in paths:
        for name in wanted.intersection(vocabulary_of(path).split("\n")):
            found.setdefault(name, []).append(path)
    return dict(found)
