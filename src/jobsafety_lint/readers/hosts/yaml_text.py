"""YAML: nodes with exact places, comments, and the text of a scalar with the place of every code point.

PyYAML finds and decodes the nodes. Where each code point of a scalar's value stands is worked out here again, by the
rules of the five scalar styles (plain, single- and double-quoted, literal, folded), and taken only if the text that
comes out is PyYAML's own value; otherwise the whole scalar stands for every code point of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeGuard

from jobsafety_lint.model import Span
from jobsafety_lint.source import Hole, SnippetBuilder, Source, is_hole

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Piece = tuple[str, Span]
"""A part of a scalar's value, and where it stands in the file: letter by letter where the lengths agree."""

_PROPERTY = re.compile(r"(?:&[^\s,\[\]{}]+|!(?:<[^>\s]*>|[^\s,\[\]{}]*))(?:\s|#[^\n]*\n)*")
_BLOCK_HEADER = re.compile(r"[|>](?P<signs>[-+0-9]{0,2})[ \t]*(?:#[^\n]*)?(?:\n|$)")
_FOLD = re.compile(r"[ \t]*\n[ \t\n]*")
_PLAIN_RUN = re.compile(r"[^ \t\n]+|[ \t]+(?=[^ \t\n])")
_SINGLE_RUN = re.compile(r"''|[^' \t\n]+|[ \t]+(?![ \t\n])")
_DOUBLE_RUN = re.compile(
    r"\\(?:\n[ \t\n]*|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|[^\\ \t\n]+|[ \t]+(?![ \t\n])"
)
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#[^\n]*", re.MULTILINE)


@dataclass(eq=False)
class YamlFile:
    """A YAML text: the root node of each document. `problem` is set where it could not be read."""

    source: Source
    roots: list[Node] = field(default_factory=list)
    problem: str = ""

    @property
    def root(self) -> Node | None:
        """The first document's node."""
        return self.roots[0] if self.roots else None

    def span(self, node: Node) -> Span:
        """A node's place without its anchor and tag, and without the blank lines after it."""
        start, end = node.start_mark.index, node.end_mark.index
        text = self.source.text
        while (match := _PROPERTY.match(text, start, end)) is not None:
            start = match.end()
        return Span(start, max(start, len(text[:end].rstrip()) if end > start else end))

    def comments(self) -> Iterator[Span]:
        """The comments between the nodes."""
        if "#" not in self.source.text:
            return
        scalars = sorted(self._scalar_bodies())
        at = offset = 0
        while (match := _COMMENT.search(self.source.text, offset)) is not None:
            while at < len(scalars) and scalars[at][1] <= match.start():
                at += 1
            if at < len(scalars) and scalars[at][0] <= match.start():
                offset = scalars[at][1]
            else:
                offset = match.end()
                yield Span(match.start(), offset)

    def _scalar_bodies(self) -> Iterator[tuple[int, int]]:
        """Where `#` is text: from the first to the last code point of each scalar; a block's header line is not."""
        for node in walk(self.roots):
            if is_scalar(node):
                span = self.span(node)
                header = _BLOCK_HEADER.match(self.source.text, span.start)
                yield (header.end() if header and node.style in {"|", ">"} else span.start), span.end

    def statements(self) -> Iterator[tuple[Span, tuple[str, ...]]]:
        """Every key with its scalar, or item of a list, with the keys around it."""
        seen: set[int] = set()
        for root in self.roots:
            yield from self._statements(root, (), seen)

    def _statements(
        self, node: Node, names: tuple[str, ...], seen: set[int]
    ) -> Iterator[tuple[Span, tuple[str, ...]]]:
        if id(node) in seen:
            return
        seen.add(id(node))
        if is_mapping(node):
            for key, value in node.value:
                inner = (*names, text_of(key) or "")
                if is_scalar(value):
                    start, end = self.span(key), self.span(value)
                    alias = end.start < start.start  # `*name`: the value stands where it is anchored
                    yield (start if alias else Span(start.start, max(start.end, end.end))), inner
                if not is_scalar(value) or id(value) not in seen:
                    yield from self._statements(value, inner, seen)
        elif is_sequence(node):
            for item in node.value:
                yield from self._statements(item, names, seen)
        else:
            yield self.span(node), names


