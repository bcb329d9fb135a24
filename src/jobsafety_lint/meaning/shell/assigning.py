"""Assignments of a shell: what a variable gets, and what code sets at all."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.meaning.commands import ListAssignment, ShellAssignment
from jobsafety_lint.meaning.paths import EMPTY, PathPattern
from jobsafety_lint.meaning.shell import builtins
from jobsafety_lint.meaning.shell.state import State, Value
from jobsafety_lint.meaning.shell.values import args_of, value_of
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import Place, Source


def assign(
    assignment: sh.Assignment, source: Source, state: State
) -> Iterator[ListAssignment | ShellAssignment]:
    """Sets a variable from an assignment, and yields what it gets."""
    place = Place(source, assignment.span)
    value = assignment.value
    if assignment.index is not None:
        state.forget(assignment.name)
        return
    if isinstance(value, sh.ArrayValue):
        elements = [arg.pattern for word in value.elements for arg in args_of(word, source, state)]
        known = state.variables.get(assignment.name)
        yield ListAssignment(place, assignment.name, len(elements), assignment.append, state.execution)
        if assignment.append and known and known.elements is not None:
            elements = [*known.elements, *elements]
        elif assignment.append:
            state.forget(assignment.name)
            return
        first = elements[0] if elements else EMPTY
        state.assign(assignment.name, Value(first, place, tuple(elements)))
        return
    pattern = value_of(value, source, state) if value is not None else EMPTY
    if assignment.append:
        before = state.variables.get(assignment.name)
        pattern = PathPattern.of(before.pattern, pattern) if before else pattern
    state.assign(assignment.name, Value(pattern, place))
    value_place = Place(source, value.span) if value is not None else None
    kept = state.variables[assignment.name].pattern
    yield ShellAssignment(place, assignment.name, kept, state.execution, False, value_place)


def assigned_in(node: sh.Node) -> set[str]:
    """Every variable that is set somewhere in the code, subshells included."""
    names: set[str] = set()
    for inner in node.walk():
        match inner:
            case sh.Assignment(name=name) | sh.For(variable=name):
                names.add(name)
            case sh.Command(words=(first, *rest)) if first.literal in {"read", *builtins.DECLARATIONS}:
                names.update(n for w in rest if (n := builtins.assigned_name(w)) is not None)
    return names
