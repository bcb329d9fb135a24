"""Calls of a script's own functions that need not be read: a test suite calls one helper hundreds of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from jobsafety_lint.meaning.commands import Command, Condition
from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.shell.state import State, Value

ALIKE = 3
"""After how many calls with different arguments, none of which brought anything new, the next ones are not read."""


@dataclass
class Calls:
    """What the calls of one function have brought. `asks` are the variables that its body looks at."""

    asks: frozenset[str]
    _alike: int = 0
    _said: set[tuple[str, ...]] = field(default_factory=set)
    _statuses: set[str] = field(default_factory=set)
    _around: tuple[Execution, tuple[Value | None, ...]] | None = None
    _steps: list[Command | Condition] = field(default_factory=list)
    _ran: list[Command] = field(default_factory=list)
    _assigned: frozenset[str] = frozenset()
    _changes_shell: bool = False

    def are_alike(self, said: tuple[str, ...], status: str, state: State) -> bool:
        """Whether a call with these arguments, in this state, need not be read: calls with others brought nothing new, its
        status is looked at as theirs was, and what the body depends on is what it was for the last one.
        """
        return (
            self._alike >= ALIKE
            and bool(said)
            and not self._changes_shell
            and status in self._statuses
            and self._around == self._circumstances(state)
        )

    def note(
        self,
        said: tuple[str, ...],
        status: str,
        before: State,
        after: State,
        steps: Sequence[Command | Condition],
        ran: Sequence[Command],
        brought_news: bool,
    ) -> None:
        """Keeps what a call that was read has brought. `after` is the state inside of the function at its end."""
        if brought_news:
            self._alike = 0
            self._said.clear()
        elif said not in self._said:
            self._alike += 1
        self._said.add(said)
        self._statuses.add(status)
        self._steps, self._ran = list(steps), list(ran)
        changed = {name for name, _ in after.variables.items() ^ before.variables.items()}
        self._assigned = frozenset(
            name for name in changed if name in after.variables and not name.isdigit() and name != "@"
        )
        self._changes_shell = (
            after.execution.but(functions=before.execution.functions) != before.execution
            or after.functions.keys() != before.functions.keys()
        )
        self._around = self._circumstances(before)

    def again(self, state: State, steps: list[Command | Condition]) -> list[Command]:
        """A call that is not read: what the one before has run; what that one has set is not known any more."""
        self.passed_over(state)
        steps += self._steps
        return list(self._ran)

    @property
    def is_known(self) -> bool:
        """Whether a call has been read."""
        return self._around is not None

    def passed_over(self, state: State) -> list[Command]:
        """A call that is not read because too many were: what the last one has set is not known any more."""
        for name in self._assigned:
            state.forget(name)
        return []

    def _circumstances(self, state: State) -> tuple[Execution, tuple[Value | None, ...]]:
        """What a call depends on besides its arguments: how it runs, and the variables that it does not set itself."""
        asked = sorted(
            name for name in self.asks - self._assigned if not name.isdigit() and name not in {"@", "*", "#"}
        )
        return (
            state.execution.but(conditions=(), arms=()),
            tuple(state.variables.get(name) for name in asked),
        )
