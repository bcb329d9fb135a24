"""Tables that are joined into one, and what later code of the function asks of the result."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.literals import Literals
from jobsafety_lint.meaning.data.datasets import Merge
from jobsafety_lint.meaning.paths import words_of
from jobsafety_lint.meaning.python.definitions import FileNames, Site, Unit
from jobsafety_lint.readers.python.nodes import dotted, walk
from jobsafety_lint.readers.python.outline import Outline

_FINDING = Literals(("glob", "*.", "listdir"))
_MERGERS = frozenset({"concat", "concatenate", "vstack"})
_READERS = frozenset(
    {
        "read_parquet",
        "scan_parquet",
        "read_csv",
        "scan_csv",
        "read_ndjson",
        "scan_ndjson",
        "open_dataset",
        "read_json",
    }
)
_JOINS = Literals((*(f"{name}(" for name in sorted(_MERGERS)), *sorted(_READERS)))
_CHECK_WORDS = frozenset({"validate", "check", "assert", "ensure", "verify", "require"})


def is_mentioned(outline: Outline) -> bool:
    """Whether a file may join files that it has found by a pattern."""
    return _FINDING.any_in(outline.source) and _JOINS.any_in(outline.source)


def merges(names: FileNames) -> Iterator[Merge]:
    """The joins of a file, and the reads that may take many files."""
    for site in names.sites:
        func = site.node.func
        last = func.attr if isinstance(func, ast.Attribute) else dotted(func)
        if last in _MERGERS or last in _READERS:
            yield _Reader(names, site).merge()


@dataclass(eq=False)
class _Reader:
    names: FileNames
    site: Site

    def merge(self) -> Merge:
        """The join with what is asked of its result."""
        unit = self.site.position.unit
        results = self._results(unit)
        columns: set[str] = set()
        compared: set[str] = set()
        checked = False
        use: ast.expr | None = None
        body = getattr(unit.node, "body", None)
        for statement in body if isinstance(body, list) else ():
            for node in walk(statement):
                at = self.names.where.get(id(node))
                if isinstance(node, ast.Assert | ast.If | ast.Raise | ast.While) or _filters(node):
                    columns |= _columns(node) | self._columns_before(node, unit, results)
                    compared |= _compared(node, results)
                elif isinstance(node, ast.Call) and at is not None and at.order > self.site.position.order:
                    name = dotted(node.func).rpartition(".")[2] or getattr(node.func, "attr", "")
                    given = {n.id for n in walk(node) if isinstance(n, ast.Name)}
                    if set(words_of(name)) & _CHECK_WORDS and given & results:
                        checked = True
                if (
                    use is None
                    and isinstance(node, ast.Name)
                    and node.id in results
                    and isinstance(node.ctx, ast.Load)
                ):
                    use = node
        function = self.names.function_of(unit) if unit.is_function else None
        place = self.names.place(self.site.node)
        return Merge(
            place,
            self.site.targets[0] if self.site.targets else "",
            frozenset(columns),
            checked,
            self.names.place(use) if use is not None else None,
            function,
            frozenset(compared),
        )

    def _columns_before(self, node: ast.AST, unit: Unit, results: set[str]) -> set[str]:
        """The columns that went into the variables of a check: `seen = set(merged["side"])`, then `if seen != {side}`."""
        return {
            column
            for inner in walk(node)
            if isinstance(inner, ast.Name) and inner.id in results - set(self.site.targets)
            for binding in unit.bindings.get(inner.id, ())
            if binding.kind == "assign" and isinstance(binding.node, ast.AST)
            for column in _columns(binding.node)
        }

    def _results(self, unit: Unit) -> set[str]:
        """The names of the result, and of what is made from it by assignment."""
        found = set(self.site.targets)
        grown = True
        while grown:
            grown = False
            for name, bindings in unit.bindings.items():
                if name in found:
                    continue
                for binding in bindings:
                    if binding.kind == "assign" and isinstance(binding.node, ast.AST):
                        inside = {n.id for n in walk(binding.node) if isinstance(n, ast.Name)}
                        if inside & found or self.site.node in list(walk(binding.node)):
                            found.add(name)
                            grown = True
        return found


def _filters(node: ast.AST) -> bool:
    """`frame.filter(…)`, `frame.query(…)`, `frame[frame["x"] == …]`, `.unique()` and the like on a column."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in {
            "filter",
            "query",
            "unique",
            "n_unique",
            "nunique",
            "value_counts",
            "groupby",
            "group_by",
        }
    return isinstance(node, ast.Compare)


def _compared(node: ast.AST, results: set[str]) -> set[str]:
    """The columns of a result that a comparison or a filter names: `merged["side"] == side`, `merged.filter(pl.col("side") == side)`."""
    if not any(isinstance(inner, ast.Name) and inner.id in results for inner in walk(node)):
        return set()
    return {
        inner.value
        for inner in walk(node)
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and inner.value.isidentifier()
    }


def _columns(node: ast.AST) -> set[str]:
    """The words of the strings in an expression: those of column names, in queries too."""
    texts = [n.value for n in walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    texts += [n.attr for n in walk(node) if isinstance(n, ast.Attribute)]
    return {word for text in texts for word in re.findall(r"[A-Za-z_]\w*", text)}
