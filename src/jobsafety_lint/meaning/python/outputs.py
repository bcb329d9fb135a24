"""What Python code does with the output of a program that it runs: makes a number of it, searches it, returns it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobsafety_lint.meaning.commands import CallsAfter, OutputUse
from jobsafety_lint.meaning.queue.status_json import StatusFilter, python_shapes
from jobsafety_lint.readers.python.nodes import children, dotted
from jobsafety_lint.readers.python.outline import Outline
from jobsafety_lint.source import Place

_NUMBERS = frozenset({"int", "float"})
_PASSING = frozenset({"str", "repr", "loads", "dumps", "bytes", "StringIO", "BytesIO"})
_SAVES = frozenset(
    {"write", "write_text", "write_bytes", "writelines", "dump", "post", "put", "patch", "upload", "send"}
)
_NOT_KEPT = frozenset({"PIPE", "DEVNULL", "STDOUT", "None"})
_SEARCHES = frozenset({"search", "match", "fullmatch", "findall", "finditer", "split", "sub", "partition"})
_TEXT_CALLS = frozenset({"check_output", "getoutput", "popen"})
_MAX_HOPS = 4


@dataclass(eq=False)
class _Unit:
    """The nodes of a function or of the module's own code, with their parents."""

    body: list[ast.AST]
    parents: dict[ast.AST, ast.AST]
    loads: dict[str, list[ast.expr]]
    name: str = ""


def output_uses(outline: Outline, texts: frozenset[str]) -> Iterator[OutputUse | CallsAfter]:
    """The uses of the output of every call whose code holds one of the texts; what follows those that wait."""
    for unit in _units(outline):
        for node in unit.body:
            if isinstance(node, ast.Call):
                place = Place(outline.source, outline.span(node))
                if any(text in place.text for text in texts):
                    for kind, use, name in _outcomes(node, unit, _is_text(node), 0):
                        yield OutputUse(place, kind, Place(outline.source, outline.span(use)), name)
                    for given in node.keywords:
                        kept = ast.unparse(given.value).rpartition(".")[2]
                        if given.arg == "stdout" and kept not in _NOT_KEPT:
                            where = Place(outline.source, outline.span(given.value))
                            yield OutputUse(place, "saved", where, "stdout")
                    if "wait" in place.text:
                        yield CallsAfter(place, tuple(_later(node, unit, outline)))


def status_filters(outline: Outline) -> Iterator[StatusFilter]:
    """What the functions of a file that asks for pueue's status expect of its JSON."""
    for unit in _units(outline):
        for shape, node in python_shapes(unit.body):
            yield StatusFilter(Place(outline.source, outline.span(node)), "python", (shape,))


def _later(node: ast.Call, unit: _Unit, outline: Outline) -> Iterator[tuple[str, Place]]:
    end = (node.end_lineno or node.lineno, node.end_col_offset or 0)
    later = [n for n in unit.body if isinstance(n, ast.Call) and (n.lineno, n.col_offset) >= end]
    for call in sorted(later, key=lambda n: (n.lineno, n.col_offset)):
        yield dotted(call.func) or _called(call), Place(outline.source, outline.span(call))


def _units(outline: Outline) -> Iterator[_Unit]:
    for definition in outline.functions:
        yield _unit([definition.node], definition.name)
    inside = {id(definition.node) for definition in outline.functions}
    yield _unit([s for s in outline.tree.body if id(s) not in inside and not isinstance(s, ast.ClassDef)], "")


def _unit(roots: Sequence[ast.AST], name: str) -> _Unit:
    unit = _Unit([], {}, {}, name)
    stack: list[ast.AST] = list(roots)
    while stack:
        node = stack.pop()
        unit.body.append(node)
        for child in children(node):
            unit.parents[child] = node
            stack.append(child)
        key = dotted(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        if key and isinstance(getattr(node, "ctx", None), ast.Load):
            assert isinstance(node, ast.expr)
            unit.loads.setdefault(key, []).append(node)
    return unit


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _is_text(node: ast.Call) -> bool:
    """Whether the call gives the output itself, rather than an object that holds it."""
    return _called(node) in _TEXT_CALLS or _called(node) not in {"run", "Popen", "call", "check_call"}


def _outcomes(node: ast.expr, unit: _Unit, text: bool, hops: int) -> Iterator[tuple[str, ast.expr, str]]:
    """Where a value goes: `number`, `parsed`, `name` or `returned`, with the place and the name."""
    parent = unit.parents.get(node)
    match parent:
        case ast.Attribute(attr=attr):
            if attr in {"stdout", "communicate"} or text:
                yield from _outcomes(parent, unit, True, hops)
        case ast.Call() if parent.func is node:
            if isinstance(node, ast.Attribute) and node.attr in _SEARCHES - {"search", "match"}:
                yield "parsed", parent, ""
            elif text:
                yield from _outcomes(parent, unit, text, hops)
        case ast.Call() if text:
            called = _called(parent)
            if called in _NUMBERS:
                yield "number", parent, ""
            elif called in _SEARCHES:
                yield "parsed", parent, ""
            elif called in _SAVES:
                yield "saved", parent, called
            elif called in _PASSING:
                yield from _outcomes(parent, unit, text, hops)
        case ast.keyword(arg="data" | "json" | "content" | "body" | "files" | "input") if text:
            call = unit.parents.get(parent)
            if isinstance(call, ast.Call):
                yield "saved", call, _called(call)
        case (
            ast.Assign(targets=[ast.Name() | ast.Attribute() as target])
            | ast.AnnAssign(target=ast.Name() | ast.Attribute() as target)
            | ast.NamedExpr(target=ast.Name() as target)
        ):
            name = dotted(target)
            if text:
                yield "name", target, name
            if hops < _MAX_HOPS:
                for load in unit.loads.get(name, ()):
                    if load.lineno >= node.lineno:
                        yield from _outcomes(load, unit, text, hops + 1)
        case ast.Assign(targets=[ast.Tuple(elts=[ast.Name() as first, *_])]) if text and hops < _MAX_HOPS:
            for load in unit.loads.get(first.id, ()):
                yield from _outcomes(load, unit, text, hops + 1)
        case ast.Return() if text:
            yield "returned", node, unit.name
        case ast.Await() | ast.Subscript() | ast.FormattedValue() | ast.BoolOp():
            if isinstance(parent, ast.expr) and not isinstance(parent, ast.FormattedValue):
                yield from _outcomes(parent, unit, text, hops)