def read_yaml(source: Source) -> YamlFile:
    """The documents of a YAML text. A template (Jinja, Helm) or a broken text has none, and a `problem`."""
    import yaml  # only when a YAML file is read

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = YamlFile(source)
    try:
        found.roots = [root for root in yaml.compose_all(source.text, Loader=loader) if root is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        found.problem = str(getattr(error, "problem", None) or error).partition("\n")[0] or "not YAML"
    return found


# --- nodes -----------------------------------------------------------------------------------------------------------


def is_mapping(node: Node | None) -> TypeGuard[MappingNode]:
    """Whether a node is a mapping."""
    return getattr(node, "id", "") == "mapping"


def is_sequence(node: Node | None) -> TypeGuard[SequenceNode]:
    """Whether a node is a list."""
    return getattr(node, "id", "") == "sequence"


def is_scalar(node: Node | None) -> TypeGuard[ScalarNode]:
    """Whether a node is a scalar."""
    return getattr(node, "id", "") == "scalar"


def text_of(node: Node | None) -> str | None:
    """A scalar's value as text; None if the node is none, or an empty plain scalar."""
    if not is_scalar(node) or (node.value == "" and node.tag.endswith(":null")):
        return None
    return str(node.value)


def entries(node: Node | None) -> dict[str, tuple[Node, Node]]:
    """A mapping's keys, each with its key node and value; `<<` merges are followed, own keys win."""
    return _entries(node, 0)


def _entries(node: Node | None, depth: int) -> dict[str, tuple[Node, Node]]:
    if not is_mapping(node) or depth > 20:
        return {}
    own: dict[str, tuple[Node, Node]] = {}
    merged: dict[str, tuple[Node, Node]] = {}
    for key, value in node.value:
        name = text_of(key)
        if name == "<<":
            for source in value.value if is_sequence(value) else [value]:
                merged = {**_entries(source, depth + 1), **merged}
        elif name is not None:
            own[name] = (key, value)
    return {**merged, **own}


def get(node: Node | None, *path: str) -> Node | None:
    """The value at a path of keys."""
    for name in path:
        found = entries(node).get(name)
        if found is None:
            return None
        node = found[1]
    return node


def items(node: Node | None) -> list[Node]:
    """A list's items."""
    return list(node.value) if is_sequence(node) else []


def flat(node: Node | None, depth: int = 0) -> Iterator[ScalarNode]:
    """The scalars of a scalar or of a list, nested lists opened (an alias inside a list is one)."""
    if depth > 10:
        return
    if is_scalar(node):
        if text_of(node) is not None:
            yield node
    elif is_sequence(node) and not node.tag.startswith("!"):
        for item in node.value:
            yield from flat(item, depth + 1)


def walk(roots: Iterable[Node]) -> Iterator[Node]:
    """Every node once."""
    seen: set[int] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if is_mapping(node):
            for key, value in node.value:
                stack += [key, value]
        elif is_sequence(node):
            stack += node.value


# --- the text of a scalar --------------------------------------------------------------------------------------------


def pieces_of(file: YamlFile, node: ScalarNode) -> list[Piece]:
    """The scalar's value piece by piece."""
    text, span = file.source.text, file.span(node)
    for candidate in _decoded(text, span, node):
        found = list(candidate)
        if "".join(piece for piece, _ in found) == node.value:
            return found
    return [(node.value, span)]


def _decoded(text: str, span: Span, node: ScalarNode) -> Iterator[Iterable[Piece]]:
    match node.style:
        case "|" | ">":
            span = Span(span.start, node.end_mark.index)
            for indent in _indents(text, span):
                yield _block(text, span, indent, folded=node.style == ">")
        case "'":
            yield _flow(text, Span(span.start + 1, span.end - 1), _SINGLE_RUN)
        case '"':
            yield _flow(text, Span(span.start + 1, span.end - 1), _DOUBLE_RUN)
        case _:
            yield _flow(text, span, _PLAIN_RUN)


def _flow(text: str, span: Span, run: re.Pattern[str]) -> Iterator[Piece]:
    """A plain or quoted scalar: lines are folded, escapes decoded."""
    at = span.start
    while at < span.end:
        fold = _FOLD.match(text, at, span.end)
        match = fold or run.match(text, at, span.end)
        if match is None:
            return
        found, start, at = match.group(), at, match.end()
        if fold:
            yield from _folded(text, Span(start, at))
        elif run is _SINGLE_RUN and found == "''":
            yield "'", Span(start, at)
        elif run is _DOUBLE_RUN and found[0] == "\\":
            yield from _escape(found, start)
        else:
            yield found, Span(start, at)


def _folded(text: str, span: Span) -> Iterator[Piece]:
    """A line break inside a flow scalar is a blank; each further one is a line break."""
    breaks = [at for at in range(span.start, span.end) if text[at] == "\n"]
    if len(breaks) == 1:
        yield " ", Span(breaks[0], breaks[0] + 1)
    for at in breaks[1:]:
        yield "\n", Span(at, at + 1)


def _escape(found: str, start: int) -> Iterator[Piece]:
    span = Span(start, start + len(found))
    if found[1] == "\n":
        for at, char in enumerate(found[2:], start + 2):
            if char == "\n":
                yield "\n", Span(at, at + 1)
    elif found[1] in "xuU" and len(found) > 2:
        yield chr(min(int(f"0x{found[2:]}", 0), 0x10FFFF)), span
    else:
        yield _ESCAPES.get(found[1], found[1:]), span


def _indents(text: str, span: Span) -> Iterator[int]:
    """How far a block scalar may be indented: the first line with text says it, unless the header does."""
    header = _BLOCK_HEADER.match(text, span.start)
    if header is None:
        return
    at = header.end()
    first = re.compile(r"(?:[ \t]*\n)*( *)").match(text, at)
    most = len(first[1]) if first else 0
    yield most
    if any(sign.isdigit() for sign in header["signs"]):
        yield from range(most - 1, 0, -1)


def _block(text: str, span: Span, indent: int, *, folded: bool) -> Iterator[Piece]:
    """A literal or folded block scalar."""
    header = _BLOCK_HEADER.match(text, span.start)
    if header is None:
        return
    pending: list[int] = []
    """The breaks since the last line with text."""
    before = ""
    for start, end in _lines(text, header.end(), span.end):
        if not text[start:end].strip(" ") and end - start <= indent:
            pending.append(end)
            continue
        content = text[start + indent : end]
        yield from _breaks(
            pending, folded and bool(before) and before[0] not in " \t" and content[:1] not in " \t"
        )
        yield content, Span(start + indent, end)
        before, pending = content, [end]
    if before and "-" not in header["signs"]:
        kept = pending if "+" in header["signs"] else pending[:1]
        for at in kept:
            if at < len(text):
                yield "\n", Span(at, at + 1)


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The lines from an offset on, without their breaks; blank ones after `end` (chomped, or kept) included."""
    while start < len(text):
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop
        if start >= end and text[start:stop].strip(" "):
            return
        yield start, stop
        start = stop + 1


def _breaks(pending: Sequence[int], fold: bool) -> Iterator[Piece]:
    if not fold:
        for at in pending:
            yield "\n", Span(at, at + 1)
    elif len(pending) == 1:
        yield " ", Span(pending[0], pending[0] + 1)
    else:
        for at in pending[1:]:
            yield "\n", Span(at, at + 1)


# --- snippets --------------------------------------------------------------------------------------------------------


def snippet(
    file: YamlFile,
    nodes: Sequence[ScalarNode],
    template: re.Pattern[str] | None = None,
    language: str = "shell",
) -> Source:
    """The values of scalars, one below the other, as a text of its own. What `template` finds is a hole."""
    builder = SnippetBuilder(file.source)
    for at, node in enumerate(nodes):
        if at:
            builder.add_synthetic("" if builder.parts and builder.parts[-1].endswith("\n") else "\n")
        pieces = pieces_of(file, node)
        done = 0
        for match in template.finditer(node.value) if template else ():
            for text, span in cut(pieces, done, match.start()):
                builder.add(_without_holes(text), span)
            covered = [span for _, span in cut(pieces, match.start(), match.end())]
            hole = Hole(match.group(), names_in_template(match.group()), "template")
            builder.add_hole(hole, Span(covered[0].start, covered[-1].end))
            done = match.end()
        for text, span in cut(pieces, done, len(node.value)):
            builder.add(_without_holes(text), span)
    return builder.build(language)


def _without_holes(text: str) -> str:
    """Private-use letters (icons) would be taken for holes."""
    if text.isascii() or not any(is_hole(char) for char in text):
        return text
    return "".join("\ufffd" if is_hole(char) else char for char in text)


def cut(pieces: Iterable[Piece], start: int, end: int) -> Iterator[Piece]:
    """The pieces between two offsets of the value."""
    at = 0
    for text, span in pieces:
        first, last = max(start - at, 0), min(end - at, len(text))
        if first < last:
            if len(text) == span.end - span.start:
                yield text[first:last], Span(span.start + first, span.start + last)
            else:
                yield text[first:last], span
        at += len(text)


_TEMPLATE_NAME = re.compile(r"'[^']*'|[A-Za-z_][\w-]*(?:\.[A-Za-z_*][\w-]*)*(?P<call>\s*\()?")


def names_in_template(text: str) -> frozenset[str]:
    """The names that a template reads: `${{ inputs.version }}` reads `inputs.version`."""
    return frozenset(
        match.group()
        for match in _TEMPLATE_NAME.finditer(text)
        if not match.group().startswith("'") and not match["call"] and match.group() not in {"true", "false"}
    )
