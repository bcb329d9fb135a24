"""JOB406: a loop that puts every item in the background, or a bare `wait` that drops failures."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.shell.pipes import Background, BareWait
from jobsafety_lint.meaning.wrappers import SUBMITTERS
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB406",
    "unbounded-background-loop",
    "a loop that puts every item in the background, or a bare `wait` that drops failures",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-6",),
)

_OPEN = frozenset({"glob", "command", "arguments", "input"})
_WORKERS = re.compile(
    r"(?i)(?:worker|job|proc|thread|gpu|core|cpu|device|nj\b|parallel|shard|rank|node|replica|host|machine|port|num_|n_)\w*"
)
_LIGHT = SUBMITTERS | frozenset(
    {
        "sleep",
        "start-stop-daemon",
        "echo",
        "printf",
        "ssh",
        "tail",
        "pueue",
        "notify-send",
        "touch",
        "xdg-open",
        "read",
        "kill",
        "sem",
        "parallel",
        "tmux",
        "wait",
        "flock",
    }
)
"""What costs this machine next to nothing, or has a limit of its own."""
_NO_WORK = _LIGHT - {"ssh", "flock", "sem", "parallel"}
"""That of it whose failure is none of the work's: what ssh runs elsewhere is work as well."""
_MANAGERS = frozenset(
    [
        "docker",
        "podman",
        "nerdctl",
        "lxc",
        "incus",
        "pct",
        "qm",
        "virsh",
        "kubectl",
        "systemctl",
        "machinectl",
        "vagrant",
    ]
)
_ENDING = re.compile(
    r"(?:container |vm |domain )?(?:stop|shutdown|poweroff|kill|delete|rm|destroy|disable|wait)\b"
)
"""Ending something: the client waits for a daemon."""


_EQUALS = re.compile(r"""\[{1,2} +"?\$\{?(\w+)\}?"? +={1,2} +"?\$\{?(\w+)\}?"? +\]{1,2}""")
_DIFFERS = re.compile(r"""\[{1,2} +"?\$\{?(\w+)\}?"? +!= +"?\$\{?(\w+)\}?"? +\]{1,2}""")
"""Comparisons of one variable with another."""
_OUTPUT = re.compile(r"(?<=\s)-o\s+(\S+)")
_NEXT_COMMAND = re.compile(r"\s*((?:[^\n]*\\\n)*[^\n]*)")
_ID_KEPT = re.compile(r"[ \t]*(?:#[^\n]*)?[\n;]?\s*(?:local |declare |readonly |export )?(\w+)=\"?\$!")
"""What keeps the id of the job that was put in the background before."""
_LAST_STARTED = frozenset({"$!", "${!}", "%%", "%+", "%"})
_ALL_STARTED = frozenset({"$(jobs -p)", "`jobs -p`"})
_BY_NUMBER = re.compile(r"%(\d+)")

_STATUS = {
    False: "`wait` without a process id is 0 whatever the jobs return",
    True: "`wait` for several process ids has the status of the last",
}
_REMEDY = {
    False: "keep the ids (`pids+=($!)`) and wait for each of them",
    True: "wait for each of them in turn",
}


@RULE.on(Background)
def everything_at_once(started: Background, context: Context) -> Iterator[Draft]:
    """A background command in a loop over a list of any length, with nothing that waits in between."""
    if started.loop is None or not _is_unbounded(started, context) or context.role == "test":
        return
    certain = started.over in _OPEN
    yield RULE.found(
        started.place,
        f"every item of `{_short(started.over_text)}` gets a process of its own, all at once: nothing in the loop waits for one to end",
        label="limit how many run: `wait -n` in the loop, `xargs -P`, or a queue",
        related=((started.loop.place, "one process an item of this loop"),),
        confidence=Confidence.MEDIUM if certain else Confidence.LOW,
    )


@RULE.on(BareWait)
def failures_dropped(wait: BareWait, context: Context) -> Iterator[Draft]:
    """A `wait` for jobs whose failure nobody gets to know, in a script that relies on failures ending it, or looks at
    the status.
    """
    strict = wait.execution.errexit is True or wait.status == "branch" or wait.kept
    silent = [
        job
        for job in wait.started
        if not (
            job.records or job.what in _NO_WORK or _is_killed(job, wait, context) or _is_missed(job, wait)
        )
    ]
    if not strict or wait.last or not silent or wait.status == "masked" or context.role == "test":
        return
    if wait.several and len(wait.started) == 1 and wait.started[0].loop is None:
        return  # there is only one
    if any(job.over in _OPEN and _is_unbounded(job, context) for job in silent):
        return  # said of the loop
    first = silent[0]
    yield RULE.found(
        wait.place,
        f"{_STATUS[wait.several]}: a failure of `{_short(first.place.text)}` goes unnoticed, and the script goes on",
        label=_REMEDY[wait.several],
        related=((first.place, "started in the background here"),),
        confidence=Confidence.LOW if first.limited else Confidence.MEDIUM,
    )


