"""JOB703: the project itself is upgraded from the index, although `uv run` reads the working tree."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Sequence
from jobsafety_lint.meaning.deployment.packages import installation_of, may_install
from jobsafety_lint.meaning.project.neighbours import python_project
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB703",
    "upgrade-of-editable-project",
    "the project itself is pip-upgraded although `uv run` reads the working tree",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("AP-5", "G-3"),
)

_NOT_THE_TREE = frozenset(
    {"--no-project", "--no-sync", "--isolated", "--script", "-s", "--project", "--directory"}
)
_OTHER_PLACE = ("-t", "--target", "--prefix", "--root", "--system", "--python", "-p")


@RULE.on(Sequence)
def upgrade(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """`uv pip install --upgrade NAME`, then `uv run` in the same place."""
    if not may_install(sequence):
        return
    project = None
    commands = list(sequence.commands)
    for at, command in enumerate(commands):
        installation = installation_of(command)
        if installation is None or installation.has(*_OTHER_PLACE) or not _replaces(command):
            continue
        project = project or python_project(context.file)
        if project is None:
            return
        named = [r for r in installation.requirements if r.name == project.name]
        if not named or not (
            installation.upgrades
            or named[0].operator.startswith("==")
            or installation.has("-P", "--upgrade-package", "--force-reinstall", "--reinstall")
        ):
            continue
        run = next((later for later in commands[at + 1 :] if _reads_tree(later, command)), None)
        if run is not None:
            yield RULE.found(
                command.place,
                f"`{project.name}` is this project itself: `uv run` installs it from the working tree, so what is upgraded here is not what runs",
                label="update the working tree (`git pull`), or run without the project (`uv run --no-project --with …`)",
                related=((run.place, "this runs the working tree"),),
            )


def _replaces(command: Command) -> bool:
    """Whether the package goes into an environment that the project may use (`uv tool` and pipx have their own)."""
    return command.name not in {"pipx", "uvx"} and "tool" not in command.words[:1]


def _reads_tree(later: Command, command: Command) -> bool:
    """A `uv run` of the same project on the same host."""
    words = [word or "" for word in later.words]
    if later.name != "uv" or words[:1] != ["run"] or later.execution.host != command.execution.host:
        return False
    if any(word.partition("=")[0] in _NOT_THE_TREE for word in words):
        return False
    here, there = command.execution.cwd, later.execution.cwd
    return here is None or there is None or here == there
