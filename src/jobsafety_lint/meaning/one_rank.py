"""Conditions of Python that hold in one process of a distributed job: `rank == 0`, `accelerator.is_main_process`."""

from __future__ import annotations

import ast

_MAIN = frozenset(
    {
        "is_main",
        "is_main_process",
        "is_local_main_process",
        "is_master",
        "is_master_process",
        "is_global_zero",
        "is_rank_zero",
        "is_rank_0",
        "is_chief",
        "is_coordinator",
    }
)
_DISTRIBUTED = frozenset({"is_initialized", "is_available", "is_distributed", "distributed"})
_ALONE = frozenset({0, -1})
"""The rank of the main process, and that of one which is not distributed."""


def holds_in_one_rank(condition: str) -> bool:
    """Whether the text of a condition, where it holds, leaves one process of a job only. What is no expression does not."""
    try:
        return _leaves_one(ast.parse(condition, mode="eval").body, holds=True)
    except (SyntaxError, ValueError, RecursionError):
        return False


def _leaves_one(node: ast.expr, *, holds: bool) -> bool:
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _leaves_one(operand, holds=not holds)
        case ast.BoolOp(op=op, values=values):
            found = [_leaves_one(value, holds=holds) for value in values]
            if isinstance(op, ast.And) is holds:
                return any(found)
            alone = [_says_alone(value, holds=holds) for value in values]
            return any(found) and all(one or other for one, other in zip(found, alone, strict=True))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if _is_rank(left):
            wanted = ast.Eq if holds else ast.NotEq
            return (isinstance(op, wanted) and _values(right) == {0}) or (
                isinstance(op, ast.In if holds else ast.NotIn) and _values(right) <= _ALONE
            )
        case ast.Call(func=func):
            return holds and _last_name(func) in _MAIN
        case ast.Name() | ast.Attribute():
            return _last_name(node) in _MAIN if holds else _is_rank(node)
    return False


def _says_alone(node: ast.expr, *, holds: bool) -> bool:
    """Whether nothing is distributed where it holds: `comm is None`, `not dist.is_initialized()`."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _says_alone(operand, holds=not holds)
        case ast.Compare(ops=[op], comparators=[ast.Constant(value=None)]):
            return isinstance(op, ast.Is if holds else ast.IsNot)
        case ast.Call(func=func):
            return not holds and _last_name(func) in _DISTRIBUTED
    return not holds and _last_name(node) in _DISTRIBUTED


def _is_rank(node: ast.expr) -> bool:
    """Whether it gives the number of a process: `rank`, `args.local_rank`, `dist.get_rank()`."""
    name = _last_name(node.func if isinstance(node, ast.Call) else node)
    return name == "rank" or name.endswith("_rank")


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _values(node: ast.expr) -> set[object]:
    """The numbers that are written out; what is none stands as it is, and is in no set of ranks."""
    elements = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    found: set[object] = set()
    for element in elements:
        try:
            found.add(ast.literal_eval(element))
        except ValueError:
            found.add(element)
    return found
