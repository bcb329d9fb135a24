"""Where the names of a Python file come from: units, bindings and calls in the order of the text, by the standard `ast`.

Serves the facts about calls of libraries (`api_calls`, `sql_strings`, `epochs`, …). It is read only for files that
mention one of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.functions import Function
from jobsafety_lint.meaning.python.parameters import function_of
from jobsafety_lint.readers.python.nodes import children, dotted, walk
from jobsafety_lint.readers.python.outline import Definition, FunctionNode, Outline
from jobsafety_lint.source import Place, Source

_LEAVING_CALLS = frozenset({"sys.exit", "exit", "quit", "os._exit"})


@dataclass(eq=False)
class Block:
    """A list of statements that may not run: a branch, the body of a loop, a handler. `leaves`: nothing follows its end."""

    node: ast.AST
    exclusive: bool
    leaves: bool


@dataclass(frozen=True, eq=False)
class Position:
    """A point of the text: its unit, its number in the order of reading, the blocks and loops around it."""

    unit: Unit
    order: int
    blocks: tuple[Block, ...]
    loops: tuple[Loop, ...]
    statement: ast.stmt | None = None

    def may_follow(self, other: Position) -> bool:
        """Whether this point may be reached after the other one, of the same unit, has been passed."""
        common = 0
        for mine, its in zip(self.blocks, other.blocks, strict=False):
            if mine is not its:
                break
            common += 1
        rest = other.blocks[common:]
        if any(block.leaves for block in rest):
            return False
        ahead = self.blocks[common:]
        return not (rest and ahead and rest[0].exclusive and rest[0].node is ahead[0].node)

    def is_inside(self, other: Position) -> bool:
        """Whether all blocks around the other point are also around this one."""
        return self.blocks[: len(other.blocks)] == other.blocks


@dataclass(frozen=True, eq=False)
class Binding:
    """A name gets a value. `kind`: `assign`, `parameter`, `loop`, `with`, `function`, `class`, `changed` (`+=`), `other`.

    `name` may be dotted (`self.path`) or a key (`options["id"]`). `node` is the value where it is an expression.
    """

    name: str
    kind: str
    node: ast.AST | None
    position: Position


@dataclass(eq=False)
class Unit:
    """A module, class, function or lambda with the names that it binds."""

    node: ast.AST
    name: str
    parent: Unit | None
    position: Position | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)

    @property
    def is_class(self) -> bool:
        """Whether it is the body of a class."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_function(self) -> bool:
        """Whether it is a function with a name."""
        return isinstance(self.node, FunctionNode)

    @property
    def owner(self) -> Unit | None:
        """The class around a method."""
        return self.parent if self.parent is not None and self.parent.is_class else None


@dataclass(frozen=True, eq=False)
class Site:
    """A call and where it stands. `targets` are the names that take its result, `await` and the like passed over."""

    node: ast.Call
    position: Position
    targets: tuple[str, ...] = ()


