"""Where every key and every entry of a list stands in a TOML text: for messages that name the line."""

from __future__ import annotations

import functools
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobsafety_lint.model import Span

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

Path = tuple[str | int, ...]
"""The keys and positions that lead to a value: `("tool", "jobsafety-lint", "ignore", 0)`."""


@dataclass(frozen=True, slots=True)
class TomlPlaces:
    """The stretches of a text, in code points, by the path of what stands there: a key with its value, or an entry of a list.

    A table stands at its header; one that only headers of tables in it name (`[a.b]` names `a`) at the first of these.
    """

    text: str
    spans: dict[Path, Span]

    def span(self, path: Path) -> Span | None:
        """The stretch of a value, or of the nearest table around it that the text names; None if it names none."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.spans:
                return self.spans[path[:length]]
        return None

    def line(self, path: Path) -> int | None:
        """The line (from 1) that a value begins on; see `span`."""
        found = self.span(path)
        return None if found is None else self.text.count("\n", 0, found.start) + 1


def places_of(text: str) -> TomlPlaces:
    """The places of a text that is valid TOML; of any other as far as it can be read."""
    found = TomlPlaces(text, {})
    one_byte_each = re.sub(r"[^\x00-\x7f]", "a", text).encode()
    root = _parser().parse(one_byte_each).root_node
    tables: dict[Path, int] = {}
    for node in root.named_children:
        if node.type == "pair":
            _pair(node, (), found)
        elif node.type in {"table", "table_array_element"}:
            _table(node, found, tables)
    return found


@functools.cache
def _parser() -> Parser:
    import tree_sitter_toml  # only when a line is asked for
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_toml.language()))


def _table(node: Node, found: TomlPlaces, tables: dict[Path, int]) -> None:
    head, *rest = node.named_children
    path = _key(head, found.text)
    place = Span(head.start_byte, head.end_byte)
    for length in range(1, len(path)):
        found.spans.setdefault(path[:length], place)
    if path not in tables:
        found.spans[path] = place
    position = tables[path] = tables.get(path, -1) + 1
    if node.type == "table_array_element":
        path = (*path, position)
        found.spans[path] = place
    for child in rest:
        if child.type == "pair":
            _pair(child, path, found)


def _pair(node: Node, prefix: Path, found: TomlPlaces) -> None:
    key, *values = (child for child in node.named_children if child.type != "comment")
    path = (*prefix, *_key(key, found.text))
    for length in range(len(prefix) + 1, len(path) + 1):
        found.spans.setdefault(path[:length], Span(node.start_byte, node.end_byte))
    if values:
        _value(values[0], path, found)


def _value(node: Node, path: Path, found: TomlPlaces) -> None:
    if node.type == "inline_table":
        for child in node.named_children:
            if child.type == "pair":
                _pair(child, path, found)
    elif node.type == "array":
        entries = [child for child in node.named_children if child.type != "comment"]
        for position, child in enumerate(entries):
            here = (*path, position)
            found.spans[here] = Span(child.start_byte, child.end_byte)
            _value(child, here, found)


def _key(node: Node, text: str) -> Path:
    if node.type == "dotted_key":
        return tuple(part for child in node.named_children for part in _key(child, text))
    written = text[node.start_byte : node.end_byte]
    if node.type != "quoted_key":
        return (written,)
    try:
        return (str(tomllib.loads(f"key = {written}")["key"]),)
    except tomllib.TOMLDecodeError:
        return (written.strip("\"'"),)
