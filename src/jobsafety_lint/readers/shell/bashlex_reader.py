"""bashlex to our tree: an exact port of bash's own grammar, without `[[ ]]`, `case`, arrays and arithmetic.

Its positions inside of words are not used; the words that it finds must be those that our scanner finds.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.readers.shell.sequences import NotTaken, Operator, Row, assemble
from jobsafety_lint.readers.shell.words import Scanner

_HOPELESS = re.compile(r"\(\(|\[\[|\bcase\b|=\(|<<-?\s*\\?['\"]|\bselect\b|\bcoproc\b|\$\{[^}]*\{|<<<|&>>|;&")
"""What bashlex does not know, or reads wrongly (`((` as two subshells): not tried in vain."""


@functools.cache
def _bashlex() -> Any:
    import bashlex  # 0.11 s: it builds its tables when it is imported
    from bashlex import errors, subst

    expand = subst._paramexpand  # noqa: SLF001

    def expand_or_refuse(parser: Any, text: str, at: int) -> Any:
        """`${` inside of single quotes (`a'${'`) makes bashlex 0.18 go back to the start of the word, for ever."""
        node, end = expand(parser, text, at)
        if end <= at:
            raise errors.ParsingError("no closing brace", text, at)
        return node, end

    subst._paramexpand = expand_or_refuse  # noqa: SLF001
    return bashlex


def is_hopeless(text: str) -> bool:
    """Whether bashlex is known not to read such a text."""
    return _HOPELESS.search(text) is not None


def read(scanner: Scanner, start: int, end: int) -> list[sh.Item]:
    """The statements of a stretch of the scanner's text, read by bashlex.

    Raises:
        NotTaken: bashlex cannot read it, or its tree fails a self-check.
    """
    text = scanner.text[start:end]
    if is_hopeless(text):
        raise NotTaken("bashlex: not in its grammar", start)
    try:
        trees = _bashlex().parse(text)
    except RecursionError:
        raise
    except (
        Exception
    ) as error:  # bashlex raises many kinds: ParsingError, NotImplementedError, AttributeError, …
        raise NotTaken(f"bashlex: {type(error).__name__}", start) from error
    lowering = _Lowering(scanner, start, end)
    return [item for tree in trees for item in lowering.items([tree])]


class _Lowering:
    def __init__(self, scanner: Scanner, base: int, end: int) -> None:
        self.scanner = scanner
        self.base = base
        self.end = end

    def span(self, node: Any) -> Span:
        start, end = node.pos
        if end <= start:
            raise NotTaken("bashlex: zero span", start + self.base)
        return Span(start + self.base, end + self.base)

    def items(self, nodes: list[Any]) -> list[sh.Item]:
        """The statements of a list node's parts."""
        items: list[sh.Item] = []
        row: Row = []

        def close(terminator: str) -> None:
            if row:
                statement = assemble(row)
                items.append(sh.Item(statement.span, statement, terminator))
                row.clear()

        for node in self._spread(nodes):
            if node.kind == "operator" and node.op in {";", "&", "\n"}:
                close(node.op)
            else:
                self._member(node, row)
        close("\n")
        return items

    def _spread(self, nodes: list[Any]) -> list[Any]:
        out: list[Any] = []
        for node in nodes:
            if node.kind == "list":
                out += self._spread(node.parts)
            else:
                out.append(node)
        return out

    def _member(self, node: Any, row: Row) -> None:
        match node.kind:
            case "operator":
                row.append(Operator(node.op, self.span(node)))
            case "pipe":
                row.append(Operator(node.pipe, self.span(node)))
            case "pipeline":
                for part in node.parts:
                    self._member(part, row)
            case "reservedword" if node.word == "!":
                row.append(Operator("!", self.span(node)))
            case _:
                row.append(self._atom(node))

    def block(self, node: Any, start: int) -> sh.Block:
        items = self.items([node])
        if not items:
            return sh.Block(Span(start, start), ())
        return sh.Block(Span(items[0].span.start, items[-1].span.end), tuple(items))

    def _atom(self, node: Any) -> sh.Statement:
        match node.kind:
            case "command":
                return self._command(node)
            case "compound":
                return self._compound(node)
            case "function":
                return self._function(node)
        raise NotTaken(f"bashlex: unknown node {node.kind}", self.base)

    def _command(self, node: Any) -> sh.Command:
        span = self.span(node)
        if any(f.body.start <= span.start < f.body.end for f in self.scanner.heredocs.values()):
            raise NotTaken("bashlex: word inside a here-document", span.start)
        command, stop = self.scanner.simple(span.start, self.end)
        words = [part for part in node.parts if part.kind == "word"]
        if [w.span.start for w in command.words] != [self.span(w).start for w in words]:
            raise NotTaken("bashlex: words do not tile", span.start)
        has_document = any(redirect.heredoc for redirect in command.redirects)
        if not has_document and stop != span.end and self.scanner.text[stop : span.end].strip("\\\n \t"):
            raise NotTaken("bashlex: words do not tile", stop)
        return command

    def _closed(self, span: Span) -> tuple[Span, tuple[sh.Redirect, ...]]:
        redirects, stop = self.scanner.redirections(span.end, self.end)
        return Span(span.start, stop), redirects

    def _compound(self, node: Any) -> sh.Statement:
        parts = node.list
        first = parts[0]
        if first.kind in {"if", "for", "while", "until"}:
            inner = self.span(first)
            span, redirects = self._closed(inner)
            return getattr(self, f"_{first.kind}")(first, span, redirects)  # type: ignore[no-any-return]  # by kind
        if first.kind != "reservedword" or first.word not in "({":
            raise NotTaken("bashlex: unknown compound", self.base)
        opening, closing = self.span(first), self.span(parts[-1])
        span, redirects = self._closed(Span(opening.start, closing.end))
        body = self.block(parts[1], opening.end)
        if first.word == "(":
            return sh.Subshell(span, redirects, body)
        return sh.Group(span, redirects, body)

    def _if(self, node: Any, span: Span, redirects: tuple[sh.Redirect, ...]) -> sh.Statement:
        branches: list[sh.Branch] = []
        otherwise: sh.Block | None = None
        parts = list(node.parts)
        at = 0
        while at < len(parts):
            word = parts[at].word if parts[at].kind == "reservedword" else ""
            if not isinstance(word, str):
                raise NotTaken("bashlex: elif chain", span.start)
            if word in {"if", "elif"} and at + 3 < len(parts):
                keyword = self.span(parts[at])
                tested = self.block(parts[at + 1], keyword.end)
                then = self.span(parts[at + 2])
                done = self.block(parts[at + 3], then.end)
                branches.append(sh.Branch(Span(tested.span.start, done.span.end), tested, done))
                at += 4
            elif word == "else" and at + 1 < len(parts):
                otherwise = self.block(parts[at + 1], self.span(parts[at]).end)
                at += 2
            elif word == "fi":
                at += 1
            else:
                raise NotTaken("bashlex: elif chain", span.start)
        return sh.If(span, redirects, tuple(branches), otherwise)

    def _while(self, node: Any, span: Span, redirects: tuple[sh.Redirect, ...]) -> sh.Statement:
        keyword, condition, do, body = node.parts[:4]
        tested = self.block(condition, self.span(keyword).end)
        done = self.block(body, self.span(do).end)
        return sh.While(span, redirects, keyword.word == "until", tested, done)

    _until = _while

    def _for(self, node: Any, span: Span, redirects: tuple[sh.Redirect, ...]) -> sh.Statement:
        parts = node.parts
        variable = parts[1].word
        has_in = any(part.kind == "reservedword" and part.word == "in" for part in parts)
        words = [part for part in parts[2:] if part.kind == "word"]
        read = tuple(self.scanner.word(self.span(w).start, self.end) for w in words)
        if [w.span.end for w in read] != [self.span(w).end for w in words]:
            raise NotTaken("bashlex: words do not tile", span.start)
        opening = next(
            (at for at, part in enumerate(parts) if part.kind == "reservedword" and part.word in {"do", "{"}),
            None,
        )
        if opening is None:
            raise NotTaken("bashlex: loop without do", span.start)
        body = self.block(parts[opening + 1], self.span(parts[opening]).end)
        return sh.For(span, redirects, variable, read if has_in else None, body)

    def _function(self, node: Any) -> sh.Statement:
        span = self.span(node)
        inner = self._compound(node.body)
        redirects, stop = self.scanner.redirections(inner.span.end, self.end)
        return sh.Function(Span(span.start, stop), redirects, node.name.word, inner)
