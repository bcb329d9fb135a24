"""What other files may ask of a Python file, by the standard `ast`: calls, what arguments are made from, options.

A file is indexed only when the link step asks for it. *Atoms* are what a value is made from inside of a function: its
parameters, the variables of its loops, and attributes such as `args.symbol` and `self.root`; assignments are followed
without regard to their order, so a value may seem to be made from more than it is, never from less.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TypeGuard

from jobsafety_lint.meaning.functions import Function, Parameter
from jobsafety_lint.meaning.python.handing import MAPPING, POOL_METHODS, STARTERS, WRAPPERS
from jobsafety_lint.meaning.python.parameters import function_of, uses_of
from jobsafety_lint.model import Mark, Span
from jobsafety_lint.readers.python import nodes
from jobsafety_lint.readers.python.nodes import children, element, walk
from jobsafety_lint.readers.python.outline import Definition, Outline
from jobsafety_lint.source import Place, Source

_CONVERSIONS = frozenset(
    {
        "int",
        "float",
        "str",
        "Path",
        "Decimal",
        "fromisoformat",
        "Timestamp",
        "to_datetime",
        "parse",
        "date",
        "datetime",
    }
)
_SAME_METHODS = frozenset(
    {"strip", "lower", "upper", "isoformat", "date", "resolve", "absolute", "expanduser"}
)
_PARSE = frozenset({"parse_args", "parse_known_args", "parse_intermixed_args"})
_PARSES = re.compile(r"parse_(?:known_)?args\s*\(")
_CLI_DECORATORS = frozenset({"option", "argument"})
_APP_DECORATORS = frozenset({"command", "callback"})


@dataclass(frozen=True, eq=False)
class Option:
    """An option or argument of a file's command line. `dest` is the name that the code knows it by; `flags` are empty
    for a positional one, whose place is then `position` (from 0). `function` is the one that gets it as a parameter.
    """

    dest: str
    flags: tuple[str, ...]
    node: ast.expr | ast.arg
    required: bool
    position: int = -1
    takes_value: bool = True
    function: str = ""


@dataclass(frozen=True, eq=False)
class CallSite:
    """A call of a function of interest. `caller` is None at the top of a file. `positional` and `keywords` are the
    arguments that the function gets, also where it is handed to a pool or a `partial`. `loops` are the variables of the loops
    around; `several`: it is handed to workers.
    """

    module: Module
    node: ast.Call
    caller: Definition | None
    written: str
    positional: tuple[ast.expr, ...]
    keywords: dict[str, ast.expr]
    loops: tuple[tuple[str, ast.expr], ...] = ()
    several: bool = False
    returned: bool = False

    @property
    def mark(self) -> Mark:
        """Where the call stands."""
        return self.module.mark(self.node)

    def argument(self, name: str, position: int | None) -> ast.expr | None:
        """What is given for a parameter; None if its default counts."""
        if name in self.keywords:
            return self.keywords[name]
        if position is not None and position < len(self.positional):
            found = self.positional[position]
            return None if isinstance(found, ast.Starred) else found
        return None

    @property
    def is_open(self) -> bool:
        """Whether `*args` or `**kwargs` may give anything."""
        return "**" in self.keywords or any(isinstance(arg, ast.Starred) for arg in self.positional)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call with the variables of the loops around it. `returned`: it is what a `return` gives."""

    node: ast.Call
    loops: tuple[tuple[str, ast.expr], ...]
    returned: bool


Making = ast.Call | ast.Dict
"""What makes an object: `Job(symbol, day)`, `{"symbol": symbol}`."""
_Made = tuple[Making, tuple[tuple[str, ast.expr], ...]]
"""What makes an object, with the variables of the loops around it and what they go through."""


