"""JOB602: a variable or the mise file is changed for all jobs, between queueing them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Pipe
from jobsafety_lint.meaning.deployment.changes import excludes, looks, shortened
from jobsafety_lint.meaning.deployment.rows import Row, Step
from jobsafety_lint.meaning.environment.machine import is_login, is_of_the_machine
from jobsafety_lint.meaning.execution import Setting, same_host
from jobsafety_lint.meaning.files import Append, Replace, Write
from jobsafety_lint.meaning.paths import PathPattern, words_of
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB602",
    "global-env-override",
    "`export K=V` or an edit of the mise file between queueing jobs",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("SPEC-4", "INV-5"),
)

_MISE_FILE = re.compile(
    r"(?:^|/)(?:\.?mise(?:\.[\w\0-]+)*\.toml|\.?mise/config(?:\.[\w-]+)*\.toml|\.config/mise[\w/.-]*\.toml)$"
)


def _submitters(row: Row) -> list[tuple[int, Step]]:
    """The steps of a row that the submitter itself runs, each with its place in the row."""
    return [(at, s) for at, s in enumerate(row.steps) if isinstance(s, Step) and s.execution.queue is None]


@RULE.on(Row, of={"pueue"})
def exported(row: Row, context: Context) -> Iterator[Draft]:
    """Variables that later jobs get and earlier ones do not, or that hold for jobs which differ in that very thing."""
    if context.role in {"test", "docs"}:
        return
    steps = _submitters(row)
    launches = [(at, step) for at, step in steps if step.launch is not None]
    allowed = context.settings.words("allowed-env-overrides")
    seen: set[Place] = set()
    for at, step in launches:
        for setting in step.execution.environment:
            if setting.by != "export" or setting.place in seen or not _configures(setting, allowed):
                continue
            seen.add(setting.place)
            before = [s for i, s in launches if i < at and _is_without(s, setting, step)]
            after = [(i, s) for i, s in launches if setting in s.execution.environment]
            if before and not _is_undone(setting.name, at, after, steps):
                yield _between(setting, before[-1], step)
            elif (option := _differs_in(setting, [s for _, s in after])) is not None:
                yield _for_all(setting, option, step)


def _configures(setting: Setting, allowed: frozenset[str]) -> bool:
    """Whether a variable may be one that the pipeline is configured by, with a value that is written down."""
    if is_of_the_machine(setting.name, allowed) or is_login(setting.name):
        return False
    return not any(hole.kind in {"command", "time", "unique"} for hole in setting.value.holes)


def _is_without(earlier: Step, setting: Setting, later: Step) -> bool:
    """Whether an earlier job has been queued without any value of the variable."""
    if earlier.place.source is not later.place.source:
        return False
    if any(known.name == setting.name for known in earlier.execution.environment):
        return False
    return not excludes(earlier, later)


def _is_undone(name: str, at: int, after: list[tuple[int, Step]], steps: list[tuple[int, Step]]) -> bool:
    """Whether the variable is taken away again behind the one job that gets it."""
    following = [i for i, _ in after if i > at]
    end = following[0] if following else None
    return any(
        step.command.name == "unset" and name in step.command.words and i > at and (end is None or i < end)
        for i, step in steps
    )


def _differs_in(setting: Setting, launches: list[Step]) -> str | None:
    """The option in which the jobs differ though the variable, by its name, sets that for all: `--threshold`, `MIN_THRESHOLD`."""
    words = set(words_of(setting.name))
    values: dict[tuple[str, str], set[object]] = {}
    for step in launches:
        for command in step.launch.commands if step.launch else ():
            for name, value in _options(command):
                option = set(words_of(name))
                if option and option <= words and max(map(len, option)) > 3:
                    varied = value if any(hole.names for hole in value.holes) else value.text
                    values.setdefault((command.name, name), set()).add(varied)
                    if value.names & step.execution.loop_variables:
                        return name
    return next((name for (_, name), found in values.items() if len(found) > 1), None)


def _options(command: Command) -> Iterator[tuple[str, PathPattern]]:
    for at, arg in enumerate(command.args[:-1]):
        if (arg.text or "").startswith("--"):
            yield (arg.text or "").lstrip("-"), command.args[at + 1].pattern


def _between(setting: Setting, before: Step, after: Step) -> Draft:
    return RULE.found(
        setting.place,
        f"`{setting.name}` is set between two jobs: this one and all that are queued later have it, those before do not",
        label="pass it to the job as an argument, or set it for every job",
        related=((before.place, "queued without it"), (after.place, "queued with it")),
        data={"variable": setting.name},
    )


def _for_all(setting: Setting, option: str, step: Step) -> Draft:
    return RULE.found(
        setting.place,
        f"`{setting.name}` holds for every job that is queued from here on, though they differ in `--{option}`",
        label="pass it to the job as an argument, or set it in the configuration file",
        related=((step.place, "a job that gets it"),),
        data={"variable": setting.name},
    )


# --- the mise file ---------------------------------------------------------------------------------------------------


@RULE.on(Row, of={"pueue"})
def edited(row: Row, context: Context) -> Iterator[Draft]:
    """The mise file is edited while jobs that read it wait in the queue."""
    if context.role in {"test", "docs"}:
        return
    steps = _submitters(row)
    jobs = [(at, step) for at, step in steps if step.launch is not None]
    if not jobs:
        return
    waits = [at for at, look in looks(row, context.all(Pipe)).items() if look.decides]
    writes = {
        fact.place
        for kind in (Write, Append, Replace)
        for fact in context.all(kind)
        if _MISE_FILE.search(fact.path.literal)
    }
    for at, step in steps:
        if step.place not in writes and not _sets(step.command):
            continue
        earlier = [
            job
            for i, job in jobs
            if i < at and not any(i < wait < at for wait in waits) and _meets(step, job)
        ]
        again = [job for i, job in jobs if i > at and _next_round(step, job, row, waits)]
        if earlier or again:
            yield _of_file(step.place, shortened(step.command), (earlier or again)[-1])
    for place in sorted(writes - {step.place for _, step in steps}, key=lambda place: place.span):
        job = next((j for _, j in jobs if _around(place, j, jobs, row)), None)
        if job is not None:
            yield _of_file(place, " ".join(place.text.split())[:60], job)


def _sets(command: Command) -> bool:
    """`mise set K=V`, `mise unset K`, `mise config set env.K V`."""
    words = [arg.pattern.literal for arg in command.args]
    if command.name != "mise":
        return False
    if words[:1] == ["set"]:
        return (
            any("=" in word for word in words[1:]) or len([w for w in words[1:] if not w.startswith("-")]) > 1
        )
    return words[:1] == ["unset"] or words[:2] == ["config", "set"]


def _meets(edit: Step, job: Step) -> bool:
    return same_host(edit.execution.host, job.execution.host) and not excludes(job, edit)


def _next_round(edit: Step, job: Step, row: Row, waits: list[int]) -> bool:
    loops = [loop for loop in edit.execution.loops if loop in job.execution.loops]
    if not loops or not same_host(edit.execution.host, job.execution.host):
        return False
    inside = [row.steps[at] for at in waits]
    return not any(isinstance(step, Step) and loops[-1] in step.execution.loops for step in inside)


def _around(place: Place, job: Step, jobs: list[tuple[int, Step]], row: Row) -> bool:
    """Whether Python code that writes the file stands behind a job of the same function."""
    source, span = row.place.source, row.place.span
    host = job.place.source
    while host.host is not None and host is not source:
        host = host.host
    start = job.place.source.in_file(job.place.span).start
    return place.source is source and place.span in span and host is source and start < place.span.start


def _of_file(place: Place, shown: str, job: Step) -> Draft:
    return RULE.found(
        place,
        f"`{shown}` changes the mise file while jobs are queued: a job reads it when it starts, and so sees the last value",
        label="pass the value to each job as an argument",
        related=((job.place, "this job may not have started"),),
    )
