"""One level of unwrapping: what a command runs in turn, and under what circumstances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.execution import Concurrency, Execution, Loop, Setting
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.queue import grammar as queue
from jobsafety_lint.meaning.shell.state import State
from jobsafety_lint.meaning.wrappers import CONTAINERS, GRAMMARS, SHELLS, SUBMITTERS, Peeled, peel, tail
from jobsafety_lint.source import Place, SnippetBuilder, Source


@dataclass(frozen=True, eq=False)
class Inner:
    """What is run inside: either words (exec style) or a text for a shell. `detached`: the outer command's status is
    not the inner one's (a queued job). `input`: the here-document that a shell in the text reads (`ssh host 'bash -s' <<X`).
    """

    execution: Execution
    args: tuple[Arg, ...] = ()
    text: Source | None = None
    detached: bool = False
    input: Source | None = None


def snippet(args: Sequence[Arg]) -> Source | None:
    """The text that words become when they are joined by blanks, with its positions; None if there are none.

    The words must all come from one source; words of another one are left out of the map.
    """
    if not args:
        return None
    builder = SnippetBuilder(args[0].place.source)
    for at, arg in enumerate(args):
        if at:
            builder.add_synthetic(" ")
        same = arg.place.source is builder.host
        for pattern, span in arg.pieces or ((arg.pattern, arg.place.span),):
            for part in pattern.parts:
                if not isinstance(part, str):
                    builder.add_hole(part, span if same else args[0].place.span)
                elif same:
                    builder.add(part, span)
                else:
                    builder.add_synthetic(part)
    return builder.build()


def runs_others(program: str) -> bool:
    """Whether a program runs what its last words say."""
    name = program.rpartition("/")[2]
    return name == "eval" or name in GRAMMARS or name in _LATER


_LATER = frozenset({"at", "batch"})
"""Programs that run what they read later (at(1))."""


def inner_of(command: Command, state: State, document: Source | None) -> Iterator[Inner]:
    """What a command runs in turn. `document` is the text of a here-document on its input."""
    name = command.name
    if name == "pueue":
        yield from _pueue(command, state.execution)
        return
    if name in {"eval", "trap"}:
        yield from _evaluated(command, state.execution)
        return
    if name == "find":
        yield from _find_exec(command, state.execution)
        return
    if name in _LATER and document is not None:
        yield Inner(_queued(command, state.execution, name), text=document, detached=True)
        return
    peeled = peel(name, command.args)
    if peeled is None:
        return
    execution = _execution(command, peeled, state.execution)
    if name == "parallel":
        end = next(
            (i for i, arg in enumerate(peeled.inner) if (arg.text or "").startswith(":::")), len(peeled.inner)
        )
        text = snippet(peeled.inner[:end])
        if text is not None:
            yield Inner(execution.but(shell="bash", errexit=False, pipefail=False), text=text)
        return
    if not peeled.inner or (peeled.inner_style == "script" and _reads_input(peeled)):
        if document is not None and (name in SHELLS or name in SUBMITTERS or name == "ssh"):
            yield Inner(execution, text=document)
        return
    detached = name in SUBMITTERS
    if peeled.inner_style == "string":
        text = snippet(peeled.inner)
        if text is not None:
            yield Inner(execution, text=text, detached=detached, input=document if name == "ssh" else None)
    elif peeled.inner_style == "exec":
        yield Inner(execution, args=peeled.inner, detached=detached)


def _reads_input(peeled: Peeled) -> bool:
    return peeled.has("-s") or peeled.inner[0].text == "-"


def _queued(command: Command, execution: Execution, queue: str) -> Execution:
    """The circumstances of a job that a program queues: a shell of its own, later, perhaps beside others."""
    queued = Concurrency(f"{queue} runs it as a job", command.place)
    return execution.but(
        shell="sh",
        errexit=False,
        pipefail=False,
        errexit_suspended=False,
        queue=queue,
        background=False,
        input_of=None,
        concurrency=(*execution.concurrency, queued),
    )


def launch_of(call: queue.QueueCommand, commands: Sequence[Command]) -> queue.Launch | None:
    """The job that a `pueue add` queues; `commands` are those that it runs. None if it queues nothing."""
    text = snippet(call.rest) if call.subcommand == "add" else None
    if text is None:
        return None
    client = set(call.execution.environment)
    settings = dict.fromkeys(s for c in commands for s in c.execution.environment if s not in client)
    settings |= dict.fromkeys(
        s for s in call.execution.environment if s.by not in {"export", "configuration"}
    )  # a job gets the client's environment
    label, group = call.value("-l", "--label"), call.value("-g", "--group")
    return queue.Launch(
        call,
        text,
        tuple(commands),
        tuple(settings),
        call.value("-w", "--working-directory"),
        label.pattern if label else None,
        group.pattern if group else None,
    )


def _pueue(command: Command, execution: Execution) -> Iterator[Inner]:
    call = queue.parse(command)
    if call is None or call.subcommand != "add" or not call.rest:
        return
    text = snippet(call.rest)
    if text is None:
        return
    directory = call.value("-w", "--working-directory")
    where = {"cwd": directory.pattern, "at_home": False} if directory else {}
    inner = _queued(command, execution, "pueue").but(**where)
    if call.has("-e", "--escape"):
        yield Inner(inner, args=call.rest, detached=True)
    else:
        yield Inner(inner, text=text, detached=True)


def _evaluated(command: Command, execution: Execution) -> Iterator[Inner]:
    args = command.args if command.name == "eval" else command.args[:1]
    if command.name == "trap" and (len(command.args) < 2 or (args[0].text or "-") in {"-", ""}):
        return
    text = snippet(args)
    if text is not None and not (len(text.text) == 1 and text.holes):
        yield Inner(execution, text=text, detached=command.name == "trap")


def _find_exec(command: Command, execution: Execution) -> Iterator[Inner]:
    words = command.words
    for at, word in enumerate(words):
        if word in {"-exec", "-execdir", "-ok", "-okdir"}:
            end = next((i for i in range(at + 1, len(words)) if words[i] in {";", "+"}), len(words))
            loop = Loop("find", command.place, ("{}",))
            if command.args[at + 1 : end]:
                yield Inner(execution.but(loops=(*execution.loops, loop)), args=command.args[at + 1 : end])


def _execution(command: Command, peeled: Peeled, execution: Execution) -> Execution:
    """The circumstances inside a wrapper."""
    name = command.name
    if name == "ssh":
        host = peeled.operands[0].pattern if peeled.operands else PathPattern(())
        return Execution(
            host=host,
            shell="bash",
            at_home=True,
            loops=execution.loops,
            concurrency=execution.concurrency,
            functions=execution.functions,
        )
    if name in SHELLS:
        said = {"errexit": False, "pipefail": False}
        if name == "bash":
            said |= _shell_options_of(execution)
        for option, value in peeled.options:
            if option in {"-e", "+e"}:
                said["errexit"] = option == "-e"
            elif option in {"-o", "+o"} and value is not None and value.text in said:
                said[value.text] = option == "-o"
        return execution.but(
            shell=name, errexit_suspended=False, inherit_errexit=False, lastpipe=False, **said
        )
    if name in CONTAINERS:
        verb = next((word for word in command.words if word in {"run", "exec", "compose"}), "")
        alone = verb == "run" and not peeled.has("-v", "--volume", "--mount", "--volumes-from")
        return execution.but(own_files=alone, cwd=None, at_home=False)
    if name in {"xargs", "parallel"}:
        return _fanned_out(command, peeled, execution)
    if name in SUBMITTERS:
        return _queued(command, execution, name)
    if name == "flock" and peeled.operands:
        return execution.but(lock=peeled.operands[0].place.text)
    settings = [*_settings(peeled.settings, name)]
    if name == "systemd-run":
        settings += _settings([v for option, v in peeled.options if option in {"-E", "--setenv"} and v], name)
    changes: dict[str, object] = {}
    if settings:
        changes["environment"] = (*execution.environment, *settings)
    directory = _directory(name, peeled)
    if directory is not None:
        changes |= {"cwd": directory.pattern, "at_home": False}
    return execution.but(**changes) if changes else execution


def _shell_options_of(execution: Execution) -> dict[str, bool]:
    """What an exported SHELLOPTS makes of a bash that is started: the options of the shell that starts it, or those
    that it is set to (`env SHELLOPTS=pipefail bash -c …`).
    """
    said = {"errexit": False, "pipefail": False}
    for setting in execution.environment:
        if setting.name == "SHELLOPTS":
            if setting.by == "export":
                said = {"errexit": execution.errexit is True, "pipefail": execution.pipefail is True}
            else:
                words = (setting.value.text or "").split(":")
                said = {name: name in words for name in said}
    return said


def _directory(name: str, peeled: Peeled) -> Arg | None:
    if name == "env":
        return peeled.option("-C", "--chdir")
    if name == "uv":
        return peeled.option("--directory", "--project")
    if name in {"systemd-run", "conda", "mamba", "micromamba"}:
        return peeled.option("--working-directory", "--cwd")
    return peeled.option("-C", "--cd") if name in {"mise", "poetry"} else None


def _settings(args: Sequence[Arg], by: str) -> Iterator[Setting]:
    for arg in args:
        first = arg.pattern.parts[0] if arg.pattern.parts else ""
        if isinstance(first, str) and "=" in first:
            name = first.partition("=")[0]
            yield Setting(name, tail(arg, len(name) + 1).pattern, arg.place, by)


def _fanned_out(command: Command, peeled: Peeled, execution: Execution) -> Execution:
    placeholder = peeled.option("-I", "--replace")
    variable = (placeholder.text if placeholder else None) or "{}"
    loops = [Loop(command.name, command.place, (variable,))]
    if command.name == "parallel":
        loops = _over_sources(command, peeled, variable)
    jobs = peeled.option("-P", "--max-procs", "-j", "--jobs")
    parallel = command.name == "parallel" or (jobs is not None and jobs.text != "1")
    reasons = (Concurrency(f"{command.name} runs several at once", command.place),) if parallel else ()
    return execution.but(
        loops=(*execution.loops, *loops), concurrency=(*execution.concurrency, *reasons), input_of=None
    )


def _over_sources(command: Command, peeled: Peeled, variable: str) -> list[Loop]:
    """The loops of GNU parallel, one for each of its sources: `{2}` is what the second one gives (parallel(1), "positional
    replacement strings").
    """
    sources: list[list[str] | None] = []
    for arg in peeled.inner:
        text = arg.text
        if text in {":::", ":::+"}:
            sources.append([])
        elif text in {"::::", "::::+"}:
            sources.append(None)
        elif sources and sources[-1] is not None:
            if text is None:
                sources[-1] = None
            else:
                sources[-1].append(text)
    columns = _COLUMNS if not sources and peeled.has("--colsep", "-C") else 1
    given = sources or [None] * columns
    return [
        Loop(
            "parallel",
            command.place,
            (variable, "{1}") if at == 1 else (f"{{{at}}}",),
            tuple(values) if values is not None else None,
        )
        for at, values in enumerate(given, 1)
    ]


_COLUMNS = 6
"""How many columns of a line that is read get a loop of their own."""


def place_of(args: Sequence[Arg]) -> Place:
    """From the first to the last word."""
    first, last = args[0].place, args[-1].place
    if first.source is not last.source:
        return first
    return Place(first.source, type(first.span)(first.span.start, max(first.span.end, last.span.end)))
