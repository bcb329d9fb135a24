"""Small questions to the nodes of `ast` that the readers of Python's meaning ask all the time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

Comprehension = ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp
Function = ast.FunctionDef | ast.AsyncFunctionDef
For = ast.For | ast.AsyncFor
With = ast.With | ast.AsyncWith

_PLAIN = frozenset(
    {"ctx", "op", "ops", "id", "attr", "arg", "name", "asname", "module", "level", "names", "conversion", "is_async",
     "simple", "type_comment", "kind", "type_ignores", "lineno", "tag", "rest", "kwd_attrs", "str"}
)  # fmt: skip
"""Fields that hold no statement, expression or clause."""
_LEAVES = frozenset({ast.Constant, ast.MatchSingleton})
"""Kinds whose `value` is no node."""


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """The fields of a kind of node that may hold nodes, contexts and operators left out."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        found = self[kind] = tuple(
            name for name in kind._fields if kind not in _LEAVES and name not in _PLAIN
        )
        return found


class _Backwards(dict[type[ast.AST], tuple[str, ...]]):
    """The same fields, the last one first."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        found = self[kind] = _FIELDS[kind][::-1]
        return found


_FIELDS = _Fields()
_BACKWARDS = _Backwards()


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below a node, in the order of its fields, without contexts and operators."""
    found: list[ast.AST] = []
    for name in _FIELDS[node.__class__]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += value
        elif value is not None:
            found.append(value)
    return found if None not in found else [item for item in found if item is not None]


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, in the order of the text (as far as the fields are in that order)."""
    stack: list[ast.AST | None] = [node]
    while stack:
        inner = stack.pop()
        if inner is None:  # the key of `**more` in a dictionary, a parameter without default
            continue
        yield inner
        for name in _BACKWARDS[inner.__class__]:
            value = getattr(inner, name, None)
            if value.__class__ is list:
                stack += value[::-1]
            elif value is not None:
                stack.append(value)


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute chain; empty for anything else."""
    if node.__class__ is ast.Name:
        return node.id
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    parts.append(node.id)
    return ".".join(reversed(parts))


def element(node: ast.AST) -> tuple[str, str] | None:
    """The variable and the name of what is taken from it, by a key that is written out as by an attribute: `job.symbol`,
    `job["symbol"]`; None for anything else.
    """
    match node:
        case ast.Attribute(value=ast.Name(id=base), attr=name):
            return base, name
        case ast.Subscript(value=ast.Name(id=base), slice=ast.Constant(value=str(name))):
            return base, name
    return None


def names_mentioned(*code: ast.AST) -> frozenset[str]:
    """The names that code mentions, of `a.b.c` the first one."""
    found: set[str] = set()
    stack = list(code)
    while stack:
        inner = stack.pop()
        if isinstance(inner, ast.Name):
            found.add(inner.id)
        elif isinstance(inner, ast.Attribute):
            stack.append(inner.value)
        elif not isinstance(inner, ast.Constant):
            stack.extend(children(inner))
    return frozenset(found)


class Argument(NamedTuple):
    """One argument of a call. `star` is `*`, `**` or nothing."""

    value: ast.expr
    keyword: str | None = None
    star: str = ""


def arguments(call: ast.Call) -> list[Argument]:
    """All arguments, the positional ones first."""
    found = [Argument(a.value, None, "*") if isinstance(a, ast.Starred) else Argument(a) for a in call.args]
    if call.keywords:
        found += [Argument(k.value, k.arg, "" if k.arg else "**") for k in call.keywords]
    return found


def positional(call: ast.Call) -> list[ast.expr]:
    """The values of the positional arguments, without `*rest`."""
    return [a for a in call.args if not isinstance(a, ast.Starred)]


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((k.value for k in call.keywords if k.arg == name), None)


def is_constant(node: ast.AST | None, value: object) -> bool:
    """Whether a node is this very constant (`True`, `None`, …)."""
    return isinstance(node, ast.Constant) and node.value is value


def is_text(node: ast.AST | None) -> bool:
    """Whether a node is a literal of text or bytes, formatted or not."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """The statements right inside a compound statement, those of its handlers and cases included."""
    for name in ("body", "orelse", "handlers", "finalbody", "cases"):
        for inner in getattr(node, name, ()):
            if isinstance(inner, ast.stmt):
                yield inner
            else:
                yield from inner.body