@dataclass(eq=False)
class Module:
    """A Python file as others see it. `dotted` is its path with dots: `etl.paths` for `etl/paths.py`."""

    path: str
    dotted: str
    source: Source
    outline: Outline
    _environments: dict[int, dict[str, frozenset[str]]] = field(default_factory=dict)
    _assigned: dict[int, dict[str, ast.expr | None]] = field(default_factory=dict)
    _called: dict[int, dict[str, list[_Call]]] = field(default_factory=dict)
    _constructors: dict[str, Function | None] = field(default_factory=dict)

    def mark(self, node: ast.expr | ast.arg | ast.stmt) -> Mark:
        """A node's place as plain values."""
        return self.mark_of(self.outline.span(node))

    def mark_of(self, span: Span) -> Mark:
        """A span of the file as plain values."""
        statement = self.outline.statement_span(span.start)
        at = self.source.location(Span(min(statement.start, span.start), max(statement.end, span.end)))
        return Mark(
            self.source.location(span),
            self.source.shown(span),
            " ".join(self.source.shown(statement).split()),
            self.outline.definitions(span.start),
            ((at.line, at.end_line),),
        )

    def resolve(self, written: str) -> str:
        """The full name behind the imports, relative ones by the file's package."""
        first, dot, rest = written.partition(".")
        known = self.outline.imports.get(first)
        if known is None:
            return written
        if known.startswith("."):
            level = len(known) - len(known.lstrip("."))
            package = self.dotted.split(".")
            is_package = self.path.endswith("/__init__.py")
            base = package[: len(package) - level + is_package] if level <= len(package) else []
            known = ".".join([*base, known.lstrip(".")])
        return f"{known}{dot}{rest}"

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """Functions and methods by qualified name."""
        return {d.qualified: d for d in self.outline.functions}

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The classes at the top of the file."""
        return {n.name: n for n in self.outline.tree.body if isinstance(n, ast.ClassDef)}

    def function(self, definition: Definition) -> Function:
        """A function with its parameters."""
        return function_of(definition, self.outline)

    def made_from(self, name: str) -> frozenset[str]:
        """The names of what a class is made from; see `constructor`."""
        init = self.definitions.get(f"{name}.__init__")
        if init is not None:
            return frozenset(parameter.arg for parameter in init.parameters)
        return frozenset(self.attributes(name))

    def constructor(self, name: str) -> Function | None:
        """What a class is made from: the parameters of `__init__`, or the fields of a dataclass, each with what the
        methods, and the functions that are given such an object, do with the attribute that keeps it.
        """
        if name not in self._constructors:
            node = self.classes.get(name)
            self._constructors[name] = self._constructor_of(node, name) if node is not None else None
        return self._constructors[name]

    def _constructor_of(self, node: ast.ClassDef, name: str) -> Function:
        init = self.definitions.get(f"{name}.__init__")
        uses = self._attribute_uses(node)
        if init is not None:
            kept = self.attributes(name)
            function = self.function(init)
            parameters = tuple(
                Parameter(
                    p.name, p.place, p.annotation, p.default,
                    partial(_joined_uses, uses, [a for a, made_from in kept.items() if p.name in made_from]),
                )
                for p in function.parameters
            )  # fmt: skip
            return Function(f"{name}.__init__", function.place, parameters)
        fields = [s for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]
        parameters = tuple(
            Parameter(
                s.target.id,
                Place(self.source, self.outline.span(s.target)),
                ast.unparse(s.annotation),
                ast.unparse(s.value) if s.value is not None else None,
                partial(_joined_uses, uses, [s.target.id]),
            )
            for s in fields
            if isinstance(s.target, ast.Name)
        )
        return Function(f"{name}.__init__", Place(self.source, self.outline.span(node)), parameters)

    def attributes(self, name: str) -> dict[str, frozenset[str]]:
        """The attributes that `__init__` of a class sets, each with the parameters that it is made from."""
        init = self.definitions.get(f"{name}.__init__")
        if init is None:
            node = self.classes.get(name)
            fields = node.body if node is not None else []
            return {
                s.target.id: frozenset({s.target.id})
                for s in fields
                if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
            }
        environment = self._environment(init)
        return {
            atom.removeprefix("self."): made for atom, made in environment.items() if atom.startswith("self.")
        }

    def _attribute_uses(self, node: ast.ClassDef) -> dict[str, set[str]]:
        uses: dict[str, set[str]] = {}
        for method in node.body:
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name not in {
                "__init__",
                "__post_init__",
                "__repr__",
            }:
                for name, found in uses_of(method.body, attributes_of="self").items():
                    uses.setdefault(name, set()).update(found)
        for name, found in self.attribute_uses(node.name).items():
            uses.setdefault(name, set()).update(found)
        return uses

    def attribute_uses(self, class_name: str) -> dict[str, set[str]]:
        """What the functions of the file do with the attributes of objects of a class that they are given, as annotations say."""
        uses: dict[str, set[str]] = {}
        for definition in self.outline.functions if class_name in self.source.text else ():
            for parameter in definition.parameters:
                annotation = parameter.annotation
                if (
                    annotation is None
                    or ast.unparse(annotation).rpartition(".")[2].strip("'\"") != class_name
                ):
                    continue
                for name, found in uses_of(definition.node.body, attributes_of=parameter.arg).items():
                    uses.setdefault(name, set()).update(found)
        return uses

    # --- what values are made from ---------------------------------------------------------------------------------

    def atoms(self, definition: Definition | None, node: ast.expr) -> frozenset[str]:
        """What an expression inside of a function is made from."""
        environment = self._environment(definition)
        found = _closed(_mentioned(node), environment, self.parsed)
        return frozenset(
            a for a in found if a.partition(".")[0] not in self.outline.imports or a.startswith("sys.argv")
        )

    def same(self, definition: Definition | None, node: ast.expr) -> str:
        """The one atom whose value an expression has, perhaps converted (`int(args.n)`); empty if it is anything else."""
        environment = self._plain(definition)
        for _ in range(8):
            if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
                if _last(node.func) not in _CONVERSIONS:
                    return ""
                node = node.args[0]
            elif isinstance(node, ast.Call) and not node.args and isinstance(node.func, ast.Attribute):
                if node.func.attr not in _SAME_METHODS:
                    return ""
                node = node.func.value
            elif isinstance(node, ast.Name) and node.id in environment:
                value = environment[node.id]
                if value is None:
                    return ""
                node = value
            else:
                break
        if isinstance(node, ast.Name):
            return node.id
        taken = element(node)
        if taken is not None:
            return ".".join(taken)
        if _is_parsed_in_place(node):
            return f"args.{node.attr}"
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "sys.argv":
            return ast.unparse(node)
        return ""

    def making(self, definition: Definition | None, node: ast.expr) -> Making | None:
        """How an object is made that is given, here or where its variable is set."""
        if isinstance(node, ast.Name):
            value = self._plain(definition).get(node.id)
            node = value if value is not None else node
        return node if _makes(node) else None

    def elements(self, definition: Definition | None, node: ast.expr) -> Iterator[_Made]:
        """How the elements of a collection are made, each with the loops around it: of a comprehension, of a list that is
        written out, of one that is filled by `append`.
        """
        if isinstance(node, ast.Name):
            for call in self._calls_in(definition).get("append", ()):
                func = call.node.func
                of_it = isinstance(func, ast.Attribute) and ast.unparse(func.value) == node.id
                made = self.making(definition, call.node.args[0]) if of_it and call.node.args else None
                if made is not None:
                    yield made, call.loops
            value = self._plain(definition).get(node.id)
            node = value if value is not None else node
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            if _makes(node.elt):
                yield node.elt, tuple((t, part.iter) for part in node.generators for t in _names(part.target))
        elif isinstance(node, ast.List | ast.Tuple | ast.Set):
            yield from ((one, ()) for one in node.elts if _makes(one))

    def _plain(self, definition: Definition | None) -> dict[str, ast.expr | None]:
        """The variables of a function that are set once, with what they are set to; None for those set more often."""
        key = id(definition.node) if definition is not None else 0
        known = self._assigned.get(key)
        if known is None:
            known = self._assigned[key] = {}
            parameters = {p.arg for p in definition.parameters} if definition is not None else set()
            for statement in definition.node.body if definition is not None else _top(self.outline.tree):
                for node in walk(statement):
                    for target, value in _bindings(node):
                        if target not in parameters and target not in self.parsed:
                            known[target] = None if target in known else value
        return known

    def _environment(self, definition: Definition | None) -> dict[str, frozenset[str]]:
        """What each variable of a function is made from, in atoms."""
        key = id(definition.node) if definition is not None else 0
        known = self._environments.get(key)
        if known is None:
            direct: dict[str, set[str]] = {}
            body = definition.node.body if definition is not None else _top(self.outline.tree)
            for statement in body:
                for node in walk(statement):
                    for target, value in _bindings(node):
                        direct.setdefault(target, set()).update(_mentioned(value))
            parameters = {p.arg for p in definition.parameters} if definition is not None else set()
            known = {name: frozenset(made) for name, made in direct.items() if name not in parameters}
            known = {name: _closed(made, known, self.parsed) for name, made in known.items()}
            self._environments[key] = known
        return known

    # --- calls -----------------------------------------------------------------------------------------------------

    def calls(self, name: str) -> Iterator[CallSite]:
        """The calls whose function has this last name, or that hand it to a pool or a `partial`."""
        text = self.source.text
        if name not in text:
            return
        callers = [d for d in self.outline.functions if name in text[d.span.start : d.span.end]]
        for caller in (*callers, None):
            for call in self._calls_in(caller).get(name, ()):
                found = _arguments(call.node, name)
                if found is not None:
                    written, positional, keywords, several = found
                    yield CallSite(
                        self,
                        call.node,
                        caller,
                        written,
                        positional,
                        keywords,
                        call.loops,
                        several,
                        call.returned,
                    )

    def _calls_in(self, caller: Definition | None) -> dict[str, list[_Call]]:
        """The calls inside of a function (or at the top of the file) by every name that they call or are given."""
        key = id(caller.node) if caller is not None else 0
        known = self._called.get(key)
        if known is None:
            known = self._called[key] = {}
            body = caller.node.body if caller is not None else _top(self.outline.tree)
            for call in _calls(body, ()):
                for name in _names_given(call.node):
                    known.setdefault(name, []).append(call)
        return known

    # --- command lines ---------------------------------------------------------------------------------------------

    @cached_property
    def options(self) -> tuple[Option, ...]:
        """The options of the file's command line: argparse, click, typer, fire."""
        found: list[Option] = []
        text = self.source.text
        if "add_argument" in text:
            found += _argparse(self.outline.tree)
        for definition in self.outline.functions:
            if definition.node.decorator_list:
                found += _decorated(definition, self)
        if "Fire(" in text or "typer.run(" in text:
            found += self._handed_to_cli()
        return tuple(found)

    def _handed_to_cli(self) -> Iterator[Option]:
        for node in walk(self.outline.tree):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in {"fire.Fire", "Fire", "typer.run"}
                and node.args
            ):
                target = node.args[0]
                definition = self.definitions.get(target.id) if isinstance(target, ast.Name) else None
                if definition is not None:
                    yield from _by_signature(definition)

    @cached_property
    def parsed(self) -> frozenset[str]:
        """Variables that hold the parsed command line, in any function of the file."""
        if not any(name in self.source.text for name in _PARSE):
            return frozenset()
        text = self.source.text
        makers = {
            d.name
            for d in self.outline.functions
            if _PARSES.search(text, d.span.start, d.span.end) is not None
        }
        found: set[str] = set()
        for node in walk(self.outline.tree):
            for target, value in _bindings(node):
                call = value.value if isinstance(value, ast.Await) else value
                if isinstance(call, ast.Call):
                    called = _last(call.func)
                    if called in _PARSE or (called in makers and isinstance(call.func, ast.Name)):
                        found.add(target)
        return frozenset(found)

    def option_for(self, atom: str) -> Option | None:
        """The option that an atom such as `args.symbol` stands for."""
        base, _, dest = atom.partition(".")
        if not dest or not (
            base in self.parsed or base in {"args", "ns", "opts", "options", "namespace", "parsed"}
        ):
            return None
        return next((option for option in self.options if option.dest == dest and not option.function), None)


