"""Which variables a piece of a script sets in its own shell, and who reads a variable next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobsafety_lint.meaning.shell.builtins import DECLARATIONS
from jobsafety_lint.meaning.shell.once import Once
from jobsafety_lint.readers.shell import tree as sh

_MATH_SET = re.compile(
    r"(?:^|[\s,;(&|?:!])(?:(?:\+\+|--)\s*([A-Za-z_]\w*)|([A-Za-z_]\w*)(?:\[[^\]]*\])?\s*(?:\+\+|--|(?:[-+*/%&|^]|<<|>>)?=(?!=)))"
)
_MATH_NAME = re.compile(r"(?<![\w$])([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Written:
    """A variable that is set: where, and whether its old value goes into the new one. `function` is the one that sets
    it, where that is not the statement itself.
    """

    name: str
    node: sh.Node
    grows: bool
    function: sh.Function | None = None


def own_statements(node: sh.Node) -> Iterator[sh.Node]:
    """The nodes of a statement that its own shell runs: nothing of subshells, of stages of a pipeline, of substitutions
    or of what is in the background; no function bodies.
    """
    yield node
    match node:
        case sh.Subshell() | sh.Substitution() | sh.ProcessSubstitution() | sh.Function() | sh.Coproc():
            return
        case sh.Pipeline(stages=stages) if len(stages) > 1:
            return
        case sh.Item(statement=statement):
            if not node.background:
                yield from own_statements(statement)
            return
    for child in node.children():
        yield from own_statements(child)


def writes(
    statement: sh.Node, functions: Mapping[str, sh.Function], text: str, depth: int = 0
) -> Iterator[Written]:
    """The variables that a statement sets in its own shell, functions followed, in the order of the text."""
    for node in own_statements(statement):
        match node:
            case sh.Command():
                yield from _of_command(node, functions, text, depth)
            case sh.For(variable=name) if node is not statement:
                yield Written(name, node, grows=False)
            case sh.Arithmetic(text=body) | sh.ArithmeticFor(text=body) | sh.ArithmeticExpansion(text=body):
                yield from _of_math(body, node)


def _of_math(body: str, node: sh.Node) -> Iterator[Written]:
    for match in _MATH_SET.finditer(body):
        name = match[1] or match[2]
        plain = re.match(r"\s*=(?!=)", body[match.end(2) :]) if match[2] else None
        yield Written(name, node, grows=not plain or bool(re.search(rf"\b{name}\b", body[match.end() :])))


def _of_command(
    node: sh.Command, functions: Mapping[str, sh.Function], text: str, depth: int
) -> Iterator[Written]:
    program = (node.words[0].literal or "") if node.words else ""
    if not node.words or program in DECLARATIONS:
        for assignment in node.assignments:
            if program != "local":
                grows = (
                    assignment.append
                    or assignment.index is not None
                    or assignment.name in set(_read_names(assignment))
                )
                yield Written(assignment.name, assignment, grows)
    if not node.words:
        return
    words = node.words[1:]
    if program in DECLARATIONS:
        if program == "local":
            return
        for word in words:
            first = word.parts[0] if word.parts else None
            name, equals, _ = (first.value if isinstance(first, sh.Literal) else "").partition("=")
            if equals and name.removesuffix("+").isidentifier():
                name = name.removesuffix("+")
                yield Written(name, word, name in set(_read_names(word)))
    elif program in {"read", "mapfile", "readarray"}:
        for name in read_into(node):
            yield Written(name, node, grows=False)
    elif program == "printf" and len(words) > 1 and words[0].literal == "-v":
        name = words[1].literal or ""
        if name.isidentifier():
            yield Written(name, node, name in set(_read_names(node)))
    elif program == "let":
        for word in words:
            yield from _of_math(text[word.span.start : word.span.end].strip("\"'"), node)
    elif program in {":", "true"}:
        for word in words:
            for inner in word.walk():
                if isinstance(inner, sh.Expansion) and inner.operator in {":=", "="}:
                    yield Written(inner.name, node, grows=False)
    elif program in functions and depth < 3:
        function = functions[program]
        local = local_names(function)
        for written in writes(function.body, functions, "", depth + 1):
            if written.name not in local:
                yield Written(written.name, node, written.grows, function)


def read_into(node: sh.Command) -> list[str]:
    """The variables that a `read` or `mapfile` fills."""
    names: list[str] = []
    values = {"-d", "-i", "-n", "-N", "-p", "-t", "-u", "-c", "-C", "-O", "-s"}
    program = node.words[0].literal
    skip = False
    for word in node.words[1:]:
        literal = word.literal or ""
        if skip:
            skip = False
        elif literal.startswith("-"):
            last = "-" + literal[-1]
            skip = last in values and not (program == "read" and last == "-s")
            if literal == "-a" or (literal.endswith("a") and program == "read"):
                skip = False
        elif literal.isidentifier():
            names.append(literal)
    return names or (["REPLY"] if program == "read" else ["MAPFILE"])


def local_names(function: sh.Function) -> set[str]:
    """The variables that a function declares for itself."""
    names: set[str] = set()
    for node in function.body.walk():
        if (
            isinstance(node, sh.Command)
            and node.words
            and node.words[0].literal in {"local", "declare", "typeset"}
        ):
            if any((w.literal or "").startswith("-") and "g" in (w.literal or "") for w in node.words[1:]):
                continue
            names.update(a.name for a in node.assignments)
            for word in node.words[1:]:
                first = word.parts[0] if word.parts else None
                name = (
                    (first.value if isinstance(first, sh.Literal) else "").partition("=")[0].removesuffix("+")
                )
                if name.isidentifier():
                    names.add(name)
    return names


def _read_names(node: sh.Node) -> Iterator[str]:
    for inner in node.walk():
        match inner:
            case sh.Expansion(name=name, index=index, argument=argument):
                yield name
                yield from _MATH_NAME.findall(index or "")
                if argument and inner.operator == ":":
                    yield from _MATH_NAME.findall(argument)
            case sh.Arithmetic(text=text) | sh.ArithmeticExpansion(text=text) | sh.ArithmeticFor(text=text):
                yield from _MATH_NAME.findall(text)
            case sh.Assignment(index=index) if index:
                yield from _MATH_NAME.findall(index)


def names_read(node: sh.Node) -> frozenset[str]:
    """The variables that a piece of code reads."""
    return frozenset(_read_names(node))


@dataclass
class NextUse:
    """Looks for the next use of a variable in code that runs later."""

    name: str
    functions: Mapping[str, sh.Function]
    names: Once[frozenset[str]]
    """What pieces of code read (`names_read`)."""
    read_at: sh.Node | None = None
    function: sh.Function | None = None
    """The function in which it is read, if it is one that later code calls."""
    counted: sh.Node | None = None
    """Where a stage of another pipeline reads it that counts on by itself (`ls | while read -r f; do mv "$f" "$i"; i=$((i + 1)); done`),
    which is no use of what is lost unless the numbers are to go on.
    """

    def of_items(self, items: Sequence[sh.Item], depth: int = 0) -> str | None:
        """`read`, `set` (on every way through), or None where the code does neither for certain."""
        return self._of_all((item.statement for item in items), depth)

    def _of_all(self, nodes: Iterable[sh.Node], depth: int) -> str | None:
        for node in nodes:
            use = self.of(node, depth)
            if use is not None:
                return use
        return None

    def of(self, node: sh.Node, depth: int = 0) -> str | None:  # one case a kind of statement
        """The first use of the variable in a statement."""
        match node:
            case sh.Command():
                return self._command(node, depth)
            case sh.Pipeline(stages=stages):
                return self._pipeline(stages, depth)
            case sh.AndOr(items=items):
                first = self.of(items[0], depth)
                if first is not None:
                    return first
                return "read" if any(self.of(i, depth) == "read" for i in items[1:]) else None
            case sh.Subshell(body=body):
                return (
                    "read"
                    if self._reads(node.redirects) or self.of_items(body.items, depth) == "read"
                    else None
                )
            case sh.Group(body=body):
                return "read" if self._reads(node.redirects) else self.of_items(body.items, depth)
            case sh.If(branches=branches, otherwise=otherwise):
                return self._if(node, branches, otherwise, depth)
            case sh.Case(subject=subject, clauses=clauses):
                if self._reads((subject, *node.redirects)):
                    return "read"
                uses = [self.of_items(clause.body.items, depth) for clause in clauses]
                return "read" if "read" in uses else None
            case sh.While(condition=condition, body=body):
                if self._reads(node.redirects):
                    return "read"
                use = self.of_items(condition.items, depth)
                return use or ("read" if self.of_items(body.items, depth) == "read" else None)
            case sh.For(variable=variable, words=words, body=body):
                if self._reads((*(words or ()), *node.redirects)):
                    return "read"
                if variable == self.name:
                    return "set"
                return "read" if self.of_items(body.items, depth) == "read" else None
            case sh.Function():
                return None
            case sh.Arithmetic(text=text):
                plain = re.match(rf"\s*{self.name}\s*=(?!=)(.*)", text, re.DOTALL)
                if plain and self.name not in _MATH_NAME.findall(plain[1]):
                    return "set"
                return "read" if self._reads((node,)) else None
            case sh.Test(words=words):
                literals = [w.literal for w in words]
                numeric = any(
                    op in {"-eq", "-ne", "-lt", "-gt", "-le", "-ge", "-v"}
                    and self.name in (literals[at - 1 : at] + literals[at + 1 : at + 2])
                    for at, op in enumerate(literals)
                )
                if numeric:
                    self.read_at = node
                return "read" if numeric or self._reads((node,)) else None
            case sh.Coproc(body=body):
                return "read" if self.of(body, depth) == "read" else None
            case sh.ArithmeticFor(text=text, body=body):
                begins = re.match(rf"\s*{self.name}\s*=(?!=)([^;]*)", text)
                if begins and self.name not in _MATH_NAME.findall(begins[1]):
                    return "set"
                if self._reads((node,)):
                    return "read"
                return "read" if self.of_items(body.items, depth) == "read" else None
        return None

    def _pipeline(self, stages: tuple[sh.Statement, ...], depth: int) -> str | None:
        use = self._of_all(stages, depth)
        if use == "read" and len(stages) > 1 and self._counts_on(stages[-1]):
            self.counted, self.read_at = self.counted or self.read_at, None
            return None
        return use if use == "read" or len(stages) == 1 else None

    def _counts_on(self, stage: sh.Node) -> bool:
        """Whether a stage sets the variable from its own value."""
        return any(w.name == self.name and w.grows for w in writes(stage, self.functions, ""))

    def _if(
        self, node: sh.If, branches: tuple[sh.Branch, ...], otherwise: sh.Block | None, depth: int
    ) -> str | None:
        if self._reads(node.redirects):
            return "read"
        first = self.of_items(branches[0].condition.items, depth)
        if first is not None:
            return first
        uses = [self.of_items(branch.body.items, depth) for branch in branches]
        uses += [self.of_items(branch.condition.items, depth) for branch in branches[1:]]
        if otherwise is not None:
            uses.append(self.of_items(otherwise.items, depth))
        if "read" in uses:
            return "read"
        return "set" if otherwise is not None and uses and all(use == "set" for use in uses) else None

    def _reads(self, nodes: Iterable[sh.Node]) -> bool:
        for node in nodes:
            if self.name in self.names.of(node):
                self.read_at = self.read_at or node
                return True
        return False

    def _command(self, node: sh.Command, depth: int) -> str | None:
        if self._reads((*(a for a in node.assignments), *node.words, *node.redirects)):
            self.read_at = node
            return "read"
        if any(a.append and a.name == self.name for a in node.assignments):
            return None
        if not node.words:
            return "set" if any(a.name == self.name and a.index is None for a in node.assignments) else None
        program = node.words[0].literal or ""
        if program == "unset" and any(w.literal == self.name for w in node.words[1:]):
            return "set"
        if program in {"read", "mapfile", "readarray"} and self.name in read_into(node):
            return "set"
        if program in DECLARATIONS:
            for word in node.words[1:]:
                first = word.parts[0] if word.parts else None
                name, equals, _ = (first.value if isinstance(first, sh.Literal) else "").partition("=")
                if name == self.name and (equals or program == "local"):
                    return "set"
            return "set" if any(a.name == self.name for a in node.assignments) else None
        function = self.functions.get(program)
        if function is not None and depth < 3 and self.name not in local_names(function):
            use = self.of(function.body, depth + 1)
            if use == "read" and depth == 0:
                self.function, self.read_at = function, node
            return use
        return None
