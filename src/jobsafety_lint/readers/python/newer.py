"""Syntax that is newer than the Python that runs the linter, written in older syntax of the same length.

libcst reads Python 3.0 to 3.14 whatever runs it (https://libcst.readthedocs.io/en/latest/). What has changed since 3.10 is
little, and none of it says anything of files: type parameters and `type` statements (PEP 695), quotes that are used again inside
of an f-string (PEP 701), `except*` (PEP 654), `except A, B:` (PEP 758), template strings (PEP 750).
"""

from __future__ import annotations

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper


def in_older_syntax(text: str) -> str | None:
    """A text that the `ast` of Python 3.10 reads as it reads this one on a newer Python, but for types and the text of strings
    inside of f-strings. Every line has the same number of bytes (UTF-8) as before. None where libcst cannot read it either, or
    finds nothing newer.
    """
    try:
        module = cst.parse_module(text)
    except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError, ValueError):
        return None
    rewriter = _Rewriter(text)
    MetadataWrapper(module, unsafe_skip_copy=True).visit(rewriter)
    older = rewriter.data.decode()
    return older if older != text else None


class _Rewriter(cst.CSTVisitor):
    """Writes older syntax into the bytes of a text."""

    METADATA_DEPENDENCIES = (ByteSpanPositionProvider,)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.data = bytearray(text.encode())
        self._quotes: list[str] = []
        """The quotes of the f-strings around."""

    def _span(self, node: cst.CSTNode) -> tuple[int, int]:
        found = self.get_metadata(ByteSpanPositionProvider, node)
        return found.start, found.start + found.length

    def _cover(self, start: int, end: int, letter: bytes = b" ") -> None:
        """Writes one letter over a stretch, newlines left as they are."""
        for at in range(start, end):
            if self.data[at] not in b"\r\n":
                self.data[at : at + 1] = letter

    def visit_TypeParameters(self, node: cst.TypeParameters) -> bool:
        """`def f[T](…)`, `class A[T]:`."""
        self._cover(*self._span(node))
        return False

    def visit_TypeAlias(self, node: cst.TypeAlias) -> bool:
        """`type A = …` does nothing at run time."""
        start, end = self._span(node)
        self._cover(start, end)
        self.data[start : start + 4] = b"pass"
        return False

    def visit_TryStar(self, node: cst.TryStar) -> None:
        """`except* A:`."""
        for handler in node.handlers:
            start, _ = self._span(handler)
            star = self.data.index(b"*", start)
            self._cover(star, star + 1)

    def visit_ExceptHandler(self, node: cst.ExceptHandler) -> None:
        """`except A, B:`; the first error stands for all."""
        if isinstance(node.type, cst.Tuple) and not node.type.lpar and node.type.elements:
            _, end = self._span(node.type)
            self._cover(self._span(node.type.elements[0].value)[1], end)

    def visit_Comment(self, node: cst.Comment) -> None:
        """A comment inside of an f-string."""
        if self._quotes:
            self._cover(*self._span(node))

    def visit_FormattedString(self, node: cst.FormattedString) -> bool:
        """An f-string, and what is inside of another one."""
        return self._enter(node, node.start)

    def leave_FormattedString(self, original_node: cst.FormattedString) -> None:
        """Behind an f-string."""
        self._leave(original_node.start)

    def visit_TemplatedString(self, node: cst.TemplatedString) -> bool:
        """A template string is read as an f-string."""
        start, _ = self._span(node)
        prefix = node.start.rstrip("\"'")
        self.data[start : start + len(prefix)] = prefix.lower().replace("t", "f").encode()
        return self._enter(node, node.start)

    def leave_TemplatedString(self, original_node: cst.TemplatedString) -> None:
        """Behind a template string."""
        self._leave(original_node.start)

    def _enter(self, node: cst.CSTNode, start: str) -> bool:
        quote = start.lstrip("fFrRtT")
        clashes = self._clashes(quote)
        self._quotes.append(quote)
        first, end = self._span(node)
        over_lines = len(quote) == 1 and b"\n" in self.data[first:end]
        if clashes:
            self._cover(first, end, b"a")
        elif over_lines:  # its text is lost
            self._cover(first, end)
            self.data[first : first + 2] = b'""'
        return not (clashes or over_lines)

    def _leave(self, start: str) -> None:
        assert self._quotes[-1] == start.lstrip("fFrRtT")
        self._quotes.pop()

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        """A string inside of an f-string gets quotes that do not end that."""
        if not self._clashes(node.quote) and not ("\\" in node.value and self._quotes):
            return
        start, end = self._span(node)
        free = [quote for quote in "\"'" if not self._clashes(quote)]
        first = start + len(node.prefix)
        if len(node.quote) > 1 or not free:
            self._cover(start, end, b"a")
            return
        for at in range(first + 1, end - 1):
            if self.data[at] in b"\"'\\":
                self.data[at : at + 1] = b"_"
        self.data[first : first + 1] = self.data[end - 1 : end] = free[0].encode()

    def _clashes(self, quote: str) -> bool:
        """Whether a quote would end an f-string around it."""
        return any(quote[0] == around[0] and len(around) == 1 for around in self._quotes)
