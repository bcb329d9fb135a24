"""JOB603: a job with relative paths is queued over ssh without a working directory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.queue import Launch
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB603",
    "remote-add-without-cwd",
    "`pueue add` over ssh, cron or a unit, with a relative path and no working directory",
    Severity.ERROR,
    Confidence.HIGH,
    references=("AP-11", "G-12"),
    fix="unsafe",
)

_PROJECT_PROGRAMS = frozenset(
    {
        "uv",
        "poetry",
        "pdm",
        "pipenv",
        "hatch",
        "pixi",
        "make",
        "just",
        "mise",
        "npm",
        "cargo",
        "tox",
        "nox",
        "docker-compose",
    }
)
_RELATIVE = re.compile(
    r"(?:\.{1,2}/|[\w\0.-]+/)[\w\0./-]*|[\w\0-]+\.(?:py|sh|bash|sql|toml|ya?ml|json|jsonl|csv|parquet|R|jl|pl|rb|js|ts)"
)


@RULE.on(Launch)
def queued_over_ssh(launch: Launch, context: Context) -> Iterator[Draft]:
    """A remote `pueue add` that starts in the home directory."""
    execution = launch.execution
    if not execution.at_home or launch.working_directory is not None:
        return
    reason = next((r for command in launch.commands if (r := _relative_part(command))), None)
    if reason is None:
        return
    host = (execution.host.text if execution.host is not None else None) or "the host"
    yield RULE.found(
        launch.place,
        f"the job starts in the home directory on {host}, where `{reason}` is not: a login over ssh does not keep your directory",
        label="give `pueue add` a `--working-directory`",
        data={"path": reason},
    )


def _relative_part(command: Command) -> str | None:
    """The first thing of a job's command that depends on the working directory."""
    if command.execution.cwd is not None:
        return None
    if command.name in _PROJECT_PROGRAMS and not any(
        (word or "").startswith(("--directory", "--project", "-C", "--manifest-path", "--cd", "-f"))
        for word in command.words
    ):
        return command.name if command.name != "uv" or "run" in command.words else None
    program = command.place.text.split()[:1]
    if program and _RELATIVE.fullmatch(program[0]) and "/" in program[0]:
        return program[0]
    for arg in command.args:
        literal = arg.pattern.literal
        if _RELATIVE.fullmatch(literal) and not literal.startswith("\0") and arg.place.text != "--":
            return arg.pattern.template
    return None
