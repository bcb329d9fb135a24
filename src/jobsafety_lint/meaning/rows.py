"""What one entry point runs from its start to its end: the sequences of a file, put together.

A `Sequence` is one script, task or function. A `Row` follows what a sequence starts: functions of the same Python
file, the tasks that a mise task depends on or runs, and the further commands of the same task.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from jobsafety_lint.meaning import queue
from jobsafety_lint.meaning.commands import Command, Condition, LocalCall
from jobsafety_lint.meaning.commands import Sequence as Steps
from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.queue import Launch, QueueCommand
from jobsafety_lint.meaning.shell.unwrapping import launch_of
from jobsafety_lint.source import Place

_MAX_STEPS = 4000
_MAX_DEPTH = 6
_FILE_TASK_DEPENDS = re.compile(r"^#\s?\[?MISE\]?\s+depends\s*=\s*(.*)$", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Step:
    """One command of a row. `execution` is the command's, with the branches and loops of the calls that lead to it.

    `call` is what it means to pueue, if it is a call of it, `launch` the job that it queues. `answers`: it runs in a
    function whose result picks a branch.
    """

    command: Command
    execution: Execution
    call: QueueCommand | None = None
    launch: Launch | None = None
    answers: bool = False

    @property
    def place(self) -> Place:
        """The command."""
        return self.command.place

    @property
    def subcommand(self) -> str:
        """What pueue is told; empty for another program."""
        return self.call.subcommand if self.call else ""


@dataclass(frozen=True, eq=False)
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

    @property
    def commands(self) -> Iterator[Step]:
        """The commands that this row runs itself: those of the jobs that it queues are left out."""
        return (s for s in self.steps if isinstance(s, Step) and s.execution.queue is None)

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
        elif isinstance(fact, QueueCommand):
            reader.calls[id(fact.command)] = fact
        elif isinstance(fact, Launch):
            reader.launches[id(fact.call.command)] = fact
    return list(reader.rows())


@dataclass
class _Reader:
    version: int
    sequences: list[Steps] = field(default_factory=list)
    functions: dict[str, Steps] = field(default_factory=dict)
    tasks: dict[str, list[Steps]] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    calls: dict[int, QueueCommand | None] = field(default_factory=dict)
    launches: dict[int, Launch | None] = field(default_factory=dict)

    def take(self, sequence: Steps) -> None:
        self.sequences.append(sequence)
        self.called |= {step.name for step in sequence.steps if isinstance(step, LocalCall)}
        if sequence.kind == "function":
            self.functions[sequence.title] = sequence
        elif sequence.kind == "task":
            self.tasks.setdefault(sequence.title.removeprefix("tasks."), []).append(sequence)

    def rows(self) -> Iterator[Row]:
        for sequence in self.sequences:
            row = _Unrolled(self)
            if sequence.kind == "task":
                task = sequence.title.removeprefix("tasks.")
                if self.tasks[task][0] is not sequence:
                    continue
                row.task(task, Execution())
            elif sequence.kind == "function" and sequence.title in self.called:
                continue
            else:
                row.sequence(sequence, Execution(), answers=False)
            yield row.finish(sequence)

    def call(self, command: Command) -> QueueCommand | None:
        if id(command) not in self.calls:
            self.calls[id(command)] = queue.parse(command, self.version)
        return self.calls[id(command)]

    def launch(self, call: QueueCommand, steps: Sequence[object]) -> Launch | None:
        key = id(call.command)
        if key not in self.launches:
            inside = [s for s in steps if isinstance(s, Command) and call.command in s.outer]
            self.launches[key] = launch_of(call, inside)
        return self.launches[key]


@dataclass
class _Unrolled:
    """One row in the making."""

    reader: _Reader
    steps: list[Step | Condition] = field(default_factory=list)
    decisive: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    active: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    def task(self, task: str, around: Execution) -> None:
        """A mise task: what it depends on, each once, then its commands."""
        if task in self.active or task not in self.reader.tasks:
            return
        self.active.append(task)
        for sequence in self.reader.tasks[task]:
            for other in sequence.depends:
                if other not in self.reader.tasks:
                    self.missing.append(other)
                elif other not in self.done:
                    self.done.add(other)
                    self.task(other, around)
        for sequence in self.reader.tasks[task]:
            self.sequence(sequence, around, answers=False)
        self.active.pop()

    def sequence(self, sequence: Steps, around: Execution, *, answers: bool) -> None:
        """The steps of a script or function; `around` are the branches and loops that lead to it."""
        self.decisive |= {name.partition(".")[0] for name in sequence.decisive} | sequence.decisive
        for step in sequence.steps:
            if len(self.steps) >= _MAX_STEPS:
                return
            if isinstance(step, LocalCall):
                self._follow(step, sequence, around, answers=answers)
            elif isinstance(step, Command):
                self._command(step, sequence, around, answers=answers)
            else:
                self.steps.append(step)

    def _follow(self, call: LocalCall, sequence: Steps, around: Execution, *, answers: bool) -> None:
        self.steps.append(call)
        target = self.reader.functions.get(call.name)
        if target is None or call.name in self.active or len(self.active) >= _MAX_DEPTH:
            return
        self.active.append(call.name)
        decides = call.status == "branch" or bool(call.output_to & sequence.decisive)
        self.sequence(target, _within(call.execution, around), answers=answers or decides)
        self.active.pop()

    def _command(self, command: Command, sequence: Steps, around: Execution, *, answers: bool) -> None:
        execution = _within(command.execution, around)
        call = self.reader.call(command)
        launch = None
        if call is not None and call.subcommand == "add":
            launch = self.reader.launch(call, sequence.steps)
        self.steps.append(Step(command, execution, call, launch, answers))
        words = command.words
        if command.name == "mise" and words[:1] in (["run"], ["r"]) and execution.queue is None:
            for word in words[1:]:
                if word and not word.startswith("-"):
                    self.task(word, execution)
                    break

    def finish(self, sequence: Steps) -> Row:
        depends = list(self.missing)
        if sequence.kind == "script" and sequence.place.source.language != "python":
            for match in _FILE_TASK_DEPENDS.finditer(sequence.place.source.text):
                depends += re.findall(r"[\"']([^\"' ]+)", match[1])
        return Row(
            sequence.place,
            sequence.kind,
            sequence.title,
            tuple(self.steps),
            frozenset(self.decisive),
            tuple(depends),
        )


def _within(execution: Execution, around: Execution) -> Execution:
    """The circumstances of code that is reached by way of a call."""
    if not (around.branches or around.loops or around.environment):
        return execution
    return execution.but(
        branches=(*around.branches, *execution.branches),
        loops=(*around.loops, *execution.loops),
        environment=(*around.environment, *execution.environment),
    )
