"""What a Python file says to the libraries that rules ask about: one door for all facts of that kind.

Each reader says whether a text may hold anything for it; a file that mentions none of their words costs a few searches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jobsafety_lint.meaning.python import api_calls, epochs, late_checks, line_counts, merges, sql_strings
from jobsafety_lint.meaning.python.definitions import FileNames
from jobsafety_lint.readers.python.outline import Outline

_READERS: tuple[tuple[Callable[[Outline], bool], Callable[[FileNames], Iterator[object]]], ...] = (
    (api_calls.is_mentioned, api_calls.api_calls),
    (epochs.is_mentioned, epochs.epoch_divisions),
    (sql_strings.is_mentioned, sql_strings.sql_statements),
    (line_counts.is_mentioned, line_counts.line_count_checks),
    (late_checks.is_mentioned, late_checks.late_checks),
    (merges.is_mentioned, merges.merges),
)


def library_facts(outline: Outline) -> list[object]:
    """The facts of all readers whose words the file mentions."""
    wanted = [read for is_mentioned, read in _READERS if is_mentioned(outline)]
    if not wanted:
        return []
    try:
        names = FileNames.of(outline)
        found = [fact for read in wanted for fact in read(names)]
    except RecursionError:
        return []
    names.let_go()
    return found
