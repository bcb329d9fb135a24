"""What really runs: commands behind all of their wrappers, pipelines, and the order of it all."""

from __future__ import annotations

import re
from functools import cached_property

from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.model import Span
from jobsafety_lint.plain_values import plain_value
from jobsafety_lint.source import Place, Source


@plain_value(frozen=True, eq=False)
class Arg:
    """One word of a command as the program gets it.

    `pattern` is its value, variables followed to what they were set to; `written` the same before that, a hole for
    every expansion. `quoted`: any part of it stands in quotes. `splits`: an expansion outside of quotes, so that the
    shell may make several words of it, or none. `origin` is where a variable that makes up the word was set. `pieces` are
    the value part by part, each with the span of `place.source` that it comes from.
    """

    place: Place
    pattern: PathPattern
    written: PathPattern
    quoted: bool = False
    splits: bool = False
    origin: Place | None = None
    pieces: tuple[tuple[PathPattern, Span], ...] = ()

    @property
    def text(self) -> str | None:
        """The value where it is known."""
        return self.pattern.text

    @property
    def literal(self) -> str | None:
        """The value where it is written at this very place."""
        return self.written.text


@plain_value(frozen=True, eq=False)
class Command:
    """A program that is run with its arguments.

    `place` is the command as its innermost program sees it (first to last word); `outer` the command with all of its
    wrappers, innermost of them first: `env`, `sudo`, `ssh`, `pueue add`. `name` is the program without its folder,
    empty where it is not known. `status` says who looks at its exit status, `output` who reads what it prints.
    `statement` is the complete statement that holds it in its own source.
    """

    place: Place
    name: str
    args: tuple[Arg, ...]
    execution: Execution
    outer: tuple[Command, ...] = ()
    status: str = "ignored"
    """`branch`: picks one (if, while, `&&`, `||`, `!`); `exits`: ends the script; `masked`: nobody can see it;
    `result`: the status of the script, function or substitution; `ignored`: visible, but nobody looks."""
    output_to: frozenset[str] = frozenset()
    """Variables that take up the output."""
    output_use: str = "shown"
    """`branch`: its output reaches a condition (a test, or a later stage whose status is one); `variable`, `argument`,
    `file`, `shown`."""
    redirects: tuple[tuple[str, Arg], ...] = ()
    """Operators with their targets."""
    statement: Place | None = None
    language: str = "shell"
    feeds: tuple[Command, ...] = ()
    """The commands inside of `>(…)` among its words: they read what it prints there."""
    program: Arg | None = None
    """The word that names the program, with its folder."""
    document: Source | None = None
    """The text of a here-document that is its input."""

    @cached_property
    def words(self) -> list[str | None]:
        """The arguments' values, None where one is not known."""
        return [arg.pattern.text for arg in self.args]

    def runs(self, programs: frozenset[str]) -> bool:
        """Whether it is one of these programs."""
        return self.name in programs

    def through(self, name: str) -> Command | None:
        """The wrapper of this name that it runs behind, if there is one."""
        return next((wrapper for wrapper in self.outer if wrapper.name == name), None)


_AND = re.compile(
    r"(?:\s|\\\n|\d*[<>]&?\s*[^\s&|;<>]+)*&&(?:\s|\\\n)*(?:[{(!]\s*)*(?P<program>[^\s;&|()<>]+)"
)


def next_on_success(command: Command) -> str:
    """The program that runs only if a command, or a wrapper around it, has succeeded (`a && b`); empty if there is none."""
    for level in (command, *command.outer):
        if level.name == "pueue":
            return ""
        statement = level.statement
        if statement is None or statement.source is not level.place.source:
            continue
        match = _AND.match(statement.source.text, level.place.span.end, statement.span.end)
        if match:
            return match["program"].strip("\"'").rpartition("/")[2]
    return ""


@plain_value(frozen=True, eq=False)
class Pipe:
    """A pipeline of at least two stages. `stages` hold the commands of each (several for a group or loop).

    `status` as in `Command`; `execution` is that of the shell that runs the pipeline. `stage_places` are the stages as
    written. `tolerated` tells of each stage whether its own exit status is taken care of (`(w || true)`).
    `alternative` is the program on the right of a `||` behind the pipeline (`true`, `echo`, `=` for an assignment).
    """

    place: Place
    stages: tuple[tuple[Command, ...], ...]
    stage_places: tuple[Place, ...]
    execution: Execution
    status: str
    tolerated: tuple[bool, ...] = ()
    negated: bool = False
    alternative: str | None = None
    statement: Place | None = None


