"""Comparisons of the number of lines of a file with a fixed number, in Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.literals import Literals
from jobsafety_lint.meaning.data.datasets import LineCountCheck
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.python.definitions import FileNames, Position
from jobsafety_lint.meaning.python.expressions import Expressions
from jobsafety_lint.readers.python.nodes import children, dotted
from jobsafety_lint.readers.python.outline import FunctionNode, Outline

_MENTIONS = Literals(("jsonl", "ndjson", "JSONL", "NDJSON", "json.loads", "read_json"))
_COUNTED = re.compile(
    r"(?:len\(|sum\(|count|\.height|\.shape|lines|rows|\bn)[^\n=!<>]*(?:[=!<>]=|[<>]) *\(?(?:[2-9]|\d\d|[A-Z]|\w+ *\*)"
    r"|\d\d *(?:[=!<>]=|[<>]) *(?:len|sum)\("
)
_COMPARED = re.compile(r"[=!<>] *\(?(?:[2-9]|\d\d|[A-Z]|\w+ *\*|(?:len|sum)\()")
"""What every line holds that `_COUNTED` matches; a class of four characters is found several times as fast as a list of words."""
_JSON_LINES = re.compile(r"jsonl|ndjson|jsonlines", re.IGNORECASE)
_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_LINES = frozenset({"splitlines", "readlines", "read_ndjson", "scan_ndjson", "read_json", "loads", "split"})


def is_mentioned(outline: Outline) -> bool:
    """Whether a file may count the lines of a file of JSON lines."""
    return _MENTIONS.any_in(outline.source) and _compares_count(outline.source.text)


def _compares_count(text: str) -> bool:
    at = 0
    while (compared := _COMPARED.search(text, at)) is not None:
        line_end = text.find("\n", compared.start())
        at = line_end if line_end >= 0 else len(text)
        if _COUNTED.search(text, text.rfind("\n", 0, compared.start()) + 1, at):
            return True
    return False


def line_count_checks(names: FileNames) -> Iterator[LineCountCheck]:
    """Every comparison of a count of lines with a number that is written out."""
    reader = _Reader(names, Expressions(names))
    for unit in names.units:
        body = getattr(unit.node, "body", None)
        for statement in body if isinstance(body, list) else ():
            yield from reader.statement(statement)


@dataclass(eq=False)
class _Reader:
    names: FileNames
    expressions: Expressions

    def statement(self, statement: ast.stmt) -> Iterator[LineCountCheck]:
        """The checks in a statement and those inside of it."""
        at = self.names.where.get(id(statement))
        if at is None or isinstance(statement, FunctionNode | ast.ClassDef):
            return
        stack: list[ast.AST] = list(children(statement))
        while stack:
            node = stack.pop()
            if isinstance(node, ast.stmt):
                yield from self.statement(node)
                continue
            if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPERATORS:
                found = self._compare(node, at)
                if found is not None:
                    yield found
            stack.extend(children(node))

    def _compare(self, node: ast.Compare, at: Position) -> LineCountCheck | None:
        for counted, number in ((node.left, node.comparators[0]), (node.comparators[0], node.left)):
            expected = self.expressions.literal(number, at)
            if not isinstance(expected, int) or isinstance(expected, bool) or expected < 2:
                continue
            lines = self._counted(counted, at)
            if lines is None:
                continue
            where, where_at = lines
            path, json_lines, reads = self._origin(where, where_at)
            if reads:
                return LineCountCheck(
                    self.names.place(node),
                    expected,
                    _OPERATORS[type(node.ops[0])],
                    self.names.place(counted),
                    path,
                    json_lines,
                )
        return None

    def _counted(self, node: ast.expr, at: Position) -> tuple[ast.expr, Position] | None:
        """What is counted by an expression: `len(lines)`, `sum(1 for _ in fh)`, a counter of a loop over a file."""
        origin, where = self.expressions.follow(node, at)
        match origin:
            case ast.Call(func=ast.Name(id="len"), args=[lines]):
                return lines, where
            case ast.Call(
                func=ast.Name(id="sum"), args=[ast.GeneratorExp(elt=ast.Constant(value=1), generators=[part])]
            ):
                return part.iter, where
            case ast.Attribute(attr="height", value=table):
                return table, where
            case ast.Subscript(value=ast.Attribute(attr="shape", value=table), slice=ast.Constant(value=0)):
                return table, where
            case ast.Call(
                func=ast.Attribute(attr="count", value=text), args=[ast.Constant(value="\n" | b"\n")]
            ):
                return text, where
        return self._loop_counter(node, at)

    def _loop_counter(self, node: ast.expr, at: Position) -> tuple[ast.expr, Position] | None:
        if not isinstance(node, ast.Name):
            return None
        for binding in at.unit.bindings.get(node.id, ()):
            one = isinstance(binding.node, ast.Constant) and binding.node.value == 1
            if binding.kind == "changed" and one and binding.position.loops:
                loop = next(
                    (
                        b.node
                        for b in reversed(binding.position.blocks)
                        if isinstance(b.node, ast.For | ast.AsyncFor)
                    ),
                    None,
                )
                if loop is not None:
                    return loop.iter, binding.position
        return None

    def _origin(self, node: ast.expr, at: Position) -> tuple[PathPattern | None, bool, bool]:
        """Where lines come from: the file, whether it is one of JSON lines, and whether they are read from a file."""
        path: PathPattern | None = None
        json_lines = reads = False
        seen: set[int] = set()
        stack: list[tuple[ast.AST, Position]] = [(node, at)]
        while stack and len(seen) < 200:
            inner, point = stack.pop()
            if id(inner) in seen:
                continue
            seen.add(id(inner))
            if isinstance(inner, ast.Name):
                for binding in self.names.reaching(inner.id, point):
                    if isinstance(binding.node, ast.expr) and binding.kind in {"assign", "with", "loop"}:
                        stack.append((binding.node, binding.position))
                    elif binding.kind == "parameter":
                        said = f"{inner.id} {self._default(inner.id, binding.position)}"
                        json_lines = json_lines or bool(_JSON_LINES.search(said))
                continue
            if isinstance(inner, ast.Call):
                last = inner.func.attr if isinstance(inner.func, ast.Attribute) else dotted(inner.func)
                opens = last in {"open", "read_text", "read_bytes", *_LINES}
                reads = reads or opens
                per_line = self._is_per_line(inner, last, point)
                json_lines = json_lines or per_line or last in {"read_ndjson", "scan_ndjson"}
                if opens and path is None:
                    path = self._path(inner, point)
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and len(inner.value) < 300:
                json_lines = json_lines or bool(_JSON_LINES.search(inner.value))
            stack += [(child, point) for child in children(inner)]
        return path, json_lines, reads

    def _default(self, parameter: str, at: Position) -> str:
        """The code of a parameter's default."""
        function = next(iter(self.names.functions_around(at)), None)
        known = function.parameter(parameter) if function is not None else None
        return (known.default or "") if known is not None else ""

    def _is_per_line(self, call: ast.Call, name: str, at: Position) -> bool:
        """Whether JSON is read line by line: `json.loads(line)` in a loop, `read_json(…, lines=True)`."""
        if name == "loads" and call.args:
            first = call.args[0]
            while isinstance(first, ast.Call) and isinstance(first.func, ast.Attribute):
                first = first.func.value
            found = self.names.where.get(id(call), at)
            bound = self.names.reaching(first.id, found) if isinstance(first, ast.Name) else []
            return any(binding.kind == "loop" for binding in bound)
        return name == "read_json" and any(keyword.arg == "lines" for keyword in call.keywords)

    def _path(self, call: ast.Call, at: Position) -> PathPattern | None:
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"read_text", "read_bytes", "open"}:
            if dotted(call.func) not in {"gzip.open", "io.open", "codecs.open"}:
                return self.expressions.pattern(call.func.value, at)
        return self.expressions.pattern(call.args[0], at) if call.args else None
