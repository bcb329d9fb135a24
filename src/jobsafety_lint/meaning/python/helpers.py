"""What the functions of one file know of each other's files: a check in one, the act in another."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jobsafety_lint.meaning.files import Act, Check, Guard, Lock, Replace, Write
from jobsafety_lint.meaning.functions import Call
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.python.values import Scope, lower
from jobsafety_lint.readers.python.nodes import arguments, walk
from jobsafety_lint.readers.python.outline import Definition
from jobsafety_lint.source import Hole

if TYPE_CHECKING:
    from jobsafety_lint.meaning.python.walker import Walker

_ASKS = re.compile(r"exists|is_?file|is_?dir|listdir|access\(")
_SHORT = 1500
"""A helper that only asks for a file is short."""
_NO_NAMES: frozenset[str] = frozenset()
_HANDED_ON = 4
"""By how many functions a folder is followed that one hands to the next."""


@dataclass(frozen=True, eq=False)
class GuardedCall:
    """A call of a function of the file that a check has let through, with its arguments."""

    callee: str
    bound: Mapping[str, PathPattern]
    guards: tuple[Guard, ...]


@dataclass(eq=False)
class HelperChecks:
    """The checks that helper functions stand for: `def taken(path): return path.exists()`."""

    _known: dict[str, list[tuple[Check, bool]]] = field(default_factory=dict)

    def asked(
        self,
        node: ast.Call | ast.Attribute,
        definition: Definition | None,
        scope: Scope,
        text: str,
        walk: Callable[[Definition], Walker | None],
    ) -> list[tuple[Check, bool]]:
        """The checks that a helper asks which is called or read (a property), in terms of the call, with what they say when
        it is true.
        """
        if definition is None:
            return []
        key = definition.qualified
        if key not in self._known:
            self._known[key] = []  # a helper that calls itself asks nothing
            code = text[definition.span.start : definition.span.end]
            if len(code) < _SHORT and code.count("return") == 1 and _ASKS.search(code):
                walker = walk(definition)
                if walker is not None and len(walker.returned) == 1:
                    self._known[key] = walker.asked_by(walker.returned[0][0])
        bound = _bound(node, definition, scope) if isinstance(node, ast.Call) else {}
        place = scope.place(node)
        return [
            (replace(check, path=substituted(check.path, bound), place=place), holds)
            for check, holds in self._known[key]
        ]


def _bound(node: ast.Call, definition: Definition, scope: Scope) -> dict[str, PathPattern]:
    parameters = [parameter.arg for parameter in definition.parameters]
    bound: dict[str, PathPattern] = {}
    for at, arg in enumerate(arguments(node)):
        name = arg.keyword if arg.keyword is not None else parameters[at] if at < len(parameters) else ""
        if name and not arg.star:
            bound[name] = lower(arg.value, scope).pattern
    return bound


def substituted(path: PathPattern, bound: Mapping[str, PathPattern]) -> PathPattern:
    """A path of a helper with the caller's arguments in place of the parameters."""
    parts: list[str | Hole | PathPattern] = []
    for part in path.parts:
        if isinstance(part, Hole) and part.text in bound and part.names == frozenset({part.text}):
            parts.append(bound[part.text])
        else:
            parts.append(part)
    return PathPattern.of(*parts)


def durable_functions(text: str, functions: Iterable[Definition]) -> frozenset[str]:
    """The functions that call fsync."""
    if "fsync(" not in text:
        return frozenset()
    return frozenset(f.name for f in functions if "fsync(" in text[f.span.start : f.span.end])


def aliases_of(imports: Mapping[str, str]) -> re.Pattern[str] | None:
    """What finds calls under another name: `from os import remove as rm`, `import shutil as sh`."""
    renamed = [
        name
        for name, full in imports.items()
        if name != full.rpartition(".")[2]
        and full.partition(".")[0] in {"os", "shutil", "glob", "subprocess", "fcntl"}
    ]
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, renamed))})\b") if renamed else None


def asking_functions(text: str, functions: Iterable[Definition]) -> frozenset[str]:
    """The short functions that only say whether a file is there."""
    found = set()
    for function in functions:
        code = text[function.span.start : function.span.end]
        if len(code) < _SHORT and code.count("return") == 1 and _ASKS.search(code):
            found.add(function.name)
    return frozenset(found)


