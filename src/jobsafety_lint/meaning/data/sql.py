"""SQL in strings, as far as it matters whether a table of ClickHouse is read with its duplicates.

`statements` reads a text; `meaning/python/sql_strings.py` and `meaning/shell/sql_commands.py` find the texts. Nothing here
needs a whole grammar: words, strings and parentheses are enough for tables, FINAL, GROUP BY and the like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobsafety_lint.model import Span
from jobsafety_lint.source import Place, Source

LOOKS_LIKE_SQL = re.compile(
    r"\s*(?:--[^\n]*\n\s*|/\*(?:[^*]|\*(?!/))*\*/\s*)*(?:CREATE\s+(?:OR\s+REPLACE\s+)?TABLE|INSERT\s+INTO|SELECT\b|WITH\s+\S+\s+AS|OPTIMIZE\s+TABLE|SET\s+final)",
    re.IGNORECASE | re.DOTALL,
)
_CHARS = r"[\w\ue000-\uf8ff{}:$]"
_QUOTED = r"`[^`]*`|\"[^\"]*\""
_TOKEN = re.compile(
    r"(?P<skip>\s+|--[^\n]*|/\*.*?\*/)|(?P<string>'(?:[^'\\]|\\.|'')*')"
    rf"|(?P<quoted>(?:{_QUOTED})(?:\.(?:{_CHARS}+|{_QUOTED}))*)"
    rf"|(?P<word>[\w\ue000-\uf8ff{{$]{_CHARS}*(?:\.(?:{_CHARS}+|{_QUOTED}))*)|(?P<other>.)",
    re.DOTALL,
)
_ENDS_TABLE = frozenset(
    [
        "where",
        "prewhere",
        "group",
        "order",
        "limit",
        "join",
        "left",
        "right",
        "inner",
        "full",
        "cross",
        "any",
        "all",
        "asof",
        "semi",
        "anti",
        "global",
        "on",
        "using",
        "settings",
        "union",
        "intersect",
        "except",
        "having",
        "sample",
        "array",
        "format",
        "window",
        "qualify",
        "offset",
        "into",
        "values",
        "as",
        "with",
        "final",
    ]
)
_INSENSITIVE = frozenset(
    [
        "max",
        "min",
        "any",
        "anylast",
        "uniq",
        "uniqexact",
        "uniqcombined",
        "uniqcombined64",
        "uniqhll12",
        "countdistinct",
        "argmax",
        "argmin",
        "grouparraydistinct",
        "groupuniqarray",
        "maxif",
        "minif",
        "uniqif",
        "uniqexactif",
        "argmaxif",
        "argminif",
    ]
)


@dataclass(frozen=True, slots=True)
class TableUse:
    """What one SQL statement, or one SELECT inside of it, does with one table.

    `kind`: `create`, `insert`, `select`, `optimize` (with FINAL or DEDUPLICATE), `setting` (FINAL for all reads).
    `table` is the name without quotes, its database included where it is written. `create`: `engine`, the `key` of its
    ORDER BY, and `over`, the table that a Distributed one stands before. `select`: `final`, `group_by`, and
    `dedups`, how duplicates are taken care of otherwise (`argMax`, `LIMIT BY`, `DISTINCT`, …), empty if they are not.
    """

    kind: str
    table: str
    engine: str = ""
    key: tuple[str, ...] = ()
    over: str = ""
    final: bool = False
    group_by: tuple[str, ...] = ()
    dedups: str = ""


@dataclass(frozen=True, eq=False)
class SqlStatement:
    """A statement, or a part of one, and what it does with a table."""

    place: Place
    use: TableUse


def same_table(one: str, other: str) -> bool:
    """Whether two names may be those of one table."""
    first, second = one.split("."), other.split(".")
    return first[-1] == second[-1] and (len(first) != len(second) or first == second)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int
    depth: int

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "word" else ""


def statements(source: Source) -> Iterator[SqlStatement]:
    """The statements of a text that name tables."""
    for tokens in _split(_tokens(source.text)):
        yield from _statement(tokens, source)


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    depth = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "other"
        if kind == "skip":
            continue
        if match.group() == ")":
            depth = max(depth - 1, 0)
        found.append(_Token(kind, match.group(), match.start(), match.end(), depth))
        if match.group() == "(":
            depth += 1
    return found


def _split(tokens: Sequence[_Token]) -> Iterator[list[_Token]]:
    current: list[_Token] = []
    for token in tokens:
        if token.text == ";" and token.depth == 0:
            yield current
            current = []
        else:
            current.append(token)
    yield current


def _statement(tokens: list[_Token], source: Source) -> Iterator[SqlStatement]:
    first = tokens[0].word if tokens else ""
    if first == "create" and any(t.word == "table" for t in tokens[:4]):
        yield from _create(tokens, source)
    elif first == "insert":
        at = 3 if len(tokens) > 3 and tokens[2].word == "table" else 2
        if len(tokens) > at and tokens[at].word != "function":
            yield SqlStatement(
                _place(tokens[0], tokens[at], source), TableUse("insert", _name(tokens[at], source))
            )
        yield from _selects(tokens, source)
    elif first == "optimize" and len(tokens) > 2:
        if any(t.word in {"final", "deduplicate"} for t in tokens):
            yield SqlStatement(
                _place(tokens[0], tokens[2], source), TableUse("optimize", _name(tokens[2], source))
            )
    elif first == "set" and len(tokens) > 1 and tokens[1].word == "final":
        yield SqlStatement(_place(tokens[0], tokens[-1], source), TableUse("setting", "", final=True))
    elif first in {"select", "with"} or (tokens and tokens[0].text == "("):
        yield from _selects(tokens, source)


def _place(first: _Token, last: _Token, source: Source) -> Place:
    return Place(source, Span(first.start, last.end))


def _name(token: _Token, source: Source) -> str:
    return source.shown(Span(token.start, token.end)).replace("`", "").replace('"', "")


def _create(tokens: list[_Token], source: Source) -> Iterator[SqlStatement]:
    at = next(i for i, t in enumerate(tokens) if t.word == "table") + 1
    while at < len(tokens) and tokens[at].word in {"if", "not", "exists"}:
        at += 1
    engine = next((i for i, t in enumerate(tokens) if t.word == "engine" and t.depth == 0), None)
    if at >= len(tokens) or engine is None:
        return
    after = [t for t in tokens[engine + 1 :] if t.text != "="]
    name = after[0].text if after else ""
    over = ""
    if name.lower() == "distributed":
        inner = [t for t in after[1:] if t.depth == 1 and t.text not in ",()"]
        over = inner[2].text.strip("'\"`") if len(inner) > 2 else ""
    key = tuple(_list_after(after, ("order", "by"), source))
    made = TableUse("create", _name(tokens[at], source), engine=name, key=key, over=over)
    yield SqlStatement(_place(tokens[0], tokens[at], source), made)


def _list_after(tokens: Sequence[_Token], words: tuple[str, str], source: Source) -> list[str]:
    """The expressions of `ORDER BY (a, b)` or `GROUP BY a, b`."""
    for at, token in enumerate(tokens[:-2]):
        if token.word == words[0] and tokens[at + 1].word == words[1]:
            base = token.depth
            rest = list(tokens[at + 2 :])
            if rest and rest[0].text == "(":
                close = next((i for i, t in enumerate(rest) if t.text == ")" and t.depth == base), len(rest))
                return _items(rest[1:close], base + 1, source)
            stop = next(
                (
                    i
                    for i, t in enumerate(rest)
                    if t.depth < base or (t.depth == base and t.word in _ENDS_LIST)
                ),
                len(rest),
            )
            return _items(rest[:stop], base, source)
    return []


_ENDS_LIST = frozenset(
    [
        "having",
        "order",
        "limit",
        "settings",
        "union",
        "format",
        "with",
        "partition",
        "primary",
        "ttl",
        "sample",
        "comment",
        "as",
        "window",
        "qualify",
        "into",
    ]
)


def _items(tokens: Sequence[_Token], depth: int, source: Source) -> list[str]:
    items: list[str] = []
    current: list[str] = []
    for token in tokens:
        if token.text == "," and token.depth == depth:
            items.append("".join(current))
            current = []
        else:
            current.append(_name(token, source))
    return [item for item in [*items, "".join(current)] if item]


# --- SELECT ----------------------------------------------------------------------------------------------------------


def _selects(tokens: list[_Token], source: Source) -> Iterator[SqlStatement]:
    """One statement for each table that a SELECT reads from, at any depth."""
    setting = _says_final(tokens)
    for at, token in enumerate(tokens[:-1]):
        if token.word not in {"from", "join"} or tokens[at + 1].kind not in {"word", "quoted"}:
            continue
        start = next(
            (
                i
                for i in range(at - 1, -1, -1)
                if tokens[i].word == "select" and tokens[i].depth == token.depth
            ),
            None,
        )
        if start is None or any(t.depth < token.depth for t in tokens[start:at]):
            continue
        table = tokens[at + 1]
        scope = _scope(tokens, start)
        following = tokens[at + 2] if at + 2 < len(tokens) else None
        if following is not None and following.text == "(" and following.start == table.end:
            continue  # a table function
        read = TableUse(
            "select",
            _name(table, source),
            final=setting or _is_final(tokens, at + 2),
            group_by=tuple(_grouped(scope, source)),
            dedups=_dedups(scope),
        )
        yield SqlStatement(_place(tokens[start], table, source), read)


def _says_final(tokens: Sequence[_Token]) -> bool:
    """`SETTINGS final = 1`."""
    texts = [token.text.lower() for token in tokens]
    return any(
        texts[i] == "final" and texts[i + 1] == "=" and texts[i + 2] in {"1", "true"}
        for i in range(len(texts) - 2)
    )


def _is_final(tokens: Sequence[_Token], at: int) -> bool:
    """Whether FINAL follows a table's name, before or after its alias."""
    for token in tokens[at : at + 4]:
        if token.word == "final":
            return True
        if token.word in _ENDS_TABLE - {"as"} or token.text in {",", ")", "("}:
            return False
    return False


