"""JOB301: a literal number where pueue, or a filter on its status, wants a task id."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command, Pipe, ShellAssignment
from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.meaning.queue.status_json import StatusFilter
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB301",
    "hardcoded-task-id",
    "a literal number where pueue, jq or a status table wants a task id",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-8", "AP-8"),
)

_TABLE_ID = re.compile(r"""^\s*\^?\\?[|*\s]*\d+\s*(?:\\?\||\\b|\\s|$)|\$1\s*==\s*["']?\d+""")
_NUMBERS = re.compile(r"\bin\s+(?:\$\(seq(?:\s+\d+)+\)|\{\d+\.\.\d+\}|\d+(?:\s+\d+)*)\s*;?$")
_SEVERAL = re.compile(r"\{\d+\.\.\d+\}|\{\d+(?:,\d+)+\}")
_COUNTED = re.compile(r"\$\(seq(?:\s+\d+){1,3}\)")
"""Several numbers written as one word: `{14..16}`, `$(seq 14 16)`."""
_TABLE_FILTERS = {
    **dict.fromkeys(("grep", "egrep"), frozenset({"-A", "-B", "-C", "-m", "-f"})),
    **dict.fromkeys(("awk", "gawk"), frozenset({"-F", "-v", "-f"})),
    "sed": frozenset({"-f"}),
}
"""Programs that filter the table, with their options that take a value."""
_WHY = "ids are given out anew after a clean, so another job may have this one"


@RULE.on(QueueCommand)
def in_command_line(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """Words that pueue takes as ids."""
    if context.role in {"test", "docs"}:
        return
    literal = [arg for arg in call.ids if _is_number(arg, call)]
    if literal:
        shown = [arg.text or _values(arg, call) or arg.place.text for arg in literal]
        ids = ", ".join(dict.fromkeys(shown))
        first = literal[0]
        related: tuple[tuple[Place, str], ...] = ()
        if first.literal is None and first.origin is not None:
            related = ((first.origin, f"the number {first.text} is set here"),)
        elif first.text is None and _loop(first, call):
            related = ((_loop(first, call)[0].place, "the numbers are written here"),)
        plural = "s" if len(literal) > 1 or first.text is None else ""
        yield RULE.found(
            call.through(first),
            f"task id{plural} {ids} written into `pueue {call.subcommand}`: {_WHY}",
            label="pick the task by its label or group, or keep what `pueue add --print-task-id` prints",
            related=related,
            data={"ids": shown},
        )


def _is_number(arg: Arg, call: QueueCommand) -> bool:
    if arg.text is not None:
        return arg.text.isdigit() or _SEVERAL.fullmatch(arg.text) is not None
    return _COUNTED.fullmatch(arg.place.text) is not None or bool(_values(arg, call))


def _loop(arg: Arg, call: QueueCommand) -> list[Loop]:
    """The loop whose variable the word is."""
    holes = arg.pattern.holes
    if len(holes) != 1 or arg.pattern.literal != "\0":
        return []
    return [loop for loop in call.execution.loops[::-1] if holes[0].names == frozenset(loop.variables[:1])]


def _values(arg: Arg, call: QueueCommand) -> str:
    """The literal numbers that a loop gives to the word, as written."""
    for loop in _loop(arg, call)[:1]:
        if loop.values and all(value.isdigit() for value in loop.values):
            return ", ".join(loop.values)
        match = _NUMBERS.search(loop.place.text)
        return match.group()[2:].strip(" ;") if match else ""
    return ""


@RULE.on(StatusFilter)
def in_json(fact: StatusFilter, context: Context) -> Iterator[Draft]:
    """A task that is picked by its number in the JSON of the status."""
    if context.role in {"test", "docs"}:
        return
    for shape in fact.shapes:
        if shape.kind == "task-id":
            yield RULE.found(
                fact.place,
                f"task id {shape.state} is written into a filter on pueue's status (`{shape.text}`): {_WHY}",
                label="select by label or group",
                data={"ids": [shape.state]},
            )
            return


@RULE.on(Pipe)
def in_pipe(pipe: Pipe, context: Context) -> Iterator[Draft]:
    """Filters behind `pueue status`, and ids that are piped into `xargs pueue`."""
    if context.role in {"test", "docs"}:
        return
    if any(_is_status(c) for c in pipe.stages[0]):
        for command in (c for stage in pipe.stages[1:] for c in stage):
            if command.name in _TABLE_FILTERS and _TABLE_ID.search(_program(command)):
                yield RULE.found(
                    command.place,
                    f"a task id is written into the `{command.name}` filter on pueue's status: {_WHY}",
                    label="select by label or group",
                )
    first = next(iter(pipe.stages[0]), None)
    if first is None or first.name not in {"echo", "printf"} or not _has_number(first):
        return
    for call in context.all(QueueCommand):
        given = any(call.command in stage for stage in pipe.stages[1:]) and call.command.through("xargs")
        if given and call.grammar is not None and call.grammar.ids != "none":
            yield RULE.found(
                first.place,
                f"task ids written into the input of `pueue {call.subcommand}`: {_WHY}",
                label="pick the task by its label or group",
                related=((call.place, "they are used here"),),
            )


def _program(command: Command) -> str:
    """The pattern of grep, the program of awk or sed."""
    takes = _TABLE_FILTERS[command.name]
    words = iter(command.args)
    for arg in words:
        text = arg.pattern.literal
        if text in takes:
            next(words, None)
        elif not text.startswith("-"):
            return text
    return ""


def _has_number(command: Command) -> bool:
    words = [arg.text or "" for arg in command.args]
    return any(word and re.fullmatch(r"[\d\s\\n]+", word) and any(map(str.isdigit, word)) for word in words)


def _is_status(command: Command) -> bool:
    return command.name == "pueue" and (
        not command.args or "status" in command.words or "log" in command.words
    )


_DEPENDENCY = re.compile(r"after\w*:(?:\w+:)*(\d{3,})")
_JOB_NUMBER = re.compile(r"\d{3,}")


@RULE.on(Command, of={"sbatch"})
def in_slurm(command: Command, context: Context) -> Iterator[Draft]:
    """The number of a Slurm job in `sbatch --dependency`, written there or in a variable."""
    if context.role in {"test", "docs"}:
        return
    for arg in _dependencies(command):
        literal = _DEPENDENCY.search(arg.pattern.literal)
        if literal is not None:
            place = arg.origin if arg.literal is None and arg.origin is not None else command.place
            yield _past_job(place, literal[1], command)
            continue
        for setting in context.all(ShellAssignment):
            number = setting.value.text or ""
            if setting.name in arg.pattern.names and _JOB_NUMBER.fullmatch(number):
                yield _past_job(setting.place, number, command)


def _dependencies(command: Command) -> Iterator[Arg]:
    for at, arg in enumerate(command.args):
        text = arg.pattern.literal
        if text.startswith("--dependency="):
            yield arg
        elif text in {"-d", "--dependency"} and at + 1 < len(command.args):
            yield command.args[at + 1]


def _past_job(place: Place, number: str, command: Command) -> Draft:
    return RULE.found(
        place,
        f"job {number} of an earlier submission is written into `sbatch --dependency`: the next run waits for a job that is long gone",
        label="keep what `sbatch --parsable` prints, or start the chain without a dependency",
        related=((command.place, "a dependency here"),) if place != command.place else (),
        data={"ids": [number]},
    )
