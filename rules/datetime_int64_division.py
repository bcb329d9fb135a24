"""JOB804: datetimes are cast to integers and divided as if they counted nanoseconds."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.data.datasets import EpochDivision
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB804",
    "datetime-int64-division",
    '`.astype("int64") // 10**6` on datetimes: the unit changed in pandas 3',
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("G-6",),
    fix="unsafe",
    unsafe_because="the result changes wherever the data were in another unit",
)

_UNITS = {10**3: "us", 10**6: "ms", 10**9: "s"}


@RULE.on(EpochDivision)
def depends_on_unit(division: EpochDivision, context: Context) -> Iterator[Draft]:
    """A count of units that is divided, where nothing says which unit it is."""
    if context.role == "docs":
        return
    sure = bool(division.origin) or (division.shape == "index" and division.divisor in _UNITS)
    related = []
    if division.origin_place is not None:
        related.append((division.origin_place, "made here, with the unit that pandas picks"))
    if division.cast.span not in division.place.span:
        related.append((division.cast, "cast to an integer here"))
    yield RULE.found(
        division.place,
        f"`{_short(division.receiver.text)}` is divided by {division.divisor:,} as if it counted nanoseconds: pandas 3 counts microseconds, and the result is 1000 times too small",
        label="say the unit: `.as_unit(…)` before the cast",
        related=tuple(related),
        confidence=Confidence.MEDIUM if sure else Confidence.LOW,
        fix=_fix(division),
    )


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 50 else text[:49] + "…"


def _fix(division: EpochDivision) -> Fix | None:
    if not division.shape or (not division.origin and division.shape != "index"):
        return None
    accessor = ".dt" if division.shape == "series" else ""
    unit = _UNITS.get(division.divisor)
    receiver = division.receiver.text
    if division.whole and unit is not None and division.cast.text.startswith(receiver):
        rest = division.cast.text[len(receiver) :]
        text = f'{receiver}{accessor}.as_unit("{unit}"){rest}'
        return Fix(f"take the unit `{unit}`", (Edit(division.place.location, text),))
    text = f'{receiver}{accessor}.as_unit("ns")'
    return Fix("say that it is nanoseconds", (Edit(division.receiver.location, text),))
