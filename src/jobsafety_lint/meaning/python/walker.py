"""Walks the statements of a unit in order and gathers facts: what is known, what has been checked, who catches what."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from jobsafety_lint.meaning.asked import Asked, asked_either_way
from jobsafety_lint.meaning.commands import Condition
from jobsafety_lint.meaning.execution import Arm, Execution, Loop, Setting
from jobsafety_lint.meaning.files import (
    Act,
    Append,
    Check,
    Create,
    Delete,
    Glob,
    Guard,
    HandleUse,
    Lock,
    Read,
    Replace,
    Running,
    Write,
)
from jobsafety_lint.meaning.paths import PathPattern, words_of
from jobsafety_lint.meaning.python import calls, errors
from jobsafety_lint.meaning.python.glob_uses import COLLECTING, GlobUses, content_of
from jobsafety_lint.meaning.python.leaving import breaks, ends, leaving, refusing
from jobsafety_lint.meaning.python.rows import RETURNED, LocalCall, Row
from jobsafety_lint.meaning.python.subprocesses import goes_on_beside, may_raise
from jobsafety_lint.meaning.python.values import (
    PATH_CLASSES,
    Element,
    Scope,
    Value,
    lower,
    names_in,
)
from jobsafety_lint.readers.python import nodes
from jobsafety_lint.readers.python.nodes import (
    arguments,
    children,
    dotted,
    is_constant,
    keyword,
    names_mentioned,
    walk,
)
from jobsafety_lint.source import Hole

TryStar: type[ast.Try] = getattr(ast, "TryStar", ast.Try)
"""`try` with `except*`, from Python 3.11 on."""
_NEAR = 25
"""How many lines may follow an act before the end of the `try`, for a handler of any error to be meant for it."""
_PASSING = frozenset({"int", "str", "json.loads", "float"})
"""Functions that hand on what they are given, as far as a program's output goes."""
_PASSING_METHODS = frozenset(
    {"strip", "rstrip", "decode", "split", "splitlines", "communicate", "read", "stdout"}
)
_LOCK_METHOD = re.compile(r"(?P<un>un)?(?P<lock>lock(?!ed|ing|s)\w*)")
"""Methods by which an object takes a lock of its own, and those that give it back."""
_LOCK_WORDS = frozenset({"lock", "filelock", "flock", "mutex", "semaphore", "locked", "lockfile", "rlock"})
_IN_PROCESS = re.compile(r"[\w.]*(?:Lock|Semaphore|Condition)\(\)")
_BETWEEN_PROCESSES = ("multiprocessing.", "mp.", "billiard.", "torch.multiprocessing.")

_GROWING = frozenset({"add", "append", "extend", "update", "insert", "setdefault"})

_TRANSACTIONS = frozenset({"transaction", "atomic", "atomically"})
"""Words of what gives a temporary name in place of a file's own: `with file_transaction(path) as part:`."""
_SYNCS = frozenset({"sync", "durable", "durably"})
_COPYING = frozenset({"sorted", "list", "tuple", "set", "reversed"})
"""What gives the same elements in another order or collection."""

_NOTHING = re.compile(r"not (\w+)|(\w+) is None|not (\w+) is not None")
CommandCall = Callable[[ast.Call, str, Scope, Execution, str, frozenset[str]], bool]


