"""Where Python code stands: the places that `ast` gives, libcst's word on them, and the inside of string literals."""

from __future__ import annotations

import argparse
import ast
import tokenize
from pathlib import Path

import pytest

from jobsafety_lint.model import Span
from jobsafety_lint.readers.python.close import ExactReader
from jobsafety_lint.readers.python.outline import Outline
from jobsafety_lint.readers.python.strings import Field, pieces, placed
from jobsafety_lint.source import SourceFile


def file_of(path: Path) -> SourceFile:
    return SourceFile(str(path), path.read_text(encoding="utf-8"))


def test_libcst_knows_every_place_that_ast_gives() -> None:
    source = file_of(Path(argparse.__file__))
    outline = Outline.of(source)
    exact = ExactReader(source.text, outline.statements)
    kinds = ast.Call | ast.Dict | ast.If | ast.Return | ast.Compare
    asked = [node for node in ast.walk(outline.tree) if isinstance(node, kinds)]
    assert len(asked) > 1000
    assert [n for n in asked if exact.node_at(outline.span(n)) != outline.span(n)] == []


@pytest.mark.parametrize(
    ("text", "asked", "found"),
    [
        ("x = (a, b)\n", "(a, b)", "(a, b)"),
        ("x = run('a b')\n", "a b", "'a b'"),
        ("@dec\ndef f():\n    return g(1)\n", "g(1)", "g(1)"),
        ("@dec(1)\ndef f():\n    return 2\n", "dec(1)", "dec(1)"),
        ("x = a + b + c\n", "b + c", "a + b + c"),
    ],
)
def test_a_place_is_a_node_or_the_smallest_one_around_it(text: str, asked: str, found: str) -> None:
    at = text.index(asked)
    node = ExactReader(text, Outline.of(SourceFile("x.py", text)).statements).node_at(
        Span(at, at + len(asked))
    )
    assert node is not None
    assert text[node.start : node.end] == found


def test_what_libcst_cannot_read_stays() -> None:
    assert ExactReader("x = (\n", [Span(0, 6)]).node_at(Span(4, 5)) is None


def literals(source: SourceFile) -> list[tuple[ast.Constant | ast.JoinedStr, Span]]:
    """The string literals of a file that are not part of another one."""
    outline = Outline.of(source)
    nodes = list(ast.walk(outline.tree))
    inside = {
        id(part) for n in nodes if isinstance(n, ast.JoinedStr) for part in ast.walk(n) if part is not n
    }
    return [
        (n, outline.span(n))
        for n in nodes
        if id(n) not in inside
        and (
            isinstance(n, ast.JoinedStr) or (isinstance(n, ast.Constant) and isinstance(n.value, str | bytes))
        )
    ]


def test_the_scanner_reads_every_literal_as_ast_does() -> None:
    count = 0
    libraries = [Path(module.__file__) for module in (argparse, tokenize, ast)]
    for path in [*libraries, *Path(__file__).parent.glob("*.py")]:
        source = file_of(path)
        for node, span in literals(source):
            found = pieces(source.text, span, node)
            count += 1
            if isinstance(node, ast.JoinedStr):
                fields = [v for v in node.values if isinstance(v, ast.FormattedValue)]
                expressions = [piece.expression for piece in found if isinstance(piece, Field)]
                assert [ast.dump(v.value) for v in fields] == [ast.dump(e) for e in expressions]
    assert count > 2000


FORMATTED = r"""
f"{a}"
f"{a!r:>{width}}"
f"{a:%H:%M}"
f"{{{a}}}"
rf"\{a}"
f"{a['k']}"
f"{a[1:2]}"
f"{(lambda x: x)(1)}"
f"{a != b}"
f"{ a }"
f"{a=}"
f"{a=!r:>5}"
"x" f"{a}" 'y'
("x" f"{a}")
f"{x:{a}}{b}"
f"\N{EM DASH}{a}"
f"{f'{a}'}"
f"ä{a}ö{b.c}"
f"{a if b else c:>3}"
""".strip().splitlines()


@pytest.mark.parametrize("text", [*FORMATTED, 'f"""{\na\n}\n{b}"""', '("x"  # {no}\n f"{a}")'])
def test_fields_and_their_places(text: str) -> None:
    source = SourceFile("x.py", f"x = {text}\n")
    ((node, span),) = [entry for entry in literals(source) if isinstance(entry[0], ast.JoinedStr)]
    assert isinstance(node, ast.JoinedStr)
    found = [piece for piece in pieces(source.text, span, node) if isinstance(piece, Field)]
    values = [v for v in node.values if isinstance(v, ast.FormattedValue)]
    assert [ast.dump(piece.expression) for piece in found] == [ast.dump(v.value) for v in values]
    outline = Outline.of(source)
    for piece in found:
        assert source.text[piece.span.start] + source.text[piece.span.end - 1] == "{}"
        assert ast.dump(placed(source.text, outline.span(piece.expression))) == ast.dump(piece.expression)
