"""Positions of libcst's nodes: our counter gives what libcst's own provider gives."""

from __future__ import annotations

import argparse
from pathlib import Path

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

from jobsafety_lint.model import Span
from jobsafety_lint.readers.python.close import read_unit


def test_spans_equal_those_of_libcst() -> None:
    text = Path(argparse.__file__).read_text(encoding="utf-8")
    unit = read_unit(text, Span(0, len(text)))
    expected = MetadataWrapper(unit.module, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
    wrong = [
        node
        for node, span in expected.items()
        if not isinstance(node, cst.Module) and unit.span(node) != Span(span.start, span.start + span.length)
    ]
    assert wrong == []


def test_an_indented_function_keeps_its_columns() -> None:
    text = "class A:\n    def f(self):\n        return 'ä' + x\n"
    unit = read_unit(text, Span(text.index("def"), len(text)))
    (function,) = unit.body
    assert isinstance(function, cst.FunctionDef)
    assert text[unit.span(function.name).start : unit.span(function.name).end] == "f"
