"""mise TOML: the shell text of tasks, with exact positions through TOML's escapes and Tera's templates.

Source: mise's documentation of tasks (`docs/tasks/*.md`): `run` is a string, or an array of strings and tables;
`tasks.a = "cmd"` is short for it; files in a task folder hold the tables without the `tasks.` prefix.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell.treesitter_reader import one_byte_each
from jobsafety_lint.source import Hole, SnippetBuilder, Source

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\s*\n\s*|.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "e": "\x1b", '"': '"', "\\": "\\"}
_TERA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True, eq=False)
class Snippet:
    """One shell text of a task: `task` is its name, `shell` what `shell = …` says, `depends` the tasks it starts first."""

    task: str
    source: Source
    key_span: Span
    shell: str = ""
    directory: str | None = None


@dataclass(eq=False)
class MiseFile:
    """What a mise TOML file holds. `statements` are the key-value pairs with the table each stands in."""

    snippets: list[Snippet] = field(default_factory=list)
    environment: dict[str, Span] = field(default_factory=dict)
    depends: dict[str, tuple[str, ...]] = field(default_factory=dict)
    statements: list[tuple[Span, str]] = field(default_factory=list)
    comments: list[Span] = field(default_factory=list)
    broken: list[Span] = field(default_factory=list)

    def statement_span(self, offset: int) -> Span:
        """The innermost key-value pair around an offset."""
        holding = [span for span, _ in self.statements if span.start <= offset < span.end]
        return min(holding, key=lambda span: span.end - span.start, default=Span(offset, offset))

    def definitions(self, offset: int) -> tuple[str, ...]:
        """The table around an offset."""
        return tuple(name for span, name in self.statements if span.start <= offset < span.end and name)[:1]


@functools.cache
def _parser() -> Parser:
    import tree_sitter_toml  # only when a TOML file is read
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_toml.language()))


def read_mise(source: Source, *, task_file: bool) -> MiseFile:
    """The tasks of a mise file; `task_file` for the files in a task folder, whose tables have no prefix."""
    reader = _Reader(source, task_file)
    root = _parser().parse(one_byte_each(source.text)).root_node
    reader.document(root)
    return reader.found


class _Reader:
    def __init__(self, source: Source, task_file: bool) -> None:
        self.source = source
        self.task_file = task_file
        self.found = MiseFile()

    def text(self, node: Node) -> str:
        return self.source.text[node.start_byte : node.end_byte]

    def document(self, root: Node) -> None:
        for node in root.children:
            self._comments(node)
            if node.type == "ERROR":
                self.found.broken.append(Span(node.start_byte, node.end_byte))
            elif node.type == "pair":
                self._pair(node, ())
            elif node.type in {"table", "table_array_element"}:
                key = next(
                    (c for c in node.children if c.type in {"bare_key", "dotted_key", "quoted_key"}), None
                )
                path = tuple(self._key(key)) if key is not None else ()
                for child in node.children:
                    if child.type == "pair":
                        self._pair(child, path)

    def _comments(self, node: Node) -> None:
        stack = [node]
        while stack:
            inner = stack.pop()
            if inner.type == "comment":
                self.found.comments.append(Span(inner.start_byte, inner.end_byte))
            stack.extend(inner.children)

    def _key(self, node: Node) -> Iterator[str]:
        if node.type == "dotted_key":
            for child in node.children:
                if child.is_named:
                    yield from self._key(child)
        else:
            yield self.text(node).strip("\"'")

    def _pair(self, node: Node, table: tuple[str, ...]) -> None:
        named = [child for child in node.children if child.is_named and child.type != "comment"]
        if len(named) < 2:
            return
        path = (*table, *self._key(named[0]))
        value = named[1]
        span = Span(node.start_byte, node.end_byte)
        self.found.statements.append((span, ".".join(table)))
        if path[:1] == ("env",) and len(path) == 2:
            self.found.environment[path[1]] = span
        if value.type == "inline_table":
            for child in value.children:
                if child.type == "pair":
                    self._pair(child, path)
            return
        if self.task_file:
            path = ("tasks", *path)
        if path[:1] != ("tasks",):
            return
        if len(path) == 2 or (len(path) == 3 and path[2] == "run"):
            self._run(path[1], value, span)
            self._depend(path[1], self._tasks_in(value))
        elif len(path) == 3 and path[2] == "depends":
            self._depend(path[1], [*map(self._plain, _strings(value)), *self._tasks_in(value)])

    def _run(self, task: str, value: Node, key: Span) -> None:
        for node in _strings(value):
            self.found.snippets.append(Snippet(task, self._snippet(node), key))

    def _depend(self, task: str, others: Iterable[str]) -> None:
        found = [name for name in others if name]
        if found:
            self.found.depends[task] = (*self.found.depends.get(task, ()), *found)

    def _tasks_in(self, value: Node) -> Iterator[str]:
        """The tasks that the tables of an array name: `{ task = "a" }`, `{ tasks = ["a", "b"] }`."""
        for child in value.children if value.type == "array" else ():
            for pair in child.children if child.type == "inline_table" else ():
                named = [inner for inner in pair.children if inner.is_named]
                if len(named) > 1 and self.text(named[0]) in {"task", "tasks"}:
                    yield from map(self._plain, _strings(named[1]))

    def _plain(self, node: Node) -> str:
        return self.text(node).strip("\"'").partition(" ")[0]

    def _snippet(self, node: Node) -> Source:
        """The string's value as shell text: escapes decoded, templates as holes."""
        raw = self.text(node)
        quote = raw[:3] if raw[:3] in {'"""', "'''"} else raw[:1]
        start = node.start_byte + len(quote)
        end = node.end_byte - len(quote)
        if len(quote) == 3 and self.source.text.startswith("\n", start):
            start += 1
        builder = SnippetBuilder(self.source)
        at = start
        while at < end:
            stop = end
            tera = _TERA.match(self.source.text, at, end)
            if tera:
                builder.add_hole(Hole(tera.group(), kind="template"), Span(at, tera.end()))
                at = tera.end()
                continue
            escape = _ESCAPE.match(self.source.text, at, end) if quote[0] == '"' else None
            if escape:
                builder.add(_decoded(escape[1]), Span(at, escape.end()))
                at = escape.end()
                continue
            for mark in ("{", "\\"):
                found = self.source.text.find(mark, at + 1, end)
                if 0 <= found < stop:
                    stop = found
            builder.add(self.source.text[at:stop], Span(at, stop))
            at = stop
        return builder.build()


def _decoded(escape: str) -> str:
    if escape[0] in "uU" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    if not escape.strip():
        return ""
    return _LETTERS.get(escape, escape)


def _strings(value: Node) -> Iterator[Node]:
    if value.type == "string":
        yield value
    elif value.type == "array":
        for child in value.children:
            yield from _strings(child)
