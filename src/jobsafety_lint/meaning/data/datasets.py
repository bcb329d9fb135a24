"""What code does with tables, datetimes and lines of data: facts for the rules on data stores and merged artifacts."""

from __future__ import annotations

from dataclasses import dataclass

from jobsafety_lint.meaning.functions import Function
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.source import Place


@dataclass(frozen=True, eq=False)
class EpochDivision:
    """A datetime is cast to a 64-bit integer, and the count of its units is divided by a power of ten.

    `receiver` is what is cast (`frame["at"]`), `shape` is `series` or `index` where that is known, `cast` the whole cast.
    `divisor` is what it is divided by. `origin` says why it is known to be a datetime, with its place; without one
    only the name says so. `whole` is true where the division is `receiver.astype(…) // divisor` and nothing else.
    """

    place: Place
    receiver: Place
    cast: Place
    divisor: int
    shape: str
    by: str
    origin: str = ""
    origin_place: Place | None = None
    whole: bool = False


@dataclass(frozen=True, eq=False)
class LineCountCheck:
    """The number of lines of a file is compared with a fixed number. `path` is the file where it is known."""

    place: Place
    expected: int
    operator: str
    count: Place
    path: PathPattern | None = None
    is_json_lines: bool = False
    language: str = "python"


@dataclass(frozen=True, eq=False)
class LateCheck:
    """An input of a function is validated after work that has used it.

    `by` is the validating call or `raise` as a person names it, `parameter` the input, `work` the earlier call.
    """

    place: Place
    by: str
    parameter: str
    work: Place
    work_name: str
    function: Function


@dataclass(frozen=True, eq=False)
class Merge:
    """Tables are joined into one: `pl.concat(…)`, `pd.concat(…)`, one read of many files.

    `columns` are the columns of the result that later code of the function looks at in a check or a filter, `compared` those
    that it certainly compares or picks rows by; `checked` is true where the result is handed to a function whose name says
    that it checks. `use` is the first use.
    """

    place: Place
    result: str
    columns: frozenset[str]
    checked: bool
    use: Place | None
    function: Function | None
    compared: frozenset[str] = frozenset()
