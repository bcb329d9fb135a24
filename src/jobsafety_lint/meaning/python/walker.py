"""Walks the statements of a unit in order and gathers facts: what is known, what has been checked, who catches what."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import libcst as cst

from jobsafety_lint.meaning.commands import Condition
from jobsafety_lint.meaning.execution import Execution, Loop
from jobsafety_lint.meaning.files import Act, Check, Glob, Guard, Replace, Write
from jobsafety_lint.meaning.paths import PathPattern, words_of
from jobsafety_lint.meaning.python import calls
from jobsafety_lint.meaning.python.values import (
    PATH_CLASSES,
    Element,
    Scope,
    Value,
    dotted,
    keyword,
    lower,
    names_in,
)
from jobsafety_lint.source import Hole, Place

_CATCHES_MISSING = frozenset(
    {"FileNotFoundError", "OSError", "IOError", "EnvironmentError", "Exception", "BaseException", "os.error"}
)
_CATCHES_FAILURE = frozenset(
    {
        "subprocess.CalledProcessError",
        "CalledProcessError",
        "subprocess.SubprocessError",
        "Exception",
        "BaseException",
    }
)
_PASSING = frozenset({"int", "str", "json.loads", "float"})
"""Functions that hand on what they are given, as far as a program's output goes."""
_PASSING_METHODS = frozenset(
    {"strip", "rstrip", "decode", "split", "splitlines", "communicate", "read", "stdout"}
)
_LEAVING = frozenset({"sys.exit", "exit", "quit", "os._exit"})
_LOCK_WORDS = frozenset({"lock", "filelock", "flock", "mutex", "semaphore", "locked", "lockfile", "rlock"})
_IN_PROCESS = re.compile(r"[\w.]*(?:Lock|Semaphore|Condition)\(\)")

CommandCall = Callable[[cst.Call, str, Scope, Execution, str, frozenset[str]], bool]


@dataclass(frozen=True, eq=False)
class Asked:
    """A check inside a condition: `holds` is what it must say for the condition to be true; `alone` if it is all."""

    check: Check
    holds: bool
    alone: bool


