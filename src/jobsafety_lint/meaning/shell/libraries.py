"""Long libraries that many scripts source: what one defines, sets and runs is found out once and counts for all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from jobsafety_lint import surroundings
from jobsafety_lint.meaning.commands import Arg, Command, Condition
from jobsafety_lint.meaning.execution import Execution, Setting
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.shell.state import State, Value
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.readers.shell.reader import ShellTree
from jobsafety_lint.source import Hole, Source
from jobsafety_lint.surroundings import Look

LONG = 6_000
"""Code points above which a library is summed up. A shorter one is read for every script, with all that the script has set."""

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?[-=?].*)?\})", re.DOTALL)
_KEPT = 64
"""How many summaries a process keeps."""


@dataclass(frozen=True, eq=False)
class Summary:
    """What sourcing a library does to a shell. A variable of the script that the library reads is a hole in it (`free`: the
    variables in whose values there are such holes, with their names); `taken_up` fills it.
    """

    execution: Mapping[str, object]
    """The fields of the execution that it changes, but for the environment."""
    environment: Sequence[Setting]
    """What it adds to the environment."""
    variables: Mapping[str, Value]
    versions: Mapping[str, int]
    free: Mapping[str, frozenset[str]]
    functions: Mapping[str, sh.Function]
    origins: Mapping[int, Source]
    descriptors: Mapping[str, Arg]
    noclobber: bool
    steps: Sequence[Command | Condition]
    edges: Mapping[str, set[str]]
    ran: Sequence[Command]
    looked_for: int
    statements_left: int
    looks: Mapping[Look, object]
    """The other files that it was made from, as they were."""
    end: State
    """The state of a shell that does nothing else: where what its functions do is found out."""
    called: dict[int, Summary] = field(default_factory=dict)
    """What calls of its functions do, by the function's identity."""

    @property
    def holds(self) -> bool:
        """Whether the files that it was made from are still what they were."""
        return all(_quick_state(look) == state for look, state in self.looks.items())

    def apply(self, state: State) -> None:
        """Brings a shell into the state that the library leaves."""
        for look in self.looks:
            surroundings.note(look)
        changes = dict(self.execution)
        if self.environment:
            changes["environment"] = (*state.execution.environment, *self.environment)
        state.change(**changes)
        filled = {
            name: _filled(self.variables[name], state.variables)
            for name, names in self.free.items()
            if not names.isdisjoint(state.variables)
        }
        state.variables.update(self.variables)
        state.variables.update(filled)
        for name, version in self.versions.items():
            state.versions[name] = state.versions.get(name, 0) + version
        state.functions.update(self.functions)
        state.descriptors.update(self.descriptors)
        state.noclobber = state.noclobber or self.noclobber


@dataclass(frozen=True, eq=False)
class Start:
    """A state before what is summed up, kept to tell afterwards what has changed."""

    execution: Execution
    variables: Mapping[str, Value]
    versions: Mapping[str, int]

    @classmethod
    def of(cls, state: State) -> Start:
        """A copy of what may change."""
        return cls(state.execution, dict(state.variables), dict(state.versions))

    def execution_changes(self, end: State) -> dict[str, object]:
        """The fields that have changed, but for the environment."""
        return {
            one.name: getattr(end.execution, one.name)
            for one in fields(Execution)
            if one.name != "environment"
            and getattr(end.execution, one.name) != getattr(self.execution, one.name)
        }

    def assigned(self, end: State) -> dict[str, Value]:
        """The variables that have another value."""
        return {name: value for name, value in end.variables.items() if value is not self.variables.get(name)}

    def grown(self, end: State) -> dict[str, int]:
        """How often each variable was assigned."""
        return {
            name: more
            for name, version in end.versions.items()
            if (more := version - self.versions.get(name, 0))
        }


def free_of(variables: Mapping[str, Value]) -> dict[str, frozenset[str]]:
    """The variables whose values are made from others that were not set, with the names of these."""
    found = {}
    for name, value in variables.items():
        patterns = (value.pattern, *(value.elements or ()))
        names = {free for pattern in patterns for hole in pattern.holes if (free := _free_name(hole))}
        if names:
            found[name] = frozenset(names)
    return found


