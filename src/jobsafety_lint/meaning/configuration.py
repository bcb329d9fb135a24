"""What configuration files say: variables, callbacks, services, tasks, and the jobs of a workflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.source import Place, Source


@dataclass(frozen=True, eq=False)
class ConfiguredVariable:
    """An environment variable that a configuration file sets.

    `host` is the kind of file (`mise`, `compose`). `owner` is the task or service that it is set for, empty where it
    counts for all. `form` says what the value is: `literal`, `template` (filled in when the file is used), `default`
    (used where nothing else sets it), `required`, `encrypted`, `unset`, `inherited` (the name alone). `place` is the
    name with its value.
    """

    place: Place
    name: str
    value: str
    value_place: Place
    host: str
    form: str = "literal"
    owner: str = ""


@dataclass(frozen=True, eq=False)
class CallbackTemplate:
    """A callback of a pueue.yml. `level` are the keys around it (`daemon`; `profiles`, name, `daemon`); `text` is its
    value, with the place of every code point.
    """

    place: Place
    key_place: Place
    level: tuple[str, ...]
    text: Source


@dataclass(frozen=True, eq=False)
class Service:
    """A service of a compose file, or of a workflow's job (`host`). `place` is its image (or its name, where it is built). `variables` are those that
    are set for it; `environment_files`: others come from files. `settings` are the scalars of all its other keys, by
    key (`command`, `volumes`, `configs`, …). `environment_place` is the block of its variables.
    """

    place: Place
    name: str
    image: str
    variables: Mapping[str, ConfiguredVariable]
    environment_files: bool = False
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    environment_place: Place | None = None
    host: str = "compose"


@dataclass(frozen=True, eq=False)
class TaskDefinition:
    """A task of a mise file: the tasks that it waits for or starts, and the script that it is (`file`)."""

    place: Place
    name: str
    depends: tuple[str, ...] = ()
    parallel: tuple[str, ...] = ()
    file: str | None = None
    directory: str | None = None
    before: tuple[str, ...] = ()
    """Those that have ended well before its own commands run."""
    commands: tuple[Command, ...] = ()
    """What its last shell text runs: arguments of the task are added there."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """A rule of a Makefile or a recipe of a justfile, and those that run before it."""

    place: Place
    name: str
    before: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class WorkflowStep:
    """A step of a job: the action that it uses with its options, or the commands that it runs."""

    place: Place
    title: str
    uses: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[Command, ...] = ()

    @property
    def action(self) -> str:
        """The action without its version: `pypa/gh-action-pypi-publish`."""
        return self.uses.partition("@")[0].lower()


@dataclass(frozen=True, eq=False)
class WorkflowJob:
    """A job of a workflow, with the jobs that it waits for."""

    place: Place
    name: str
    needs: tuple[str, ...] = ()
    steps: tuple[WorkflowStep, ...] = ()


@dataclass(frozen=True, eq=False)
class Workflow:
    """A workflow, or a composite action (one job, `runs`)."""

    place: Place
    jobs: tuple[WorkflowJob, ...] = ()

    def before(self, job: WorkflowJob) -> Iterator[WorkflowJob]:
        """The jobs that have ended when a job starts."""
        by_name = {each.name: each for each in self.jobs}
        seen = {job.name}
        names = list(job.needs)
        while names:
            name = names.pop()
            if name in by_name and name not in seen:
                seen.add(name)
                names += by_name[name].needs
                yield by_name[name]
