"""JOB507: a group of the queue, or xargs, runs any number of jobs at once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.meaning.resources.capacity import parallel_settings
from jobsafety_lint.meaning.wrappers import peel
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB507",
    "unlimited-parallelism",
    "`pueue parallel 0`, `xargs -P0` for queued work",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-6",),
)

_PROGRAMS = frozenset({"python", "python3", "uv", "poetry", "Rscript", "julia", "clickhouse-client", "clickhouse", "psql", "duckdb", "spark-submit",
                       "ssh", "mise", "pueue"})  # fmt: skip
_OWN_SCRIPT = re.compile(r"(?:\.{0,2}/)?[\w./-]*/[\w.-]+|[\w-]+\.(?:sh|py|R|jl)")
_LIGHT = re.compile(r"lint|format|fmt|check|test|prettier|compress|convert|thumb", re.IGNORECASE)


@RULE.on(QueueCommand)
def group(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """0 jobs at once is how pueue says no limit."""
    for setting in parallel_settings(call):
        if setting.count == 0:
            yield RULE.found(
                call.place,
                f"0 means no limit: `{setting.group}` starts every job that is queued at once",
                label="give a number that the host can carry",
                data={"group": setting.group},
            )
            return


@RULE.on(Command, of={"xargs", "parallel"})
def fan_out(command: Command, context: Context) -> Iterator[Draft]:
    """`xargs -P0` and `parallel -j0` that run jobs, or that are part of one."""
    peeled = peel(command.name, command.args)
    jobs = peeled.option("-P", "--max-procs", "-j", "--jobs") if peeled else None
    if peeled is None or jobs is None or jobs.text not in {"0", "00"}:
        return
    words = [arg.text or "" for arg in peeled.inner]
    job = _job(words)
    if not (command.execution.queue or job):
        return
    inside = command.execution.queue is not None
    yield RULE.found(
        command.place,
        f"`{command.name}` starts one process for every line of its input at once"
        + (": the queue counts all of them as one job" if inside else ""),
        label="give a number that the host can carry",
        confidence=None if inside or job == "pueue" else Confidence.MEDIUM,
    )


def _job(words: list[str]) -> str:
    """The program that is run for every line, if it looks like a job and not like a tool that is done at once."""
    texts = [word for word in words if word and not word.startswith("-")]
    if any(_LIGHT.search(text) for text in texts[:3]):
        return ""
    for text in texts[:4]:
        if re.search(r"\bpueue\b", text):
            return "pueue"
    first = texts[0] if texts else ""
    name = first.rpartition("/")[2]
    if name in {"bash", "sh", "env", "nice", "timeout"}:
        return _job(texts[1].split() if len(texts) == 2 else texts[1:])
    if name in _PROGRAMS or (_OWN_SCRIPT.fullmatch(first) and not first.startswith(("/bin/", "/usr/"))):
        return name
    return ""
