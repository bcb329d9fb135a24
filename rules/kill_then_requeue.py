"""JOB704: jobs are killed and queued again with no wait and no look at their checkpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Called, Command, Condition, Pipe
from jobsafety_lint.meaning.deployment.changes import asks, excludes, looks, same_group, shortened
from jobsafety_lint.meaning.deployment.rows import Row, Step
from jobsafety_lint.meaning.execution import same_host
from jobsafety_lint.meaning.queue.flow import is_fed
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB704",
    "kill-then-requeue",
    "jobs are killed and queued again with no wait and no look at their checkpoints",
    Severity.ERROR,
    Confidence.HIGH,
    references=("AP-1",),
)

_REQUEUES = frozenset({"add", "restart", "enqueue"})
_KILLERS = frozenset({"kill", "pkill", "killall"})
_STATE = re.compile(
    r"checkpoint|ckpt|chkpt|cursor|resum|\bstate\b|_state|state_|\.lock\b|valid|verif|audit|check[-_]|sanit|repair|cleanup|clean[-_]up",
    re.IGNORECASE,
)
_FRESH = re.compile(r"--(?:force-refresh|fresh|no-resume|from-scratch|restart|reset|overwrite|clean)\b")
_NO_LOOK = frozenset(
    {"pueue", "echo", "printf", "git", "sleep", "cd", "log", "logger", "systemctl", *_KILLERS}
)


@RULE.on(Row, of={"pueue"})
def requeue(row: Row, context: Context) -> Iterator[Draft]:
    """A kill, and after it the first command that queues the same work again."""
    if context.role in {"test", "docs"}:
        return
    kills: list[Step] = []
    seen = looks(row, context.all(Pipe))
    for at, step in enumerate(row.steps):
        look = seen.get(at)
        if (look is not None and look.decides) or asks(step) or _looks_at_state(step):
            kills.clear()
        elif not isinstance(step, Step) or step.execution.queue is not None:
            continue
        elif _kills(step) or (step.command.name in _KILLERS and _stops(step.command)):
            kills.append(step)
        elif step.subcommand in _REQUEUES and not _starts_afresh(step):
            found = [kill for kill in kills if _same_work(kill, step)]
            if found:
                kills = [kill for kill in kills if kill not in found]
                yield _finding(found[-1], step)


def _finding(kill: Step, step: Step) -> Draft:
    certain = kill.call is not None
    return RULE.found(
        step.place,
        f"`{shortened(kill.command)}` has only just killed the jobs: what is queued here meets their dying processes and half-written checkpoints",
        label="`pueue wait` for the end, look at the checkpoints, then queue",
        related=((kill.place, "killed here"),),
        confidence=None if certain else Confidence.MEDIUM,
        subject=kill.place,
    )


def _kills(step: Step) -> bool:
    """`pueue kill`, and `pueue reset --force`, which kills what runs and asks nobody."""
    return step.subcommand == "kill" or (
        step.subcommand == "reset" and step.call is not None and step.call.has("-f", "--force")
    )


def _stops(command: Command) -> bool:
    """A signal that ends a process: not `kill -0`, not `-l`, not a reload."""
    words = [word or "" for word in command.words]
    return bool(words) and not any(
        re.fullmatch(r"-(?:0|l|L|HUP|1|USR1|USR2|STOP|CONT|SIGHUP)", w) for w in words
    )


def _looks_at_state(step: Step | Condition) -> bool:
    """Whether a command, function or condition has to do with the state that the killed jobs have left."""
    if isinstance(step, Called):
        return _STATE.search(step.written) is not None
    if isinstance(step, Condition):
        return any(_STATE.search(name) for name in step.names)
    if step.execution.queue is not None or step.command.name in _NO_LOOK or step.call is not None:
        return False
    if any(inner.name == "pueue" for inner in step.command.outer):
        return False
    return not _wraps(step.command) and _STATE.search(step.command.place.text) is not None


def _wraps(command: Command) -> bool:
    return command.name in {"ssh", "bash", "sh", "sudo", "env", "timeout", "nohup"}


def _starts_afresh(step: Step) -> bool:
    launch = step.launch
    return launch is not None and _FRESH.search(launch.text.text) is not None


def _same_work(kill: Step, step: Step) -> bool:
    if not same_host(kill.execution.host, step.execution.host) or excludes(kill, step):
        return False
    if kill.call is not None:
        return bool(kill.call.ids) or is_fed(kill.call) or same_group(kill, step)
    if step.subcommand == "restart":
        return True  # what has failed is what has just been killed
    if step.launch is None:
        return False
    names = [w for arg in kill.command.args if (w := arg.text) and not w.startswith("-") and not w.isdigit()]
    names += _looked_for(kill)
    return any(name in step.launch.text.text for name in names if len(name) > 2)


_PGREP = re.compile(r"\b(?:pgrep|pidof)\b((?:\s+-\w+)*)\s+([\"']?)(?P<program>[\w./-]+)\2")


def _looked_for(kill: Step) -> Iterator[str]:
    """The programs whose processes a kill gets from `pgrep`, in its words, a pipe or the loop around it."""
    texts = [kill.command.place.text, *(loop.place.text for loop in kill.execution.loops)]
    texts += [outer.place.text for outer in kill.command.outer]
    if kill.command.statement is not None:
        texts.append(kill.command.statement.text)
    for text in texts:
        yield from (found["program"] for found in _PGREP.finditer(text))
