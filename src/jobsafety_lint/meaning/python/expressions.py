"""Expressions of the standard `ast` to what they stand for: patterns, names, literals, keyword tables.

Used by the readers of whole files (Temporal, data stores, epochs), which follow names through `definitions.FileNames` to the
definition that reaches a point. `values.py` does the like while the walker goes through a file in order, with the values that
its scope holds at that moment; a table of functions that only one of the two knows is a mistake of the other.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.python.definitions import (
    Binding,
    FileNames,
    Position,
    Unit,
    key_of,
)
from jobsafety_lint.readers.python.nodes import children, dotted
from jobsafety_lint.readers.python.outline import FunctionNode
from jobsafety_lint.source import Hole

_DEPTH = 12
_UNIQUE = re.compile(
    r"uuid\.uuid[14]$|(^|\.)uuid[14]$|^os\.(getpid|urandom)$|^secrets\.|^random\.|^numpy\.random\.|^tempfile\.mk|^time\.(time|monotonic|perf_counter)_ns$|"
    r"^(shortuuid|nanoid|ulid|cuid2?|ksuid|xid)(\.|$)|\.mkdtemp$|\.mkstemp$"
)
_TIME = re.compile(
    r"^time\.(time|monotonic|perf_counter)$|(^|\.)(datetime|Timestamp|pendulum|arrow)\.(now|utcnow|today|utcnow)$|^pendulum\.now$|^arrow\.(utc)?now$"
)
_DIGEST = re.compile(r"^(hashlib|xxhash|mmh3|zlib)\.|(^|\.)uuid[35]$|^hash$|\.(hex)?digest$")
_SAME = frozenset(
    {"str", "repr", "os.fspath", "pathlib.Path", "pathlib.PurePath", "textwrap.dedent", "int", "round"}
)
_SAME_METHODS = frozenset(
    {"hex", "lower", "upper", "strip", "lstrip", "rstrip", "isoformat", "encode", "decode", "timestamp", "resolve",
     "as_posix", "expanduser", "replace", "split", "rsplit", "astimezone", "hexdigest"}
)  # fmt: skip
_UNKNOWN = object()
_FINE = re.compile(r"%[SfsTcX+]|%-S")


@dataclass(eq=False)
class Given:
    """Keyword arguments as far as they are known: names to nodes with the points where they stand."""

    entries: dict[str, tuple[ast.expr, Position]] = field(default_factory=dict)
    complete: bool = True


@dataclass(eq=False)
class Expressions:
    """What the expressions of one file stand for."""

    names: FileNames

    # --- following names -------------------------------------------------------------------------------------------

    def definition(self, node: ast.expr, at: Position) -> Binding | None:
        """The one assignment that a name or `self.x` stands for, where there is only one."""
        key = key_of(node)
        if not key:
            return None
        found = self.names.attribute(key, at) if key.startswith("self.") else self.names.reaching(key, at)
        if not found and key.startswith("self."):
            return None
        return found[0] if len(found) == 1 else None

    def follow(self, node: ast.expr, at: Position) -> tuple[ast.expr, Position]:
        """The expression that a name was assigned from, step by step; the node itself where that is not known."""
        for _ in range(_DEPTH):
            if isinstance(node, ast.Await):
                node = node.value
            binding = self.definition(node, at)
            if binding is None or binding.kind != "assign" or not isinstance(binding.node, ast.expr):
                return node, at
            node, at = binding.node, binding.position
        return node, at

    def resolve(self, node: ast.expr, at: Position) -> str:
        """The full dotted name of a name, attribute chain or called class, aliases and imports followed."""
        node, at = self.follow(node, at)
        if isinstance(node, ast.Call):
            node = node.func
        name = dotted(node)
        if not name:
            return ""
        first = name.partition(".")[0]
        found = self.names.reaching(first, at)
        if len(found) == 1 and found[0].kind == "assign" and isinstance(found[0].node, ast.expr):
            base = self._dotted_value(found[0].node, found[0].position)
            if base:
                return base + name[len(first) :]
        if found and found[0].kind == "parameter":
            return name
        return self.names.resolve(name)

    def _dotted_value(self, node: ast.expr, at: Position) -> str:
        node, at = self.follow(node, at)
        return self.names.resolve(dotted(node)) if dotted(node) else ""

    def literal(self, node: ast.expr, at: Position) -> object:
        """The value of a literal or of arithmetic on literals; `UNKNOWN` otherwise."""
        node, at = self.follow(node, at)
        if isinstance(node, ast.BinOp):
            return self._arithmetic(node, at)
        if isinstance(node, ast.Call) and dotted(node.func) in {"int", "float"} and len(node.args) == 1:
            value = self.literal(node.args[0], at)
            return int(value) if isinstance(value, int | float) else _UNKNOWN
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return _UNKNOWN

    def _arithmetic(self, node: ast.BinOp, at: Position) -> object:
        left, right = self.literal(node.left, at), self.literal(node.right, at)
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            return _UNKNOWN
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Pow() if 0 <= right < 20 and abs(left) <= 1000:
                return left**right
        return _UNKNOWN

    def alternatives(self, node: ast.expr, at: Position) -> Iterator[tuple[ast.expr, Position]]:
        """What an expression may be: both sides of `a if c else b` and `a or b`, names followed."""
        node, at = self.follow(node, at)
        if isinstance(node, ast.IfExp):
            yield from self.alternatives(node.body, at)
            yield from self.alternatives(node.orelse, at)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                yield from self.alternatives(value, at)
        else:
            yield node, at

    # --- keyword tables --------------------------------------------------------------------------------------------

    def keywords(self, call: ast.Call, at: Position) -> Given:
        """The keyword arguments of a call, `**options` spread out where they are known."""
        given = Given()
        for keyword in call.keywords:
            if keyword.arg is not None:
                given.entries[keyword.arg] = (keyword.value, at)
            else:
                self._spread(keyword.value, at, given, 0)
        return given

    def _spread(self, node: ast.expr, at: Position, given: Given, depth: int) -> None:
        key = key_of(node)
        if depth > _DEPTH:
            given.complete = False
            return
        start, start_at = node, at
        node, at = self.follow(node, at)
        match node:
            case ast.Dict(keys=keys, values=values):
                for name, value in zip(keys, values, strict=True):
                    if name is None:
                        self._spread(value, at, given, depth + 1)
                    elif isinstance(name, ast.Constant) and isinstance(name.value, str):
                        given.entries[name.value] = (value, at)
                    else:
                        given.complete = False
            case ast.Call(func=ast.Name(id="dict"), args=args):
                for arg in args:
                    self._spread(arg, at, given, depth + 1)
                for keyword in node.keywords:
                    if keyword.arg is None:
                        self._spread(keyword.value, at, given, depth + 1)
                    else:
                        given.entries[keyword.arg] = (keyword.value, at)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                self._spread(left, at, given, depth + 1)
                self._spread(right, at, given, depth + 1)
            case ast.Call(args=[], keywords=[], func=func) if self._returned(func, at) is not None:
                returned = self._returned(func, at)
                assert returned is not None
                self._spread(*returned, given, depth + 1)
            case _:
                given.complete = False
                return
        if key:
            self._changes(key, start_at, given)
        if start is not node and key_of(start) == "":
            given.complete = False

    def _changes(self, key: str, at: Position, given: Given) -> None:
        """What is set on a table after it was made: `options["id"] = …`; any other change makes it unknown."""
        for unit in (at.unit, self.names.module):
            for name, bindings in unit.bindings.items():
                if name == key and any(b.kind == "changed" for b in bindings):
                    given.complete = False
                elif name.startswith(f'{key}["') and name.endswith('"]'):
                    last = bindings[-1]
                    if isinstance(last.node, ast.expr):
                        given.entries[name[len(key) + 2 : -2]] = (last.node, last.position)

    def _returned(self, func: ast.expr, at: Position) -> tuple[ast.expr, Position] | None:
        """The one expression that a function of this file returns."""
        unit = self.names.function_named(dotted(func), at)
        if unit is None or not isinstance(unit.node, FunctionNode):
            return None
        found = [n for n in _own_nodes(unit.node) if isinstance(n, ast.Return) and n.value is not None]
        if len(found) != 1 or found[0].value is None:
            return None
        position = self.names.where.get(id(found[0]))
        return (found[0].value, position) if position is not None else None

    # --- patterns --------------------------------------------------------------------------------------------------

    def names_in(self, node: ast.AST, at: Position, depth: int = 0) -> frozenset[str]:
        """The parameters, loop variables and attributes of them that an expression is made from."""
        if depth > _DEPTH:
            return frozenset()
        if isinstance(node, ast.Name | ast.Attribute):
            key = dotted(node)
            if key:
                return self._names_of(key, at, depth)
        if isinstance(node, ast.Call):
            parts: list[ast.AST] = [*node.args, *(k.value for k in node.keywords)]
            if isinstance(node.func, ast.Attribute):
                parts.append(node.func.value)
            return self._union(parts, at, depth)
        return self._union(children(node), at, depth)

    def _union(self, nodes: Iterable[ast.AST], at: Position, depth: int) -> frozenset[str]:
        return frozenset().union(*(self.names_in(node, at, depth + 1) for node in nodes))

    def _names_of(self, key: str, at: Position, depth: int) -> frozenset[str]:
        root = key.partition(".")[0]
        if key.startswith("self."):
            found = self.names.attribute(".".join(key.split(".")[:2]), at)
        else:
            found = self.names.reaching(key, at) or self.names.reaching(root, at)
        if not found:
            return frozenset()
        names: set[str] = set()
        for binding in found:
            if binding.kind in {"parameter", "loop"}:
                names.add(key)
            elif binding.kind == "assign" and "." in key and isinstance(binding.node, ast.Call):
                field_ = self._field(binding, key)
                names |= self.names_in(field_ or binding.node, binding.position, depth + 1) or {key}
            elif binding.node is not None and binding.kind in {"assign", "other", "with", "changed"}:
                names |= self.names_in(binding.node, binding.position, depth + 1)
        return frozenset(names)

    def _field(self, binding: Binding, key: str) -> ast.expr | None:
        """What a record was made with: `job.symbol` of `job = Job(symbol=s)`."""
        call = binding.node
        if not isinstance(call, ast.Call):
            return None
        attribute = key.split(".")[1]
        for keyword in call.keywords:
            if keyword.arg == attribute:
                return keyword.value
        made = self.names.class_named(dotted(call.func))
        if made is None:
            return None
        fields = [
            s.target.id for s in made.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
        ]
        at = fields.index(attribute) if attribute in fields else len(call.args)
        return call.args[at] if at < len(call.args) else None

    def pattern(
        self, node: ast.expr, at: Position, depth: int = 0
    ) -> PathPattern:  # one case a kind of expression
        """The text that an expression makes, as literals and holes."""
        if depth > _DEPTH:
            return self._hole(node, at)
        match node:
            case ast.Constant(value=value) if isinstance(value, str | int | float):
                return PathPattern.of(str(value))
            case ast.JoinedStr(values=values):
                return PathPattern.of(*(self._formatted(value, at, depth) for value in values))
            case ast.Await(value=value):
                return self.pattern(value, at, depth + 1)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return PathPattern.of(self.pattern(left, at, depth + 1), self.pattern(right, at, depth + 1))
            case ast.BinOp(op=ast.Div(), left=left, right=right) if not _is_number(right):
                return self.pattern(left, at, depth + 1).joined(self.pattern(right, at, depth + 1))
            case ast.BinOp(op=ast.Mod(), left=left, right=right):
                template = self.pattern(left, at, depth + 1).text
                if template is not None:
                    values = right.elts if isinstance(right, ast.Tuple) else [right]
                    return self._percent(template, values, at, depth)
            case ast.BinOp(op=ast.Mult(), left=left, right=right):
                factors = (self.pattern(left, at, depth + 1), self.pattern(right, at, depth + 1))
                kinds = {hole.kind for factor in factors for hole in factor.holes}
                kind = next((k for k in ("unique", "time") if k in kinds), "variable")
                return self._hole(node, at, kind)  # milliseconds are as fine as seconds
            case ast.Name() | ast.Attribute():
                return self._named(node, at, depth)
            case ast.Call():
                return self._call(node, at, depth)
            case ast.Subscript(value=value):
                inner = self.pattern(value, at, depth + 1)
                if inner.is_unique or inner.has_digest:
                    return inner
        return self._hole(node, at)

    def _hole(self, node: ast.expr, at: Position, kind: str = "variable") -> PathPattern:
        return PathPattern((Hole(self.names.text(node), self.names_in(node, at), kind),))

    def _formatted(self, part: ast.expr, at: Position, depth: int) -> PathPattern:
        if not isinstance(part, ast.FormattedValue):
            return self.pattern(part, at, depth + 1)
        value = self.pattern(part.value, at, depth + 1)
        if part.format_spec is None or value.text is not None:
            return value
        code = self.names.text(part.value)
        spec = self.pattern(part.format_spec, at, depth + 1).template
        kinds = {hole.kind for hole in value.holes}
        kind = next((k for k in ("unique", "time", "digest") if k in kinds), "variable")
        if kind == "time" and not _FINE.search(spec) and "%" in spec:
            kind = "variable"
        return PathPattern((Hole(f"{code}:{spec}", value.names or self.names_in(part.value, at), kind),))

    def _named(self, node: ast.Name | ast.Attribute, at: Position, depth: int) -> PathPattern:
        binding = self.definition(node, at)
        if binding is not None and binding.kind == "assign" and isinstance(binding.node, ast.expr):
            return self.pattern(binding.node, binding.position, depth + 1)
        if isinstance(node, ast.Attribute):
            base = self.pattern(node.value, at, depth + 1)
            if len(base.holes) == 1 and base.holes[0].kind in {"unique", "time"}:
                coarse = base.holes[0].kind == "time" and node.attr in {"year", "month", "day", "hour"}
                return base if not coarse else self._hole(node, at)
        return self._hole(node, at)

    def _call(self, node: ast.Call, at: Position, depth: int) -> PathPattern:
        name = self.resolve(node.func, at) or self._method_name(node.func)
        if _UNIQUE.search(name):
            return self._hole(node, at, "unique")
        if _TIME.search(name):
            return self._hole(node, at, "time")
        if _DIGEST.search(name):
            return self._hole(node, at, "digest")
        if (name in _SAME or name.endswith((".UUID", "Path"))) and node.args:
            first = self.pattern(node.args[0], at, depth + 1)
            rest = [self.pattern(arg, at, depth + 1) for arg in node.args[1:]]
            return first.joined(*rest) if name.endswith("Path") else first
        if name == "os.path.join" and node.args:
            values = [self.pattern(arg, at, depth + 1) for arg in node.args]
            return values[0].joined(*values[1:])
        if isinstance(node.func, ast.Attribute):
            found = self._method(node, node.func, at, depth)
            if found is not None:
                return found
        returned = self._returned(node.func, at)
        if returned is not None:
            return self._substituted(node, *returned, at, depth)
        return self._hole(node, at)

    def _method_name(self, func: ast.expr) -> str:
        return f".{func.attr}" if isinstance(func, ast.Attribute) else ""

    def _method(self, node: ast.Call, func: ast.Attribute, at: Position, depth: int) -> PathPattern | None:
        if func.attr == "join" and len(node.args) == 1:
            separator = self.pattern(func.value, at, depth + 1).text
            listed, where = self.follow(node.args[0], at)
            if separator is not None and isinstance(listed, ast.List | ast.Tuple):
                parts: list[str | PathPattern] = []
                for index, element in enumerate(listed.elts):
                    parts += [separator] if index else []
                    parts.append(self.pattern(element, where, depth + 1))
                return PathPattern.of(*parts)
            return None
        if func.attr == "format":
            template = self.pattern(func.value, at, depth + 1).text
            return self._format(template, node, at, depth) if template is not None else None
        base = self.pattern(func.value, at, depth + 1)
        if func.attr == "strftime" and any(hole.kind == "time" for hole in base.holes):
            spec = self.pattern(node.args[0], at, depth + 1).template if node.args else "%S"
            return self._hole(node, at, "time" if _FINE.search(spec) else "variable")
        if func.attr in {"date", "weekday", "isocalendar"} and any(h.kind == "time" for h in base.holes):
            return self._hole(node, at)
        if func.attr in _SAME_METHODS:
            return base
        return None

    def _format(self, template: str, node: ast.Call, at: Position, depth: int) -> PathPattern:
        parts: list[str | PathPattern] = []
        count = 0
        try:
            fields = list(string.Formatter().parse(template))
        except ValueError:
            return self._hole(node, at)
        given = self.keywords(node, at)
        for literal, name, _, _ in fields:
            parts.append(literal)
            if name is None:
                continue
            key = re.split(r"[.\[]", name)[0]
            if not key:
                key, count = str(count), count + 1
            value = node.args[int(key)] if key.isdigit() and int(key) < len(node.args) else None
            if value is not None:
                parts.append(self.pattern(value, at, depth + 1))
            elif key in given.entries:
                parts.append(self.pattern(*given.entries[key], depth + 1))
            else:
                parts.append(PathPattern((Hole(key, frozenset({key})),)))
        return PathPattern.of(*parts)

    def _percent(self, template: str, values: Sequence[ast.expr], at: Position, depth: int) -> PathPattern:
        parts: list[str | PathPattern] = []
        rest = list(values)
        last = 0
        for match in re.finditer(r"%(\(\w+\))?[-+ #0]*[\d*]*(?:\.\d+)?[a-zA-Z%]", template):
            parts.append(template[last : match.start()])
            last = match.end()
            if match.group().endswith("%"):
                parts.append("%")
            elif rest and not match[1]:
                parts.append(self.pattern(rest.pop(0), at, depth + 1))
            else:
                parts.append(PathPattern((Hole(match.group()),)))
        return PathPattern.of(*parts, template[last:])

    def _substituted(
        self, call: ast.Call, node: ast.expr, where: Position, at: Position, depth: int
    ) -> PathPattern:
        """What a function of this file returns, its parameters replaced by the arguments of a call."""
        bound = self.bound(call, where.unit)
        parts: list[str | Hole | PathPattern] = []
        for part in self.pattern(node, where, depth + 1).parts:
            if isinstance(part, str):
                parts.append(part)
            elif part.text in bound and part.names == {part.text}:
                parts.append(self.pattern(bound[part.text], at, depth + 1))
            else:
                names = frozenset().union(
                    *(self.names_in(bound[n], at) if n in bound else frozenset() for n in part.names)
                )
                parts.append(Hole(part.text, names, part.kind, part.version))
        return PathPattern.of(*parts)

    def bound(self, call: ast.Call, unit: Unit) -> dict[str, ast.expr]:
        """Which argument a call gives for each parameter of a function."""
        if not isinstance(unit.node, FunctionNode):
            return {}
        args = unit.node.args
        parameters = [a.arg for a in (*args.posonlyargs, *args.args)]
        if unit.owner is not None and parameters[:1] in (["self"], ["cls"]):
            parameters = parameters[1:]
        found: dict[str, ast.expr] = {}
        for name, value in zip(parameters, call.args, strict=False):
            if isinstance(value, ast.Starred):
                break
            found[name] = value
        return found | {k.arg: k.value for k in call.keywords if k.arg is not None}


UNKNOWN = _UNKNOWN
"""What `literal` returns for anything that is no literal."""


def _own_nodes(function: FunctionNode) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside of it."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, FunctionNode | ast.Lambda | ast.ClassDef):
            stack.extend(children(node))


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)
