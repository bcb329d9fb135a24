"""tree-sitter-bash to our tree: it cuts a text into statements and says how they nest.

It reads fast and recovers from errors, but swallows newlines without saying so (1.4 % of real scripts): the words of
every simple command are read again by our scanner, and where the two do not end at the same place, the statement is
not taken.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.readers.shell.sequences import NotTaken, Operator, Row, assemble
from jobsafety_lint.readers.shell.words import Scanner

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_SIMPLE = frozenset(
    {"command", "declaration_command", "unset_command", "variable_assignment", "variable_assignments"}
)
_BLANK = re.compile(r"(?:[ \t\r]|\\\n)*")
_TERMINATORS = frozenset({";", "&", "\n", ";;", ";&", ";;&"})
_LIST_OPERATORS = frozenset({"&&", "||", "|", "|&"})


@functools.cache
def _parser() -> Parser:
    import tree_sitter_bash  # only when a shell text is read
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


def one_byte_each(text: str) -> bytes:
    """The text with every other than ASCII character as a letter, so that byte offsets are code-point offsets."""
    if text.isascii():
        return text.encode()
    return re.sub(r"[^\x00-\x7f]", "a", text).encode()


def parse(data: bytes) -> Node:
    """The root of tree-sitter's tree for a text (see `one_byte_each`)."""
    return _parser().parse(data).root_node