def states_of(looks: set[Look]) -> dict[Look, object]:
    """What was looked at, with what it costs little to compare."""
    return {look: _quick_state(look) for look in looks}


_summaries: dict[object, tuple[ShellTree, Summary]] = {}
_inputs: dict[int, tuple[ShellTree, frozenset[str]]] = {}


def summary_of(
    tree: ShellTree,
    state: State,
    main: Path,
    queue_commands: frozenset[str],
    make: Callable[[State], Summary],
) -> Summary | None:
    """The summary of a library that a script sources in this state, made by `make` if there is none that holds; None where
    the library is short, or runs under circumstances that a summary does not know (a loop, another host, a condition).
    """
    execution = state.execution
    plain = _start_of(execution)
    if (
        len(tree.source.text) < LONG
        or state.guards
        or plain.but(environment=execution.environment) != execution
    ):
        return None
    given = {
        name: value for name in sorted(_inputs_of(tree)) if (value := state.variables.get(name)) is not None
    }
    key = (
        id(tree),
        main.parent,
        queue_commands,
        plain,
        tuple((name, value.pattern, value.elements) for name, value in given.items()),
    )
    kept = _summaries.pop(key, None)
    if kept is not None and kept[0] is tree and kept[1].holds:
        summary = kept[1]
    else:
        summary = make(State(plain, variables=given))
        while len(_summaries) >= _KEPT:
            del _summaries[next(iter(_summaries))]
    _summaries[key] = (tree, summary)
    return summary


def call_of(library: Summary, function: sh.Function, make: Callable[[State], Summary]) -> Summary:
    """What a call of a library's function does, whatever its arguments are."""
    known = library.called.get(id(function))
    if known is None or not known.holds:
        state = library.end.copy()
        state.versions = dict(state.versions)
        known = library.called[id(function)] = make(state)
    return known


def _start_of(execution: Execution) -> Execution:
    """The part of the circumstances that a summary depends on: the shell, its options and its directory."""
    return Execution(
        shell=execution.shell,
        errexit=execution.errexit,
        pipefail=execution.pipefail,
        cwd=execution.cwd,
        inherit_errexit=execution.inherit_errexit,
        lastpipe=execution.lastpipe,
    )


def _free_name(hole: Hole) -> str:
    """The variable of the script that a hole stands for (`$DIR`, `${DIR:-/srv}`); nothing if it is something else."""
    match = _VARIABLE.fullmatch(hole.text) if not hole.version and hole.kind == "variable" else None
    name = (match[1] or match[2]) if match is not None else ""
    return name if name in hole.names else ""


def _filled(value: Value, variables: Mapping[str, Value]) -> Value:
    def fill(pattern: PathPattern) -> PathPattern:
        parts = []
        for part in pattern.parts:
            known = variables.get(_free_name(part)) if isinstance(part, Hole) else None
            parts.append(known.pattern if known is not None else part)
        return PathPattern.of(*parts)

    elements = None if value.elements is None else tuple(map(fill, value.elements))
    return Value(fill(value.pattern), value.origin, elements)


def _quick_state(look: Look) -> object:
    """As `surroundings.state`, by time and size in place of the content; never the same for a text that is not saved."""
    path = Path(look.path)
    if surroundings.unsaved(path) is not None:
        return object()
    if look.what != "text":
        return surroundings.state(look)
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _inputs_of(tree: ShellTree) -> frozenset[str]:
    """The variables that decide which files a library sources in turn, directly or by way of others."""
    known = _inputs.get(id(tree))
    if known is not None and known[0] is tree:
        return known[1]
    names: set[str] = set()
    made_from: dict[str, set[str]] = {}
    for node in tree.script.body.walk():
        if isinstance(node, sh.Assignment):
            made_from.setdefault(node.name, set()).update(_names_in(node))
        elif isinstance(node, sh.Command) and node.words and node.words[0].literal in {".", "source"}:
            names |= _names_in(node)
    pending = list(names)
    while pending:
        more = made_from.get(pending.pop(), set()) - names
        names |= more
        pending += more
    found = frozenset(names)
    if len(_inputs) > _KEPT:
        _inputs.clear()
    _inputs[id(tree)] = (tree, found)
    return found


def _names_in(node: sh.Node) -> set[str]:
    return {inner.name for inner in node.walk() if isinstance(inner, sh.Expansion)}