def _is_parsed_in_place(node: ast.expr) -> TypeGuard[ast.Attribute]:
    """Whether an option is taken from the command line where that is parsed: `parser.parse_args().shard`."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Call)
        and _last(node.value.func) in _PARSE
    )


def _makes(node: ast.expr) -> TypeGuard[Making]:
    return isinstance(node, ast.Dict) or (isinstance(node, ast.Call) and not isinstance(node.func, ast.Call))


def _joined_uses(uses: Mapping[str, set[str]], attributes: Iterable[str]) -> frozenset[str]:
    return frozenset(use for attribute in attributes for use in uses.get(attribute, ()))


def _top(tree: ast.Module) -> list[ast.stmt]:
    return [s for s in tree.body if not isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _names(target: ast.expr) -> list[str]:
    return [n.id for n in walk(target) if isinstance(n, ast.Name)]


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The variables that a node sets, with what they are set to. Loop variables stand for themselves."""
    targets: list[ast.expr] = []
    value: ast.expr | None = None
    if isinstance(node, ast.Assign):
        targets, value = node.targets, node.value
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        targets, value = [node.target], node.value
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        targets, value = [node.optional_vars], node.context_expr
    if value is None:
        return
    for target in targets:
        for inner in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
            if isinstance(inner, ast.Name):
                yield inner.id, value
            elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
                yield f"{inner.value.id}.{inner.attr}", value


