"""How a name is put together from a folder and what stands in it."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from jobsafety_lint.readers.python.nodes import dotted, walk

_ASKING = frozenset(
    ["print", "info", "debug", "warning", "error", "append", "add", "startswith", "endswith", "format", "len"]
)
"""Calls that do nothing to the file whose name they are given."""


def last_parts(code: ast.AST) -> frozenset[str]:
    """The variables that are only ever joined to a folder: `os.path.join(folder, name)`, `folder / name`, `f"{folder}/{name}"`."""
    joined: set[int] = set()
    loads: list[ast.Name] = []
    given: list[ast.expr] = []
    for node in walk(code):
        joined.update(id(part) for part in _later_parts(node))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            loads.append(node)
        elif isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] not in _ASKING:
            given += [*node.args, *(keyword.value for keyword in node.keywords)]
    elsewhere = {arg.id for arg in given if isinstance(arg, ast.Name) and id(arg) not in joined}
    return frozenset(name.id for name in loads if id(name) in joined) - elsewhere


def _later_parts(node: ast.AST) -> Iterator[ast.expr]:
    """The parts of a join that stand behind a folder."""
    match node:
        case ast.Call(func=ast.Attribute(attr="joinpath"), args=parts):
            yield from parts
        case ast.Call(func=ast.Attribute(attr="join"), args=[_, *parts]):
            yield from parts
        case ast.BinOp(op=ast.Div(), right=right):
            yield right
        case ast.BinOp(
            op=ast.Add(), left=ast.BinOp(op=ast.Add(), right=ast.Constant(value=str(between))), right=right
        ):
            if between.endswith("/"):
                yield right
        case ast.JoinedStr(values=values):
            for before, value in itertools.pairwise(values):
                if isinstance(value, ast.FormattedValue) and isinstance(before, ast.Constant):
                    if str(before.value).endswith("/"):
                        yield value.value