def _scope(tokens: Sequence[_Token], start: int) -> list[_Token]:
    """The tokens of one SELECT: to the end of its parentheses or to a UNION."""
    depth = tokens[start].depth
    found: list[_Token] = []
    for token in tokens[start:]:
        if token.depth < depth or (
            token.depth == depth and token.word in {"union", "intersect", "except"} and found
        ):
            break
        found.append(token)
    return found


def _grouped(scope: Sequence[_Token], source: Source) -> list[str]:
    listed = _list_after([t for t in scope if t.depth >= scope[0].depth], ("group", "by"), source)
    selected = _select_items(scope)
    return [
        "".join(_name(t, source) for t in selected[int(item) - 1])
        if item.isdigit() and 0 < int(item) <= len(selected)
        else item
        for item in listed
    ]


def _select_items(scope: Sequence[_Token]) -> list[list[_Token]]:
    depth = scope[0].depth
    items: list[list[_Token]] = [[]]
    for token in scope[1:]:
        if token.depth == depth and token.word == "from":
            break
        if token.depth == depth and token.text == ",":
            items.append([])
        else:
            items[-1].append(token)
    return [item for item in items if item]


def _dedups(scope: Sequence[_Token]) -> str:
    """What takes care of duplicates in a SELECT without FINAL; empty if nothing does."""
    depth = scope[0].depth
    own = [t for t in scope if t.depth >= depth]
    words = [t.word for t in own]
    top = [t.word or t.text for t in own if t.depth == depth]
    items = _select_items(scope)
    if any(word.startswith(("argmax", "row_number", "rank", "dense_rank")) for word in words):
        return "argMax"
    if "limit" in top and "by" in top[top.index("limit") :]:
        return "LIMIT BY"
    if "distinct" in top[:2] and not any(t.text == "*" for t in items[0]):
        return "DISTINCT"
    if "desc" in top and "limit" in top and top[top.index("limit") + 1 : top.index("limit") + 2] == ["1"]:
        return "LIMIT 1"
    if items and all(_is_insensitive(item) for item in items):
        return "an aggregate that duplicates do not change"
    return ""


def _is_insensitive(item: Sequence[_Token]) -> bool:
    first = item[0]
    if first.word in _INSENSITIVE or (first.word == "count" and any(t.word == "distinct" for t in item)):
        return True
    return len(item) == 1 and first.text.isdigit()
