"""JOB508: a wiping flag is passed to parallel jobs of the same item."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.deployment.changes import excludes
from jobsafety_lint.meaning.deployment.rows import Row, Step
from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.paths import words_of
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB508",
    "force-refresh-in-parallel",
    "a wiping flag passed to parallel jobs of the same item",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("DP",),
)

_WIPES = re.compile(
    r"--(?:force[-_]refresh|refresh[-_]cache|refresh|overwrite|clean|clean[-_]start|reset|wipe|purge|fresh|no[-_]resume|from[-_]scratch|recreate|"
    r"drop[-_](?:table|existing|cache)|truncate|clear|clear[-_]cache|rebuild[-_]cache|invalidate|flush|delete[-_]existing|force[-_]rebuild)(?:=true|=1)?"
)
_ITEMS = frozenset(
    {"symbol", "symbols", "sym", "ticker", "pair", "coin", "region", "country", "city", "state", "station", "site", "user", "customer", "client",
     "tenant", "dataset", "source", "table", "file", "input", "item", "name", "sample", "patient", "chrom", "chromosome", "url", "repo", "project",
     "key", "bucket", "instrument", "feed", "market", "asset", "host", "device", "sensor", "subject", "id", "exchange", "venue", "index", "graph",
     "map", "area", "tile", "basin", "plant", "store", "product", "channel", "account", "org", "team", "case", "path", "dir", "db", "database",
     "corpus", "lang", "language", "species", "gene", "book", "series", "topic", "stock", "genome", "cohort", "scene", "video"}
)  # fmt: skip
"""Words of options that name what is worked on, and so whose data a wipe takes."""
_OUTPUTS = frozenset(
    {
        "out",
        "output",
        "dest",
        "destination",
        "target",
        "save",
        "outdir",
        "outfile",
        "o",
        "result",
        "results",
        "run",
        "exp",
    }
)
_OWN_OUTPUT = re.compile(r"--(?:overwrite|clean|clear|reset|recreate|truncate|delete[-_]existing)")
_RUN_ONLY = frozenset({"workers", "jobs", "threads", "log", "level", "config", "mode", "stage", "seed"})


@dataclass(frozen=True, eq=False)
class _Job:
    """A program that is started with a wiping flag. `place` is where it is queued."""

    place: Place
    flag: Arg
    program: Command
    step: Step

    @property
    def execution(self) -> Execution:
        """Where it is queued or started."""
        return self.step.execution


@RULE.on(Row)
def wiped_by_each(row: Row, context: Context) -> Iterator[Draft]:
    """Jobs of a loop, or of several lines, that wipe what the others build."""
    if context.role in {"test", "docs"}:
        return
    steps = [step for step in row.steps if isinstance(step, Step)]
    wrappers = {
        id(wrapper) for step in steps if step.execution.queue is None for wrapper in step.command.outer
    }
    jobs = [
        job
        for step in steps
        if step.launch is not None or id(step.command) not in wrappers
        for job in _jobs(step)
    ]
    reported: list[_Job] = []
    for job in jobs:
        shared = _shared_in_loop(job)
        if shared is not None:
            yield _finding(job, shared, job.execution.loops[-1].place)
            reported.append(job)
    rest = [job for job in jobs if job not in reported]
    for at, job in enumerate(rest):
        other = next((o for o in rest[:at] if _same_item(o, job)), None)
        if other is not None:
            yield _finding(job, _item(job), other.place)


def _finding(job: _Job, item: str, other: Place) -> Draft:
    what = f" of `{item}`" if item else ""
    return RULE.found(
        job.place,
        f"every job{what} wipes with `{job.flag.pattern.template}` what the others are building",
        label="wipe once in a job of its own, and queue the others `--after` it without the flag",
        related=((job.flag.place, "the flag"), (other, "more of the same are started here")),
        data={"flag": job.flag.pattern.template},
    )


def _jobs(step: Step) -> Iterator[_Job]:
    """The programs with a wiping flag that a command queues, or that `xargs -P` and a loop with `&` start."""
    if step.launch is not None and not _is_chained(step):
        commands: Sequence[Command] = step.launch.commands
    elif step.execution.queue is None and (step.execution.background or _fanned_out(step)):
        commands = (step.command,)
    else:
        return
    for command in reversed(commands):
        flag = next((arg for arg in command.args if _WIPES.fullmatch(arg.text or "")), None)
        if flag is not None and command.name not in {
            "git",
            "docker",
            "npm",
            "cargo",
            "make",
            "pip",
            "rsync",
            "pueue",
        }:
            yield _Job(step.place if step.launch else command.place, flag, command, step)
            return


def _is_chained(step: Step) -> bool:
    """Whether each job waits for the one before it: `prev=$(pueue add --after "$prev" …)`."""
    after = step.launch.call.given("-a", "--after") if step.launch else None
    return after is not None and any(value.pattern.names & step.command.output_to for value in after.values)


def _fanned_out(step: Step) -> bool:
    return any(loop.kind in {"xargs", "parallel"} for loop in step.execution.loops) and bool(
        step.execution.concurrency
    )


def _shared_in_loop(job: _Job) -> str | None:
    """The item that the jobs of a loop share; None if each has its own, or there is no loop."""
    loops = job.execution.loops
    if not loops:
        return None
    variables = set(loops[-1].variables)
    options = list(_options(job.program))
    varied = [(name, arg) for name, arg in options if _varies(arg, variables)]
    if not varied or any(set(words_of(name)) & _ITEMS for name, _ in varied):
        return None
    if any(set(words_of(variable)) & _ITEMS for variable in variables):
        return None
    if _OWN_OUTPUT.fullmatch(job.flag.text or "") and any(
        set(words_of(name)) & _OUTPUTS for name, _ in varied
    ):
        return None
    if any(not name for name, _ in varied):  # a positional word: what is worked on, most often
        fixed = [
            name for name, arg in options if not _varies(arg, variables) and set(words_of(name)) & _ITEMS
        ]
        if not fixed:
            return None
    return _item(job, variables)


def _varies(arg: Arg, variables: set[str]) -> bool:
    return bool(arg.pattern.names & variables) or any(
        v == "{}" and "{}" in arg.pattern.literal for v in variables
    )


def _options(command: Command) -> Iterator[tuple[str, Arg]]:
    """The options of a program with their values; the name is empty for a positional word."""
    name = ""
    for arg in command.args:
        literal = arg.pattern.literal
        if literal.startswith("-") and "=" in literal:
            yield literal.partition("=")[0].lstrip("-"), arg
            name = ""
        elif literal.startswith("-") and len(literal) > 1:
            name = literal.lstrip("-") if not _WIPES.fullmatch(literal) else ""
        else:
            yield name, arg
            name = ""


def _item(job: _Job, variables: set[str] | None = None) -> str:
    """The item as the command line gives it (`btc`), empty where there is none."""
    for name, arg in _options(job.program):
        if set(words_of(name)) & _ITEMS and not _varies(arg, variables or set()):
            return arg.pattern.template.rpartition("=")[2]
    return ""


def _same_item(one: _Job, other: _Job) -> bool:
    """Whether two lines start the same program for the same item, with something else that differs."""
    mine, theirs = _values(one.program), _values(other.program)
    if (
        one.program.name != other.program.name
        or one.place.span == other.place.span
        or excludes(one.step, other.step)
    ):
        return False
    items = [name for name in mine if set(words_of(name)) & _ITEMS]
    if mine.get("") != theirs.get("") or not items or any(mine[name] != theirs.get(name) for name in items):
        return False
    differing = [
        name for name in mine if mine[name] != theirs.get(name) and not set(words_of(name)) & _RUN_ONLY
    ]
    if _OWN_OUTPUT.fullmatch(one.flag.text or "") and any(
        set(words_of(name)) & _OUTPUTS for name in differing
    ):
        return False
    return bool(differing)


def _values(command: Command) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for name, arg in _options(command):
        found[name] = (*found.get(name, ()), arg.pattern)
    return found
