"""What a shell condition asks of the file system: `[ -f x ]`, `test -e x`, `[[ -d x ]]`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobsafety_lint.meaning.files import Check
from jobsafety_lint.meaning.shell.state import State
from jobsafety_lint.meaning.shell.values import value_of
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import Place, Source

_TESTS = {
    "-e": "exists",
    "-a": "exists",
    "-f": "file",
    "-d": "directory",
    "-h": "link",
    "-L": "link",
    "-s": "nonempty",
    "-r": "access",
    "-w": "access",
    "-x": "access",
    "-p": "file",
    "-S": "file",
}


@dataclass(frozen=True, eq=False)
class Asked:
    """A check inside a condition. `holds` is what it must say for the condition to be true; `alone` if the condition
    is nothing but this check.
    """

    check: Check
    holds: bool
    alone: bool


def checks_in(statement: sh.Statement, source: Source, state: State) -> list[Asked]:
    """The checks that must have the given outcome for a condition to be true."""
    match statement:
        case sh.Pipeline(stages=(only,), negated=True):
            inner = checks_in(only, source, state)
            return (
                [Asked(a.check, not a.holds, a.alone) for a in inner]
                if len(inner) == 1 and inner[0].alone
                else []
            )
        case sh.AndOr(items=items, operators=operators) if set(operators) == {"&&"}:
            found = [asked for item in items for asked in checks_in(item, source, state)]
            return [Asked(a.check, a.holds, False) for a in found]
        case sh.Test(words=words):
            return _terms(statement, list(words), source, state)
        case sh.Command(words=words) if words and words[0].literal in {"[", "test"}:
            inner_words = list(words[1:])
            if words[0].literal == "[" and inner_words and inner_words[-1].literal == "]":
                inner_words.pop()
            return _terms(statement, inner_words, source, state)
        case sh.Group(body=body) if len(body.items) == 1:
            return checks_in(body.items[0].statement, source, state)
    return []


def _terms(statement: sh.Statement, words: list[sh.Word], source: Source, state: State) -> list[Asked]:
    """Reads the words of a test: terms joined by `-a` or `&&`; an `-o` or `||` means that none is certain."""
    literals = [word.literal for word in words]
    if any(word in {"-o", "||"} for word in literals):
        return []
    terms: list[list[sh.Word]] = [[]]
    for at, word in enumerate(words):
        if word.literal in {"&&", "-a"} and at > 0 and terms[-1]:
            terms.append([])
        elif word.literal not in {"(", ")"}:
            terms[-1].append(word)
    found = [asked for term in terms if (asked := _term(statement, term, source, state))]
    if len(terms) == 1:
        return found
    return [Asked(a.check, a.holds, False) for a in found]


def _term(statement: sh.Statement, words: list[sh.Word], source: Source, state: State) -> Asked | None:
    holds = True
    while words and words[0].literal == "!":
        holds = not holds
        words = words[1:]
    if len(words) != 2 or words[0].literal not in _TESTS:
        return None
    operator = words[0].literal or ""
    bracket = "[[" if isinstance(statement, sh.Test) else "["
    check = Check(
        Place(source, statement.span),
        value_of(words[1], source, state),
        Place(source, words[1].span),
        state.execution,
        f"{bracket} {operator} {']]' if bracket == '[[' else ']'}",
        "shell",
        test=_TESTS[operator],
    )
    return Asked(check, holds, True)


def names_asked(node: sh.Node, source: Source) -> frozenset[str]:
    """The variables that a condition looks at, as written."""
    found: set[str] = set()
    for inner in node.walk():
        match inner:
            case sh.Expansion(name=name):
                found.add(name)
            case sh.Arithmetic(text=text) | sh.ArithmeticExpansion(text=text):
                found.update(re.findall(r"[A-Za-z_]\w*", text))
            case sh.Test(words=words):
                for at, word in enumerate(words):
                    if word.literal in {"-eq", "-ne", "-lt", "-gt", "-le", "-ge", "-v"}:
                        found.update(
                            w.literal for w in (*words[at - 1 : at], *words[at + 1 : at + 2]) if w.literal
                        )
            case sh.HoleFragment(index=index):
                found |= source.holes[index].names
    return frozenset(found)
