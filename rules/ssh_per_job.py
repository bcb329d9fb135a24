"""JOB312: every job of a loop is queued over an ssh connection of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Sequence
from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.queue.flow import header, loop_count
from jobsafety_lint.meaning.wrappers import SUBMITTERS, peel
from jobsafety_lint.model import Confidence, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB312",
    "ssh-per-job",
    "an ssh connection for every job of a loop",
    Severity.WARNING,
    Confidence.HIGH,
    references=("AP-12",),
)

_SHARED = re.compile(r"control(?:master|path|persist)", re.IGNORECASE)
_FEW = 3
_LOOKS = frozenset({"status", "log", "follow", "wait", "group"})


@RULE.on(Sequence, of={"ssh"})
def one_connection_each(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """Ssh in a loop that queues a job, or runs work on what the loop goes over."""
    if context.role in {"test", "docs"}:
        return
    commands = list(sequence.commands)
    for ssh in commands:
        if ssh.name != "ssh" or ssh.execution.host is not None or ssh.execution.queue:
            continue
        peeled = peel("ssh", ssh.args)
        if peeled is None or not peeled.operands or _is_shared(ssh) or _SHARED.search(context.file.text):
            continue
        remote = [step for step in commands if any(outer is ssh for outer in step.outer)]
        queues = any(step.name == "pueue" and "add" in step.words for step in remote)
        loop = _loop_of(ssh, peeled.operands[0].pattern.names, queues=queues)
        if loop is None or not (queues or _works(remote, loop)):
            continue
        captured = ssh.output_to or ssh.output_use == "variable" or _CAPTURES.search(ssh.place.text)
        if not queues and captured:
            continue  # it asks for something
        what = "a job is queued" if queues else "work is started"
        yield RULE.found(
            ssh.place,
            f"`{header(loop)}` opens an ssh connection each time around, only so that {what}",
            label="send the list once, and loop on the host",
            related=((loop.place, "the loop runs here, the jobs over there"),),
            confidence=Confidence.HIGH if queues else Confidence.MEDIUM,
            subject=ssh.place,
        )


@RULE.on(Sequence)
def one_python_connection_each(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """The same with fabric or paramiko: a connection that is made inside of the loop."""
    if context.role in {"test", "docs"}:
        return
    remote = [step for step in sequence.commands if step.execution.host is not None]
    if not remote or not _LIBRARIES.search(context.file.text):
        return
    seen: set[Place] = set()
    for step in remote:
        if step.execution.queue or any(outer.name == "ssh" for outer in step.outer):
            continue
        queues = step.name == "pueue" and "add" in step.words
        for loop in reversed(step.execution.loops):
            count = loop_count(loop)
            opened = _opened(step, loop)
            if opened is None or (count is not None and count <= _FEW):
                continue
            over_hosts = any(re.search(rf"\b{re.escape(v)}\b", opened.text) for v in loop.variables)
            if over_hosts or opened in seen or not (queues or _works([step], loop)):
                break
            seen.add(opened)
            what = "a job is queued" if queues else "work is started"
            yield RULE.found(
                opened,
                f"`{header(loop)}` opens an ssh connection each time around, only so that {what}",
                label="connect once, before the loop",
                related=(
                    (loop.place, "the loop runs here, the jobs over there"),
                    (step.place, "run over there"),
                ),
                confidence=Confidence.HIGH if queues else Confidence.MEDIUM,
                subject=opened,
            )
            break


_CAPTURES = re.compile(r"\bcapture_output\s*=\s*True|\bcheck_output\(|\bstdout\s*=")
"""How Python takes up what a program prints."""
_LIBRARIES = re.compile(r"^\s*(?:from|import)\s+(?:fabric|paramiko|asyncssh)\b", re.MULTILINE)
_OPENS = re.compile(r"\b(?:fabric\.)?Connection\([^()]*\)|\b\w+\.connect\([^()]*\)")


def _opened(step: Command, loop: Loop) -> Place | None:
    """Where a connection is made between the head of a loop and a command in it, or in the function that the loop calls."""
    file = step.place.source.file
    if loop.place.source.file is not file:
        return None
    start = loop.place.source.in_file(loop.place.span).end
    end = step.place.source.in_file(step.place.span).start
    function = step.execution.functions[-1].rpartition(".")[2] if step.execution.functions else ""
    begins = file.text.rfind(f"def {function}(", 0, end) if function else -1
    if begins > start or start > end:
        start = max(begins, 0)
    found = None
    for match in _OPENS.finditer(file.text, start, max(start, end)):
        found = Place(file, Span(match.start(), match.end()))
    return found


def _is_shared(ssh: Command) -> bool:
    """Whether the connection is one that is kept open."""
    return any((word or "").startswith("-S") or _SHARED.search(word or "") for word in ssh.words)


def _loop_of(ssh: Command, destination: frozenset[str], *, queues: bool) -> Loop | None:
    """The innermost loop that does not go over hosts and takes in more than a few values."""
    used = frozenset().union(*(arg.pattern.names | arg.written.names for arg in ssh.args)) - destination
    for loop in reversed(ssh.execution.loops):
        variables = set(loop.variables)
        if variables & destination:
            continue
        count = loop_count(loop)
        if count is not None and count <= _FEW:
            continue
        placeholder = any(
            v in " ".join(w or "" for w in ssh.words) for v in variables if not v.isidentifier()
        )
        if variables & used or placeholder or (queues and loop.kind != "while") or (queues and variables):
            return loop
    return None


def _works(remote: list[Command], loop: Loop) -> bool:
    """Whether the remote part does something with what the loop goes over, other than looking."""
    names = set(loop.variables)
    for step in remote:
        used = frozenset().union(*(arg.pattern.names | arg.written.names for arg in step.args))
        pasted = (name for name in names if not name.isidentifier())
        if not names & used and not any(name in arg.pattern.literal for name in pasted for arg in step.args):
            continue
        if step.name in _WORK or (step.name == "pueue" and not set(step.words) & _LOOKS):
            return True
    return False


_WORK = SUBMITTERS | frozenset(
    [
        "python",
        "python3",
        "uv",
        "Rscript",
        "julia",
        "make",
        "snakemake",
        "nextflow",
        "tsp",
        "nq",
        "at",
        "batch",
        "node",
        "java",
        "perl",
        "ruby",
        "docker",
        "singularity",
        "apptainer",
        "clickhouse-client",
        "psql",
        "mysql",
        "ffmpeg",
    ]
)
