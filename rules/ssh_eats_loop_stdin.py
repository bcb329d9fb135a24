"""JOB403: a command in a `while read` loop swallows the rest of the input."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, first_word
from jobsafety_lint.meaning.shell import input_swallowing
from jobsafety_lint.model import Confidence, Fix, Severity, Span
from jobsafety_lint.rule import Draft, Rule, edit
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB403",
    "ssh-eats-loop-stdin",
    "a command in a `while read` loop swallows the rest of the input",
    Severity.ERROR,
    Confidence.HIGH,
    references=("AP-12",),
    fix="safe",
)

_READ_ON_PURPOSE = frozenset(
    [
        "cat",
        "tee",
        "sort",
        "wc",
        "tr",
        "xargs",
        "tac",
        "md5sum",
        "mapfile",
        "readarray",
        "read",
        "grep",
        "egrep",
        "fgrep",
        "sed",
        "awk",
        "gawk",
        "cut",
        "head",
        "tail",
        "bash",
        "sh",
    ]
)
_OWN_OPTION = {"ssh": "-n", "ffmpeg": "-nostdin"}


@RULE.on(Command)
def eats_loop_input(command: Command, context: Context) -> Iterator[Draft]:
    """A command that reads the standard input which a loop around it reads its lines from."""
    loop = command.execution.input_of
    if loop is None or command.language != "shell" or not input_swallowing.swallows_input(command):
        return
    if any(
        wrapper.execution.input_of is loop and input_swallowing.swallows_input(wrapper)
        for wrapper in command.outer
    ):
        return  # said of the wrapper already
    option = _OWN_OPTION.get(command.name)
    other = "</dev/tty" if command.name == "read" else "</dev/null"
    remedy = f"give it `{option}`, or `{other}`" if option else f"give it `{other}`"
    yield RULE.found(
        first_word(command.place),
        f"`{command.name}` reads the loop's own input: it swallows the lines that `{_short(loop.place.text)}` has not read yet, and the loop ends after the first",
        label=remedy,
        related=((loop.place, "reads the same input"),),
        confidence=Confidence.HIGH if input_swallowing.certainly_swallows(command) else Confidence.MEDIUM,
        fix=_fix(command, option),
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 48 else line[:47] + "…"


def _fix(command: Command, option: str | None) -> Fix | None:
    span = command.place.span
    source = command.place.source
    if option is not None:
        text = source.text[span.start : span.end]
        program = text.split(maxsplit=1)[0] if text.split() else ""
        if program.rpartition("/")[2] != command.name:
            return None
        at = span.start + len(program)
        return Fix(
            f"give `{command.name}` no input", (edit(Place(source, Span(at, at)), f" {option}"),), safe=True
        )
    if command.name in _READ_ON_PURPOSE:
        return None
    end = Place(source, Span(span.end, span.end))
    return Fix(f"give `{command.name}` no input", (edit(end, " </dev/null"),), safe=True)
