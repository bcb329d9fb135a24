"""Programs that Python code runs: subprocess, os.system and their kin, read as commands by the shell's interpreter."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from jobsafety_lint.meaning.commands import Arg
from jobsafety_lint.meaning.execution import Execution, Setting
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.python.runners import Piece, Runner
from jobsafety_lint.meaning.python.values import UNDENTING, Element, Scope, lower
from jobsafety_lint.meaning.shell.interpreter import Interpreter, Use
from jobsafety_lint.meaning.shell.state import State
from jobsafety_lint.meaning.shell.unwrapping import snippet
from jobsafety_lint.model import Span
from jobsafety_lint.readers.python.nodes import arguments, dotted, is_constant, is_text, keyword, walk
from jobsafety_lint.readers.python.strings import Field
from jobsafety_lint.source import Hole, Place

_ESCAPE = re.compile(
    r"\\(\r?\n|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|[0-7]{1,3}|.)", re.DOTALL
)
_LETTERS = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "\n": "",
    "\\": "\\",
    "'": "'",
    '"': '"',
}

_ARGV = frozenset(
    {
        "subprocess.run",
        "subprocess.call",
        "subprocess.check_call",
        "subprocess.check_output",
        "subprocess.Popen",
    }
)
_SHELL_TEXT = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "asyncio.create_subprocess_shell",
                         "commands.getoutput"})  # fmt: skip
_WORDS = frozenset(
    {
        "asyncio.create_subprocess_exec",
        "os.execvp",
        "os.execlp",
        "os.execv",
        "os.execl",
        "os.spawnlp",
        "os.spawnvp",
    }
)
_STARTING = frozenset(
    {"subprocess.Popen", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"}
)
"""What starts a program and does not wait for it."""
_WAITING = frozenset({"wait", "communicate", "wait_for"})
_VECTORS = frozenset({"os.execv", "os.execvp", "os.spawnv", "os.spawnvp", "os.posix_spawnp"})
_RUNNING = _ARGV | _SHELL_TEXT | _WORDS | _VECTORS
"""The functions that run a program."""
_CONTEXTS = frozenset({"c", "ctx", "context"})
_RAISING = frozenset({"subprocess.check_call", "subprocess.check_output"})
_CAPTURING = frozenset(
    {
        "subprocess.check_output",
        "subprocess.getoutput",
        "os.popen",
        "subprocess.run",
        "subprocess.Popen",
        "asyncio.create_subprocess_exec",
        "asyncio.create_subprocess_shell",
    }
)


@dataclass(eq=False)
class CommandCalls:
    """Reads the calls of one file that run programs."""

    interpreter: Interpreter
    uses_fabric: bool = False
    uses_invoke: bool = False
    queues: bool = True
    """The file names pueue or a wrapper of it."""
    runner: Callable[[str], Runner | None] = field(default=lambda _: None)

    def read(
        self,
        node: ast.Call,
        name: str,
        scope: Scope,
        execution: Execution,
        status: str,
        output_to: frozenset[str],
    ) -> bool:
        """Whether the call runs a program; its facts are kept by the interpreter."""
        if not self._may_run(node, name):
            return False
        args = [a.value if isinstance(a, ast.Starred) else a for a in node.args]
        if name in _RAISING:
            status = "exits" if status == "ignored" else status
        output = "variable" if output_to else "shown"
        use = Use(status, output, output_to if name in _CAPTURING else frozenset())
        inner = execution.but(
            shell="",
            errexit=False,
            pipefail=False,
            environment=(*execution.environment, *_environment(node, scope)),
            **_directory(node, scope),
        )
        if name in _ARGV and args:
            if is_constant(keyword(node, "shell"), True) and not isinstance(args[0], ast.List):
                return self._text(args[0], scope, inner, use)
            return self._argv(args[0], node, scope, inner, use)
        if name in _SHELL_TEXT and args:
            return self._text(args[0], scope, inner, use)
        if name in _VECTORS and len(args) > 1:
            return self._argv(args[-1], node, scope, inner, use)
        if name in _WORDS and args:
            words = args[1:] if name.startswith("os.") else args
            elements = [Element(arg, lower(arg, scope)) for arg in words]
            return self._run(elements, node, scope, inner, use)
        if isinstance(node.func, ast.Attribute) and args:
            method = node.func.attr
            if method == "exec_command" or (self.uses_fabric and method in {"run", "sudo"}):
                host = PathPattern((Hole(scope.text(node.func.value)),))
                cwd = execution.cwd  # `with connection.cd(…):`
                remote = inner.but(host=host, shell="bash", at_home=cwd is None, cwd=cwd)
                return self._text(args[0], scope, remote, replace(use, output_to=output_to))
            if self._is_local(node, method, name):
                status = "ignored" if is_constant(keyword(node, "warn"), True) else "exits"
                return self._text(args[0], scope, inner.but(shell="bash"), Use(status, output, output_to))
        runner = self.runner(dotted(node.func))
        if runner is not None:
            self._runs(node, runner, scope, inner, Use(status, output, output_to))
            return False
        use = replace(use, output_to=output_to)
        return self._queue_call(node, dotted(node.func), scope, inner, use)

    def _may_run(self, node: ast.Call, name: str) -> bool:
        """Whether a look at the arguments is worth its time: most calls run no program."""
        if name in _RUNNING or self.queues:
            return True
        if isinstance(node.func, ast.Attribute) and (
            node.func.attr == "exec_command" or self.uses_fabric or self.uses_invoke
        ):
            return True
        return self.runner(dotted(node.func)) is not None

    def _is_local(self, node: ast.Call, method: str, name: str) -> bool:
        """`c.run(…)`, with the context that invoke gives a task, and `invoke.run`; `c.local` of fabric."""
        receiver = dotted(node.func).rpartition(".")[0]
        if self.uses_fabric:
            return method == "local"
        context = receiver in _CONTEXTS and method in {"run", "sudo"}
        return self.uses_invoke and (context or name in {"invoke.run", "invoke.sudo"})

    def _queue_call(self, node: ast.Call, written: str, scope: Scope, execution: Execution, use: Use) -> bool:
        """Calls that reach pueue by a function of another file: `self.run(["pueue", …])`, a configured queue command."""
        positional = [a for a in arguments(node) if a.keyword is None and a.star != "**"]
        if not positional:
            return False
        first = positional[0].value
        value = lower(first, scope)
        known = value.elements if not positional[0].star else None
        is_queue = self.interpreter.is_queue
        if known and known[0].value.pattern.text is not None and is_queue(known[0].value.pattern.text):
            return self._run(list(known), node, scope, execution, use)
        if not (is_queue(written.rpartition(".")[2]) or is_queue(written)):
            return False
        text = value.pattern.text
        if len(positional) == 1 and text and " " in text:
            program = "" if text.startswith("pueue") else "pueue"
            return self._text(first, scope, execution, use, program=program)
        given = [Element(a.value, lower(a.value, scope), star=bool(a.star)) for a in positional]
        if len(given) == 1 and known is not None:
            given = [Element(first, value, star=True)]
        return self._run(given, node, scope, execution, use, ("pueue",))

    def _runs(self, node: ast.Call, runner: Runner, scope: Scope, execution: Execution, use: Use) -> None:
        """A call of a function that runs what it is given: the command is the caller's."""
        given, rest = _given(node, runner, scope)
        status = "exits" if runner.raises and use.status == "ignored" else use.status
        use = (
            Use(status, "branch" if use.status == "branch" else use.output, use.output_to)
            if runner.returns
            else Use(status)
        )
        first = runner.pieces[0]
        if runner.style == "argv" and first.parameter in given:
            self._argv(given[first.parameter], node, scope, execution, use)
        elif runner.style == "text" and len(runner.pieces) == 1 and first.parameter in given:
            self._text(given[first.parameter], scope, execution, use)
        elif runner.style in {"words", "argv"}:
            args = [
                a for piece in runner.pieces for a in self._words_of(piece, node, scope, given, rest, runner)
            ]
            if args:
                self.interpreter.run(args, State(execution), use, scope.place(node))
        elif runner.style == "text" and all(not p.parameter or p.parameter in given for p in runner.pieces):
            parts = [
                arg_of(given[p.parameter], scope) if p.parameter else _own(p, node, scope)
                for p in runner.pieces
            ]
            pieces = tuple(piece for arg in parts for piece in arg.pieces)
            whole = PathPattern.of(*(arg.pattern for arg in parts))
            text = snippet([Arg(scope.place(node), whole, whole, True, pieces=pieces)])
            if text is not None and not (text.holes and len(text.text) == 1):
                self.interpreter.text(text, State(execution.but(shell="sh")), use)

    def _words_of(
        self,
        piece: Piece,
        node: ast.Call,
        scope: Scope,
        given: dict[str, ast.expr],
        rest: list[Element],
        runner: Runner,
    ) -> Iterator[Arg]:
        if not piece.parameter:
            yield _own(piece, node, scope)
        elif piece.parameter == runner.variadic:
            yield from self._spread(rest, scope, node.func)
        elif piece.parameter in given:
            argument = given[piece.parameter]
            value = lower(argument, scope)
            if piece.star or runner.style == "argv":
                yield from self._spread([Element(argument, value, True)], scope, argument)
            else:
                yield arg_of(argument, scope)

    def _spread(self, elements: Iterable[Element], scope: Scope, at: ast.expr) -> Iterator[Arg]:
        """The words that elements are; those of a list that was made elsewhere stand `at` where it is used."""
        for element in elements:
            here = element.node if scope.holds(element.node) else None
            if element.star and element.value.elements is not None:
                yield from self._spread(element.value.elements, scope, here or at)
            elif here is None:
                place, pattern = scope.place(at), element.value.pattern
                yield Arg(place, pattern, pattern, True, element.star, None, ((pattern, place.span),))
            else:
                yield replace(arg_of(element.node, scope), splits=element.star)

    def _argv(self, argument: ast.expr, node: ast.Call, scope: Scope, execution: Execution, use: Use) -> bool:
        if (
            isinstance(argument, ast.Call)
            and scope.resolve(dotted(argument.func)) == "shlex.split"
            and argument.args
        ):
            return self._text(argument.args[0], scope, execution, use)
        value = lower(argument, scope)
        if value.elements is None:
            if value.pattern.text is not None and isinstance(argument, ast.Constant):
                return self._run([Element(argument, value)], node, scope, execution, use)
            return True
        return self._run(list(value.elements), node, scope, execution, use)

    def _run(
        self,
        elements: list[Element],
        node: ast.Call,
        scope: Scope,
        execution: Execution,
        use: Use,
        prefix: tuple[str, ...] = (),
    ) -> bool:
        start = Place(scope.source, Span(scope.place(node).span.start, scope.place(node.func).span.end))
        args = [Arg(start, PathPattern.of(word), PathPattern.of(word), True) for word in prefix]
        for element in elements:
            args += self._spread([element], scope, node.args[0] if node.args else node)
        if args:
            args[0] = _with_default(args[0], scope)
            given = keyword(node, "input")
            state = State(execution, input=snippet([arg_of(given, scope)]) if given is not None else None)
            self.interpreter.run(args, state, use, scope.place(node))
        return True

    def _text(
        self, argument: ast.expr, scope: Scope, execution: Execution, use: Use, program: str = ""
    ) -> bool:
        word = arg_of(argument, scope)
        start = Place(scope.source, Span(word.place.span.start, word.place.span.start))
        before = [Arg(start, PathPattern.of(program), PathPattern.of(program))] if program else []
        text = snippet([*before, word])
        if text is not None and not (text.holes and len(text.text) == 1):
            shell = execution.shell or "sh"
            self.interpreter.text(text, State(execution.but(shell=shell)), use)
        return True


