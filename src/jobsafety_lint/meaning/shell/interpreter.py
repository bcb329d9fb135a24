"""Walks a shell program statement by statement and gathers facts.

One `Interpreter` reads everything that one file holds: the script itself, the strings that its commands hand to other
shells, the bodies of here-documents, and the shell inside of another language. State flows with the text: `set`,
`cd`, assignments, checks that have been made. A function's body is read where it is called, with the state of the call.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from jobsafety_lint import surroundings
from jobsafety_lint.meaning.asked import Asked
from jobsafety_lint.meaning.commands import (
    Arg,
    Command,
    Condition,
    Joined,
    Pipe,
)
from jobsafety_lint.meaning.commands import Sequence as Steps
from jobsafety_lint.meaning.comparisons import of_arithmetic, of_command
from jobsafety_lint.meaning.execution import Arm, Concurrency, Execution, Loop, Setting
from jobsafety_lint.meaning.files import Act, Create, Delete, Glob, Replace
from jobsafety_lint.meaning.paths import EMPTY, PathPattern
from jobsafety_lint.meaning.queue import grammar as queue
from jobsafety_lint.meaning.shell import (
    builtins,
    file_commands,
    libraries,
    locks,
    options,
    running,
    shapes,
    sourcing,
)
from jobsafety_lint.meaning.shell.acts import guarded, moved
from jobsafety_lint.meaning.shell.assigning import assign, assigned_in
from jobsafety_lint.meaning.shell.calls import Calls
from jobsafety_lint.meaning.shell.conditions import checks_in, names_asked, refuted_in
from jobsafety_lint.meaning.shell.early_exits import guards_behind
from jobsafety_lint.meaning.shell.frames import Frame, Frames
from jobsafety_lint.meaning.shell.inputs import document_of, printed_by
from jobsafety_lint.meaning.shell.jobs import Jobs
from jobsafety_lint.meaning.shell.leaving import ends, leaving, leaving_with
from jobsafety_lint.meaning.shell.libraries import Summary
from jobsafety_lint.meaning.shell.lost_variables import local_names
from jobsafety_lint.meaning.shell.once import Once
from jobsafety_lint.meaning.shell.pipe_losses import PipeLosses
from jobsafety_lint.meaning.shell.printing import printed_inside
from jobsafety_lint.meaning.shell.programs import program_of
from jobsafety_lint.meaning.shell.ranges import values_of
from jobsafety_lint.meaning.shell.state import ActiveGuard, State, Value
from jobsafety_lint.meaning.shell.unwrapping import Inner, inner_of, place_of, runs_others
from jobsafety_lint.meaning.shell.values import args_of, handed_on, set_defaults, value_of
from jobsafety_lint.model import Span
from jobsafety_lint.plain_values import plain_value
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.readers.shell.reader import ShellTree, read_shell
from jobsafety_lint.source import Place, Source

MAX_DEPTH = 8
"""How deep wrappers, strings and function calls are followed."""

MAX_FOREIGN = 400
"""How many statements of sourced files are read for one file. After that, what they define and set still counts: a library
that a thousand scripts source must not be read a thousand times."""

MAX_CALLED = 40
"""How many statements of a sourced function are still read when the script itself calls it the first time. What it ran then
stands for the later calls."""

MAX_OWN = 5_000
"""How many statements of a script's own functions are read in calls. After that each function is read once more at the most:
functions that call functions that call functions (nvm.sh) would else be read millions of times."""

MAX_SOURCED = 12
"""How many files one script may source."""

_OWN_INPUT = frozenset({"xargs", "parallel", "find"})
"""Wrappers that do not hand their standard input on."""

_STATUS_RANK = {"masked": 0, "ignored": 1, "result": 2, "exits": 3, "branch": 4}


@plain_value(frozen=True)
class Use:
    """What becomes of a statement's exit status and output (see `commands.Command`)."""

    status: str = "ignored"
    output: str = "shown"
    output_to: frozenset[str] = frozenset()
    alternative: str | None = None
    negated: bool = False
    statement: Place | None = None

    def but(self, **changes: object) -> Use:
        """A copy with some fields changed: `dataclasses.replace` takes several times as long."""
        fields = self.__dict__.copy()
        fields.update(changes)
        made = object.__new__(Use)
        made.__dict__ = fields
        return made


_MASKED = Use("masked")