@dataclass(frozen=True, eq=False)
class Active:
    """A check that has decided that the code at hand is reached."""

    asked: Asked
    shape: str
    statement: ast.stmt | ast.expr
    act: ast.expr | None = None
    leaving: str = ""


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The elements that the checks of a comprehension have let through: `[p for p in paths if p.exists()]`."""

    node: nodes.Comprehension
    element: Value
    asked: tuple[Asked, ...]


@dataclass(eq=False)
class Walker:
    """Walks one unit. `facts` gather what is found; `command_call` reads calls that run programs."""

    scope: Scope
    execution: Execution
    command_call: CommandCall
    parameters: frozenset[str] = frozenset()
    facts: list[object] = field(default_factory=list)
    guards: list[Active] = field(default_factory=list)
    tolerance: str | None = None
    tolerance_existing: str | None = None
    tolerates_broken: bool = False
    """A handler takes care of content that cannot be read."""
    broad_until: int | None = None
    """Where the code ends that a handler for errors of any kind takes care of, if only such a one does."""
    is_local: Callable[[str], bool] = lambda _: False
    """Whether a function of the file is called so."""
    is_lock_helper: Callable[[str], bool] = lambda _: False
    """Whether it is one that holds a lock on a file while something else runs."""
    keeps_lock: Callable[[str], bool | None] = lambda _: None
    """Whether it is a method that takes a lock on a file which the object keeps; False for one that gives it back, else None."""
    durable: frozenset[str] = frozenset()
    """Functions of the file that call fsync."""
    helper_checks: Callable[[ast.Call | ast.Attribute, Scope], list[tuple[Check, bool]]] | None = None
    """The check that a function of the file stands for (`def taken(): return LOCK.exists()`)."""
    guarded_calls: list[tuple[ast.Call, str, tuple[Guard, ...]]] = field(default_factory=list)
    """Calls of functions of the same file that a check has let through."""
    failure: str | None = None
    """What becomes of a program's failure that is raised here, where somebody catches it: `branch`, `masked`."""
    returned: list[tuple[ast.expr, Value, Execution]] = field(default_factory=list)
    named: list[tuple[ast.expr, Value, str, Execution]] = field(default_factory=list)
    """Expressions that were assigned: with their value, the variable, and the circumstances."""
    local_calls: list[tuple[ast.Call, str, Scope, Execution]] = field(default_factory=list)
    row: Row | None = None
    """What the unit runs and asks, in order, where that is of interest; the commands among it are the interpreter's."""
    _outputs: frozenset[str] = frozenset()
    _testing: bool = False
    _globs: GlobUses = field(init=False)
    _handles: dict[int, Value] = field(default_factory=dict)
    _uses: dict[int, list[HandleUse]] = field(default_factory=dict)
    _chosen: dict[int, _Chosen] = field(default_factory=dict)
    """By the comprehension's id; the tree keeps that its own."""
    _repeated: Sequence[ast.AST] = ()
    """What the innermost loop repeats."""
    _taken: str = ""
    """The lock on a file that was taken last."""
    _depths: dict[int, int] = field(default_factory=dict)
    _flushed: set[str] = field(default_factory=set)
    _syncs: int = -1
    """How many facts there were at the last fsync."""

    def __post_init__(self) -> None:
        self._globs = GlobUses(self.facts)

    # --- statements ------------------------------------------------------------------------------------------------

    def block(self, statements: Iterable[ast.stmt]) -> None:
        """Walks statements in order; what early exits have ruled out counts for the rest."""
        entered, execution = len(self.guards), self.execution
        for statement in statements:
            self.statement(statement)
        del self.guards[entered:]
        self.execution = self.execution.but(conditions=execution.conditions)

    def statement(self, node: ast.stmt) -> None:
        """Walks one statement."""
        match node:
            case ast.Expr(value=value):
                self.expression(value, statement=node)
            case ast.Assign(targets=targets, value=value):
                self._assign(targets, value)
            case ast.AnnAssign(target=target, value=value, annotation=annotation):
                if value is not None:
                    self._assign([target], value, pathlike=is_path_annotation(annotation, self.scope))
            case ast.AugAssign(target=target, value=value):
                self._flowing(value, frozenset(_target_names(target)))
                name = dotted(target)
                known = self.scope.variables.get(name)
                added = lower(value, self.scope)
                if known is not None and known.elements is not None and added.elements is not None:
                    self.scope.assign(name, replace(known, elements=(*known.elements, *added.elements)))
                elif known is not None and isinstance(node.op, ast.Add):
                    self.scope.extend(name, added, as_text=not self.execution.loops and _is_text(value))
                elif name:
                    self.scope.forget(name)
            case ast.Return(value=value):
                if value is not None:
                    self._flowing(value, frozenset({RETURNED}), statement=node)
                    self.returned.append((value, lower(value, self.scope), self.execution))
            case ast.If():
                self._if(node)
            case ast.For() | ast.AsyncFor():
                self._for(node)
            case ast.While():
                self._while(node)
            case ast.Try() | TryStar():
                self._try(node)
            case ast.With() | ast.AsyncWith():
                self._with(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._inner_function(node)
            case ast.Assert(test=test):
                self._tested(test)
                self.guards += [Active(a, "early-exit", node, leaving="raise") for a in self._asked(test)]
            case ast.Raise(exc=exc):
                if exc is not None:
                    self.expression(exc)
            case ast.Match(subject=subject, cases=cases):
                self.expression(subject)
                outcomes = [self.scope.copy()]
                execution, place = self.execution, self.scope.place(node)
                for at, case in enumerate(cases):
                    arm = Arm(place, at, ends(case.body))
                    self.execution = execution.but(arms=(*execution.arms, arm))
                    guards: list[Active] = []
                    if case.guard is not None:
                        self._tested(case.guard)
                        guards = [Active(asked, "if", node) for asked in self._asked(case.guard)]
                    condition = _condition_of(case.pattern, self.scope.text(subject))
                    outcomes.append(self._branch(case.body, guards, condition))
                self.execution = execution
                self.scope.join(*outcomes)

    def _branch(
        self,
        body: Sequence[ast.stmt],
        guards: Sequence[Active] = (),
        condition: str = "",
        *,
        handling: bool = False,
    ) -> Scope:
        """Walks a branch in a scope of its own and returns that."""
        outer, self.scope = self.scope, self.scope.copy()
        execution = self.execution
        if condition:
            self.execution = execution.but(conditions=(*execution.conditions, condition))
        if handling:
            self.execution = execution.but(handling=True)
        entered = len(self.guards)
        self.guards += guards
        self.block(body)
        del self.guards[entered:]
        self.execution = execution
        inner, self.scope = self.scope, outer
        return inner

    def _assign(self, targets: Sequence[ast.expr], value_node: ast.expr, *, pathlike: bool = False) -> None:
        before = len(self.facts)
        outputs = frozenset(name for target in targets for name in _target_names(target))
        self._flowing(value_node, outputs)
        value = lower(value_node, self.scope)
        value = self._result_of(value_node, value, before)
        value = self._opened_by(value_node) or value
        chosen = self._chosen_of(value_node)
        if chosen is not None:
            value = replace(value, chosen=chosen)
        if pathlike:
            value = replace(value, pathlike=True)
        for target in targets:
            if isinstance(target, ast.Tuple):
                self._unpack(target, value, value_node)
                continue
            name = dotted(target)
            if isinstance(target, ast.Subscript):
                self._set_environment(target, value)
            if name:
                self.named.append((value_node, value, name, self.execution))
                self.scope.assign(name, value)

    def _chosen_of(self, node: ast.expr) -> _Chosen | None:
        """What a comprehension has chosen, here or where the variable was set; `sorted(…)` and its like change nothing of it."""
        if isinstance(node, ast.Call) and len(node.args) == 1 and dotted(node.func) in _COPYING:
            node = node.args[0]
        if not isinstance(node, ast.Name):
            return self._chosen.get(id(node))
        known = self.scope.variables.get(node.id)
        return known.chosen if known is not None and isinstance(known.chosen, _Chosen) else None

    def _flowing(
        self,
        node: ast.expr,
        targets: frozenset[str],
        statement: ast.stmt | None = None,
    ) -> None:
        """Walks an expression whose value goes into variables (or `RETURNED`)."""
        outer, self._outputs = self._outputs, targets
        self.expression(node, statement=statement, output_to=targets)
        self._outputs = outer
        if self.row is not None:
            self.row.flow(targets, names_mentioned(node))

    def _tested(self, node: ast.expr) -> None:
        """Walks an expression whose truth picks a branch."""
        outer, self._testing = self._testing, True
        self.expression(node)
        self._testing = outer
        if self.row is not None:
            names = names_in(node, self.scope) | names_mentioned(node)
            if names:
                self.row.add(Condition(self.scope.place(node), names))

    def _set_environment(self, target: ast.Subscript, value: Value) -> None:
        """`os.environ["NAME"] = value`: what is run from here on has it."""
        if self.scope.resolve(dotted(target.value)) != "os.environ" or isinstance(target.slice, ast.Slice):
            return
        name = lower(target.slice, self.scope).pattern.text
        if name:
            setting = Setting(name, value.pattern, self.scope.place(target), "export")
            self.execution = self.execution.but(environment=(*self.execution.environment, setting))

    def _unpack(self, target: ast.Tuple, value: Value, node: ast.expr) -> None:
        names = [dotted(element) for element in target.elts]
        if value.temporary is not None and len(names) == 2:
            if names[0]:
                self.scope.assign(names[0], Value(value.pattern, handle_of=value.temporary))
            if names[1]:
                self.scope.assign(names[1], value.temporary)
            return
        unique = any(hole.kind == "unique" for hole in value.pattern.holes)
        for at, name in enumerate(names):
            if not name:
                continue
            if value.elements is not None and len(value.elements) == len(names):
                self.scope.assign(name, value.elements[at].value)
            else:
                kind = "unique" if unique else "variable"
                holes = Hole(f"{self.scope.text(node)}[{at}]", names_in(node, self.scope) | {name}, kind, 1)
                self.scope.assign(name, Value(PathPattern((holes,))))

    def _result_of(self, node: ast.expr, value: Value, before: int) -> Value:
        """What an expression stands for beyond its text: the result of a glob, a list of a glob's items, a check."""
        asked = self._asked(node)
        if asked and isinstance(node, ast.Call | ast.UnaryOp | ast.BoolOp | ast.Await):
            return replace(value, checks=tuple(asked))
        for fact in self.facts[before:]:
            if isinstance(fact, Glob):
                return replace(value, glob=fact)
        if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
            source = lower(node.generators[0].iter, self.scope)
            if source.glob is not None and value.glob is None:
                return replace(value, glob=source.glob)
        return value

    def _if(self, node: ast.If) -> None:
        self._tested(node.test)
        asked = self._asked(node.test)
        only = _only_expression(node.body) if not node.orelse else None
        outcomes: list[Scope] = []
        self._globs.tested(node.test, self.scope)
        condition = self.scope.text(node.test)
        execution, place = self.execution, self.scope.place(node)
        self.execution = execution.but(arms=(*execution.arms, Arm(place, 0, ends(node.body))))
        how = leaving(node.body)
        guards = [Active(a, "if", node, only, leaving=refusing(node.orelse)) for a in asked]
        inner = self._branch(node.body, guards, condition)
        if not how:
            outcomes.append(inner)
        refuted = [Active(a, "else", node, leaving=refusing(node.body)) for a in self._refuted(node.test)]
        otherwise = execution.but(conditions=(*execution.conditions, f"not {condition}"))
        self.execution = otherwise
        other = _elif(node)
        if node.orelse:
            end = "" if other is not None else ends(node.orelse)
            self.execution = otherwise.but(arms=(*otherwise.arms, Arm(place, 1, end)))
        if not node.orelse:
            outcomes.append(self.scope.copy())
        elif other is not None:
            outer, self.scope = self.scope, self.scope.copy()
            entered = len(self.guards)
            self.guards += refuted
            self._if(other)
            del self.guards[entered:]
            after, self.scope = self.scope, outer
            outcomes.append(after)
        else:
            after = self._branch(node.orelse, refuted)
            if not leaving(node.orelse):
                outcomes.append(after)
        self.execution = execution
        self.scope.join(*outcomes)
        if how:
            self.guards += [replace(active, shape="early-exit") for active in refuted]
            self.execution = otherwise

    def _for(self, node: nodes.For) -> None:
        self._flowing(node.iter, frozenset(_target_names(node.target)))
        iterated = lower(node.iter, self.scope)
        before = len(self.facts)
        iterated = self._result_of(node.iter, iterated, before)
        glob = iterated.glob or self._globs.last_in(self.scope.span(node.iter))
        names = _target_names(node.target)
        made_from = names_in(node.iter, self.scope)
        for name in _assigned(node.body):
            if name in self.scope.variables:
                self.scope.forget(name)
        for name in names:
            self.scope.bind(
                name,
                pathlike=glob is not None and glob.by.startswith("Path"),
                glob=glob,
                unique=len(names) == 1 and _is_of_own_files(iterated),
            )
        chosen, guards = self._chosen_of(node.iter), list[Active]()
        if chosen is not None and len(names) == 1:
            self.scope.assign(names[0], chosen.element)
            guards = [Active(asked, "comprehension", chosen.node) for asked in chosen.asked]
        loop = Loop("for", self.scope.place(node.target), tuple(names), _literal_values(iterated), made_from)
        self._looped(loop, node.body, guards)
        self.block(node.orelse)

    def _looped(self, loop: Loop, body: Sequence[ast.stmt], guards: Sequence[Active] = ()) -> None:
        outer, around = self.execution, self._repeated
        self.execution, self._repeated = outer.but(loops=(*outer.loops, loop)), body
        inner = self._branch(body, guards)
        self.execution, self._repeated = outer, around
        self.scope.join(self.scope.copy(), inner)

    def _while(self, node: ast.While) -> None:
        for name in _assigned(node.body):
            if name in self.scope.variables:
                self.scope.forget(name)
        loop, outer = Loop("while", self.scope.place(node.test)), self.execution
        self.execution = outer.but(loops=(*outer.loops, loop))
        self._tested(node.test)
        self.execution = outer
        only = _only_expression(node.body)
        guards = [Active(a, "while", node, only) for a in self._asked(node.test)]
        self._taken = ""
        self._looped(loop, node.body, guards)
        if self._taken and isinstance(node.test, ast.Constant):
            self.execution = self.execution.but(lock=self._taken)  # it tries until it has the lock
        self.block(node.orelse)
        ways_out = breaks(node.body)
        if not ways_out:
            self.guards += [Active(a, "while-over", node) for a in self._refuted(node.test)]
        elif len(ways_out) == 1 and isinstance(node.test, ast.Name | ast.Constant | ast.Compare):
            counted = isinstance(node.test, ast.Compare)  # it gives up one day: `while count > 0`
            asked = [replace(a, certain=a.certain and not counted) for a in self._asked(ways_out[0])]
            self.guards += [Active(a, "while-over", node) for a in asked]

    def _try(self, node: ast.Try) -> None:
        outer = self.tolerance, self.tolerance_existing, self.failure, self.broad_until
        outer_broken = self.tolerates_broken
        named = any(errors.is_exact(handler, self.scope) for handler in node.handlers)
        self.broad_until = None if named else self.scope.outline.end(node.body[-1])
        if any(errors.catches(handler, self.scope, errors.MISSING) for handler in node.handlers):
            self.tolerance = "handler"
        if any(errors.catches(handler, self.scope, errors.EXISTING) for handler in node.handlers):
            self.tolerance_existing = "handler"
        if any(h.type is None or errors.names_one(h.type, self.scope, errors.FAILURE) for h in node.handlers):
            self.failure = "branch"
        if any(errors.catches(handler, self.scope, errors.BROKEN) for handler in node.handlers):
            self.tolerates_broken = True
        before = self.scope.copy()
        self.block(node.body)
        self.scope.keep_own(before)
        self.tolerance, self.tolerance_existing, self.failure, self.broad_until = outer
        self.tolerates_broken = outer_broken
        outcomes = [self.scope.copy()]
        looked = list(self._looked_in(node))
        for handler in node.handlers:
            gone = errors.catches(handler, self.scope, errors.MISSING)
            refuted = [Active(replace(a, holds=False), "else", node) for a, _ in looked] if gone else []
            inner = self._branch(handler.body, refuted, handling=True)
            if not leaving(handler.body):
                outcomes.append(inner)
        self.scope.join(*outcomes)
        before_else = len(self.guards)
        self.guards += [Active(asked, "early-exit", node, leaving=how) for asked, how in looked]
        self.block(node.orelse)
        if not all(leaving(handler.body) for handler in node.handlers):
            del self.guards[before_else:]
        self.block(node.finalbody)

    def _looked_in(self, node: ast.Try) -> Iterator[tuple[Asked, str]]:
        """The look at a file that a `try` begins with, where a handler says what is done if it is not there; and how that leaves."""
        how = next(
            (leaving(h.body) for h in node.handlers if errors.catches(h, self.scope, errors.MISSING)), None
        )
        if how is None:
            return
        for inner in nodes.walk(node.body[0]):
            if isinstance(inner, ast.Call):
                name = self.scope.resolve(dotted(inner.func))
                check = calls.look_of(inner, name, self.scope, self.execution)
                if check is not None:
                    yield Asked(check, holds=True, alone=False), how

    def _with(self, node: nodes.With) -> None:
        outer_execution, outer_failure = self.execution, self.failure
        outer_tolerance, outer_existing = self.tolerance, self.tolerance_existing
        for item in node.items:
            before = len(self.facts)
            self._flowing(
                item.context_expr, frozenset(_target_names(item.optional_vars) if item.optional_vars else ())
            )
            self._enter(item, before)
        self.block(node.body)
        self.execution, self.failure = outer_execution, outer_failure
        self.tolerance, self.tolerance_existing = outer_tolerance, outer_existing

    def _calls_lock_helper(self, node: ast.expr) -> bool:
        """Whether a context manager of this file holds a lock on a file: `with held(path):`."""
        return isinstance(node, ast.Call) and self.is_lock_helper(dotted(node.func))

    def _is_made_as_lock(self, node: ast.expr) -> bool:
        """Whether a variable keeps a lock, whatever it is called: `guard = multiprocessing.Lock()`."""
        return (
            isinstance(node, ast.Name | ast.Attribute)
            and _IN_PROCESS.fullmatch(self._made_by(node)) is not None
        )

    def _made_by(self, node: ast.expr) -> str:
        return " ".join(hole.text for hole in lower(node, self.scope).pattern.holes)

    def _is_in_process(self, lock: ast.expr) -> bool:
        """Whether a lock is made without the path of a file: it holds threads off, but no other process."""
        made = self._made_by(lock)
        if _IN_PROCESS.fullmatch(made) is None:
            return False
        return not self.scope.resolve(made.removesuffix("()")).startswith(_BETWEEN_PROCESSES)

    def _enter(self, item: ast.withitem, before: int) -> None:
        entered = item.context_expr
        call = _bare(entered)
        name = self.scope.resolve(dotted(call.func if isinstance(call, ast.Call) else call))
        given = [arg.value for arg in arguments(call)] if isinstance(call, ast.Call) else []
        if name in {"contextlib.suppress", "suppress"}:
            if any(errors.names_one(arg, self.scope, errors.MISSING) for arg in given):
                self.tolerance = "suppress"
            if any(errors.names_one(arg, self.scope, errors.EXISTING) for arg in given):
                self.tolerance_existing = "suppress"
            if any(errors.names_one(arg, self.scope, errors.FAILURE) for arg in given):
                self.failure = "masked"
        elif name.endswith(".cd") and given:
            self.execution = self.execution.but(cwd=lower(given[0], self.scope).pattern)
        elif (
            set(words_of(name)) & _LOCK_WORDS or self._is_made_as_lock(call) or self._calls_lock_helper(call)
        ):
            self._hold(call)
        if item.optional_vars is None:
            return
        if isinstance(item.optional_vars, ast.Name) and not _TRANSACTIONS.isdisjoint(words_of(name)):
            self.scope.bind(item.optional_vars.id, unique=True)  # it is renamed when the block has gone well
            return
        value = lower(entered, self.scope)
        opened = [f for f in self.facts[before:] if isinstance(f, Act)]
        handle = self._opened_by(entered)
        if handle is not None:
            value = handle
        elif value.temporary is not None:
            value = value.temporary
        elif opened:
            inner = Value(opened[-1].path)
            value = Value(opened[-1].path, handle_of=inner)
        given_by = [hole.text for hole in value.pattern.holes]
        for target in _target_names(item.optional_vars):
            if given_by == [self.scope.text(entered)] and not value.pattern.is_unique:
                # what a context manager gives is another thing than what it was given
                self.scope.bind(target, names=value.pattern.names)
            else:
                self.scope.assign(target, value)

    def _hold(self, lock: ast.expr) -> None:
        """From here on a lock is held."""
        text = self.scope.text(lock)
        if self._is_in_process(lock):
            self.execution = self.execution.but(thread_lock=self.scope.resolve(self._made_by(lock)))
        else:
            self.execution = self.execution.but(lock=text)

    def _inner_function(self, node: nodes.Function) -> None:
        outer, self.scope = self.scope, self.scope.copy()
        guards, self.guards = self.guards, []
        tolerance, self.tolerance = self.tolerance, None
        existing, self.tolerance_existing = self.tolerance_existing, None
        broken, self.tolerates_broken = self.tolerates_broken, False
        execution = self.execution
        self.execution = execution.but(loops=(), lock=None, conditions=())
        failure, self.failure = self.failure, None
        returned = len(self.returned)
        outer_parameters, own = self.parameters, {parameter.arg for parameter in all_parameters(node)}
        self.parameters = frozenset(own | (outer_parameters & names_mentioned(*node.body)))
        for parameter in all_parameters(node):
            self.scope.bind(parameter.arg, pathlike=is_path_annotation(parameter.annotation, self.scope))
        self.block(node.body)
        del self.returned[returned:]
        self.parameters = outer_parameters
        self.scope, self.guards, self.tolerance, self.failure = outer, guards, tolerance, failure
        self.tolerance_existing, self.tolerates_broken, self.execution = existing, broken, execution

    # --- expressions -----------------------------------------------------------------------------------------------

    def expression(
        self,
        node: ast.expr,
        *,
        statement: ast.stmt | None = None,
        output_to: frozenset[str] = frozenset(),
    ) -> None:
        """Walks an expression: calls become facts, `and`, `… if …` and comprehensions guard what follows."""
        match node:
            case ast.Constant() | ast.Name():
                pass
            case ast.Call():
                self._call(node, output_to)
            case ast.Attribute(value=value):
                self.expression(value, output_to=output_to)
            case ast.BoolOp():
                self._and_or(node, statement)
            case ast.IfExp(test=test, body=body, orelse=other):
                self._tested(test)
                asked = self._asked(test)
                entered = len(self.guards)
                self.guards += [Active(a, "ternary", node) for a in asked]
                outer, place = self.execution, self.scope.place(node)
                self.execution = outer.but(arms=(*outer.arms, Arm(place, 0)))
                self.expression(body)
                del self.guards[entered:]
                self.execution = outer.but(arms=(*outer.arms, Arm(place, 1)))
                if len(asked) == 1 and asked[0].alone:
                    self.guards.append(
                        Active(Asked(asked[0].check, not asked[0].holds, True), "ternary", node)
                    )
                self.expression(other)
                del self.guards[entered:]
                self.execution = outer
            case ast.ListComp() | ast.GeneratorExp() | ast.SetComp() | ast.DictComp():
                self._comprehension(node)
            case ast.Lambda(body=body):
                self.expression(body)
            case ast.Await(value=inner):
                self.expression(inner, statement=statement, output_to=output_to)
            case ast.NamedExpr(target=target, value=value):
                self._flowing(value, frozenset(_target_names(target)))
                name = dotted(target)
                if name:
                    self.scope.assign(name, lower(value, self.scope))
            case ast.JoinedStr():
                if any(isinstance(inner, ast.Call | ast.NamedExpr) for inner in walk(node)):
                    for field in self.scope.outline.fields(node):
                        self.expression(field.expression)
            case _:
                for child in children(node):
                    self._children(child)

    def _and_or(self, node: ast.BoolOp, statement: ast.stmt | None) -> None:
        """`a and b and c`: what stands before lets through what follows."""
        entered = len(self.guards)
        self.expression(node.values[0])
        before: list[ast.expr] = []
        for value in node.values[1:]:
            before.append(node.values[len(before)])
            if isinstance(node.op, ast.And):
                asked = self._all_asked(before)
            else:
                asked = self._asked(before[0]) if len(before) == 1 else []
                one = len(asked) == 1 and asked[0].alone
                asked = [Asked(a.check, not a.holds, True) for a in asked] if one else []
            last = statement is not None and value is node.values[-1]
            whole = statement if statement is not None and last else node
            self.guards += [Active(a, "and", whole, value if last else None) for a in asked]
            self.expression(value)
            del self.guards[entered:]

    def _all_asked(self, parts: Sequence[ast.expr]) -> list[Asked]:
        """What must have been asked where all of these hold."""
        if len(parts) == 1:
            return self._asked(parts[0])
        return [replace(a, alone=False) for part in parts for a in self._asked(part)]

    def _children(self, node: ast.AST) -> None:
        if isinstance(node, ast.expr):
            self.expression(node)
        else:
            for child in children(node):
                self._children(child)

    def _comprehension(self, node: nodes.Comprehension) -> None:
        outer_scope, self.scope = self.scope, self.scope.copy()
        outer_execution, around = self.execution, self._repeated
        self._repeated = (node,)
        entered = len(self.guards)
        for part in node.generators:
            self.expression(part.iter)
            iterated = lower(part.iter, self.scope)
            glob = iterated.glob or self._globs.last_in(self.scope.span(part.iter))
            names = _target_names(part.target)
            if self.row is not None:
                self.row.flow(frozenset(names), names_mentioned(part.iter))
            for name in names:
                self.scope.bind(name, pathlike=glob is not None and glob.by.startswith("Path"), glob=glob)
            loop = Loop("comprehension", self.scope.place(part.target), tuple(names))
            self.execution = self.execution.but(loops=(*self.execution.loops, loop))
            for condition in part.ifs:
                self._tested(condition)
                self._globs.tested(condition, self.scope)
                self.guards += [Active(a, "comprehension", node) for a in self._asked(condition)]
        if isinstance(node, ast.DictComp):
            self.expression(node.key)
            self.expression(node.value)
        else:
            self.expression(node.elt)
            # a test for files among what a folder holds tells kinds apart, and not what is there
            asked = tuple(
                active.asked for active in self.guards[entered:] if active.asked.check.test == "exists"
            )
            if asked and isinstance(node.elt, ast.Name):
                self._chosen[id(node)] = _Chosen(node, lower(node.elt, self.scope), asked)
        del self.guards[entered:]
        self.scope, self.execution, self._repeated = outer_scope, outer_execution, around

    def _call(self, node: ast.Call, output_to: frozenset[str]) -> None:
        if isinstance(node.func, ast.Attribute):
            passes = output_to if node.func.attr in _PASSING_METHODS else frozenset[str]()
            self.expression(node.func.value, output_to=passes)
        written = dotted(node.func)
        passes = output_to if written in _PASSING else frozenset()
        given = arguments(node)
        for arg in given:
            self.expression(arg.value, output_to=passes)
        name = self.scope.resolve(written)
        check = calls.check_of(node, name, self.scope, self.execution)
        if check is not None:
            self.facts.append(check)
            if check.path.literal.startswith("/proc/\0"):
                self._ask_by_pid(node, check.path_place.text, "/proc")
            return
        for found in calls.facts_of(node, name, self.scope, self.execution):
            if found.handle is not None:
                start = self.scope.outline.start(node)
                self._handles[start] = replace(found.handle, opened=start)
                self._depths[start] = len(self.execution.loops)
            self._keep(found.fact)
        self._download(node, written)
        self._use_handles(node, name)
        self._use_lock(node, name)
        if name == "os.chdir" and given:
            self.execution = self.execution.but(cwd=lower(given[0].value, self.scope).pattern, at_home=False)
        self._ask_running(node, name)
        self._globs.given_to(node, written, self.scope, looped=bool(self.execution.loops))
        self._collect(node, written)
        self._build_list(node, written)
        self._grow(node, written)
        output_to = output_to or self._outputs
        caught = self.failure if may_raise(node, name) else None
        status = "branch" if self._testing else caught or _status(node)
        execution = self.execution
        if execution.loops and goes_on_beside(node, name, self._repeated):
            execution = execution.but(background=True)
        if self.command_call(node, name, self.scope, execution, status, output_to):
            return
        is_local = self.is_local(written)
        if is_local:
            self.local_calls.append((node, written, self.scope.copy(), self.execution))
        if self.row is not None:
            bound = tuple(lower(arg.value, self.scope).pattern for arg in given) if is_local else ()
            keywords = tuple(arg.keyword or ("*" if arg.star else "") for arg in given) if is_local else ()
            place = self.scope.place(node)
            self.row.add(LocalCall(place, written, self.execution, output_to, self._testing, bound, keywords))

    def _grow(self, node: ast.Call, written: str) -> None:
        """`active.add(x)`: what goes into a collection flows into its variable."""
        name, _, method = written.rpartition(".")
        if name and method in _GROWING and self.row is not None:
            self.row.flow(
                frozenset({name}), frozenset().union(*(names_mentioned(arg.value) for arg in arguments(node)))
            )
        if self.guards and self.is_local(written):
            guards = tuple(self._guard(active, None) for active in reversed(self.guards))
            self.guarded_calls.append((node, written, guards))
        last = written.rpartition(".")[2]
        if last in self.durable or self._says_sync(last, written):
            self._sync_by_helper(node)

    def _says_sync(self, name: str, written: str) -> bool:
        """Whether a function that stands elsewhere says by its name that it syncs what it is given."""
        if "fsync" in name:
            return self.scope.resolve(written) not in calls.SYNCING
        return (
            written == name and name in self.scope.outline.imports and not _SYNCS.isdisjoint(words_of(name))
        )

    def _sync_by_helper(self, node: ast.Call) -> None:
        """A function that syncs, or says so by its name: what was written before, and what it is given the name of."""
        self._syncs = len(self.facts)
        for arg in arguments(node):
            path = lower(arg.value, self.scope).pattern
            for at, fact in enumerate(self.facts):
                if isinstance(fact, Replace) and fact.path.same_object(path):
                    self.facts[at] = replace(fact, synced=True)

    def _build_list(self, node: ast.Call, written: str) -> None:
        """`cmd.append(x)`, `cmd.extend([…])` on a list that is known."""
        name, _, method = written.rpartition(".")
        known = self.scope.variables.get(name)
        if known is None or known.elements is None or not node.args:
            return
        first = node.args[0]
        value = lower(first, self.scope)
        if method == "append":
            self.scope.set(name, replace(known, elements=(*known.elements, Element(first, value))))
        elif method == "extend":
            added = value.elements if value.elements is not None else (Element(first, value, True),)
            self.scope.set(name, replace(known, elements=(*known.elements, *added)))

    def _download(self, node: ast.Call, written: str) -> None:
        """A download to a path that a check has not found, by whatever function."""
        last = written.rpartition(".")[2]
        if not last.startswith(calls.DOWNLOADS):
            return
        for arg in arguments(node):
            path = lower(arg.value, self.scope).pattern
            if any(not g.asked.holds and g.asked.check.path.same_object(path) for g in self.guards):
                place, path_place = self.scope.place(node), self.scope.place(arg.value)
                self._keep(Write(place, path, path_place, self.execution, last, "python", content="download"))
                return

    # --- handles and locks -----------------------------------------------------------------------------------------

    def _opened_by(self, node: ast.expr) -> Value | None:
        """The handle that an expression is."""
        node = _bare(node)
        if isinstance(node, ast.Call):
            return self._handles.get(self.scope.outline.start(node))
        name = dotted(node)
        value = self.scope.variables.get(name) if name else None
        return value if value is not None and value.handle_of is not None else None

    def _use_handles(self, node: ast.Call, name: str) -> None:
        """What a call does through an open handle: write, flush, sync."""
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in calls.SYNCING:
            self._sync(node)
        elif receiver is not None and (handle := self._opened_by(receiver)) is not None:
            if method == "flush":
                self._flushed.add(self.scope.text(receiver))
            elif method in calls.HANDLE_METHODS:
                self._use(handle, method, node, receiver)
            elif method == "truncate":
                self._rewritten(handle)
        elif method in calls.HANDLE_METHODS | {"truncate", "seek"}:
            pass
        elif name == "print":
            target = keyword(node, "file")
            if target is not None and (handle := self._opened_by(target)) is not None:
                self._use(handle, "print", node, target)
        elif name != "open" and name not in calls.LOCKING and not name.endswith("fdopen"):
            last = name.rpartition(".")[2]
            for arg in arguments(node):
                handle = self._opened_by(arg.value)
                if handle is not None and (
                    name in calls.HANDLE_WRITERS
                    or last.startswith(("to_", "write", "save", "dump"))
                    or last == "tofile"
                ):
                    self._use(handle, name if name in calls.HANDLE_WRITERS else last, node, arg.value)

    def _use(self, handle: Value, by: str, node: ast.Call, written: ast.expr) -> None:
        start = handle.opened
        if start is None:
            return
        self._flushed.discard(self.scope.text(written))
        loops = len(self.execution.loops) - self._depths.get(start, 0)
        use = HandleUse(by, self.scope.place(node), self.scope.text(written), loops)
        self._uses.setdefault(start, []).append(use)

    def _rewritten(self, handle: Value) -> None:
        """`fh.truncate()` of a file that was opened to be read and written (`r+`): it is rewritten in place, where it was opened."""
        for fact in self.facts:
            if (
                isinstance(fact, Read)
                and fact.place.span.start == handle.opened
                and not any(isinstance(f, Write) and f.place.span == fact.place.span for f in self.facts)
            ):
                place, path, written = fact.place, fact.path, fact.path_place
                self._keep(Write(place, path, written, fact.execution, fact.by, "python", content="truncate"))
                return

    def _sync(self, node: ast.Call) -> None:
        """An fsync counts if what it was called for has left the buffer of its handle."""
        if node.args:
            handle = calls.handle_node(node.args[0])
            value = self._opened_by(handle)
            written = value is not None and value.opened is not None and self._uses.get(value.opened)
            if written and self.scope.text(handle) not in self._flushed and handle is not node.args[0]:
                return
        self._syncs = len(self.facts)

    def _use_lock(self, node: ast.Call, name: str) -> None:
        """`fcntl.flock(…)`, `lock.acquire()`, `lock.release()`."""
        if name in calls.LOCKING:
            if "LOCK_UN" in self.scope.text(node):
                self.execution = self.execution.but(lock=None)
            else:
                self._taken = self.scope.text(node)
                self.execution = self.execution.but(lock=self._taken)
                handle = self._opened_by(calls.handle_node(node.args[0])) if node.args else None
                start = handle.opened if handle is not None else None
                for at, fact in enumerate(self.facts):
                    if isinstance(fact, Append) and fact.place.span.start == start:
                        self.facts[at] = replace(fact, execution=self.execution)  # nothing is written before
            return
        if not isinstance(node.func, ast.Attribute):
            return
        receiver = node.func.value
        kept = self.keeps_lock(dotted(node.func))
        if kept is not None:
            self.execution = self.execution.but(lock=self.scope.text(node) if kept else None)
            return
        method = _LOCK_METHOD.fullmatch(node.func.attr)
        if method is not None and f".un{method['lock']}(" in self.scope.source.text:
            held = None if method["un"] else self.scope.text(node)  # `self.lockdb()`, `self.unlockdb()`
            self.execution = self.execution.but(lock=held)
            return
        if node.func.attr not in {"acquire", "release"}:
            return
        made = " ".join(hole.text for hole in lower(receiver, self.scope).pattern.holes)
        if not set(words_of(self.scope.text(receiver) + " " + made)) & _LOCK_WORDS:
            return
        if node.func.attr == "release":
            self.execution = self.execution.but(lock=None, thread_lock=None)
        else:
            self._hold(receiver)

    def _ask_running(self, node: ast.Call, name: str) -> None:
        """`os.kill(pid, 0)`, `psutil.pid_exists(pid)`: is it alive?"""
        args = [arg.value for arg in arguments(node)]
        if name == "os.kill" and len(args) == 2 and isinstance(args[1], ast.Constant) and args[1].value == 0:
            by = "os.kill(pid, 0)"
        elif name in {"psutil.pid_exists", "psutil.Process"} and args:
            by = name
        else:
            return
        code = self.scope.text(args[0]) + " ".join(
            hole.text for hole in lower(args[0], self.scope).pattern.holes
        )
        self._ask_by_pid(node, code, by)

    def _ask_by_pid(self, node: ast.Call, code: str, by: str) -> None:
        if re.search(r"\.pid\b|getpid|getppid", code):
            return  # a process that this one has started, or itself
        self.facts.append(Running(self.scope.place(node), by, self.execution, "leaves", "python"))

    def _keep(self, fact: Act | Glob | Lock) -> None:
        if isinstance(fact, Lock):
            self.facts.append(fact)
            return
        if isinstance(fact, Glob):
            at_hand = self.parameters | self.execution.loop_variables
            self._globs.add(replace(fact, scope=at_hand - _absent(self.execution.conditions)))
            return
        near = self._is_near_handler(fact)
        if fact.tolerates_missing is None and self.tolerance is not None and near:
            fact = replace(fact, tolerates_missing=self.tolerance)
        if fact.tolerates_existing is None and self.tolerance_existing is not None and near:
            fact = replace(fact, tolerates_existing=self.tolerance_existing)
        if isinstance(fact, Read) and self.tolerates_broken:
            fact = replace(fact, tolerates_broken=True)
        guards = tuple(
            self._guard(active, fact)
            for active in reversed(self.guards)
            if active.asked.check.path.same_object(fact.path)
        )
        if guards:
            fact = replace(fact, guards=guards)
        if isinstance(fact, Write | Create | Append | Replace):
            self.guards = [g for g in self.guards if not g.asked.check.path.same_object(fact.path)]
        if fact.loop_item is not None:
            kind = {"Delete": "delete", "Replace": "move"}.get(type(fact).__name__, "read")
            if isinstance(fact, Delete) and fact.what == "moved":
                kind = "move"
            self._globs.note(fact.loop_item, kind, fact.place)
        if isinstance(fact, Replace) and fact.origin is not None:
            fact = self._moved(fact)
        self.facts.append(fact)

    def _is_near_handler(self, act: Act) -> bool:
        """Whether a handler may be meant for this act: it names the error, or little else is lost with it."""
        if self.broad_until is None or self.tolerance == "suppress":
            return True
        return self.scope.source.text.count("\n", act.place.span.end, self.broad_until) <= _NEAR

    def _moved(self, move: Replace) -> Replace:
        written: Act | None = None
        last = 0
        for at, fact in enumerate(self.facts):
            if not isinstance(fact, Write | Create) or move.origin is None:
                continue
            if fact.path.same_object(move.origin) or _same_file(fact.path, move.origin):
                written, last = fact, at
                if isinstance(fact, Write) and (move.atomic or fact.path.is_unique):
                    self.facts[at] = replace(fact, moved_to=move.path)
        if written is None:
            return move
        uses = tuple(self._uses.get(written.place.span.start, ()))
        return replace(move, written=written.place, written_through=uses, synced=self._syncs > last)

    def _guard(self, active: Active, act: Act | None) -> Guard:
        sole = (
            act is not None
            and active.act is not None
            and self.scope.span(_bare(active.act)) == act.place.span
        )
        return Guard(
            active.asked.check,
            active.asked.holds,
            active.shape,
            self.scope.place(active.statement),
            sole=sole,
            only_check=active.asked.alone,
            certain=active.asked.certain,
            leaving=active.leaving,
        )

    # --- globs -----------------------------------------------------------------------------------------------------

    def _collect(self, node: ast.Call, written: str) -> None:
        """In a loop over a glob: the content of one file after the other goes into one collection or one file."""
        name, _, method = written.rpartition(".")
        if not self.execution.loops or method not in COLLECTING or not node.args:
            return
        glob = content_of(node.args[0], self.scope, bare=method in {"writelines", "copyfileobj"})
        if glob is None:
            return
        if method == "append":
            known = self.scope.variables.get(name)
            if known is not None and known.glob is None:
                self.scope.set(name, replace(known, glob=glob))
            return
        target = node.args[1] if method == "copyfileobj" and len(node.args) > 1 else None
        if isinstance(node.func, ast.Attribute) and method != "copyfileobj":
            target = node.func.value
        if method not in {"extend", "update"}:
            handle = self._opened_by(target) if target is not None else None
            start = handle.opened if handle is not None else None
            if start is None or self._depths.get(start, 0) >= len(self.execution.loops):
                return  # another file each time
        self._globs.note(glob, "merge", self.scope.place(node))

    def finish(self) -> list[object]:
        """All facts, with what has become known of the globs."""
        self.facts = self._globs.finished()
        for index, opened in enumerate(self.facts):
            if isinstance(opened, Write | Append) and (found := self._uses.get(opened.place.span.start)):
                self.facts[index] = replace(opened, uses=tuple(found))
        return self.facts

    def asked_by(self, node: ast.expr) -> list[tuple[Check, bool]]:
        """The checks that decide an expression, with what they say when it is true."""
        return [(a.check, a.holds) for a in self._asked(node) if a.certain]

    # --- conditions ------------------------------------------------------------------------------------------------

    def _asked(self, node: ast.expr) -> list[Asked]:
        """The checks that must have the given outcome for a condition to be true."""
        match node:
            case ast.Call():
                check = calls.check_of(
                    node, self.scope.resolve(dotted(node.func)), self.scope, self.execution
                )
                return [Asked(check, True, True)] if check is not None else self._asked_by_helper(node)
            case ast.Await(value=inner):
                return self._asked(inner)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                asked = self._asked(inner)
                return (
                    [Asked(asked[0].check, not asked[0].holds, True)]
                    if len(asked) == 1 and asked[0].alone
                    else []
                )
            case ast.BoolOp(op=ast.And(), values=values):
                return self._all_asked(values)
            case ast.BoolOp(op=ast.Or(), values=values):
                return asked_either_way([self._asked(value) for value in values])
            case ast.Attribute(value=ast.Name(id="self")):
                return self._asked_by_helper(node)
            case ast.Name(id=name):
                known = self.scope.variables.get(name)
                return [a for a in known.checks if isinstance(a, Asked)] if known is not None else []
            case ast.NamedExpr(value=value):
                return self._asked(value)
            case ast.Compare(
                left=left, ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=bool(said))]
            ):
                return [replace(a, holds=a.holds is said) for a in self._asked(left) if a.alone]
            case ast.Compare(left=left, ops=[ast.In()], comparators=[ast.Call() as call]):
                return self._listed(node, left, call)
        return []

    def _asked_by_helper(self, node: ast.Call | ast.Attribute) -> list[Asked]:
        """What a function or property of the file asks."""
        if self.helper_checks is None:
            return []
        known = self.helper_checks(node, self.scope)
        return [Asked(helper, holds, len(known) == 1) for helper, holds in known]

    def _refuted(self, node: ast.expr) -> list[Asked]:
        """What the checks have said where a condition is false; uncertain ones where another part may be the reason."""
        match node:
            case ast.BoolOp(values=values):
                certain = isinstance(node.op, ast.Or)
                parts = [a for value in values for a in self._refuted(value)]
                return [replace(a, alone=False, certain=a.certain and certain) for a in parts]
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return self._asked(inner)
        return [replace(a, holds=not a.holds) for a in self._asked(node) if a.alone]

    def _listed(self, node: ast.Compare, left: ast.expr, call: ast.Call) -> list[Asked]:
        if self.scope.resolve(dotted(call.func)) not in {"os.listdir", "listdir"}:
            return []
        path = lower(left, self.scope).pattern
        folder = lower(call.args[0], self.scope).pattern if call.args else path
        if call.args and folder.text not in {".", "./"}:
            path = folder.joined(path)
        place = self.scope.place(node)
        return [
            Asked(
                Check(place, path, place, self.execution, "os.listdir", "python", test="listed"), True, True
            )
        ]


