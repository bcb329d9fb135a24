"""What the code around says of an act on a file: the checks that have let it through, what is moved on later."""

from __future__ import annotations

from dataclasses import replace

from jobsafety_lint.meaning.files import Act, Create, Guard, Replace, Write
from jobsafety_lint.meaning.shell.state import State


def guarded(act: Act, state: State) -> Act:
    """An act with the checks of its path that have let it through; what it makes is not checked any more."""
    guards = tuple(
        Guard(
            active.check,
            active.holds,
            active.shape,
            active.statement,
            sole=active.sole_act is not None and active.sole_act.span == act.place.span,
            only_check=active.only_check,
            certain=active.certain,
            leaving=active.leaving,
        )
        for active in reversed(state.guards)
        if active.check.path.same_object(act.path)
    )
    if isinstance(act, Write | Create | Replace):
        state.guards = [g for g in state.guards if not g.check.path.same_object(act.path)]
    return replace(act, guards=guards) if guards else act


def moved(move: Replace, facts: list[object]) -> Replace:
    """A move with the place where its source was written; what was written is told that it is moved on."""
    written: Act | None = None
    for at, fact in enumerate(facts):
        if (
            not isinstance(fact, Write | Create)
            or move.origin is None
            or not fact.path.same_object(move.origin)
        ):
            continue
        written = fact
        if isinstance(fact, Write) and (move.atomic or fact.path.is_unique):
            facts[at] = replace(fact, moved_to=move.path)
    return replace(move, written=written.place) if written is not None else move
