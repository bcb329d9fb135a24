"""Functions that only run what they are given: `def sh(cmd): subprocess.run(cmd, shell=True)`, `def pueue(*argv): …`.

A call of such a function is a command of its own: the words are the caller's.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from jobsafety_lint.readers.python.nodes import dotted, walk

_ARGV = frozenset({"subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output",
                   "subprocess.Popen"})  # fmt: skip
_TEXT = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput",
                   "asyncio.create_subprocess_shell"})  # fmt: skip
_WORDS = frozenset({"asyncio.create_subprocess_exec"})


@dataclass(frozen=True)
class Piece:
    """A part of what a runner runs: a text of its own, one of its parameters, all words of a starred one, or a constant
    or attribute by its name (`HOST`, `self.host`).
    """

    text: str = ""
    parameter: str = ""
    star: bool = False
    value: str = ""


@dataclass(frozen=True)
class Runner:
    """What a function runs. `style`: `words` (each piece a word), `argv` (the only piece is a list of words), `text`
    (the pieces make up a text for a shell). `raises` if a failure raises, `returns` if the caller gets the output.
    """

    style: str
    pieces: tuple[Piece, ...]
    parameters: tuple[str, ...]
    variadic: str | None = None
    raises: bool = False
    returns: bool = False


def runner_of(node: ast.FunctionDef | ast.AsyncFunctionDef, resolve: Callable[[str], str]) -> Runner | None:
    """What a function runs for its caller; None if it runs words of its own, or several programs."""
    parameters = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    names = {p.arg for p in parameters}
    if node.args.vararg is not None:
        names.add(node.args.vararg.arg)
    calls = [
        n for n in walk(node) if isinstance(n, ast.Call) and resolve(dotted(n.func)) in _ARGV | _TEXT | _WORDS
    ]
    if len(calls) != 1:
        return None
    call = calls[0]
    name = resolve(dotted(call.func))
    read = _read(call, name, names, resolve)
    if read is None:
        return None
    style, pieces = read
    if not any(piece.parameter for piece in pieces):
        return None
    checked = any(k.arg == "check" and getattr(k.value, "value", None) is True for k in call.keywords)
    return Runner(
        style,
        tuple(pieces),
        tuple(p.arg for p in parameters if p.arg not in {"self", "cls"}),
        node.args.vararg.arg if node.args.vararg else None,
        checked or name in {"subprocess.check_call", "subprocess.check_output"},
        any(isinstance(n, ast.Return) and n.value is not None for n in walk(node)),
    )


def _read(
    call: ast.Call, name: str, names: set[str], resolve: Callable[[str], str]
) -> tuple[str, list[Piece]] | None:
    if not call.args:
        return None
    first = call.args[0]
    shell = any(k.arg == "shell" and getattr(k.value, "value", None) is True for k in call.keywords)
    if name in _WORDS:
        return _as_words(call.args, names)
    if name in _TEXT or (shell and not isinstance(first, ast.List)):
        return _as_text(first, names)
    if isinstance(first, ast.Call) and resolve(dotted(first.func)) == "shlex.split" and first.args:
        return _as_text(first.args[0], names)
    if isinstance(first, ast.Call) and dotted(first.func) in {"list", "tuple"} and len(first.args) == 1:
        first = first.args[0]
    if isinstance(first, ast.Name) and first.id in names:
        return "argv", [Piece(parameter=first.id)]
    if isinstance(first, ast.BinOp) and isinstance(first.op, ast.Add) and isinstance(first.left, ast.List):
        right = first.right
        if isinstance(right, ast.Call) and len(right.args) == 1:
            right = right.args[0]
        if isinstance(right, ast.Name):
            return _as_words([*first.left.elts, ast.Starred(value=right)], names)
    if isinstance(first, ast.List):
        return _as_words(first.elts, names)
    return None


def _as_words(nodes: list[ast.expr], names: set[str]) -> tuple[str, list[Piece]] | None:
    """Words of which the caller decides more than a value: a starred rest, or a whole command line."""
    pieces = [piece for node in nodes if (piece := _piece(node, names)) is not None]
    if len(pieces) < len(nodes) or not pieces:
        return None
    line = pieces[0].text.rpartition("/")[2] in {"ssh", "bash", "sh"} and bool(pieces[-1].parameter)
    return ("words", pieces) if line or any(piece.star for piece in pieces) else None


def _piece(node: ast.expr, names: set[str]) -> Piece | None:
    match node:
        case ast.Constant(value=str(text)):
            return Piece(text)
        case ast.Name(id=name) if name in names:
            return Piece(parameter=name)
        case ast.Starred(value=ast.Name(id=name)) if name in names:
            return Piece(parameter=name, star=True)
        case ast.Name(id=name) if name.isupper():
            return Piece(value=name)
        case ast.Attribute(value=ast.Name(id="self" | "cls")):
            return Piece(value=dotted(node))
    return None


def _as_text(node: ast.expr, names: set[str]) -> tuple[str, list[Piece]] | None:
    match node:
        case ast.Name(id=name) if name in names:
            return "text", [Piece(parameter=name)]
        case ast.JoinedStr(values=values):
            inner = [v.value if isinstance(v, ast.FormattedValue) else v for v in values]
            pieces = [piece for node in inner if (piece := _piece(node, names)) is not None]
            if len(pieces) == len(inner) and pieces and pieces[-1].parameter:
                return "text", pieces
        case ast.BinOp(op=ast.Add(), left=ast.Constant(value=str(text)), right=ast.Name(id=name)) if (
            name in names
        ):
            return "text", [Piece(text), Piece(parameter=name)]
    return None
