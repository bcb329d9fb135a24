"""A file's facts to its links: what the rest of the project may need, taken out of the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from jobsafety_lint.discover import Discovered
from jobsafety_lint.meaning.appends import is_surely_long, mixes
from jobsafety_lint.meaning.commands import Arg, Command, Pipe
from jobsafety_lint.meaning.configuration import TaskDefinition
from jobsafety_lint.meaning.data.datasets import Merge
from jobsafety_lint.meaning.data.sql import SqlStatement
from jobsafety_lint.meaning.deployment.rows import Row
from jobsafety_lint.meaning.environment.links import environment_links
from jobsafety_lint.meaning.execution import Execution, Loop
from jobsafety_lint.meaning.file_facts import FileFacts
from jobsafety_lint.meaning.files import Append, Create, Glob
from jobsafety_lint.meaning.fixing import is_verbatim
from jobsafety_lint.meaning.functions import ArtifactName, ScriptArgument
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.project.links import (
    AppendLink,
    ExpandsHomeLink,
    FileLinks,
    GlobLink,
    LoopLink,
    NameLink,
    RunLink,
    ScriptOption,
    SqlLink,
    TaskLink,
    TemporaryLink,
    TildeLink,
    Word,
    defined_in,
)
from jobsafety_lint.meaning.python.values import ITERDIR, LISTING
from jobsafety_lint.meaning.queue.grammar import Launch
from jobsafety_lint.meaning.queue.links import links_of_row
from jobsafety_lint.meaning.scripts import script_task
from jobsafety_lint.meaning.temporaries import written_names
from jobsafety_lint.meaning.tildes import python_script, tilde_in_option
from jobsafety_lint.meaning.wrappers import peel
from jobsafety_lint.model import Mark
from jobsafety_lint.source import Place

_PYTHON = re.compile(r"^(?:python|pypy)[\d.]*$")
_SHELLS = frozenset({"bash", "sh", "dash", "zsh", "ksh"})
_SCRIPT = re.compile(r"\.(?:py|sh|bash|zsh|ksh)$")
_NEAR = ("./", "../")
_OPTION = re.compile(r"--?[A-Za-z][\w-]*=")
_BARE = re.compile(r"^[a-z][\w-]*$")
_HARMFUL = frozenset({"delete", "move", "merge"})
_LABELS = frozenset({"xargs", "parallel", "find"})


def links_of(facts: FileFacts, item: Discovered, role: str) -> FileLinks:
    """The links of a file. `role` says what part of the project it is."""
    linker = _Linker(facts)
    found = [link for fact in facts.facts for link in linker.links(fact)]
    found += environment_links(facts)
    found += _temporary_links(facts)
    found += _tilde_links(facts)
    if item.kind in {"shell", "python"}:
        script = script_task(facts.source, item.path)
        found += [TaskLink(script, "script")] if script is not None else []
    defined = defined_in(facts.source.text) if item.kind == "python" else ()
    return FileLinks(item.path.as_posix(), item.shown, item.kind, role, tuple(found), defined)


def _temporary_links(facts: FileFacts) -> Iterator[TemporaryLink]:
    """The temporary files that a script writes by itself; the check of one file speaks of what it runs several times at once."""
    for group in written_names(facts.facts):
        first = group[0]
        if first.place.source.host is None and not any(name.execution.concurrency for name in group):
            yield TemporaryLink(facts.mark(first.place), first.code, _around(first.execution))


def _around(execution: Execution) -> str:
    """The function around some code; empty for the script."""
    return execution.functions[-1] if execution.functions else ""


def _tilde_links(facts: FileFacts) -> Iterator[TildeLink | ExpandsHomeLink]:
    """The options with a `~` that scripts of Python get, and whether this file is one that expands it."""
    commands = [fact for fact in facts.facts if isinstance(fact, Command)] if "~" in facts.source.text else []
    for command in commands:
        tildes = [arg for arg in command.args if tilde_in_option(arg.place.text) is not None]
        script = python_script(command) if tildes else ""
        for arg in tildes if script else ():
            yield TildeLink(facts.mark(arg.place), command.name, script, is_verbatim(arg.place))
    if facts.source.language == "python" and "expanduser" in facts.source.text:
        yield ExpandsHomeLink(facts.source.path.rpartition("/")[2])


class _Linker:
    def __init__(self, facts: FileFacts) -> None:
        self.facts = facts
        self.labels: dict[int, frozenset[str] | None] = {}
        for fact in facts.facts:
            if isinstance(fact, Launch):
                self.labels[id(fact.call.command)] = fact.label.names if fact.label is not None else None
        self._compared = {fact.place.span: fact.compared for fact in facts.facts if isinstance(fact, Merge)}
        self._rows = 0
        self._pipes = [fact for fact in facts.facts if isinstance(fact, Pipe)]
        self._made = [fact for fact in facts.facts if isinstance(fact, Create)]

    def links(self, fact: object) -> Iterator[object]:
        """What a fact gives."""
        reader = _BY_KIND.get(type(fact))
        return reader(self, fact) if reader is not None else iter(())

    def mark(self, place: Place) -> Mark:
        return self.facts.mark(place)

    def loops(self, loops: tuple[Loop, ...]) -> tuple[LoopLink, ...]:
        return tuple(LoopLink(self.mark(loop.place), loop.variables, loop.values) for loop in loops)

    def name(self, name: ArtifactName) -> Iterator[NameLink]:
        if not name.purposes and not name.pattern.name.holes and not name.jobs:
            return
        yield NameLink(
            self.mark(name.place),
            name.pattern,
            name.template,
            name.function.name if name.function is not None else None,
            name.purposes,
            name.roles,
            name.returned,
            name.variable,
            name.language,
            self.loops(name.execution.loops),
            tuple((self.mark(place), taken) for place, taken in name.jobs),
            tuple((arm.statement.span.start, arm.index) for arm in name.execution.arms),
            name.execution.settled,
        )

    def glob(self, glob: Glob) -> Iterator[GlobLink]:
        uses = tuple((kind, self.mark(place)) for kind, place in glob.uses if kind in _HARMFUL)
        whole = glob.by in {LISTING, ITERDIR} and glob.path.name.text == "*"  # it says nothing about names
        if uses and not whole:
            here = glob.execution.cwd if _is_relative(glob.path) else None
            told = glob.filtered_by | (here.names if here is not None else frozenset())
            told = told.union(*(self._compared.get(place.span, ()) for _, place in glob.uses))
            yield GlobLink(
                self.mark(glob.place),
                glob.path,
                uses,
                told,
                (glob.scope | glob.execution.loop_variables) - _given_up(glob.execution),
                glob.execution.functions,
                glob.language,
            )

    def row(self, row: Row) -> Iterator[object]:
        self._rows += 1
        return links_of_row(row, self._rows, self._pipes, self.mark)

    def argument(self, argument: ScriptArgument) -> Iterator[ScriptOption]:
        yield ScriptOption(
            argument.variable,
            self.mark(argument.place),
            argument.names,
            argument.flags,
            argument.position,
            argument.used,
        )

    def task(self, task: TaskDefinition) -> Iterator[TaskLink]:
        if task.file is not None:
            yield TaskLink(task.name, "file", task.file)
        for command in reversed(task.commands):
            found = _program_of(command)
            if found is not None and found[0] != "command":
                kind, program, args = found
                yield TaskLink(task.name, kind, program, tuple(_word(arg, set()) for arg in args))
                return

    def append(self, act: Append) -> Iterator[AppendLink]:
        execution = act.execution
        # said of the file already; or a name that its arguments may tell apart
        passed = execution.concurrency or execution.background or act.place.source.host or act.path.names
        parts = "" if passed else mixes(act)
        if parts:
            yield AppendLink(
                self.mark(act.place), act.path_place.text, parts, _around(act.execution), is_surely_long(act)
            )

    def sql(self, said: SqlStatement) -> Iterator[SqlLink]:
        yield SqlLink(self.mark(said.place), said.use)

    def run(self, command: Command) -> Iterator[RunLink]:
        found = _program_of(command)
        if found is None:
            return
        kind, program, args = found
        queue = next((w for w in command.outer if w.name == command.execution.queue), None)
        if kind == "command" and queue is None:
            return
        loops = self.loops(command.execution.loops)
        fanned = {v for loop in command.execution.loops if loop.kind in _LABELS for v in loop.variables}
        words = (*(_word(arg, fanned) for arg in args), *_appended(command, fanned))
        label = self.labels.get(id(queue)) if queue is not None else None
        by = queue or command
        execution = command.execution
        together = queue is not None or execution.background or bool(execution.concurrency)
        alone = (execution.alone or execution.own_files) and execution.host is None and not together
        made = any(self._is_made(arg.pattern, command) for arg in args)
        yield RunLink(self.mark(by.place), kind, program, words, loops, together, label, alone, made)

    def _is_made(self, given: PathPattern, command: Command) -> bool:
        """Whether an argument is a folder that the same text has made, whatever was there, before a command."""
        wanted = _without_option(given)
        return bool(wanted.parts) and any(
            made.what == "directory"
            and made.path.same_object(wanted)
            and made.place.source is command.place.source
            and made.place.span.end <= command.place.span.start
            for made in self._made
        )


_BY_KIND: dict[type, Callable[[_Linker, Any], Iterator[object]]] = {
    ArtifactName: _Linker.name,
    Glob: _Linker.glob,
    Command: _Linker.run,
    TaskDefinition: _Linker.task,
    ScriptArgument: _Linker.argument,
    Row: _Linker.row,
    SqlStatement: _Linker.sql,
    Append: _Linker.append,
}


_TASK_RUNS = frozenset({"run", "r"})
_MISE_VALUES = frozenset(
    [
        "-C",
        "--cd",
        "-E",
        "--env",
        "-j",
        "--jobs",
        "-o",
        "--output",
        "-s",
        "--shell",
        "-t",
        "--tool",
        "--timeout",
    ]
)


def _task_of(args: tuple[Arg, ...]) -> tuple[str, str, tuple[Arg, ...]] | None:
    """The task that `mise run [OPTION…] TASK [--] [ARG…]` starts, with its arguments."""
    rest = list(args)
    while rest and (text := rest.pop(0).pattern.literal) not in _TASK_RUNS:
        if text in _MISE_VALUES and rest:
            rest.pop(0)
        elif not text.startswith("-") and text not in {"task", "tasks"}:
            return None
    while rest and (text := rest[0].pattern.literal).startswith("-"):
        del rest[: 2 if text in _MISE_VALUES else 1]
    if not rest or rest[0].text is None:
        return None
    name = rest.pop(0).text or ""
    if rest and rest[0].text == "--":
        rest.pop(0)
    return "task", name, tuple(rest)


def _word(arg: Arg, fanned: set[str]) -> Word:
    literal = arg.pattern.literal
    return Word(arg.text, literal, arg.pattern.names | {name for name in fanned if name in literal})


def _appended(command: Command, fanned: set[str]) -> Iterator[Word]:
    """The words that xargs or parallel puts behind those of a command that names no place for them."""
    by = command.outer[0] if command.outer else None
    if by is None or by.name not in {"xargs", "parallel"}:
        return
    loops = [loop for loop in command.execution.loops if loop.place == by.place]
    if any(name in arg.pattern.literal for arg in command.args for name in fanned):
        return
    peeled = peel(by.name, by.args)
    most = peeled.option("-n", "--max-args", "-L") if peeled is not None else None
    if by.name == "parallel":
        yield from (Word(None, "", frozenset(loop.variables[-1:])) for loop in loops)
    elif most is not None and most.text is not None and most.text.isdigit():
        yield from (Word(None, "", frozenset(loops[-1].variables)) for _ in range(int(most.text)) if loops)


def _given_up(execution: Execution) -> frozenset[str]:
    """The variables of the innermost loop, where the code is in an arm that ends all of its passes: what is cleaned up
    before a `break` is what they have left behind.
    """
    loop = execution.loops[-1] if execution.loops else None
    if loop is None or not any(
        arm.leaves == "break"
        and arm.statement.source is loop.place.source
        and arm.statement.span.start > loop.place.span.start
        for arm in execution.arms
    ):
        return frozenset()
    return frozenset(loop.variables)


def _program_of(command: Command) -> tuple[str, str, tuple[Arg, ...]] | None:
    """What a command runs of the project: its kind, name as written and arguments."""
    written = command.program.pattern.literal if command.program is not None else ""
    args = command.args
    installed = command.execution.alone  # a unit, an image: where a script lies says its whole path
    if _PYTHON.match(command.name):
        at = 0
        while at < len(args) and args[at].pattern.literal.startswith("-"):
            option = args[at].text or ""
            if option == "-m" and at + 1 < len(args):
                return "module", args[at + 1].pattern.literal, args[at + 2 :]
            if option in {"-c", "-"}:
                return None
            at += 2 if option in {"-W", "-X"} else 1
        return ("file", args[at].pattern.literal, args[at + 1 :]) if at < len(args) else None
    if command.name in _SHELLS:
        first = next((i for i, a in enumerate(args) if not a.pattern.literal.startswith("-")), None)
        script = args[first].pattern.literal if first is not None else ""
        if first is None or not (_SCRIPT.search(script) or (installed and script.startswith("/"))):
            return None
        return "file", script, args[first + 1 :]
    if _SCRIPT.search(command.name) or (
        written.startswith(("/", *_NEAR) if installed else _NEAR) and command.name
    ):
        return "file", written, args
    if command.name == "mise":
        return _task_of(args)
    if _BARE.match(command.name) and args and command.name == written:
        return "command", command.name, args
    return None


def _without_option(given: PathPattern) -> PathPattern:
    """What `--option=path` gives to its option; the whole of other arguments."""
    first = given.parts[0] if given.parts else None
    option = _OPTION.match(first) if isinstance(first, str) else None
    if option is None:
        return given
    rest = option.string[option.end() :]
    return PathPattern((*((rest,) if rest else ()), *given.parts[1:]))


def _is_relative(path: PathPattern) -> bool:
    """Whether a path certainly lies below the working directory."""
    return not path.is_absolute and bool(path.parts) and isinstance(path.parts[0], str)
