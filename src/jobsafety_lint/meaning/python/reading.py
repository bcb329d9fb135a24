"""A Python file to its facts: outline first, then libcst on the units that may hold some."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jobsafety_lint.literals import Literals
from jobsafety_lint.meaning.execution import Concurrency, Execution
from jobsafety_lint.meaning.files import Act, Lock, Write
from jobsafety_lint.meaning.foreign import is_patch
from jobsafety_lint.meaning.functions import ArtifactName, Call, Function
from jobsafety_lint.meaning.linting import UnreadRegion
from jobsafety_lint.meaning.paths import PathPattern, ambiguous_words, words_of
from jobsafety_lint.meaning.python.environment import environment_facts
from jobsafety_lint.meaning.python.handing import MAPPING, STARTERS
from jobsafety_lint.meaning.python.helpers import (
    GuardedCall,
    HelperChecks,
    durable_functions,
    link,
    own_parameters,
    with_own,
)
from jobsafety_lint.meaning.python.joining import last_parts
from jobsafety_lint.meaning.python.libraries import library_facts
from jobsafety_lint.meaning.python.outputs import output_uses, status_filters
from jobsafety_lint.meaning.python.parameters import function_of
from jobsafety_lint.meaning.python.rows import Row, linked
from jobsafety_lint.meaning.python.runners import Runner, runner_of
from jobsafety_lint.meaning.python.sieve import MAKERS, NAMING, PURPOSES, TEMPORARY, Sieve
from jobsafety_lint.meaning.python.subprocesses import CommandCalls
from jobsafety_lint.meaning.python.values import Scope, Value, is_nothing, lower
from jobsafety_lint.meaning.python.walker import Walker, all_parameters, is_path_annotation
from jobsafety_lint.meaning.shell.interpreter import Interpreter
from jobsafety_lint.model import Span
from jobsafety_lint.readers.python.nodes import arguments, children, dotted, is_constant, statements, walk
from jobsafety_lint.readers.python.outline import Definition, FunctionNode, Outline
from jobsafety_lint.readers.python.parsing import parse_module
from jobsafety_lint.source import Hole, Place, Source

if TYPE_CHECKING:
    from jobsafety_lint.meaning.file_facts import FileFacts

_STATUS_JSON = re.compile(r"\bstatus\b.{0,80}?(?:--json|-j\b)", re.DOTALL)
_JOINS = re.compile(r"\{|['\"] \+ |\+ ['\"]|['\"] % |\bjoin\(|/ ['\"]|\.joinpath\(")
"""How an expression looks that builds a name."""
_POOL_METHODS = MAPPING | {"apply_async", "submit", "run_in_executor"}
_POOLS = re.compile(
    r"multiprocessing|ProcessPool|ThreadPool|concurrent\.futures|joblib|\bPool\b|dask|\bray\b|Process\(|Thread\("
)
_HANDING = Literals(
    (
        *(f".{name}(" for name in sorted(_POOL_METHODS)),
        *(f"{name}(" for name in sorted(STARTERS)),
        "delayed(",
        ".remote(",
    )
)
"""How a function is handed to workers; see `_handed_over`."""
_OWN = Literals((*MAKERS, "getpid", "_pid", "uuid", "getrandbits"))
"""What makes a name that nobody else has."""
_HOLDS_LOCK = re.compile(
    r"\bwith\b[^\n]*(?:FileLock|\bflock|portalocker|interprocess|file_lock)|\b(?:fcntl\.)?(?:flock|lockf)\("
)
"""What the code of a decorator says that holds a lock on a file."""
_KEEPS_LOCK = re.compile(r"\bfcntl\.(?:flock|lockf)\(\s*self\.[^,]+,[^)]*\bLOCK_(?P<how>EX|UN)\b")
"""What a method says that takes a lock on what its object keeps open, or gives it back."""
_NOQA = re.compile(r"noqa[^\n]*JOB", re.IGNORECASE)
_LONG = 2000
"""Code points above which a constant is data."""
_PYTHON_2 = re.compile(
    r"^\s*print\s+[^\s(=]|^\s*except\s+[\w.]+\s*,\s*\w+\s*:|^\s*exec\s+['\"]|^\s*raise\s+\w+\s*,|<>|\bur['\"]"
    r"|\b0x[0-9a-fA-F]+L\b|^\s*(?:import|from)\s+(?:httplib|urllib2|StringIO|ConfigParser|cPickle)\b",
    re.MULTILINE,
)
_PYTHON_2_SAID = re.compile(
    r"leading zeros in decimal integer|parameters cannot be parenthesized|Missing parentheses in call to|multiple exception types must be parenthesized|cannot mix bytes and nonbytes literals"
)
"""What CPython says of Python 2."""
_OF_NOTEBOOK = re.compile(r"^(?:!\s*[a-z]|%%?[a-z]+\b)", re.MULTILINE)
"""Lines that a notebook takes and Python does not: `!pip install x`, `%matplotlib inline`."""
_OTHER_PROGRAM = re.compile(r"#!(?!.*(?:python|pypy|\buv\b))")
"""A first line that names another program than Python."""
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|<%.*?%>|\$\{[a-z_]+\}", re.DOTALL)


def read_python(source: Source, interpreter: Interpreter, found: FileFacts) -> None:
    """Reads a Python file into `found`."""
    try:
        outline = Outline.of(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        _unreadable(source, error, found)
        return
    found.know(source, outline)
    found.comments += [(source, span) for span in _comments(source)]
    file = PythonFile(source, outline, interpreter)
    found.facts += file.read()
    file.let_go()
    found.facts += environment_facts(outline)
    found.facts += library_facts(outline)


def is_python(text: str) -> bool:
    """Whether a block is a whole program, and not a part of one, or a session with prompts."""
    try:
        parse_module(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _unreadable(source: Source, error: Exception, found: FileFacts) -> None:
    from jobsafety_lint.readers.python.close import is_readable  # libcst: only where `ast` gives up

    if is_readable(source.text):
        found.silent += 1  # syntax that the running Python lacks, and that `newer.py` has no older form for
        return
    if _PYTHON_2.search(source.text) or _TEMPLATE.search(source.text) or is_patch(source.text):
        found.silent += 1
        return
    if _OTHER_PROGRAM.match(source.text) or _OF_NOTEBOOK.search(source.text):
        found.silent += 1
        return
    said = str(getattr(error, "msg", ""))
    if _PYTHON_2_SAID.search(said) or (
        isinstance(error, TabError) and is_readable(source.text.expandtabs(8))
    ):
        found.silent += 1
        return
    line = getattr(error, "lineno", None) or 1
    span = source.line_span(min(max(line, 1), source.line_count))
    text = source.text[span.start : span.end]
    span = Span(span.start + len(text) - len(text.lstrip()), span.start + len(text.rstrip()))
    reason = getattr(error, "msg", None) or str(error) or type(error).__name__
    found.facts.append(UnreadRegion(Place(source, span), "python", str(reason)))


def _comments(source: Source) -> Iterator[Span]:
    """The comments that may speak to the linter."""
    text = source.text
    if "jobsafety" not in text and not ("noqa" in source.lower and _NOQA.search(text)):
        return
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.COMMENT:
                start = source.offset(token.start[0], token.start[1] + 1)
                yield Span(start, start + len(token.string))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return


@dataclass(eq=False)
class PythonFile:
    """One file on its way to facts. Units are read once, on demand."""

    source: Source
    outline: Outline
    interpreter: Interpreter
    facts: list[object] = field(default_factory=list)
    _constants: dict[str, Value | None] = field(default_factory=dict)
    _returned: dict[str, Value | None] = field(default_factory=dict)
    _attributes: dict[str, dict[str, Value]] = field(default_factory=dict)
    _functions: dict[str, Function] = field(default_factory=dict)
    _names: list[ArtifactName] = field(default_factory=list)
    _calls: dict[str, list[Call]] = field(default_factory=dict)
    _naming: dict[str, list[int]] = field(default_factory=dict)
    _rows: dict[str, Row] = field(default_factory=dict)
    _runners: dict[str, Runner | None] = field(default_factory=dict)
    _guarded: list[GuardedCall] = field(default_factory=list)
    _helper_checks: HelperChecks = field(default_factory=HelperChecks)

    def __post_init__(self) -> None:
        self._sieve = Sieve(self.outline, self.interpreter.may_queue)

    def read(self) -> list[object]:
        """All facts of the file."""
        functions, top = self._sieve.wanted()
        if not functions and not top:
            return []
        self._look_over()
        for definition in functions:
            self._walk_definition(definition)
        if top:
            self._walk_module(top)
        self._finish()
        if self._sieve.queues:
            text = self.source.text
            helpers = {name for name, runner in self._runners.items() if runner is not None}
            names = {f"{name.rpartition('.')[2]}(" for name in helpers}
            texts = frozenset({"pueue", *self.interpreter.queue_commands, *names})
            self.facts += output_uses(self.outline, texts)
            if _STATUS_JSON.search(text):
                self.facts += status_filters(self.outline)
        return self.facts

    def _look_over(self) -> None:
        """What the walks ask of the file as a whole."""
        functions, packages = self.outline.functions, self._sieve.packages
        self._concurrent = self._concurrency()
        self._durable = durable_functions(self.source.text, functions)
        self._by_name: dict[str, list[Definition]] = {}
        for definition in functions:
            self._by_name.setdefault(definition.name, []).append(definition)
        command_calls = CommandCalls(
            self.interpreter, "fabric" in packages, "invoke" in packages, self._sieve.queues
        )
        command_calls.runner = self._runner
        self._command_call = command_calls.read

    def let_go(self) -> None:
        """Cuts the circles among what has been read, so that the tree goes at once and not with the garbage collector."""
        self.__dict__.clear()

    def _runner(self, written: str) -> Runner | None:
        """What a function of this file runs for its callers."""
        definition = self._callee(written)
        if definition is None:
            return None
        key = definition.qualified
        if key not in self._runners:
            node = definition.node
            self._runners[key] = (
                runner_of(node, self.outline.resolve)
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                else None
            )
        return self._runners[key]

    def _concurrency(self) -> dict[str, Concurrency]:
        """Functions that are handed to pools, processes and threads, and those that they call."""
        text = self.source.text
        if not (_HANDING.any_in(self.source) and _POOLS.search(text)):
            return {}
        names = {d.name for d in self.outline.functions}
        found: dict[str, Concurrency] = {}
        started: dict[str, ast.Call] = {}
        for node, repeated in _calls_of(self.outline.tree):
            target = _handed_over(node)
            if target not in names or target in found:
                continue
            if _starts_one(node) and not repeated and started.setdefault(target, node) is node:
                continue  # the only one so far
            place = Place(self.source, self.outline.span(started.get(target, node)))
            found[target] = Concurrency(f"`{target}` runs in several workers at once", place)
        if not found:
            return {}
        calls: dict[str, set[str]] = {}
        for definition in self.outline.functions:
            calls[definition.name] = {
                n.func.id
                for n in walk(definition.node)
                if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
            } & names
        pending = list(found)
        while pending:
            name = pending.pop()
            for called in calls.get(name, ()):
                if called not in found:
                    found[called] = found[name]
                    pending.append(called)
        return found

    # --- reading units ---------------------------------------------------------------------------------------------

    def _scope(self, unit: Span, class_name: str | None) -> Scope:
        def module_value(name: str) -> Value | None:
            owner, dot, attribute = name.partition(".")
            if owner == "self" and dot:
                if class_name is None:
                    return None
                known = self._self_attributes(class_name).get(name)
                if known is not None and not is_nothing(known):
                    return known
                return (
                    self._own_file(class_name, name)
                    or known
                    or self.class_constant(class_name, attribute)
                    or self._property_value(class_name, attribute)
                )
            if dot:
                return self.class_constant(class_name if owner == "cls" else owner, attribute)
            return self.constant(name)

        return Scope(self.outline, unit, self.outline.resolve, module_value, self._call_value)

    def constant(self, name: str) -> Value | None:
        """The value of a module constant."""
        if name not in self._constants:
            self._constants[name] = None
            statement = self.outline.constants.get(name)
            if statement is not None:
                self._constants[name] = self._constant_of(statement)
        return self._constants[name]

    def class_constant(self, class_name: str | None, name: str) -> Value | None:
        """The value of a constant of a class (`STATE = Path("…")` in its body), where no other class has one of that name."""
        if not class_name or not name.isupper():
            return None
        key = f"{class_name}.{name}"
        if key not in self._constants:
            self._constants[key] = None
            found = self.outline.class_constants.get(name, ())
            if len(found) == 1 and found[0][0] == class_name:
                self._constants[key] = self._constant_of(found[0][1])
        return self._constants[key]

    def _constant_of(self, statement: ast.Assign | ast.AnnAssign) -> Value | None:
        span = self.outline.span(statement)
        if statement.value is None or span.end - span.start >= _LONG:
            return None
        value = lower(statement.value, self._scope(span, None))
        parts = tuple(
            replace(p, names=frozenset(), version=1) if isinstance(p, Hole) else p
            for p in value.pattern.parts
        )
        return replace(value, pattern=PathPattern(parts))

    def _self_attributes(self, class_name: str) -> dict[str, Value]:
        """What `__init__` of a class puts on `self`."""
        if class_name not in self._attributes:
            self._attributes[class_name] = {}
            for definition in self.outline.functions:
                if definition.class_name == class_name and definition.name in {"__init__", "__post_init__"}:
                    walker = self._walker(definition)
                    if walker is not None:
                        known = walker.scope.variables
                        self._attributes[class_name] = {
                            n: v for n, v in known.items() if n.startswith("self.")
                        }
        return self._attributes[class_name]

    def _walker(
        self, definition: Definition, commands: bool = False, row: Row | None = None
    ) -> Walker | None:
        """Walks a function; without `commands`, the programs that it runs are left alone."""
        node = definition.node
        scope = self._scope(definition.span, definition.class_name)
        for parameter in all_parameters(node):
            if parameter.arg not in {"self", "cls"}:
                scope.bind(parameter.arg, pathlike=is_path_annotation(parameter.annotation, scope))
        scope.defaults = {
            name: default.value
            for name, default in definition.defaults.items()
            if isinstance(default, ast.Constant) and isinstance(default.value, str)
        }
        reason = self._concurrent.get(definition.name)
        execution = Execution(
            functions=(definition.qualified,),
            concurrency=(reason,) if reason is not None else (),
            lock=self._locked_by(definition),
        )
        names = frozenset(p.arg for p in definition.parameters)
        walker = Walker(scope, execution, self._command_call if commands else _no_command, names)
        walker.row = row
        self._prepare(walker)
        walker.block(node.body)
        return walker

    def _locked_by(self, definition: Definition) -> str | None:
        """The decorator of this file that holds a lock while it runs the function."""
        for decorator in definition.node.decorator_list:
            written = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
            if written and self._is_lock_helper(written):
                return written
        return None

    def _is_lock_helper(self, written: str) -> bool:
        """Whether a function of this file holds a lock on a file while something else runs."""
        found = self._callee(written)
        return (
            found is not None
            and _HOLDS_LOCK.search(self.source.text, found.span.start, found.span.end) is not None
        )

    def _keeps_lock(self, written: str) -> bool | None:
        """Whether a method of this file takes a lock on a handle of its object, or (False) gives it back; None if it does neither."""
        found = self._callee(written) if written.startswith(("self.", "cls.")) else None
        kept = (
            _KEEPS_LOCK.search(self.source.text, found.span.start, found.span.end)
            if found is not None
            else None
        )
        return None if kept is None else kept["how"] == "EX"

    def _prepare(self, walker: Walker) -> None:
        walker.durable = self._durable
        walker.is_local = lambda written: self._callee(written) is not None
        walker.is_lock_helper = self._is_lock_helper
        walker.keeps_lock = self._keeps_lock
        walker.helper_checks = lambda node, scope: self._helper_checks.asked(
            node, self._helper(node), scope, self.source.text, self._walker
        )

    def _helper(self, node: ast.Call | ast.Attribute) -> Definition | None:
        """The function of this file that is called, or the property that is read."""
        is_call = isinstance(node, ast.Call)
        definition = self._callee(dotted(node.func if isinstance(node, ast.Call) else node))
        return definition if definition is not None and definition.is_property is not is_call else None

    def _call_value(self, node: ast.Call, written: str, scope: Scope) -> Value | None:
        """What a function of this file returns, its parameters replaced by the arguments."""
        definition = self._callee(written)
        if definition is None:
            return None
        returned = self._returned_value(definition)
        if returned is None:
            return None
        bound = bind(node, [p.arg for p in definition.parameters], scope)
        parts: list[str | Hole | PathPattern] = []
        for part in returned.pattern.parts:
            if isinstance(part, str):
                parts.append(part)
            elif part.text in bound and part.names == frozenset({part.text}):
                parts.append(bound[part.text])
            else:
                names = frozenset().union(
                    *(bound[n].names if n in bound else frozenset() for n in part.names)
                )
                parts.append(Hole(part.text, names, part.kind, 1))
        return Value(PathPattern.of(*parts), returned.pathlike)

    def _property_value(self, class_name: str, name: str) -> Value | None:
        """What a property of a class returns, where that tells jobs apart by itself; what a path is made from is judged where
        the property builds it.
        """
        for definition in self._by_name.get(name, ()):
            if definition.class_name == class_name and definition.is_property:
                value = self._returned_value(definition)
                own = value is not None and (value.pattern.is_unique or value.pattern.has_digest)
                return value if own else None
        return None

    def _own_file(self, class_name: str, name: str) -> Value | None:
        """The temporary file or folder of its own that the methods of a class give an attribute (`self.work`), where they give it
        nothing else but None and its like.
        """
        key = f"{class_name}().{name}"
        if key not in self._constants:
            self._constants[key] = None
            if _OWN.any_in(self.source):
                self._constants[key] = self._given_own(class_name, name)
        return self._constants[key]

    def _given_own(self, class_name: str, name: str) -> Value | None:
        own: Value | None = None
        for definition in self.outline.functions:
            text = self.source.text[definition.span.start : definition.span.end]
            if definition.class_name != class_name or name not in text:
                continue
            given = [
                statement.value
                for statement in walk(definition.node)
                if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign)
                and any(dotted(target) == name for target in _targets_of(statement))
            ]
            if all(isinstance(value, ast.Constant) and not value.value for value in given):
                continue
            walker = self._walker(definition)
            value = walker.scope.variables.get(name) if walker is not None else None
            if value is None or not value.pattern.is_unique:
                return None
            own = value
        return own

    def _callee(self, written: str) -> Definition | None:
        name = written.rpartition(".")[2]
        if written not in {name, f"self.{name}", f"cls.{name}"}:
            return None
        found = self._by_name.get(name, ())
        return found[0] if len(found) == 1 else None

    def _row_of(self, written: str) -> str | None:
        definition = self._callee(written)
        return definition.qualified if definition is not None else None

    def _returned_value(self, definition: Definition) -> Value | None:
        """The name that a function of this file returns in terms of its parameters, or a part of one; None if there are several."""
        key = definition.qualified
        if key not in self._returned:
            self._returned[key] = None
            text = self.source.text[definition.span.start : definition.span.end]
            if len(text) < 4000 and _may_return_name(definition.node):
                walker = self._walker(definition)
                values = [value for _, value, _ in walker.returned] if walker is not None else []
                told = [value for value in values if _tells(value.pattern)]
                if len({value.pattern for value in told}) == 1:
                    self._returned[key] = told[0]
        return self._returned[key]

    # --- walking ---------------------------------------------------------------------------------------------------

    def _walk_definition(self, definition: Definition) -> None:
        place = Place(self.source, definition.span)
        parameters = tuple(p.arg for p in definition.parameters)
        row = Row(place=place, title=definition.qualified, parameters=parameters)
        self.interpreter.begin(row.steps)  # type: ignore[arg-type]  # local calls are among the steps of a row only
        try:
            walker = self._walker(definition, commands=True, row=row if self._sieve.runs else None)
        except RecursionError:
            walker = None
        if walker is not None:
            self._take(walker, definition)
        self._rows[definition.qualified] = row

    def _function(self, definition: Definition | None) -> Function | None:
        """The function with its parameters, where it is asked for."""
        if definition is None:
            return None
        if definition.qualified not in self._functions:
            self._functions[definition.qualified] = function_of(definition, self.outline)
        return self._functions[definition.qualified]

    def _walk_module(self, body: list[ast.stmt]) -> None:
        """Walks the statements at the top of the file."""
        whole = Span(0, len(self.source.text))
        row = Row(place=Place(self.source, whole), kind="script", title=self.source.path)
        self.interpreter.begin(row.steps)  # type: ignore[arg-type]  # as above
        scope = self._scope(whole, None)
        walker = Walker(scope, Execution(), self._command_call, row=row if self._sieve.runs else None)
        self._prepare(walker)
        try:
            walker.block(body)
        except RecursionError:
            return
        self._take(walker, None)
        self._rows[""] = row

    def _take(self, walker: Walker, definition: Definition | None) -> None:
        facts = walker.finish()
        self.facts += facts
        for called, written, scope, execution in walker.local_calls:
            callee = self._callee(written)
            if callee is not None:
                parameters = [p.arg for p in callee.parameters]
                bound = tuple(bind(called, parameters, scope).items())
                call = Call(self._function(definition), scope.place(called), bound, execution.loops)
                self._calls.setdefault(callee.qualified, []).append(call)
        for called, written, guards in walker.guarded_calls:
            callee = self._callee(written)
            if callee is not None:
                parameters = [p.arg for p in callee.parameters]
                self._guarded.append(
                    GuardedCall(callee.qualified, bind(called, parameters, walker.scope), guards)
                )
        acts = [fact for fact in facts if isinstance(fact, Act)]
        seen: set[Span] = set()
        candidates = [(node, value, variable, where, False) for node, value, variable, where in walker.named]
        candidates += [(node, value, "", where, True) for node, value, where in walker.returned]
        around = definition.node if definition is not None else self.outline.tree
        only_joined: frozenset[str] | None = None
        for node, value, variable, execution, returned in candidates:
            if not _is_name(node, value):
                continue
            if isinstance(node, ast.Constant) and "/" not in value.pattern.literal:
                only_joined = last_parts(around) if only_joined is None else only_joined
                if variable in only_joined:
                    continue  # what it is joined to tells the rest
            place = walker.scope.place(_built_at(node, walker))
            if place.span in seen:
                continue
            seen.add(place.span)
            self._add_name(place, value, variable, definition, execution, acts, returned=returned)
        for act in (fact for fact in facts if isinstance(fact, Act | Lock)):
            joined = _JOINS.search(act.path_place.text) is not None or _is_of_position(act.path)
            if act.path_place.span not in seen and joined and _looks_like_file(act.path):
                seen.add(act.path_place.span)
                self._naming.setdefault(definition.qualified if definition else "", []).append(
                    len(self._names)
                )
                self._names.append(
                    ArtifactName(act.path_place, act.path, act.path.name, self._function(definition), act.execution,
                                 _purposes(act.path, "", definition), frozenset({type(act).__name__.lower()}))
                )  # fmt: skip

    def _add_name(
        self,
        place: Place,
        value: Value,
        variable: str,
        definition: Definition | None,
        execution: Execution,
        acts: list[Act],
        *,
        returned: bool,
    ) -> None:
        purposes = _purposes(value.pattern, variable, definition if returned else None)
        roles = frozenset(type(a).__name__.lower() for a in acts if a.path.same_object(value.pattern))
        self._naming.setdefault(definition.qualified if definition else "", []).append(len(self._names))
        self._names.append(
            ArtifactName(
                place, value.pattern, value.pattern.name, self._function(definition), execution, purposes, roles,
                returned=returned, variable=variable,
            )
        )  # fmt: skip

    def _finish(self) -> None:
        runners = frozenset(key for key, runner in self._runners.items() if runner is not None)
        self.interpreter.sequences += linked(self._rows, self._row_of, runners)
        for qualified, indices in self._naming.items():
            for at in indices:
                self._names[at] = replace(self._names[at], calls=tuple(self._calls.get(qualified, ())))
        self.facts += self._names
        link(self.facts, self._guarded, self._calls)
        own = own_parameters(self._calls, self.outline.tree) if TEMPORARY.any_in(self.source) else {}
        for at, fact in enumerate(self.facts):
            if isinstance(fact, Write) and fact.execution.functions:
                self.facts[at] = self._with_state_words(fact)
            act = self.facts[at]
            if own and isinstance(act, Act) and act.execution.functions:
                mine = own.get(act.execution.functions[-1], frozenset())
                self.facts[at] = replace(act, path=with_own(act.path, mine)) if mine else act

    def _with_state_words(self, act: Write) -> Write:
        """Adds the words of what the parameter which is the path gets: by its default, from callers."""
        words: set[str] = set()
        function = act.execution.functions[-1]
        for definition in self._by_name.get(function.rpartition(".")[2], ()):
            defaults = definition.defaults if definition.qualified == function else {}
            for name in act.path.name.names & defaults.keys():
                default = defaults[name]
                if isinstance(default, ast.Constant) and isinstance(default.value, str):
                    path = PathPattern.of(default.value)
                    words |= path.name.words - ambiguous_words(path.name)
        for call in self._calls.get(function, ()):
            for name, pattern in call.bound:
                if name in act.path.name.names:
                    words |= pattern.name.words
        return replace(act, state_words=frozenset(words)) if words else act


_NO_NAME = (
    ast.Compare,
    ast.Dict,
    ast.DictComp,
    ast.Tuple,
    ast.List,
    ast.ListComp,
    ast.Set,
    ast.SetComp,
    ast.GeneratorExp,
)


def _may_return_name(node: ast.AST) -> bool:
    """Whether a function gives something that may be text or a path, and not only flags, numbers and collections."""
    stack = list(statements(node))
    while stack:
        inner = stack.pop()
        if isinstance(inner, ast.Return):
            value = inner.value
            plain = isinstance(value, ast.Constant) and not isinstance(value.value, str | bytes)
            if value is not None and not plain and not isinstance(value, _NO_NAME):
                return True
        else:
            stack += statements(inner)
    return False


def _tells(pattern: PathPattern) -> bool:
    """Whether a pattern says more than that there is a value."""
    return bool(pattern.literal.strip("\0")) or pattern.is_unique or pattern.has_digest


def _no_command(*_: object) -> bool:
    return False


def bind(node: ast.Call, parameters: list[str], scope: Scope) -> dict[str, PathPattern]:
    """Which argument a call gives for each parameter."""
    bound: dict[str, PathPattern] = {}
    positions = iter(parameters)
    for arg in arguments(node):
        if arg.star:
            continue
        if arg.keyword is not None:
            bound[arg.keyword] = lower(arg.value, scope).pattern
        else:
            name = next(positions, None)
            if name is not None:
                bound[name] = lower(arg.value, scope).pattern
    return bound


_REPEATING = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


def _calls_of(tree: ast.AST) -> Iterator[tuple[ast.Call, bool]]:
    """The calls of a tree in the order of the text, each with whether a loop repeats it."""
    stack: list[tuple[ast.AST, bool]] = [(tree, False)]
    while stack:
        node, repeated = stack.pop()
        if isinstance(node, ast.Call):
            yield node, repeated
        inner = repeated or isinstance(node, _REPEATING)
        if isinstance(node, FunctionNode):
            inner = False
        stack += [(child, inner) for child in reversed(children(node))]


def _starts_one(node: ast.Call) -> bool:
    """Whether a call starts one worker: `Thread(target=f)`, and no pool."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return called in STARTERS or called == "run_in_executor"


