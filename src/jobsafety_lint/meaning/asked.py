"""What a condition asks of the file system: the part that the readers of shell and of Python share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jobsafety_lint.meaning.files import Check
from jobsafety_lint.plain_values import plain_value


@plain_value(frozen=True, eq=False)
class Asked:
    """A check inside a condition.

    `holds` is what it must say for the condition to be true; `alone` if the condition is nothing but this check;
    `certain` is False where the condition may be true for another reason.
    """

    check: Check
    holds: bool
    alone: bool
    certain: bool = True


def asked_either_way(alternatives: Sequence[Sequence[Asked]]) -> list[Asked]:
    """What `a or b` asks, from what each part asks: the check of the first where all ask for one path in different ways
    (`[ -e "$x" ] || [ -L "$x" ]`, `exists(p) or islink(p)`), and nothing otherwise.
    """
    if any(len(asked) != 1 or not asked[0].alone for asked in alternatives):
        return []
    first, *others = [asked[0] for asked in alternatives]
    same = all(a.holds == first.holds and a.check.path.same_object(first.check.path) for a in others)
    return [replace(first, alone=False)] if same and first.holds else []
