"""JOB314: the calling shell takes an operator that was meant for the job, so pueue queues only the first part."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Joined, Pipe
from jobsafety_lint.meaning.queue.grammar import QueueCommand, parse
from jobsafety_lint.model import Confidence, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB314",
    "add-split-by-operator",
    "the calling shell takes `&&`, `;`, a pipe or a redirection, so pueue queues only the first part",
    Severity.ERROR,
    Confidence.HIGH,
    references=("AP-11",),
)

_LABEL = "quote the whole job: `pueue add -- '… && …'`"
_PREPARATIONS = frozenset(
    {"cd", "pushd", "export", "source", ".", "set", "ulimit", "umask", "module", "unset"}
)
"""What only prepares a shell: of no use as a job of its own."""
_READERS = frozenset(
    {
        "grep",
        "egrep",
        "rg",
        "awk",
        "gawk",
        "sed",
        "cut",
        "tr",
        "head",
        "tail",
        "perl",
        "xargs",
        "read",
        "while",
        "cat",
    }
)
"""What people put behind `pueue add` to get at the id in its message."""
_REMARKS = frozenset(
    {"echo", "printf", "true", ":", "exit", "return", "continue", "break", "pueue", "sleep", "wait", "date"}
)


@RULE.on(Joined)
def joined(fact: Joined, context: Context) -> Iterator[Draft]:
    """`pueue add -- cd x && work`, `pueue add -- work &`."""
    call = next(
        (c for command in reversed(fact.left) if fact.directly(command) and (c := _add(command))), None
    )
    if call is None or call.command.execution.queue:
        return
    inside = call.brought_by(context.all(QueueCommand))
    if inside is not None and any(other.directly(inside.command) for other in context.all(Joined)):
        return  # said where the helper has it
    if fact.operator == "&":
        if not _one_text(call) and not _waited_for(fact, context):
            yield _found(
                call,
                fact.place,
                "&",
                "puts the client in the background, and the job stays as it is",
                sure=False,
            )
        return
    if fact.operator not in {"&&", ";"} or not fact.right:
        return
    right = fact.right[0]
    if _prepares(call):
        yield _found(
            call,
            fact.place,
            fact.operator,
            f"ends the job there: only `{_short(_job(call))}` is queued, and `{_short(right.place.text)}` runs at once",
        )
    elif fact.operator == "&&" and _same_work(call, right):
        yield _found(
            call,
            fact.place,
            "&&",
            f"ends the job there: `{_short(right.place.text)}` runs at once, before the job is done",
            sure=False,
        )


@RULE.on(QueueCommand)
def redirected(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """`pueue add -- work > log`: the client's own message is redirected."""
    if call.subcommand != "add" or call.command.execution.queue or not call.rest:
        return
    captured = call.has("-p", "--print-task-id") or call.more
    for operator, target in call.command.redirects:
        text = target.pattern.literal
        if text.startswith("/dev/") or text.isdigit() or text == "-":
            continue
        inward = operator.startswith("<")
        if operator.startswith((">&", "<&")) and not inward and text.isdigit():
            continue
        if captured and not inward:
            continue
        what = (
            "gives its input to the client"
            if inward
            else f"sends the client's message to `{target.place.text}`"
        )
        one_text = _one_text(call)
        where = call.through(target)
        yield _found(
            call, where, operator, f"{what}; the job has no part in it", sure=not one_text, unsure=one_text
        )
        return
    document = _document(call)
    if document is not None:
        yield _found(call, call.head, document, "gives the text to the client; the job's input stays empty")


@RULE.on(Pipe)
def piped(pipe: Pipe, context: Context) -> Iterator[Draft]:
    """`pueue add -- work | tee log`."""
    for at, stage in enumerate(pipe.stages[:-1]):
        whole = pipe.stage_places[at]
        call = next((c for command in stage if _is_in(command.place, whole) and (c := _add(command))), None)
        if call is None or call.command.execution.queue or call.command.place.span.start != whole.span.start:
            continue
        later = [command for stage in pipe.stages[at + 1 :] for command in stage]
        if (
            not later
            or call.has("-p", "--print-task-id")
            or call.more
            or call.command.output_use == "variable"
        ):
            continue
        if later[0].name in _READERS and not any(op.startswith(">") for c in later for op, _ in c.redirects):
            continue
        yield _found(
            call,
            _upto(call, later[0].place),
            "|",
            f"hands the client's message to `{later[0].name}`, not what the job prints",
        )


def _found(
    call: QueueCommand, place: Place, operator: str, what: str, *, sure: bool = True, unsure: bool = False
) -> Draft:
    level = Confidence.LOW if unsure else Confidence.HIGH if sure else Confidence.MEDIUM
    return RULE.found(
        place,
        f"the calling shell takes the `{operator}` behind `pueue add`: it {what}",
        label=_LABEL,
        confidence=level,
        data={"operator": operator},
        subject=call.place,
    )


def _add(command: Command) -> QueueCommand | None:
    call = parse(command) if command.name == "pueue" else None
    return call if call is not None and call.subcommand == "add" and call.rest else None


def _one_text(call: QueueCommand) -> bool:
    """Whether the job is one quoted text, so that whoever wrote it knows which part is the job."""
    return len(call.rest) == 1 and bool(set(call.rest[0].pattern.literal.strip()) & set(" ;|&"))


def _job(call: QueueCommand) -> str:
    first, last = call.rest[0].place, call.rest[-1].place
    if first.source is not last.source:
        return first.text
    return first.source.shown(Span(first.span.start, last.span.end))


def _document(call: QueueCommand) -> str | None:
    """The operator of a here-document on the client's input."""
    last = call.rest[-1].place
    if last.source is not call.place.source:
        return None
    match = re.search(r"<<-?(?=\s*[\\'\"\w])", last.source.text[last.span.end : call.place.span.end])
    return match.group() if match else None


def _prepares(call: QueueCommand) -> bool:
    """Whether the job is nothing but a `cd`, an `export`, …"""
    words = " ".join(arg.pattern.literal for arg in call.rest)
    first = words.split()[0].rstrip(";") if words.split() else ""
    if any(mark in words for mark in ("&&", ";", "|", "\n")):
        return False
    activates = re.match(r"(conda|mamba|micromamba) activate\b", words) is not None
    return first in _PREPARATIONS or activates or bool(re.fullmatch(r"(\w+=\S*\s*)+", words))


def _same_work(call: QueueCommand, right: Command) -> bool:
    """Whether what follows is work of the same kind as the job: the second half of one job."""
    program = (call.rest[0].text or "").rpartition("/")[2]
    if len(call.rest) < 2 or not program or right.name in _REMARKS:
        return False
    return right.name == program or (right.outer[:1] != () and right.outer[-1].name == program)


def _waited_for(fact: Joined, context: Context) -> bool:
    """Whether the clients are put in the background on purpose, to queue many jobs quickly."""
    return any(command.name == "wait" for command in context.all(Command))


def _is_in(inner: Place, outer: Place) -> bool:
    return (
        inner.source is outer.source
        and outer.span.start <= inner.span.start
        and inner.span.end <= outer.span.end
    )


def _upto(call: QueueCommand, place: Place) -> Place:
    if place.source is not call.place.source or place.span.end <= call.place.span.start:
        return call.place
    return Place(place.source, Span(call.place.span.start, place.span.end))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 50 else line[:49] + "…"
