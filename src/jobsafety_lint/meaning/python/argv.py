"""What a script makes of the words of its command line, where it takes them from `sys.argv` itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jobsafety_lint.readers.python.nodes import dotted


def kept_words(body: list[ast.stmt]) -> Iterator[tuple[ast.Name, int]]:
    """The variables that get a word of the command line, with its position there."""
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name() as target], value=value):
                if (at := _position(value)) is not None:
                    yield target, at
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                for one, given in zip(targets, values, strict=False):
                    if isinstance(one, ast.Name) and (at := _position(given)) is not None:
                        yield one, at
            case ast.Assign(
                targets=[ast.Tuple(elts=targets)],
                value=ast.Subscript(
                    value=listed, slice=ast.Slice(lower=ast.Constant(value=int(first)), step=None)
                ),
            ) if dotted(listed) == "sys.argv":
                for at, one in enumerate(targets, first):
                    if isinstance(one, ast.Name):
                        yield one, at
            case ast.If(body=inner):
                yield from kept_words(inner)


def _position(node: ast.expr) -> int | None:
    """The position of a word: `sys.argv[2]`, `int(sys.argv[2])`."""
    match node:
        case ast.Subscript(value=listed, slice=ast.Constant(value=int(at))):
            return at if dotted(listed) == "sys.argv" and at > 0 else None
        case ast.Call(func=ast.Name(id="int" | "float" | "str" | "Path"), args=[inner]):
            return _position(inner)
    return None
