"""What a compound command prints: how many of its programs write to its output, one after the other."""

from __future__ import annotations

from collections.abc import Iterable

from jobsafety_lint.readers.shell import tree as sh

_SILENT = frozenset(
    [
        "[",
        "test",
        "true",
        ":",
        "false",
        "cd",
        "exit",
        "return",
        "break",
        "continue",
        "shift",
        "set",
        "local",
        "export",
        "declare",
        "readonly",
        "unset",
        "let",
        "read",
        "trap",
        "wait",
        "sleep",
        "kill",
        "mkdir",
        "rm",
        "touch",
        "mv",
        "cp",
        "ln",
        "chmod",
        "exec",
    ]
)
"""Programs that print nothing, except errors."""
_NEVER_FAIL = frozenset({"echo", "printf"})


def printed_inside(code: sh.Statement | sh.Block) -> tuple[str, ...]:
    """The programs that print to the output of some code one after the other, on the way through it on which there are most.

    Redirections of the code itself do not count. What a loop prints counts twice; the name of a program is empty where it
    is not known.
    """
    match code:
        case sh.Block(items=items):
            return _joined(_printed(item.statement) for item in items)
        case sh.Command(words=(first, *_)):
            name = (first.literal or "").rpartition("/")[2]
            return () if name in _SILENT else (name,)
        case sh.Pipeline(stages=stages):
            return _printed(stages[-1])
        case sh.AndOr():
            return _of_list(code)
        case sh.If(branches=branches, otherwise=otherwise):
            asked: tuple[str, ...] = ()
            ways: list[tuple[str, ...]] = []
            for branch in branches:
                asked += printed_inside(branch.condition)
                ways.append((*asked, *printed_inside(branch.body)))
            ways.append((*asked, *(printed_inside(otherwise) if otherwise is not None else ())))
            return max(ways, key=len)
        case sh.Case(clauses=clauses):
            return max((printed_inside(clause.body) for clause in clauses), key=len, default=())
        case sh.While(condition=condition, body=body):
            return (printed_inside(condition) + printed_inside(body)) * 2
        case sh.For(body=body) | sh.ArithmeticFor(body=body):
            return printed_inside(body) * 2
        case sh.Group(body=body) | sh.Subshell(body=body):
            return printed_inside(body)
    return ()


def _printed(statement: sh.Statement) -> tuple[str, ...]:
    """The same, of a statement with its redirections."""
    redirected = statement.redirects if isinstance(statement, sh.Command | sh.Compound) else ()
    return () if _prints_elsewhere(redirected) else printed_inside(statement)


def _of_list(code: sh.AndOr) -> tuple[str, ...]:
    """`a && b || c`: what stands behind a `||` is in place of a message before it."""
    printed = _printed(code.items[0])
    for operator, item in zip(code.operators, code.items[1:], strict=True):
        more = _printed(item)
        if operator == "||" and set(printed) <= _NEVER_FAIL:
            printed = max(printed, more, key=len)
        else:
            printed += more
    return printed


def _joined(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(name for part in parts for name in part)


def _prints_elsewhere(redirects: Iterable[sh.Redirect]) -> bool:
    """Whether standard output goes into a file of its own, or to stderr."""
    return any(r.operator.startswith((">", "&>")) and r.descriptor in {None, "1"} for r in redirects)
