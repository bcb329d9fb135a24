"""JOB706: pip installs into a host's own Python."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Sequence
from jobsafety_lint.meaning.configuration import TaskDefinition, Workflow
from jobsafety_lint.meaning.deployment.packages import installation_of, may_install
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB706",
    "system-pip-install",
    "bare pip on a host whose system Python is managed",
    Severity.INFO,
    Confidence.LOW,
    references=("G-1",),
)

_ELSEWHERE = frozenset(
    {
        "-t",
        "--target",
        "--user",
        "--break-system-packages",
        "--prefix",
        "--root",
        "--python",
        "--dry-run",
        "--help",
    }
)
_ENVIRONMENTS = frozenset(
    {
        "uv",
        "poetry",
        "pipenv",
        "pdm",
        "hatch",
        "pixi",
        "conda",
        "mamba",
        "micromamba",
        "mise",
        "docker",
        "podman",
    }
)
_IMAGES = re.compile(r"(?:^|/)(?:Docker|Container)file|\.gitlab-ci|(?:^|/)\.gitlab/|Vagrantfile")
_ENTERS = re.compile(r"activate|env|conda|path|profile|rc$|module|setup|\0", re.IGNORECASE)
_SYSTEM = re.compile(r"^(?:/usr)?/bin/")
_SETTINGS = frozenset(
    {
        "VIRTUAL_ENV",
        "PIP_TARGET",
        "PIP_USER",
        "PIP_BREAK_SYSTEM_PACKAGES",
        "CONDA_PREFIX",
        "PIP_REQUIRE_VIRTUALENV",
    }
)


@RULE.on(Sequence)
def bare_pip(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """A `pip install` that no environment has been made ready for."""
    if not may_install(sequence):
        return
    if _IMAGES.search(context.file.path):
        return
    managed = any(isinstance(f, Workflow | TaskDefinition) for f in context.facts)
    active: list[Command] = []
    for command in sequence.commands:
        if _activates(command):
            active.append(command)
            continue
        installation = installation_of(command)
        if installation is None or installation.tool != "pip" or installation.has(*_ELSEWHERE):
            continue
        if managed and command.execution.host is None:
            continue
        if any(other.execution.host == command.execution.host for other in active) or not _is_bare(command):
            continue
        yield RULE.found(
            command.place,
            "pip installs into the Python of the host itself, where the distribution may refuse it (PEP 668), and all jobs share it",
            label="install into an environment: `uv venv`, `python3 -m venv`",
        )


def _is_bare(command: Command) -> bool:
    program = command.place.text.split()[0].strip("\"'")
    if "/" in program and not _SYSTEM.match(program):
        return False
    if any(wrapper.name in _ENVIRONMENTS for wrapper in command.outer):
        return False
    return not any(setting.name in _SETTINGS for setting in command.execution.environment)


def _activates(command: Command) -> bool:
    """An environment is entered: `. venv/bin/activate`, `conda activate`, `export PATH=venv/bin:$PATH`."""
    if not command.args:
        return False
    first = command.args[0].pattern
    if command.name in {".", "source"}:
        return bool(_ENTERS.search(first.literal))
    return command.name in {"conda", "mamba", "micromamba", "pyenv", "module", "ml"} or (
        command.name in {"eval", "export"}
        and bool(re.search(r"pyenv|conda|mise|direnv|venv|virtualenv", first.literal))
    )
