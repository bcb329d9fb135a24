"""How many jobs a group of the queue runs at once, and what one of its jobs may take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.queue.flow import option_value
from jobsafety_lint.meaning.queue.grammar import Launch, QueueCommand
from jobsafety_lint.meaning.resources.limits import bytes_of, cores_of, memory_cap
from jobsafety_lint.source import Place

DEFAULT_GROUP = "default"


@dataclass(frozen=True, eq=False)
class ParallelSetting:
    """`pueue parallel N -g G`, `pueue group add G --parallel N`: a group runs `count` jobs at once, 0 for any number.

    `creates`: the group is made here, so that an existing one keeps what it has.
    """

    call: QueueCommand
    group: str
    count: int
    creates: bool = False

    @property
    def place(self) -> Place:
        """The command."""
        return self.call.place


@dataclass(frozen=True, eq=False)
class Need:
    """What a queued job may take: `memory` in bytes by its cap, `cores` by its own words; None where it does not say."""

    launch: Launch
    group: str
    memory: int | None
    cores: float | None


def parallel_settings(call: QueueCommand) -> Iterator[ParallelSetting]:
    """What a call of pueue sets, a loop over groups that are written out taken apart."""
    if call.subcommand == "parallel":
        number = call.rest[0].pattern if call.rest else None
        group = option_value(call, "-g", "--group")
        names = texts_of(group, call.execution) if group else [DEFAULT_GROUP]
    elif call.subcommand == "group add":
        number = option_value(call, "-p", "--parallel")
        names = texts_of(call.rest[0].pattern, call.execution) if call.rest else []
    else:
        return
    counts = texts_of(number, call.execution) if number is not None else []
    for name in names:
        for text in counts:
            if text.isdigit():
                yield ParallelSetting(call, name, int(text), call.subcommand == "group add")


def texts_of(pattern: PathPattern, execution: Execution) -> list[str]:
    """The values that a word takes: one where it is known, those of the loop where it is the variable of one."""
    if pattern.text is not None:
        return [pattern.text]
    if len(pattern.holes) != 1:
        return []
    names = pattern.holes[0].names
    for loop in reversed(execution.loops):
        if loop.values is not None and len(loop.variables) == 1 and names == frozenset(loop.variables):
            return [
                "".join(p if isinstance(p, str) else value for p in pattern.parts) for value in loop.values
            ]
    return []


def needs_of(launches: Iterable[Launch]) -> Iterator[Need]:
    """What the jobs take, each with the group or groups that it goes to."""
    for launch in launches:
        cap = memory_cap(launch.commands)
        group = option_value(launch.call, "-g", "--group")
        names = [DEFAULT_GROUP] if group is None else texts_of(group, launch.execution)
        for name in names:
            yield Need(launch, name, bytes_of(cap) if cap else None, cores_of(launch.commands))


def scripts_of(commands: Iterable[Command]) -> Iterator[str]:
    """The scripts, modules and programs that a job runs, as written."""
    for command in commands:
        text = command.place.text.split()
        if text:
            yield text[0].strip("\"'")
        for arg in command.args:
            if arg.text and not arg.text.startswith("-"):
                yield arg.text
