"""The outline of a Python file by the standard `ast`: imports, constants, functions, calls, and where each unit lies."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from jobsafety_lint.model import Span
from jobsafety_lint.readers.python.nodes import statements, walk
from jobsafety_lint.readers.python.parsing import parse_module
from jobsafety_lint.readers.python.strings import Field, NotRead, Text, pieces
from jobsafety_lint.source import Source

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
_SIMPLE = (ast.Expr, ast.Assign, ast.Return, ast.AugAssign, ast.AnnAssign, ast.Raise, ast.Assert, ast.Pass)
"""Statements without others inside, the most frequent ones."""


@dataclass(eq=False)
class Definition:
    """A function or method that is not inside another function. `span` starts at its first decorator's line."""

    name: str
    qualified: str
    node: FunctionNode
    span: Span
    class_name: str | None = None

    @property
    def parameters(self) -> list[ast.arg]:
        """All parameters, in order, without `self` and `cls`."""
        a = self.node.args
        every = [
            *a.posonlyargs,
            *a.args,
            *([a.vararg] if a.vararg else []),
            *a.kwonlyargs,
            *([a.kwarg] if a.kwarg else []),
        ]
        return [
            p for at, p in enumerate(every) if not (at == 0 and self.class_name and p.arg in {"self", "cls"})
        ]

    @property
    def is_property(self) -> bool:
        """Whether it is read as an attribute: `@property`, `@cached_property`."""
        names = (ast.unparse(decorator).rpartition(".")[2] for decorator in self.node.decorator_list)
        return not {"property", "cached_property"}.isdisjoint(names)

    @property
    def defaults(self) -> dict[str, ast.expr]:
        """The defaults of the parameters that have one, by their names."""
        a = self.node.args
        plain = [*a.posonlyargs, *a.args]
        found = dict(zip([p.arg for p in plain[len(plain) - len(a.defaults) :]], a.defaults, strict=True))
        named = zip(a.kwonlyargs, a.kw_defaults, strict=True)
        return found | {p.arg: value for p, value in named if value is not None}


