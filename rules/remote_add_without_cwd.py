"""JOB603: a job with relative paths is queued over ssh without a working directory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.queue import Launch
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB603",
    "remote-add-without-cwd",
    "`pueue add` over ssh, cron or a unit, with a relative path and no working directory",
    Severity.ERROR,
    Confidence.HIGH,
    references=("AP-11", "G-12"),
    fix="unsafe",
    silent_where=("JOB313",),
)

_PROJECT_PROGRAMS = frozenset({"uv", "poetry", "pdm", "pipenv", "hatch", "pixi", "make", "just", "mise", "npm", "pnpm", "yarn", "cargo", "tox",
                               "nox", "docker-compose", "git", "dvc", "snakemake"})  # fmt: skip
"""Programs that look for their project in the working directory."""
_DIRECTORY = (
    "--directory",
    "--project",
    "-C",
    "--manifest-path",
    "--cd",
    "-f",
    "--prefix",
    "--file",
    "--git-dir",
    "--snakefile",
    "--cwd",
)
_NO_PATHS = frozenset(
    {
        "echo",
        "printf",
        "sed",
        "awk",
        "grep",
        "tr",
        "docker",
        "podman",
        "kubectl",
        "sleep",
        "true",
        "psql",
        "curl",
        "wget",
    }
)
"""Programs whose words look like paths and are none, or not of this host."""
_SUFFIX = r"(?:py|sh|bash|sql|toml|ya?ml|json|jsonl|csv|parquet|R|jl|pl|rb|js|ts|ipynb|cfg|ini|txt|log)"
_FOLDERS = r"(?:src|scripts?|tests?|data|configs?|conf|bin|tools?|jobs?|outputs?|out|logs?|etl|pipelines?|models?|examples?|experiments?|sql|\.venv|venv)"
_RELATIVE = re.compile(rf"\.{{1,2}}/.*|(?:[\w\0.-]+/)*[\w\0-]+\.{_SUFFIX}|{_FOLDERS}/[\w\0./-]*")
_PROGRAM = re.compile(r"(?!/|~|\$|\0)[\w\0.-]+/[\w\0./-]+")


@RULE.on(Launch)
def queued_over_ssh(launch: Launch, context: Context) -> Iterator[Draft]:
    """A remote `pueue add` that starts in the home directory."""
    execution = launch.execution
    if (
        not execution.at_home
        or launch.working_directory is not None
        or launch.call.more
        or launch.call.unknown
    ):
        return
    reason = next((r for command in launch.commands if (r := _relative_part(command))), None)
    if reason is None:
        return
    if execution.host is None:
        where, why = "the home directory", "whatever starts it there does not know your project"
    else:
        host = execution.host.text or "the host"
        where, why = f"the home directory on {host}", "a login over ssh does not keep your directory"
    yield RULE.found(
        launch.place,
        f"the job starts in {where}, where `{reason}` is not: {why}",
        label="give `pueue add` a `--working-directory`",
        fix=_fix(launch, context),
        data={"path": reason},
        subject=launch.place,
    )


def _relative_part(command: Command) -> str | None:
    """The first thing of a job's command that depends on the working directory."""
    if command.execution.cwd is not None or _has_directory(command):
        return None
    if command.name in _PROJECT_PROGRAMS and (
        command.name != "uv" or _subcommand(command) in {"run", "sync"}
    ):
        return command.name
    program = command.place.text.split()[:1]
    if program and _PROGRAM.fullmatch(program[0].strip("\"'")):
        return program[0].strip("\"'")
    if command.name in _NO_PATHS:
        return None
    for arg in command.args:
        literal = arg.pattern.literal
        if _RELATIVE.fullmatch(literal) and not literal.startswith("\0") and arg.place.text != "--":
            return arg.pattern.template
    for operator, target in command.redirects:
        if operator.startswith((">", "&>")) and _RELATIVE.fullmatch(target.pattern.literal):
            return target.pattern.template
    return None


def _has_directory(command: Command) -> bool:
    if command.name not in _PROJECT_PROGRAMS and command.name != "tar":
        return False
    return any((word or "").startswith(_DIRECTORY) for word in command.words)


def _subcommand(command: Command) -> str:
    return next((word for word in command.words if word and not word.startswith("-")), "")


def _fix(launch: Launch, context: Context) -> Fix | None:
    """The directory that the other jobs for this host are given, if they agree on one."""
    word = launch.call.subcommand_word
    host = launch.execution.host
    if word is None or host is None or word.place.text != "add":
        return None
    others = {
        (other.working_directory.pattern if other.working_directory else other.execution.cwd)
        for other in context.all(Launch)
        if other is not launch and other.execution.host == host
    } - {None}
    texts = [pattern.text for pattern in others if pattern is not None]
    if len(texts) != 1 or not texts[0] or not re.fullmatch(r"[\w./~-]+", texts[0]):
        return None
    return Fix(
        f"start it in {texts[0]}, as the other jobs there",
        (Edit(word.place.location, f"add --working-directory {texts[0]}"),),
    )
