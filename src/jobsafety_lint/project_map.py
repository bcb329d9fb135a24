"""What the jobs of a project are, what they start, and which files they share: what the rules of the project see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobsafety_lint import engine
from jobsafety_lint.cache.memory import Memory
from jobsafety_lint.engine.linking import project_of
from jobsafety_lint.engine.remembering import Recollection
from jobsafety_lint.engine.running import map_all
from jobsafety_lint.meaning.project.answers import Answers
from jobsafety_lint.meaning.project.artifacts import NameIndex, taken_names
from jobsafety_lint.meaning.project.links import QUIET_ROLES, GlobLink, NameLink, RunLink
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.model import Location, Mark


@dataclass(frozen=True)
class Start:
    """A program that is started, perhaps as one of several jobs. `program` is as it is written, `starts` are the files of
    the project that it is (with the function, if it starts one). `varies` are the loops that make several of it, each
    variable with the place of its loop; `together`: several may run at once; `label`: what the job's label is made from.
    """

    location: Location
    program: str
    starts: tuple[str, ...]
    varies: tuple[tuple[str, Location], ...]
    together: bool
    label: tuple[str, ...] | None


@dataclass(frozen=True)
class Artifact:
    """A name of a file that some code builds: its template, the parameters and variables in it, the function that builds
    it (empty at the top of a script), and what is done with it (`write`, `delete`, …).
    """

    location: Location
    template: str
    carries: tuple[str, ...]
    function: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Sweep:
    """A glob whose files are deleted, moved or merged, with the names of the project that it takes in."""

    location: Location
    pattern: str
    does: tuple[str, ...]
    takes: tuple[str, ...]


@dataclass(frozen=True)
class ProjectMap:
    """A project as its jobs see it, in the order of paths and lines."""

    root: Path
    starts: tuple[Start, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    sweeps: tuple[Sweep, ...] = ()


def maps_of(
    tasks: Sequence[engine.Task], options: engine.Options, memory: Memory | None = None
) -> list[ProjectMap]:
    """The map of every project that the given files belong to."""
    recollection = Recollection(memory, options) if memory is not None else None
    mapped = map_all(tasks, options, recollection)
    by_root: dict[Path, list[engine.Task]] = {}
    for task in tasks:
        by_root.setdefault(task.root, []).append(task)
    return [
        _map_of(project_of(root, mine, mapped, Answers()))
        for root, mine in sorted(by_root.items())
        if any(task.given for task in mine)
    ]


def _map_of(project: Project) -> ProjectMap:
    return ProjectMap(
        project.root,
        tuple(_without_wrappers(sorted(_starts(project), key=lambda s: s.location))),
        tuple(sorted(_artifacts(project), key=lambda a: a.location)),
        tuple(sorted(_sweeps(project), key=lambda s: s.location)),
    )


def _without_wrappers(starts: Sequence[Start]) -> Iterator[Start]:
    """Leaves out `uv`, `env` and the like, where the program of the project is known that they start."""
    known = {start.location for start in starts if start.starts}
    yield from (start for start in starts if start.starts or start.location not in known)


def _starts(project: Project) -> Iterator[Start]:
    for file, run in project.all(RunLink):
        if file.role in QUIET_ROLES:
            continue
        targets = project.targets(run, file)
        if not targets and not run.together:
            continue
        yield Start(
            run.mark.location,
            run.program.replace("\0", "…"),
            tuple(
                f"{_shown(project, path)}{f':{function}' if function else ''}" for path, function in targets
            ),
            tuple((name, loop.mark.location) for loop in run.loops for name in loop.variables),
            run.together,
            tuple(sorted(run.label)) if run.label is not None else None,
        )


def _artifacts(project: Project) -> Iterator[Artifact]:
    for file, name in project.all(NameLink):
        if file.role not in QUIET_ROLES:
            function = name.function or ""
            yield Artifact(
                name.mark.location,
                name.pattern.template,
                tuple(sorted(name.pattern.names)),
                function,
                tuple(sorted(name.roles)),
            )


def _sweeps(project: Project) -> Iterator[Sweep]:
    index = NameIndex(project)
    for file, glob in project.all(GlobLink):
        if file.role not in QUIET_ROLES:
            taken = dict.fromkeys(
                _place(t.name.mark, t.name.pattern.name.template) for t in taken_names(index, file, glob)
            )
            does = dict.fromkeys(kind for kind, _ in glob.uses)
            yield Sweep(glob.mark.location, glob.pattern.template, tuple(does), tuple(taken))


def _place(mark: Mark, template: str) -> str:
    return f"{template} ({mark.location.path}:{mark.location.line})"


def _shown(project: Project, path: str) -> str:
    return next((file.shown for file in project.files if file.path == path), path)
