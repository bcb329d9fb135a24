"""What tells jobs apart: which parameters make one job another one, and which only say how it is run."""

from __future__ import annotations

import re

from jobsafety_lint.config import Settings
from jobsafety_lint.meaning.functions import Parameter
from jobsafety_lint.meaning.paths import words_of

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
        "endpoint",
        "address",
        "namespace",
        "user",
        "username",
        "password",
        "passwd",
        "token",
        "secret",
        "apikey",
        "credentials",
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
        "timeouts",
        "delay",
        "sleep",
        "interval",
        "batchsize",
        "chunksize",
        "limit",
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
        "target",
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
        "every",
        "description",
        "comment",
        "reason",
        "message",
        "note",
        "trace",
        "traceid",
        "email",
        "memo",
        "headers",
        "priority",
        "data",
        "frame",
        "frames",
        "df",
        "rows",
        "row",
        "records",
        "record",
        "payload",
        "items",
        "body",
        "content",
        "text",
        "lines",
        "result",
        "results",
        "values",
    ]
)
_RUN_ONLY_PREFIXES = (
    "no_", "is_", "use_", "skip_", "force_", "on_", "max_", "min_", "num_workers", "n_jobs", "n_workers", "enable_",
    "allow_", "with_", "should_", "keep_", "trace_", "request_", "log_", "dry_", "debug_", "verbose_",
)  # fmt: skip
_DATA_TYPES = re.compile(
    r"list|tuple|dict|set\[|Sequence|Iterable|Iterator|Mapping|Callable|DataFrame|Series|LazyFrame|ndarray|Tensor|Module|Array|Path|IO\b|"
    r"Logger|Client|Session|Connection|Engine|\bbool\b|bytes|Config|Settings|Options|Lock|Event|Queue|Generator|Awaitable|[Tt]ype\[",
)
_SCALARS = re.compile(
    r"^(Optional\[)?['\"]?(str|int|float|Decimal|date|datetime|dt\.date|dt\.datetime|datetime\.date|datetime\.datetime|Literal\[.*\]|Enum)\b"
)
CATEGORY_WORDS = frozenset(
    [
        "category",
        "direction",
        "side",
        "strategy",
        "generation",
        "gen",
        "regime",
        "phase",
        "variant",
        "flavor",
        "flavour",
        "cohort",
        "scenario",
        "split",
        "polarity",
        "stance",
    ]
)
"""Words of a parameter that say that it is a category of artifacts: one of a few kinds, made side by side."""


def is_run_only(name: str, settings: Settings) -> bool:
    """Whether a parameter's name says how a job is run, and not which job it is."""
    if name in settings.words("job-parameters"):
        return False
    lower = name.rpartition(".")[2].lower()
    words = list(words_of(lower))
    if name in settings.words("run-only-parameters") or not words:
        return True
    return (
        lower.startswith(("_", *_RUN_ONLY_PREFIXES))
        or "".join(words) in _RUN_ONLY
        or words[-1] in _RUN_ONLY
        or words[0] in {"log", "dry", "verbose", "debug"}
    )


def may_tell_apart(parameter: Parameter, settings: Settings) -> bool:
    """Whether two jobs may differ in a parameter: neither one of the run, nor data, nor a switch."""
    if parameter.name in settings.words("job-parameters"):
        return True
    if is_run_only(parameter.name, settings) or parameter.default in {"True", "False"}:
        return False
    return not _DATA_TYPES.search(parameter.annotation) or bool(_SCALARS.match(parameter.annotation))


def is_scalar(parameter: Parameter) -> bool:
    """Whether the annotation says text, number or date."""
    return bool(_SCALARS.match(parameter.annotation))


def has_category_word(name: str) -> bool:
    """Whether a name says by itself that it is a category of artifacts."""
    words = list(words_of(name))
    return bool(words) and words[-1] in CATEGORY_WORDS


def is_category(name: str, settings: Settings) -> bool:
    """Whether a name says that it is a category of artifacts, or the settings say so."""
    return name in settings.words("category-parameters") or has_category_word(name)