def _with_default(program: Arg, scope: Scope) -> Arg:
    """A program that a parameter names, by what that is where no call says otherwise: `def run(binary="pueue")`."""
    holes = program.pattern.holes
    default = scope.defaults.get(holes[0].text) if len(program.pattern.parts) == len(holes) == 1 else None
    if not default:
        return program
    pattern = PathPattern.of(default)
    return replace(program, pattern=pattern, pieces=((pattern, program.place.span),))


def _given(node: ast.Call, runner: Runner, scope: Scope) -> tuple[dict[str, ast.expr], list[Element]]:
    """Which argument a call gives for each parameter of a runner, and those for its `*args`."""
    given: dict[str, ast.expr] = {}
    rest: list[Element] = []
    positions = iter(runner.parameters)
    for arg in arguments(node):
        if arg.keyword is not None:
            given[arg.keyword] = arg.value
        elif arg.star != "*" and (name := next(positions, None)) is not None:
            given[name] = arg.value
        else:
            rest.append(Element(arg.value, lower(arg.value, scope), arg.star == "*"))
    return given, rest


def _own(piece: Piece, node: ast.Call, scope: Scope) -> Arg:
    """A word that the runner adds, at the call."""
    pattern = PathPattern.of(piece.text)
    if piece.value:
        known = scope.module_value(piece.value)
        pattern = known.pattern if known is not None else PathPattern((Hole(piece.value),))
    place = scope.place(node.func)
    return Arg(place, pattern, pattern, True, False, None, ((pattern, place.span),))


