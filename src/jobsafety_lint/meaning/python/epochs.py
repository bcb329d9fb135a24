"""Datetimes that are cast to integers and divided: what the unit of pandas decides."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jobsafety_lint.meaning.data.datasets import EpochDivision
from jobsafety_lint.meaning.paths import words_of
from jobsafety_lint.meaning.python.definitions import FileNames, Position, key_of
from jobsafety_lint.meaning.python.expressions import Expressions
from jobsafety_lint.readers.python.nodes import children, dotted, walk
from jobsafety_lint.readers.python.outline import FunctionNode, Outline
from jobsafety_lint.readers.python.parsing import parse_expression
from jobsafety_lint.source import Place

_CASTS = (".astype(", ".view(", ".asi8", "to_numeric(", "dtype=")
_THOUSANDS = ("000", "10**", "10 **", "1e")
_INTEGERS = frozenset({"int64", "i8", "<i8", "int", "Int64", "int_"})
_MAKERS = frozenset(
    {
        "to_datetime",
        "date_range",
        "bdate_range",
        "DatetimeIndex",
        "period_range",
        "to_timedelta",
        "timedelta_range",
    }
)
_INDEX_MAKERS = _MAKERS - {"to_datetime", "to_timedelta"}
_KEEPING = frozenset(
    {"tz_localize", "tz_convert", "floor", "ceil", "round", "normalize", "copy", "shift", "fillna", "ffill", "bfill", "dropna",
     "sort_values", "reset_index", "unique", "drop_duplicates", "loc", "iloc", "head", "tail", "clip", "where", "to_series",
     "set_names", "rename", "to_numpy", "values", "array", "max", "min", "diff"}
)  # fmt: skip
_EXPLICIT = re.compile(r"\.as_unit\(|datetime64\[|timedelta64\[|unit=[\"']ns[\"']")
_TIME_WORDS = frozenset(
    {
        "timestamp",
        "timestamps",
        "datetime",
        "datetimes",
        "date",
        "dates",
        "time",
        "times",
        "ts",
        "at",
        "dt",
        "when",
    }
)
_SURE = 10**6
"""What a column that only its name calls a time must be divided by: by 1000, it may as well count milliseconds."""


def is_mentioned(outline: Outline) -> bool:
    """Whether a file may hold such a division."""
    text = outline.source.text
    return (
        "pandas" in text and any(word in text for word in _CASTS) and any(word in text for word in _THOUSANDS)
    )


def epoch_divisions(names: FileNames) -> Iterator[EpochDivision]:
    """Every division of a cast datetime in a file."""
    reader = _Reader(names, Expressions(names))
    for statement_position, node in _expressions(names):
        found = reader.division(node, statement_position)
        if found is not None:
            yield found


def _expressions(names: FileNames) -> Iterator[tuple[Position, ast.AST]]:
    """The divisions of a file with the point where their statement stands."""
    for unit in names.units:
        body = getattr(unit.node, "body", None)
        for statement in body if isinstance(body, list) else ():
            yield from _inside(names, statement)


def _inside(names: FileNames, statement: ast.stmt) -> Iterator[tuple[Position, ast.AST]]:
    at = names.where.get(id(statement))
    if at is None or isinstance(statement, FunctionNode | ast.ClassDef):
        return
    if isinstance(statement, ast.AugAssign):
        yield at, statement
    stack: list[ast.AST] = list(children(statement))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt):
            yield from _inside(names, node)
            continue
        if isinstance(node, ast.BinOp | ast.Call):
            yield at, node
        stack.extend(children(node))


@dataclass(frozen=True)
class _Origin:
    why: str
    place: Place | None
    shape: str
    explicit: bool = False


@dataclass(eq=False)
class _Reader:
    names: FileNames
    expressions: Expressions
    taken: set[int] = field(default_factory=set)

    def division(self, node: ast.AST, at: Position) -> EpochDivision | None:
        """What a division is, if its left side is a cast datetime."""
        match node:
            case ast.BinOp(left=left, op=ast.FloorDiv() | ast.Div(), right=right):
                return self._divided(node, left, right, at, plain=isinstance(node.op, ast.FloorDiv))
            case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=float() as factor)) if (
                factor < 1
            ):
                return self._divided(node, left, ast.Constant(round(1 / factor)), at)
            case ast.AugAssign(target=target, op=ast.FloorDiv() | ast.Div(), value=right):
                load = parse_expression(ast.unparse(target))
                ast.copy_location(load, target)
                return self._divided(node.value, load, right, at, place=self.names.place(node))
            case ast.Call(
                func=ast.Attribute(attr="floordiv" | "div" | "divide" | "truediv", value=left), args=[right]
            ):
                return self._divided(node, left, right, at)
            case ast.Call(args=[left, right]) if dotted(node.func).rpartition(".")[2] == "floor_divide":
                return self._divided(node, left, right, at)
        return None

    def _divided(
        self,
        node: ast.expr,
        left: ast.expr,
        right: ast.expr,
        at: Position,
        *,
        plain: bool = False,
        place: Place | None = None,
    ) -> EpochDivision | None:
        divisor = self.expressions.literal(right, at)
        if (
            not isinstance(divisor, int | float)
            or divisor < 1000
            or divisor % 1000
            or divisor != int(divisor)
        ):
            return None
        while isinstance(left, ast.BinOp) and isinstance(left.op, ast.FloorDiv | ast.Div):
            before = self.expressions.literal(left.right, at)
            if not isinstance(before, int | float):
                return None
            self.taken.add(id(left))  # `x // 1000 // 1000` is one division
            divisor, left, plain = divisor * before, left.left, False
        cast, where = self._cast(left, at)
        if cast is None:
            return None
        receiver = self._receiver(cast)
        if receiver is None:
            return None
        base = _without_arrays(receiver)
        origin = self._origin(base, where, 0)
        if origin is None or origin.explicit or (not origin.why and divisor < _SURE):
            return None
        return EpochDivision(
            place or self.names.place(node),
            self.names.place(base),
            self.names.place(cast),
            int(divisor),
            origin.shape,
            _cast_name(cast),
            origin.why,
            origin.place,
            whole=plain
            and cast is left
            and base is receiver
            and isinstance(cast, ast.Call)
            and _is_method(cast),
        )

    def _cast(self, node: ast.expr, at: Position) -> tuple[ast.expr | None, Position]:
        """The cast to an integer that an expression is, names followed, arrays of it included."""
        node, at = self.expressions.follow(node, at)
        node = _without_arrays(node)
        node, at = self.expressions.follow(node, at)
        return (node, at) if self._receiver(node) is not None else (None, at)

    def _receiver(self, node: ast.expr) -> ast.expr | None:
        """What is cast to a 64-bit integer by an expression."""
        match node:
            case ast.Attribute(attr="asi8", value=value):
                return value
            case ast.Call(func=ast.Attribute(attr="astype" | "view", value=value), args=[kind, *_]):
                return value if self._is_integer(kind) else None
            case ast.Call(func=ast.Attribute(attr="astype" | "to_numpy", value=value), keywords=[*keywords]):
                kinds = [k.value for k in keywords if k.arg == "dtype"]
                return value if kinds and self._is_integer(kinds[0]) else None
            case ast.Call(args=[value, *_]) if dotted(node.func).rpartition(".")[2] == "to_numeric":
                return value
        return None

    def _is_integer(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant):
            return node.value in _INTEGERS
        if isinstance(node, ast.Call):
            node = node.func
        return dotted(node).rpartition(".")[2] in {"int64", "int", "int_", "Int64Dtype", "longlong"}

    # --- is it a datetime? -----------------------------------------------------------------------------------------

    def _origin(self, node: ast.expr, at: Position, depth: int) -> _Origin | None:
        """Why an expression is a datetime; None if nothing says so."""
        if depth > 8:
            return None
        if _EXPLICIT.search(self.names.text(node)):
            return _Origin("its unit is written out", None, "", explicit=True)
        start, start_at = node, at
        node, at = self.expressions.follow(node, at)
        if node is not start and _EXPLICIT.search(self.names.text(node)):
            return _Origin("its unit is written out", None, "", explicit=True)
        match node:
            case ast.Call(func=func):
                made = self._called(node, func, at, depth)
                if made is not None and isinstance(start, ast.Subscript) and _strings(start.slice):
                    return _Origin(made.why, made.place, "series", made.explicit)
                return made
            case ast.Attribute(attr="index"):
                return _Origin("", None, "index")
            case ast.Attribute(value=value, attr=attr) if attr in _KEEPING or attr == "dt":
                return self._origin(value, at, depth + 1)
            case ast.BinOp(op=ast.Sub() | ast.Add(), left=left, right=right):
                found = self._origin(left, at, depth + 1) or self._origin(right, at, depth + 1)
                return found and _Origin(found.why, found.place, "", found.explicit)
            case ast.Subscript():
                return self._column(node, at, depth) or self._by_name(start, start_at)
        return self._by_name(start, start_at)

    def _called(self, node: ast.Call, func: ast.expr, at: Position, depth: int) -> _Origin | None:
        last = func.attr if isinstance(func, ast.Attribute) else dotted(func)
        if last in _MAKERS:
            shape = (
                "index" if last in _INDEX_MAKERS else self._shape_of(node.args[0], at) if node.args else ""
            )
            return _Origin(f"`{last}` made it", self.names.place(node), shape)
        if isinstance(func, ast.Attribute) and last in _KEEPING:
            return self._origin(func.value, at, depth + 1)
        if last in {"Series", "Index"} and node.args:
            inner = self._origin(node.args[0], at, depth + 1)
            shape = "series" if last == "Series" else "index"
            return inner and _Origin(inner.why, inner.place, shape, inner.explicit)
        return None

    def _shape_of(self, node: ast.expr, at: Position) -> str:
        """Whether `to_datetime` of an expression is a series or an index."""
        node, at = self.expressions.follow(node, at)
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str)
        ):
            return "series"
        if isinstance(node, ast.List | ast.ListComp) or (
            isinstance(node, ast.Attribute) and node.attr == "index"
        ):
            return "index"
        found = self.names.reaching(dotted(node), at) if dotted(node) else []
        if len(found) == 1 and isinstance(found[0].node, ast.arg) and found[0].node.annotation is not None:
            kind = ast.unparse(found[0].node.annotation)
            return "series" if "Series" in kind else "index" if "Index" in kind else ""
        return ""

    def _column(self, node: ast.Subscript, at: Position, depth: int) -> _Origin | None:
        """A column of a table: how it was set anywhere in the function, or how the table was read."""
        if not isinstance(node.slice, ast.Constant) or not isinstance(node.slice.value, str):
            return None
        column = node.slice.value
        unit = at.unit
        for key, bindings in unit.bindings.items():
            if not key.endswith(f'["{column}"]'):
                continue
            for binding in reversed(bindings):
                if binding.position.order < at.order and isinstance(binding.node, ast.expr):
                    found = self._origin(binding.node, binding.position, depth + 1)
                    if found is not None:
                        return _Origin(found.why, found.place, "series", found.explicit)
                    break
        table, where = self.expressions.follow(node.value, at)
        for call in (n for n in walk(table) if isinstance(n, ast.Call)):
            for keyword in call.keywords:
                if keyword.arg == "parse_dates" and column in _strings(keyword.value):
                    return _Origin("`parse_dates` made it", self.names.place(call), "series")
                if keyword.arg == column:
                    found = self._origin(keyword.value, where, depth + 1)
                    if found is not None:
                        return _Origin(found.why, found.place, "series", found.explicit)
        return None

    def _by_name(self, node: ast.expr, at: Position) -> _Origin | None:
        found = self.names.reaching(dotted(node), at) if dotted(node) else []
        if len(found) == 1 and isinstance(found[0].node, ast.arg) and found[0].node.annotation is not None:
            kind = ast.unparse(found[0].node.annotation)
            if "DatetimeIndex" in kind:
                return _Origin(f"it is annotated as `{kind}`", self.names.place(found[0].node), "index")
        if isinstance(node, ast.Subscript):
            words = set(words_of(" ".join(_strings(node.slice))))
            return _Origin("", None, "series") if words & _TIME_WORDS else None
        words = set(words_of(key_of(node).rpartition(".")[2]))
        return _Origin("", None, "") if words & _TIME_WORDS else None


def _without_arrays(node: ast.expr) -> ast.expr:
    """An expression without `.values` and `.to_numpy()` at its end."""
    while True:
        match node:
            case ast.Attribute(attr="values" | "array", value=value):
                node = value
            case ast.Call(func=ast.Attribute(attr="to_numpy" | "tolist", value=value), args=[], keywords=[]):
                node = value
            case _:
                return node


def _is_method(cast: ast.Call) -> bool:
    return isinstance(cast.func, ast.Attribute) and cast.func.attr in {"astype", "view"}


def _cast_name(cast: ast.expr) -> str:
    if isinstance(cast, ast.Call):
        return cast.func.attr if isinstance(cast.func, ast.Attribute) else dotted(cast.func)
    return cast.attr if isinstance(cast, ast.Attribute) else ""


def _strings(node: ast.AST) -> set[str]:
    return {n.value for n in walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
