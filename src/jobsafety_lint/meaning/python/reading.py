"""A Python file to its facts: outline first, then libcst on the units that may hold some."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jobsafety_lint.meaning.execution import Concurrency, Execution
from jobsafety_lint.meaning.files import Act, Write
from jobsafety_lint.meaning.foreign import is_patch
from jobsafety_lint.meaning.functions import ArtifactName, Call, Function
from jobsafety_lint.meaning.linting import UnreadRegion
from jobsafety_lint.meaning.paths import STATE_WORDS, PathPattern, words_of
from jobsafety_lint.meaning.project.parameters import has_category_word
from jobsafety_lint.meaning.python.environment import environment_facts
from jobsafety_lint.meaning.python.handing import MAPPING, STARTERS
from jobsafety_lint.meaning.python.helpers import (
    GuardedCall,
    HelperChecks,
    aliases_of,
    asking_functions,
    durable_functions,
    link,
)
from jobsafety_lint.meaning.python.libraries import library_facts
from jobsafety_lint.meaning.python.outputs import output_uses, status_filters
from jobsafety_lint.meaning.python.parameters import function_of
from jobsafety_lint.meaning.python.rows import Row, linked
from jobsafety_lint.meaning.python.runners import Runner, runner_of
from jobsafety_lint.meaning.python.subprocesses import CommandCalls
from jobsafety_lint.meaning.python.values import Scope, Value, lower
from jobsafety_lint.meaning.python.walker import Walker, all_parameters, is_path_annotation
from jobsafety_lint.meaning.shell.interpreter import Interpreter
from jobsafety_lint.model import Span
from jobsafety_lint.readers.python.nodes import arguments, children, dotted, walk
from jobsafety_lint.readers.python.outline import Definition, Outline
from jobsafety_lint.source import Hole, Place, Source

if TYPE_CHECKING:
    from jobsafety_lint.meaning.file_facts import FileFacts

_CALLED = frozenset(
    [
        "exists",
        "isfile",
        "isdir",
        "lexists",
        "islink",
        "is_file",
        "is_dir",
        "is_symlink",
        "unlink",
        "remove",
        "rmdir",
        "removedirs",
        "rmtree",
        "rename",
        "replace",
        "renames",
        "move",
        "open",
        "write_text",
        "write_bytes",
        "to_parquet",
        "to_csv",
        "to_json",
        "to_pickle",
        "to_feather",
        "write_parquet",
        "write_csv",
        "write_json",
        "write_ndjson",
        "write_ipc",
        "sink_parquet",
        "save",
        "savez",
        "savez_compressed",
        "savetxt",
        "save_file",
        "write_table",
        "glob",
        "rglob",
        "iglob",
        "scan_parquet",
        "scan_csv",
        "scan_ndjson",
        "read_parquet",
        "read_csv",
        "read_json",
        "run",
        "call",
        "check_call",
        "check_output",
        "Popen",
        "system",
        "popen",
        "getoutput",
        "getstatusoutput",
        "create_subprocess_exec",
        "create_subprocess_shell",
        "exec_command",
        "sudo",
        "local",
        "execvp",
        "execlp",
        "listdir",
        "touch",
        "mkdir",
        "makedirs",
        "kill",
        "pid_exists",
        "FileLock",
        "flock",
        "lockf",
    ]
)
"""The names of calls that make facts: a function without any of them, and without a name of a state file, is not read."""
_STRONG = (
    "open(", "mkdir(", "makedirs", "unlink", "remove(", "move(", "rmdir", "removedirs", "rmtree", "rename(", ".replace(", "write_text",
    "write_bytes", "write_parquet", "write_csv", "write_json", "write_ndjson", "write_ipc", "write_table", ".save", "to_csv", "to_json",
    "to_parquet", "to_pickle", "sink_parquet", "savetxt", "glob(", "scan_parquet", "scan_csv", "scan_ndjson", "touch(", "pid_exists",
    "os.kill", "ock(", "subprocess", "Popen", "check_call", "check_output", "system(", "popen(", "getoutput", "exec_command", "fabric",
    "execvp", "execlp",
)  # fmt: skip
"""What a text holds that may act on a file or run a program: literals, since a search for many of them is cheap."""
_RUNS = (".run(", ".sudo(", ".local(")
"""How fabric and invoke run a program."""
_OF_MODULES = {
    "remove": frozenset({"os", "aiofiles", "anyio"}),
    "save": frozenset({"torch", "numpy"}),
    "system": frozenset({"os"}),
}
"""Names that mean something else as methods of most objects, with the modules whose functions are meant."""
_FOLLOWED = re.compile(r"\b(?:pueue|systemd-run|ssh)\b")
"""A file that has such a word is read together with all functions that call one which runs a program."""
_STATUS_JSON = re.compile(r"\bstatus\b.{0,80}?(?:--json|-j\b)", re.DOTALL)
_PURPOSES = STATE_WORDS | {"tmp", "temp", "scratch", "partial", "chunk", "shard"}
_STATE_TEXT = tuple(
    word for word in sorted(_PURPOSES, key=len) if not any(w in word for w in _PURPOSES if w != word)
)
_NAME_TEXT = re.compile(
    r"\}[\w.-]*\.(?:parquet|jsonl?|ndjson|[ct]sv|arrow|feather|np[yz]|pkl|pickle|pth?|bin|txt|h5|nc|tiff?|db|sqlite|gz|zst|lock|ya?ml)\b"
)
"""A name with a hole and a suffix: what a helper in a file of its own builds."""
_JOINS = re.compile(r"\{|['\"] \+ |\+ ['\"]|['\"] % |\bjoin\(")
"""How an expression looks that builds a name."""
_POOL_METHODS = MAPPING | {"apply_async", "submit"}
_POOLS = re.compile(
    r"multiprocessing|ProcessPool|ThreadPool|concurrent\.futures|joblib|\bPool\b|dask|\bray\b|Process\(|Thread\("
)
_HANDING = (
    *(f".{name}(" for name in sorted(_POOL_METHODS)),
    *(f"{name}(" for name in sorted(STARTERS)),
    "delayed(",
)
"""How a function is handed to workers; see `_handed_over`."""
_CALLS = re.compile(r"\w+(?=\s*\()")
_NOQA = re.compile(r"noqa[^\n]*JOB", re.IGNORECASE)
_LONG = 2000
"""Code points above which a constant is data."""
_PYTHON_2 = re.compile(
    r"^\s*print\s+[^\s(=]|^\s*except\s+[\w.]+\s*,\s*\w+\s*:|^\s*exec\s+['\"]|^\s*raise\s+\w+\s*,|<>|\bur['\"]",
    re.MULTILINE,
)
_PYTHON_2_SAID = re.compile(
    r"leading zeros in decimal integer|parameters cannot be parenthesized|Missing parentheses in call to|multiple exception types must be parenthesized"
)
"""What CPython says of Python 2."""
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


def _unreadable(source: Source, error: Exception, found: FileFacts) -> None:
    from jobsafety_lint.readers.python.close import is_readable  # libcst: only where `ast` gives up

    if is_readable(source.text):
        found.silent += 1  # newer syntax than the running Python has
        return
    if _PYTHON_2.search(source.text) or _TEMPLATE.search(source.text) or is_patch(source.text):
        found.silent += 1
        return
    if _OTHER_PROGRAM.match(source.text):
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
    if "jobsafety" not in text and not ("noqa" in text.lower() and _NOQA.search(text)):
        return
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.COMMENT:
                start = source.offset(token.start[0], token.start[1] + 1)
                yield Span(start, start + len(token.string))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return


def _holds(text: str, literals: Sequence[str]) -> bool:
    return any(literal in text for literal in literals)


def _speaks_of_state(text: str) -> bool:
    return _holds(text.lower(), _STATE_TEXT)


@dataclass(eq=False)
class _Summary:
    """What is known of a function once it has been walked: what it returns, in terms of its parameters."""

    returned: list[Value]
    parameters: list[str]


@dataclass(eq=False)
class PythonFile:
    """One file on its way to facts. Units are read once, on demand."""

    source: Source
    outline: Outline
    interpreter: Interpreter
    facts: list[object] = field(default_factory=list)
    _queues: bool = False
    _remote: bool = False
    """The file uses fabric or invoke, so that any `.run(` may run a program."""
    _constants: dict[str, Value | None] = field(default_factory=dict)
    _summaries: dict[str, _Summary | None] = field(default_factory=dict)
    _attributes: dict[str, dict[str, Value]] = field(default_factory=dict)
    _functions: dict[str, Function] = field(default_factory=dict)
    _names: list[ArtifactName] = field(default_factory=list)
    _calls: dict[str, list[Call]] = field(default_factory=dict)
    _naming: dict[str, list[int]] = field(default_factory=dict)
    _rows: dict[str, Row] = field(default_factory=dict)
    _runners: dict[str, Runner | None] = field(default_factory=dict)
    _guarded: list[GuardedCall] = field(default_factory=list)
    _helper_checks: HelperChecks = field(default_factory=HelperChecks)

    def read(self) -> list[object]:
        """All facts of the file."""
        for definition in self.wanted():
            self._walk_definition(definition)
        if not self._hopeful:
            return []
        self._walk_module()
        self._finish()
        if self._queues:
            text = self.source.text
            helpers = {name for name, runner in self._runners.items() if runner is not None}
            names = {f"{name.rpartition('.')[2]}(" for name in helpers}
            texts = frozenset({"pueue", *self.interpreter.queue_commands, *names})
            self.facts += output_uses(self.outline, texts)
            if _STATUS_JSON.search(text):
                self.facts += status_filters(self.outline)
        return self.facts

    def let_go(self) -> None:
        """Cuts the circles among what has been read, so that the tree goes at once and not with the garbage collector."""
        self.__dict__.clear()

    # --- which units -----------------------------------------------------------------------------------------------

    def wanted(self) -> list[Definition]:
        """The functions that may hold facts, or call those that do: the only ones that are walked."""
        self._look_over()
        if not self._hopeful:
            return []
        text = self.source.text
        wanted = [d for d in self.outline.functions if self._may_hold_facts(d.node, d.span)]
        helpers = {d.name for d in wanted}
        told = {d.name for d in wanted if any(has_category_word(p.arg) for p in d.parameters)}
        asking = {
            name
            for name in helpers
            if name in told or _speaks_of_state(name) or name.endswith(("path", "file", "name"))
        } | asking_functions(text, self.outline.functions)
        chosen = {id(definition) for definition in wanted}
        for definition in self.outline.functions if asking else ():
            if id(definition) not in chosen and self._calls_any(definition, asking):
                wanted.append(definition)
        return self._with_callers(wanted) if _FOLLOWED.search(text) else wanted

    def _look_over(self) -> None:
        """What the text as a whole tells; nothing but `_hopeful` where there is nothing for us in it."""
        text = self.source.text
        self._queues = self.interpreter.may_queue(text)
        self._aliases = aliases_of(self.outline.imports)
        packages = {imported.partition(".")[0] for imported in self.outline.imports.values()}
        self._remote = bool(packages & {"fabric", "invoke"})
        sure = self._queues or self._aliases is not None or self._remote
        self._hopeful = bool(
            sure or _holds(text, _STRONG) or _speaks_of_state(text) or _NAME_TEXT.search(text)
        )
        if not self._hopeful:
            return
        lower = text.lower()
        self._strong = [literal for literal in _STRONG if literal in text]
        self._of_state = [word for word in _STATE_TEXT if word in lower]
        self._has_glob = "glob(" in text or "scan_" in text or "*." in text
        self._renamed = {n for n, full in self.outline.imports.items() if full.rpartition(".")[2] in _CALLED}
        self._called = _CALLED | self._renamed
        self._concurrent = self._concurrency()
        self._durable = durable_functions(self.source.text, self.outline.functions)
        self._by_name: dict[str, list[Definition]] = {}
        for definition in self.outline.functions:
            self._by_name.setdefault(definition.name, []).append(definition)
        command_calls = CommandCalls(self.interpreter, "fabric" in packages, "invoke" in packages)
        command_calls.runner = self._runner
        self._command_call = command_calls.read

    def _may_hold_facts(self, node: ast.AST, span: Span) -> bool:
        text = self.source.text[span.start : span.end]
        if self._queues and self.interpreter.may_queue(text):
            return True
        strong = _holds(text, self._strong) or (self._remote and _holds(text, _RUNS))
        strong = strong or (self._aliases is not None and self._aliases.search(text) is not None)
        names = self._has_glob or _holds(text.lower(), self._of_state) or _NAME_TEXT.search(text) is not None
        if not strong and not names:
            return False
        if strong and not names and self._called.isdisjoint(_CALLS.findall(text)):
            return False
        for inner in walk(node):
            if strong and isinstance(inner, ast.Call):
                called = (
                    inner.func.attr
                    if isinstance(inner.func, ast.Attribute)
                    else getattr(inner.func, "id", "")
                )
                if (
                    called in _CALLED and _may_act(inner, called, self.outline.resolve)
                ) or called in self._renamed:
                    return True
            if names and isinstance(inner, ast.JoinedStr) and _builds_name(inner):
                return True
            if names and isinstance(inner, ast.Call) and _joins_path(inner):
                return True
            if (
                names
                and isinstance(inner, ast.BinOp)
                and isinstance(inner.op, ast.Div | ast.Mod | ast.Add)
                and _has_text(inner)
            ):
                return True
        return False

    def _calls_any(self, definition: Definition, names: set[str]) -> bool:
        """Whether a function calls a helper that returns the name of a file, one that is told a category, or one that
        asks for a file: which then is its caller's business.
        """
        text = self.source.text[definition.span.start : definition.span.end]
        return not names.isdisjoint(_CALLS.findall(text)) and not names.isdisjoint(
            _called_names(definition.node)
        )

    def _with_callers(self, wanted: list[Definition]) -> list[Definition]:
        """These functions and all that call them, by way of others too, in the order of the text."""
        names = {d.name for d in wanted}
        grown = True
        chosen = {id(d) for d in wanted}
        while grown:
            grown = False
            for definition in self.outline.functions:
                if id(definition) not in chosen and names & _called_names(definition.node):
                    chosen.add(id(definition))
                    names.add(definition.name)
                    grown = True
        return [d for d in self.outline.functions if id(d) in chosen]

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
        if not (_holds(text, _HANDING) and _POOLS.search(text)):
            return {}
        names = {d.name for d in self.outline.functions}
        found: dict[str, Concurrency] = {}
        for node in walk(self.outline.tree):
            if isinstance(node, ast.Call):
                target = _handed_over(node)
                if target in names and target not in found:
                    place = Place(self.source, self.outline.span(node))
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
            if name.startswith("self."):
                return self._self_attributes(class_name).get(name) if class_name else None
            return self.constant(name)

        return Scope(self.outline, unit, self.outline.resolve, module_value, self._call_value)

    def constant(self, name: str) -> Value | None:
        """The value of a module constant."""
        if name not in self._constants:
            self._constants[name] = None
            statement = self.outline.constants.get(name)
            if statement is not None and statement.value is not None:
                span = self.outline.span(statement)
                if span.end - span.start < _LONG:
                    value = lower(statement.value, self._scope(span, None))
                    parts = tuple(
                        replace(p, names=frozenset(), version=1) if isinstance(p, Hole) else p
                        for p in value.pattern.parts
                    )
                    self._constants[name] = replace(value, pattern=PathPattern(parts))
        return self._constants[name]

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
        reason = self._concurrent.get(definition.name)
        execution = Execution(
            functions=(definition.qualified,), concurrency=(reason,) if reason is not None else ()
        )
        names = frozenset(p.arg for p in definition.parameters)
        walker = Walker(scope, execution, self._command_call if commands else _no_command, names)
        walker.row = row or walker.row
        self._prepare(walker)
        walker.block(node.body)
        return walker

    def _prepare(self, walker: Walker) -> None:
        walker.durable = self._durable
        walker.is_local = lambda written: self._callee(written) is not None
        walker.helper_checks = lambda node, written, scope: self._helper_checks.asked(
            node, self._callee(written), scope, self.source.text, self._walker
        )

    def _call_value(self, node: ast.Call, written: str, scope: Scope) -> Value | None:
        """What a function of this file returns, its parameters replaced by the arguments."""
        definition = self._callee(written)
        if definition is None:
            return None
        summary = self._summary(definition)
        if summary is None or not summary.returned:
            return None
        patterns = {value.pattern for value in summary.returned}
        if len(patterns) != 1:
            return None
        bound = bind(node, summary.parameters, scope)
        parts: list[str | Hole | PathPattern] = []
        for part in summary.returned[0].pattern.parts:
            if isinstance(part, str):
                parts.append(part)
            elif part.text in bound and part.names == frozenset({part.text}):
                parts.append(bound[part.text])
            else:
                names = frozenset().union(
                    *(bound[n].names if n in bound else frozenset() for n in part.names)
                )
                parts.append(Hole(part.text, names, part.kind, 1))
        return Value(PathPattern.of(*parts), summary.returned[0].pathlike)

    def _callee(self, written: str) -> Definition | None:
        name = written.rpartition(".")[2]
        if written not in {name, f"self.{name}", f"cls.{name}"}:
            return None
        found = self._by_name.get(name, ())
        return found[0] if len(found) == 1 else None

    def _row_of(self, written: str) -> str | None:
        definition = self._callee(written)
        return definition.qualified if definition is not None else None

    def _summary(self, definition: Definition) -> _Summary | None:
        key = definition.qualified
        if key not in self._summaries:
            self._summaries[key] = None
            text = self.source.text[definition.span.start : definition.span.end]
            if len(text) < 4000 and "return" in text:
                walker = self._walker(definition)
                if walker is not None:
                    parameters = [p.arg for p in definition.parameters]
                    values = [
                        value
                        for _, value in walker.returned
                        if value.pattern.parts and value.pattern.literal.strip("\0")
                    ]
                    self._summaries[key] = _Summary(values, parameters)
        return self._summaries[key]

    # --- walking ---------------------------------------------------------------------------------------------------

    def _walk_definition(self, definition: Definition) -> None:
        place = Place(self.source, definition.span)
        parameters = tuple(p.arg for p in definition.parameters)
        row = Row(place=place, title=definition.qualified, parameters=parameters)
        self.interpreter.begin(row.steps)  # type: ignore[arg-type]  # local calls are among the steps of a row only
        try:
            walker = self._walker(definition, commands=True, row=row)
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

    def _walk_module(self) -> None:
        body = [
            s
            for s in self.outline.tree.body
            if not isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ]
        rest = ast.Module(body=body, type_ignores=[])
        whole = Span(0, len(self.source.text))
        if not body or not self._may_hold_facts(rest, whole):
            return
        row = Row(place=Place(self.source, whole), kind="script", title=self.source.path)
        self.interpreter.begin(row.steps)  # type: ignore[arg-type]  # as above
        scope = self._scope(whole, None)
        walker = Walker(scope, Execution(), self._command_call, row=row)
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
        candidates += [(node, value, "", walker.execution, True) for node, value in walker.returned]
        for node, value, variable, execution, returned in candidates:
            if not _is_name(node, value):
                continue
            place = walker.scope.place(_built_at(node, walker))
            if place.span in seen:
                continue
            seen.add(place.span)
            self._add_name(place, value, variable, definition, execution, acts, returned=returned)
        for act in acts:
            joined = _JOINS.search(act.path_place.text) is not None
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
        for at, fact in enumerate(self.facts):
            if isinstance(fact, Write) and fact.execution.functions:
                self.facts[at] = self._with_state_words(fact)

    def _with_state_words(self, act: Write) -> Write:
        """Adds the words of the arguments that callers give for the parameter which is the path."""
        words: set[str] = set()
        for call in self._calls.get(act.execution.functions[-1], ()):
            for name, pattern in call.bound:
                if name in act.path.name.names:
                    words |= pattern.name.words
        return replace(act, state_words=frozenset(words)) if words else act


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


def _called_names(node: ast.AST) -> set[str]:
    return {
        inner.func.attr if isinstance(inner.func, ast.Attribute) else getattr(inner.func, "id", "")
        for inner in walk(node)
        if isinstance(inner, ast.Call)
    }


def _handed_over(node: ast.Call) -> str:
    """The function that a call hands to workers: `pool.map(f, …)`, `Process(target=f)`, `delayed(f)`."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called in _POOL_METHODS and isinstance(node.func, ast.Attribute) and node.args:
        first = node.args[0]
        return first.id if isinstance(first, ast.Name) else ""
    if called in STARTERS:
        for keyword_ in node.keywords:
            if keyword_.arg == "target" and isinstance(keyword_.value, ast.Name):
                return keyword_.value.id
    if called == "delayed" and node.args and isinstance(node.args[0], ast.Name):
        return node.args[0].id
    return ""


