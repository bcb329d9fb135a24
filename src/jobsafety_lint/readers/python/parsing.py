"""The one door to the standard `ast`: what CPython has to say of odd code (`"\\."`) is no matter of whoever runs the linter."""

from __future__ import annotations

import ast
import contextlib
import warnings
from collections.abc import Iterator


def parse_module(text: str) -> ast.Module:
    """The tree of a file.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it cannot be parsed.
    """
    with _quietly():
        return ast.parse(text)


def parse_expression(text: str) -> ast.expr:
    """The tree of an expression.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is none.
    """
    with _quietly():
        return ast.parse(text, mode="eval").body


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the warnings of the compiler, which would be printed, or be errors with `PYTHONWARNINGS=error`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
