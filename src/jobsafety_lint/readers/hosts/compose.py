"""Compose files: what the services run.

No shell runs `entrypoint` and `command`: a list is taken as it is, a string is split into words as a shell would quote
them, and the words of `command` follow those of `entrypoint`. A `healthcheck` that is a string, or begins with
`CMD-SHELL`, is run by `/bin/sh -c`. Compose fills in `$VAR` and `${VAR}` from where it is started; `$$` is a dollar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts import yaml_text
from jobsafety_lint.readers.hosts.snippets import Snippet
from jobsafety_lint.readers.hosts.words import Piece, Word, add_words
from jobsafety_lint.readers.hosts.yaml_text import YamlFile, entries, get, text_of
from jobsafety_lint.source import Hole, SnippetBuilder, Source

if TYPE_CHECKING:
    from yaml.nodes import Node, ScalarNode

_INTERPOLATION = re.compile(r"\$(?:\$|\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z_]\w*)")
_NAME = re.compile(r"\$\{?([A-Za-z_]\w*)")


def read_compose(file: YamlFile) -> Iterator[Snippet]:
    """The texts that the services of a compose file run."""
    for name, (_, service) in entries(get(file.root, "services")).items():
        if not yaml_text.is_mapping(service):
            continue
        started = [node for key in ("entrypoint", "command") if (node := get(service, key)) is not None]
        words = [word for node in started for word in _words(file, node)]
        if words:
            yield _snippet(f"services.{name}", file, service, _argv(file, words), started[-1], "argv")
        check = get(service, "healthcheck", "test")
        if check is not None:
            yield from _healthcheck(name, file, service, check)


def _healthcheck(name: str, file: YamlFile, service: Node, check: Node) -> Iterator[Snippet]:
    title = f"services.{name}.healthcheck"
    scalars = [check] if yaml_text.is_scalar(check) else list(yaml_text.flat(check))
    kind = "CMD-SHELL" if yaml_text.is_scalar(check) else text_of(scalars[0]) if scalars else None
    rest = scalars if yaml_text.is_scalar(check) else scalars[1:]
    if kind == "CMD-SHELL" and len(rest) == 1:
        yield _snippet(title, file, service, _text(file, rest[0]), check, "shell")
    elif kind == "CMD" and rest:
        yield _snippet(title, file, service, _argv(file, [_word(file, node) for node in rest]), check, "argv")


def _snippet(title: str, file: YamlFile, service: Node, source: Source, node: Node, style: str) -> Snippet:
    return Snippet(
        title,
        source,
        file.span(node),
        "sh" if style == "shell" else "",
        style=style,
        directory=text_of(get(service, "working_dir")),
        environment=dict(_environment(get(service, "environment"))),
    )


def _environment(node: Node | None) -> Iterator[tuple[str, str]]:
    for name, (_, value) in entries(node).items():
        if text_of(value) is not None:
            yield name, text_of(value) or ""
    for item in yaml_text.items(node):
        variable, equals, text = (text_of(item) or "").partition("=")
        if equals:
            yield variable, text


def _argv(file: YamlFile, words: list[Word]) -> Source:
    builder = SnippetBuilder(file.source)
    add_words(builder, words)
    return builder.build()


def _text(file: YamlFile, node: ScalarNode) -> Source:
    builder = SnippetBuilder(file.source)
    for piece, span in _pieces(file, node):
        if isinstance(piece, Hole):
            builder.add_hole(piece, span)
        else:
            builder.add(piece, span)
    return builder.build()


def _words(file: YamlFile, node: Node) -> Iterator[Word]:
    if yaml_text.is_scalar(node):
        if text_of(node) is not None:
            yield from _split(list(_pieces(file, node)))
    else:
        yield from (_word(file, item) for item in yaml_text.flat(node))


def _word(file: YamlFile, node: ScalarNode) -> Word:
    pieces = list(_pieces(file, node))
    return Word("".join(p for p, _ in pieces if isinstance(p, str)), file.span(node), pieces)


def _pieces(file: YamlFile, node: ScalarNode) -> Iterator[Piece]:
    """The scalar's value, what compose fills in as holes."""
    pieces = yaml_text.pieces_of(file, node)
    done = 0
    for match in _INTERPOLATION.finditer(node.value):
        yield from yaml_text.cut(pieces, done, match.start())
        covered = [span for _, span in yaml_text.cut(pieces, match.start(), match.end())]
        span = Span(covered[0].start, covered[-1].end)
        if match.group() == "$$":
            yield "$", span
        else:
            name = _NAME.match(match.group())
            names = frozenset({name[1]} if name else ())
            yield Hole(match.group(), names, "template"), span
        done = match.end()
    yield from yaml_text.cut(pieces, done, len(node.value))


# --- a string as words -----------------------------------------------------------------------------------------------


def _split(pieces: list[Piece]) -> Iterator[Word]:
    """The words of a string, in which quotes and backslashes count as in a shell and nothing else does."""
    found: list[Piece] | None = None
    quote = ""
    letters = iter(list(_letters(pieces)))
    for letter, span in letters:
        if isinstance(letter, str) and not quote and letter.isspace():
            if found is not None:
                yield _joined(found)
            found = None
            continue
        found = [] if found is None else found
        if letter == quote:
            quote = ""
        elif isinstance(letter, str) and not quote and letter in "'\"":
            quote = letter
        elif letter == "\\" and quote != "'":
            after, where = next(letters, ("", span))
            if quote and isinstance(after, str) and after not in '"\\$`\n':
                found.append((letter, span))
            found.append((after, where if after != "\n" else Span(span.start, where.end)))
        else:
            found.append((letter, span))
    if found is not None:
        yield _joined(found)


def _letters(pieces: list[Piece]) -> Iterator[Piece]:
    for piece, span in pieces:
        if isinstance(piece, str) and len(piece) == span.end - span.start:
            yield from ((letter, Span(at, at + 1)) for at, letter in enumerate(piece, span.start))
        elif isinstance(piece, str):
            yield from ((letter, span) for letter in piece)
        else:
            yield piece, span


def _joined(letters: list[Piece]) -> Word:
    """A word, its neighbouring letters put together again."""
    pieces: list[Piece] = []
    for letter, span in letters:
        last, before = pieces[-1] if pieces else ("", span)
        together = isinstance(letter, str) and isinstance(last, str) and bool(pieces)
        verbatim = len(last) == before.end - before.start if isinstance(last, str) else False
        if together and verbatim and before.end == span.start and span.end - span.start == len(str(letter)):
            pieces[-1] = (f"{last}{letter}", Span(before.start, span.end))
        else:
            pieces.append((letter, span))
    start, end = (letters[0][1].start, letters[-1][1].end) if letters else (0, 0)
    return Word("".join(p for p, _ in pieces if isinstance(p, str)), Span(start, end), pieces)
