"""The values that a word of a `for` gives: braces and `seq` written out (bash(1), "Brace Expansion"; seq(1))."""

from __future__ import annotations

import re

from jobsafety_lint.meaning.commands import Arg

_NUMBERS = re.compile(r"\{(\d+)\.\.(\d+)\}")
_CHOICE = re.compile(r"([^{},]*)\{([^{}]*,[^{}]*)\}([^{},]*)")
_SEQ = re.compile(r"(?:\$\(|`)\s*seq\s+(?P<wide>-w\s+)?(?:(?P<first>\d+)\s+)?(?P<last>\d+)\s*(?:\)|`)")
_MOST = 1000
"""More values than these are not written out."""


def values_of(arg: Arg) -> list[str] | None:
    """The values of one word, in order; None if they are not known."""
    counted = None if arg.quoted else _SEQ.fullmatch(arg.place.text)
    if counted is not None:
        first, last = int(counted["first"] or 1), int(counted["last"])
        return _numbers(first, last, len(counted["last"]) if counted["wide"] else 0) if first <= last else []
    if arg.text is None or arg.quoted:
        return None if arg.text is None else [arg.text]
    if (numbers := _NUMBERS.fullmatch(arg.text)) is not None:
        padded = any(len(end) > 1 and end.startswith("0") for end in numbers.groups())
        return _numbers(int(numbers[1]), int(numbers[2]), max(map(len, numbers.groups())) if padded else 0)
    if (choice := _CHOICE.fullmatch(arg.text)) is not None:
        return [f"{choice[1]}{one}{choice[3]}" for one in choice[2].split(",")]
    return [arg.text]


def _numbers(first: int, last: int, width: int) -> list[str] | None:
    """The numbers from one to another, up or down, with zeros before them up to a width."""
    if abs(last - first) >= _MOST:
        return None
    step = 1 if first <= last else -1
    return [str(number).zfill(width) for number in range(first, last + step, step)]
