"""The words of a command, as its program takes them: options, their values, operands."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from jobsafety_lint.meaning.commands import Command


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def literals(command: Command) -> list[str]:
    """The arguments' texts, with a NUL for each part that is not known."""
    return [arg.pattern.literal for arg in command.args]


def operands_of(
    words: Sequence[str], values: frozenset[str] = frozenset(), joined: re.Pattern[str] | None = None
) -> list[str]:
    """The words that are no options; `values` are options that take the next word, `joined` those of one letter behind
    others (`-rnA 3`).
    """
    found: list[str] = []
    skip = False
    only = False
    for word in words:
        if skip:
            skip = False
        elif only or not word.startswith("-") or word == "-":
            found.append(word)
        elif word == "--":
            only = True
        elif word in values or (joined is not None and joined.fullmatch(word)):
            skip = True
    return found


_GREP_VALUES = word_set(
    "-m -A -B -C -e -f -d -D --max-count --after-context --before-context --context --regexp --file --include --exclude --color"
)


_GREP_JOINED = re.compile(r"-[a-zA-Z]*[ABCmef]")


def grep_files(words: Sequence[str]) -> list[str]:
    """The files (not `-`) that a grep is told to read."""
    given = any(re.fullmatch(r"-[a-zA-Z]*[ef]|--regexp(=.*)?|--file(=.*)?|-e.+", w, re.DOTALL) for w in words)
    operands = grep_operands(words)
    return [w for w in (operands if given else operands[1:]) if w != "-"]


def grep_operands(words: Sequence[str]) -> list[str]:
    """The pattern (where no option gives it) and the files of a grep."""
    return operands_of(words, _GREP_VALUES, _GREP_JOINED)


def sed_scripts(words: Sequence[str]) -> list[str]:
    """The scripts that a sed is given."""
    given = [b for a, b in itertools.pairwise(words) if re.fullmatch(r"-[a-zA-Z]*e|--expression", a)]
    given += [w.partition("=")[2] for w in words if w.startswith("--expression=")]
    if given:
        return given
    operands = operands_of(words, word_set("-f --file -l"))
    return operands[:1]
