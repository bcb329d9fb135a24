"""Loops that run something again until it succeeds: `until cmd; do sleep 10; done`, `while True: try … break`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.meaning.commands import Command, Sequence
from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.wrappers import SHELLS
from jobsafety_lint.model import Span
from jobsafety_lint.source import Place, Source

_COUNTS = re.compile(
    r"\(\(\s*\+\+\w+|\w+\s*\+\+|\b(?P<a>\w+)=\$\(\(\s*\$?\{?(?P=a)\}?\s*[-+]|\w+\s*[-+]=\s*\$?\w+|\blet\s+\w+|\bexpr\s+\$|--\s*\)\)"
)
_CLOCK = re.compile(
    r"SECONDS|date\s+\+%s|time\.(?:time|monotonic|perf_counter)\(|deadline|timeout|elapsed", re.IGNORECASE
)
_COUNTED_NAMES = re.compile(r"attempt|tries|retr(?:y|ies)|count|max_|limit|budget", re.IGNORECASE)
_ASKS_PERSON = re.compile(
    r"\b(?:whiptail|dialog|zenity|kdialog|gum|fzf|dmenu|rofi)\b|\bread +(?:-\w+ +)*-\w*p|\binput\("
)
"""Somebody sits there and decides each time."""
_CLASSIFIES = re.compile(
    r"case\s+\"?\$(?:\?|\{?(?:rc|ret|status|code|exit_code|err)\b)|\$\?\"?\s+-(?:eq|ne|gt|lt|ge|le)\s+(?!0)\d|(?:\brc|\bret|status|code|exit_code|err)\b\}?\"?\s*(?:-(?:eq|ne|gt|lt|ge)|==|!=|in)\s*[\"(\[{]?(?!0\b)[\dA-Z]|"
    r"returncode\s*(?:==|!=|in|not in|>|<)(?!\s*0\b)|grep\s.*(?:log|err)|OOM|[Tt]ransient|[Pp]ermanent|[Ff]atal|[Rr]etryable|raise\b"
)


@dataclass(frozen=True, eq=False)
class Retry:
    """A loop without an end of its own. `tried` are the commands whose failure makes it go round again.

    `bounded`: attempts or time are counted. `classified`: the exit status or a log is looked at.
    """

    place: Place
    loop: Loop
    tried: tuple[Command, ...]
    bounded: bool
    classified: bool


def retries_of(sequence: Sequence, *, every: bool = False) -> Iterator[Retry]:
    """The retry loops of a sequence; with `every`, all endless loops whatever they run."""
    loops: dict[Loop, list[Command]] = {}
    for command in sequence.commands:
        for loop in command.execution.loops:
            if loop.kind == "while":
                loops.setdefault(loop, []).append(command)
    for loop, inside in loops.items():
        python = _is_python(loop)
        if not (every or python or _is_until(loop) or _is_endless(loop)):
            continue
        text = _loop_text(loop)
        tested = [
            command
            for command in sequence.commands
            if _within(command.place, loop.place) and command.name not in {"[", "test", "true", ":"}
        ]
        below = [command for command in inside if not _within(command.place, loop.place)]
        if python:
            tried = _python_tried(loop, below, tested, text)
        else:
            tried = _shell_tried(loop, below, tested)
        if (not tried or _ASKS_PERSON.search(text)) and not every:
            continue
        bounded = _is_bounded(text) or any(_ends_in_time(command) for command in (*tested, *below))
        yield Retry(_header_place(loop), loop, tuple(tried), bounded, _CLASSIFIES.search(text) is not None)


def _ends_in_time(command: Command) -> bool:
    """Whether a timeout is around the shell that runs the loop, not only around the command."""
    names = [outer.name for outer in command.outer]
    shell = next((at for at, name in enumerate(names) if name in SHELLS), len(names))
    return "timeout" in names[shell:]


def _within(inner: Place, outer: Place) -> bool:
    return (
        inner.source is outer.source
        and outer.span.start <= inner.span.start
        and inner.span.end <= outer.span.end
    )


_ENDLESS = frozenset({"true", ":", "True", "1", "((1))", "[1]", "[[1]]", "((;;))"})
"""Conditions that always hold, without their blanks."""


def _is_endless(loop: Loop) -> bool:
    condition = loop.place.text
    return "".join(condition.split()) in _ENDLESS or condition.startswith("sleep")


def _keyword(loop: Loop) -> str:
    before = loop.place.source.text[: loop.place.span.start]
    keyword = _KEYWORD.search(before.rstrip()[-6:]) if before[-1:].isspace() else None
    return keyword[1] if keyword else "while"


_KEYWORD = re.compile(r"\b(while|until|for)$")


def _is_until(loop: Loop) -> bool:
    """Whether a shell loop goes on until its condition is true."""
    return _keyword(loop) == "until" or loop.place.text.lstrip().startswith("!")


def _header_place(loop: Loop) -> Place:
    source = loop.place.source
    start = source.text.rfind(_keyword(loop), 0, loop.place.span.start)
    return Place(source, Span(max(start, 0), loop.place.span.end)) if start >= 0 else loop.place


def _has_new_input(loop: Loop) -> bool:
    """Whether the loop's body names a variable of the condition without its `$`, to set it: it is another work each time
    (`while ! validate "$address"; do read -r address; done`).
    """
    body = _loop_text(loop)[len(loop.place.text) :]
    names = set(re.findall(r"\$\{?([A-Za-z_]\w*)", loop.place.text))
    return any(re.search(rf"(?<![\w$.{{/-]){name}(?![\w./-])", body) for name in names)


def _shell_tried(loop: Loop, inside: list[Command], tested: list[Command]) -> list[Command]:
    """What makes a shell loop go round again."""
    if _is_until(loop):
        return [] if _has_new_input(loop) else tested
    if not _is_endless(loop):
        return []
    # while true; do work && break; …: the work whose success ends the loop
    found = []
    for command in inside:
        after = command.place.source.text[command.place.span.end : command.place.span.end + 200]
        if command.status == "branch" and re.match(
            r"[^\n;]*?&&\s*(?:\{\s*)?(?:break|exit|return)\b|\s*;?\s*(?:then)\s+[^;]*?\b(?:break|exit 0|return)\b",
            after,
            re.DOTALL,
        ):
            found.append(command)
    return found


def _python_tried(loop: Loop, inside: list[Command], tested: list[Command], text: str) -> list[Command]:
    """What makes a Python loop go round again."""
    if not _is_endless(loop):
        asks = re.search(
            r"returncode\s*!=\s*0|returncode\b|^\s*(?:subprocess\.call|os\.system)|!=\s*0", loop.place.text
        )
        if asks is None:
            return []
        again = [c for c in inside if c.status != "exits"]
        return tested or again[-1:]
    raising = [c for c in inside if c.status in {"exits", "branch"}]
    if raising and re.search(r"\bexcept\b", text) and re.search(r"\b(?:break|return)\b", text):
        return raising
    asked = re.search(
        r"(?:returncode\s*==\s*0|not\s+\w+\.returncode|==\s*0)\s*:\s*(?:#[^\n]*)?\n?\s*(?:break|return)\b",
        text,
    )
    return [c for c in inside if c.status != "exits"] if asked else []


def _is_bounded(text: str) -> bool:
    """Whether attempts or time are counted in the text of a loop."""
    return bool(_COUNTS.search(text) or _CLOCK.search(text)) or bool(
        re.search(r"\bfor\b[^\n]*(?:attempt|tr(?:y|ies))", text)
    )


def _is_python(loop: Loop) -> bool:
    source = loop.place.source
    return source.path.endswith((".py", ".pyw")) and source.host is None


def _loop_text(loop: Loop) -> str:
    """The text of a loop, header and body."""
    source = loop.place.source
    start = loop.place.span.start
    if _is_python(loop):
        return _indented(source, start)
    depth = 0
    for found in re.finditer(r"(?<![\w$-])(do|done)(?![\w-])", source.text[start:]):
        depth += 1 if found[1] == "do" else -1
        if depth == 0:
            return source.text[start : start + found.end()]
    return source.text[start : start + 1500]


def _indented(source: Source, start: int) -> str:
    line = source.line_span(source.line_of(start))
    head = source.text[line.start : line.end]
    indent = len(head) - len(head.lstrip())
    end = line.end
    for number in range(source.line_of(start) + 1, source.line_count + 1):
        span = source.line_span(number)
        text = source.text[span.start : span.end]
        if text.strip() and len(text) - len(text.lstrip()) <= indent:
            break
        end = span.end
    return source.text[line.start : end]
