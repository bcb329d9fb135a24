"""The one door to the standard `ast`: what CPython has to say of odd code (`"\\."`) is no matter of whoever runs the linter."""

from __future__ import annotations

import ast

from jobsafety_lint.quiet import without_warnings


def parse_module(text: str) -> ast.Module:
    """The tree of a file, also of one in newer syntax than that of the running Python (see `newer.py`).

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it cannot be parsed.
    """
    with without_warnings():
        try:
            return ast.parse(text)
        except SyntaxError:
            from jobsafety_lint.readers.python.newer import in_older_syntax  # libcst takes 0.2 s to import

            older = in_older_syntax(text)
            if older is None:
                raise
            return ast.parse(older)


def parse_expression(text: str) -> ast.expr:
    """The tree of an expression.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is none.
    """
    with without_warnings():
        return ast.parse(text, mode="eval").body