def link(facts: list[object], guarded: Sequence[GuardedCall], calls: Mapping[str, Sequence[Call]]) -> None:
    """Takes the checks of callers to the acts of helpers, renames in helpers or other methods to the writes, and the locks that
    helpers take to their callers.
    """
    by_function: dict[str, list[int]] = {}
    for at, fact in enumerate(facts):
        if isinstance(fact, Act) and fact.execution.functions:
            by_function.setdefault(fact.execution.functions[-1], []).append(at)
    for callee in dict.fromkeys(call.callee for call in guarded):
        mine = [call for call in guarded if call.callee == callee]
        for at in by_function.get(callee, ()):
            act = facts[at]
            if isinstance(act, Act) and not act.guards:
                found = [_guards_of(act, call) for call in mine]
                agree = len({guards[0].holds for guards in found if guards}) == 1
                if agree and all(found) and len(found) >= len(calls.get(callee, ())):  # else no check decides
                    facts[at] = replace(act, guards=found[0])
    moves = [fact for fact in facts if isinstance(fact, Replace) and fact.origin is not None and fact.atomic]
    for move in moves:
        origin = move.origin or PathPattern(())
        of_object = move.origin_place is not None and move.origin_place.text.startswith(("self.", "cls."))
        if origin.is_file_wide or of_object:
            _mark(facts, range(len(facts)), origin, move.path)
        for made in calls.get(move.execution.functions[-1], ()) if move.execution.functions else ():
            if made.caller is None:
                continue
            passed = substituted(origin, dict(made.bound))
            _mark(facts, by_function.get(made.caller.name, ()), passed, move.path)

    facts += [taken for fact in facts if isinstance(fact, Lock) for taken in _taken_by_callers(fact, calls)]


def own_parameters(calls: Mapping[str, Sequence[Call]], tree: ast.AST) -> dict[str, frozenset[str]]:
    """The parameters, by function, for which all callers in the file give a file or folder of their own (`mkdtemp`, or a
    parameter that is one). A function that is handed on, or called where nobody has looked, has none.
    """
    mentions: Counter[str] | None = None
    found: dict[str, frozenset[str]] = {}
    for _ in range(_HANDED_ON):
        grown = {callee: own for callee, made in calls.items() if (own := _given_own(made, found))}
        if grown and mentions is None:
            mentions = Counter(map(_mentioned, walk(tree)))
        known = mentions or Counter()
        grown = {c: own for c, own in grown.items() if known[c.rpartition(".")[2]] == len(calls[c])}
        if grown == found:
            break
        found = grown
    return found


def _mentioned(node: ast.AST) -> str:
    """The name that a node of a tree mentions; its definition is no mention."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _given_own(made: Sequence[Call], known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The parameters that get a path of its own in each of some calls; `known` are those of the callers."""
    given = [
        {
            name
            for name, pattern in call.bound
            if with_own(
                pattern, known.get(call.caller.name, _NO_NAMES) if call.caller else _NO_NAMES
            ).is_unique
        }
        for call in made
    ]
    return frozenset(set.intersection(*given)) if given else _NO_NAMES


def with_own(path: PathPattern, parameters: frozenset[str]) -> PathPattern:
    """A path with these parameters marked as something that nobody else has."""
    return substituted(
        path, {name: PathPattern((Hole(name, frozenset({name}), "unique"),)) for name in parameters}
    )


def _guards_of(act: Act, call: GuardedCall) -> tuple[Guard, ...]:
    """The checks of a call that ask for the path of an act of the function that is called."""
    path = substituted(act.path, call.bound)
    return tuple(guard for guard in call.guards if _same(guard.check.path, path))


def _taken_by_callers(lock: Lock, calls: Mapping[str, Sequence[Call]]) -> list[Lock]:
    """The locks that callers hold by a helper that locks the path which it is given: `with locked(path):`."""
    found = []
    for made in calls.get(lock.execution.functions[-1], ()) if lock.execution.functions else ():
        path = substituted(lock.path, dict(made.bound))
        if made.caller is not None and path != lock.path:
            execution = lock.execution.but(functions=(made.caller.name,))
            found.append(
                replace(lock, place=made.place, path=path, path_place=made.place, execution=execution)
            )
    return found


def _same(one: PathPattern, other: PathPattern) -> bool:
    return one.same_object(other) or (one.is_file_wide and one.identity == other.identity)


def _mark(facts: list[object], among: Iterable[int], origin: PathPattern, target: PathPattern) -> None:
    for at in among:
        fact = facts[at]
        if isinstance(fact, Write) and fact.moved_to is None and _same(fact.path, origin):
            facts[at] = replace(fact, moved_to=target)
