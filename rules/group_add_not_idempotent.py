"""JOB323: `pueue group add` ends the script when the group exists already."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Sequence
from jobsafety_lint.meaning.queue.grammar import QueueCommand, parse
from jobsafety_lint.model import Confidence, Edit, Fix, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB323",
    "group-add-not-idempotent",
    "`pueue group add` under errexit fails on the second run",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-3",),
    fix="unsafe",
    unsafe_because="`|| true` hides every other failure of the command, too",
)


@RULE.on(QueueCommand)
def added(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """A group that is made where its existence would end the script."""
    if call.subcommand != "group add" or call.command.status != "exits" or not call.rest:
        return
    if any(_asked(call, sequence) for sequence in context.all(Sequence) if _holds(call, sequence)):
        return
    name = call.rest[0].place.text
    yield RULE.found(
        call.through(call.rest[0]),
        f"`pueue group add` fails when group {name} exists, and that ends the script: it runs only once",
        label="let it fail: `|| true`",
        fix=_fix(call),
        data={"group": call.rest[0].text},
    )


def _holds(call: QueueCommand, sequence: Sequence) -> bool:
    return any(step.place == call.place for step in sequence.steps)


def _asked(call: QueueCommand, sequence: Sequence) -> bool:
    """Whether the groups have been looked at before, and it is made under a condition; or this one was removed."""
    for step in sequence.steps:
        if step.place == call.place:
            return False
        other = parse(step) if isinstance(step, Command) and step.name == "pueue" else None
        if other is None:
            continue
        if other.subcommand == "group remove" and _same(other, call):
            return True
        looks = other.subcommand in {"group", "status"}
        if (
            looks
            and call.execution.conditions
            and (_decides(other.command) or other.command.output_to & sequence.decisive)
        ):
            return True
    return False


def _same(other: QueueCommand, call: QueueCommand) -> bool:
    return bool(other.rest) and other.rest[0].pattern == call.rest[0].pattern


def _decides(command: Command) -> bool:
    return command.status == "branch" or command.output_use in {"branch", "decides"}


def _fix(call: QueueCommand) -> Fix | None:
    if call.in_python and call.place.source.host is None:
        return None
    statement = call.command.statement
    if (
        statement is None
        or statement.source is not call.place.source
        or call.place.span.end != statement.span.end
    ):
        return None
    end = Place(call.place.source, Span(call.place.span.end, call.place.span.end))
    return Fix("go on where the group exists", (Edit(end.location, " || true"),))
