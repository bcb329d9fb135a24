"""What Python code reads of its environment, by `ast` alone: it is asked of whole files, and of neighbours."""

from __future__ import annotations

import ast
import bisect
import re
from collections.abc import Iterator, Sequence

from jobsafety_lint.literals import Literals
from jobsafety_lint.meaning.environment.variables import DotenvLoad, EnvironmentRead, EnvironmentSet
from jobsafety_lint.readers.python.nodes import dotted, walk
from jobsafety_lint.readers.python.outline import Outline
from jobsafety_lint.source import Place

_SOMETHING = re.compile(r"environ|getenv|load_dotenv")
_MENTIONS = Literals(("environ", "getenv", "load_dotenv"))


def environment_facts(outline: Outline) -> Iterator[EnvironmentRead | EnvironmentSet | DotenvLoad]:
    """The reads, sets and loads of a file, in the order of the text."""
    if not _MENTIONS.any_in(outline.source):
        return
    source = outline.source
    lines = sorted({source.line_of(match.start()) for match in _SOMETHING.finditer(source.text)})
    mentioning = (statement for statement in outline.tree.body if _holds_one(statement, lines))
    found = [fact for statement in mentioning for node in walk(statement) for fact in _facts(node, outline)]
    yield from sorted(found, key=lambda fact: fact.place.span.start)


def _holds_one(statement: ast.stmt, lines: Sequence[int]) -> bool:
    """Whether one of these lines, in order, is a statement's."""
    at = bisect.bisect_left(lines, statement.lineno)
    return at < len(lines) and lines[at] <= (statement.end_lineno or statement.lineno)


def _facts(node: ast.AST, outline: Outline) -> Iterator[EnvironmentRead | EnvironmentSet | DotenvLoad]:
    if isinstance(node, ast.Subscript) and outline.resolve(dotted(node.value)) == "os.environ":
        name = _text(node.slice)
        if name is not None:
            place = Place(outline.source, outline.span(node))
            if isinstance(node.ctx, ast.Load):
                yield EnvironmentRead(place, name, needed=True)
            elif isinstance(node.ctx, ast.Store):
                yield EnvironmentSet(place, name)
    elif isinstance(node, ast.Call):
        called = outline.resolve(dotted(node.func))
        if not called.startswith(("os.", "dotenv.")):
            return
        name = _text(node.args[0]) if node.args else None
        place = Place(outline.source, outline.span(node))
        if called in {"os.getenv", "os.environ.get"} and name is not None:
            yield EnvironmentRead(place, name, needed=len(node.args) == 1 and not node.keywords)
        elif called == "os.environ.setdefault" and name is not None:
            yield EnvironmentSet(place, name)
        elif called in {"dotenv.load_dotenv", "dotenv.main.load_dotenv"}:
            yield DotenvLoad(place, _says_which(node, outline))


def _says_which(node: ast.Call, outline: Outline) -> bool:
    given = [*node.args[:1], *(k.value for k in node.keywords if k.arg in {"dotenv_path", "stream", None})]
    if not given:
        return False
    value = given[0]
    if isinstance(value, ast.Call) and outline.resolve(dotted(value.func)) in {
        "dotenv.find_dotenv",
        "dotenv.main.find_dotenv",
    }:
        usecwd = [k.value for k in value.keywords if k.arg == "usecwd"] + value.args[2:3]
        return any(not isinstance(v, ast.Constant) or bool(v.value) for v in usecwd)
    return not (isinstance(value, ast.Constant) and value.value is None)


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