def _mentioned(node: ast.expr) -> frozenset[str]:
    """The names and attributes that an expression mentions; called functions left out."""
    found: set[str] = set()
    stack: list[ast.AST] = [node]
    while stack:
        inner = stack.pop()
        if isinstance(inner, ast.Name):
            found.add(inner.id)
        elif (taken := element(inner)) is not None:
            found.add(".".join(taken))
        elif isinstance(inner, ast.expr) and _is_parsed_in_place(inner):
            found.add(f"args.{inner.attr}")
        elif isinstance(inner, ast.Subscript) and ast.unparse(inner.value) == "sys.argv":
            found.add(ast.unparse(inner))
        elif isinstance(inner, ast.Call):
            stack += [*inner.args, *(k.value for k in inner.keywords)]
            if isinstance(inner.func, ast.Attribute):
                stack.append(inner.func.value)
        else:
            stack.extend(children(inner))
    return frozenset(found)


def _closed(
    atoms: frozenset[str], environment: dict[str, frozenset[str]], parsed: frozenset[str]
) -> frozenset[str]:
    """Atoms with variables replaced by what they are made from, to the end; a parsed command line stands for itself."""
    found: set[str] = set()
    pending, seen = list(atoms), set()
    while pending:
        atom = pending.pop()
        if atom in seen:
            continue
        seen.add(atom)
        if atom.partition(".")[0] in parsed:
            found.add(atom)
            continue
        made = environment.get(atom)
        if made is None and "." in atom and atom.partition(".")[0] in environment:
            found.add(atom)
            made = environment[atom.partition(".")[0]]
        if made:
            pending.extend(made)
        else:
            found.add(atom)
    return frozenset(found)