def _directory(node: ast.Call, scope: Scope) -> dict[str, object]:
    cwd = keyword(node, "cwd")
    if cwd is None or is_constant(cwd, None):
        return {}
    return {"cwd": lower(cwd, scope).pattern, "at_home": False}


def may_raise(node: ast.Call, name: str) -> bool:
    """Whether a failure of what a call runs may be raised there; of a function that is not known it may."""
    return name in _RAISING or name not in _ARGV | _SHELL_TEXT or _checks(node)


def goes_on_beside(node: ast.Call, name: str, repeated: Sequence[ast.AST]) -> bool:
    """Whether a call starts a program that the loop around it (what it repeats is given) does not wait for in the same pass:
    by `p.wait()`, `with Popen(…)`.
    """
    return name in _STARTING and not any(
        (isinstance(inner, ast.Attribute) and inner.attr in _WAITING)
        or (isinstance(inner, ast.withitem) and inner.context_expr is node)
        for statement in repeated
        for inner in walk(statement)
    )


def _checks(node: ast.Call) -> bool:
    return is_constant(keyword(node, "check"), True)


def _environment(node: ast.Call, scope: Scope) -> Iterator[Setting]:
    """The variables that `env={**os.environ, "K": v}` or `env=os.environ | {"K": v}` sets."""
    given = keyword(node, "env")
    if isinstance(given, ast.BinOp) and isinstance(given.op, ast.BitOr):
        given = given.right
    if not isinstance(given, ast.Dict):
        return
    for key, node_of_value in zip(given.keys, given.values, strict=True):
        if key is None:
            continue
        name = lower(key, scope).pattern.text
        if name and name.isidentifier():
            value = lower(node_of_value, scope).pattern
            whole = Span(scope.outline.start(key), scope.outline.end(node_of_value))
            yield Setting(name, value, Place(scope.source, whole), "assignment")


