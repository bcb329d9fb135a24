"""The text that a shell, or ssh, reads from its standard input: a here-document, a here-string, what the stage before prints."""

from __future__ import annotations

from collections.abc import Sequence

from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.shell.state import State
from jobsafety_lint.meaning.shell.unwrapping import snippet
from jobsafety_lint.meaning.shell.values import args_of, pieces_of
from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import SnippetBuilder, Source


def document_of(redirects: Sequence[sh.Redirect], source: Source, state: State) -> Source | None:
    """The text of the here-document or here-string that is a command's input, as a snippet; None if there is none."""
    for redirect in redirects:
        if redirect.heredoc is not None:
            return _built(pieces_of(redirect.heredoc.parts, source, state), source)
        if redirect.operator == "<<<" and redirect.target is not None:
            return snippet(args_of(redirect.target, source, state)[:1])
    return None


def printed_by(commands: Sequence[Command]) -> Source | None:
    """The text that the stage before hands on, where that is one `echo`, or `cat` with a here-document: `echo 'cd x && ./y' | ssh host`."""
    if len(commands) != 1:
        return None
    command = commands[0]
    if command.name == "cat" and not command.args:
        return command.document
    if command.name != "echo":
        return None
    words = [arg for at, arg in enumerate(command.args) if at or (arg.text or "x")[:1] != "-"]
    return snippet(words)


def _built(pieces: Sequence[tuple[PathPattern, Span]], source: Source) -> Source:
    builder = SnippetBuilder(source)
    for pattern, span in pieces:
        for part in pattern.parts:
            if isinstance(part, str):
                builder.add(part, span)
            else:
                builder.add_hole(part, span)
    return builder.build()
