"""JOB404: `xargs -I{} sh -c '… {} …'`: input is pasted into the text of a program."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command, Pipe, first_word
from jobsafety_lint.meaning.fixing import is_verbatim
from jobsafety_lint.meaning.shell.operands import literals
from jobsafety_lint.meaning.shell.streams import cuts_out_names, hands_out_plain_words
from jobsafety_lint.meaning.wrappers import SHELLS, peel
from jobsafety_lint.model import Confidence, Edit, Fix, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB404",
    "xargs-unsafe-substitution",
    "`xargs -I{} sh -c '… {} …'`, or xargs fed quoted lines",
    Severity.WARNING,
    Confidence.HIGH,
    references=("AP-12",),
    fix="unsafe",
    unsafe_because="an item is one word now, also where the text relied on its being split or expanded",
)

_SELECTORS = frozenset({"sort", "uniq", "head", "tail", "tr", "grep", "shuf", "tac", "cut"})
"""Programs that hand on some of the words that they are given, and none of their own."""
_BECOMES_CODE = {"": "a blank, a quote or `$(…)`", '"': "a quote or `$(…)`", "'": "a quote"}
"""What an item must hold to get out of the quotes that it is pasted into, in the text of a shell."""
_CODE_OPTIONS = {"python": "-c", "python3": "-c", "perl": "-e", "ruby": "-e", "node": "-e"}


@RULE.on(Command)
def pasted_into_code(command: Command, context: Context) -> Iterator[Draft]:
    """A program text behind xargs that holds the placeholder."""
    wrapper = command.through("xargs")
    if wrapper is None or (command.name not in SHELLS | {"ssh"} and command.name not in _CODE_OPTIONS):
        return
    if command.name in SHELLS and re.fullmatch(r"-[a-z]*c", literals(command)[-1] if command.args else ""):
        yield from _lines_as_programs(wrapper, command)
        return
    placeholder = _placeholder(wrapper)
    if placeholder is None:
        return
    text = next((arg for arg in _code(command) if placeholder in arg.pattern.literal), None)
    if text is None or _fed_by_plain_words(wrapper, context):
        return
    whole = text.pattern.literal.strip() == placeholder
    if whole and command.name != "ssh":
        message = f"every line of the input is run as program text by `{_called(command)}`, after xargs has taken its quotes and backslashes away"
        label = (
            "give the lines to a shell that reads them itself, or keep xargs from reading quotes (`-d '\\n'`)"
        )
    else:
        quotes = _weakest_quotes(text.pattern.literal, placeholder)
        in_shell = command.name not in _CODE_OPTIONS
        harm = _BECOMES_CODE[quotes] if in_shell else "a quote" if quotes else "whatever stands"
        message = f"`{placeholder}` is pasted into the text that `{_called(command)}` runs: {harm} in an item becomes code"
        label = "hand the item on as an argument: `sh -c '… \"$1\" …' _ {}`"
    yield RULE.found(
        first_word(wrapper.place),
        message,
        label=label,
        related=((text.place, "the item is pasted in here"),)
        if text.place.source is wrapper.place.source
        else (),
        confidence=Confidence.HIGH if command.name != "ssh" else Confidence.MEDIUM,
        fix=None if whole or command.name not in SHELLS else _fix(text, placeholder),
        subject=wrapper.place,
    )


def _lines_as_programs(wrapper: Command, command: Command) -> Iterator[Draft]:
    """`xargs -n1 sh -c < commands`: the item is the program; without `-0` or `-d` its quotes are gone."""
    peeled = peel("xargs", wrapper.args)
    if peeled is None or peeled.has("-0", "--null", "-d", "--delimiter", "-I", "-i", "--replace"):
        return
    yield RULE.found(
        first_word(wrapper.place),
        f"xargs takes quotes and backslashes out of the lines and splits them at blanks before `{command.name} -c` runs them as programs",
        label="keep the lines whole: `xargs -d '\\n' -n1 …`",
        subject=wrapper.place,
    )


def _weakest_quotes(text: str, placeholder: str) -> str:
    """The quotes that hold the least of those around the placeholder in the text of a program: none, `"`, `'`, in the order of
    the alphabet.
    """
    found = "'"
    quotes = ""
    at = 0
    while at < len(text):
        if text.startswith(placeholder, at):
            found = min(found, quotes)
            at += len(placeholder)
            continue
        if text[at] == "\\" and quotes != "'":
            at += 1
        elif text[at] == quotes:
            quotes = ""
        elif text[at] in "'\"" and not quotes:
            quotes = text[at]
        at += 1
    return found


def _called(command: Command) -> str:
    return "ssh" if command.name == "ssh" else f"{command.name} {_CODE_OPTIONS.get(command.name, '-c')}"


def _placeholder(xargs: Command) -> str | None:
    """What xargs replaces; None if it replaces nothing."""
    peeled = peel("xargs", xargs.args)
    for option, value in peeled.options if peeled else ():
        if option in {"-I", "-J"} and value is not None:
            return value.text
        if option == "--replace":
            return (value.text if value is not None else None) or "{}"
        if option == "-i":
            return "{}"
    return None


def _code(command: Command) -> list[Arg]:
    if command.name in _CODE_OPTIONS:
        option = _CODE_OPTIONS[command.name]
        return [b for a, b in zip(command.args, command.args[1:], strict=False) if a.text == option]
    peeled = peel(command.name, command.args)
    return list(peeled.inner) if peeled is not None and peeled.inner_style == "string" else []


def _fed_by_plain_words(xargs: Command, context: Context) -> bool:
    """Whether the items come from a program that prints nothing but numbers and names without special characters."""
    for pipe in context.all(Pipe):
        for at, stage in enumerate(pipe.stages):
            if at and any(command is xargs for command in stage):
                return _hand_out_plain_words([stage[-1] if stage else None for stage in pipe.stages[:at]])
    return False


def _hand_out_plain_words(stages: Sequence[Command | None]) -> bool:
    """Whether the last of these commands does, or one before that it only selects from."""
    for at in range(len(stages) - 1, -1, -1):
        last = stages[at]
        asking = [command for command in stages[:at] if command is not None]
        if last is None:
            return False
        if hands_out_plain_words(last) or (len(asking) == at and cuts_out_names(asking, last)):
            return True
        if last.name not in _SELECTORS:
            return False
    return False


def _fix(code: Arg, placeholder: str) -> Fix | None:
    """`sh -c '… {} …'` to `sh -c '… "$1" …' _ {}`, where the text stands in single quotes."""
    text = code.place.text
    if not is_verbatim(code.place) or not re.fullmatch(r"'[^']*'", text) or "$1" in text or "\\" in text:
        return None
    out = []
    quoted = False
    at = 0
    while at < len(text):
        if text.startswith(placeholder, at):
            out.append("$1" if quoted else '"$1"')
            at += len(placeholder)
            continue
        quoted ^= text[at] == '"'
        out.append(text[at])
        at += 1
    end = Place(code.place.source, Span(code.place.span.end, code.place.span.end))
    edits = (Edit(code.place.location, "".join(out) + f" _ {placeholder}"),)
    following = code.place.source.text[end.span.end : end.span.end + 40].split("\n")[0].strip()
    if following and not following.startswith(("|", ";", "&", "<", ">", ")", "#", "`", "2>")):
        return None
    return Fix("hand the item on as an argument", edits, safe=False)
