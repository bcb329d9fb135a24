"""What a Python file mentions, as far as its text tells: files that do not call a function are not read for its calls.

By `str.find`, which is an order of magnitude faster than an expression: the question is asked of every file of a project.
"""

from __future__ import annotations

import re

from jobsafety_lint.meaning.python.handing import POOL_METHODS, STARTERS, WRAPPERS

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
