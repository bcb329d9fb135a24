"""How code of Python leaves: whether what stands behind a block is reached from its end."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from jobsafety_lint.readers.python import nodes
from jobsafety_lint.readers.python.nodes import children, dotted

_LEAVING = frozenset({"sys.exit", "exit", "quit", "os._exit"})
_ENDS = {
    "return": "function",
    "continue": "loop",
    "break": "break",
    "raise": "script",
    "exit": "script",
    "fails": "script",
}


def leaving(body: Sequence[ast.stmt]) -> str:
    """How a block leaves at its end, as `Guard.leaving` has it; empty if it does not."""
    match body[-1] if body else None:
        case ast.Return():
            return "return"
        case ast.Raise():
            return "raise"
        case ast.Continue():
            return "continue"
        case ast.Break():
            return "break"
        case ast.Expr(value=ast.Call(func=func, args=given)) if dotted(func) in _LEAVING:
            said = given[0] if given else None
            quiet = said is None or (isinstance(said, ast.Constant) and said.value in {0, None})
            return "exit" if quiet else "fails"
    return ""


def refusing(body: Sequence[ast.stmt]) -> str:
    """The same, also where nothing but a check decides whether an error is raised: `if os.listdir(d): raise …`."""
    match body:
        case [ast.If(body=inner, orelse=[])] if leaving(inner) in {"raise", "fails"}:
            return leaving(inner)
    return leaving(body)


def ends(body: Sequence[ast.stmt]) -> str:
    """What a block certainly ends, as `Arm.leaves` has it."""
    return _ENDS.get(leaving(body), "")


def breaks(body: Sequence[ast.stmt]) -> list[ast.expr]:
    """The conditions of the breaks of a loop; any other break as the name `True`."""
    found: list[ast.expr] = []
    for statement in body:
        match statement:
            case ast.If(test=test, body=[ast.Break()], orelse=[]):
                found.append(test)
            case ast.If(test=test, body=body, orelse=[ast.Break()]) if not any(map(_count_breaks, body)):
                found.append(ast.UnaryOp(ast.Not(), test))
            case ast.For() | ast.AsyncFor() | ast.While():
                pass
            case _:
                found += [ast.Name("True")] * _count_breaks(statement)
    return found


def _count_breaks(node: ast.AST) -> int:
    if isinstance(node, ast.Break):
        return 1
    if isinstance(node, nodes.For | ast.While | nodes.Function):
        return 0
    return sum(_count_breaks(child) for child in children(node))
