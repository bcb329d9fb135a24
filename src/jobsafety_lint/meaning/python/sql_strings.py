"""SQL in the strings of a Python file, and the calls that insert into a table by its name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from jobsafety_lint.literals import Literals
from jobsafety_lint.meaning.data.sql import LOOKS_LIKE_SQL, SqlStatement, TableUse, statements
from jobsafety_lint.meaning.python.definitions import FileNames, Position, Site, Unit
from jobsafety_lint.meaning.python.expressions import Expressions
from jobsafety_lint.meaning.python.subprocesses import decoded
from jobsafety_lint.model import Span
from jobsafety_lint.readers.python.nodes import children, dotted
from jobsafety_lint.readers.python.outline import Outline
from jobsafety_lint.readers.python.strings import Field
from jobsafety_lint.source import Hole, SnippetBuilder, Source

_MENTIONS = Literals(
    (
        "lickhouse",
        "lickHouse",
        "LICKHOUSE",
        "ReplacingMergeTree",
        "import asynch",
        "from asynch",
        ":8123",
        "SELECT",
        "INSERT INTO",
        '.insert("',
        ".insert('",
        ".insert_df(",
        ".query_df(",
    )
)
_INSERTS = frozenset(
    {
        "insert",
        "insert_df",
        "insert_arrow",
        "insert_df_arrow",
        "raw_insert",
        "insert_dataframe",
        "to_clickhouse",
    }
)
_CLIENTS = frozenset(
    {
        "get_client",
        "create_client",
        "get_async_client",
        "create_async_client",
        "Client",
        "connect",
        "create_pool",
    }
)
_FINAL = re.compile(r"[\"']?final[\"']?\s*[:=]\s*[\"']?(?:1|True)\b")
_DEDUPLICATES = re.compile(r"\.drop_duplicates\(|\.unique\(|dedup\w*\(|\.distinct\(")


def is_mentioned(outline: Outline) -> bool:
    """Whether a file may speak to ClickHouse."""
    return _MENTIONS.any_in(outline.source)


def sql_statements(names: FileNames) -> Iterator[SqlStatement]:
    """The statements of all strings that look like SQL, and inserts by method."""
    reader = _Reader(names, Expressions(names))
    yield from reader.inserts()
    users = reader.users()
    for node, at in _strings(names):
        source = reader.snippet(node, at)
        if source is None or not LOOKS_LIKE_SQL.match(source.text):
            continue
        guarded = reader.guard(users.get(id(node), []), at)
        for found in statements(source):
            reads = found.use.kind == "select" and not found.use.dedups
            yield replace(found, use=replace(found.use, dedups=guarded)) if reads else found
    yield from reader.settings()


def _strings(names: FileNames) -> Iterator[tuple[ast.expr, Position]]:
    """The outermost strings of a file (concatenations whole) with their points; docstrings left out."""
    for unit in names.units:
        body = getattr(unit.node, "body", None)
        for statement in body if isinstance(body, list) else ():
            yield from _in_statement(names, statement, unit)


def _in_statement(names: FileNames, statement: ast.stmt, unit: Unit) -> Iterator[tuple[ast.expr, Position]]:
    at = names.where.get(id(statement))
    if (
        at is None
        or at.unit is not unit
        or isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ):
        return
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return
    stack: list[ast.AST] = list(children(statement))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt):
            yield from _in_statement(names, node, unit)
        elif _is_text(node):
            assert isinstance(node, ast.expr)
            yield node, at
        else:
            stack.extend(children(node))


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _is_text(node.left)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


@dataclass(eq=False)
class _Reader:
    names: FileNames
    expressions: Expressions

    def users(self) -> dict[int, list[Site]]:
        """The calls that each string is handed to, by the string's identity."""
        found: dict[int, list[Site]] = {}
        for site in self.names.sites:
            given = [
                *site.node.args[:1],
                *(k.value for k in site.node.keywords if k.arg in {"query", "sql", "cmd"}),
            ]
            for value in given:
                text, _ = self.expressions.follow(value, site.position)
                found.setdefault(id(text), []).append(site)
        return found

    def guard(self, users: list[Site], at: Position) -> str:
        """What takes care of duplicates outside of the SQL: a setting of the call, or a step on its result."""
        for site in users:
            if _FINAL.search(self._arguments(site)):
                return "the setting `final`"
            if self._deduplicated(site.position.unit):
                return "a step that drops duplicates"
        if not users and at.unit.is_function and self._deduplicated(at.unit):
            return "a step that drops duplicates"
        return ""

    def _arguments(self, site: Site) -> str:
        texts = []
        for keyword in site.node.keywords:
            value, _ = self.expressions.follow(keyword.value, site.position)
            texts.append(
                f"{keyword.arg}={self.names.text(value)}"
                if value is keyword.value
                else self.names.text(value)
            )
        return " ".join(texts)

    def _deduplicated(self, unit: Unit) -> bool:
        if not unit.is_function:
            return False
        assert isinstance(unit.node, ast.FunctionDef | ast.AsyncFunctionDef)
        return _DEDUPLICATES.search(self.names.place(unit.node).text) is not None

    def settings(self) -> Iterator[SqlStatement]:
        """Clients that read everything with FINAL."""
        for site in self.names.sites:
            if dotted(site.node.func).rpartition(".")[2] in _CLIENTS and _FINAL.search(self._arguments(site)):
                yield SqlStatement(self.names.place(site.node), TableUse("setting", "", final=True))

    def inserts(self) -> Iterator[SqlStatement]:
        """`client.insert("quotes", rows)`."""
        for site in self.names.sites:
            func = site.node.func
            last = func.attr if isinstance(func, ast.Attribute) else dotted(func)
            if last not in _INSERTS:
                continue
            given = {k.arg: k.value for k in site.node.keywords}
            node = given.get("table") or given.get("table_name")
            if node is None:
                at = 1 if last == "to_clickhouse" and not isinstance(func, ast.Attribute) else 0
                node = site.node.args[at] if len(site.node.args) > at else None
            if node is None:
                continue
            pattern = self.expressions.pattern(node, site.position)
            if pattern.parts and not isinstance(self.expressions.literal(node, site.position), int | float):
                database = given.get("database")
                prefix = (
                    self.expressions.pattern(database, site.position).text if database is not None else None
                )
                name = f"{prefix}.{pattern.template}" if prefix else pattern.template
                match = re.match(r"INSERT\s+INTO\s+(?:TABLE\s+)?([\w.`{}]+)", name, re.IGNORECASE)
                yield SqlStatement(
                    self.names.place(site.node), TableUse("insert", match[1] if match else name)
                )

    # --- text ------------------------------------------------------------------------------------------------------

    def snippet(self, node: ast.expr, at: Position) -> Source | None:
        """The text of a string expression with exact positions; what is filled in at run time is a hole."""
        builder = SnippetBuilder(self.names.source)
        self._add(node, at, builder)
        return builder.build("sql") if builder.parts else None

    def _add(self, node: ast.expr, at: Position, builder: SnippetBuilder) -> None:
        span = self.names.outline.span(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            self._add(node.left, at, builder)
            self._add(node.right, at, builder)
        elif isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str)
        ):
            self._literal(node, span, at, builder)
        else:
            self._filled(self.names.text(node), node, span, at, builder)

    def _filled(self, code: str, node: ast.expr, span: Span, at: Position, builder: SnippetBuilder) -> None:
        value, where = self.expressions.follow(node, at)
        text = self.expressions.pattern(value, where).text if value is not node else None
        if text is not None:
            builder.add(text, span)
        else:
            builder.add_hole(Hole("{" + code + "}"), span)

    def _literal(
        self, node: ast.Constant | ast.JoinedStr, span: Span, at: Position, builder: SnippetBuilder
    ) -> None:
        """The pieces of a string literal, one behind the other."""
        text, outline = self.names.source.text, self.names.outline
        pieces = outline.pieces(node)
        if pieces is None:
            builder.add_hole(Hole(self.names.text(node)), span)
        for piece in pieces or ():
            if isinstance(piece, Field):
                code = outline.span(piece.expression)
                self._filled(text[code.start : code.end], piece.expression, piece.span, at, builder)
            else:
                written = text[piece.span.start : piece.span.end]
                for pattern, where in decoded(written, piece.span, raw=piece.raw, braces=piece.formatted):
                    builder.add(pattern.text or "", where)
