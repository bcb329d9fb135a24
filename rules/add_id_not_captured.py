"""JOB315: the output of `pueue add` is taken for the new task's id, but it is a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import OutputUse, Pipe
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB315",
    "add-id-not-captured",
    "`id=$(pueue add …)` without `--print-task-id`",
    Severity.ERROR,
    Confidence.HIGH,
    references=("AP-7",),
    fix="safe",
)

_MESSAGE = re.compile(
    r"(?i)(^|_)(out|output|msg|message|result|resp|response|reply|err|error|log|text|status|rc|ret|added|res|stdout|line|info)s?\d*$"
)
"""Names of variables that hold a message rather than an id."""
_ID = re.compile(
    r"(?i)(^|_)(id|ids|tid|jid|pid|task|job|tasks|jobs|dep|deps|after|pueue_?id)\d*$|[a-z](Id|ID)$"
)
_SUBMITS = re.compile(r"(?i)add|submit|queue|enqueue|launch|schedule|dispatch")


@RULE.on(QueueCommand)
def captured(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """An `add` without the flag whose output goes where an id is wanted."""
    if call.subcommand != "add" or call.has("-p", "--print-task-id") or call.more or not call.rest:
        return
    inside = call.brought_by(context.all(QueueCommand))
    if inside is not None and any(captured(inside, context)):
        return  # said where the helper has it
    pipe = next((p for p in context.all(Pipe) if any(call.command in stage for stage in p.stages[:-1])), None)
    names = sorted(call.command.output_to)
    taken = _taken_as_id(call, context)
    if call.in_python:
        uses = [use for use in context.all(OutputUse) if use.holds(call.place)]
        yield from _in_python(call, uses, taken)
    elif pipe is not None:
        if names or taken is not None:
            yield _parsed(call, pipe.stage_places[-1], names[0] if names else "the id")
    elif taken is not None:
        yield _sentence(call, names[0] if names else "the dependency", ((taken, "it is used as an id here"),))
    elif names and call.command.output_use == "variable" and not _MESSAGE.search(names[0]):
        yield _sentence(call, names[0], ())


def _in_python(call: QueueCommand, uses: list[OutputUse], taken: Place | None) -> Iterator[Draft]:
    numbers = [use for use in uses if use.kind == "number"]
    parsed = [use for use in uses if use.kind == "parsed"]
    named = [use for use in uses if use.kind == "name" and _ID.search(use.name)]
    returned = [use for use in uses if use.kind == "returned" and _SUBMITS.search(use.name)]
    if parsed:
        yield _parsed(call, parsed[0].where, "the id")
    elif numbers:
        yield _sentence(call, "the id", ((numbers[0].where, "this fails: the output is no number"),))
    elif taken is not None or named:
        name = named[0].name if named else min(call.command.output_to, default="the id")
        related = ((taken, "it is used as an id here"),) if taken is not None else ()
        yield _sentence(call, name, related)
    elif returned:
        yield _sentence(
            call, "the id", ((returned[0].where, f"{returned[0].name}() returns it"),), Confidence.MEDIUM
        )


def _taken_as_id(call: QueueCommand, context: Context) -> Place | None:
    """Where the output is used as an id of another command."""
    outputs = call.command.output_to
    mine = call.place
    for other in context.all(QueueCommand):
        for arg in other.ids:
            place = arg.place
            within = (
                place.source is mine.source
                and place.span.start <= mine.span.start
                and mine.span.end <= place.span.end
            )
            if other is not call and (within or outputs & set(re.findall(r"[A-Za-z_]\w*", place.text))):
                return place
    return None


def _sentence(
    call: QueueCommand,
    name: str,
    related: tuple[tuple[Place, str], ...],
    confidence: Confidence = Confidence.HIGH,
) -> Draft:
    return RULE.found(
        call.head,
        f"`{name}` is no task id: without `--print-task-id`, `pueue add` prints `New task added (id 7).`"
        if name.isidentifier()
        else f"{name} is a sentence: without `--print-task-id`, `pueue add` prints `New task added (id 7).`",
        label="add `--print-task-id`",
        related=related,
        confidence=confidence,
        fix=_fix(call),
        data={"variable": name},
    )


def _parsed(call: QueueCommand, where: Place, name: str) -> Draft:
    shown = f"`{name}`" if name.isidentifier() else name
    return RULE.found(
        call.head,
        f"{shown} is cut out of the sentence that `pueue add` prints for people, which changes between versions",
        label="`--print-task-id` prints the id alone",
        related=((where, "it is cut out here"),) if where.span != call.place.span else (),
        severity=Severity.WARNING,
        data={"variable": name},
    )


def _fix(call: QueueCommand) -> Fix | None:
    word = call.subcommand_word
    if word is None:
        return None
    written = word.place.text
    if written == "add":
        text = "add --print-task-id"
    elif written in {'"add"', "'add'"}:
        text = f"{written}, {written.replace('add', '--print-task-id')}"
    else:
        return None
    return Fix("print the task's id", (Edit(word.place.location, text),), safe=True)