def _targets_of(statement: ast.Assign | ast.AnnAssign | ast.AugAssign) -> list[ast.expr]:
    """What an assignment sets, the elements of tuples by themselves."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return [
        inner
        for target in targets
        for inner in (target.elts if isinstance(target, ast.Tuple | ast.List) else [target])
    ]


def _handed_over(node: ast.Call) -> str:
    """The function that a call hands to workers: `pool.map(f, …)`, `Process(target=f)`, `delayed(f)`, `f.remote(…)`."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    given = node.args
    if called == "run_in_executor":
        given = (
            given[1:] if given and not is_constant(given[0], None) else []
        )  # without a pool, it only keeps the loop free
    if called in _POOL_METHODS and isinstance(node.func, ast.Attribute) and given:
        first = given[0]
        if isinstance(first, ast.Call) and first.args and dotted(first.func).endswith("partial"):
            first = first.args[0]
        return first.id if isinstance(first, ast.Name) else ""
    if called == "remote" and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return node.func.value.id
    if called in STARTERS:
        for keyword_ in node.keywords:
            if keyword_.arg == "target" and isinstance(keyword_.value, ast.Name):
                return keyword_.value.id
    if called == "delayed" and node.args and isinstance(node.args[0], ast.Name):
        return node.args[0].id
    return ""