@dataclass(eq=False)
class Outline:
    """What `ast` tells of a file. Offsets are code points of the source's text."""

    source: Source
    tree: ast.Module
    imports: dict[str, str] = field(default_factory=dict)
    functions: list[Definition] = field(default_factory=list)
    constants: dict[str, ast.Assign | ast.AnnAssign] = field(default_factory=dict)
    _lines: list[bytes] | None = None
    _pieces: dict[int, list[Text | Field] | None] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Source) -> Outline:
        """The outline of a text.

        Raises:
            SyntaxError, ValueError, RecursionError: `ast` cannot parse it.
        """
        outline = cls(source, parse_module(source.text))
        outline._gather()
        return outline

    def _gather(self) -> None:
        self._imports_in(self.tree.body, self.source.text.count("import"))
        self._functions_in(self.tree.body, None)
        for statement in self.tree.body:
            for target in _targets(statement):
                if target in self.constants:
                    continue
                assert isinstance(statement, ast.Assign | ast.AnnAssign)
                self.constants[target] = statement

    def _imports_in(self, body: Iterable[ast.stmt], most: int) -> int:
        """Takes up the imports in statements, `most` of them at the most; returns how many there may still be."""
        for node in body:
            if not most:
                break
            if isinstance(node, ast.Import):
                most -= 1
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    self.imports[name] = alias.name if alias.asname else name
            elif isinstance(node, ast.ImportFrom):
                most -= 1
                package = "." * node.level + (f"{node.module}." if node.module else "")
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = f"{package}{alias.name}"
            elif not isinstance(node, _SIMPLE):
                most = self._imports_in(statements(node), most)
        return most

    def _functions_in(self, body: list[ast.stmt], class_name: str | None) -> None:
        for node in body:
            if isinstance(node, FunctionNode):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                span = Span(self.source.offset(first), self.end(node))
                name = f"{class_name}.{node.name}" if class_name else node.name
                self.functions.append(Definition(node.name, name, node, span, class_name))
            elif isinstance(node, ast.ClassDef):
                self._functions_in(node.body, node.name)
            elif isinstance(node, ast.If | ast.Try | ast.With):
                self._functions_in(
                    [s for s in ast.iter_child_nodes(node) if isinstance(s, ast.stmt)], class_name
                )

    def _offset(self, line: int, byte: int) -> int:
        """The offset of a byte of a line (from 1); past the end it is the length of the text."""
        if self._is_ascii:
            return self.source.offset(line, byte + 1)
        if self._lines is None:
            self._lines = self.source.text.encode().split(b"\n")
        if line <= len(self._lines):
            byte = len(self._lines[line - 1][:byte].decode(errors="replace"))
        return self.source.offset(line, byte + 1)

    @cached_property
    def class_constants(self) -> dict[str, list[tuple[str, ast.Assign | ast.AnnAssign]]]:
        """The constants in the bodies of classes (`STATE = …`), by their names, each with the name of the class; none that some
        code of the file sets anew.
        """
        found: dict[str, list[tuple[str, ast.Assign | ast.AnnAssign]]] = {}
        changed: set[str] = set()
        for node in walk(self.tree):
            if isinstance(node, ast.ClassDef):
                for statement in node.body:
                    for name in _targets(statement):
                        if name.isupper():
                            assert isinstance(statement, ast.Assign | ast.AnnAssign)
                            found.setdefault(name, []).append((node.name, statement))
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                changed.add(node.attr)
        return {name: classes for name, classes in found.items() if name not in changed}

    @cached_property
    def _is_ascii(self) -> bool:
        return self.source.text.isascii()

    def start(self, node: ast.stmt | ast.expr | ast.arg) -> int:
        """Where a node starts."""
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: ast.stmt | ast.expr | ast.arg) -> int:
        """Where a node ends."""
        return self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def span(self, node: ast.stmt | ast.expr | ast.arg) -> Span:
        """A node's span."""
        return Span(
            self._offset(node.lineno, node.col_offset),
            self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0),
        )

    @property
    def statements(self) -> list[Span]:
        """The statements at the top of the file, with their decorators."""
        return [
            Span(
                min(self.start(node), *(self.start(d) - 1 for d in getattr(node, "decorator_list", ()))),
                self.end(node),
            )
            if getattr(node, "decorator_list", ())
            else self.span(node)
            for node in self.tree.body
        ]

    def resolve(self, name: str) -> str:
        """The full name behind the imports, as they are written: `rm` -> `os.remove`, `pd.read_csv` -> `pandas.read_csv`."""
        first, dot, rest = name.partition(".")
        known = self.imports.get(first)
        return f"{known}{dot}{rest}" if known else name

    def pieces(self, node: ast.Constant | ast.JoinedStr) -> list[Text | Field] | None:
        """The pieces of a string literal as they are written; None if they cannot be told apart."""
        if id(node) not in self._pieces:
            try:
                self._pieces[id(node)] = pieces(self.source.text, self.span(node), node)
            except NotRead:
                self._pieces[id(node)] = None
        return self._pieces[id(node)]

    def fields(self, node: ast.JoinedStr) -> list[Field]:
        """The replacement fields of an f-string, with their expressions at the right places."""
        return [piece for piece in self.pieces(node) or () if isinstance(piece, Field)]

    def statement_span(self, offset: int) -> Span:
        """The smallest statement around an offset: a logical line, or the header of a compound statement."""
        line = self.source.line_of(offset)
        found: ast.stmt | None = None
        for node in _statements(self.tree.body, line):
            found = node
        if found is None:
            return self.source.line_span(line)
        span = self.span(found)
        body = getattr(found, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
            head_end = self.start(body[0])
            return Span(span.start, max(span.start + 1, min(head_end - 1, span.end)))
        return span

    def definitions(self, offset: int) -> tuple[str, ...]:
        """The names of the classes and functions around an offset, outermost first."""
        line = self.source.line_of(offset)
        return tuple(
            node.name
            for node in _statements(self.tree.body, line)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        )


def _targets(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id
    elif (
        isinstance(statement, ast.AnnAssign)
        and statement.value is not None
        and isinstance(statement.target, ast.Name)
    ):
        yield statement.target.id


def _statements(body: list[ast.stmt], line: int) -> Iterator[ast.stmt]:
    """The statements around a line, outermost first."""
    for node in body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        if first <= line <= (node.end_lineno or node.lineno):
            yield node
            yield from _statements(list(_inner(node)), line)
            return


def _inner(node: ast.stmt) -> Iterator[ast.stmt]:
    for name in ("body", "orelse", "finalbody"):
        yield from (s for s in getattr(node, name, ()) if isinstance(s, ast.stmt))
    for handler in getattr(node, "handlers", ()):
        yield from handler.body
    for case in getattr(node, "cases", ()):
        yield from case.body
