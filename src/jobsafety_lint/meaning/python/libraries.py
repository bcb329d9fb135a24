"""What a Python file says to the libraries that rules ask about: one door for all facts of that kind.

Each reader names the words without which a file holds nothing for it; a file that has none of them costs one search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from jobsafety_lint.meaning.python import api_calls, epochs, late_checks, line_counts, merges, sql_strings
from jobsafety_lint.meaning.python.definitions import FileNames
from jobsafety_lint.readers.python.outline import Outline

_READERS: tuple[tuple[re.Pattern[str], Callable[[FileNames], Iterator[object]]], ...] = (
    (api_calls.MENTIONS, api_calls.api_calls),
    (epochs.MENTIONS, epochs.epoch_divisions),
    (sql_strings.MENTIONS, sql_strings.sql_statements),
    (line_counts.MENTIONS, line_counts.line_count_checks),
    (late_checks.MENTIONS, late_checks.late_checks),
    (merges.MENTIONS, merges.merges),
)


def library_facts(outline: Outline) -> list[object]:
    """The facts of all readers whose words the file mentions."""
    text = outline.source.text
    wanted = [read for words, read in _READERS if words.search(text)]
    if not wanted:
        return []
    try:
        names = FileNames.of(outline)
        return [fact for read in wanted for fact in read(names)]
    except RecursionError:
        return []