def arg_of(node: ast.expr, scope: Scope) -> Arg:
    """A word, with the exact place of each of its parts."""
    place = scope.place(node)
    pieces = tuple(_pieces(node, scope))
    pattern = PathPattern.of(*(pattern for pattern, _ in pieces))
    written = pattern if is_text(node) else PathPattern((Hole(place.text, pattern.names),))
    return Arg(place, pattern, written, True, False, None, pieces)


def _pieces(node: ast.expr, scope: Scope) -> Iterator[tuple[PathPattern, Span]]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _pieces(node.left, scope)
        yield from _pieces(node.right, scope)
        return
    if isinstance(node, ast.Name | ast.Attribute):
        literal = lower(node, scope).literal
        if literal is not None and "\n" in scope.text(literal):  # a script: what it does stands there
            yield from _pieces(literal, scope)
            return
    if isinstance(node, ast.Call) and node.args and scope.resolve(dotted(node.func)) in UNDENTING:
        yield from _pieces(node.args[0], scope)
        return
    written = (
        scope.outline.pieces(node)
        if isinstance(node, ast.Constant | ast.JoinedStr) and is_text(node)
        else None
    )
    if written is None:
        yield lower(node, scope).pattern, scope.span(node)
        return
    for piece in written:
        if isinstance(piece, Field):
            yield _value(piece, scope), piece.span
        else:
            text = scope.source.text[piece.span.start : piece.span.end]
            yield from decoded(text, piece.span, raw=piece.raw, braces=piece.formatted)


def _value(field: Field, scope: Scope) -> PathPattern:
    pattern = lower(field.expression, scope).pattern
    if field.spec is not None and pattern.text is None:
        code = scope.source.text[field.span.start : field.span.end].strip("{}")
        return PathPattern((Hole(code, pattern.names),))
    return pattern


def decoded(text: str, span: Span, *, raw: bool, braces: bool = False) -> Iterator[tuple[PathPattern, Span]]:
    """The value of a literal's text in pieces, each with its place: escapes stand for one character each."""
    at = 0
    start = span.start

    def plain(upto: int) -> Iterator[tuple[PathPattern, Span]]:
        if upto > at:
            yield PathPattern.of(text[at:upto]), Span(start + at, start + upto)

    marks = re.compile(r"\\|\{\{|\}\}" if braces else r"\\")
    search = 0
    while (match := marks.search(text, search)) is not None:
        if match.group() == "\\":
            escape = _ESCAPE.match(text, match.start())
            if raw or escape is None:
                search = match.end()
                continue
            yield from plain(match.start())
            yield PathPattern.of(_letter(escape[1])), Span(start + match.start(), start + escape.end())
            at = search = escape.end()
        else:
            yield from plain(match.start())
            yield PathPattern.of(match.group()[0]), Span(start + match.start(), start + match.end())
            at = search = match.end()
    yield from plain(len(text))


def _letter(code: str) -> str:
    if code in _LETTERS:
        return _LETTERS[code]
    if code[0] in "xuU" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8))
    return "" if code == "\r\n" else "\\" + code
