"""JOB503: systemd-run without `--scope` or `--wait`, where its end is taken for the end of the job."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Pipe, next_on_success
from jobsafety_lint.meaning.resources.limits import SystemdRun, systemd_run
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB503",
    "systemd-run-detached",
    "systemd-run without `--scope`/`--wait`: the queue sees success at once",
    Severity.ERROR,
    Confidence.HIGH,
    references=("INV-7",),
    fix="unsafe",
    unsafe_because="the caller now waits for the program's end",
    silent_where=("JOB504",),
)

_KNOWS_IT_HAS_ONLY_STARTED = frozenset(
    {"echo", "printf", "log", "info", "logger", "say", "notify", "ok", "success", "print", "true", ":", "exit", "return",
     "journalctl", "systemctl", "sleep", "break", "continue", "log_info", "msg"}
)  # fmt: skip


@RULE.on(Command, of={"systemd-run"})
def detached(command: Command, context: Context) -> Iterator[Draft]:
    """A `systemd-run` that returns once the unit has started, though something waits for its end."""
    run = systemd_run(command)
    if run is None or run.blocks or run.scheduled or not run.runs_something:
        return
    reason = _who_waits(command, context)
    if reason is None:
        return
    yield RULE.found(
        command.place,
        f"`systemd-run` returns as soon as the unit has started: {reason}",
        label="add `--scope` (same environment and directory) or `--wait`",
        fix=_fix(command, run),
        subject=command.place,
    )


def _who_waits(command: Command, context: Context) -> str | None:
    if command.execution.queue:
        return "pueue marks the job as done at once, and the work goes on outside of the queue's limits"
    reads_messages = any(operator in {">&", "2>&", "&>"} for operator, _ in command.redirects)
    in_shell = command.place.source.file.language != "python"
    if in_shell and command.output_use in {"variable", "argument"} and not reads_messages:
        return "what the program prints goes to the journal, not into `$(…)`"
    following = next_on_success(command)
    if following and following not in _KNOWS_IT_HAS_ONLY_STARTED:
        return f"`{following}` runs while the program still does"
    for pipe in context.all(Pipe):
        for at, stage in enumerate(pipe.stages):
            if any(other.place == command.place for other in stage):
                return _in_pipe(pipe, at, reads_messages=reads_messages)
    return None


def _in_pipe(pipe: Pipe, at: int, *, reads_messages: bool) -> str | None:
    if at + 1 == len(pipe.stages):
        return "the program does not get what comes out of the pipe"
    if reads_messages and any(reader.name in {"grep", "sed", "awk"} for reader in pipe.stages[at + 1]):
        return None  # it looks for the name of the unit
    return "what the program prints goes to the journal, not into the pipe"


def _fix(command: Command, run: SystemdRun) -> Fix | None:
    """An option more, behind `--user` or in front of the first word."""
    if run.has("--no-block") or not command.args:
        return None
    option = "--wait" if run.has("--remain-after-exit", "-r", "--service-type") else "--scope"
    first, python = command.args[0], command.args[0].place.source.language == "python"
    if first.place.source is not command.place.source or first.place.span.start <= command.place.span.start:
        return None  # all of it is in one variable
    at = first.place
    if first.literal in {"--user", "--system"}:
        text = f'{at.text}, "{option}"' if python else f"{at.text} {option}"
    else:
        text = f'"{option}", {at.text}' if python else f"{option} {at.text}"
    return Fix(f"add `{option}`", (Edit(at.location, text),))