@dataclass(frozen=True, eq=False)
class Active:
    """A check that has decided that the code at hand is reached."""

    asked: Asked
    shape: str
    statement: cst.CSTNode
    act: cst.BaseExpression | None = None


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
    failure: str | None = None
    """What becomes of a program's failure that is raised here, where somebody catches it: `branch`, `masked`."""
    returned: list[tuple[cst.BaseExpression, Value]] = field(default_factory=list)
    named: list[tuple[cst.BaseExpression, Value, str, Execution]] = field(default_factory=list)
    """Expressions that were assigned: with their value, the variable, and the circumstances."""
    local_calls: list[tuple[cst.Call, str, Scope, Execution]] = field(default_factory=list)
    _glob_uses: dict[int, list[tuple[str, Place]]] = field(default_factory=dict)
    _globs: dict[int, int] = field(default_factory=dict)
    _filters: dict[int, set[str]] = field(default_factory=dict)

    # --- statements ------------------------------------------------------------------------------------------------

    def block(self, statements: Iterable[cst.BaseStatement | cst.BaseSmallStatement]) -> None:
        """Walks statements in order; what early exits have ruled out counts for the rest."""
        entered = len(self.guards)
        for statement in statements:
            self.statement(statement)
        del self.guards[entered:]

    def statement(self, node: cst.BaseStatement | cst.BaseSmallStatement) -> None:
        """Walks one statement."""
        match node:
            case cst.SimpleStatementLine(body=body):
                for small in body:
                    self.statement(small)
            case cst.Expr(value=value):
                self.expression(value, statement=node)
            case cst.Assign(targets=targets, value=value):
                self._assign([target.target for target in targets], value)
            case cst.AnnAssign(target=target, value=value, annotation=annotation):
                if value is not None:
                    self._assign(
                        [target], value, pathlike=is_path_annotation(annotation.annotation, self.scope)
                    )
            case cst.AugAssign(target=target, value=value):
                self.expression(value)
                name = dotted(target)
                known = self.scope.variables.get(name)
                added = lower(value, self.scope)
                if known is not None and known.elements is not None and added.elements is not None:
                    self.scope.assign(name, replace(known, elements=(*known.elements, *added.elements)))
                elif name:
                    self.scope.forget(name)
            case cst.Return(value=value):
                if value is not None:
                    self.expression(value, statement=node)
                    self.returned.append((value, lower(value, self.scope)))
            case cst.If():
                self._if(node)
            case cst.For():
                self._for(node)
            case cst.While():
                self._while(node)
            case cst.Try() | cst.TryStar():
                self._try(node)
            case cst.With():
                self._with(node)
            case cst.FunctionDef():
                self._inner_function(node)
            case cst.Assert(test=test):
                self.expression(test)
            case cst.Raise(exc=exc):
                if exc is not None:
                    self.expression(exc)
            case cst.Match(subject=subject, cases=cases):
                self.expression(subject)
                outcomes = [self.scope.copy()]
                for case in cases:
                    outcomes.append(self._branch(case.body))
                self.scope.join(*outcomes)

    def _branch(self, body: cst.BaseSuite, guards: Sequence[Active] = ()) -> Scope:
        """Walks a branch in a scope of its own and returns that."""
        outer, self.scope = self.scope, self.scope.copy()
        entered = len(self.guards)
        self.guards += guards
        self.block(_statements(body))
        del self.guards[entered:]
        inner, self.scope = self.scope, outer
        return inner

    def _assign(
        self, targets: Sequence[cst.BaseExpression], value_node: cst.BaseExpression, *, pathlike: bool = False
    ) -> None:
        before = len(self.facts)
        outputs = frozenset(name for target in targets for name in _target_names(target))
        self.expression(value_node, output_to=outputs)
        value = lower(value_node, self.scope)
        value = self._result_of(value_node, value, before)
        if pathlike:
            value = replace(value, pathlike=True)
        for target in targets:
            if isinstance(target, cst.Tuple):
                self._unpack(target, value, value_node)
                continue
            name = dotted(target)
            if name:
                self.named.append((value_node, value, name, self.execution))
                self.scope.assign(name, value)

    def _unpack(self, target: cst.Tuple, value: Value, node: cst.BaseExpression) -> None:
        names = [dotted(element.value) for element in target.elements]
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

    def _result_of(self, node: cst.BaseExpression, value: Value, before: int) -> Value:
        """What an expression stands for beyond its text: the result of a glob, a list of a glob's items, a check."""
        asked = self._asked(node)
        if asked and isinstance(node, cst.Call | cst.UnaryOperation | cst.BooleanOperation | cst.Await):
            return replace(value, checks=tuple(asked))
        for fact in self.facts[before:]:
            if isinstance(fact, Glob):
                return replace(value, glob=fact)
        if isinstance(node, cst.ListComp | cst.GeneratorExp | cst.SetComp):
            source = lower(node.for_in.iter, self.scope)
            if source.glob is not None and value.glob is None:
                return replace(value, glob=source.glob)
        return value

    def _if(self, node: cst.If) -> None:
        self.expression(node.test)
        names = names_in(node.test, self.scope) | _raw_names(node.test)
        if names:
            self.facts.append(Condition(self.scope.place(node.test), names))
        asked = self._asked(node.test)
        only = _only_expression(node.body) if node.orelse is None else None
        outcomes: list[Scope] = []
        self._filter_names(node.test)
        inner = self._branch(node.body, [Active(a, "if", node, only) for a in asked])
        if not leaves(node.body):
            outcomes.append(inner)
        refuted: list[Active] = []
        if len(asked) == 1 and asked[0].alone:
            no = Asked(asked[0].check, not asked[0].holds, True)
            refuted = [Active(no, "else", node)]
        if node.orelse is None:
            outcomes.append(self.scope.copy())
        elif isinstance(node.orelse, cst.If):
            outer, self.scope = self.scope, self.scope.copy()
            entered = len(self.guards)
            self.guards += refuted
            self._if(node.orelse)
            del self.guards[entered:]
            other, self.scope = self.scope, outer
            outcomes.append(other)
        else:
            other = self._branch(node.orelse.body, refuted)
            if not leaves(node.orelse.body):
                outcomes.append(other)
        self.scope.join(*outcomes)
        if node.orelse is None and leaves(node.body):
            self.guards += [replace_shape(active, "early-exit") for active in refuted]

    def _for(self, node: cst.For) -> None:
        self.expression(node.iter)
        iterated = lower(node.iter, self.scope)
        before = len(self.facts)
        iterated = self._result_of(node.iter, iterated, before)
        glob = iterated.glob or self._last_glob(node.iter)
        names = _target_names(node.target)
        for name in _assigned(node.body):
            if name in self.scope.variables:
                self.scope.forget(name)
        for name in names:
            self.scope.bind(name, pathlike=glob is not None and glob.by.startswith("Path"), glob=glob)
        loop = Loop("for", self.scope.place(node.target), tuple(names), _literal_values(iterated))
        self._looped(loop, node.body)
        if node.orelse is not None:
            self.block(_statements(node.orelse.body))

    def _last_glob(self, node: cst.BaseExpression) -> Glob | None:
        span = self.scope.unit.span(node)
        for fact in reversed(self.facts):
            if (
                isinstance(fact, Glob)
                and span.start <= fact.place.span.start
                and fact.place.span.end <= span.end
            ):
                return fact
        return None

    def _looped(self, loop: Loop, body: cst.BaseSuite, guards: Sequence[Active] = ()) -> None:
        outer = self.execution
        self.execution = outer.but(loops=(*outer.loops, loop))
        inner = self._branch(body, guards)
        self.execution = outer
        self.scope.join(self.scope.copy(), inner)

    def _while(self, node: cst.While) -> None:
        for name in _assigned(node.body):
            if name in self.scope.variables:
                self.scope.forget(name)
        self.expression(node.test)
        only = _only_expression(node.body)
        guards = [Active(a, "while", node, only) for a in self._asked(node.test)]
        self._looped(Loop("while", self.scope.place(node.test)), node.body, guards)

    def _try(self, node: cst.Try | cst.TryStar) -> None:
        catches = any(_catches_missing(handler, self.scope) for handler in node.handlers)
        outer, outer_failure = self.tolerance, self.failure
        if catches:
            self.tolerance = "handler"
        if any(h.type is None or _names(h.type, self.scope, _CATCHES_FAILURE) for h in node.handlers):
            self.failure = "branch"
        self.block(_statements(node.body))
        self.tolerance, self.failure = outer, outer_failure
        outcomes = [self.scope.copy()]
        for handler in node.handlers:
            inner = self._branch(handler.body)
            if not leaves(handler.body):
                outcomes.append(inner)
        self.scope.join(*outcomes)
        if node.orelse is not None:
            self.block(_statements(node.orelse.body))
        if node.finalbody is not None:
            self.block(_statements(node.finalbody.body))

    def _with(self, node: cst.With) -> None:
        outer_execution, outer_tolerance, outer_failure = self.execution, self.tolerance, self.failure
        for item in node.items:
            before = len(self.facts)
            self.expression(item.item)
            self._enter(item, before)
        self.block(_statements(node.body))
        self.execution, self.tolerance, self.failure = outer_execution, outer_tolerance, outer_failure

    def _is_in_process(self, lock: cst.BaseExpression) -> bool:
        """Whether a lock is made without the path of a file: it holds threads off, but no other process."""
        made = " ".join(hole.text for hole in lower(lock, self.scope).pattern.holes)
        return _IN_PROCESS.fullmatch(made) is not None

    def _enter(self, item: cst.WithItem, before: int) -> None:
        call = item.item.expression if isinstance(item.item, cst.Await) else item.item
        name = self.scope.resolve(dotted(call.func if isinstance(call, cst.Call) else call))
        if name in {"contextlib.suppress", "suppress"} and isinstance(call, cst.Call):
            if any(_names_missing(arg.value, self.scope) for arg in call.args):
                self.tolerance = "suppress"
            if any(_names(arg.value, self.scope, _CATCHES_FAILURE) for arg in call.args):
                self.failure = "masked"
        elif name.endswith(".cd") and isinstance(call, cst.Call) and call.args:
            self.execution = self.execution.but(cwd=lower(call.args[0].value, self.scope).pattern)
        elif set(words_of(name)) & _LOCK_WORDS and not self._is_in_process(call):
            self.execution = self.execution.but(lock=self.scope.text(call))
        if item.asname is None:
            return
        value = lower(item.item, self.scope)
        opened = [f for f in self.facts[before:] if isinstance(f, Act)]
        if opened:
            inner = Value(opened[-1].path)
            value = Value(opened[-1].path, handle_of=inner)
        for target in _target_names(item.asname.name):
            self.scope.assign(target, value)

    def _inner_function(self, node: cst.FunctionDef) -> None:
        outer, self.scope = self.scope, self.scope.copy()
        guards, self.guards = self.guards, []
        tolerance, self.tolerance = self.tolerance, None
        failure, self.failure = self.failure, None
        returned = len(self.returned)
        for parameter in all_parameters(node):
            annotation = parameter.annotation.annotation if parameter.annotation else None
            self.scope.bind(parameter.name.value, pathlike=is_path_annotation(annotation, self.scope))
        self.block(_statements(node.body))
        del self.returned[returned:]
        self.scope, self.guards, self.tolerance, self.failure = outer, guards, tolerance, failure

    # --- expressions -----------------------------------------------------------------------------------------------

    def expression(
        self,
        node: cst.BaseExpression,
        *,
        statement: cst.CSTNode | None = None,
        output_to: frozenset[str] = frozenset(),
    ) -> None:
        """Walks an expression: calls become facts, `and`, `… if …` and comprehensions guard what follows."""
        match node:
            case cst.BooleanOperation(left=left, right=right, operator=operator):
                self.expression(left)
                asked = self._asked(left)
                if isinstance(operator, cst.Or):
                    one = len(asked) == 1 and asked[0].alone
                    asked = [Asked(a.check, not a.holds, True) for a in asked] if one else []
                act = right if statement is not None else None
                entered = len(self.guards)
                whole = statement if statement is not None else node
                self.guards += [Active(a, "and", whole, act) for a in asked]
                self.expression(right)
                del self.guards[entered:]
            case cst.IfExp(test=test, body=body, orelse=other):
                self.expression(test)
                asked = self._asked(test)
                entered = len(self.guards)
                self.guards += [Active(a, "ternary", node) for a in asked]
                self.expression(body)
                del self.guards[entered:]
                if len(asked) == 1 and asked[0].alone:
                    self.guards.append(
                        Active(Asked(asked[0].check, not asked[0].holds, True), "ternary", node)
                    )
                self.expression(other)
                del self.guards[entered:]
            case cst.ListComp() | cst.GeneratorExp() | cst.SetComp() | cst.DictComp():
                self._comprehension(node)
            case cst.Lambda(body=body):
                self.expression(body)
            case cst.Call():
                self._call(node, output_to)
            case cst.Await(expression=inner):
                self.expression(inner, statement=statement, output_to=output_to)
            case cst.NamedExpr(target=target, value=value):
                self.expression(value)
                name = dotted(target)
                if name:
                    self.scope.assign(name, lower(value, self.scope))
            case cst.SimpleString() | cst.Name() | cst.Integer():
                pass
            case cst.Attribute(value=value):
                self.expression(value, output_to=output_to)
            case _:
                for child in node.children:
                    self._children(child)

    def _children(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.BaseExpression):
            self.expression(node)
        else:
            for child in node.children:
                self._children(child)

    def _comprehension(self, node: cst.ListComp | cst.GeneratorExp | cst.SetComp | cst.DictComp) -> None:
        outer_scope, self.scope = self.scope, self.scope.copy()
        outer_execution = self.execution
        entered = len(self.guards)
        part: cst.CompFor | None = node.for_in
        while part is not None:
            self.expression(part.iter)
            iterated = lower(part.iter, self.scope)
            glob = iterated.glob or self._last_glob(part.iter)
            names = _target_names(part.target)
            for name in names:
                self.scope.bind(name, pathlike=glob is not None and glob.by.startswith("Path"), glob=glob)
            loop = Loop("comprehension", self.scope.place(part.target), tuple(names))
            self.execution = self.execution.but(loops=(*self.execution.loops, loop))
            for condition in part.ifs:
                self.expression(condition.test)
                self._filter_names(condition.test)
                self.guards += [Active(a, "comprehension", node) for a in self._asked(condition.test)]
            part = part.inner_for_in
        if isinstance(node, cst.DictComp):
            self.expression(node.key)
            self.expression(node.value)
        else:
            self.expression(node.elt)
        del self.guards[entered:]
        self.scope, self.execution = outer_scope, outer_execution

    def _call(self, node: cst.Call, output_to: frozenset[str]) -> None:
        if isinstance(node.func, cst.Attribute):
            passes = output_to if node.func.attr.value in _PASSING_METHODS else frozenset[str]()
            self.expression(node.func.value, output_to=passes)
        passes = output_to if dotted(node.func) in _PASSING else frozenset()
        for arg in node.args:
            self.expression(arg.value, output_to=passes)
        written = dotted(node.func)
        name = self.scope.resolve(written)
        check = calls.check_of(node, name, self.scope, self.execution)
        if check is not None:
            self.facts.append(check)
            return
        for found in calls.facts_of(node, name, self.scope, self.execution):
            self._keep(found.fact)
        self._use_globs(node, written)
        self._build_list(node, written)
        status = _status(node) if self.failure is None else self.failure
        if self.command_call(node, name, self.scope, self.execution, status, output_to):
            return
        self.local_calls.append((node, written, self.scope.copy(), self.execution))

    def _build_list(self, node: cst.Call, written: str) -> None:
        """`cmd.append(x)`, `cmd.extend([…])` on a list that is known."""
        name, _, method = written.rpartition(".")
        known = self.scope.variables.get(name)
        if known is None or known.elements is None or not node.args:
            return
        value = lower(node.args[0].value, self.scope)
        if method == "append":
            self.scope.variables[name] = replace(
                known, elements=(*known.elements, Element(node.args[0].value, value))
            )
        elif method == "extend":
            added = (
                value.elements if value.elements is not None else (Element(node.args[0].value, value, True),)
            )
            self.scope.variables[name] = replace(known, elements=(*known.elements, *added))

    def _keep(self, fact: Act | Glob) -> None:
        if isinstance(fact, Glob):
            self._globs[id(fact)] = len(self.facts)
            self.facts.append(replace(fact, scope=self.parameters | self.execution.loop_variables))
            self._glob_uses[len(self.facts) - 1] = []
            return
        if fact.tolerates_missing is None and self.tolerance is not None:
            fact = replace(fact, tolerates_missing=self.tolerance)
        guards = tuple(
            self._guard(active, fact)
            for active in reversed(self.guards)
            if active.asked.check.path.same_object(fact.path)
        )
        if guards:
            fact = replace(fact, guards=guards)
        if isinstance(fact, Write):
            self.guards = [g for g in self.guards if not g.asked.check.path.same_object(fact.path)]
        if fact.loop_item is not None:
            self._note_use(
                fact.loop_item,
                {"Delete": "delete", "Replace": "move", "Read": "read"}.get(type(fact).__name__, "read"),
                fact.place,
            )
        if isinstance(fact, Replace) and fact.origin is not None:
            self._moved(fact)
        self.facts.append(fact)

    def _moved(self, move: Replace) -> None:
        for at, fact in enumerate(self.facts):
            if isinstance(fact, Write) and move.origin is not None and fact.path.same_object(move.origin):
                self.facts[at] = replace(fact, moved_to=move.path)

    def _guard(self, active: Active, act: Act) -> Guard:
        sole = active.act is not None and self.scope.unit.span(_bare(active.act)) == act.place.span
        return Guard(
            active.asked.check,
            active.asked.holds,
            active.shape,
            self.scope.place(active.statement),
            sole=sole,
            only_check=active.asked.alone,
        )

    # --- globs -----------------------------------------------------------------------------------------------------

    def _note_use(self, glob: Glob, kind: str, place: Place) -> None:
        for at, uses in self._glob_uses.items():
            fact = self.facts[at]
            if isinstance(fact, Glob) and fact.place.span == glob.place.span:
                uses.append((kind, place))

    def _use_globs(self, node: cst.Call, written: str) -> None:
        """A glob's result, or a list of what was read from it, that is given to a function which joins."""
        last = written.rpartition(".")[2]
        if last in calls.MERGERS:
            kind = "merge"
        elif last in calls.READERS:
            kind = "read"
        elif last == "len":
            kind = "count"
        else:
            return
        span = self.scope.unit.span(node)
        for at in list(self._glob_uses):
            fact = self.facts[at]
            if (
                isinstance(fact, Glob)
                and span.start <= fact.place.span.start
                and fact.place.span.end <= span.end
            ):
                self._glob_uses[at].append((kind, self.scope.place(node)))
        for arg in node.args:
            for name in _raw_names(arg.value):
                known = self.scope.variables.get(name)
                if known is not None and known.glob is not None:
                    several = kind == "merge" or (
                        kind == "read" and isinstance(arg.value, cst.Name) and not self.execution.loops
                    )
                    self._note_use(known.glob, "merge" if several else kind, self.scope.place(node))

    def _filter_names(self, test: cst.BaseExpression) -> None:
        names = _raw_names(test)
        items = {n for n in names if (v := self.scope.variables.get(n)) is not None and v.glob is not None}
        for item in items:
            glob = self.scope.variables[item].glob
            for at in self._glob_uses:
                fact = self.facts[at]
                if isinstance(fact, Glob) and glob is not None and fact.place.span == glob.place.span:
                    self._filters.setdefault(at, set()).update(names - {item})

    def finish(self) -> list[object]:
        """All facts, with what has become known of the globs."""
        for at, uses in self._glob_uses.items():
            fact = self.facts[at]
            assert isinstance(fact, Glob)
            self.facts[at] = replace(
                fact, uses=(*fact.uses, *uses), filtered_by=frozenset(self._filters.get(at, ()))
            )
        return self.facts

    # --- conditions ------------------------------------------------------------------------------------------------

    def _asked(self, node: cst.BaseExpression) -> list[Asked]:
        """The checks that must have the given outcome for a condition to be true."""
        match node:
            case cst.Call():
                check = calls.check_of(
                    node, self.scope.resolve(dotted(node.func)), self.scope, self.execution
                )
                return [Asked(check, True, True)] if check is not None else []
            case cst.Await(expression=inner):
                return self._asked(inner)
            case cst.UnaryOperation(operator=cst.Not(), expression=inner):
                asked = self._asked(inner)
                return (
                    [Asked(asked[0].check, not asked[0].holds, True)]
                    if len(asked) == 1 and asked[0].alone
                    else []
                )
            case cst.BooleanOperation(left=left, operator=cst.And(), right=right):
                return [Asked(a.check, a.holds, False) for a in (*self._asked(left), *self._asked(right))]
            case cst.Name(value=name):
                known = self.scope.variables.get(name)
                return [a for a in known.checks if isinstance(a, Asked)] if known is not None else []
            case cst.NamedExpr(value=value):
                return self._asked(value)
            case cst.Comparison(
                left=left,
                comparisons=[cst.ComparisonTarget(operator=cst.In(), comparator=cst.Call() as call)],
            ):
                return self._listed(node, left, call)
        return []

    def _listed(self, node: cst.Comparison, left: cst.BaseExpression, call: cst.Call) -> list[Asked]:
        if self.scope.resolve(dotted(call.func)) != "os.listdir" or not call.args:
            return []
        folder = lower(call.args[0].value, self.scope).pattern
        path = folder.joined(lower(left, self.scope).pattern)
        place = self.scope.place(node)
        return [
            Asked(
                Check(place, path, place, self.execution, "os.listdir", "python", test="listed"), True, True
            )
        ]