def _may_act(node: ast.Call, called: str, resolve: Callable[[str], str]) -> bool:
    """Whether a call of such a name may be the one that is meant: `replace` of a path has one argument."""
    if called == "replace" and dotted(node.func) != "os.replace" and (len(node.args) != 1 or node.keywords):
        return False
    if called in _OF_MODULES and isinstance(node.func, ast.Attribute):
        module = resolve(dotted(node.func.value)).partition(".")[0]
        return module in _OF_MODULES[called]
    return True


def _builds_name(node: ast.JoinedStr) -> bool:
    text = "".join(v.value for v in node.values if isinstance(v, ast.Constant) and isinstance(v.value, str))
    return ("." in text or "/" in text) and len(text) < 120 and " " not in text.strip()


def _joins_path(node: ast.Call) -> bool:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called not in {"join", "joinpath", "Path", "with_suffix", "with_name", "format"}:
        return False
    return called == "format" or any(
        isinstance(a, ast.Constant) and isinstance(a.value, str) for a in node.args
    )


def _has_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(n, ast.JoinedStr) or (isinstance(n, ast.Constant) and isinstance(n.value, str))
        for n in (node.left, node.right)
    )


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
    return frozenset(words & _PURPOSES)


def _is_name(node: ast.expr, value: Value) -> bool:
    """Whether an expression builds the name of a file here (and does not only pass one on)."""
    if isinstance(node, ast.Name | ast.Attribute) or not value.pattern.parts:
        return False
    if value.handle_of is not None or value.glob is not None:
        return False
    if isinstance(node, ast.Call):
        func = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if func not in {"Path", "PurePath", "join", "joinpath", "with_name", "with_suffix", "format", "str"}:
            return False
    if not value.pattern.literal.strip("\0/."):
        return False
    return _looks_like_file(value.pattern)
