"""JOB310: one queued job goes over years."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.queue.flow import job_text
from jobsafety_lint.meaning.queue.grammar import Launch
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB310",
    "monolithic-date-range",
    "one queued job spans years",
    Severity.INFO,
    Confidence.LOW,
    references=("AP-9",),
)

_DATE = r"[\"']?(?P<{0}y>(?:19|20)\d\d)(?:[-/]?(?P<{0}m>\d\d)(?:[-/]?(?P<{0}d>\d\d))?)?(?![\d])"
_FROM = r"--?(?:[a-z]+[-_])*(?:start|from|begin|since|after|first)(?:[-_](?:date|day|year|time|at|ts))?"
_TO = r"--?(?:[a-z]+[-_])*(?:end|to|until|till|before|stop|last)(?:[-_](?:date|day|year|time|at|ts))?"
_START = re.compile(rf"(?<!\S){_FROM}[=\s]\s*{_DATE.format('s')}", re.IGNORECASE)
_END = re.compile(rf"(?<!\S){_TO}[=\s]\s*{_DATE.format('e')}", re.IGNORECASE)
_RANGE = re.compile(rf"(?<![\w-]){_DATE.format('s')}(?:\.\.|:|/|\s+){_DATE.format('e')}")
_YEARS = 2


@RULE.on(Launch)
def years(launch: Launch, context: Context) -> Iterator[Draft]:
    """Jobs whose first and last day are written into the command."""
    if context.role in {"test", "docs"}:
        return
    text = job_text(launch.call)
    start, end = _START.search(text), _END.search(text)
    if start is None or end is None:
        start = end = _RANGE.search(text)
    if start is None or end is None:
        return
    first, last = _day(start, "s", 1), _day(end, "e", 12)
    if first is None or last is None or (last - first).days < 365 * _YEARS:
        return
    count = round((last - first).days / 365.25)
    yield RULE.found(
        launch.place,
        f"one job for {count} years, {first} to {last}: if its periods do not build on each other, they could run side by side",
        label="a job a year (or month), in a loop",
        data={"start": str(first), "end": str(last)},
    )


def _day(found: re.Match[str], side: str, month: int) -> dt.date | None:
    day = 1 if side == "s" else 28
    try:
        return dt.date(int(found[side + "y"]), int(found[side + "m"] or month), int(found[side + "d"] or day))
    except ValueError:
        return None