def _expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    for child in children(statement):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, ast.withitem):
            yield child.context_expr


def _calls(body: Iterable[ast.stmt], loops: tuple[tuple[str, ast.expr], ...]) -> Iterator[_Call]:
    """The calls in some statements, those in nested ones included."""
    for statement in body:
        inner = loops
        if isinstance(statement, ast.For | ast.AsyncFor):
            inner = (*loops, *((target, statement.iter) for target in _names(statement.target)))
        for expression in _expressions(statement):
            direct = expression if isinstance(statement, ast.Return) else None
            stack: list[tuple[ast.AST, tuple[tuple[str, ast.expr], ...]]] = [(expression, loops)]
            while stack:
                node, around = stack.pop()
                if isinstance(node, ast.Call):
                    yield _Call(node, around, node is direct)
                elif isinstance(node, nodes.Comprehension):
                    around += tuple((t, part.iter) for part in node.generators for t in _names(part.target))
                inside = nodes.children(node)
                if isinstance(node, ast.Call) and _wraps(node.func):  # `delayed(f)(a)` is one call
                    inside = [*nodes.children(node.func), *(n for n in inside if n is not node.func)]
                stack += [(child, around) for child in reversed(inside)]
        yield from _calls(nodes.statements(statement), inner)


def _wraps(node: ast.expr) -> bool:
    """Whether an expression is a function that calls another one with what it is given itself: `delayed(f)`."""
    return isinstance(node, ast.Call) and _last(node.func) in WRAPPERS


def _names_given(node: ast.Call) -> set[str]:
    """Every name that a call calls or is given, as far as `_arguments` may find it."""
    given = [node.func, *node.args, *(k.value for k in node.keywords if k.arg == "target")]
    if isinstance(node.func, ast.Call):
        given += node.func.args[:1]
    return {_last(inner) for inner in given} - {""}