@dataclass
class Interpreter:
    """Reads shell sources and keeps what it finds. `facts` come in the order in which the code runs."""

    facts: list[object] = field(default_factory=list)
    trees: list[ShellTree] = field(default_factory=list)
    sequences: list[Steps] = field(default_factory=list)
    read: Callable[[Source], ShellTree] = read_shell
    depth: int = 0
    queue_commands: frozenset[str] = frozenset()
    """The project's own wrappers of pueue: read as pueue itself."""
    _steps: list[Command | Condition] = field(default_factory=list)
    _edges: dict[str, set[str]] = field(default_factory=dict)
    _seen: dict[tuple[type, int, int, int, str], int] = field(default_factory=dict)
    _called: set[int] = field(default_factory=set)
    _calls: dict[int, Calls] = field(default_factory=dict)
    """What the calls of the script's own functions have brought so far, by the function's identity."""
    _news: int = 0
    """How many facts were found or found to be worse."""
    _loop_globs: dict[str, list[tuple[str, Place]]] = field(default_factory=dict)
    _looked_for: int = 0
    """How many files a `source` may have meant were looked for."""
    _foreign: int = 0
    """How many sourced files we are in: what happens there counts, but is reported with that file alone."""
    _foreign_left: int = MAX_FOREIGN
    _own_left: int = MAX_OWN
    _ran_first: dict[int, list[Command]] = field(default_factory=dict)
    """What the functions of sourced files ran when they were called first."""
    _libraries: dict[int, Summary] = field(default_factory=dict)
    """The libraries that were taken up as a whole, by the identity of their functions."""
    _origins: dict[int, Source] = field(default_factory=dict)
    _frames: Frames = field(default_factory=Frames)
    _functions_around: list[sh.Function | None] = field(default_factory=lambda: [None])
    _jobs: Jobs = field(default_factory=Jobs)
    _losses: PipeLosses = field(default_factory=PipeLosses)
    _checked: list[ActiveGuard] = field(default_factory=list)
    """The checks that have let the end of the last block be reached."""
    _names_asked: Once[frozenset[str]] = field(default_factory=lambda: Once(names_asked))
    _assigned_in: Once[set[str]] = field(default_factory=lambda: Once(assigned_in))
    _local_names: Once[set[str]] = field(default_factory=lambda: Once(local_names))
    _file: Source | None = None
    _main: Path | None = None

    # --- entry points ----------------------------------------------------------------------------------------------

    def program(self, source: Source, execution: Execution, *, kind: str = "script", title: str = "") -> None:
        """Reads a whole script or task: its statements, and the functions that it defines without calling them."""
        outer_steps, outer_edges = self._steps, self._edges
        self._steps, self._edges = [], {}
        state = State(execution)
        tree = self.text(source, state, Use("result"))
        if tree is not None:
            place = Place(source, tree.script.span)
            self.sequences.append(self._sequence(place, kind, title or source.path))
            self._uncalled(source, state)
        self._steps, self._edges = outer_steps, outer_edges

    def part(self, source: Source, state: State, status: str = "result") -> list[Command]:
        """Reads one shell of several that run one after the other, between `begin` and `end`; returns its commands."""
        before = len(self._steps)
        if self.text(source, state, Use(status)) is None:
            return []
        steps, edges = self._steps, self._edges
        self._uncalled(source, state)
        self._steps, self._edges = steps, edges
        return [step for step in steps[before:] if isinstance(step, Command)]

    def is_queue(self, program: str) -> bool:
        """Whether a program (or the function of another language) is pueue or a wrapper of it."""
        return program.rpartition("/")[2] == "pueue" or program in self.queue_commands

    def may_queue(self, text: str) -> bool:
        """Whether a text names pueue or a wrapper of it at all."""
        return "pueue" in text or any(name in text for name in self.queue_commands)

    def _uncalled(self, source: Source, state: State) -> None:
        """Reads the functions that nothing has called, each as a row of its own."""
        for function in list(state.functions.values()):
            if id(function) not in self._called and self._origins.get(id(function), source) is source:
                self._steps, self._edges = [], {}
                self._function(function, source, (), state.copy(), Use("result"))
                self.sequences.append(self._sequence(Place(source, function.span), "function", function.name))

    def begin(self, steps: list[Command | Condition] | None = None) -> None:
        """From here on, the commands that are run go into these steps: the row of another language's function."""
        self._steps, self._edges = [] if steps is None else steps, {}

    def end(self, place: Place, kind: str, title: str) -> None:
        """Ends the row that `begin` has started."""
        if any(isinstance(step, Command) for step in self._steps):
            self.sequences.append(self._sequence(place, kind, title))

    def text(self, source: Source, state: State, use: Use) -> ShellTree | None:
        """Reads a text that a shell runs, in the given state; None if it is nested too deeply."""
        if self.depth >= MAX_DEPTH:
            return None
        if self._file is None:
            self._file, self._main = source.file, sourcing.script_path(source)
        self.depth += 1
        try:
            tree = self.read(source)
            self.trees.append(tree)
            self.block(tree.script.body, source, state, use)
        finally:
            self.depth -= 1
        return tree

    def _sequence(self, place: Place, kind: str, title: str) -> Steps:
        decisive = {name for step in self._steps if isinstance(step, Condition) for name in step.names}
        grown = True
        while grown:
            more = {source for name in decisive for source in self._edges.get(name, ())} - decisive
            decisive |= more
            grown = bool(more)
        return Steps(place, kind, title, tuple(self._steps), decisive=frozenset(decisive))

    def add(self, fact: object) -> None:
        """Keeps a fact; one that is found again at the same place (a function called twice) counts once, at its worst."""
        if self._foreign:
            return
        place: Place = fact.place  # type: ignore[attr-defined]  # all facts that are added here have a place
        if isinstance(fact, Command):
            extra = fact.name
            if extra == "pueue":  # a function that queues what it is called with
                extra = " ".join(arg.pattern.template for arg in fact.args)
        else:
            extra = str(getattr(fact, "path", "")) + str(getattr(fact, "name", ""))
        key = (type(fact), id(place.source), place.span.start, place.span.end, extra)
        at = self._seen.get(key)
        if at is None:
            self._news += 1
            self._seen[key] = len(self.facts)
            self.facts.append(fact)
        elif _rank(fact) > _rank(self.facts[at]):
            self._news += 1
            self.facts[at] = fact

    # --- statements ------------------------------------------------------------------------------------------------

    def block(self, block: sh.Block, source: Source, state: State, use: Use) -> list[Command]:
        """Reads a list of statements. `use` is what becomes of the last one's status, if the caller looks at it."""
        ran: list[Command] = []
        guards, conditions = len(state.guards), state.execution.conditions
        before: tuple[sh.Item, list[Command]] | None = None
        function, self._functions_around[-1] = self._functions_around[-1], None
        loop = self._frames.loop is not None and self._frames.loop[1] is block
        frame = Frame(block, source, function, loop)
        count = len(block.items)
        for at, item in enumerate(block.items):
            last = at == count - 1
            statement = item.statement
            place = Place(source, statement.span)
            frame.at = at
            self._frames.lists.append(frame)
            status = use.status if last else self._next_look(block, at, source, state)
            if status in {"ignored", "result"} and _exits(state.execution):
                status = "exits"
            alternative = use.alternative if last else None
            mine = Use(status, use.output, use.output_to, alternative, use.negated, place)
            if item.background:
                now = self._put_in_background(item, source, state, mine)
            else:
                now = self.statement(statement, source, state, mine)
            self._frames.lists.pop()
            own = locks.lock_on_itself(now)
            if own is not None:
                state.change(lock=own)
            self._joined_in_block(before, (item, now), source)
            before = (item, now)
            ran += now
            if not isinstance(statement, sh.Command):
                state.guards += guards_behind(statement, source, state)
        self._checked = state.guards[guards:]
        del state.guards[guards:]
        state.change(conditions=conditions)
        return ran

    def _joined_in_block(
        self, before: tuple[sh.Item, list[Command]] | None, now: tuple[sh.Item, list[Command]], source: Source
    ) -> None:
        """Notes `a &`, and `a; b` on one line."""
        item, ran = now
        if item.background and ran:
            place = Place(source, item.statement.span)
            self.add(Joined(place, "&", tuple(ran), (), place))
        if before is None or before[0].background or not before[1]:
            return
        left = before[0].statement.span
        if source.text.find("\n", left.end, item.statement.span.start) < 0:
            place = Place(source, Span(left.start, item.statement.span.end))
            self.add(Joined(place, ";", tuple(before[1]), tuple(ran), Place(source, left)))

    def _next_look(self, block: sh.Block, at: int, source: Source, state: State) -> str:
        """What becomes of the status of a statement that is not the last one: `branch` if `$?` is asked next."""
        if _exits(state.execution):
            return "ignored"
        asking = block.items[at + 1]
        span = asking.span
        if source.text.find("?", span.start, span.end) < 0 or not shapes.asks_status(asking.statement):
            return "ignored"
        looked: Sequence[sh.Item] = (asking,)
        asked = "branch"
        if isinstance(asking.statement, sh.Command) and not asking.statement.words:  # `rc=$?`
            names = {assignment.name for assignment in asking.statement.assignments}
            looked = [
                item
                for item in block.items[at + 2 : at + 6]
                if names & self._names_asked.of(item.statement, source)
            ]
            asked = (
                "branch"
                if any(
                    not isinstance(i.statement, sh.Command)
                    or (i.statement.words[:1] and i.statement.words[0].literal in {"[", "test"})
                    for i in looked
                )
                else "result"
            )
        tells_signal = any(shapes.knows_signal(item.statement) for item in looked)
        return "ignored" if tells_signal else asked

    @contextmanager
    def _subshell(self) -> Iterator[None]:
        """What is read inside runs in a shell of its own: its variables end with it."""
        with self._frames.of_subshell(), self._jobs.of_subshell():
            yield

    def _put_in_background(self, item: sh.Item, source: Source, state: State, use: Use) -> list[Command]:
        place = Place(source, item.statement.span)
        reason = Concurrency("it is put in the background in a loop", place)
        loops = state.execution.loops
        loop = self._frames.loop
        around = (loop[1], self._frames.lists[-1].block) if loop is not None else ()
        alone = any(shapes.waits_behind(block, item) for block in around)
        more = (reason,) if loops and not alone else ()
        inner = state.copy(background=True, concurrency=state.execution.concurrency + more)
        if state.execution.shell in {"sh", "dash"}:  # measured: bash leaves the loop's input to it
            inner.change(input_of=None)
        if loops:
            inner.fork()
        with self._subshell():
            ran = self.statement(item.statement, source, inner, use.but(status="ignored"))
        self.add(self._jobs.start(item, source, state, ran, self._frames))
        return ran

    def statement(self, statement: sh.Statement, source: Source, state: State, use: Use) -> list[Command]:
        """Reads one statement and returns the commands that it runs itself."""
        if self._foreign:
            self._foreign_left -= 1
            if self._foreign_left < 0 and not shapes.sets_only(statement):
                return []
        elif self._functions_around:
            self._own_left -= 1
        match statement:
            case sh.Command():
                return self.command(statement, source, state, use)
            case sh.Pipeline():
                return self._pipeline(statement, source, state, use)
            case sh.AndOr():
                return self._and_or(statement, source, state, use)
            case sh.Function():
                state.functions[statement.name] = statement
                self._origins[id(statement)] = source
                return []
            case sh.Coproc(body=body):
                with self._subshell():
                    return self.statement(
                        body, source, state.copy(background=True), use.but(status="ignored")
                    )
            case sh.Test() | sh.Arithmetic():
                self._substitutions(statement, source, state, use.but(status="masked"), output="branch")
                self._compared(statement, source, state)
                if use.status in {"branch", "exits"}:
                    self._condition(statement, source)
                return []
            case sh.Compound():
                return self._compound(statement, source, state, use)
        return []

    def _compound(self, statement: sh.Compound, source: Source, state: State, use: Use) -> list[Command]:
        self._redirections(statement.redirects, source, state, None, statement)
        outer_input = state.execution.input_of
        if shapes.replaces_input(statement.redirects):
            state.change(input_of=None)
        ran = self._compound_body(statement, source, state, use)
        if state.execution.input_of is not outer_input:
            state.change(input_of=outer_input)
        return ran

    def _compound_body(self, statement: sh.Compound, source: Source, state: State, use: Use) -> list[Command]:
        match statement:
            case sh.Group(body=body):
                ran = self.block(body, source, state, use)
                if any(redirect.descriptor for redirect in statement.redirects):
                    self._close(statement.redirects, state)
                return ran
            case sh.Subshell(body=body):
                inner = state.copy()
                if any(redirect.descriptor for redirect in statement.redirects):
                    self._close(statement.redirects, state)
                with self._subshell():
                    ran = self.block(body, source, inner, use)
                locks.keep_created(inner, state, self.facts)
                return ran
            case sh.If():
                return self._if(statement, source, state, use)
            case sh.While():
                return self._while(statement, source, state)
            case sh.For():
                return self._for(statement, source, state)
            case sh.ArithmeticFor(body=body):
                loop = shapes.arithmetic_loop(statement, source)
                return self._loop(body, source, state, loop, statement=statement)
            case sh.Case():
                return self._case(statement, source, state, use)
        return []

    def _close(self, redirects: Sequence[sh.Redirect], state: State) -> None:
        """A group's own descriptors are gone behind it, and the lock on one of them."""
        for redirect in redirects:
            if redirect.descriptor in state.descriptors:
                del state.descriptors[redirect.descriptor or ""]
                state.change(lock=None)

    def _compared(self, statement: sh.Test | sh.Arithmetic, source: Source, state: State) -> None:
        """Keeps the comparison that `[[ … ]]` or `((…))` makes."""
        place = Place(source, statement.span)
        if isinstance(statement, sh.Arithmetic):
            found = of_arithmetic(statement.text, place)
        else:
            args = [arg for word in statement.words for arg in args_of(word, source, state)]
            found = of_command(Command(place, "test", tuple(args), state.execution))
        if found is not None:
            self.add(found)

    def _condition(self, node: sh.Node, source: Source) -> None:
        names = self._names_asked.of(node, source)
        if names:
            self._steps.append(Condition(Place(source, node.span), names))

    def _test_block(self, block: sh.Block, source: Source, state: State) -> list[Command]:
        """A condition of if or while: errexit does not act in it, its status picks the branch."""
        suspended = state.execution.errexit_suspended
        state.change(errexit_suspended=True)
        ran = self.block(block, source, state, Use("branch"))
        state.change(errexit_suspended=suspended)
        self._condition(block, source)
        return ran

    def _if(self, statement: sh.If, source: Source, state: State, use: Use) -> list[Command]:
        ran: list[Command] = []
        outcomes: list[State] = []
        place = Place(source, statement.span)
        refuted: list[ActiveGuard] = []
        denied: list[str] = []
        sole = len(statement.branches) == 1 and statement.otherwise is None and not statement.redirects
        arms = state.execution.arms
        alternative = statement.otherwise if len(statement.branches) == 1 else None
        how_else = leaving_with(alternative) if alternative is not None else ""
        for at, branch in enumerate(statement.branches):
            ran += self._test_block(branch.condition, source, state)
            asked = self._asked(branch.condition, source, state)
            inner = state.copy(arms=(*arms, Arm(place, at, ends(branch.body))))
            inner.guards += refuted
            condition = source.shown(branch.condition.span)
            inner.change(conditions=(*inner.execution.conditions, *denied, condition))
            act = _only_statement(branch.body) if sole else None
            inner.guards += [
                ActiveGuard(a.check, a.holds, "if", place, a.alone, act, leaving=how_else) for a in asked
            ]
            ran += self.block(branch.body, source, inner, use)
            if not leaving(branch.body):
                outcomes.append(inner)
            if len(branch.condition.items) == 1:
                refuted += [
                    ActiveGuard(
                        a.check,
                        a.holds,
                        "else",
                        place,
                        a.alone,
                        certain=a.certain,
                        leaving=leaving_with(branch.body),
                    )
                    for a in refuted_in(branch.condition.items[0].statement, source, state)
                ]
            denied.append(f"not {condition}")
        for fact in running.decided_by_if(statement, source, state, self._frames):
            self.add(fact)
        rest = state.copy(conditions=(*state.execution.conditions, *denied))
        if statement.otherwise is not None:
            rest.guards += refuted
            rest.change(arms=(*arms, Arm(place, len(statement.branches), ends(statement.otherwise))))
            ran += self.block(statement.otherwise, source, rest, use)
        if statement.otherwise is None or not leaving(statement.otherwise):
            outcomes.append(rest)
        self._join(state, outcomes)
        return ran

    def _asked(self, condition: sh.Block, source: Source, state: State) -> list[Asked]:
        if len(condition.items) != 1:
            return []
        asked = checks_in(condition.items[0].statement, source, state)
        for a in asked:
            self.add(a.check)
        return asked

    def _join(self, state: State, outcomes: list[State]) -> None:
        if not outcomes:
            return
        state.join(*outcomes)
        first = outcomes[0].execution
        for name in ("errexit", "pipefail", "cwd"):
            values = {getattr(outcome.execution, name) for outcome in outcomes}
            if len(values) == 1:
                state.change(**{name: getattr(first, name)})
            elif name == "pipefail":
                state.change(pipefail=None)

    def _case(self, statement: sh.Case, source: Source, state: State, use: Use) -> list[Command]:
        self._substitutions(statement.subject, source, state, use.but(status="masked"), output="branch")
        self._condition(statement.subject, source)
        ran: list[Command] = []
        outcomes = [state.copy()]
        place = Place(source, statement.span)
        for at, clause in enumerate(statement.clauses):
            arm = Arm(place, at, ends(clause.body))
            patterns = " ".join(source.shown(pattern.span) for pattern in clause.patterns)
            condition = f"{source.shown(statement.subject.span)} is {patterns}"
            inner = state.copy(
                arms=(*state.execution.arms, arm), conditions=(*state.execution.conditions, condition)
            )
            ran += self.block(clause.body, source, inner, use)
            if not leaving(clause.body):
                outcomes.append(inner)
        self._join(state, outcomes)
        return ran

    def _while(self, statement: sh.While, source: Source, state: State) -> list[Command]:
        for name in self._assigned_in.of(statement):
            state.forget(name)
        reads = shapes.variables_read(statement.condition)
        loop = Loop("while", Place(source, statement.condition.span), reads)
        ran = self._test_block(statement.condition, source, state)
        for name in reads:
            state.bind(name)
        asked = [] if statement.until else self._asked(statement.condition, source, state)
        place = Place(source, statement.span)
        act = _only_statement(statement.body) if not statement.redirects else None
        guards = [ActiveGuard(a.check, a.holds, "while", place, a.alone, act) for a in asked]
        if not shapes.reads_input(statement.condition):
            return ran + self._loop(statement.body, source, state, loop, guards, statement)
        inner = state.copy(input_of=loop)
        ran += self._loop(statement.body, source, inner, loop, guards, statement)
        inner.execution = inner.execution.but(input_of=state.execution.input_of)
        state.take(inner)
        return ran

    def _for(self, statement: sh.For, source: Source, state: State) -> list[Command]:
        globs: list[Glob] = []
        values: list[str] | None = []
        for word in statement.words or ():
            self._substitutions(word, source, state, Use("masked"), output="argument")
            for arg in args_of(word, source, state):
                given = values_of(arg)
                values = [*values, *given] if values is not None and given is not None else None
                pattern = file_commands.glob_pattern(arg)
                if pattern is not None:
                    globs.append(Glob(arg.place, pattern, arg.place, state.execution, "for", "shell"))
        known = tuple(values) if values is not None and not globs else None
        header = shapes.header(statement, source)
        loop = Loop("for", header, (statement.variable,), known)
        state.bind(statement.variable)
        if statement.words:
            self._edges.setdefault(statement.variable, set()).update(
                name for word in statement.words for name in self._names_asked.of(word, source)
            )
        if not globs:
            return self._loop(statement.body, source, state, loop, statement=statement)
        outer = self._loop_globs.get(statement.variable)
        uses = self._loop_globs[statement.variable] = []
        filters = frozenset(
            name
            for node in statement.body.walk()
            if isinstance(node, sh.Test)
            for name in self._names_asked.of(node, source)
        )
        ran = self._loop(statement.body, source, state, loop, statement=statement)
        for glob in globs:
            self.add(replace(glob, uses=tuple(uses), filtered_by=filters - {statement.variable}))
        if outer is None:
            del self._loop_globs[statement.variable]
        else:
            self._loop_globs[statement.variable] = outer
        return ran

    def _loop(
        self,
        body: sh.Block,
        source: Source,
        state: State,
        loop: Loop,
        guards: Sequence[ActiveGuard] = (),
        statement: sh.Statement | None = None,
    ) -> list[Command]:
        for name in self._assigned_in.of(body) - set(loop.variables):
            state.forget(name, frozenset(loop.variables))  # what an earlier round has left
        options = isinstance(statement, sh.While) and shapes.reads_options(statement.condition)
        inner = state.copy() if options else state.copy(loops=(*state.execution.loops, loop))
        inner.loop_start = dict(state.versions)
        inner.guards += guards
        if statement is not None:
            self._frames.loops.append((statement, body))
        ran = self.block(body, source, inner, Use())
        if statement is not None:
            self._frames.loops.pop()
        state.join(state.copy(), inner)
        for name in ("errexit", "pipefail"):
            if getattr(inner.execution, name) is not getattr(state.execution, name) and not leaving(body):
                state.change(**{name: getattr(inner.execution, name)})
        return ran

    def _and_or(self, statement: sh.AndOr, source: Source, state: State, use: Use) -> list[Command]:
        ran: list[Command] = []
        place = Place(source, statement.span)
        count = len(statement.items)
        entered = len(state.guards)
        suspended = state.execution.errexit_suspended
        conditions, handling = state.execution.conditions, state.execution.handling
        for fact in running.decided_by_list(statement, source, state, self._frames):
            self.add(fact)
        left: list[Command] = []
        for at, item in enumerate(statement.items):
            last = at == count - 1
            mine = use
            if not last:
                after = statement.operators[at]
                right = shapes.program_of(statement.items[at + 1])
                masked = at + 1 == count - 1 and (
                    right in {"true", ":"}
                    or (after == "||" and (right == "=" or shapes.knows_signal(statement.items[-1])))
                )
                mine = use.but(
                    status="masked" if masked else "branch", alternative=right if after == "||" else None
                )
                state.change(errexit_suspended=True)
            self._condition(item, source) if not last else None
            arms = state.execution.arms
            if last and count == 2:
                state.change(arms=(*arms, Arm(place, 1, ends(item))))
            now = self.statement(item, source, state, mine)
            ran += now
            if at and left:
                here = Place(source, Span(statement.items[at - 1].span.start, item.span.end))
                whole = Place(source, statement.items[at - 1].span)
                self.add(Joined(here, statement.operators[at - 1], tuple(left), tuple(now), whole))
            left = now
            state.change(errexit_suspended=suspended, arms=arms)
            if last:
                break
            asked = checks_in(item, source, state)
            for a in asked:
                self.add(a.check)
            holds = statement.operators[at] == "&&"
            said = source.shown(item.span)
            before = state.execution.conditions
            state.change(
                conditions=(*before, said if holds else f"not {said}"), handling=handling or not holds
            )
            if not holds and not (len(asked) == 1 and asked[0].alone):
                asked = []
            act = statement.items[-1] if count == 2 else None
            shape = "and" if holds else "or"
            state.guards += [
                ActiveGuard(a.check, a.holds if holds else not a.holds, shape, place, a.alone, act)
                for a in asked
            ]
        del state.guards[entered:]
        state.change(conditions=conditions, handling=handling)
        return ran

    def _pipeline(self, statement: sh.Pipeline, source: Source, state: State, use: Use) -> list[Command]:
        if len(statement.stages) == 1:
            status = "branch" if use.status == "branch" else "ignored" if statement.negated else use.status
            return self.statement(statement.stages[0], source, state, use.but(status=status, negated=True))
        status = "ignored" if statement.negated and use.status == "exits" else use.status
        stages: list[tuple[Command, ...]] = []
        later = use.output if status != "branch" else "branch"
        for at, stage in enumerate(statement.stages):
            last = at == len(statement.stages) - 1
            mine = use.but(status=status) if last else use.but(status="ignored", output=later)
            if not last and status in {"branch", "exits"}:
                mine = mine.but(output="branch" if status == "branch" else "decides")
            inner = state.copy()
            if at:
                inner.change(input_of=None)
                inner.input = printed_by(stages[-1])
            if not last and isinstance(stage, sh.Command):
                inner.change(errexit_suspended=True)
            with self._subshell():
                stages.append(tuple(self.statement(stage, source, inner, mine)))
            if not self._foreign:
                lost = self._losses.in_stage(statement, at, source, state, use.status, self._frames)
                if lost is not None:
                    self.add(lost)
        self.add(
            Pipe(
                Place(source, statement.span),
                tuple(stages),
                tuple(Place(source, stage.span) for stage in statement.stages),
                state.execution,
                status,
                tuple(shapes.tolerates(stage) for stage in statement.stages),
                statement.negated,
                use.alternative,
                use.statement,
            )
        )
        for glob in file_commands.piped_deletions(stages):
            self.add(glob)
        return [command for stage in stages for command in stage]

    # --- commands --------------------------------------------------------------------------------------------------

    def command(self, statement: sh.Command, source: Source, state: State, use: Use) -> list[Command]:
        """Reads a simple command."""
        if not statement.words:
            self._redirections(statement.redirects, source, state, None, statement)
            return self._assign(statement.assignments, source, state, use)
        words = statement.words
        program = words[0].literal
        declares = builtins.declares(statement, program)
        for assignment in statement.assignments if not declares else ():
            self._substitutions(assignment, source, state, _MASKED, output="argument")
        feeds: list[Command] = []
        output = "branch" if program in {"[", "test"} else "argument"
        for word in words:
            if word.literal is not None:
                continue  # nothing in it is run or read
            name = builtins.assigned_name(word) if declares and word is not words[0] else None
            mine = Use("masked", output_to=frozenset({name})) if name else _MASKED
            inside = self._substitutions(word, source, state, mine, output="variable" if name else output)
            if name:
                self._edges.setdefault(name, set()).update(self._names_asked.of(word, source))
            if inside and any(
                isinstance(part, sh.ProcessSubstitution) and part.direction == ">" for part in word.parts
            ):
                feeds += inside
        if program in {"[", "test"} and use.status == "exits":
            self._condition(statement, source)  # under errexit it ends the script where it does not hold
        if program == ":":
            set_defaults(words[1:], source, state)
        args: list[Arg] = []
        for word in words:
            args += args_of(word, source, state)
        if len(args) > 1 and args[0].splits and args[0].text == "":
            del args[0]  # `$SUDO rm x`, where SUDO is empty: the word is not there
        settings = [
            Setting(a.name, self._assigned(a, source, state), Place(source, a.span), "assignment")
            for a in (() if declares else statement.assignments)
        ]
        own_input = shapes.replaces_input(statement.redirects)
        inner = state.copy() if settings or (own_input and state.execution.input_of) else state
        if settings:
            inner.change(environment=(*state.execution.environment, *settings))
        if own_input and inner is not state:
            inner.change(input_of=None)
        if declares:
            self._assign(statement.assignments, source, state, use.but(status="masked"))
        if not args:
            return []
        place = Place(source, statement.span)
        handed = handed_on(words, state)
        if handed:
            own = args[: -len(handed)]
            is_queue = bool(own) and self.is_queue(own[0].text or "")
            if not own or is_queue or runs_others(own[0].text or ""):
                args = [*own, *handed]
            if not own or (is_queue and not queue.has_subcommand(own[1:])):
                place = place_of(handed)  # what is run is the caller's
        ran = self.run(args, inner, use, place, statement.redirects)
        if feeds and ran:
            object.__setattr__(ran[0], "feeds", tuple(feeds))
        return ran

    def _assigned(self, assignment: sh.Assignment, source: Source, state: State) -> PathPattern:
        value = assignment.value
        return value_of(value, source, state) if isinstance(value, sh.Word) else EMPTY

    def _assign(
        self, assignments: Iterable[sh.Assignment], source: Source, state: State, use: Use
    ) -> list[Command]:
        ran: list[Command] = []
        assignments = tuple(assignments)
        for assignment in assignments:
            if use.status not in {"masked", "ignored"} and assignment is not assignments[-1]:
                self._assign((assignment,), source, state, use.but(status="ignored"))
                continue
            value = assignment.value
            names = frozenset({assignment.name})
            if value is not None:
                inner_use = use.but(output="variable", output_to=names)
                ran += self._substitutions(value, source, state, inner_use, output="variable")
                self._edges.setdefault(assignment.name, set()).update(self._names_asked.of(value, source))
            for made in assign(assignment, source, state):
                self.add(made)
        return ran

    def _substitutions(
        self, node: sh.Node, source: Source, state: State, use: Use, *, output: str
    ) -> list[Command]:
        """Reads the substitutions of a word. Only the last one of an assignment passes its status on."""
        ran: list[Command] = []
        found = node.substitutions()
        if not found:
            return ran
        last = next((p for p in reversed(found) if isinstance(p, sh.Substitution)), None)
        for part in found:
            mine = use.but(output=output)
            inner = state.copy()
            if isinstance(part, sh.ProcessSubstitution):
                mine = mine.but(status="masked")
                if part.direction == ">":
                    inner.change(input_of=None)
            elif not state.execution.inherit_errexit:
                inner.change(errexit_suspended=False, errexit=False)
            if part is not last and mine.status != "masked":
                mine = mine.but(status="ignored")
            with self._subshell():
                ran += self.block(part.body.body, source, inner, mine)
        return ran

    def run(
        self,
        args: Sequence[Arg],
        state: State,
        use: Use,
        place: Place,
        redirects: Sequence[sh.Redirect] = (),
        outer: tuple[Command, ...] = (),
    ) -> list[Command]:
        """Runs a list of words: a builtin, a function, or a program with all that it runs in turn."""
        name = program_of(args[0]) if args else ""
        if args and self.queue_commands and self.is_queue(args[0].text or ""):
            name, args = "pueue", queue.with_subcommand(args)
        elif not outer and name in state.functions and self.depth < MAX_DEPTH and state.call_depth < 5:
            given = document_of(redirects, place.source, state) or state.input
            return self._function(state.functions[name], place.source, args[1:], state, use, given)
        document = document_of(redirects, place.source, state)
        command = Command(
            place,
            name,
            tuple(args[1:]),
            state.execution,
            outer,
            use.status,
            use.output_to,
            use.output,
            self._targets(redirects, place.source, state),
            use.statement,
            program=args[0] if args else None,
            document=document,
        )
        ran = [command]
        self.add(command)
        self._steps.append(command)
        for lock in locks.locks_of(command, state):
            self.add(lock)
        for fact in file_commands.facts_of(command):
            self._file_fact(fact, state)
            if isinstance(fact, Create):
                locks.hold_created(fact, state, use.status)
        self._redirections(redirects, place.source, state, command, None)
        if not outer:
            if name == "set":
                state.noclobber = options.noclobber(command.words, state.noclobber)
            for assignment in builtins.apply(command, state):
                self.add(assignment)
            if name in {"source", "."} and command.args:
                ran += self._source(command, state, use)
            elif name == "wait":
                waited = self._jobs.waited_for(command, self._frames)
                if waited is not None:
                    self.add(waited)
        if self.depth < MAX_DEPTH:
            for inner in inner_of(command, state, document or state.input):
                ran += self._inner(inner, command, state, use, redirects)
        return ran

    def _source(self, command: Command, state: State, use: Use) -> list[Command]:
        """Runs a sourced file in the state of the shell that sources it; what is found there is not reported here."""
        here = sourcing.script_path(command.place.source)
        main = here if not self._foreign else self._main
        if here is None or main is None or self.depth >= MAX_DEPTH or state.call_depth >= 5:
            return []
        if not self._foreign:
            self._main = here
        if self._looked_for > 4 * MAX_SOURCED:
            return []
        for path in sourcing.resolve(
            command.args[0].pattern, here, main, state.execution.cwd, state.variables
        ):
            if path in {here, main}:
                return []
            tree = sourcing.tree_of(path)
            self._looked_for += 1
            if tree is None:
                continue
            summary = None
            if (
                len(self._functions_around) == 1
                and self.depth == 1 + self._foreign
                and len(command.args) == 1
            ):
                summary = libraries.summary_of(
                    tree, state, main, self.queue_commands, functools.partial(self._summed_up, tree, main)
                )
            if summary is not None:
                self._libraries.update(dict.fromkeys(summary.origins, summary))
                self._foreign_left = min(self._foreign_left, summary.statements_left)
                return self._take_up(summary, state)
            return self._sourced(tree, command.args[1:], state, use)
        return []

    def _summed_up(self, tree: ShellTree, main: Path, state: State) -> Summary:
        """What a library does to a shell in this state. Another interpreter reads it: nothing of this one goes in."""
        alone = Interpreter(queue_commands=self.queue_commands, depth=1, _file=self._file, _main=main)
        return alone._sum_up(state, lambda: alone._sourced(tree, (), state, Use()))

    def _call_summed_up(self, function: sh.Function, library: Summary, state: State) -> Summary:
        """What a call of a library's function does to a shell in this state."""
        alone = Interpreter(queue_commands=self.queue_commands, depth=1, _file=self._file, _main=self._main)
        alone._origins = dict(library.origins)
        alone._foreign_left = MAX_CALLED
        source = library.origins[id(function)]
        return alone._sum_up(state, lambda: alone._function(function, source, (), state, Use()))

    def _sum_up(self, state: State, run: Callable[[], list[Command]]) -> Summary:
        start = libraries.Start.of(state)
        with surroundings.noted() as looks:
            ran = run()
        assigned = start.assigned(state)
        return Summary(
            start.execution_changes(state),
            state.execution.environment[len(start.execution.environment) :],
            assigned,
            start.grown(state),
            libraries.free_of(assigned),
            state.functions,
            {id(function): self._origins[id(function)] for function in state.functions.values()},
            state.descriptors,
            state.noclobber,
            self._steps,
            self._edges,
            ran,
            self._looked_for,
            self._foreign_left,
            libraries.states_of(looks),
            state,
        )

    def _take_up(self, summary: Summary, state: State) -> list[Command]:
        """Goes on as if the library of a summary had been sourced here."""
        summary.apply(state)
        self._origins.update(summary.origins)
        self._steps += summary.steps
        for name, names in summary.edges.items():
            self._edges.setdefault(name, set()).update(names)
        self._looked_for += summary.looked_for
        return list(summary.ran)

    def _sourced(self, tree: ShellTree, args: Sequence[Arg], state: State, use: Use) -> list[Command]:
        self._foreign += 1
        self.depth += 1
        state.call_depth += 1
        kept = {str(at): state.variables.get(str(at)) for at in range(1, 10)} if args else {}
        for at, arg in enumerate(args, 1):
            state.assign(str(at), Value(arg.pattern, arg.place))
        try:
            with self._subshell():
                return self.block(tree.script.body, tree.source, state, use)
        finally:
            for name, value in kept.items():
                if value is None:
                    state.variables.pop(name, None)
                else:
                    state.variables[name] = value
            state.call_depth -= 1
            self.depth -= 1
            self._foreign -= 1

    # --- pipes and background jobs -----------------------------------------------------------------------------------

    def _inner(
        self,
        inner: Inner,
        command: Command,
        state: State,
        use: Use,
        redirects: Sequence[sh.Redirect] = (),
    ) -> list[Command]:
        """What a wrapper runs, by words or by text."""
        execution = inner.execution
        self.depth += 1
        try:
            if inner.args:
                below = state.copy()
                below.execution = execution
                use = Use("result") if inner.detached else use
                own = command.name in _OWN_INPUT
                inputs = [r for r in redirects if (r.heredoc is not None or r.operator == "<<<") and not own]
                outer = (command, *command.outer)
                below.input = None if own else state.input
                return self.run(inner.args, below, use, place_of(inner.args), inputs, outer)
            if inner.text is not None:
                below = state.started(execution)
                if command.name in {"eval", "trap"}:  # read by this very shell
                    below = state if command.name == "eval" else state.copy()
                    below.execution = execution
                below.input = inner.input or below.input
                before = len(self._steps)
                status = "result" if inner.detached else use.status
                with self._subshell():
                    self.text(inner.text, below, Use(status, use.output, use.output_to))
                ran = [step for step in self._steps[before:] if isinstance(step, Command)]
                chain = (command, *command.outer)
                for step in ran:
                    object.__setattr__(step, "outer", (*step.outer, *chain))
                return ran
        finally:
            self.depth -= 1
        return []

    def _function(
        self,
        function: sh.Function,
        source: Source,
        args: Sequence[Arg],
        state: State,
        use: Use,
        given: Source | None = None,
    ) -> list[Command]:
        self._called.add(id(function))
        source = self._origins.get(id(function), source)
        foreign = source.file is not self._file if self._file is not None else False
        if foreign and not self._foreign and self._foreign_left < 0:
            library = self._libraries.get(id(function))
            if library is not None:
                make = functools.partial(self._call_summed_up, function, library)
                return self._take_up(libraries.call_of(library, function, make), state)
            if id(function) in self._ran_first:
                return list(self._ran_first[id(function)])
            self._foreign_left = MAX_CALLED
        said = tuple(arg.pattern.template for arg in args)
        calls = self._calls.get(id(function))
        if calls is None:
            calls = self._calls[id(function)] = Calls(self._names_asked.of(function.body, source))
        if not self._foreign and given is None and calls.are_alike(said, use.status, state):
            return calls.again(state, self._steps)
        if not self._foreign and self._own_left <= 0 and calls.is_known:
            return calls.passed_over(state)
        news, first_step = self._news, len(self._steps)
        inner = state.copy(functions=(*state.execution.functions, function.name))
        inner.call_depth += 1
        outer_arguments = _arguments_of(state)
        for name in outer_arguments:
            del inner.variables[name]
        for at, arg in enumerate(args, 1):
            inner.assign(str(at), Value(arg.pattern, arg.place))
        inner.know_arguments(args[0].place if args else None)
        inner.given = tuple(args)
        inner.input = given
        self.depth += 1
        self._foreign += foreign
        self._functions_around.append(function)
        try:
            ran = self.statement(function.body, source, inner, use)
        finally:
            self.depth -= 1
            self._foreign -= foreign
            self._functions_around.pop()
        for name in self._local_names.of(function):
            inner.variables.pop(name, None)
            if name in state.variables:
                inner.variables[name] = state.variables[name]
        if foreign:
            self._ran_first.setdefault(id(function), list(ran))
        elif not self._foreign:
            calls.note(said, use.status, state, inner, self._steps[first_step:], ran, self._news > news)
        for name in _arguments_of(inner):
            del inner.variables[name]
        state.variables.update(inner.variables)
        state.functions.update(inner.functions)
        state.guards += [guard for guard in self._checked if _ends_script(guard)]
        state.change(cwd=inner.execution.cwd)
        if isinstance(function.body, sh.Group):
            state.change(lock=inner.execution.lock)
        if isinstance(function.body, sh.Group) and not shapes.keeps_options(function.body):
            state.change(errexit=inner.execution.errexit, pipefail=inner.execution.pipefail)
        return ran

    # --- files -----------------------------------------------------------------------------------------------------

    def _file_fact(self, fact: Act | Glob, state: State) -> None:
        if isinstance(fact, Act):
            fact = guarded(fact, state)
            if isinstance(fact, Replace):
                fact = moved(fact, self.facts)
            elif isinstance(fact, Delete) and state.execution.lock == fact.path_place.text:
                state.change(lock=None)
            for name in fact.path.names & self._loop_globs.keys():
                kind = "delete" if type(fact).__name__ == "Delete" else "read"
                self._loop_globs[name].append((kind, fact.place))
        self.add(fact)

    def _targets(
        self, redirects: Sequence[sh.Redirect], source: Source, state: State
    ) -> tuple[tuple[str, Arg], ...]:
        if not redirects:
            return ()
        return tuple(
            (redirect.operator, arg)
            for redirect in redirects
            if redirect.target is not None
            for arg in args_of(redirect.target, source, state)[:1]
        )

    def _redirections(
        self,
        redirects: Sequence[sh.Redirect],
        source: Source,
        state: State,
        command: Command | None,
        statement: sh.Statement | None,
    ) -> None:
        if not redirects:
            return
        read = builtins.names_read(command) if command is not None else frozenset[str]()
        for redirect in redirects:
            for word in (redirect.target,):
                if word is not None:
                    use, output = Use("masked", output_to=read), "variable" if read else "argument"
                    self._substitutions(word, source, state, use, output=output)
            if redirect.heredoc is not None:
                for part in redirect.heredoc.parts:
                    self._substitutions(part, source, state, Use("masked"), output="argument")
        place = command.place if command else Place(source, statement.span) if statement else None
        if place is None:
            return
        if command is None or command.name == "exec":
            opened = [
                next(iter(args_of(r.target, source, state)), None) if r.target is not None else None
                for r in redirects
            ]
            locks.open_descriptors(redirects, opened, state)
            for redirect in redirects:
                if redirect.descriptor is not None and redirect.descriptor.startswith("{"):
                    state.assign(redirect.descriptor.strip("{}"), Value(PathPattern.of(redirect.descriptor)))
        holder = command or Command(place, "", (), state.execution, status="ignored")
        printed = printed_inside(statement) if statement is not None else None
        for redirect in redirects:
            for operator, arg in self._targets((redirect,), source, state):
                for fact in file_commands.redirect_facts(
                    holder,
                    operator,
                    arg,
                    place,
                    noclobber=state.noclobber,
                    printed=printed,
                    descriptor=redirect.descriptor,
                ):
                    self._file_fact(fact, state)
                    if isinstance(fact, Create):
                        locks.hold_created(fact, state, holder.status)


def _ends_script(guard: ActiveGuard) -> bool:
    """Whether the script, and not only a function, ends where a check says so."""
    return (
        guard.leaving in {"exit", "fails"}
        and re.search(r"\b(?:exit|die|fail)\b", guard.statement.text) is not None
    )


def _exits(execution: Execution) -> bool:
    """Whether a command that fails ends the shell."""
    return bool(execution.errexit) and not execution.errexit_suspended


def _arguments_of(state: State) -> list[str]:
    """The positional parameters that are known, `@` among them."""
    found = [*filter(str.isdigit, state.variables)]
    if "@" in state.variables:
        found.append("@")
    return found


def _rank(fact: object) -> int:
    status = getattr(fact, "status", None)
    if isinstance(fact, Pipe):
        return _STATUS_RANK.get(fact.status, 0) + 10 * (fact.execution.pipefail is True)
    if isinstance(status, str):
        return _STATUS_RANK.get(status, 0)
    return len(getattr(fact, "uses", ()))


def _only_statement(block: sh.Block) -> sh.Statement | None:
    return block.items[0].statement if len(block.items) == 1 and not block.items[0].background else None
