"""What a shell condition asks of processes: `kill -0`, `ps -p`, `pgrep`, `pidof`, `/proc/PID`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.meaning.files import Running
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.shell.frames import Frames
from jobsafety_lint.meaning.shell.leaving import leaving
from jobsafety_lint.meaning.shell.state import State
from jobsafety_lint.meaning.shell.values import value_of
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import Place, Source

_STOPPING = frozenset({"exit", "return"})
_HARMLESS = frozenset(
    [
        ".",
        ":",
        "[",
        "awk",
        "basename",
        "break",
        "cat",
        "cd",
        "continue",
        "cut",
        "date",
        "declare",
        "die",
        "dirname",
        "echo",
        "error",
        "exit",
        "export",
        "fail",
        "false",
        "grep",
        "head",
        "info",
        "kill",
        "killall",
        "let",
        "local",
        "log",
        "logger",
        "ls",
        "mail",
        "mkdir",
        "notify-send",
        "pgrep",
        "pidof",
        "pkill",
        "printf",
        "ps",
        "read",
        "readonly",
        "return",
        "rm",
        "sed",
        "set",
        "shift",
        "shopt",
        "sleep",
        "source",
        "status",
        "tail",
        "tee",
        "test",
        "touch",
        "tr",
        "trap",
        "true",
        "typeset",
        "umask",
        "unset",
        "usage",
        "wait",
        "warn",
        "warning",
        "wc",
        "xargs",
    ]
)
"""Commands that start no work of their own."""
_LISTING = re.compile(r"\b(pgrep|pidof)\b|\bps\b[^|]*\|.*\bgrep\b")
_OF_CONTAINERS = re.compile(r"(?:docker|podman|compose|\$\w+|\$\{\w+\})\"? +ps\b")
"""What lists containers, perhaps by a program that a variable names."""
_SERVICE_MANAGERS = frozenset(
    {"systemctl", "service", "rc-service", "supervisorctl", "sv", "initctl", "launchctl"}
)
_INIT_SCRIPTS = ("/etc/init.d/", "/etc/rc.d/")
"""They see to it themselves that a service runs once."""
_DENIED = re.compile(r"!\s+(?:-z\b|[^\]]*(?:-eq 0|-lt 1))")
"""`[ ! -z "$pid" ]`: it runs."""
_WHETHER_THERE = re.compile(r"\b(?:command\s+-[vV]|which|type|hash)\s+\S*(?:pgrep|pidof|ps)\b")
"""It is asked whether the program is installed."""
_FROM_FILE = re.compile(r"\bcat\b|\bhead\b|\$\(\s*<|\bread\b|\bsed\b|\bawk\b", re.IGNORECASE)


@dataclass(frozen=True)
class Ask:
    """A question for a process: `positive` if the condition is true where the process runs."""

    place: Place
    by: str
    positive: bool
    pid: PathPattern | None = None
    pattern: str = ""


def asks_in(node: sh.Node, source: Source, state: State, *, positive: bool = True) -> Iterator[Ask]:
    """The questions in a condition."""
    match node:
        case sh.Pipeline(stages=(only,), negated=True):
            yield from asks_in(only, source, state, positive=not positive)
        case sh.Pipeline(stages=stages, negated=negated):
            shown = source.shown(node.span)
            if _is_ps_grep(shown):
                yield Ask(Place(source, node.span), "ps | grep", positive is not negated, None, shown)
            else:
                for stage in stages:
                    yield from asks_in(stage, source, state, positive=positive)
        case sh.AndOr(items=items):
            for item in items:
                yield from asks_in(item, source, state, positive=positive)
        case sh.Block(items=items):
            for entry in items:
                yield from asks_in(entry.statement, source, state, positive=positive)
        case sh.Group(body=body) | sh.Subshell(body=body):
            yield from asks_in(body, source, state, positive=positive)
        case sh.Command(words=words) if words:
            yield from _command(node, source, state, positive=positive)
        case sh.Test(words=words):
            yield from _test(node, list(words), source, state, positive=positive)


def _is_ps_grep(text: str) -> bool:
    return re.match(r"\s*!?\s*ps\b", text) is not None and "grep" in text


def _command(node: sh.Command, source: Source, state: State, *, positive: bool) -> Iterator[Ask]:
    name = (node.words[0].literal or "").rpartition("/")[2]
    literals = [word.literal for word in node.words[1:]]
    place = Place(source, node.span)
    if _WHETHER_THERE.search(place.text):
        return
    if name in {"sudo", "command", "timeout"} and len(node.words) > 1:
        rest = [w for w in literals if w and not w.startswith("-")]
        name = next((w for w in rest if w in {"kill", "pgrep", "pidof", "ps"}), name)
    if name in {"[", "test"}:
        yield from _test(node, list(node.words[1:]), source, state, positive=positive)
    elif name == "kill" and ("-0" in literals or literals[:2] == ["-s", "0"]):
        yield Ask(place, "kill -0", positive, value_of(node.words[-1], source, state))
    elif name == "ps" and any(w in {"-p", "--pid", "-q"} or (w or "").startswith("-p") for w in literals):
        yield Ask(place, "ps -p", positive, value_of(node.words[-1], source, state))
    elif name in {"pgrep", "pidof"}:
        flags = any(re.match(r"-\w*f", w or "") for w in literals)
        yield Ask(place, "pgrep -f" if flags else name, positive, None, place.text)


def _test(
    node: sh.Statement, words: list[sh.Word], source: Source, state: State, *, positive: bool
) -> Iterator[Ask]:
    shown = source.shown(node.span)
    literals = [word.literal for word in words]
    nothing = "-z" in literals or re.search(r"-eq 0|-lt 1|(?<!!)==? [\"']?0?[\"']?\s*\]", shown) is not None
    denied = _DENIED.search(shown) is not None if nothing else "!" in literals
    positive = positive is not (nothing is not denied)
    place = Place(source, node.span)
    for word in words:
        value = value_of(word, source, state)
        text = _OF_CONTAINERS.sub("", "".join(hole.text for hole in value.holes))
        if text and _LISTING.search(text) and not _WHETHER_THERE.search(text):
            yield Ask(
                place,
                "pgrep" if "pgrep" in text else "pidof" if "pidof" in text else "ps | grep",
                positive,
                None,
                text,
            )
            return
        first = value.parts[0] if value.parts else ""
        if isinstance(first, str) and first.startswith("/proc/") and value.holes:
            yield Ask(place, "/proc", positive, value)
            return


def _is_answer(if_running: sh.Block | None, if_not: sh.Block | None, *, last: bool) -> bool:
    """Whether both ways only return: `if pgrep x; then return 0; else return 1; fi`, which decides nothing by itself.
    `last`: the function ends behind it, which is a return, too.
    """
    return all(leaving(block) == "return" if block is not None else last for block in (if_running, if_not))


def _is_toggle(if_running: sh.Block | None) -> bool:
    """Whether the process is ended where it runs: a switch that a person flips."""
    if if_running is None:
        return False
    programs = {
        node.words[0].literal for node in if_running.walk() if isinstance(node, sh.Command) and node.words
    }
    return bool(programs & {"kill", "pkill", "killall"})


def starts_work(name: str) -> bool:
    """Whether a command of this name does work of its own."""
    return (
        bool(name)
        and name not in _HARMLESS
        and not name.startswith(("log", "print", "echo", "err", "warn", "msg", "notice"))
    )


def _started_in(block: sh.Block | None, source: Source) -> Place | None:
    """The first command of a block that starts work."""
    if block is None:
        return None
    for node in block.walk():
        if isinstance(node, sh.Command) and node.words:
            program = node.words[0].literal or ""
            name = program.rpartition("/")[2]
            if starts_work(name) and name not in _SERVICE_MANAGERS and not program.startswith(_INIT_SCRIPTS):
                return Place(source, node.span)
    return None


def decided_by_if(statement: sh.If, source: Source, state: State, frames: Frames) -> Iterator[Running]:
    """What depends on whether a process runs: the script stops, or starts one."""
    branch = statement.branches[0]
    for ask in asks_in(branch.condition, source, state):
        if_running, if_not = (
            (branch.body, statement.otherwise) if ask.positive else (statement.otherwise, branch.body)
        )
        started = _started_in(if_not, source)
        if started is None and _is_answer(if_running, if_not, last=frames.is_last_in_function()):
            continue
        if if_running is not None and leaving(if_running) in _STOPPING:
            stop = Place(source, if_running.items[-1].statement.span)
            yield from _decided(ask, "leaves", stop, state)
        elif started is not None and not _is_toggle(if_running):
            yield from _decided(ask, "starts", started, state)


def decided_by_list(statement: sh.AndOr, source: Source, state: State, frames: Frames) -> Iterator[Running]:
    """The same of `kill -0 "$pid" && exit`, `pgrep x || start x`."""
    last = statement.items[-1]
    started = _started_in(sh.Block(last.span, (sh.Item(last.span, last, ";"),)), source)
    if started is None and leaving(last) == "return" and frames.is_last_in_function():
        return  # it answers, as `_is_answer` has it of an `if`
    if len(statement.items) > 2 and all(leaving(item) == "return" for item in statement.items[-2:]):
        return  # so does `[ "$(pgrep x)" ] && return 1 || return 0`
    for item, operator in zip(statement.items, statement.operators, strict=False):
        for ask in asks_in(item, source, state):
            if ask.positive is (operator == "&&"):
                if leaving(last) in _STOPPING:
                    yield from _decided(ask, "leaves", Place(source, last.span), state)
            elif started is not None:
                yield from _decided(ask, "starts", started, state)
        if operator != "&&":
            return


def _decided(ask: Ask, outcome: str, decided: Place | None, state: State) -> Iterator[Running]:
    """The fact, unless the process is a child that this shell has started itself."""
    pid_file: PathPattern | None = None
    if ask.pid is not None:
        text = " ".join(hole.text for hole in ask.pid.holes)
        if "$!" in text or not ask.pid.holes:
            return
        pid_file = ask.pid if _FROM_FILE.search(text) else None
    yield Running(ask.place, ask.by, state.execution, outcome, "shell", pid_file, ask.pattern, decided)
