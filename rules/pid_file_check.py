"""JOB111: "is it running?" asked by pid file or `pgrep`, then acted on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.files import Act, Create, Read, Running, Write
from jobsafety_lint.meaning.project.starters import COMPANY
from jobsafety_lint.meaning.shell.running import starts_work
from jobsafety_lint.meaning.systems import runs_alone
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB111",
    "pid-file-check",
    '"is it running?" asked by pid file or `pgrep -f`, then acted on',
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-2",),
    silent_where=("JOB103",),
)

_SEARCHES = frozenset({"pgrep", "pgrep -f", "pidof", "ps | grep"})
_PROGRAM = re.compile(r"[A-Za-z][\w.-]{2,}")
_NOT_PROGRAMS = frozenset({"pgrep", "pidof", "grep", "aux", "auxww", "dev", "null", "awk", "print", "wc"})
"""Words of a search that are not what is searched for; what it finds must be what is started later."""
_RUN_TIME = re.compile(r"\$\([^)]*\)|`[^`]*`|\$\{[^}]*\}|\$\w+|-[oO]\s*\S+")
"""Parts of a search that are no name of a program: what is filled in, and which columns are shown."""
_BRACKET = re.compile(r"\[(\w)\]")
"""`[f]eed.py`: a search for `feed.py` that does not find itself."""
_OVER_SSH = re.compile(r"\bssh\s+(?:-\S+\s+)*\S+")
"""The host is no program, and what runs there is hardly what is started here."""
_INIT = re.compile(r"\bps\b.*-p\s*1\b|/proc/1/")
_MANAGERS = frozenset({"systemctl", "service", "rc-service", "sv", "supervisorctl", "initctl"})
_STARTS = re.compile(r"^(?:re)?start\b|-restart$|^--now$|^up$")
_PID_WORDS = frozenset({"pid", "pidfile", "pids"})


@RULE.on(Running)
def asked(fact: Running, context: Context) -> Iterator[Draft]:
    """A question for a process whose answer decides that another one is started."""
    if context.role in {"test", "temporary"} or fact.execution.lock or runs_alone(fact.place, fact.execution):
        return
    if fact.by in _SEARCHES:
        if _INIT.search(fact.place.text):
            return  # which init system it is
        how = _how_searched(fact.by)
        subject: object = None
    else:
        subject = _pid_file(context)
        if fact.pid_file is None and subject is None:
            return
        how = _asked_by_pid(fact.by)
    if not _acts(fact, context):
        return
    related = ((fact.decided, "decided here"),) if fact.decided is not None else ()
    yield _found(fact.place, how, related, subject)


@RULE.on(Command, of={"ps"})
def asked_from_python(search: Command, context: Context) -> Iterator[Draft]:
    """`ps -p PID` that Python runs, in a program which keeps a pid file."""
    if _is_none_of_ours(search, context):
        return
    if any((word or "").startswith(("-p", "--pid", "-q")) for word in search.words) and _keeps_pid_file(
        context
    ):
        yield _found(search.place, _asked_by_pid("ps -p"), (), _pid_file(context))


@RULE.on(Command, of={"pgrep", "pidof"})
def searched_from_python(search: Command, context: Context) -> Iterator[Draft]:
    """A search for a process that Python runs, whose answer lets the same program start."""
    if _is_none_of_ours(search, context):
        return
    texts = [word or "" for word in search.words] + _given_by_callers(search)
    wanted = {name.partition(".")[0] for name in _PROGRAM.findall(" ".join(texts))}
    for command in context.all(Command):
        if not starts_work(command.name) or not wanted & _started_by(command) or _starts_nothing(command):
            continue
        if any(_asks_for(condition, search) for condition in command.execution.conditions):
            related = ((command.place, "started here if it finds nothing"),)
            yield _found(search.place, _how_searched(search.name), related)
            return


def _starts_nothing(command: Command) -> bool:
    """Whether a service manager is asked for something else than a start: `systemctl is-active ntpd`."""
    words = [word or "" for word in command.words]
    return command.name in _MANAGERS and not any(_STARTS.search(word) for word in words)


def _is_none_of_ours(search: Command, context: Context) -> bool:
    """Whether it is not Python that asks, or asks under a lock."""
    quiet = context.role in {"test", "temporary"}
    return quiet or search.place.source.file.language != "python" or bool(search.execution.lock)


def _given_by_callers(search: Command) -> list[str]:
    """What the callers of a helper give it to search for: `running("feed.py")`."""
    if not search.execution.functions or None not in search.words:
        return []
    helper = search.execution.functions[-1].rpartition(".")[2]
    return re.findall(rf"\b{re.escape(helper)}\(\s*[\"']([^\"'\n]+)[\"']", search.place.source.file.text)


def _asked_by_pid(by: str) -> str:
    return f"`{by}` asks by a pid that may belong to another process by now"


def _how_searched(by: str) -> str:
    return f"`{by}` sees only what runs already, under any name that fits"


def _found(place: Place, how: str, related: tuple[tuple[Place, str], ...], subject: object = None) -> Draft:
    return RULE.found(
        place,
        f"{how}, and two starts at the same time both find nothing running",
        label="hold a lock for as long as it runs: `flock -n`",
        related=related,
        subject=subject,
        supposes=frozenset({COMPANY}),
    )


def _asks_for(condition: str, search: Command) -> bool:
    """Whether a condition of Python asks for what a search has found: by itself, a variable, or the function that searches."""
    names = {search.name, *search.output_to}
    if "<returned>" in names or search.status == "returned":
        names.update(function.rpartition(".")[2] for function in search.execution.functions)
    return any(re.search(rf"\b{re.escape(name)}\b", condition) for name in names)


def _started_by(command: Command) -> set[str]:
    """What a command starts, as names without folder and suffix: the program, and its operands (a script, a service)."""
    operands = (arg.pattern.literal for arg in command.args)
    texts = [command.name, *(text for text in operands if not text.startswith("-"))]
    return {text.rpartition("/")[2].partition(".")[0] for text in texts}


def _pid_file(context: Context) -> object:
    """What a finding on the pid file that this file writes, or reads, is about; None if there is none."""
    read: object = None
    for act in _acts_on_files(context):
        if act.path.words & _PID_WORDS:
            if isinstance(act, Write | Create):
                return act.subject
            if isinstance(act, Read):
                read = read or act.subject
    for command in context.all(Command):
        if command.name == "pgrep" and any(arg.pattern.words & _PID_WORDS for arg in command.args):
            read = read or command.args[-1].pattern
    return read


def _acts_on_files(context: Context) -> Iterator[Act]:
    for kind in (Write, Create, Read):
        yield from context.all(kind)


def _keeps_pid_file(context: Context) -> bool:
    """Whether the code reads a pid file, and writes or makes one."""
    acts = [act for act in _acts_on_files(context) if act.path.words & _PID_WORDS]
    return any(isinstance(act, Read) for act in acts) and any(not isinstance(act, Read) for act in acts)


def _looked_for(pattern: str) -> set[str]:
    """The programs that a search names, as far as they are written out, without their suffixes."""
    search = _OVER_SSH.sub(" ", _BRACKET.sub(r"\1", re.sub(r"^(?:\$\(|`)", "", pattern)))
    return {word.partition(".")[0] for word in _PROGRAM.findall(_RUN_TIME.sub(" ", search))} - _NOT_PROGRAMS


def _acts(fact: Running, context: Context) -> bool:
    """Whether something is started where it does not run."""
    if fact.outcome == "starts" and fact.by not in _SEARCHES:
        return True
    if fact.language == "python":
        return _keeps_pid_file(context)
    wanted = _looked_for(fact.pattern) if fact.by in _SEARCHES else set[str]()
    may_be_started = "$" in fact.pattern and not _OVER_SSH.search(fact.pattern)
    if fact.by in _SEARCHES and not wanted and not may_be_started:
        return False
    return any(
        starts_work(command.name)
        and (not wanted or bool(wanted & _started_by(command)) or "$0" in fact.pattern)
        and command.place.source is fact.place.source
        and command.place.span.start > fact.place.span.end
        for command in context.all(Command)
    )