def _condition_of(pattern: ast.pattern, subject: str) -> str:
    """What a `case` asks of the subject of a `match`, where that is one text."""
    match pattern:
        case ast.MatchValue(value=ast.Constant(value=str(text))):
            return f'{subject} == "{text}"'
    return ""


def _same_file(one: PathPattern, other: PathPattern) -> bool:
    """Whether two paths are made by the same call of `tempfile`, in whatever way it was spelled afterwards."""
    return bool(one.parts) and one.parts == other.parts


def _elif(node: ast.If) -> ast.If | None:
    """The `elif` that follows: an `if` which stands in the column of its `if`."""
    match node.orelse:
        case [ast.If() as other] if other.col_offset == node.col_offset:
            return other
    return None


def _only_expression(body: Sequence[ast.stmt]) -> ast.expr | None:
    match body:
        case [ast.Expr(value=value)]:
            return value
    return None


def _bare(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Await) else node


def _is_of_own_files(iterated: Value) -> bool:
    """Whether a loop goes over names that no other process can have."""
    if iterated.elements:
        return all(element.value.pattern.is_unique for element in iterated.elements)
    return iterated.pattern.is_unique


def _target_names(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Tuple | ast.List):
        return [name for element in node.elts for name in _target_names(element)]
    name = dotted(node)
    return [name] if name else []