def replace_shape(active: Active, shape: str) -> Active:
    """The same check, reached in another way."""
    return replace(active, shape=shape)


def _statements(body: cst.BaseSuite) -> Sequence[cst.BaseStatement | cst.BaseSmallStatement]:
    return body.body


def _only_expression(body: cst.BaseSuite) -> cst.BaseExpression | None:
    statements = list(body.body)
    if len(statements) != 1:
        return None
    only = statements[0]
    if isinstance(only, cst.SimpleStatementLine):
        if len(only.body) != 1:
            return None
        only = only.body[0]
    return only.value if isinstance(only, cst.Expr) else None


def _bare(node: cst.BaseExpression) -> cst.BaseExpression:
    return node.expression if isinstance(node, cst.Await) else node


def leaves(body: cst.BaseSuite) -> bool:
    """Whether what follows the block is not reached from its end."""
    statements = list(body.body)
    if not statements:
        return False
    last = statements[-1]
    if isinstance(last, cst.SimpleStatementLine):
        small = last.body[-1]
        if isinstance(small, cst.Return | cst.Raise | cst.Continue | cst.Break):
            return True
        return (
            isinstance(small, cst.Expr)
            and isinstance(small.value, cst.Call)
            and dotted(small.value.func) in _LEAVING
        )
    return isinstance(last, cst.Return | cst.Raise | cst.Continue | cst.Break)


