"""What Python functions run and ask, in order; rows of one file linked to sequences, local calls followed.

A `Row` is one function as it stands: its commands, its conditions, and the calls of functions of the same file. `linked`
puts the rows of the called functions where they are called, so that a look at the queue in a helper counts for the
caller, and a job that a helper queues counts as queued in the caller's loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from jobsafety_lint.meaning.commands import Arg, Called, Command, Condition, Sequence
from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.source import Hole, Place

RETURNED = "<returned>"
"""Stands among variables for what a function returns."""

_DEPTH = 5
_LONGEST = 400
"""Steps of a linked row: past that, calls are not followed any more."""


@dataclass(frozen=True, eq=False)
class LocalCall:
    """A function that may be one of this file is called. `tested`: its result picks a branch.

    `bound` are the arguments, `keywords` their names (`` for a positional one, `*` for a starred one).
    """

    place: Place
    written: str
    execution: Execution
    output_to: frozenset[str] = frozenset()
    tested: bool = False
    bound: tuple[PathPattern, ...] = ()
    keywords: tuple[str, ...] = ()


@dataclass(eq=False)
class Row:
    """One function: its steps in order, and which variables flow into which."""

    steps: list[Command | Condition | LocalCall] = field(default_factory=list)
    flows: dict[str, set[str]] = field(default_factory=dict)
    place: Place | None = None
    kind: str = "function"
    title: str = ""
    parameters: tuple[str, ...] = ()

    def add(self, step: Condition | LocalCall) -> None:
        """The next step."""
        self.steps.append(step)

    def flow(self, targets: Iterable[str], sources: Iterable[str]) -> None:
        """What is in the sources goes into the targets."""
        for target in targets:
            self.flows.setdefault(target, set()).update(sources)

    def reaching(self, names: Iterable[str]) -> frozenset[str]:
        """These variables, and all whose values reach them."""
        found = set(names)
        pending = list(found)
        while pending:
            for source in self.flows.get(pending.pop(), ()):
                if source not in found:
                    found.add(source)
                    pending.append(source)
        return frozenset(found)

    @property
    def decisive(self) -> frozenset[str]:
        """The variables whose values reach a condition."""
        return self.reaching(n for step in self.steps if isinstance(step, Condition) for n in step.names)


def linked(
    rows: Mapping[str, Row], callee: Callable[[str], str | None], runners: frozenset[str]
) -> list[Sequence]:
    """The sequences of a file: every row that no other one calls, with what it calls put in.

    `callee` finds the key of a row by a name as it is called; calls of `runners` have been read as commands already.
    """
    called = {
        name
        for key, row in rows.items()
        for step in row.steps
        if isinstance(step, LocalCall) and (name := callee(step.written)) is not None and name != key
    }
    linker = _Linker(rows, callee, runners)
    roots = [key for key in rows if key not in called] or list(rows)
    for root in roots:
        linker.expand(root, ())
    roots += [key for key in rows if key not in linker.reached and key not in roots]
    found = []
    for key in roots:
        row = rows[key]
        steps = linker.expand(key, ())
        if row.place is not None and any(isinstance(step, Command) for step in steps):
            found.append(
                Sequence(row.place, row.kind, row.title, tuple(steps[:_LONGEST]), decisive=row.decisive)
            )
    return found


@dataclass(eq=False)
class _Linker:
    rows: Mapping[str, Row]
    callee: Callable[[str], str | None]
    runners: frozenset[str]
    reached: set[str] = field(default_factory=set)

    def expand(self, key: str, chain: tuple[str, ...]) -> list[Command | Condition]:
        """The steps of a row, those of the functions that it calls among them."""
        self.reached.add(key)
        steps: list[Command | Condition] = []
        for step in self.rows[key].steps:
            if not isinstance(step, LocalCall):
                steps.append(step)
                continue
            name = self.callee(step.written)
            steps.append(Called(step.place, frozenset(), step.written))
            if (
                name is None
                or name not in self.rows
                or name in self.runners
                or name in (key, *chain)
                or len(chain) >= _DEPTH
                or len(steps) > _LONGEST
            ):
                continue
            steps += _called(step, self.rows[name], self.expand(name, (*chain, key)))
        return steps


def _called(call: LocalCall, row: Row, steps: list[Command | Condition]) -> Iterable[Command | Condition]:
    """The steps of a function as the caller sees them."""
    decisive = row.decisive
    returned = row.reaching({RETURNED})
    bound = _arguments(call, row)
    seen: dict[int, Command] = {}
    for step in steps:
        if not isinstance(step, Command):
            yield step
            continue
        flows_out = bool(step.output_to & returned)
        use = step.output_use
        if step.output_to & decisive or (flows_out and call.tested):
            use = "branch"
        seen[id(step)] = inside = replace(
            step,
            args=tuple(_bound_arg(arg, bound) for arg in step.args) if bound else step.args,
            execution=_inside(call.execution, step.execution, bound),
            outer=tuple(seen.get(id(outer), outer) for outer in step.outer),
            output_to=call.output_to if flows_out else frozenset(),
            output_use=use,
        )
        yield inside


def _inside(outer: Execution, inner: Execution, bound: Mapping[str, PathPattern]) -> Execution:
    return inner.but(
        host=substituted(inner.host, bound) if inner.host is not None else None,
        loops=(*outer.loops, *inner.loops),
        arms=(*outer.arms, *inner.arms),
        environment=(*outer.environment, *inner.environment),
        functions=(*outer.functions, *inner.functions),
        concurrency=tuple(dict.fromkeys((*outer.concurrency, *inner.concurrency))),
        lock=inner.lock or outer.lock,
    )


def _arguments(call: LocalCall, row: Row) -> dict[str, PathPattern]:
    bound: dict[str, PathPattern] = {}
    positions = iter(p for p in row.parameters if p not in {"self", "cls"})
    for pattern, keyword in zip(call.bound, call.keywords, strict=True):
        if keyword == "*":
            break
        name = keyword or next(positions, None)
        if name is not None:
            bound[name] = pattern
    return bound


def _bound_arg(arg: Arg, bound: Mapping[str, PathPattern]) -> Arg:
    if not arg.pattern.names & bound.keys():
        return arg
    return replace(arg, pattern=substituted(arg.pattern, bound))


def substituted(pattern: PathPattern, bound: Mapping[str, PathPattern]) -> PathPattern:
    """A pattern of a function with the arguments of a call in place of its parameters."""
    parts: list[str | Hole | PathPattern] = []
    for part in pattern.parts:
        if isinstance(part, str) or not part.names & bound.keys():
            parts.append(part)
        elif part.text in bound and part.names <= {part.text}:
            parts.append(bound[part.text])
        else:
            names = frozenset().union(*(bound[n].names if n in bound else {n} for n in part.names))
            parts.append(replace(part, names=names))
    return PathPattern.of(*parts)
