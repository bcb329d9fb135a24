"""The exact reader of Python: libcst on one unit (a function, or the statements of a module), with exact positions.

Positions come from generating the unit's code once with a state that counts characters; libcst's own provider parses
whole files at a fifth of the speed. A test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import libcst as cst
from libcst._nodes.internal import CodegenState  # semi-private: pinned by tests/test_python_spans.py

from jobsafety_lint.model import Span

_HEAD = "if 1:\n"


class _Counter(CodegenState):
    """Generates nothing but counts: where each node's code starts and ends."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.offset = 0
        self.starts: list[tuple[cst.CSTNode, int]] = []
        self.spans: dict[cst.CSTNode, tuple[int, int]] = {}

    def add_indent_tokens(self) -> None:
        self.offset += sum(len(token) for token in self.indent_tokens)

    def add_token(self, value: str) -> None:
        self.offset += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        self.starts.append((node, self.offset))

    def after_codegen(self, node: cst.CSTNode) -> None:
        started, start = self.starts.pop()
        if started is node and node not in self.spans:
            self.spans[node] = (start, self.offset)

    @contextmanager
    def record_syntactic_position(
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> Iterator[None]:
        start = self.offset
        yield
        first = self.spans[start_node][0] if start_node is not None else start
        last = self.spans[end_node][1] if end_node is not None else self.offset
        self.spans[node] = (first, last)


@dataclass(eq=False)
class Unit:
    """A stretch of a file that libcst has read. `base` is what is added to a position in the unit's own text."""

    module: cst.Module
    body: tuple[cst.BaseStatement, ...]
    base: int

    @cached_property
    def _spans(self) -> dict[cst.CSTNode, tuple[int, int]]:
        counter = _Counter(self.module)
        self.module._codegen(counter)  # the way libcst generates code itself
        return counter.spans

    def holds(self, node: cst.CSTNode) -> bool:
        """Whether a node is one of this unit's."""
        return node in self._spans

    def span(self, node: cst.CSTNode) -> Span:
        """Where a node stands in the file's text (code points)."""
        start, end = self._spans[node]
        return Span(start + self.base, end + self.base)


def read_unit(text: str, span: Span) -> Unit:
    """Reads whole statements of a text. `span` starts at the first one's line or where it is itself.

    Raises:
        cst.ParserSyntaxError: libcst cannot parse them.
        RecursionError: they are nested too deeply.
    """
    line_start = text.rfind("\n", 0, span.start) + 1
    indented = (
        text[line_start : span.start + 1].startswith((" ", "\t"))
        or text[span.start : span.start + 1] in " \t"
    )
    piece = text[line_start : span.end]
    if not piece.endswith("\n"):
        piece += "\n"
    if indented:
        module = cst.parse_module(_HEAD + piece)
        outer = module.body[0]
        assert isinstance(outer, cst.If)
        body = tuple(s for s in outer.body.body if isinstance(s, cst.BaseStatement))
        return Unit(module, body, line_start - len(_HEAD))
    module = cst.parse_module(piece)
    return Unit(module, tuple(module.body), line_start)


def is_readable(text: str) -> bool:
    """Whether libcst can read a whole file."""
    try:
        cst.parse_module(text)
    except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError, ValueError):
        return False
    return True


class ExactReader:
    """libcst's word on where things stand in a file. Of the given statements, which may hold each other, only the smallest
    ones that are asked about are read.
    """

    def __init__(self, text: str, statements: Sequence[Span]) -> None:
        self.text = text
        self._statements = statements
        self._nodes: dict[Span, list[Span] | None] = {}

    def node_at(self, span: Span) -> Span | None:
        """The node that stands at a span, or else the smallest one around it. Parentheses around it, and text inside of a
        string, count as standing there. None where libcst cannot tell.
        """
        holding = [statement for statement in self._statements if span in statement]
        around = min(holding, key=lambda s: s.end - s.start) if holding else None
        nodes = self._nodes_of(around) if around is not None else None
        if not nodes:
            return None
        inner = self._without_parentheses(span)
        if inner in nodes or span in nodes:
            return span
        wider = [node for node in nodes if span in node]
        return min(wider, key=lambda node: node.end - node.start) if wider else None

    def _nodes_of(self, statement: Span) -> list[Span] | None:
        if statement not in self._nodes:
            try:
                unit = read_unit(self.text, statement)
            except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError, AssertionError):
                self._nodes[statement] = None
            else:
                spans = unit._spans
                self._nodes[statement] = [
                    Span(start + unit.base, end + unit.base)
                    for node, (start, end) in spans.items()
                    if isinstance(
                        node, cst.BaseExpression | cst.BaseStatement | cst.BaseSmallStatement | cst.Param
                    )
                ]
        return self._nodes[statement]

    def _without_parentheses(self, span: Span) -> Span:
        start, end = span.start, span.end
        while start < end and self.text[start] in "( \t\n" and self.text[end - 1] in ") \t\n,":
            start, end = start + 1, end - 1
        return Span(start, end)