def _catches_missing(handler: cst.ExceptHandler | cst.ExceptStarHandler, scope: Scope) -> bool:
    if handler.type is None:
        return True
    if not _names_missing(handler.type, scope):
        return False
    last = _statements(handler.body)
    only = last[0] if len(last) == 1 else None
    if isinstance(only, cst.SimpleStatementLine) and len(only.body) == 1:
        raised = only.body[0]
        return not (isinstance(raised, cst.Raise) and raised.exc is None)
    return True


def _names_missing(node: cst.BaseExpression, scope: Scope) -> bool:
    return _names(node, scope, _CATCHES_MISSING)


def _names(node: cst.BaseExpression, scope: Scope, wanted: frozenset[str]) -> bool:
    """Whether one of the exceptions that an expression names is among the wanted ones."""
    if isinstance(node, cst.Tuple):
        return any(_names(element.value, scope, wanted) for element in node.elements)
    return scope.resolve(dotted(node)) in wanted


def _target_names(node: cst.BaseExpression) -> list[str]:
    if isinstance(node, cst.Tuple | cst.List):
        return [name for element in node.elements for name in _target_names(element.value)]
    name = dotted(node)
    return [name] if name else []


def _raw_names(node: cst.CSTNode) -> frozenset[str]:
    found: set[str] = set()
    stack = [node]
    while stack:
        inner = stack.pop()
        if isinstance(inner, cst.Name):
            found.add(inner.value)
        elif isinstance(inner, cst.Attribute):
            stack.append(inner.value)
        else:
            stack.extend(inner.children)
    return frozenset(found)


