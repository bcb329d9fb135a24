"""JOB317: `pueue wait` succeeds when tasks have failed, and later steps rely on it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import CallsAfter, Command, Condition, Sequence
from jobsafety_lint.meaning.deployment.rows import Row, Step
from jobsafety_lint.meaning.queue.flow import group_of, on_one_host, option_value
from jobsafety_lint.meaning.queue.grammar import QueueCommand, parse
from jobsafety_lint.model import Confidence, Edit, Fix, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB317",
    "wait-ignores-failure",
    "`pueue wait` succeeds when tasks failed, and later steps rely on it",
    Severity.WARNING,
    Confidence.HIGH,
    references=("AP-6",),
    fix="unsafe",
    unsafe_because="the script now stops, or takes the other branch, at the first task that fails",
)

_NO_WORK = frozenset({
    "echo", "printf", "log", "logger", "info", "warn", "error", "date", "sleep", "true", "false", ":",
    "exit", "return", "cd", "pushd", "popd", "set", "export", "local", "declare", "readonly", "read",
    "trap", "kill", "wait", "rm", "tput", "clear", "unset", "shift", "hostname", "break", "continue",
    "test", "[", "jq", "grep", "egrep", "rg", "wc", "ls", "head", "tail", "cat", "du", "df", "mkdir",
    "touch", "notify-send", "mail", "sendmail", "say", "tee", "source", ".", "command", "type", "which",
    "eval", "seq", "awk", "sed", "cut", "tr", "sort", "uniq", "basename", "dirname", "ssh", "env", "sudo",
    "bash", "sh", "time", "timeout", "nohup", "xargs", "mktemp",
    "systemctl", "service", "shutdown", "poweroff", "halt", "reboot",
})  # fmt: skip
"""What does not rely on the results of the jobs, or is only a way to run something that does."""
_QUEUE_WORK = frozenset({"add", "start", "enqueue"})
_TAKES_CODE = frozenset({"pull", "fetch", "checkout", "switch", "reset", "clean", "rebase"})
_INSTALLS = re.compile(
    r"(?:uv|poetry|pdm|pixi)\s+(?:sync|install)\b|(?:uv\s+)?(?:-m\s+)?pip3?\s+install\b|npm\s+ci\b"
)
_RELIES = re.compile(
    r"(?i)merge|combin|concat|aggregat|collect|join|assembl|report|summar|upload|deploy|publish|release|sync|promot|finali|postproc|"
    r"post_proc|evaluat|train|optimi|index|import|load|ingest|export|render|plot|build|reduce|blend"
)
_CHECKS = re.compile(r"(?i)status|fail|check|verif|valid|outcome|success|assert|raise|is_file|exists")
_RUNS = re.compile(
    r"^(?:subprocess|sp|os|asyncio|sh|invoke|plumbum)\.|(?:^|\.)(?:check_call|check_output|run|call|system|Popen)$"
)


@RULE.on(QueueCommand)
def waited(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """A wait for the end, whatever the end was."""
    if call.subcommand != "wait" or _for_success(call) or call.more or context.role == "test":
        return
    if call.command.status == "masked" and not call.in_python:
        return
    standing = next(_sequences_with(call, context), None)
    if standing is not None and _is_drain(call, *standing):
        return
    if call.in_python and call.place.source is call.place.source.file:
        yield from _in_python(call, context)
        return
    if standing is None:
        return
    work = _work_after(call, *standing) or _work_of_dependents(call, context)
    if call.in_python and (work is None or work.place.source is not call.place.source):
        yield from _in_python(call, context)
    elif work is not None:
        yield _found(call, work, _confidence(call, work))


def _sequences_with(call: QueueCommand, context: Context) -> Iterator[tuple[Sequence, int]]:
    """The sequences that a call is a step of, with its position."""
    for sequence in context.all(Sequence):
        for at, step in enumerate(sequence.steps):
            if step.place == call.place:
                yield sequence, at
                break


def _work_of_dependents(call: QueueCommand, context: Context) -> Command | None:
    """The first such step of a task that depends on the one which waits: `depends = ["wait"]`."""
    for row in context.all(Row):
        steps = tuple(step.command if isinstance(step, Step) else step for step in row.steps)
        at = next((at for at, step in enumerate(steps) if step.place == call.place), None)
        if at is not None:
            work = _work_after(call, Sequence(row.place, row.kind, row.title, steps), at)
            if work is not None:
                return work
    return None


def _for_success(call: QueueCommand) -> bool:
    """Whether it waits for tasks that succeed: `--status success`, or what is not known; not `--status done`."""
    if not call.has("-s", "--status"):
        return False
    given = option_value(call, "-s", "--status")
    return given is None or given.literal.lower() != "done"


def _is_drain(call: QueueCommand, sequence: Sequence, at: int) -> bool:
    """Whether it waits for the end of what has just been killed: nobody expects that to succeed."""
    for step in reversed(sequence.steps[:at]):
        other = parse(step) if isinstance(step, Command) and step.name == "pueue" else None
        if other is None or not on_one_host(other, call):
            continue
        if other.subcommand in _QUEUE_WORK | {"restart"}:
            return False
        if other.subcommand == "kill":
            everything = other.has("-a", "--all") or call.has("-a", "--all")
            return everything or bool(other.ids) or group_of(other) == group_of(call)
    return False


def _confidence(call: QueueCommand, work: Command) -> Confidence:
    if call.command.status in {"branch", "exits"}:
        return Confidence.HIGH
    return Confidence.MEDIUM if _RELIES.search(work.place.text) else Confidence.LOW


def _work_after(call: QueueCommand, sequence: Sequence, at: int) -> Command | None:
    """The first step behind the wait that needs the jobs' results, if nothing looks at them before."""
    killed: set[str] = set()
    for step in sequence.steps[at + 1 :]:
        if isinstance(step, Condition):
            continue
        other = parse(step) if step.name == "pueue" else None
        if other is not None and other.subcommand == "kill":
            killed.add(group_of(other))
        elif other is not None and other.subcommand == "start" and group_of(other) in killed:
            continue  # it lets the group go on that the kill has paused
        if _looks(step, sequence) or _takes_code(step):
            return None
        if _is_work(step) and not _exclusive(call.place, step.place):
            return step
    return None