def _built_at(node: ast.expr, walker: Walker) -> ast.expr:
    """Where a name is built: for `f"{stem}.zip"`, the f-string that was assigned to `stem` just before."""
    holes: list[ast.FormattedValue] = []
    stack: list[ast.AST] = [node]
    while stack:
        inner = stack.pop()
        if isinstance(inner, ast.FormattedValue):
            holes.append(inner)
        stack.extend(children(inner))
    if len(holes) == 1 and isinstance(holes[0].value, ast.Name):
        for built, _, variable, _ in walker.named:
            if variable == holes[0].value.id and isinstance(built, ast.JoinedStr):
                return built
    return node


_POSITIONS = frozenset({"checkpoint", "ckpt", "cursor", "watermark", "progress", "resume"})


def _is_of_position(path: PathPattern) -> bool:
    """Whether a constant is the name of a file from which a job goes on: `open("state/checkpoint.json")`."""
    return path.text is not None and not _POSITIONS.isdisjoint(path.name.words)


def _looks_like_file(pattern: PathPattern) -> bool:
    literal = pattern.name.literal
    if any(
        mark in literal for mark in (" ", "\n", "://", "=", "<", "%s", "?", ",", ";", "*", "|", "(")
    ) or any(mark in pattern.literal for mark in ("://", "<", ">")):
        return False
    suffix = pattern.suffix
    return bool(suffix and 1 < len(suffix) <= 12 and suffix[1:2].isalpha()) or "/" in pattern.literal.strip(
        "/"
    )


def _purposes(pattern: PathPattern, variable: str, definition: Definition | None) -> frozenset[str]:
    words = set(pattern.words) | set(words_of(variable))
    if definition is not None:
        words |= set(words_of(definition.name))
    return frozenset(words & PURPOSES)


def _is_name(node: ast.expr, value: Value) -> bool:
    """Whether an expression builds the name of a file here (and does not only pass one on)."""
    if isinstance(node, ast.Name | ast.Attribute) or not value.pattern.parts:
        return False
    if value.handle_of is not None or value.glob is not None:
        return False
    if isinstance(node, ast.Call):
        func = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if func not in NAMING:
            return False
        if len(node.args) == 1 and isinstance(node.args[0], ast.Call) and func in {"Path", "PurePath", "str"}:
            return _is_name(node.args[0], value)
    if not value.pattern.literal.strip("\0/."):
        return False
    return _looks_like_file(value.pattern)