@dataclass(eq=False)
class FileNames:
    """All units, bindings and calls of a file."""

    outline: Outline
    module: Unit = field(init=False)
    units: list[Unit] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    where: dict[int, Position] = field(default_factory=dict)
    """Where each statement and each call stands, by the node's id."""
    _functions: dict[int, Function] = field(default_factory=dict)

    @classmethod
    def of(cls, outline: Outline) -> FileNames:
        """Reads a file's outline.

        Raises:
            RecursionError: it is nested too deeply.
        """
        names = cls(outline)
        names.module = Unit(outline.tree, "", None)
        names.units.append(names.module)
        _Reader(names).body(outline.tree.body)
        return names

    def let_go(self) -> None:
        """Cuts the circles between units and what they bind, so that the tree goes at once and not with the garbage collector."""
        for unit in self.units:
            unit.bindings.clear()

    @property
    def source(self) -> Source:
        """The file."""
        return self.outline.source

    def place(self, node: ast.stmt | ast.expr | ast.arg) -> Place:
        """Where a node stands."""
        return Place(self.source, self.outline.span(node))

    def text(self, node: ast.expr) -> str:
        """A node's code."""
        return self.place(node).text

    # --- names -----------------------------------------------------------------------------------------------------

    def reaching(self, name: str, at: Position) -> list[Binding]:
        """The bindings of a name that may count at a point, latest first; those of outer units where it has none."""
        unit: Unit | None = at.unit
        inner = True
        while unit is not None:
            known = unit.bindings.get(name, []) if inner or not unit.is_class else []
            found: list[Binding] = []
            for binding in reversed(known):
                if inner and (binding.position.order >= at.order or not at.may_follow(binding.position)):
                    continue
                found.append(binding)
                if at.is_inside(binding.position) if inner else not binding.position.blocks:
                    break
            if found:
                return found
            unit, inner = unit.parent, False
        return []

    def attribute(self, name: str, at: Position) -> list[Binding]:
        """What a class puts on `self.x` anywhere, or binds as `x` in its body."""
        unit: Unit | None = at.unit
        while unit is not None and not unit.is_class:
            unit = unit.parent
        if unit is None:
            return []
        own = [b for u in self.units if u.owner is unit for b in u.bindings.get(name, ())]
        return own or unit.bindings.get(name.partition(".")[2], [])

    def resolve(self, name: str) -> str:
        """The full name behind the imports."""
        return self.outline.resolve(name)

    def function_named(self, name: str, at: Position) -> Unit | None:
        """The function of this file that a name (`f`, `self.f`) stands for, where there is only one."""
        last = name.rpartition(".")[2]
        if name not in {last, f"self.{last}", f"cls.{last}"}:
            return None
        found = [u for u in self.units if u.is_function and getattr(u.node, "name", "") == last]
        if name == last and any(b.kind not in {"function", "class"} for b in self.reaching(last, at)):
            return None
        return found[0] if len(found) == 1 else None

    def class_named(self, name: str) -> ast.ClassDef | None:
        """The class of this file."""
        return self._classes.get(name)

    @cached_property
    def _classes(self) -> dict[str, ast.ClassDef]:
        return {u.node.name: u.node for u in self.units if isinstance(u.node, ast.ClassDef)}

    def functions_around(self, at: Position) -> tuple[Function, ...]:
        """The functions around a point, innermost first."""
        found: list[Function] = []
        unit: Unit | None = at.unit
        while unit is not None:
            if isinstance(unit.node, FunctionNode):
                found.append(self.function_of(unit))
            unit = unit.parent
        return tuple(found)

    def function_of(self, unit: Unit) -> Function:
        """A function with its parameters."""
        known = self._functions.get(id(unit))
        if known is None:
            assert isinstance(unit.node, FunctionNode)
            owner = unit.owner.name if unit.owner else None
            span = self.outline.span(unit.node)
            definition = Definition(unit.node.name, unit.name, unit.node, span, owner)
            known = self._functions[id(unit)] = function_of(definition, self.outline)
        return known