def _assigned(node: cst.CSTNode) -> set[str]:
    """Every name that is set somewhere in the code."""
    found: set[str] = set()
    stack = [node]
    while stack:
        inner = stack.pop()
        if isinstance(inner, cst.Assign):
            found.update(name for target in inner.targets for name in _target_names(target.target))
        elif isinstance(inner, cst.AnnAssign | cst.AugAssign):
            found.update(_target_names(inner.target))
        stack.extend(inner.children)
    return found


def _literal_values(value: Value) -> tuple[str, ...] | None:
    if value.elements is None:
        return None
    texts = [element.value.pattern.text for element in value.elements]
    return tuple(text for text in texts if text is not None) if None not in texts else None


def all_parameters(node: cst.FunctionDef) -> list[cst.Param]:
    """All parameters of a function, in order."""
    p = node.params
    stars = [star for star in (p.star_arg, p.star_kwarg) if isinstance(star, cst.Param)]
    return [*p.posonly_params, *p.params, *p.kwonly_params, *stars]


def is_path_annotation(node: cst.BaseExpression | None, scope: Scope) -> bool:
    """Whether an annotation says `Path`, perhaps optional."""
    if node is None:
        return False
    match node:
        case cst.Name() | cst.Attribute():
            return scope.resolve(dotted(node)) in PATH_CLASSES
        case cst.BinaryOperation(left=left, operator=cst.BitOr(), right=right):
            return is_path_annotation(left, scope) or is_path_annotation(right, scope)
        case cst.Subscript(
            value=cst.Name(value="Optional"), slice=[cst.SubscriptElement(slice=cst.Index(value=inner))]
        ):
            return is_path_annotation(inner, scope)
        case cst.SimpleString():
            return "Path" in node.value
    return False


def _status(node: cst.Call) -> str:
    """What becomes of the exit status: `check=True` raises."""
    checked = keyword(node, "check")
    return "exits" if isinstance(checked, cst.Name) and checked.value == "True" else "ignored"