def _arguments(
    node: ast.Call, name: str
) -> tuple[str, tuple[ast.expr, ...], dict[str, ast.expr], bool] | None:
    """What a call gives to the function of this name, if it calls it or hands it on."""
    keywords = {k.arg or "**": k.value for k in node.keywords}
    if _last(node.func) == name:
        return ast.unparse(node.func), tuple(node.args), keywords, False
    inner = node.func
    if isinstance(inner, ast.Call) and _wraps(inner):  # delayed(f)(a, b), f.remote…
        if inner.args and _last(inner.args[0]) == name:
            return ast.unparse(inner.args[0]), tuple(node.args), keywords, True
    called = _last(node.func)
    handed = [arg for arg in node.args if _last(arg) == name]
    if handed and called in POOL_METHODS | WRAPPERS:
        at = node.args.index(handed[0])
        if called in MAPPING:
            return ast.unparse(handed[0]), (), {"**": node}, True
        rest = tuple(node.args[at + 1 :])
        if called == "apply_async" and rest and isinstance(rest[0], ast.Tuple):
            rest = tuple(rest[0].elts)
        return ast.unparse(handed[0]), rest, keywords, called not in WRAPPERS
    target = keywords.get("target")
    if called in STARTERS and target is not None and _last(target) == name:
        args = keywords.get("args")
        given = tuple(args.elts) if isinstance(args, ast.Tuple | ast.List) else ()
        return ast.unparse(target), given, {}, True
    return None


# --- command lines ---------------------------------------------------------------------------------------------------


def _constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _argparse(tree: ast.Module) -> Iterator[Option]:
    position = 0
    calls = [n for n in walk(tree) if isinstance(n, ast.Call) and _last(n.func) == "add_argument"]
    for node in sorted(calls, key=lambda n: (n.lineno, n.col_offset)):
        flags = [str(_constant(arg)) for arg in node.args if isinstance(_constant(arg), str)]
        if not flags:
            continue
        given = {k.arg: k.value for k in node.keywords if k.arg}
        dest = _constant(given.get("dest"))
        long = next((f for f in flags if f.startswith("--")), flags[0])
        name = str(dest) if isinstance(dest, str) else long.lstrip("-").replace("-", "_")
        action = str(_constant(given.get("action")) or "")
        takes = not action.startswith(
            ("store_true", "store_false", "count", "help", "version", "store_const")
        )
        if flags[0].startswith("-"):
            required = _constant(given.get("required")) is True
            yield Option(name, tuple(flags), node, required, takes_value=takes)
        else:
            optional = _constant(given.get("nargs")) in {"?", "*"}
            yield Option(name, (), node, not optional, position)
            position += 1


def _decorated(definition: Definition, module: Module) -> Iterator[Option]:
    """Click's `@option`/`@argument`, or the signature of a typer command."""
    arguments = 0
    found = False
    for decorator in definition.node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        kind = _last(call.func if call is not None else decorator)
        if call is None or kind not in _CLI_DECORATORS:
            continue
        words = [str(_constant(a)) for a in call.args if isinstance(_constant(a), str)]
        if not words:
            continue
        found = True
        given = {k.arg: k.value for k in call.keywords if k.arg}
        plain = [w for w in words if not w.startswith("-")]
        long = max((w for w in words if w.startswith("-")), key=len, default="")
        name = plain[0] if plain else long.partition("/")[0].lstrip("-").replace("-", "_")
        if kind == "argument":
            yield Option(name.lower(), (), call, True, arguments, function=definition.qualified)
            arguments += 1
        else:
            flags = tuple(w for w in words if w.startswith("-"))
            is_flag = _constant(given.get("is_flag")) is True or "/" in long
            required = _constant(given.get("required")) is True
            yield Option(name, flags, call, required, takes_value=not is_flag, function=definition.qualified)
    commands = {_last(d.func if isinstance(d, ast.Call) else d) for d in definition.node.decorator_list}
    if not found and commands & _APP_DECORATORS and "typer" in module.source.text:
        yield from _by_signature(definition)


def _by_signature(definition: Definition) -> Iterator[Option]:
    """Typer and fire: parameters with a default are options, the others arguments (fire takes those by name too)."""
    args = definition.node.args
    names = [*args.posonlyargs, *args.args]
    without = len(names) - len(args.defaults)
    position = 0
    for at, parameter in enumerate([*names, *args.kwonlyargs]):
        flag = f"--{parameter.arg.replace('_', '-')}"
        flags = (flag, f"--{parameter.arg}") if "_" in parameter.arg else (flag,)
        default = at >= without
        if default:
            value = args.defaults[at - without] if at < len(names) else None
            required = (
                isinstance(value, ast.Call) and bool(value.args) and _constant(value.args[0]) is Ellipsis
            )
            yield Option(parameter.arg, flags, parameter, required, function=definition.qualified)
        else:
            annotated = "Option" in ast.unparse(parameter.annotation) if parameter.annotation else False
            where = -1 if annotated else position
            yield Option(parameter.arg, flags, parameter, True, where, function=definition.qualified)
            position += not annotated
