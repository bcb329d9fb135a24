"""JOB504: a cap, timeout or nice around `pueue add` limits the client, not the job."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.deployment.rows import Row, Step
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.meaning.wrappers import GRAMMARS, peel
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB504",
    "cap-on-client",
    "a cap, timeout or nice around `pueue add` limits the client, not the job",
    Severity.ERROR,
    Confidence.HIGH,
    references=("INV-7",),
)

_CAPS = {
    "systemd-run": "the limits of this unit",
    "nice": "the priority",
    "ionice": "the priority",
    "chrt": "the scheduling",
    "taskset": "the processors",
    "numactl": "the placement",
    "prlimit": "the limits",
    "softlimit": "the limits",
    "chpst": "the limits",
    "cgexec": "the control group",
    "cpulimit": "the limit",
    "timeout": "the time limit",
    "gtimeout": "the time limit",
}
_SHORT = 120
_UNITS = {"s": 1, "": 1, "m": 60, "h": 3600, "d": 86400}
_LIMITING = re.compile(r"-[SH]*[vmdt]+")
_RUNS_NOTHING = frozenset(
    {"pueue", "ulimit", "echo", "printf", "cd", "set", "export", "local", "declare", "readonly", "shift", "true", ":", "[", "test", "sleep", "ssh",
     "bash", "sh", "source", ".", "exit", "return", "mkdir", "date", "basename", "dirname"}
)  # fmt: skip


@RULE.on(QueueCommand)
def around(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """Wrappers of a `pueue add`."""
    if call.subcommand != "add" or call.execution.queue is not None:
        return
    wrapper = next((w for w in call.command.outer if w.name in _CAPS and not _guards_the_client(w)), None)
    if wrapper is not None:
        yield _finding(wrapper, call, _CAPS[wrapper.name])
    elif call.command.outer and _is_job_lock(call.command.outer[0]):
        yield _finding(call.command.outer[0], call, "the lock", Confidence.MEDIUM)


@RULE.on(Row, of={"ulimit"})
def limits_of_the_shell(row: Row, context: Context) -> Iterator[Draft]:
    """`ulimit -v N; pueue add …`, where the shell runs nothing else under the limit."""
    for at, step in enumerate(row.steps):
        if not isinstance(step, Step) or step.command.name != "ulimit" or step.execution.queue is not None:
            continue
        words = step.command.words
        if len(words) < 2 or not _LIMITING.fullmatch(words[0] or "") or words[1] == "unlimited":
            continue
        after = [s for s in row.steps[at + 1 :] if isinstance(s, Step) and _is_under(s, step)]
        statement = step.command.statement
        if statement is not None and any(s.launch and s.place.span in statement.span for s in after):
            after = [s for s in after if s.place.span in statement.span]
        add = next((s for s in after if s.launch is not None), None)
        if add is not None and add.call and all(_runs_nothing(s.command) for s in after):
            yield _finding(step.command, add.call, "the limit", Confidence.MEDIUM)


def _runs_nothing(command: Command) -> bool:
    """Whether a command needs no limit; what a wrapper runs is a command of its own."""
    return command.name in _RUNS_NOTHING or command.name in GRAMMARS


def _is_under(step: Step, limit: Step) -> bool:
    """Whether a step runs in the shell of a limit: not behind the end of the subshell in which that stands."""
    if step.execution.queue is not None or step.place.source is not limit.place.source:
        return False
    depth = 0
    for char in limit.place.source.text[limit.place.span.end : step.place.span.start]:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return True


def _finding(wrapper: Command, call: QueueCommand, what: str, confidence: Confidence | None = None) -> Draft:
    return RULE.found(
        wrapper.place,
        f"{what} set by `{wrapper.name}` holds for the pueue client only: the daemon starts the job outside of it",
        label=f"put it behind the dashes: `pueue add … -- {wrapper.name} …`",
        related=((call.place, "the job is queued here"),),
        confidence=confidence,
        subject=wrapper.place,
    )


def _guards_the_client(wrapper: Command) -> bool:
    """A timeout of a minute or two is there for a daemon that does not answer."""
    if wrapper.name not in {"timeout", "gtimeout"}:
        return False
    peeled = peel(wrapper.name, wrapper.args)
    duration = peeled.operands[0].text if peeled and peeled.operands else None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", duration or "")
    return match is not None and float(match[1]) * _UNITS[match[2]] <= _SHORT


def _is_job_lock(wrapper: Command) -> bool:
    """`flock -n FILE pueue add …`: only one job at a time is meant, but the lock is gone once the job is queued."""
    words = wrapper.words
    return wrapper.name == "flock" and any(w in {"-n", "--nonblock", "--nb"} for w in words)
