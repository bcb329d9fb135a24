"""What a function does with each of its parameters, by the standard `ast`."""

from __future__ import annotations

import ast
import functools

from jobsafety_lint.meaning.functions import Function, Parameter
from jobsafety_lint.readers.python.nodes import children, element
from jobsafety_lint.readers.python.outline import Definition, Outline
from jobsafety_lint.source import Place

_LOGGERS = frozenset(
    {
        "print",
        "debug",
        "info",
        "warning",
        "warn",
        "error",
        "exception",
        "log",
        "critical",
        "echo",
        "secho",
        "notify",
    }
)
_MEASURES = frozenset(
    {
        "len",
        "enumerate",
        "zip",
        "iter",
        "list",
        "sorted",
        "tuple",
        "set",
        "map",
        "filter",
        "sum",
        "min",
        "max",
        "next",
        "reversed",
    }
)


def function_of(definition: Definition, outline: Outline) -> Function:
    """The function with its parameters and what it does with them."""
    uses = functools.cache(lambda: uses_of(definition.node.body))
    defaults = definition.defaults
    parameters = tuple(
        Parameter(
            p.arg,
            Place(outline.source, outline.span(p)),
            ast.unparse(p.annotation) if p.annotation is not None else "",
            ast.unparse(defaults[p.arg]) if p.arg in defaults else None,
            functools.partial(lambda name: frozenset(uses().get(name, ())), p.arg),
        )
        for p in definition.parameters
    )
    decorators = tuple(ast.unparse(d).partition("(")[0] for d in definition.node.decorator_list)
    place = Place(outline.source, outline.span(definition.node))
    return Function(definition.qualified, place, parameters, decorators)


def uses_of(body: list[ast.stmt], *, attributes_of: str = "") -> dict[str, set[str]]:
    """What some code does with each name that it reads; with `attributes_of`, with each attribute of that name."""
    uses: dict[str, set[str]] = {}
    parents: dict[int, ast.AST] = {}
    read: list[ast.Name | ast.Attribute | ast.Subscript] = []
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Load):
            read.append(node)
        for child in children(node):
            parents[id(child)] = node
            stack.append(child)
    for node in read:
        if isinstance(node, ast.Name):
            name = "" if attributes_of else node.id
        else:
            base, name = element(node) or ("", "")
            name = name if base == attributes_of else ""
        if name:
            uses.setdefault(name, set()).add(_use(node, parents))
            if _is_count(parents.get(id(node))):
                uses[name].add("counted")
    return uses


def _is_count(parent: ast.AST | None) -> bool:
    """Whether a name is the number of times that something is done: `range(n)`."""
    return isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "range"


def _use(node: ast.expr, parents: dict[int, ast.AST]) -> str:  # one case a parent
    parent = parents.get(id(node))
    match parent:
        case ast.Call():
            if node is parent.func:
                return "called"
            return _argument(parent)
        case ast.keyword():
            call = parents.get(id(parent))
            return _argument(call) if isinstance(call, ast.Call) else "passed"
        case ast.Attribute():
            return "attribute"
        case ast.Subscript():
            return "iterated" if node is parent.value else "computed"
        case ast.For() | ast.AsyncFor() | ast.comprehension() | ast.Starred() | ast.YieldFrom():
            return "iterated"
        case ast.FormattedValue():
            return _formatted(parent, parents)
        case ast.BinOp(op=ast.Div()):
            return "divided"
        case ast.BinOp() | ast.Compare() | ast.UnaryOp() | ast.AugAssign() | ast.Slice():
            if isinstance(parent, ast.Compare) and any(
                isinstance(c, ast.Constant) and c.value is None for c in parent.comparators
            ):
                return "tested"
            return "apportions" if _is_apportioning(node, parent, parents) else "computed"
        case ast.If() | ast.While() | ast.IfExp() | ast.BoolOp():
            return "tested"
        case ast.List() | ast.Tuple() if isinstance(call := parents.get(id(parent)), ast.Call):
            return _argument(call)  # the words of a program, mostly
        case ast.Assign() | ast.AnnAssign() | ast.Return() | ast.Tuple() | ast.List() | ast.Dict():
            return "stored"
    return "other"


def _is_apportioning(node: ast.expr, parent: ast.AST, parents: dict[int, ast.AST]) -> bool:
    """Whether a name says which part of the items is this job's: `number % shards == shard`."""
    compared = parents.get(id(parent)) if isinstance(parent, ast.BinOp) else parent
    if not isinstance(compared, ast.Compare):
        return False
    sides = [compared.left, *compared.comparators]
    return any(isinstance(side, ast.Name | ast.Attribute) for side in sides) and any(
        isinstance(side, ast.BinOp)
        and isinstance(side.op, ast.Mod)
        and isinstance(side.right, ast.Name | ast.Attribute)
        and (side is not parent or node is side.right)
        for side in sides
    )


def _argument(call: ast.Call) -> str:
    name = (
        call.func.attr
        if isinstance(call.func, ast.Attribute)
        else call.func.id
        if isinstance(call.func, ast.Name)
        else ""
    )
    if name in _LOGGERS:
        return "logged"
    return "iterated" if name in _MEASURES else "passed"


def _formatted(node: ast.AST, parents: dict[int, ast.AST]) -> str:
    """A parameter in an f-string: logged if the string is, else part of a key, a query, a name."""
    above = parents.get(id(node))
    while isinstance(above, ast.JoinedStr | ast.FormattedValue):
        above = parents.get(id(above))
    if isinstance(above, ast.Call) and _argument(above) == "logged":
        return "logged"
    if isinstance(above, ast.Raise) or (
        isinstance(above, ast.Call) and isinstance(parents.get(id(above)), ast.Raise)
    ):
        return "logged"
    return "formatted"
