"""JOB502: a heavy job queued without a memory cap where its siblings have one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.execution import same_host
from jobsafety_lint.meaning.queue.flow import group_of
from jobsafety_lint.meaning.queue.grammar import Launch
from jobsafety_lint.meaning.resources.limits import memory_cap, systemd_run
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB502",
    "job-without-memory-cap",
    "a heavy job queued without a cap where its siblings have one",
    Severity.INFO,
    Confidence.LOW,
    references=("INV-7",),
)

_LIGHT = frozenset(
    {"echo", "printf", "true", "sleep", "touch", "date", "rm", "mv", "cp", "ln", "mkdir", "rsync", "scp", "curl", "wget", "ssh", "mail", "sendmail",
     "notify-send", "ntfy", "git", "gzip", "zstd", "tar", "cat", "ls", "find", "test", "[", "cd", "pueue", "systemctl", "kill", "logger", "chmod"}
)  # fmt: skip
_LIGHT_SCRIPT = re.compile(
    r"notif|report|clean|sync|upload|download|mail|alert|ping|status|announce", re.IGNORECASE
)
_CAPPING = re.compile(r"cap|limit|mem|slice|cgroup", re.IGNORECASE)
_WRAPPERS = frozenset(
    {
        "bash",
        "sh",
        "env",
        "nice",
        "ionice",
        "timeout",
        "nohup",
        "uv",
        "poetry",
        "pdm",
        "conda",
        "sudo",
        "time",
        "stdbuf",
        "mise",
    }
)


@RULE.on(Launch)
def uncapped(launch: Launch, context: Context) -> Iterator[Draft]:
    """A job beside others of its group that have a cap."""
    if context.role in {"test", "docs"} or _is_capped(launch) or not _is_heavy(launch):
        return
    siblings = [
        other
        for other in context.all(Launch)
        if other is not launch
        and group_of(other.call) == group_of(launch.call)
        and same_host(other.execution.host, launch.execution.host)
        and memory_cap(other.commands) is not None
    ]
    if not siblings:
        return
    group = group_of(launch.call)
    yield RULE.found(
        launch.place,
        f"other jobs of `{group}` have a memory cap, this one has none: it may take the memory that theirs leave",
        label="give it the cap that its siblings have",
        related=tuple((sibling.place, "a job with a cap") for sibling in siblings[:2]),
        data={"group": group},
    )


def _is_capped(launch: Launch) -> bool:
    """Whether something limits the job's memory, or may well do: a slice, a wrapper that is named so."""
    if memory_cap(launch.commands) is not None:
        return True
    for command in launch.commands:
        run = systemd_run(command)
        if (run is not None and run.has("--slice")) or _CAPPING.search(command.name):
            return True
    first = launch.text.shown(type(launch.place.span)(0, len(launch.text.text))).split()
    return bool(first) and ("$" in first[0] or _CAPPING.search(first[0].rpartition("/")[2]) is not None)


def _is_heavy(launch: Launch) -> bool:
    """Whether it runs a program of its own, and not a tool that is done at once."""
    programs = [command for command in launch.commands if command.name not in _WRAPPERS]
    heavy = [command for command in programs if command.name not in _LIGHT and command.name]
    return (
        bool(heavy)
        and not any(_LIGHT_SCRIPT.search(command.place.text.split()[0]) for command in heavy)
        and not _light_python(launch)
    )


def _light_python(launch: Launch) -> bool:
    words = [
        arg.text or ""
        for command in launch.commands
        if command.name.startswith("python")
        for arg in command.args
    ]
    script = next((word for word in words if word.endswith(".py") or (word and not word.startswith("-"))), "")
    return _LIGHT_SCRIPT.search(script) is not None
