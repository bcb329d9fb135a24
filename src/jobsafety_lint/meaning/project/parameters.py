"""Parameters by their names and types: which can tell jobs apart, which only say how a job is run, which are categories."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from jobsafety_lint.config import Settings
from jobsafety_lint.meaning.paths import words_of

SHAPES_RESULT = frozenset({"computed", "formatted", "iterated", "stored"})
"""Uses of a parameter that go into what is written; what is handed on may be about something else."""


class Declared(Protocol):
    """A parameter as it is declared."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def annotation(self) -> str: ...  # noqa: D102

    @property
    def default(self) -> str | None: ...  # noqa: D102


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STEERS = _words(
    "verbose debug quiet silent dry dryrun notify log logger loglevel workers worker jobs njobs nworkers threads processes procs "
    "parallel concurrency force overwrite resume reset clean refresh password passwd token secret apikey callback callbacks hook "
    "client session conn connection db engine pool executor lock self cls retries retry attempts attempt tries try timeout delay sleep kwargs pbar "
    "tqdm progress console"
)
"""The last word of parameters that only steer a run: they never tell jobs apart, whoever varies them."""
_RARELY = _STEERS | _words(
    "level host port url user key on config cfg conf settings options opts args context ctx interval batch chunk chunksize batchsize "
    "limit max min buffer device gpu cuda fmt format encoding output out outdir outfile input path paths dir directory folder root "
    "base basedir workdir cwd tmp tmpdir cache cachedir filename file files dest destination suffix prefix ext extension compress "
    "compression bar writer reader handler stream fh fp buf stop event queue loop rng save load strict check validate test mode keep "
    "ttl ttls age every seed epoch epochs step steps iteration iterations iter "
    "rank localrank worldsize frequency freq script content contents text body payload message msg "
    "maxiter maxiters niter niters maxerr tol tolerance"
)
"""The same, unless jobs are seen to differ in them."""
_HOW_OFTEN = (["interval"], ["frequency"], ["freq"])
"""The last word of parameters that mean seconds between two looks, or the distance of the data's points."""
_BATCH = _words(
    "account qos walltime ntasks nodes nodelist gpuspernode ntaskspernode taskspernode cpuspertask mempercpu mempernode"
)
"""What a batch system is told of a job."""
_BESIDE_BATCH = _words("partition time image container mounts")
"""The same, where one of the others is told, too: alone they may mean data."""
_ABOUT_THE_RUN = _words("log dry verbose debug profile profiler prof nvprof")
"""First words of parameters that say how a run is looked at."""
_RARELY_PREFIXES = (
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
    "do_",
    "keep_",
)
_SWITCH_OR_DATA = re.compile(r"True$|False$|[\[{(]|(?:dict|list|set)\(")
"""Defaults of switches and of data."""
_DATA_TYPES = re.compile(
    r"list|tuple|dict|set\[|Sequence|Iterable|Iterator|Mapping|Callable|DataFrame|Series|LazyFrame|ndarray|Tensor|Module|Array|Path|PathLike|IO\b|"
    r"Logger|Client|Session|Connection|Engine|\bbool\b|bytes|Config|Settings|Options|Any|object|Lock|Event|Queue|Generator|Awaitable|Type\[",
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


def is_for_batch_system(name: str, others: Iterable[str]) -> bool:
    """Whether a parameter, one beside these others, tells a batch system what a job needs (sbatch(1))."""
    joined = "".join(words_of(name))
    return joined in _BATCH or (
        joined in _BESIDE_BATCH and any("".join(words_of(other)) in _BATCH for other in others)
    )


def is_run_only(name: str, settings: Settings, *, certain: bool = False) -> bool:
    """Whether a parameter's name says how a job is run, and not which job it is. `certain`: jobs are seen to differ in it."""
    if name in settings.words("job-parameters"):
        return False
    lower = name.rpartition(".")[2].lower()
    words = list(words_of(lower))
    if name in settings.words("run-only-parameters") or not words:
        return True
    steers = _STEERS if certain else _RARELY
    if not steers.isdisjoint({"".join(words), "".join(words[-2:]), words[-1]}) or words[0] in _ABOUT_THE_RUN:
        return True
    return not certain and lower.startswith(("_", *_RARELY_PREFIXES))


def _is_of_data(parameter: Declared) -> bool:
    """Whether a parameter that may say how often something is done is a text: `interval: str` is that of the bars."""
    words = list(words_of(parameter.name))
    return words[-1:] in _HOW_OFTEN and (
        parameter.annotation.startswith("str") or (parameter.default or "")[:1] in {"'", '"'}
    )


def may_tell_apart(parameter: Declared, settings: Settings, *, certain: bool = False) -> bool:
    """Whether two jobs may differ in a parameter: neither one of the run, nor data, nor a switch."""
    if parameter.name in settings.words("job-parameters"):
        return True
    if (is_run_only(parameter.name, settings, certain=certain) and not _is_of_data(parameter)) or (
        parameter.default is not None and _SWITCH_OR_DATA.match(parameter.default)
    ):
        return False
    return not _DATA_TYPES.search(parameter.annotation) or is_scalar(parameter)


def is_scalar(parameter: Declared) -> bool:
    """Whether the annotation says text, number or date."""
    return bool(_SCALARS.match(parameter.annotation))


def has_category_word(name: str) -> bool:
    """Whether a name says by itself that it is a category of artifacts."""
    words = list(words_of(name))
    keyed = "by" in words[:-1]  # `paths_by_phase`: of all of them
    return bool(words) and words[-1] in CATEGORY_WORDS and not keyed


def is_category(name: str, settings: Settings) -> bool:
    """Whether a name says that it is a category of artifacts, or the settings say so."""
    return name in settings.words("category-parameters") or has_category_word(name)
