"""Which errors a handler of Python takes care of: a file that is gone or there already, a program that fails."""

from __future__ import annotations

import ast

from jobsafety_lint.meaning.python.leaving import leaving
from jobsafety_lint.meaning.python.values import Scope
from jobsafety_lint.readers.python.nodes import dotted

MISSING = frozenset(
    {"FileNotFoundError", "OSError", "IOError", "EnvironmentError", "Exception", "BaseException", "os.error"}
)
"""The errors that take care of a file which is gone."""
EXISTING = (MISSING - {"FileNotFoundError"}) | {"FileExistsError"}
"""Those that take care of one which is there already."""
FAILURE = frozenset(
    {
        "subprocess.CalledProcessError",
        "CalledProcessError",
        "subprocess.SubprocessError",
        "Exception",
        "BaseException",
    }
)
"""Those that take care of a program which fails."""
BROKEN = frozenset(
    {
        "ValueError",
        "json.JSONDecodeError",
        "json.decoder.JSONDecodeError",
        "EOFError",
        "pickle.UnpicklingError",
        "Exception",
        "BaseException",
    }
)
"""Those that take care of content which ends too early (JSONDecodeError is a ValueError; pickle raises EOFError)."""
_EXACT = frozenset({"FileNotFoundError", "FileExistsError"})


def catches(handler: ast.ExceptHandler, scope: Scope, errors: frozenset[str]) -> bool:
    """Whether a handler takes care of one of these errors. One that names many errors and ends in another one, or ends the
    program with it, only says it in other words; one that names the very error has thought of it.
    """
    if handler.type is not None and not names_one(handler.type, scope, errors):
        return False
    match handler.body[-1]:
        case ast.Raise(exc=None):
            return False
    return is_exact(handler, scope) or leaving(handler.body) not in {"raise", "fails"}


def is_exact(handler: ast.ExceptHandler, scope: Scope) -> bool:
    """Whether a handler names the very error."""
    return handler.type is not None and names_one(handler.type, scope, _EXACT)


def names_one(node: ast.expr, scope: Scope, errors: frozenset[str]) -> bool:
    """Whether an expression names one of these errors: `OSError`, `(ValueError, OSError)`."""
    if isinstance(node, ast.Tuple):
        return any(names_one(element, scope, errors) for element in node.elts)
    return scope.resolve(dotted(node)) in errors
