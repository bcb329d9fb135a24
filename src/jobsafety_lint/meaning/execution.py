"""Under what circumstances a piece of code runs: the same value for a shell command and for a Python call."""

from __future__ import annotations

import re

from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.plain_values import plain_value
from jobsafety_lint.source import Place

_SHELL_COMPARISON = re.compile(
    r"""(?:(?:\[{1,2}|test) +)?"?\$\{?(\w+)\}?"? +={1,2} +["']?([\w./-]+)["']?(?: +\]{1,2})?"""
)
_BOTH = re.compile(r"\band\b|&&")
_EITHER = re.compile(r"\bor\b|\|\|")
_COMPARISON = re.compile(r"""([\w.]+) *== *["']([^"']*)["']""")


def same_host(first: PathPattern | None, second: PathPattern | None) -> bool:
    """Whether two ssh destinations (None: this host) may well be one: both here, or not certainly two."""
    if first is None or second is None:
        return first is second
    if first.text is None or second.text is None:
        return True
    return first.text.rpartition("@")[2] == second.text.rpartition("@")[2]


@plain_value(frozen=True, slots=True)
class Loop:
    """A loop around the code. `variables` are what it sets; `values` those of a `for` over literals, else None.

    `kind`: `for`, `while`, `comprehension`, `keyed` (over `enumerate(…)` or `….items()`: the first variable tells the
    others apart), `xargs`, `parallel`, `pool`. `place` is the loop's header. `made_from` are the parameters and
    variables that what it goes over is made from, where that is known (Python's `for`).
    """

    kind: str
    place: Place
    variables: tuple[str, ...] = ()
    values: tuple[str, ...] | None = None
    made_from: frozenset[str] = frozenset()


@plain_value(frozen=True, slots=True)
class Concurrency:
    """Why several of these may run at once, in words that follow "because it is …", and where that is said."""

    reason: str
    place: Place | None = None


@plain_value(frozen=True, slots=True)
class Arm:
    """An arm of an `if`, a `case` or a `&&` that the code stands in: two arms of one statement exclude each other.

    `leaves` says what ends at the end of the arm: `script`, `function`, `loop` (this pass of it), `break` (all of its
    passes), or nothing.
    """

    statement: Place
    index: int
    leaves: str = ""


@plain_value(frozen=True, slots=True)
class Setting:
    """An environment variable that is set around the code: by `env`, `NAME=value cmd`, `export`, `-E`."""

    name: str
    value: PathPattern
    place: Place
    by: str


@plain_value(frozen=True)
class Execution:
    """Where and how something runs.

    `host` is None here, else the ssh destination as written. `shell` is `bash`, `sh`, `dash`, `zsh`, `ksh`, or `""`
    where no shell is involved (Python, an exec'd argv). `errexit` and `pipefail`: in force, or None where that is not
    known. `errexit_suspended`: the code is part of a condition, so that errexit does not act. `cwd` is the working
    directory where a `cd` or an option has set it, `home` where a login over ssh, cron or a unit leaves it at the home
    or root directory, None where it is the caller's. `queue` is the queue program that starts it (`pueue`).
    """

    host: PathPattern | None = None
    shell: str = ""
    errexit: bool | None = False
    pipefail: bool | None = False
    errexit_suspended: bool = False
    cwd: PathPattern | None = None
    at_home: bool = False
    environment: tuple[Setting, ...] = ()
    loops: tuple[Loop, ...] = ()
    concurrency: tuple[Concurrency, ...] = ()
    queue: str | None = None
    lock: str | None = None
    functions: tuple[str, ...] = ()
    background: bool = False
    """Started with `&`."""
    input_of: Loop | None = None
    """The `while read` loop whose lines are on the standard input."""
    inherit_errexit: bool = False
    """`shopt -s inherit_errexit`: command substitutions keep errexit."""
    lastpipe: bool = False
    """`shopt -s lastpipe`: the last stage of a pipeline runs in the shell itself."""
    arms: tuple[Arm, ...] = ()
    daemon: str = ""
    """Who starts it, where that is no person and no script: `cron`, `systemd`. Its environment is bare."""
    thread_lock: str | None = None
    """What has made the lock that holds off the threads of this process only: `threading.Lock()`."""
    conditions: tuple[str, ...] = ()
    """The conditions that have let the code through, as written, outermost first; `not …` where it was the other way."""
    own_files: bool = False
    """A container that is made for it and shares no folder: no other process has its files."""
    alone: bool = False
    """Nothing else runs where it does, and no second one of it: the build or the first program of a container, a machine that is
    thrown away, a unit of systemd.
    """
    handling: bool = False
    """It takes care of an error: an `except` block, the right of `||`, an `ERR` trap."""

    def is_in_other_arm(self, other: Execution) -> bool:
        """Whether this and another stand in different arms of one `if` or `case`, or under conditions that compare one variable
        with different words: only one of them runs.
        """
        index_of = {arm.statement: arm.index for arm in self.arms}
        if any(index_of.get(arm.statement, arm.index) != arm.index for arm in other.arms):
            return True
        mine, its = _compared(self.conditions), _compared(other.conditions)
        return any(its.get(variable, word) != word for variable, word in mine.items())

    def but(self, **changes: object) -> Execution:
        """A copy with some fields changed.

        Raises:
            TypeError: there is no such field.
        """
        mine = self.__dict__
        fields = mine.copy()  # `dataclasses.replace` takes ten times as long, and this is called all the time
        fields.update(changes)
        if len(fields) != len(mine):
            raise TypeError(f"no such field: {sorted(changes.keys() - mine.keys())}")
        made = object.__new__(Execution)
        made.__dict__ = fields
        return made

    @property
    def settled(self) -> frozenset[str]:
        """The variables that have one certain value here: `split`, behind `if split == "test"`."""
        return frozenset(_compared(self.conditions))

    @property
    def loop_variables(self) -> frozenset[str]:
        """The variables of all loops around."""
        return frozenset(name for loop in self.loops for name in loop.variables)


def _compared(conditions: tuple[str, ...]) -> dict[str, str]:
    """The words that conditions want variables to be: `[[ $DEVICE == 'cpu' ]]`, `device == "cpu" and verbose`."""
    wanted = (part for condition in conditions for part in _conjuncts(condition))
    found = (_SHELL_COMPARISON.fullmatch(part) or _COMPARISON.fullmatch(part) for part in wanted)
    return {match[1]: match[2] for match in found if match is not None}


def _conjuncts(condition: str) -> list[str]:
    """The parts of a condition that all have to hold."""
    if condition.startswith("not ") or _EITHER.search(condition):
        return [condition]
    return [part.strip() for part in _BOTH.split(condition)]
