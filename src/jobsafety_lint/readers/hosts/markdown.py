"""Markdown: the fenced blocks that hold shell or Python, each a script of its own.

markdown-it finds the fences (CommonMark: also those in lists and quotes). In a block of a terminal session (`console`, or
one whose first line has the prompt `$ `) the lines behind a prompt are the script, the others are what it prints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts.ci_shells import ShellMode, mode_of
from jobsafety_lint.readers.hosts.snippets import HostFile, Snippet
from jobsafety_lint.source import SnippetBuilder, Source, is_hole

_SHELLS = {
    "sh": "sh",
    "bash": "bash",
    "shell": "bash",
    "dash": "dash",
    "ksh": "ksh",
    "zsh": "zsh",
    "posix-sh": "sh",
}
_SESSIONS = frozenset({"console", "shell-session", "shellsession", "sh-session", "bash-session", "terminal"})
_PYTHON = frozenset({"python", "py", "python3"})
_LANGUAGE = re.compile(r"\{?\s*\.?([\w+-]+)")
_PROMPT = re.compile(r"[ \t]*(?:\([\w.-]+\)[ \t]*)?\$[ \t]+")
_MORE = re.compile(r"[ \t]*>[ \t]+")

Line = tuple[str, int]
"""The text of a line of a block, and where it starts in the file."""


@dataclass(eq=False)
class MarkdownFile(HostFile):
    """What a Markdown file holds: its shell blocks as snippets, and its Python blocks."""

    python: list[Source] = field(default_factory=list)


def read_markdown(source: Source) -> MarkdownFile:
    """The fenced blocks of a Markdown text."""
    from markdown_it import MarkdownIt  # only when Markdown is read

    found = MarkdownFile()
    heading = ""
    tokens = MarkdownIt("commonmark").parse(source.text)
    for at, token in enumerate(tokens):
        if token.type == "inline" and at and tokens[at - 1].type == "heading_open":
            heading = token.content
        if token.type != "fence" or token.map is None:
            continue
        match = _LANGUAGE.match(token.info)
        language = match[1].lower() if match else ""
        lines = list(_lines(source, token.content, token.map[0] + 2))
        if not lines or not (language in _SHELLS or language in _SESSIONS or language in _PYTHON):
            continue
        span = Span(lines[0][1], lines[-1][1] + len(lines[-1][0]))
        found.statements.append((span, (heading,) if heading else ()))
        if language in _PYTHON:
            found.python.append(_text(source, lines, "python"))
        else:
            found.snippets.append(_shell(source, lines, language, span, len(found.snippets)))
    return found


def _lines(source: Source, content: str, first: int) -> Iterator[Line]:
    """The lines of a block: what stands before them (the indent of a list, the `>` of a quote) is none of them."""
    for number, line in enumerate(content.removesuffix("\n").split("\n"), first):
        whole = source.line_span(number)
        end = whole.end - (1 if source.text[whole.start : whole.end].endswith("\n") else 0)
        start = end - len(line)
        if source.text[start:end] == line:
            yield line, start
        elif line.strip() and source.text[whole.start : end].endswith(line.lstrip()):
            yield line.lstrip(), end - len(line.lstrip())  # a tab, part of which is the indent of a list
        else:
            yield "", end


def _shell(source: Source, lines: list[Line], language: str, span: Span, number: int) -> Snippet:
    first = next((line for line, _ in lines if line.strip()), "")
    if language in _SESSIONS or _PROMPT.match(first):
        lines = list(_typed(lines))
    mode = ShellMode(_SHELLS.get(language, "bash"))
    if first.startswith("#!"):
        mode = mode_of(first.removeprefix("#!").split()) or ShellMode("")
    return Snippet(
        f"fence {number + 1}", _text(source, lines, "shell"), span, mode.shell, mode.errexit, mode.pipefail
    )


def _typed(lines: list[Line]) -> Iterator[Line]:
    """What was typed in a terminal session."""
    goes_on = False
    for line, start in lines:
        prompt = _PROMPT.match(line)
        more = _MORE.match(line) if goes_on else None
        if prompt or goes_on:
            at = (prompt or more).end() if prompt or more else 0  # type: ignore[union-attr]  # one of them is there
            yield line[at:], start + at
        goes_on = bool(prompt or goes_on) and line.rstrip(" \t").endswith(("\\", "|", "&&", "||"))


def _text(source: Source, lines: list[Line], language: str) -> Source:
    builder = SnippetBuilder(source)
    for line, start in lines:
        text = "".join("\ufffd" if is_hole(letter) else letter for letter in line)
        builder.add(text, Span(start, start + len(line)))
        if source.text.startswith("\n", start + len(line)):
            builder.add("\n", Span(start + len(line), start + len(line) + 1))
        else:
            builder.add_synthetic("\n")
    return builder.build(language)
