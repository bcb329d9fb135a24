"""The globs of a unit of Python: what becomes of what they find, and what tests of the names say of their patterns."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from jobsafety_lint.meaning.files import Glob
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.python import calls
from jobsafety_lint.meaning.python.values import ITERDIR, LISTING, Scope, lower
from jobsafety_lint.model import Span
from jobsafety_lint.readers.python.nodes import arguments, children, dotted, names_mentioned, walk
from jobsafety_lint.source import Place

COLLECTING = frozenset({"append", "extend", "update", "write", "writelines", "copyfileobj"})
"""The last parts of the names of calls that put one thing after the other into a collection or a file."""
_ENDS = frozenset({"startswith", "endswith"})
_KINDS = {
    **dict.fromkeys(calls.READERS, "read"),
    **dict.fromkeys(calls.MERGERS, "merge"),
    "len": "count",
}
"""What calls do with what they are given, by the last parts of their names."""


@dataclass(eq=False)
class GlobUses:
    """Keeps account of the globs among `facts`, the walker's own list, to which both add."""

    facts: list[object]
    _uses: dict[int, list[tuple[str, Place]]] = field(default_factory=dict)
    """What is done with what a glob has found, by its place among the facts."""
    _filters: dict[int, set[str]] = field(default_factory=dict)
    """The names by which it is told what of it is meant."""
    _asked: set[int] = field(default_factory=set)
    """The globs of whose finds something is asked, one by one."""
    _narrowed: dict[int, dict[str, PathPattern]] = field(default_factory=dict)
    """What the names must begin and end with."""

    def add(self, glob: Glob) -> None:
        """Takes up a glob."""
        self._uses[len(self.facts)] = []
        self.facts.append(glob)

    def last_in(self, span: Span) -> Glob | None:
        """The last glob within a span."""
        return next((fact for _, fact in reversed(self._globs()) if fact.place.span in span), None)

    def note(self, glob: Glob, kind: str, place: Place) -> None:
        """Something is done with what a glob has found."""
        for at in self._places_of(glob):
            self._uses[at].append((kind, place))

    def given_to(self, node: ast.Call, written: str, scope: Scope, *, looped: bool) -> None:
        """A glob's result, or a list of what was read from it, that is given to a function which joins. `looped`: in a loop."""
        kind = _KINDS.get(written.rpartition(".")[2])
        if kind is None:
            return
        place = scope.place(node)
        for at, fact in self._globs():
            if fact.place.span in place.span:
                self._uses[at].append((kind, place))
        for arg in arguments(node):
            for name in names_mentioned(arg.value):
                known = scope.variables.get(name)
                if known is not None and known.glob is not None:
                    several = kind == "read" and isinstance(arg.value, ast.Name) and not looped
                    self.note(known.glob, "merge" if several else kind, place)

    def tested(self, test: ast.expr, scope: Scope) -> None:
        """A condition may ask for the names of what a glob has found, one by one."""
        names = names_mentioned(test)
        made_from = (scope.variables[name].pattern.names for name in names if name in scope.variables)
        told = names.union(*made_from)
        for item in names:
            known = scope.variables.get(item)
            for at in self._places_of(known.glob) if known is not None and known.glob is not None else ():
                self._asked.add(at)
                self._filters.setdefault(at, set()).update(told - {item})
                self._narrow(at, item, test, scope)

    def _narrow(self, at: int, item: str, test: ast.expr, scope: Scope) -> None:
        """What a test of an item's name says of the pattern: `name.startswith("part_") and name.endswith(".csv")`."""
        for inner in walk(test):
            if not isinstance(inner, ast.Call) or len(inner.args) != 1:
                continue
            owner, _, end = dotted(inner.func).rpartition(".")
            if owner == item and end in _ENDS:
                value = lower(inner.args[0], scope)
                if value.elements is None:
                    self._narrowed.setdefault(at, {})[end] = value.pattern

    def finished(self) -> list[object]:
        """All facts, with what has become known of the globs. The list of a whole folder says nothing about names: it is one only
        where all of it is deleted.
        """
        for at, fact in self._globs():
            uses = (*fact.uses, *self._uses[at])
            self.facts[at] = replace(
                fact,
                path=self._pattern(at, fact),
                uses=uses,
                filtered_by=frozenset(self._filters.get(at, ())),
            )
        return [
            fact
            for at, fact in enumerate(self.facts)
            if not isinstance(fact, Glob)
            or fact.by not in {LISTING, ITERDIR}
            or at in self._narrowed
            or (at not in self._asked and fact.use("delete") is not None)
        ]

    def _pattern(self, at: int, glob: Glob) -> PathPattern:
        ends = self._narrowed.get(at)
        if ends is None or glob.by != LISTING:
            return glob.path
        first, last = (ends.get(end, PathPattern(())) for end in ("startswith", "endswith"))
        return glob.path.parent.joined(PathPattern.of(first, "*", last))

    def _globs(self) -> list[tuple[int, Glob]]:
        return [(at, fact) for at in self._uses if isinstance(fact := self.facts[at], Glob)]

    def _places_of(self, glob: Glob) -> list[int]:
        return [at for at, fact in self._globs() if fact.place.span == glob.place.span]


def content_of(node: ast.expr, scope: Scope, *, bare: bool) -> Glob | None:
    """The glob whose item an expression reads: `pd.read_csv(p)`, `json.load(fh)`; with `bare`, the open file itself."""
    stack: list[tuple[ast.AST, bool]] = [(node, bare)]
    while stack:
        inner, reads = stack.pop()
        if isinstance(inner, ast.Name):
            value = scope.variables.get(inner.id)
            file = value.handle_of if value is not None and value.handle_of is not None else value
            if reads and file is not None and file.glob is not None:
                return file.glob
            continue
        if isinstance(inner, ast.Call):
            last = inner.func.attr if isinstance(inner.func, ast.Attribute) else dotted(inner.func)
            reads = reads or last in calls.CONTENT
        stack += [(child, reads) for child in children(inner)]
    return None