class Lowering:
    """Turns nodes of one parse into our tree. `base` is where the parsed text starts in the scanner's text."""

    def __init__(self, scanner: Scanner, base: int, end: int) -> None:
        self.scanner = scanner
        self.base = base
        self.end = end

    def span(self, node: Node) -> Span:
        """The node's span in the scanner's text."""
        return Span(node.start_byte + self.base, node.end_byte + self.base)

    def block(self, nodes: list[Node], start: int, end: int) -> sh.Block:
        """A list of statements; comments are left out."""
        items: list[sh.Item] = []
        for node in nodes:
            kind = node.type
            if kind in {"comment", "heredoc_body"}:
                continue
            if kind in _TERMINATORS:
                if items and kind in {";", "&"} and items[-1].terminator == "\n":
                    items[-1] = sh.Item(items[-1].span, items[-1].statement, kind)
                continue
            if not node.is_named:
                raise NotTaken("unexpected token", self.span(node).start)
            statement = self.statement(node)
            items.append(sh.Item(statement.span, statement, "\n"))
        if items:
            return sh.Block(Span(items[0].span.start, items[-1].span.end), tuple(items))
        return sh.Block(Span(start, min(start, end)), ())

    def statement(self, node: Node) -> sh.Statement:
        """The statement of a node.

        Raises:
            NotTaken: a self-check failed.
        """
        if node.has_error or node.is_missing:
            raise NotTaken("error node", self.span(node).start)
        if node.type in _SIMPLE:
            return self._simple(node)
        row: Row = []
        self._flatten(node, row)
        return assemble(row)

    def _flatten(self, node: Node, row: Row) -> None:
        match node.type:
            case "list" | "pipeline":
                for child in node.children:
                    self._member(child, row)
            case "negated_command":
                row.append(Operator("!", Span(node.start_byte + self.base, node.start_byte + self.base + 1)))
                for child in node.children[1:]:
                    self._member(child, row)
            case "redirected_statement":
                self._redirected(node, row)
            case _:
                row.append(self._atom(node))

    def _member(self, child: Node, row: Row) -> None:
        if child.is_named:
            if child.type != "comment":
                self._flatten(child, row)
        elif child.type in _LIST_OPERATORS:
            row.append(Operator(child.type, self.span(child)))
        elif child.type != "\n":
            raise NotTaken("unexpected token", self.span(child).start)

    def _redirected(self, node: Node, row: Row) -> None:
        body = node.child_by_field_name("body")
        if body is None:
            row.append(self._simple(node))
        elif body.type in _SIMPLE or (body.type == "test_command" and self._is_bracket(body)):
            row.append(self._simple(body, whole=node))
        else:
            self._flatten(body, row)
            self._ends_with(row, node)
        for child in node.children:
            if child.type == "heredoc_redirect":
                for inner in child.children:
                    if inner.type in {"pipeline", "list"} or inner.type in _LIST_OPERATORS:
                        self._member(inner, row)
                    elif inner.is_named and inner.type not in {
                        "heredoc_start",
                        "heredoc_body",
                        "heredoc_end",
                        "file_redirect",
                        "herestring_redirect",
                        "file_descriptor",
                        "word",
                        "string",
                        "raw_string",
                        "concatenation",
                        "simple_expansion",
                        "expansion",
                        "number",
                        "command_substitution",
                    }:
                        self._flatten(inner, row)

    def _ends_with(self, row: Row, node: Node) -> None:
        """The redirections of a whole list or pipeline must end with its last command, as our scanner reads it."""
        if any(child.type == "heredoc_redirect" for child in node.children):
            return
        expected = self._without_continuation(node.end_byte + self.base)
        if row and row[-1].span.end < expected:
            raise NotTaken("swallowed newline", row[-1].span.end)

    def _is_bracket(self, node: Node) -> bool:
        return not self.scanner.text.startswith("[[", node.start_byte + self.base)

    def _simple(self, node: Node, whole: Node | None = None) -> sh.Command:
        start = node.start_byte + self.base
        command, stop = self.scanner.simple(start, self.end)
        expected = (whole or node).end_byte + self.base
        if command.redirects and any(redirect.heredoc for redirect in command.redirects):
            return command
        if stop < self._without_continuation(expected):
            raise NotTaken("swallowed newline", stop)
        last = (*command.assignments[-1:], *command.words[-1:])
        if any(
            part.span.end > expected for part in last
        ):  # redirections may follow: tree-sitter gives them to the whole list
            raise NotTaken("words do not tile", stop)
        return command

    def _without_continuation(self, end: int) -> int:
        text = self.scanner.text
        while True:
            stripped = len(text[:end].rstrip(" \t")) if text[end - 1 : end] in {" ", "\t"} else end
            if text[stripped - 2 : stripped] == "\\\n" and text[stripped - 3 : stripped - 2] != "\\":
                end = stripped - 2
            elif text[end - 1 : end] == "\n":
                end -= 1
            else:
                return (
                    stripped
                    if text[end - 1 : end] in {" ", "\t"} and text[end - 2 : end - 1] != "\\"
                    else end
                )

    def _atom(self, node: Node) -> sh.Statement:
        if node.type in _SIMPLE or (node.type == "test_command" and self._is_bracket(node)):
            return self._simple(node)
        lower = self._compounds.get(node.type)
        if lower is None:
            raise NotTaken(f"unknown node {node.type}", self.span(node).start)
        return lower(self, node)

    # --- compound commands -----------------------------------------------------------------------------------------

    def _closed(self, node: Node) -> tuple[Span, tuple[sh.Redirect, ...]]:
        """The span of a compound command with its redirections."""
        span = self.span(node)
        redirects, stop = self.scanner.redirections(span.end, self.end)
        return Span(span.start, stop), redirects

    def _between(self, node: Node, first: str, last: str) -> sh.Block:
        """The statements between two of a node's tokens."""
        inside: list[Node] = []
        start = end = node.end_byte
        opened = False
        for child in node.children:
            if not opened:
                if child.type == first:
                    opened, start = True, child.end_byte
            elif child.type == last and not child.is_named:
                end = child.start_byte
                break
            else:
                inside.append(child)
        return self.block(inside, start + self.base, end + self.base)

    def _group(self, node: Node) -> sh.Statement:
        span, redirects = self._closed(node)
        if node.children and node.children[0].type == "((":
            text = self.scanner.text[self.span(node).start + 2 : self.span(node).end - 2]
            return sh.Arithmetic(span, redirects, text)
        return sh.Group(span, redirects, self._between(node, "{", "}"))

    def _subshell(self, node: Node) -> sh.Statement:
        if self.scanner.text.startswith("((", node.start_byte + self.base):
            start, end = self.span(node).start, self.span(node).end
            if self.scanner.arithmetic(start, self.end) != end:
                raise NotTaken("((", start)
            return sh.Arithmetic(Span(start, end), (), self.scanner.text[start + 2 : end - 2])  # `! ((…))`
        span, redirects = self._closed(node)
        return sh.Subshell(span, redirects, self._between(node, "(", ")"))

    def _test(self, node: Node) -> sh.Statement:
        start = node.start_byte + self.base
        if self.scanner.text.startswith("((", start):
            span, redirects = self._closed(node)
            return sh.Arithmetic(span, redirects, self.scanner.text[start + 2 : self.span(node).end - 2])
        words, stop = self.scanner.test(start, self.end)
        if stop != node.end_byte + self.base:
            raise NotTaken("words do not tile", stop)
        redirects, end = self.scanner.redirections(stop, self.end)
        return sh.Test(Span(start, end), redirects, words)

    def _if(self, node: Node) -> sh.Statement:
        span, redirects = self._closed(node)
        branches: list[sh.Branch] = []
        otherwise: sh.Block | None = None
        condition: list[Node] = []
        body: list[Node] = []
        into = condition
        marks = {"then": node.start_byte, "start": node.start_byte, "if": node.children[0].end_byte}
        for child in node.children[1:]:
            if child.type == "then":
                into, marks["then"] = body, child.end_byte
            elif child.type in {"elif_clause", "else_clause", "fi"}:
                if not branches:
                    branches.append(
                        self._branch(node, condition, body, marks["if"], marks["then"], child.start_byte)
                    )
                if child.type == "elif_clause":
                    branches.append(self._elif(child))
                elif child.type == "else_clause":
                    inside = child.children[1:]
                    otherwise = self.block(
                        inside, child.children[0].end_byte + self.base, child.end_byte + self.base
                    )
            else:
                into.append(child)
        return sh.If(span, redirects, tuple(branches), otherwise)

    def _branch(
        self, node: Node, condition: list[Node], body: list[Node], start: int, middle: int, end: int
    ) -> sh.Branch:
        tested = self.block(condition, start + self.base, middle + self.base)
        done = self.block(body, middle + self.base, end + self.base)
        last = done.span.end if done.items else middle + self.base
        first = tested.span.start if tested.items else node.start_byte + self.base
        return sh.Branch(Span(first, last), tested, done)

    def _elif(self, node: Node) -> sh.Branch:
        then = next((at for at, child in enumerate(node.children) if child.type == "then"), None)
        if then is None:
            raise NotTaken("elif without then", self.span(node).start)
        keyword = node.children[then]
        return self._branch(
            node,
            node.children[1:then],
            node.children[then + 1 :],
            node.children[0].end_byte,
            keyword.end_byte,
            node.end_byte,
        )

    def _do_group(self, node: Node) -> tuple[sh.Block, Node]:
        group = next(
            (child for child in reversed(node.children) if child.type in {"do_group", "compound_statement"}),
            None,
        )  # the last one: in `while ((i < n)); do` the condition is a compound statement too
        if group is None:
            raise NotTaken("loop without do", self.span(node).start)
        first, last = ("do", "done") if group.type == "do_group" else ("{", "}")
        return self._between(group, first, last), group

    def _while(self, node: Node) -> sh.Statement:
        span, redirects = self._closed(node)
        body, group = self._do_group(node)
        before = [child for child in node.children[1:] if child.end_byte <= group.start_byte]
        condition = self.block(before, node.children[0].end_byte + self.base, group.start_byte + self.base)
        return sh.While(span, redirects, node.children[0].type == "until", condition, body)

    def _for(self, node: Node) -> sh.Statement:
        span, redirects = self._closed(node)
        body, group = self._do_group(node)
        variable = node.child_by_field_name("variable")
        if variable is None:
            raise NotTaken("for without variable", span.start)
        marker = next((child for child in node.children if child.type == "in"), None)
        words: tuple[sh.Word, ...] | None = None
        if marker is not None:
            words, stop = self._words(marker.end_byte + self.base, group.start_byte + self.base)
            values = node.children_by_field_name("value")
            if values and values[-1].end_byte + self.base > stop:
                raise NotTaken("swallowed newline", stop)
        name = self.scanner.text[variable.start_byte + self.base : variable.end_byte + self.base]
        return sh.For(span, redirects, name, words, body, node.children[0].type == "select")

    def _words(self, start: int, end: int) -> tuple[tuple[sh.Word, ...], int]:
        """The words of a `for … in` up to `;` or the end of the line."""
        text = self.scanner.text
        words: list[sh.Word] = []
        at = start
        while True:
            match = _BLANK.match(text, at, end)
            at = match.end() if match else at
            if at >= end or text[at] in ";\n#":
                return tuple(words), at
            word = self.scanner.word(at, end)
            words.append(word)
            at = word.span.end

    def _c_for(self, node: Node) -> sh.Statement:
        span, redirects = self._closed(node)
        body, _ = self._do_group(node)
        opening = next((child for child in node.children if child.type == "(("), None)
        closing = next((child for child in node.children if child.type == "))"), None)
        if opening is None or closing is None:
            raise NotTaken("for without ((", span.start)
        text = self.scanner.text[opening.end_byte + self.base : closing.start_byte + self.base]
        return sh.ArithmeticFor(span, redirects, text, body)

    def _case(self, node: Node) -> sh.Statement:
        span, redirects = self._closed(node)
        start = self.scanner.text.index("case", span.start) + 4
        while self.scanner.text[start].isspace():
            start += 1
        subject = self.scanner.word(start, self.end)
        clauses = [self._clause(child) for child in node.children if child.type == "case_item"]
        return sh.Case(span, redirects, subject, tuple(clauses))

    def _clause(self, node: Node) -> sh.Clause:
        close = next((child for child in node.children if child.type == ")"), None)
        if close is None:
            raise NotTaken("case pattern", self.span(node).start)
        patterns = self._patterns(node.start_byte + self.base, close.start_byte + self.base)
        after = [child for child in node.children if child.start_byte >= close.end_byte]
        ending = next((child for child in after if child.type in {";;", ";&", ";;&"}), None)
        inside = [child for child in after if child is not ending]
        end = (ending.start_byte if ending else node.end_byte) + self.base
        body = self.block(inside, close.end_byte + self.base, end)
        last = (
            ending.end_byte if ending else max(close.end_byte, body.span.end - self.base if body.items else 0)
        )
        return sh.Clause(
            Span(node.start_byte + self.base, last + self.base), patterns, body, ending.type if ending else ""
        )

    def _patterns(self, start: int, end: int) -> tuple[sh.Word, ...]:
        patterns: list[sh.Word] = []
        at = start
        text = self.scanner.text
        while at < end:
            if text[at].isspace() or text[at] in "|(":
                at += 1
                continue
            if text.startswith("\\\n", at):
                at += 2
                continue
            word = self.scanner.word(at, end)
            patterns.append(word)
            at = word.span.end
        return tuple(patterns)

    def _function(self, node: Node) -> sh.Statement:
        body = node.child_by_field_name("body")
        name = node.child_by_field_name("name")
        if body is None or name is None:
            raise NotTaken("function without body", self.span(node).start)
        inner = self.statement(body)
        title = self.scanner.text[name.start_byte + self.base : name.end_byte + self.base]
        redirects, stop = self.scanner.redirections(inner.span.end, self.end)
        return sh.Function(Span(self.span(node).start, stop), redirects, title, inner)

    _compounds: dict[str, Callable[[Lowering, Node], sh.Statement]] = {  # a table of methods
        "compound_statement": _group,
        "subshell": _subshell,
        "test_command": _test,
        "if_statement": _if,
        "while_statement": _while,
        "for_statement": _for,
        "c_style_for_statement": _c_for,
        "case_statement": _case,
        "function_definition": _function,
    }
