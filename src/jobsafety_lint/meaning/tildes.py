"""Tildes that a shell leaves as they stand, behind the `=` of an option, and the scripts that may expand them."""

from __future__ import annotations

import re

from jobsafety_lint.meaning.commands import Command

_OPTION = re.compile(r"(--?[A-Za-z][\w.-]*=)([\"']?)(~(?:/[^\"']*)?)([\"']?)", re.DOTALL)
_OPTION_OF_ANOTHER = re.compile(
    r"-o\w*=|--(?:exclude|include|regex|pattern|format|message|title|body|text)=|-D\w*[Pp]attern=|-D[A-Z][A-Z0-9_]*="
)
"""What other programs expand or take as text; CMake, and what hands definitions on to it, looks for paths behind `~` itself."""


def tilde_in_option(word: str) -> tuple[str, str] | None:
    """An option as written up to its `=`, and the path with the tilde behind it (`--out=~/x`); None if the word is none."""
    match = _OPTION.fullmatch(word)
    return (match[1], match[3]) if match is not None and not _OPTION_OF_ANOTHER.fullmatch(match[1]) else None


def python_script(command: Command) -> str:
    """The file name of the script of Python that a command hands its options to; empty where there is none, or its name is not known.

    The first word that names one counts, whoever starts it (`$PYTHON x.py`, `torchrun --nproc-per-node 8 x.py`): what
    matters here is only who reads the options, and no list of launchers would be whole.
    """
    words = [command.program, *command.args] if command.program is not None else command.args
    for word in words:
        literal = word.pattern.literal
        if literal.endswith(".py"):
            name = literal.rpartition("/")[2]
            return name if "\0" not in name else ""
        if literal.startswith("-") and word is not words[0] and "=" in literal:
            return ""  # options of the script itself
    return ""
