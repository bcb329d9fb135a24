"""Functions, their parameters and calls, and the names of files that they build."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from jobsafety_lint.meaning.execution import Execution, Loop
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.source import Place


@dataclass(frozen=True, eq=False)
class Parameter:
    """A parameter of a function, or a positional one of a script.

    `uses` say what the function does with it: `computed` (arithmetic, comparison, condition, formatted into a
    key or query), `passed` (argument of a call that does work), `logged` (log, print), `iterated` (loop, subscript,
    slice, len), `counted` (how often something is done: `range(p)`), `called`, `attribute` (`p.x`), `path` (a path
    is built on it), `name` (in another file name). They are found out when they are asked for (`find_uses`).
    `option` is the command-line option that fills it, `required` whether that must be given.
    """

    name: str
    place: Place
    annotation: str = ""
    default: str | None = None
    find_uses: Callable[[], frozenset[str]] = frozenset
    option: str | None = None
    required: bool = False

    @cached_property
    def uses(self) -> frozenset[str]:
        """See above."""
        return self.find_uses()


@dataclass(frozen=True, eq=False)
class Function:
    """A function or method (`Class.method`), a shell function, or a whole script (`name` is empty)."""

    name: str
    place: Place
    parameters: tuple[Parameter, ...]
    decorators: tuple[str, ...] = ()

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of this name, if there is one."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


@dataclass(frozen=True, eq=False)
class ScriptArgument:
    """A variable of a script that keeps one of its arguments: a positional one (`position` from 1), or that of an option
    (`flags`), read by `case "$1" in --symbol)` or `getopts`. `names` are all names that the value has; `used`: a command takes it.
    """

    place: Place
    variable: str
    names: frozenset[str]
    flags: tuple[str, ...] = ()
    position: int = 0
    used: bool = False


@dataclass(frozen=True, eq=False)
class Call:
    """`caller` calls a function of the same file. `bound` maps the callee's parameters to the argument's pattern."""

    caller: Function | None
    place: Place
    bound: tuple[tuple[str, PathPattern], ...]
    loops: tuple[Loop, ...] = ()


@dataclass(frozen=True, eq=False)
class ArtifactName:
    """An expression that builds the name of a file that jobs keep: an f-string, a `Path / …`, a shell word.

    `pattern` is the whole path as far as it is known, `template` the name as it is written here. `function` is the
    one around it, `calls` those of that function in the same file; `returned` when it hands the name out.
    `purposes` tell what for: words such as `checkpoint`, `lock`, `cursor`, `temp`, `cache`, from the name itself, the
    variable, the function. `roles` tell what the function does to it, by kinds of acts (see `files`): `read`, `write`, `create`,
    `append`, `replace`, `delete`, `check`. `loops` are those around it; `jobs` the commands in the same loop that take
    further loop variables, each with the variables that it takes.
    """

    place: Place
    pattern: PathPattern
    template: PathPattern
    function: Function | None
    execution: Execution
    purposes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    returned: bool = False
    calls: tuple[Call, ...] = ()
    language: str = "python"
    jobs: tuple[tuple[Place, frozenset[str]], ...] = ()
    variable: str = ""
