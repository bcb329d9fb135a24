"""What one entry point runs from its start to its end: the sequences of a file, put together.

A `Sequence` is one script, one text of a task, or a function that nothing calls. A `Row` adds what belongs to it: the
further texts of the same task, and the tasks that it depends on or runs. Its calls of pueue are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from jobsafety_lint.meaning.commands import Command, Condition
from jobsafety_lint.meaning.commands import Sequence as Steps
from jobsafety_lint.meaning.configuration import Recipe, TaskDefinition, Workflow
from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.queue import grammar as queue
from jobsafety_lint.meaning.queue.grammar import Launch, QueueCommand
from jobsafety_lint.meaning.shell.unwrapping import launch_of
from jobsafety_lint.plain_values import plain_value
from jobsafety_lint.source import Place

_MAX_STEPS = 4000
_FILE_TASK_DEPENDS = re.compile(r"^#\s?\[?MISE\]?\s+depends\s*=\s*(.*)$", re.MULTILINE)


@plain_value(frozen=True, eq=False, slots=True)
class Step:
    """One command of a row. `call` is what it means to pueue, if it is a call of it, `launch` the job that it queues."""

    command: Command
    call: QueueCommand | None = None
    launch: Launch | None = None

    @property
    def place(self) -> Place:
        """The command."""
        return self.command.place

    @property
    def execution(self) -> Execution:
        """Where and how it runs."""
        return self.command.execution

    @property
    def subcommand(self) -> str:
        """What pueue is told; empty for another program."""
        return self.call.subcommand if self.call else ""


@plain_value(frozen=True, eq=False)
class Row:
    """All that one entry point runs, in order. `kind` and `title` as in `Sequence`; `decisive` are the variables whose
    value reaches a condition. `depends` are tasks that run first and are not in this file.
    """

    place: Place
    kind: str
    title: str
    steps: tuple[Step | Condition, ...]
    decisive: frozenset[str] = frozenset()
    depends: tuple[str, ...] = ()

    @cached_property
    def commands(self) -> tuple[Step, ...]:
        """The commands that this row runs itself: those of the jobs that it queues are left out."""
        return tuple(s for s in self.steps if isinstance(s, Step) and s.command.execution.queue is None)

    def runs(self, programs: frozenset[str]) -> bool:
        """Whether one of these programs is run."""
        return not self._programs.isdisjoint(programs)

    @cached_property
    def _programs(self) -> frozenset[str]:
        return frozenset(step.command.name for step in self.steps if isinstance(step, Step))

    @property
    def launches(self) -> Iterator[tuple[Step, Launch]]:
        """The commands that queue a job, with the job."""
        return ((step, step.launch) for step in self.commands if step.launch is not None)


def rows_of(facts: Sequence[object], pueue_version: int) -> list[Row]:
    """The rows of a file, from all of its facts."""
    reader = _Reader(pueue_version)
    for fact in facts:
        if isinstance(fact, Steps):
            reader.take(fact)
        elif isinstance(fact, TaskDefinition):
            reader.before[fact.name] = fact.before
        elif isinstance(fact, Recipe):
            reader.recipes.add(fact.name)
            reader.before[fact.name] = (*reader.before.get(fact.name, ()), *fact.before)
        elif isinstance(fact, Workflow):
            for job in fact.jobs:
                reader.before[f"jobs.{job.name}"] = tuple(f"jobs.{needed}" for needed in job.needs)
        elif isinstance(fact, QueueCommand):
            reader.calls[id(fact.command)] = fact
        elif isinstance(fact, Launch):
            reader.launches[id(fact.call.command)] = fact
    return list(reader.rows())


@dataclass
class _Reader:
    version: int
    sequences: list[Steps] = field(default_factory=list)
    tasks: dict[str, list[Steps]] = field(default_factory=dict)
    before: dict[str, tuple[str, ...]] = field(default_factory=dict)
    recipes: set[str] = field(default_factory=set)
    calls: dict[int, QueueCommand | None] = field(default_factory=dict)
    launches: dict[int, Launch | None] = field(default_factory=dict)

    def take(self, sequence: Steps) -> None:
        self.sequences.append(sequence)
        if sequence.kind == "task":
            self.tasks.setdefault(_task_name(sequence), []).append(sequence)

    def rows(self) -> Iterator[Row]:
        for sequence in self.sequences:
            row = _Unrolled(self)
            if sequence.kind != "task":
                row.sequence(sequence)
            elif self.tasks[_task_name(sequence)][0] is sequence:
                row.task(_task_name(sequence))
            else:
                continue
            yield row.finish(sequence)

    def call(self, command: Command) -> QueueCommand | None:
        if id(command) not in self.calls:
            self.calls[id(command)] = queue.parse(command, self.version)
        return self.calls[id(command)]

    def launch(self, call: QueueCommand, steps: Sequence[object]) -> Launch | None:
        key = id(call.command)
        if key not in self.launches:
            place = call.place
            inside = [s for s in steps if isinstance(s, Command) and any(w.place == place for w in s.outer)]
            self.launches[key] = launch_of(call, inside)
        return self.launches[key]


def _task_name(sequence: Steps) -> str:
    return sequence.title.removeprefix("tasks.")


@dataclass
class _Unrolled:
    """One row in the making."""

    reader: _Reader
    steps: list[Step | Condition] = field(default_factory=list)
    decisive: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    active: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    def task(self, task: str) -> None:
        """A task or recipe: what it depends on, each once, then its commands."""
        if task in self.active:
            return
        self.active.append(task)
        for other in self.reader.before.get(task, ()):
            if other not in self.reader.tasks:
                self.missing.append(other)
            if other not in self.done:
                self.done.add(other)
                self.task(other)
        for sequence in self.reader.tasks.get(task, ()):
            self.sequence(sequence)
        self.active.pop()

    def sequence(self, sequence: Steps) -> None:
        """The steps of a script or function."""
        self.decisive |= {name.partition(".")[0] for name in sequence.decisive} | sequence.decisive
        for step in sequence.steps:
            if len(self.steps) >= _MAX_STEPS:
                return
            if not isinstance(step, Command):
                self.steps.append(step)
                continue
            if step.name != "pueue":
                self.steps.append(Step(step))
                if step.execution.queue is None and (task := self._run_by(step)):
                    self.task(task)
                continue
            call = self.reader.call(step)
            queues = call is not None and call.subcommand == "add"
            launch = self.reader.launch(call, sequence.steps) if call is not None and queues else None
            self.steps.append(Step(step, call, launch))

    def _run_by(self, command: Command) -> str:
        """The task or recipe of this file that a command runs: `mise run x`, `make x`, `just x`; empty if none."""
        words = [word or "" for word in command.words]
        if command.name == "mise" and words[:1] in (["run"], ["r"]):
            return next((word for word in words[1:] if not word.startswith("-")), "")
        if command.name in {"make", "just"} and not {"-C", "-f"} & set(words):
            return next((word for word in words if word in self.reader.recipes), "")
        return ""

    def finish(self, sequence: Steps) -> Row:
        depends = list(self.missing)
        source = sequence.place.source
        if sequence.kind == "script" and source.language != "python" and "MISE" in source.text:
            for match in _FILE_TASK_DEPENDS.finditer(source.text):
                depends += re.findall(r"[\"']([^\"' ]+)", match[1])
        steps, decisive = tuple(self.steps), frozenset(self.decisive)
        return Row(sequence.place, sequence.kind, sequence.title, steps, decisive, tuple(depends))