def _assigned(body: Sequence[ast.stmt]) -> set[str]:
    """Every name that is set somewhere in the code."""
    found: set[str] = set()
    stack = list(body)
    while stack:
        inner = stack.pop()
        if isinstance(inner, ast.Assign):
            found.update(name for target in inner.targets for name in _target_names(target))
        elif isinstance(inner, ast.AnnAssign | ast.AugAssign):
            found.update(_target_names(inner.target))
        elif not isinstance(inner, nodes.Function):
            stack.extend(nodes.statements(inner))
    return found


def _absent(conditions: Iterable[str]) -> frozenset[str]:
    """The names that hold nothing here, by what has decided that the code is reached (`not name`, `name is None`)."""
    found = (_NOTHING.fullmatch(condition) for condition in conditions)
    return frozenset(next(name for name in match.groups() if name) for match in found if match)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _literal_values(value: Value) -> tuple[str, ...] | None:
    if value.elements is None:
        return None
    texts = [element.value.pattern.text for element in value.elements]
    return tuple(text for text in texts if text is not None) if None not in texts else None


def all_parameters(node: nodes.Function) -> list[ast.arg]:
    """All parameters of a function, in order."""
    a = node.args
    stars = [star for star in (a.vararg, a.kwarg) if star is not None]
    return [*a.posonlyargs, *a.args, *a.kwonlyargs, *stars]


def is_path_annotation(node: ast.expr | None, scope: Scope) -> bool:
    """Whether an annotation says `Path`, perhaps optional."""
    if node is None:
        return False
    match node:
        case ast.Name() | ast.Attribute():
            return scope.resolve(dotted(node)) in PATH_CLASSES
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return is_path_annotation(left, scope) or is_path_annotation(right, scope)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return is_path_annotation(inner, scope)
        case ast.Constant(value=str(text)):
            return "Path" in text
    return False


def _status(node: ast.Call) -> str:
    """What becomes of the exit status: `check=True` raises."""
    return "exits" if is_constant(keyword(node, "check"), True) else "ignored"
