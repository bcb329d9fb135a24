"""Calls of libraries that rules ask about, with their arguments: the Temporal SDK.

Which names are read is in `meaning/python/api_calls.py`; a file that mentions none of the libraries holds no such fact.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.functions import Function, Parameter
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.source import Place


class Unknown:
    """The value of an argument that is no literal."""


UNKNOWN = Unknown()


@dataclass(frozen=True, eq=False)
class Argument:
    """One argument of a call.

    `name` is its keyword, empty where it is given by position. `place` is where the value is handed over (in the call,
    or in the table that `**` spreads), `written` the expression that it comes from when variables are followed.
    `pattern` is its text as literals and holes, `names` the parameters and loop variables that it is made from,
    `literal` its value where that is written out. `choices` are the full dotted names that it may be
    (`temporalio.common.WorkflowIDReusePolicy.REJECT_DUPLICATE`): several for `a if c else b`.
    """

    name: str
    place: Place
    written: Place
    pattern: PathPattern
    names: frozenset[str]
    literal: object = UNKNOWN
    choices: tuple[str, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether it is certainly `None`, zero or empty."""
        return self.literal is not UNKNOWN and not self.literal


@dataclass(frozen=True, eq=False)
class ApiCall:
    """A call of a library's function, method or class.

    `name` is its full dotted name whatever the imports call it (`temporalio.workflow.execute_activity`;
    `temporalio.client.Client.start_workflow` for the method of any client). `complete`: all arguments are known, so
    that one which is not among `arguments` is not given. `functions` are those around it, innermost first; `result` the
    names that take what it returns.
    """

    place: Place
    name: str
    written: str
    arguments: tuple[Argument, ...]
    complete: bool
    functions: tuple[Function, ...] = ()
    loops: tuple[Loop, ...] = ()
    result: tuple[str, ...] = ()

    @property
    def last_name(self) -> str:
        """The name without module and class."""
        return self.name.rpartition(".")[2]

    @property
    def positional(self) -> tuple[Argument, ...]:
        """The arguments that are given by position."""
        return tuple(argument for argument in self.arguments if not argument.name)

    def argument(self, name: str, position: int | None = None) -> Argument | None:
        """The argument of a keyword, or the one at a position (from 0)."""
        for argument in self.arguments:
            if argument.name == name:
                return argument
        given = self.positional
        return given[position] if position is not None and position < len(given) else None

    def lacks(self, *names: str) -> bool:
        """Whether certainly none of these keywords is given a value (`None` counts as none)."""
        given = [self.argument(name) for name in names]
        return self.complete and all(argument is None or argument.is_nothing for argument in given)

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of this name of the nearest function around that has one."""
        found = (function.parameter(name) for function in self.functions)
        return next((parameter for parameter in found if parameter is not None), None)

    def loop_of(self, name: str) -> Loop | None:
        """The loop around that sets this variable."""
        return next((loop for loop in reversed(self.loops) if name in loop.variables), None)


@dataclass(frozen=True, eq=False)
class Record:
    """A class of this file with annotated fields (a dataclass, a pydantic model)."""

    name: str
    place: Place
    fields: tuple[Parameter, ...]


@dataclass(frozen=True, eq=False)
class AttributeSet:
    """An attribute is set on an object after it was made: `policy.maximum_attempts = 3`."""

    place: Place
    object: str
    attribute: str