def _is_missed(job: Background, wait: BareWait) -> bool:
    """Whether the next command takes what a compiler was to write, and fails without it: `cc -c a.c -o a.o & wait; ar rcs x.a a.o`."""
    made = _OUTPUT.search(job.place.text)
    behind = _NEXT_COMMAND.match(wait.place.source.text, wait.place.span.end)
    return (
        made is not None
        and behind is not None
        and made[1] in behind[1].split()
        and wait.execution.errexit is True
    )


def _is_killed(job: Background, wait: BareWait, context: Context) -> bool:
    """Whether the script itself ends a job before it waits: `server & pid=$!`, work, `kill "$pid"`."""
    source = job.place.source
    jobs = [other for other in context.all(Background) if other.place.source is source]
    return any(
        command.name == "kill"
        and command.words[:1] != ["-0"]
        and command.place.source is source
        and job.place.span.end < command.place.span.start < wait.place.span.start
        and any(_names(arg, job, command, jobs) for arg in command.args)
        for command in context.all(Command)
    )


def _names(arg: Arg, job: Background, kill: Command, jobs: list[Background]) -> bool:
    """Whether an argument of `kill` is a job: by the variable that keeps its id, or as bash counts and names jobs
    (bash(1), JOB CONTROL).
    """
    text = arg.place.text.strip('"')
    kept = _ID_KEPT.match(job.place.source.text, job.place.span.end)
    if text in _ALL_STARTED or (kept is not None and text in {f"${kept[1]}", f"${{{kept[1]}}}"}):
        return True
    before = [other for other in jobs if other.place.span.end < kill.place.span.start]
    if text in _LAST_STARTED:
        return before[-1] is job
    number = _BY_NUMBER.fullmatch(text)
    return number is not None and before[int(number[1]) - 1 : int(number[1])] == [job]


def _is_unbounded(started: Background, context: Context) -> bool:
    """Whether a loop puts as many in the background as it has items, which may be any number."""
    return not (
        started.loop is None
        or started.limited
        or _is_one_item(started)
        or started.over not in _OPEN | {"array", "variable"}
        or started.what in _LIGHT
        or _only_ends_something(started)
        or _WORKERS.search(started.over_text)
        or (started.over in {"glob", "command"} and _is_cut_into_few(started, context))
    )


def _is_one_item(started: Background) -> bool:
    """Whether the loop looks for one item by its name: `[ "$name" = "$wanted" ] || continue`, `if [ "$name" == "$wanted" ]`."""
    if started.loop is None:
        return False
    source = started.place.source
    inside = source.text[started.loop.place.span.end : started.place.span.start]
    for condition in started.execution.conditions:
        asked = condition.removeprefix("not ")
        compared = (_DIFFERS if asked != condition else _EQUALS).fullmatch(asked)
        if compared is None or asked not in inside:
            continue
        if any(n in started.loop.variables or re.search(rf"\b{n}=", inside) for n in compared.groups()):
            return True
    return False


def _only_ends_something(started: Background) -> bool:
    """Whether it has a daemon stop or delete something, and waits for that: `docker stop "$id" &`."""
    asked = re.match(r"(?:sudo\s+)?([\w-]+)\s+(.*)", started.place.text, re.DOTALL)
    return asked is not None and asked[1] in _MANAGERS and _ENDING.match(asked[2]) is not None


def _is_cut_into_few(started: Background, context: Context) -> bool:
    """Whether the loop goes over what `split` has made of one file, a number of pieces that does not grow with it:
    `split -n 8`, `split -l $((total / 8))`.
    """
    for command in context.all(Command):
        if command.name != "split" or not command.args:
            continue
        prefix = command.args[-1].place.text.replace('"', "")
        if len(prefix) < 2 or prefix not in started.over_text.replace('"', ""):
            continue
        given = dict(itertools.pairwise(command.args))
        for option, value in given.items():
            if (option.text or "").startswith(("-n", "--number")):
                return True
            if option.text in {"-l", "--lines", "-b", "-C"} and "/" in value.pattern.template:
                return True
    return False


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 48 else line[:47] + "…"
