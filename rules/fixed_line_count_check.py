"""JOB803: whether a file of JSON lines is complete is judged by a fixed number of lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.comparisons import Comparison
from jobsafety_lint.meaning.data.datasets import LineCountCheck
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB803",
    "fixed-line-count-check",
    "NDJSON completeness judged by a fixed number of lines",
    Severity.INFO,
    Confidence.LOW,
    references=("AP-14",),
)

_JSON_LINES = re.compile(r"\.(jsonl|ndjson|jsonlines)\b|(jsonl|ndjson)")
_COUNTS = re.compile(r"\bwc\s+(-l|--lines)\b|\bgrep\s+(-c|--count)\b")
_COUNTERS = {"wc": {"-l", "--lines"}, "grep": {"-c", "--count"}, "awk": set(), "sed": {"-n"}, "jq": {"-s"}}


@RULE.on(LineCountCheck)
def counted_in_python(check: LineCountCheck, context: Context) -> Iterator[Draft]:
    """`len(lines) != 300` for the lines of a file of JSON lines."""
    if context.role in {"test", "docs"} or not check.is_json_lines:
        return
    yield _found(
        check.place,
        check.expected,
        check.path.template if check.path is not None else "the file",
        check.count,
    )


@RULE.on(Comparison)
def counted_in_shell(comparison: Comparison, context: Context) -> Iterator[Draft]:
    """`[ "$(wc -l < out.ndjson)" -ne 300 ]`."""
    if context.role in {"test", "docs"}:
        return
    for side, names, expected in comparison.sides:
        if expected is None or expected < 2:
            continue
        if any(_COUNTS.search(h.text) and _JSON_LINES.search(h.text) for h in side.holes):
            yield _found(comparison.place, expected, "the file", comparison.place)
            return
        for command in context.all(Command):
            if command.name not in _COUNTERS:
                continue
            inside = (
                command.place.source is comparison.place.source
                and command.place.span in comparison.place.span
            )
            if (command.output_to & names or inside) and _counts_lines(command):
                text = " ".join(_texts(command, context))
                if _JSON_LINES.search(text):
                    yield _found(comparison.place, expected, "the file", command.place)
                    return


def _counts_lines(command: Command) -> bool:
    wanted = _COUNTERS.get(command.name)
    if wanted is None:
        return False
    words = {word for word in command.words if word}
    return bool(words & wanted) or (command.name == "awk" and any("NR" in word for word in words))


def _texts(command: Command, context: Context) -> Iterator[str]:
    """The words and files of a command and of the others that fill the same variable."""
    for other in context.all(Command):
        near = other.place.source is command.place.source and other.statement == command.statement
        if other is command or (near and other.statement is not None):
            yield from (arg.pattern.literal for arg in other.args)
            yield from (arg.pattern.literal for _, arg in other.redirects)


def _found(place: Place, expected: int, what: str, count: Place) -> Draft:
    related = () if count.span in place.span else ((count, "counted here"),)
    return RULE.found(
        place,
        f"{what if what == 'the file' else f'`{what}`'} counts as complete at {expected} lines, but an entry may take one line or several",
        label="count the entries by their key, or let the writer say that it is done",
        related=related,
        data={"expected": expected},
    )
