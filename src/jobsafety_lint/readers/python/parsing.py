"""The one door to the standard `ast`: what CPython has to say of odd code (`"\\."`) is no matter of whoever runs the linter."""

from __future__ import annotations

import ast

from jobsafety_lint.quiet import without_warnings


def parse_module(text: str) -> ast.Module:
    """The tree of a file.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it cannot be parsed.
    """
    with without_warnings():
        return ast.parse(text)


def parse_expression(text: str) -> ast.expr:
    """The tree of an expression.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is none.
    """
    with without_warnings():
        return ast.parse(text, mode="eval").body
