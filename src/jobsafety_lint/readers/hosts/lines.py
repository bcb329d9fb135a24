"""What the readers of line formats share: physical lines, and lines that are continued."""

from __future__ import annotations

import re

from jobsafety_lint.model import Span
from jobsafety_lint.source import Source


def lines_of(source: Source) -> list[Span]:
    """The physical lines of a text, without their newlines."""
    spans = [source.line_span(line) for line in range(1, source.line_count + 1)]
    text = source.text
    return [Span(s.start, s.end - 1 if text[s.end - 1 : s.end] == "\n" else s.end) for s in spans]


def is_continued(text: str) -> bool:
    """Whether a line ends with a backslash that is not itself escaped."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def shell_words(text: str) -> list[str]:
    """Words between blanks, quotes taken away: for settings such as `.SHELLFLAGS`, not for commands."""
    return [a or b or c for a, b, c in re.findall(r"'([^']*)'|\"([^\"]*)\"|([^\s'\"]+)", text)]


def shell_named(words: list[str]) -> tuple[str, list[str]]:
    """The shell that words start, `env` passed over, and its options; an empty name if it is none that we read."""
    rest = list(words)
    if rest and rest[0].rpartition("/")[2] == "env":
        rest.pop(0)
        while rest and (rest[0].startswith("-") or "=" in rest[0]):
            rest.pop(0)
    name = rest[0].rpartition("/")[2].removesuffix(".exe") if rest else ""
    return (name, rest[1:]) if name in SHELLS else ("", rest[1:])


SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})


def strictness(options: list[str]) -> dict[str, bool]:
    """What the option words of a shell say of errexit and pipefail."""
    said: dict[str, bool] = {}
    at = 0
    while at < len(options):
        word = options[at]
        at += 1
        if word[:1] not in {"-", "+"} or word.startswith("--"):
            continue
        for letter in word[1:]:
            if letter == "e":
                said["errexit"] = word[0] == "-"
            elif letter == "o" and at < len(options):
                if options[at] in {"errexit", "pipefail"}:
                    said[options[at]] = word[0] == "-"
                at += 1
    return said


def shebang(text: str) -> tuple[str, dict[str, bool]] | None:
    """The shell of a script's first line with what it says of strictness; None without a shebang, an empty name for
    another language.
    """
    if not text.startswith("#!"):
        return None
    name, options = shell_named(text.partition("\n")[0][2:].split())
    return name, strictness(options)


def closing(text: str, at: int, end: int) -> int:
    """Behind the bracket that closes the one at `at`, as make counts: brackets of the same kind only; `end` if none does."""
    opened, closed = text[at], {"(": ")", "{": "}"}[text[at]]
    depth = 0
    for index in range(at, end):
        if text[index] == opened:
            depth += 1
        elif text[index] == closed:
            depth -= 1
            if not depth:
                return index + 1
    return end
