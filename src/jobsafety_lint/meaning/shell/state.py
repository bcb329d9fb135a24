"""What is known at a point of a shell program: variables, options, functions, the working directory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from jobsafety_lint.meaning.commands import Arg
from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.files import Check
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.plain_values import plain_value
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import Hole, Place, Source


@plain_value(frozen=True, eq=False, slots=True)
class Value:
    """What a variable holds: one text, or the elements of an array. `origin` is the assignment."""

    pattern: PathPattern
    origin: Place | None = None
    elements: tuple[PathPattern, ...] | None = None


@plain_value(frozen=True, eq=False, slots=True)
class ActiveGuard:
    """A check that has decided that the code at hand is reached (see `files.Guard`)."""

    check: Check
    holds: bool
    shape: str
    statement: Place
    only_check: bool
    sole_act: sh.Statement | None = None
    certain: bool = True
    leaving: str = ""


@dataclass(slots=True)
class State:
    """The state of one shell. `copy()` is what a subshell gets."""

    execution: Execution
    variables: dict[str, Value] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    functions: dict[str, sh.Function] = field(default_factory=dict)
    guards: list[ActiveGuard] = field(default_factory=list)
    call_depth: int = 0
    descriptors: dict[str, Arg] = field(default_factory=dict)
    """Which file a descriptor is open on."""
    noclobber: bool = False
    loop_start: dict[str, int] | None = None
    """The versions of all variables where the innermost loop began."""
    given: tuple[Arg, ...] = ()
    """The words of `"$@"` as the caller of the function at hand has written them."""
    exported: frozenset[str] = frozenset()
    """The functions that a bash which is started knows, too (`export -f`)."""
    forked: bool = False
    """A background process of a loop: `$$` is still the pid of the shell that has started it."""
    input: Source | None = None
    """The text on the standard input, where that is known: of a stage of a pipeline, of a function."""

    def copy(self, **changes: object) -> State:
        """A state of its own with the same contents; `changes` are those of the execution."""
        return State(
            self.execution.but(**changes) if changes else self.execution,
            dict(self.variables),
            self.versions,  # versions only ever grow: a subshell's assignments are later ones too
            dict(self.functions),
            list(self.guards),
            self.call_depth,
            dict(self.descriptors),
            self.noclobber,
            self.loop_start,
            self.given,
            self.exported,
            self.forked,
            self.input,
        )

    def take(self, other: State) -> None:
        """Becomes what a copy has become."""
        self.execution, self.variables, self.functions = other.execution, other.variables, other.functions
        self.descriptors, self.exported = other.descriptors, other.exported

    def started(self, execution: Execution) -> State:
        """What a shell that this one starts begins with."""
        inherits = execution.shell == "bash" and execution.host is None and execution.queue is None
        functions = {n: f for n, f in self.functions.items() if inherits and n in self.exported}
        return State(execution, functions=functions, exported=frozenset(functions))

    def fork(self) -> None:
        """What was unique to this shell before the loop is shared by all that the loop puts in the background."""
        self.forked = True
        start = self.loop_start or {}
        for name, value in self.variables.items():
            if self.versions.get(name, 0) <= start.get(name, 0) or any(
                "$$" in h.text for h in value.pattern.holes
            ):
                pattern = PathPattern(
                    tuple(
                        replace(part, kind="shared")
                        if isinstance(part, Hole) and part.kind == "unique"
                        else part
                        for part in value.pattern.parts
                    )
                )
                if pattern != value.pattern:
                    self.variables[name] = Value(pattern, value.origin, value.elements)

    def change(self, **changes: object) -> None:
        """Changes the execution from here on."""
        fields = self.execution.__dict__
        for name, value in changes.items():
            if name not in fields or fields[name] is not value:
                self.execution = self.execution.but(**changes)
                return

    def assign(self, name: str, value: Value) -> None:
        """Sets a variable. What was computed once (a command's output, the time) keeps its identity by its version."""
        version = self.versions[name] = self.versions.get(name, 0) + 1
        self.variables[name] = Value(
            _evaluated(value.pattern, version),
            value.origin,
            None if value.elements is None else tuple(_evaluated(e, version) for e in value.elements),
        )

    def know_arguments(self, origin: Place | None) -> None:
        """All positional parameters are known: `"$@"` is what `$1`, `$2`, … are."""
        positions = sorted(int(name) for name in filter(str.isdigit, self.variables) if name != "0")
        elements = tuple(self.variables[str(at)].pattern for at in positions)
        blanks = (" ",) * len(elements)
        joined = PathPattern.of(*[part for pair in zip(blanks, elements, strict=True) for part in pair][1:])
        self.variables["@"] = Value(joined, origin, elements)

    def forget(self, name: str, names: frozenset[str] = frozenset()) -> None:
        """The variable has a new value that is not known, though it may be made from `names`."""
        version = self.versions[name] = self.versions.get(name, 0) + 1
        hole = Hole(f"${name}", frozenset({name}) | names, version=version)
        self.variables[name] = Value(PathPattern((hole,)))

    def bind(self, name: str, origin: Place | None = None) -> None:
        """A loop sets the variable: it stands for itself."""
        version = self.versions[name] = self.versions.get(name, 0) + 1
        self.variables[name] = Value(
            PathPattern((Hole(f"${name}", frozenset({name}), version=version),)), origin
        )

    def join(self, *others: State) -> None:
        """Takes up what several branches have left: a variable on which they differ is not known any more."""
        if not others:
            return
        known = others[0].variables.items()
        differing = {name for other in others[1:] for name, _ in known ^ other.variables.items()}
        self.variables.update(known)
        for name in differing:
            values = [other.variables.get(name) for other in others]
            first = values[0]
            patterns = [value.pattern for value in values if value is not None]
            if first is not None and len(patterns) == len(values) and len(set(patterns)) == 1:
                self.variables[name] = first
            else:
                self.forget(name, frozenset().union(*(pattern.names for pattern in patterns)))
        for other in others:
            self.functions.update(other.functions)


def _evaluated(pattern: PathPattern, version: int) -> PathPattern:
    if not any(hole.kind in {"command", "time"} and not hole.version for hole in pattern.holes):
        return pattern
    return PathPattern(
        tuple(
            replace(part, version=version)
            if isinstance(part, Hole) and part.kind in {"command", "time"} and not part.version
            else part
            for part in pattern.parts
        )
    )