def _looks(command: Command, sequence: Sequence) -> bool:
    """Whether a command asks how the tasks ended, or whether the files are there."""
    if command.name in {"[", "test"} and {"-f", "-s", "-e", "-d", "-r"} & set(command.words):
        return True
    other = parse(command) if command.name == "pueue" else None
    if other is None or other.subcommand not in {"status", "log", "wait"}:
        return False
    if other.subcommand == "wait":
        return _for_success(other)
    return command.output_use in {"branch", "decides"} or bool(command.output_to)


def _takes_code(command: Command) -> bool:
    """Whether other code comes for the next jobs: the wait was for a queue that is empty, not for results."""
    if command.name == "systemctl":
        return any("pueue" in (word or "") for word in command.words)
    if command.name == "pueue":
        other = parse(command)
        return other is not None and other.subcommand in {"reset", "shutdown"}
    return command.name == "git" and not _TAKES_CODE.isdisjoint(command.words)


def _is_work(command: Command) -> bool:
    if command.name == "pueue":
        other = parse(command)
        return other is not None and other.subcommand in _QUEUE_WORK
    if command.name in {"curl", "wget"} or _INSTALLS.match(command.place.text):
        return False
    return bool(command.name) and command.name not in _NO_WORK


def _exclusive(wait: Place, work: Place) -> bool:
    """Whether the two are in different branches, as far as the text between them tells."""
    if wait.source is not work.source or work.span.start < wait.span.end:
        return False
    marks = re.findall(r";;|\b(?:else|elif|fi|esac)\b", wait.source.text[wait.span.end : work.span.start])
    return bool(marks) and marks[-1] in {";;", "else", "elif"}


def _asks_inside(name: str, context: Context) -> bool:
    """Whether a function of the file asks pueue how tasks have ended."""
    last = name.rpartition(".")[2]
    return any(
        other.subcommand in {"status", "log"}
        and other.execution.functions
        and other.execution.functions[-1].rpartition(".")[2] == last
        for other in context.all(QueueCommand)
    )


def _in_python(call: QueueCommand, context: Context) -> Iterator[Draft]:
    for after in context.all(CallsAfter):
        if not after.holds(call.place):
            continue
        for name, place in after.calls:
            ran = list(_commands_in(place, context))
            if (not ran and not _RUNS.search(name) and _CHECKS.search(name)) or (
                "pueue" in place.text and re.search(r"[\"' ](?:status|log)\b", place.text)
            ):
                return
            if _asks_inside(name, context):
                return
            last = name.rpartition(".")[2]
            if (
                _RELIES.search(last)
                and not name.startswith(("os.path", "logging", "logger", "log."))
                and last != "join"
            ):
                yield _found(call, None, Confidence.MEDIUM, place)
                return
            if any(_is_work(c) and _RELIES.search(c.place.text) for c in ran):
                yield _found(call, None, Confidence.MEDIUM, place)
                return
            if re.search(r"[\"']pueue[\"'].{0,40}[\"']add[\"']", place.text):
                yield _found(call, None, Confidence.MEDIUM, place)
                return
        return


def _commands_in(place: Place, context: Context) -> Iterator[Command]:
    """The commands that a call of Python runs."""
    for command in context.all(Command):
        if command.place.source.in_file(command.place.span) in place.span:
            yield command


def _found(
    call: QueueCommand, work: Command | None, confidence: Confidence, place: Place | None = None
) -> Draft:
    where = place or (work.place if work is not None else call.place)
    text = " ".join(where.text.split())
    shown = text if len(text) <= 50 else text[:49] + "…"
    return RULE.found(
        _place(call),
        f"`pueue wait` succeeds even when tasks have failed, and `{shown}` goes on as if they had not",
        label="`--status success` fails with the first task that fails",
        related=((where, "this relies on the jobs' results"),),
        confidence=confidence,
        fix=_fix(call),
    )


def _place(call: QueueCommand) -> Place:
    """`pueue wait`; the program alone where that is the whole command."""
    head = call.head
    if head.span != call.place.span:
        return head
    first = head.text.split()[0]
    return Place(head.source, Span(head.span.start, head.span.start + len(first)))


def _fix(call: QueueCommand) -> Fix | None:
    word = call.subcommand_word
    if word is None or call.has("-s", "--status"):
        return None
    written = word.place.text
    if written == "wait":
        text = "wait --status success"
    elif written in {'"wait"', "'wait'"}:
        quote = written[0]
        text = f"{written}, {quote}--status{quote}, {quote}success{quote}"
    else:
        return None
    return Fix("wait for success", (Edit(word.place.location, text),))
