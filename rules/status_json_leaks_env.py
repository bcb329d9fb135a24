"""JOB319: the JSON of `pueue status`, which holds every job's environment, is saved or sent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command, OutputUse, Pipe
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.meaning.queue.status_json import keeps_tasks
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB319",
    "status-json-leaks-env",
    "status JSON, which holds every job's environment in clear, is saved or sent",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("AP-16",),
)

_JQ = frozenset({"jq", "gojq", "jaq"})
_PASSING = frozenset(
    {"cat", "gzip", "zstd", "xz", "bzip2", "pv", "base64", "echo", "printf", "sponge", "pigz"}
)
_SENDING = frozenset(
    {
        "aws",
        "gsutil",
        "rclone",
        "nc",
        "ncat",
        "mail",
        "mailx",
        "sendmail",
        "gh",
        "http",
        "https",
        "logger",
        "mosquitto_pub",
        "redis-cli",
    }
)


@RULE.on(QueueCommand)
def asked(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """A status in JSON, followed to where it goes."""
    if call.subcommand != "status" or not call.has("-j", "--json") or context.role == "test":
        return
    if call.in_python:
        uses = [u for u in context.all(OutputUse) if u.kind == "saved" and u.holds(call.place)]
        if uses and "envs" not in context.file.text:
            to = uses[0].where.text if uses[0].name == "stdout" else f"{uses[0].name}()"
            yield _found(call, f"`{to}`", uses[0].where)
        return
    goal = _goal((call.command, *call.command.outer), context) or _kept(call, context)
    if goal is not None:
        yield _found(call, goal[0], goal[1])


def _goal(sources: tuple[Command, ...], context: Context) -> tuple[str, Place] | None:
    """Where the output of a command goes: a file that is not private, or a program that sends it on."""
    for command in sources:
        file = _file(command)
        if file is not None:
            return f"`{file.place.text}`", file.place
    return _through(_behind(sources, context))


def _behind(sources: tuple[Command, ...], context: Context) -> list[Command]:
    """The stages that read what a command writes, each by its first command."""
    for pipe in context.all(Pipe):
        for at, stage in enumerate(pipe.stages):
            if any(source in stage for source in sources):
                return [c for later in pipe.stages[at + 1 :] for c in later[:1]]
    return []


def _passes_on(command: Command) -> bool:
    """Whether a stage hands on whole tasks."""
    if command.name in _JQ:
        return _jq_keeps(command)
    return command.name in _PASSING or command.name == "tee"


def _through(later: list[Command]) -> tuple[str, Place] | None:
    """What the stages behind it do with it."""
    for command in later:
        if command.name in _JQ and not _jq_keeps(command):
            return None
        if command.name == "tee":
            file = next(
                (a for a in command.args if not _harmless(a) and not a.pattern.literal.startswith("-")), None
            )
            if file is not None:
                return f"`{file.place.text}`", file.place
        elif command.name in _SENDING or (command.name in {"curl", "wget"} and _sends(command)):
            return f"`{command.name}`", command.place
        elif command.name == "ssh" and re.search(r"\b(cat|tee)\b.*>|\btee\b", command.place.text):
            return "another host", command.place
        elif command.name not in _PASSING and command.name not in _JQ:
            return None
        file = _file(command)
        if file is not None:
            return f"`{file.place.text}`", file.place
    return None


def _kept(call: QueueCommand, context: Context) -> tuple[str, Place] | None:
    """The variable that holds it, if that is written or sent."""
    names = call.command.output_to
    if any(not _passes_on(command) for command in _behind((call.command, *call.command.outer), context)):
        return None
    for command in context.all(Command) if names else ():
        if command is call.command or not _reads(command, names):
            continue
        if (
            command.name in {"echo", "printf"}
            or (command.name in _JQ and _jq_keeps(command))
            or command.name == "cat"
        ):
            goal = _goal((command,), context)
            if goal is not None:
                return goal
        elif command.name in {"curl", "http"} and _sends(command):
            return f"`{command.name}`", command.place
    return None


def _reads(command: Command, names: frozenset[str]) -> bool:
    words = [*command.args, *(target for operator, target in command.redirects if operator == "<<<")]
    return any(re.search(rf"\$\{{?{name}\b", arg.place.text) for arg in words for name in names)


def _file(command: Command) -> Arg | None:
    """The file that the output goes into, unless it is private to the run."""
    for operator, target in command.redirects:
        if operator in {">", ">>", ">|", "&>", "&>>"} and not _harmless(target):
            return target
    return None


def _harmless(target: Arg) -> bool:
    text = target.pattern.literal
    return text.startswith("/dev/") or text.isdigit() or target.pattern.is_unique


def _sends(command: Command) -> bool:
    return any(
        re.match(r"-d|--data|-F|--form|-T|--upload-file|--json|--post", arg.pattern.literal)
        for arg in command.args
    )


def _jq_keeps(command: Command) -> bool:
    programs = [arg.pattern.literal for arg in command.args if not arg.pattern.literal.startswith("-")]
    return not programs or keeps_tasks(programs[0])


def _found(call: QueueCommand, goal: str, place: Place) -> Draft:
    related = ((place, "it goes here"),) if place.span != call.place.span else ()
    return RULE.found(
        call.head,
        f"`pueue status --json` holds the whole environment of every job, secrets included, and goes to {goal}",
        label="take it out first: `jq 'del(.tasks[].envs)'`",
        related=related,
    )
