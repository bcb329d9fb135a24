"""JOB316: `--after` takes the job's own words for ids, or has none to take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import (
    Arg,
    Command,
    Condition,
    ListAssignment,
    Sequence,
    ShellAssignment,
)
from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.fixing import is_verbatim
from jobsafety_lint.meaning.queue.grammar import GivenOption, QueueCommand, parse
from jobsafety_lint.model import Confidence, Edit, Fix, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB316",
    "after-swallows-command",
    "`--after` takes every following word as an id; or its id list can be empty",
    Severity.ERROR,
    Confidence.HIGH,
    references=("AP-6",),
    fix="unsafe",
    unsafe_because="it takes the first word that is no number for the beginning of the job",
)

_LIST = re.compile(r"\"?\$\{(\w+)\[[@*]\]\}\"?|\"?\$\{?(\w+)\}?\"?")


@RULE.on(QueueCommand)
def dependencies(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """The words behind `--after`."""
    given = [g for g in call.options if "--after" in g.option.names]
    if call.subcommand != "add" or not given:
        return
    after = given[-1]
    word = call.swallowed
    if word is not None:
        shown = " ".join(word.place.text.split())
        yield RULE.found(
            call.through(word),
            f"`--after` takes `{shown}` for a task id: it reads every word up to the next option or `--`, so the job is never queued",
            label="put a blank between ids" if _is_list(word) else "put `--` before the job",
            fix=None if _is_list(word) else _fix(word),
            data={"word": word.text},
        )
    elif not after.values and call.rest:
        yield _empty(call, after.word, "`--after` gets no id here", (), Confidence.HIGH)
    else:
        for value in after.values:
            asked = _asked_for(value, context)
            if asked is not None:
                related = ((asked, "pueue may have no such task"),)
                what = f"`{' '.join(value.place.text.split())}` may be empty here"
                yield _empty(call, value, what, related, Confidence.MEDIUM, _left_out(after, value))
                return
            start = _empty_start(value, context)
            if start is not None:
                name = next(filter(None, _name(value)), "")
                related = ((start, f"`{name}` starts out empty here"),)
                what = f"`{name}` may be empty here"
                yield _empty(call, value, what, related, Confidence.MEDIUM, _left_out(after, value))
                return


def _is_list(word: Arg) -> bool:
    """Whether these are ids that are joined by commas."""
    return re.fullmatch(r"[\d, ]+", word.text or "") is not None


def _empty(
    call: QueueCommand,
    word: Arg,
    what: str,
    related: tuple[tuple[Place, str], ...],
    confidence: Confidence,
    fix: Fix | None = None,
) -> Draft:
    return RULE.found(
        call.through(word),
        f"{what}: `pueue add --after` without an id is refused, and the job is not queued",
        label="leave `--after` out when there is nothing to wait for: `${ids:+--after $ids}`",
        related=related,
        severity=Severity.WARNING,
        confidence=confidence,
        fix=fix,
    )


def _name(value: Arg) -> tuple[str | None, ...]:
    match = _LIST.fullmatch(value.place.text)
    return match.groups() if match else ()


def _asked_for(value: Arg, context: Context) -> Place | None:
    """Where pueue is asked for the tasks whose ids these are, if nobody looks whether there are any."""
    name = _name(value)[1] if _name(value) else None
    if name is not None and _is_looked_at(name, context):
        return None
    here = value.place
    for command in context.all(Command) if value.splits else ():
        inside = command.place.source is here.source and command.place.span in here.span
        if command.name == "pueue" and (inside or (name is not None and name in command.output_to)):
            asked = parse(command)
            if asked is not None and asked.subcommand == "status":
                return command.place
    return None


def _empty_start(value: Arg, context: Context) -> Place | None:
    """Where the variable is set to nothing, if nothing is sure to fill it and nobody looks."""
    array, scalar = _name(value) or (None, None)
    name = array or scalar
    if name is None or value.text or _is_looked_at(name, context):
        return None
    filled: list[ListAssignment] | list[ShellAssignment]
    if array is not None:
        lists = [fact for fact in context.all(ListAssignment) if fact.name == name]
        empty = [fact.place for fact in lists if not fact.append and not fact.count]
        filled = [fact for fact in lists if fact.count]
        read = next(_read_lists(name, context), None)
        if read is not None and not lists:
            return read
    else:
        scalars = [fact for fact in context.all(ShellAssignment) if fact.name == name]
        empty = [fact.place for fact in scalars if fact.value.text == ""]
        filled = [fact for fact in scalars if fact.value.text != ""]
    sure = any(
        all(loop.values or _has_arguments(loop) for loop in fact.execution.loops)
        and not _is_conditional(fact)
        for fact in filled
    )
    return empty[0] if empty and filled and (not sure or _comes_later(value, filled[0].place)) else None


_COUNTED = re.compile(r"\$\{?#(?:\}|(?![\w@*]))|\$\{[1@*]:?\?")
"""Where a script asks how many arguments it has, or ends without one: `$#`, `${1:?usage}`."""


def _has_arguments(loop: Loop) -> bool:
    """Whether a loop goes over the arguments of a script that has looked whether there are any."""
    source, start = loop.place.source, loop.place.span.start
    over_all = re.search(r"\$\{?[@*]|^for\s+\w+\s*$", loop.place.text) is not None
    return over_all and _COUNTED.search(source.text, 0, start) is not None


def _read_lists(name: str, context: Context) -> Iterator[Place]:
    """Where the output of a command becomes a list: `mapfile -t ids < <(…)`."""
    for command in context.all(Command):
        if command.name in {"mapfile", "readarray"} and command.words[-1:] == [name]:
            yield command.place


def _is_conditional(fact: ListAssignment | ShellAssignment) -> bool:
    """Whether a pass of the loop may leave it out: under an `if`, or behind a `continue`."""
    loop = fact.execution.loops[-1].place if fact.execution.loops else None
    if loop is None or loop.source is not fact.place.source:
        return False
    if any(
        arm.statement.span in loop.span
        or (arm.statement.span.start > loop.span.start and fact.place.span in arm.statement.span)
        for arm in fact.execution.arms
    ):
        return True
    before = loop.source.text[loop.span.start : fact.place.span.start]
    return re.search(r"\b(?:continue|break)\b", before) is not None


def _comes_later(value: Arg, filled: Place) -> bool:
    """Whether the variable is filled only behind its use, so it is empty the first time round a loop."""
    return value.place.source is filled.source and filled.span.end > value.place.span.end


def _is_looked_at(name: str, context: Context) -> bool:
    return any(
        isinstance(step, Condition) and name in step.names
        for sequence in context.all(Sequence)
        for step in sequence.steps
    )


def _left_out(after: GivenOption, value: Arg) -> Fix | None:
    """`--after "$ids"` to `${ids:+--after "$ids"}`: no option where there is nothing to wait for."""
    array, scalar = _name(value) or (None, None)
    name = f"{array}[@]" if array else scalar
    option, source = after.word.place, value.place.source
    if name is None or len(after.values) != 1 or option.source is not source:
        return None
    place = Place(source, Span(option.span.start, value.place.span.end))
    if place.text.split() != [option.text, value.place.text] or not is_verbatim(place):
        return None
    text = f"${{{name}:+{place.text}}}"
    reason = "the job no longer waits for anything where the list is empty by mistake"
    return Fix(
        "leave `--after` out where there is nothing to wait for", (Edit(place.location, text),), reason=reason
    )


def _fix(word: Arg) -> Fix | None:
    written = word.place.text
    text = f'"--", {written}' if _in_list(word) else f"-- {written}"
    return Fix("put `--` before the job", (Edit(word.place.location, text),))


def _in_list(word: Arg) -> bool:
    """Whether the word is an element of a Python list rather than a word of a shell."""
    return word.place.source.host is None and word.place.source.file.path.endswith(".py")
