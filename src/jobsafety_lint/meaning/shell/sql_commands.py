"""SQL that shell commands hand to ClickHouse: `clickhouse-client --query`, here-documents, pipes, the HTTP interface."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import unquote_plus

from jobsafety_lint.meaning.commands import Arg, Command, Pipe
from jobsafety_lint.meaning.data.sql import LOOKS_LIKE_SQL, SqlStatement, statements
from jobsafety_lint.meaning.shell.unwrapping import snippet
from jobsafety_lint.source import SnippetBuilder, Source

_CLIENT = re.compile(r"(^|/)clickhouse(-client|-local)?$")
_MENTIONS = ("clickhouse", "8123", "8443")
_PORT = re.compile(r":(8123|8443)\b|clickhouse", re.IGNORECASE)
_HTTP = frozenset({"curl", "wget", "http", "https", "xh"})
_SPEAKERS = frozenset({"echo", "printf", "cat"})
_FINAL = re.compile(r"(^|[?&-])final=?1?$|[?&]final=(1|true)\b|--final=(1|true)")
_QUERY = re.compile(r"[?&]query=([^&]*)")


def sql_statements(facts: Sequence[object], text: str) -> list[SqlStatement]:
    """The statements of all commands of a file with this text that talk to ClickHouse."""
    found: list[SqlStatement] = []
    lowered = text.lower()
    if not any(isinstance(fact, Command) for fact in facts) or not any(
        mention in lowered for mention in _MENTIONS
    ):
        return found
    fed: dict[int, Command] = {}
    for fact in facts:
        if isinstance(fact, Pipe):
            for stage, later in zip(fact.stages, fact.stages[1:], strict=False):
                client = next((c for c in later if _talks_to_clickhouse(c)), None)
                if client is not None:
                    fed |= {id(command): client for command in stage if command.name in _SPEAKERS}
    for fact in facts:
        if not isinstance(fact, Command):
            continue
        client = fact if _talks_to_clickhouse(fact) else fed.get(id(fact))
        if client is not None:
            final = any(_FINAL.search(arg.pattern.literal) for arg in client.args)
            for source in _texts(fact):
                for said in statements(source):
                    found.append(replace(said, use=replace(said.use, final=said.use.final or final)))
    return found


def _talks_to_clickhouse(command: Command) -> bool:
    if _CLIENT.search(command.name):
        return True
    texts = [arg.pattern.literal for arg in command.args]
    if command.name in _HTTP:
        return any(_PORT.search(text) for text in texts)
    return any(_CLIENT.search(text) for text in texts)


def _texts(command: Command) -> Iterator[Source]:
    """Every text that a command is given and that looks like SQL."""
    for arg in command.args:
        for source in _of_arg(arg):
            if LOOKS_LIKE_SQL.match(source.text):
                yield source
    for operator, arg in command.redirects:
        if operator == "<<<":
            told = snippet([arg])
            if told is not None and LOOKS_LIKE_SQL.match(told.text):
                yield told
    if command.document is not None and LOOKS_LIKE_SQL.match(command.document.text):
        yield command.document


def _of_arg(arg: Arg) -> Iterator[Source]:
    literal = arg.pattern.literal
    query = _QUERY.search(literal)
    if query is not None:
        builder = SnippetBuilder(arg.place.source)
        builder.add(unquote_plus(query[1].replace("\0", "x")), arg.place.span)
        yield builder.build("sql")
        return
    source = snippet([arg])
    if source is None:
        return
    option = re.match(r"(--query=|--data-binary=|--data=|-q|-d|query=)(?=\s*[A-Za-z(/-])", source.text)
    if option is None or LOOKS_LIKE_SQL.match(source.text):
        yield source
        return
    builder = SnippetBuilder(source)
    for at in range(option.end(), len(source.text)):
        builder.add_from(source, type(arg.place.span)(at, at + 1))
    yield builder.build("sql")