@plain_value(frozen=True, eq=False)
class OutputUse:
    """What Python code does with the output of the program that the call at `place` runs.

    `kind`: `number` (`int(…)`), `parsed` (searched by a pattern, split), `name` (kept in the variable `name`), `returned`
    (by the function `name`), `saved` (written or sent as a whole, by the function `name`). `where` is the place of the use.
    """

    place: Place
    kind: str
    where: Place
    name: str = ""

    def holds(self, command: Place) -> bool:
        """Whether a command stands in the call, perhaps in a string of it, and in no call inside of it."""
        span = command.source.in_file(command.span)
        return self.place.span.start <= span.start and span.end <= self.place.span.end


@plain_value(frozen=True, eq=False)
class CallsAfter:
    """The calls that Python code makes after the call at `place`, in the same function: names as written."""

    place: Place
    calls: tuple[tuple[str, Place], ...]

    def holds(self, command: Place) -> bool:
        """Whether a command stands in the call, perhaps in a string of it."""
        span = command.source.in_file(command.span)
        return self.place.span.start <= span.start and span.end <= self.place.span.end


@plain_value(frozen=True, eq=False)
class Joined:
    """Two statements that an operator joins on one line: `a && b`, `a || b`, `a; b`, and `a &` (then `right` is empty).

    `left` and `right` are the commands that the sides run, `left_place` is the left side as written.
    """

    place: Place
    operator: str
    left: tuple[Command, ...]
    right: tuple[Command, ...]
    left_place: Place

    def directly(self, command: Command) -> bool:
        """Whether a command is written in the left side itself (not in a function or a text that it runs)."""
        mine, whole = command.place, self.left_place
        return (
            mine.source is whole.source
            and whole.span.start <= mine.span.start
            and mine.span.end <= whole.span.end
        )


@plain_value(frozen=True, eq=False)
class Condition:
    """Something whose truth picks a branch: the names that it looks at."""

    place: Place
    names: frozenset[str]


@plain_value(frozen=True, eq=False)
class Called(Condition):
    """Python code calls a function that runs no program itself: `written` is its name as it is called."""

    written: str = ""


@plain_value(frozen=True, eq=False)
class Sequence:
    """All that one script, task or Python function runs, in order, with the functions of the same file followed.

    `kind`: `script`, `task`, `function`. `title` names it (`deploy.sh`, `tasks.retrain`, `main`).
    """

    place: Place
    kind: str
    title: str
    steps: tuple[Command | Condition, ...] = ()
    depends: tuple[str, ...] = ()
    decisive: frozenset[str] = frozenset()
    """Variables whose value reaches a condition, perhaps by way of others."""

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """The commands among the steps."""
        return tuple(step for step in self.steps if isinstance(step, Command))

    @cached_property
    def programs(self) -> frozenset[str]:
        """The names of all programs that are run."""
        return frozenset(command.name for command in self.commands)

    def runs(self, programs: frozenset[str]) -> bool:
        """Whether one of these programs is run."""
        return not self.programs.isdisjoint(programs)


@plain_value(frozen=True, eq=False)
class ShellAssignment:
    """A shell variable is set: `name=value`, `export name=value`. `exported` where `export` or `declare -x` says so."""

    place: Place
    name: str
    value: PathPattern
    execution: Execution
    exported: bool = False
    value_place: Place | None = None


@plain_value(frozen=True, eq=False)
class ListAssignment:
    """A shell array is set, or elements are added to it (`ids+=(…)`)."""

    place: Place
    name: str
    count: int
    append: bool
    execution: Execution


def first_word(place: Place) -> Place:
    """The first word of a command, as far as a blank ends it: where a finding about the program itself stands."""
    text = place.source.text[place.span.start : place.span.end]
    length = len(text.split(maxsplit=1)[0]) if text.split() else len(text)
    return Place(place.source, Span(place.span.start, place.span.start + length))
