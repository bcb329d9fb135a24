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


def is_last_part(variable: str, code: ast.AST) -> bool:
    """Whether a variable is only ever joined to a folder: `os.path.join(folder, name)`, `folder / name`, `f"{folder}/{name}"`."""
    if not variable.isidentifier():
        return False
    joined: set[int] = set()
    given: list[ast.expr] = []
    for node in walk(code):
        joined.update(id(part) for part in _later_parts(node))
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] not in _ASKING:
            given += [*node.args, *(keyword.value for keyword in node.keywords)]
    loads = [n for n in walk(code) if _is_named(n, variable)]
    return any(id(n) in joined for n in loads) and not any(
        _is_named(argument, variable) and id(argument) not in joined for argument in given
    )


def _is_named(node: ast.AST, variable: str) -> bool:
    return isinstance(node, ast.Name) and node.id == variable and isinstance(node.ctx, ast.Load)


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
