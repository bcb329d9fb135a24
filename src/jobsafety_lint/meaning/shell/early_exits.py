"""Checks that hold behind a statement, since the code leaves where they do not: `[ -f x ] || exit`, `if …; then return`."""

from __future__ import annotations

from collections.abc import Sequence

from jobsafety_lint.meaning.shell.conditions import checks_in, refuted_in
from jobsafety_lint.meaning.shell.leaving import leaving, leaving_with
from jobsafety_lint.meaning.shell.shapes import program_of
from jobsafety_lint.meaning.shell.state import ActiveGuard, State
from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import Place, Source

_TALK = frozenset({"echo", "printf", "log", "logger", "warn", "info", "error", "notify-send", "print"})


def guards_behind(statement: sh.Statement, source: Source, state: State) -> list[ActiveGuard]:
    """The checks; the condition itself goes into the state."""
    condition: sh.Statement | None = None
    negate, shape, how = False, "early-exit", ""
    match statement:
        case sh.AndOr(items=(first, last), operators=("||",)) if leaving(last):
            condition, how = first, leaving_with(last)
        case sh.AndOr(items=(first, *more, last), operators=op) if set(op) == {"&&"} and leaving(last):
            # `[ -f x ] && kill -0 "$(cat x)" && echo running && exit`: it goes on where either says no
            parts = [first, *(item for item in more if program_of(item) not in _TALK)]
            condition, negate, how = _all_of(parts), True, leaving_with(last)
        case sh.If(branches=(branch, *_)) if leaving(branch.body) and len(branch.condition.items) == 1:
            condition, negate = branch.condition.items[0].statement, True
            how = leaving_with(branch.body)
        case sh.While(until=until, condition=block, body=body) if len(block.items) == 1 and not any(
            isinstance(n, sh.Command) and n.words and n.words[0].literal in {"break", "return"}
            for n in body.walk()
        ):
            condition, negate, shape = block.items[0].statement, not until, "while-over"
    if condition is None:
        return []
    asked = refuted_in(condition, source, state) if negate else checks_in(condition, source, state)
    place = Place(source, statement.span)
    if shape == "early-exit":
        said = source.shown(condition.span)
        state.change(conditions=(*state.execution.conditions, f"not {said}" if negate else said))
    return [
        ActiveGuard(a.check, a.holds, shape, place, a.alone, certain=a.certain, leaving=how) for a in asked
    ]


def _all_of(items: Sequence[sh.Statement]) -> sh.Statement:
    """One statement or more, joined by `&&`."""
    if len(items) == 1:
        return items[0]
    return sh.AndOr(Span(items[0].span.start, items[-1].span.end), tuple(items), ("&&",) * (len(items) - 1))
