"""How code leaves: whether what stands behind a statement is reached from its end."""

from __future__ import annotations

import re

from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import Place

_LEAVING = {
    "exit": "exit",
    "die": "exit",
    "fail": "exit",
    "exec": "exit",
    "return": "return",
    "continue": "continue",
    "break": "break",
}
_ERROR = re.compile(r"^E_|^EX?_[A-Z]|ERR|FAIL")
"""Variables that hold the status of an error, by their names: `exit "$E_NOTEXIST"`."""
_SAYS_ERROR = re.compile(r"(?i)\b(?:error|fatal|cannot|not found|no such)\b")
_ENDS = {"exit": "script", "return": "function", "continue": "loop", "break": "break"}


_FAILS_NEXT = re.compile(r"[ \t]*[;\n]\s*exit[ \t]+[1-9]")


def fails_next(place: Place) -> bool:
    """Whether a script ends with an error right behind a command (`exit 1`), whatever becomes of that."""
    return _FAILS_NEXT.match(place.source.text, place.span.end) is not None


def leaving(code: sh.Statement | sh.Block) -> str:
    """How a statement or block leaves at its end: `exit`, `return`, `continue`, `break`; empty if it does not."""
    match code:
        case sh.Block(items=items):
            return leaving(items[-1].statement) if items else ""
        case sh.Command(words=(first, *rest)):
            if first.literal == "exec" and not rest:  # redirections only: the shell goes on
                return ""
            return _LEAVING.get(first.literal or "", "")
        case sh.Group(body=body):
            return leaving(body)
    return ""


def ends(code: sh.Statement | sh.Block) -> str:
    """What a statement or block certainly ends, as `Arm.leaves` has it."""
    return _ENDS.get(leaving(code), "")


def leaving_with(code: sh.Statement | sh.Block) -> str:
    """As `leaving`, and `fails` where the script or function is left with a status that says so: `exit 1`, `return 2`, `die …`."""
    match code:
        case sh.Block(items=(*_, before, last)) if _is_bare_exit(last.statement) and _says_error(
            before.statement
        ):
            return "fails"
        case sh.Block(items=items):
            return leaving_with(items[-1].statement) if items else ""
        case sh.Group(body=body):
            return leaving_with(body)
        case sh.Command(words=(first, *rest)) if first.literal in {"exit", "return"} and rest:
            status = rest[0].literal or ""
            names = [node.name for node in rest[0].walk() if isinstance(node, sh.Expansion)]
            failed = (status.isdigit() and int(status)) or any(map(_ERROR.search, names))
            return "fails" if failed else leaving(code)
        case sh.Command(words=(first, *_)) if first.literal in {"die", "fail"}:
            return "fails"
    return leaving(code)


def _is_bare_exit(statement: sh.Statement) -> bool:
    return isinstance(statement, sh.Command) and [word.literal for word in statement.words] == ["exit"]


def _says_error(statement: sh.Statement) -> bool:
    """Whether a command tells somebody of an error: `echo "ERROR: no installation found"`, `msg_error …`."""
    if not isinstance(statement, sh.Command) or not statement.words:
        return False
    name = statement.words[0].literal or ""
    texts = [node.value for word in statement.words[1:] for part in word.parts for node in _texts(part)]
    return "error" in name.lower() or (
        name in {"echo", "printf"} and any(_SAYS_ERROR.search(text) for text in texts)
    )


def _texts(part: sh.Fragment) -> list[sh.Literal | sh.SingleQuoted]:
    if isinstance(part, sh.DoubleQuoted):
        return [inner for one in part.parts for inner in _texts(one)]
    return [part] if isinstance(part, sh.Literal | sh.SingleQuoted) else []
