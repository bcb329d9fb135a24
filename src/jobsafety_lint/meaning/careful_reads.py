"""Caches of which a broken entry is taken for a missing one, and made again."""

from __future__ import annotations

from collections.abc import Iterable

from jobsafety_lint.meaning.files import Act, Read
from jobsafety_lint.meaning.paths import PathPattern, words_of

_CACHE = frozenset({"cache", "caches", "cached"})


def is_checked_cache(act: Act, reads: Iterable[Read]) -> bool:
    """Whether it is an entry of a cache by its name, its module or its function, and whoever reads it (`reads` are all reads of
    the file of code) takes one that is broken for one that is missing.
    """
    names = (act.path_place.text, act.place.source.path, *act.execution.functions)
    if not _CACHE & {*act.path.words, *(word for name in names for word in words_of(name))}:
        return False
    mine = [read for read in reads if _is_same(read.path, act.path)]
    return bool(mine) and all(read.tolerates_broken for read in mine)


def _is_same(one: PathPattern, other: PathPattern) -> bool:
    """Whether two functions name one kind of entry: by the same code, or with the same text around what differs."""
    return one.identity == other.identity or (one.literal == other.literal and bool(other.suffix))
