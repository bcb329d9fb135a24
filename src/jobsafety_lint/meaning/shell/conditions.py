"""What a shell condition asks of the file system: `[ -f x ]`, `test -e x`, `[[ -d x ]]`."""

from __future__ import annotations

import re
from dataclasses import replace

from jobsafety_lint.meaning.asked import Asked, asked_either_way
from jobsafety_lint.meaning.files import Check
from jobsafety_lint.meaning.shell.state import State, Value
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
        case sh.AndOr(items=items, operators=operators) if set(operators) == {"||"}:
            return asked_either_way([checks_in(item, source, state) for item in items])
        case sh.Test(words=words):
            return _terms(statement, list(words), source, state)
        case sh.Command(words=words) if words and words[0].literal in {"[", "test"}:
            inner_words = list(words[1:])
            if words[0].literal == "[" and inner_words and inner_words[-1].literal == "]":
                inner_words.pop()
            return _terms(statement, inner_words, source, state)
        case sh.Group(body=body) if len(body.items) == 1:
            return checks_in(body.items[0].statement, source, state)
        case sh.Command(words=(first, *rest)) if first.literal in state.functions:
            return _asked_by_function(state.functions[first.literal or ""], rest, statement, source, state)
        case sh.Command(words=(first, *rest)) if first.literal in {"ls", "stat"}:
            return _listed(statement, rest, source, state)
    return []


def _asked_by_function(
    function: sh.Function, words: list[sh.Word], statement: sh.Statement, source: Source, state: State
) -> list[Asked]:
    """A function that is nothing but a check: `taken() { [ -e "$1" ]; }`."""
    body = function.body
    if not isinstance(body, sh.Group) or len(body.body.items) != 1 or state.call_depth > 4:
        return []
    inner = state.copy()
    inner.call_depth += 1
    inner.functions.pop(function.name, None)
    for at, word in enumerate(words, 1):
        inner.assign(str(at), Value(value_of(word, source, state)))
    found = checks_in(body.body.items[0].statement, source, inner)
    return [Asked(replace(a.check, place=Place(source, statement.span)), a.holds, a.alone) for a in found]


def _listed(statement: sh.Statement, words: list[sh.Word], source: Source, state: State) -> list[Asked]:
    operands = [word for word in words if not (word.literal or "x").startswith("-")]
    if len(operands) != 1:
        return []
    check = Check(
        Place(source, statement.span), value_of(operands[0], source, state), Place(source, operands[0].span),
        state.execution, "ls", "shell", test="listed",
    )  # fmt: skip
    return [Asked(check, True, True)]


def refuted_in(statement: sh.Statement, source: Source, state: State) -> list[Asked]:
    """What the checks have said where a condition is false; uncertain ones where another part may be the reason."""
    match statement:
        case sh.Pipeline(stages=(only,), negated=True):
            return checks_in(only, source, state)
        case sh.AndOr(items=items, operators=operators) if set(operators) == {"||"}:
            found = [asked for item in items for asked in refuted_in(item, source, state)]
            return [replace(a, alone=False) for a in found]
        case sh.Group(body=body) if len(body.items) == 1:
            return refuted_in(body.items[0].statement, source, state)
    asked = checks_in(statement, source, state)
    certain = len(asked) == 1 and asked[0].alone
    return [replace(a, holds=not a.holds, alone=a.alone, certain=certain) for a in asked]


def _terms(statement: sh.Statement, words: list[sh.Word], source: Source, state: State) -> list[Asked]:
    """Reads the words of a test: terms joined by `-a` or `&&`; an `-o` or `||` means that none is certain, unless all ask for
    one file.
    """
    literals = [word.literal for word in words]
    if any(word in {"-o", "||"} for word in literals):
        if any(word in {"-a", "&&", "(", ")"} for word in literals[1:]):
            return []
        either: list[list[sh.Word]] = [[]]
        for word in words:
            if word.literal in {"-o", "||"}:
                either.append([])
            else:
                either[-1].append(word)
        return asked_either_way([_terms(statement, term, source, state) for term in either])
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
    if isinstance(node, sh.Word) and node.literal is not None:
        return frozenset()
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