@dataclass(eq=False)
class _Reader:
    """Reads the statements of a file in order."""

    names: FileNames
    unit: Unit = field(init=False)
    order: int = 0
    blocks: tuple[Block, ...] = ()
    loops: tuple[Loop, ...] = ()
    current: ast.stmt | None = None

    def __post_init__(self) -> None:
        self.unit = self.names.module

    def position(self) -> Position:
        self.order += 1
        return Position(self.unit, self.order, self.blocks, self.loops, self.current)

    def bind(self, name: str, kind: str, node: ast.AST | None = None) -> None:
        if name:
            binding = Binding(name, kind, node, self.position())
            self.unit.bindings.setdefault(name, []).append(binding)

    def body(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            outer, self.current = self.current, statement
            self.names.where[id(statement)] = self.position()
            self.visit(statement)
            self.current = outer

    def block(
        self,
        node: ast.AST,
        statements: Sequence[ast.stmt],
        *,
        exclusive: bool = False,
        loop: Loop | None = None,
    ) -> None:
        outer = self.blocks, self.loops
        self.blocks = (*self.blocks, Block(node, exclusive, _leaves(statements)))
        if loop is not None:
            self.loops = (*self.loops, loop)
        self.body(statements)
        self.blocks, self.loops = outer

    def visit(self, node: ast.AST) -> None:  # one case a kind of node
        match node:
            case ast.Name() | ast.Constant():
                pass
            case ast.Call():
                self._call(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node)
            case ast.Lambda(args=args, body=body):
                self._inside(node, "lambda", args, lambda: self.visit(body))
            case ast.ClassDef():
                self._class(node)
            case ast.Assign(targets=targets, value=value):
                self._value(value, targets)
                for target in targets:
                    self._bind_target(target, value)
            case ast.AnnAssign(target=target, value=value):
                if value is not None:
                    self._value(value, [target])
                    self._bind_target(target, value)
            case ast.AugAssign(target=target, value=value):
                self.visit(value)
                self.bind(key_of(target), "changed", value)
            case ast.NamedExpr(target=target, value=value):
                self.visit(value)
                self.bind(target.id, "assign", value)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self._comprehension(node)
            case ast.stmt():
                self._flow(node)
            case _:
                self._children(node)

    def _children(self, node: ast.AST) -> None:
        for child in children(node):
            self.visit(child)

    def _flow(self, node: ast.stmt) -> None:
        """Statements that decide what runs."""
        match node:
            case ast.For() | ast.AsyncFor():
                self.visit(node.iter)
                self._loop_targets(node.target, node.iter)
                self.block(node, node.body, loop=self._loop("for", node.target, node.iter))
                self.block(node, node.orelse)
            case ast.While(test=test):
                self.visit(test)
                self.block(node, node.body, loop=Loop("while", self.names.place(test)))
                self.block(node, node.orelse)
            case ast.If(test=test, body=body, orelse=orelse):
                self.visit(test)
                self.block(node, body, exclusive=True)
                self.block(node, orelse, exclusive=True)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self.visit(item.context_expr)
                    if item.optional_vars is not None:
                        for name in target_names(item.optional_vars):
                            self.bind(name, "with", item.context_expr)
                self.body(node.body)
            case ast.Match(subject=subject, cases=cases):
                self.visit(subject)
                for case_ in cases:
                    for inner in walk(case_.pattern):
                        self.bind(getattr(inner, "name", None) or "", "other")
                    self.block(node, case_.body, exclusive=True)
            case _ if hasattr(node, "handlers"):  # Try, and TryStar from Python 3.11 on
                self._try(node)  # type: ignore[arg-type]
            case _:
                self._children(node)

    def _try(self, node: ast.Try) -> None:
        self.body(node.body)
        for handler in node.handlers:
            if handler.type is not None:
                self.visit(handler.type)
            self.bind(handler.name or "", "other")
            self.block(handler, handler.body)
        self.block(node, node.orelse)
        self.body(node.finalbody)

    def _call(self, node: ast.Call, targets: tuple[str, ...] = ()) -> None:
        for child in children(node):
            self.visit(child)
        position = self.names.where[id(node)] = self.position()
        self.names.sites.append(Site(node, position, targets))
        if isinstance(node.func, ast.Attribute) and node.func.attr in {
            "update",
            "setdefault",
            "pop",
            "clear",
        }:
            self.bind(key_of(node.func.value), "changed", node)

    def _value(self, value: ast.expr, targets: Sequence[ast.expr]) -> None:
        while isinstance(value, ast.Await):
            value = value.value
        if isinstance(value, ast.Call):
            names = tuple(name for target in targets for name in target_names(target))
            self._call(value, names)
        else:
            self.visit(value)

    def _bind_target(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            values = value.elts if isinstance(value, ast.Tuple | ast.List) else ()
            for at, inner in enumerate(target.elts):
                if len(values) == len(target.elts):
                    self._bind_target(inner, values[at])
                else:
                    for name in target_names(inner):
                        self.bind(name, "other", value)
            return
        for child in children(target):
            if isinstance(child, ast.expr):
                self.visit(child)
        self.bind(key_of(target), "assign", value)

    def _loop(self, kind: str, target: ast.expr, iterated: ast.expr) -> Loop:
        values = None
        if isinstance(iterated, ast.List | ast.Tuple | ast.Set):
            constants = [e.value for e in iterated.elts if isinstance(e, ast.Constant)]
            if len(constants) == len(iterated.elts):
                values = tuple(str(value) for value in constants)
        if is_keyed(iterated) and isinstance(target, ast.Tuple):
            kind = "keyed"
        return Loop(kind, self.names.place(target), tuple(target_names(target)), values)

    def _loop_targets(self, target: ast.expr, iterated: ast.expr) -> None:
        for name in target_names(target):
            self.bind(name, "loop", iterated)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        outer = self.blocks, self.loops
        self.blocks = (*self.blocks, Block(node, False, False))
        for part in node.generators:
            self.visit(part.iter)
            self._loop_targets(part.target, part.iter)
            self.loops = (*self.loops, self._loop("comprehension", part.target, part.iter))
            for condition in part.ifs:
                self.visit(condition)
        for value in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(value)
        self.blocks, self.loops = outer

    def _function(self, node: FunctionNode) -> None:
        for outer in (*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)):
            self.visit(outer)
        self.bind(node.name, "function", node)
        self._inside(node, node.name, node.args, lambda: self.body(node.body))

    def _class(self, node: ast.ClassDef) -> None:
        for outer in (*node.decorator_list, *node.bases, *(k.value for k in node.keywords)):
            self.visit(outer)
        self.bind(node.name, "class", node)
        self._inside(node, node.name, None, lambda: self.body(node.body))

    def _inside(self, node: ast.AST, name: str, args: ast.arguments | None, read: object) -> None:
        outer = self.unit, self.blocks, self.loops, self.current
        qualified = f"{self.unit.name}.{name}" if self.unit.name else name
        self.unit = Unit(node, qualified, self.unit, self.position())
        self.names.units.append(self.unit)
        self.blocks, self.loops = (), ()
        for parameter in _parameters(args):
            self.bind(parameter.arg, "parameter", parameter)
        assert callable(read)
        read()
        self.unit, self.blocks, self.loops, self.current = outer


def _parameters(args: ast.arguments | None) -> Iterator[ast.arg]:
    if args is None:
        return
    yield from (*args.posonlyargs, *args.args, *args.kwonlyargs)
    yield from (arg for arg in (args.vararg, args.kwarg) if arg is not None)


def _leaves(statements: Sequence[ast.stmt]) -> bool:
    if not statements:
        return False
    last = statements[-1]
    if isinstance(last, ast.Return | ast.Raise | ast.Continue | ast.Break):
        return True
    if isinstance(last, ast.If) and last.orelse:
        return _leaves(last.body) and _leaves(last.orelse)
    return (
        isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Call)
        and dotted(last.value.func) in _LEAVING_CALLS
    )


def is_keyed(iterated: ast.expr) -> bool:
    """Whether a loop goes over `enumerate(…)` or `….items()`, so that its first variable tells the others apart."""
    if not isinstance(iterated, ast.Call):
        return False
    return dotted(iterated.func) == "enumerate" or (
        isinstance(iterated.func, ast.Attribute) and iterated.func.attr == "items"
    )


def key_of(node: ast.AST) -> str:
    """The key that a target is bound under: `x`, `self.x`, `frame["at"]`."""
    if isinstance(node, ast.Subscript):
        base = key_of(node.value)
        key = node.slice
        if base and isinstance(key, ast.Constant) and isinstance(key.value, str):
            return f'{base}["{key.value}"]'
        return ""
    return dotted(node)


def target_names(node: ast.expr) -> list[str]:
    """The names that an assignment's target sets."""
    if isinstance(node, ast.Tuple | ast.List):
        return [name for element in node.elts for name in target_names(element)]
    if isinstance(node, ast.Starred):
        return target_names(node.value)
    name = key_of(node)
    return [name] if name else []
