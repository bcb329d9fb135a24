"""JOB605: a job that cron, a unit or ssh starts reads a variable that only mise defines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.neighbours import folder_of, in_project, mise_variables, program
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB605",
    "daemon-job-needs-mise-env",
    "a variable that only mise defines is read by a job started from cron, a unit or bare ssh",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("AP-16", "G-15"),
)

_INTERPRETERS = re.compile(r"python[\d.]*|pypy3?|bash|sh|dash")
_PROVIDES = frozenset({"mise", "direnv", "doppler", "dotenv", "op"})
_READS_FILE = re.compile(r"EnvironmentFile\s*=|BASH_ENV\s*=")


@RULE.on(Command)
def job(command: Command, context: Context) -> Iterator[Draft]:
    """A script of this project, started with a bare environment."""
    starter = _starter(command)
    folder = folder_of(context.file)
    script = _script(command)
    if not starter or folder is None or script is None or context.role == "test":
        return
    if _provided(command, context):
        return
    path = in_project(script, folder)
    read = program(path) if path is not None else None
    if path is None or read is None or read.provides:
        return
    defined = mise_variables(path.parent)
    given = {setting.name for setting in command.execution.environment}
    missing = [name for name in read.needs if name in defined and name not in given]
    if not missing:
        return
    names = ", ".join(f"`{name}`" for name in missing)
    first = missing[0]
    yield RULE.found(
        command.place,
        f"`{path.name}` reads {names}, which only mise defines, and {starter} starts it without mise",
        label="start it through mise: `mise exec -- …`, `mise run TASK`",
        related=((read.needs[first], f"`{first}` is read here"), (defined[first], "mise defines it here")),
        data={"variables": missing},
    )


def _starter(command: Command) -> str:
    if command.execution.host is not None:
        return "ssh"
    return command.execution.daemon


def _script(command: Command) -> str | None:
    """The script file that a command runs: itself, or an interpreter's first operand."""
    words = command.words
    text = command.place.text.split()[0].strip("\"'")
    if _INTERPRETERS.fullmatch(command.name):
        if "-c" in words or "-m" in words:
            return None
        return next((word for word in words if word and not word.startswith("-")), None)
    if command.name == "uv" and words[:1] == ["run"]:
        last = next((w for w in words[1:] if w and w.endswith(".py")), None)
        return last if last is not None and words[-1] is not None else None
    return text if text.endswith((".py", ".sh")) or "/" in text else None


def _provided(command: Command, context: Context) -> bool:
    """Whether something on the way gives the job its variables."""
    if any(wrapper.name in _PROVIDES for wrapper in command.outer):
        return True
    for wrapper in (*command.outer, command):
        words = [word or "" for word in wrapper.words]
        if any(word.startswith("--env-file") for word in words):
            return True
        if wrapper.name in {"bash", "sh", "zsh"} and any(re.match(r"-\w*[li]", word) for word in words[:2]):
            return True  # a login or interactive shell may activate mise
    if _READS_FILE.search(context.file.text):
        return True
    source = command.place.source
    before = source.text[: command.place.span.start]
    return bool(re.search(r"\bmise\s+(?:env|activate|hook-env)\b|(?:^|[;&\s])(?:\.|source)\s+\S", before))
