"""Functions of a Python file that hand their own arguments to pueue: `def pueue(*argv): run(["pueue", *argv])`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.readers.python.outline import Definition, Outline


@dataclass(frozen=True)
class QueueHelper:
    """`prefix` are the words that the function puts before its arguments (`pueue`, perhaps `add`); `listed` if it takes
    them as one list; `status` is what becomes of a failure (see `Command`).
    """

    prefix: tuple[str, ...]
    listed: bool
    status: str = "ignored"


def queue_helpers(outline: Outline) -> dict[str, QueueHelper]:
    """The helpers of a file by name; a name that two functions share is left out."""
    found: dict[str, QueueHelper] = {}
    names: list[str] = [definition.name for definition in outline.functions]
    for definition in outline.functions:
        helper = _helper(definition)
        if helper is not None and names.count(definition.name) == 1:
            found[definition.name] = helper
    return found


def _helper(definition: Definition) -> QueueHelper | None:
    arguments = definition.node.args
    star = arguments.vararg.arg if arguments.vararg else None
    plain = [a.arg for a in (*arguments.posonlyargs, *arguments.args) if a.arg not in {"self", "cls"}]
    for node in ast.walk(definition.node):
        words = _words(node)
        if words is None:
            continue
        prefix, rest = words
        if prefix[:1] != ("pueue",) or rest is None:
            continue
        raises = any(
            isinstance(n, ast.keyword) and n.arg == "check" and getattr(n.value, "value", None) is True
            for n in ast.walk(definition.node)
        )
        status = "exits" if raises else "ignored"
        if rest == star and not plain:
            return QueueHelper(prefix, listed=False, status=status)
        if plain[:1] == [rest]:
            return QueueHelper(prefix, listed=True, status=status)
    return None


def _words(node: ast.AST) -> tuple[tuple[str, ...], str | None] | None:
    """The literal words of a list and the variable that it ends in: `["pueue", *argv]`, `["pueue"] + argv`."""
    match node:
        case ast.BinOp(left=ast.List(elts=elements), op=ast.Add(), right=right):
            name = right
        case ast.List(elts=[*elements, ast.Starred(value=name)]):
            pass
        case _:
            return None
    if (
        isinstance(name, ast.Call)
        and len(name.args) == 1
        and getattr(name.func, "id", "") in {"list", "tuple"}
    ):
        name = name.args[0]
    texts = list(_texts(elements))
    if len(texts) != len(elements):
        return None
    return tuple(texts), name.id if isinstance(name, ast.Name) else None


def _texts(elements: list[ast.expr]) -> Iterator[str]:
    for element in elements:
        if isinstance(element, ast.Constant) and isinstance(element.value, str):
            yield element.value
