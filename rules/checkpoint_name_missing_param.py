"""JOB201: a name that jobs share leaves out a parameter that tells them apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.functions import ArtifactName, Call, Function, Parameter
from jobsafety_lint.meaning.paths import words_of
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB201",
    "checkpoint-name-missing-param",
    "a checkpoint, lock, cursor, temp or cache name leaves out a parameter that tells jobs apart",
    Severity.ERROR,
    Confidence.MEDIUM,
    references=("INV-1", "AP-2"),
    silent_where=("JOB110", "JOB902"),
)

_PURPOSES = frozenset(
    [
        "checkpoint",
        "checkpoints",
        "ckpt",
        "ckpts",
        "chkpt",
        "cursor",
        "cursors",
        "offset",
        "offsets",
        "watermark",
        "watermarks",
        "progress",
        "resume",
        "lock",
        "lease",
        "inprogress",
        "bookmark",
        "bookmarks",
        "cache",
        "partial",
        "tmp",
        "temp",
    ]
)
_NAME_PURPOSES = _PURPOSES | {"state", "manifest", "marker"}

_RUN_ONLY = frozenset(
    [
        "verbose",
        "debug",
        "quiet",
        "silent",
        "dry",
        "dryrun",
        "notify",
        "log",
        "logger",
        "loglevel",
        "level",
        "workers",
        "worker",
        "jobs",
        "njobs",
        "nworkers",
        "threads",
        "processes",
        "procs",
        "parallel",
        "concurrency",
        "force",
        "overwrite",
        "resume",
        "reset",
        "clean",
        "refresh",
        "host",
        "port",
        "url",
        "user",
        "password",
        "passwd",
        "token",
        "secret",
        "key",
        "apikey",
        "callback",
        "callbacks",
        "hook",
        "on",
        "progress",
        "client",
        "session",
        "conn",
        "connection",
        "db",
        "engine",
        "pool",
        "executor",
        "lock",
        "self",
        "cls",
        "config",
        "cfg",
        "conf",
        "settings",
        "options",
        "opts",
        "args",
        "kwargs",
        "context",
        "ctx",
        "retries",
        "retry",
        "attempts",
        "timeout",
        "delay",
        "sleep",
        "interval",
        "batch",
        "chunk",
        "chunksize",
        "batchsize",
        "limit",
        "max",
        "min",
        "buffer",
        "device",
        "gpu",
        "cuda",
        "fmt",
        "format",
        "encoding",
        "output",
        "out",
        "outdir",
        "outfile",
        "input",
        "path",
        "paths",
        "dir",
        "directory",
        "folder",
        "root",
        "base",
        "basedir",
        "workdir",
        "cwd",
        "tmp",
        "tmpdir",
        "cache",
        "cachedir",
        "filename",
        "file",
        "files",
        "dest",
        "destination",
        "suffix",
        "prefix",
        "ext",
        "extension",
        "compress",
        "compression",
        "pbar",
        "tqdm",
        "bar",
        "console",
        "writer",
        "reader",
        "handler",
        "stream",
        "fh",
        "fp",
        "buf",
        "stop",
        "event",
        "queue",
        "loop",
        "rng",
        "save",
        "load",
        "strict",
        "check",
        "validate",
        "test",
        "mode",
        "keep",
        "ttl",
        "ttls",
        "age",
        "save",
        "every",
    ]
)
_RUN_ONLY_PREFIXES = (
    "no_",
    "is_",
    "use_",
    "skip_",
    "force_",
    "on_",
    "max_",
    "min_",
    "num_workers",
    "n_jobs",
    "n_workers",
    "enable_",
    "allow_",
    "with_",
    "should_",
    "keep_",
)
_DATA_TYPES = re.compile(
    r"list|tuple|dict|set|Sequence|Iterable|Iterator|Mapping|Callable|DataFrame|Series|LazyFrame|ndarray|Tensor|Module|Array|Path|PathLike|IO|"
    r"Logger|Client|Session|Connection|Engine|bool|bytes|Config|Settings|Options|Any|object|Lock|Event|Queue|Generator|Awaitable|Type\[",
)
_SCALARS = re.compile(
    r"^(Optional\[)?['\"]?(str|int|float|Decimal|date|datetime|dt\.date|dt\.datetime|datetime\.date|datetime\.datetime|Literal\[.*\]|Enum)\b"
)
_STRONG = frozenset({"computed", "passed", "formatted"})


@dataclass(frozen=True)
class Missing:
    """A parameter that is not in the name: where it is declared, and the call that leaves it out."""

    parameter: Parameter
    function: Function
    call: Call | None = None


@RULE.on(ArtifactName)
def missing_parameter(name: ArtifactName, context: Context) -> Iterator[Draft]:
    """A name in Python, seen from its function or from those that call it."""
    if context.role in {"test", "docs", "temporary"} or name.language != "python":
        return
    if not _keeps_state(name) or name.pattern.is_unique or name.pattern.has_digest:
        return
    missing = list(_missing(name, context))
    if not missing:
        return
    certain = [m for m in missing if _is_certain(m.parameter)]
    shown = certain or missing
    names = list(dict.fromkeys(m.parameter.name for m in shown))
    listed = " and ".join(f"`{n}`" for n in names)
    verb = "tell" if len(names) > 1 else "tells"
    where = "its caller's" if shown[0].call else "this function's"
    related: list[tuple[Place, str]] = [(shown[0].parameter.place, f"{where} parameter `{names[0]}`")]
    if shown[0].call is not None:
        related.append(
            (shown[0].call.place, f"called without `{names[0]}`, a parameter of {shown[0].function.name}()")
        )
    yield RULE.found(
        name.place,
        f"{listed} {verb} jobs apart, but `{name.template.template}` leaves {'them' if len(names) > 1 else 'it'} out",
        label=f"jobs that differ only in {listed} share this file",
        related=tuple(related),
        confidence=Confidence.MEDIUM if certain else Confidence.LOW,
        data={"missing": names, "template": name.template.template},
        subject=name.place,
    )


def _keeps_state(name: ArtifactName) -> bool:
    if not re.search(r"\w", name.template.literal):
        return False  # nothing but a value that was built elsewhere
    own = name.template.words | frozenset(words_of(name.variable))
    if own & _NAME_PURPOSES or (
        name.returned and name.function and set(words_of(name.function.name)) & _NAME_PURPOSES
    ):
        return True
    return bool(name.purposes & _PURPOSES)


def _missing(name: ArtifactName, context: Context) -> Iterator[Missing]:
    function = name.function
    if function is None:
        return
    in_name = name.pattern.names
    if not name.pattern.holes or not in_name & {p.name for p in function.parameters}:
        if not name.pattern.holes or not name.returned:
            return
    found = [
        Missing(p, function)
        for p in function.parameters
        if p.name not in in_name and _may_tell_apart(p, context)
    ]
    yield from found
    if found or not name.returned:
        return
    handed = {p.name for p in function.parameters} & in_name
    for call in name.calls:
        if call.caller is None or not handed:
            continue
        given = frozenset().union(
            *(pattern.names for parameter, pattern in call.bound if parameter in handed)
        )
        for parameter in call.caller.parameters:
            if parameter.name not in given and given and _may_tell_apart(parameter, context):
                yield Missing(parameter, call.caller, call)


def _may_tell_apart(parameter: Parameter, context: Context) -> bool:
    settings = context.settings
    if parameter.name in settings.words("job-parameters"):
        return True
    name = parameter.name.lower()
    words = list(words_of(name))
    run_only = settings.words("run-only-parameters")
    if parameter.name in run_only or name.startswith(("_", *_RUN_ONLY_PREFIXES)) or not words:
        return False
    if (
        "".join(words) in _RUN_ONLY
        or words[-1] in _RUN_ONLY
        or words[0] in {"log", "dry", "verbose", "debug"}
    ):
        return False
    if _DATA_TYPES.search(parameter.annotation) and not _SCALARS.match(parameter.annotation):
        return False
    if parameter.default in {"True", "False"}:
        return False
    uses = parameter.uses
    if uses & {"called", "iterated"} or not uses & _STRONG:
        return False
    return not ("attribute" in uses and not _SCALARS.match(parameter.annotation))


def _is_certain(parameter: Parameter) -> bool:
    """Whether the parameter is a plain value that goes into the result."""
    if _SCALARS.match(parameter.annotation):
        return True
    return not parameter.annotation and bool(parameter.uses & {"computed", "formatted"})


@RULE.on(ArtifactName)
def missing_loop_variable(name: ArtifactName, context: Context) -> Iterator[Draft]:
    """The shell twin: a name with one loop variable, for a command that takes two."""
    if (
        context.role in {"test", "docs"}
        or name.language != "shell"
        or not name.purposes & (_NAME_PURPOSES | {"tmp", "temp"})
    ):
        return
    if name.pattern.is_unique or not name.jobs:
        return
    for job, taken in name.jobs:
        missing = sorted(taken - name.pattern.names)
        if not missing or not name.pattern.names & taken:
            continue
        loops = [loop for loop in name.execution.loops if set(loop.variables) & set(missing)]
        listed = " and ".join(f"`{n}`" for n in missing)
        related = [(loop.place, f"varied by this loop: {', '.join(loop.variables)}") for loop in loops]
        yield RULE.found(
            name.place,
            f"{listed} tells jobs apart, but `{name.template.template}` leaves it out",
            label=f"jobs that differ only in {listed} share this file",
            related=(*related, (job, "this command takes it")),
            confidence=Confidence.HIGH if loops else Confidence.MEDIUM,
            data={"missing": list(missing), "template": name.template.name.template},
            subject=name.place,
        )
        return
