"""The values that a word of a `for` gives: braces and `seq` written out (bash(1), "Brace Expansion"; seq(1))."""

from __future__ import annotations

import re

from jobsafety_lint.meaning.commands import Arg

_NUMBERS = re.compile(r"\{(\d+)\.\.(\d+)\}")
_CHOICE = re.compile(r"([^{},]*)\{([^{}]*,[^{}]*)\}([^{},]*)")
_SEQ = re.compile(r"[\"']?(?:\$\(|`)\s*seq\s+(?:-w\s+)?(?:(\d+)\s+)?(\d+)\s*(?:\)|`)[\"']?")
_MOST = 1000
"""More values than these are not written out."""


def values_of(arg: Arg) -> list[str] | None:
    """The values of one word, in order; None if they are not known."""
    counted = _SEQ.fullmatch(arg.place.text)
    if counted is not None:
        first, last = int(counted[1] or 1), int(counted[2])
        return _numbers(first, last) if first <= last and not arg.quoted else None
    if arg.text is None:
        return None
    numbers, choice = _NUMBERS.fullmatch(arg.text), _CHOICE.fullmatch(arg.text)
    if arg.quoted or not (numbers or choice):
        return [arg.text]
    if numbers is not None:
        return _numbers(int(numbers[1]), int(numbers[2]))
    assert choice is not None
    return [f"{choice[1]}{one}{choice[3]}" for one in choice[2].split(",")]


def _numbers(first: int, last: int) -> list[str] | None:
    if abs(last - first) >= _MOST:
        return None
    return [str(number) for number in range(first, last + 1)] or [
        str(number) for number in range(first, last - 1, -1)
    ]
