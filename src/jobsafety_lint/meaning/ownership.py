"""Which parameters of a job a name of a file leaves out, though they tell jobs apart.

A name that keeps state is seen from the functions that use it: the one that builds it, the callers of a helper that hands
it out, the class whose attributes it is made from, the script whose arguments it is made from. A parameter of those
that is in no hole of the name is missing, unless it only steers the run, is the same for all jobs, or is derived from
what the name has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.config import Settings
from jobsafety_lint.meaning.functions import Function
from jobsafety_lint.meaning.identity import FIXED, LABELLED, REQUIRED, VARIED, Evidence, JobIdentity
from jobsafety_lint.meaning.links import FileLinks, NameLink, ParameterLink, ScriptOption
from jobsafety_lint.meaning.paths import words_of
from jobsafety_lint.meaning.project import Project
from jobsafety_lint.meaning.python.index import CallSite, Module
from jobsafety_lint.meaning.python.parameters import uses_of
from jobsafety_lint.model import Confidence, Mark
from jobsafety_lint.readers.python.outline import Definition


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_POSITIONS = _words(
    "checkpoint checkpoints ckpt ckpts chkpt cursor cursors offset offsets watermark watermarks progress resume lock lease "
    "inprogress bookmark bookmarks"
)
_PURPOSES = _POSITIONS | _words("cache partial tmp temp")
_NAME_PURPOSES = _PURPOSES | _words("state manifest marker")
"""Words that say what a name is for: in what leads to it, and in the name itself."""

_STEERS = _words(
    "verbose debug quiet silent dry dryrun notify log logger loglevel workers worker jobs njobs nworkers threads processes procs "
    "parallel concurrency force overwrite resume reset clean refresh password passwd token secret apikey callback callbacks hook "
    "client session conn connection db engine pool executor lock self cls retries retry attempts timeout delay sleep kwargs pbar "
    "tqdm progress console"
)
"""The last word of parameters that only steer a run: they never tell jobs apart, whoever varies them."""
_RARELY = _STEERS | _words(
    "level host port url user key on config cfg conf settings options opts args context ctx interval batch chunk chunksize batchsize "
    "limit max min buffer device gpu cuda fmt format encoding output out outdir outfile input path paths dir directory folder root "
    "base basedir workdir cwd tmp tmpdir cache cachedir filename file files dest destination suffix prefix ext extension compress "
    "compression bar writer reader handler stream fh fp buf stop event queue loop rng save load strict check validate test mode keep "
    "ttl ttls age every seed"
)
"""The same, unless jobs are seen to differ in them."""
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
    "keep_",
)
_DATA_TYPES = re.compile(
    r"list|tuple|dict|set|Sequence|Iterable|Iterator|Mapping|Callable|DataFrame|Series|LazyFrame|ndarray|Tensor|Module|Array|Path|PathLike|IO|"
    r"Logger|Client|Session|Connection|Engine|bool|bytes|Config|Settings|Options|Any|object|Lock|Event|Queue|Generator|Awaitable|Type\[",
)
_SCALARS = re.compile(
    r"^(Optional\[)?['\"]?(str|int|float|Decimal|date|datetime|dt\.date|dt\.datetime|datetime\.date|datetime\.datetime|Literal\[.*\]|Enum)\b"
)
_STRONG = _words("computed passed formatted")
_NAMESPACES = _words("args ns opts options namespace parsed cfg config conf params")
_QUIET_ROLES = _words("test docs temporary vendored")
_HELPER_LINES = 12
"""A function longer than this that returns a helper's name is no mere helper itself."""


@dataclass(frozen=True)
class Missing:
    """A parameter that a name leaves out. `owner` is the function that has it (empty: a script), `calls` the calls that
    leave it out.
    """

    parameter: ParameterLink
    owner: str
    evidence: Evidence
    confidence: Confidence
    calls: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class _Owner:
    """Who uses a name: what of its own it has in the name, and the calls that lead to the name."""

    module: Module
    definition: Definition | None
    carried: frozenset[str]
    calls: tuple[Mark, ...] = ()


def missing_parameters(project: Project, identity: JobIdentity) -> Iterator[tuple[NameLink, list[Missing]]]:
    """The names that leave out something, each with what is missing at the strongest tier of evidence that has any."""
    for file, name in project.all(NameLink):
        if file.role in _QUIET_ROLES or not keeps_state(name, project.settings):
            continue
        if name.pattern.is_unique or name.pattern.has_digest:
            continue
        found = list(
            _in_shell(file, name, project, identity)
            if name.language == "shell"
            else _in_python(file, name, project, identity)
        )
        if found:
            best = min(m.evidence.tier for m in found)
            sure = max((m.confidence for m in found if m.evidence.tier == best), key=lambda c: c.rank)
            yield name, [m for m in found if m.evidence.tier == best and m.confidence is sure]


def keeps_state(name: NameLink, settings: Settings) -> bool:
    """Whether jobs keep state under a name: its words, its variable or its function say so."""
    if not re.search(r"\w", name.template.literal):
        return False  # nothing but a value that was built elsewhere
    function = name.function.name.rpartition(".")[2] if name.function is not None else ""
    if function and function in settings.words("checkpoint-functions"):
        return True
    own = name.template.words | frozenset(words_of(name.variable))
    state = _NAME_PURPOSES | settings.words("state-name-patterns")
    if own & state or (name.returned and set(words_of(function)) & state):
        return True
    return bool(name.purposes & _PURPOSES)


# --- Python ----------------------------------------------------------------------------------------------------------


def _in_python(file: FileLinks, name: NameLink, project: Project, identity: JobIdentity) -> Iterator[Missing]:
    module = project.module(file.path)
    if module is None:
        return
    definition = module.definitions.get(name.function.name) if name.function is not None else None
    if name.function is not None and definition is None:
        return
    first = _Owner(module, definition, name.pattern.names)
    found = list(_missing_in(first, name, project, identity))
    yield from found
    if name.returned and definition is not None and not any(m.confidence.rank for m in found):
        for owner in _callers(first, project, 0):
            yield from _missing_in(owner, name, project, identity)


def _callers(owner: _Owner, project: Project, depth: int) -> Iterator[_Owner]:
    """The functions that get a name from a helper, through further helpers that only hand it on."""
    assert owner.definition is not None
    parameters = [p.arg for p in owner.definition.parameters]
    for site in project.callers(owner.module, owner.definition.qualified):
        given = _given(site, parameters)
        carried = frozenset().union(
            *(given.get(name, frozenset()) for name in owner.carried & set(parameters))
        )
        if owner.carried & set(parameters) and not carried:
            continue
        above = _Owner(site.module, site.caller, carried, (*owner.calls, site.mark))
        lines = site.caller.node.end_lineno or 0 if site.caller is not None else 0
        short = site.caller is not None and lines - site.caller.node.lineno < _HELPER_LINES
        if site.returned and short and depth < 3:
            yield from _callers(above, project, depth + 1)
        yield above


def _given(site: CallSite, parameters: list[str]) -> dict[str, frozenset[str]]:
    """What a call gives for each parameter, as atoms of the caller."""
    found = {}
    for position, name in enumerate(parameters):
        argument = site.argument(name, position)
        if argument is not None:
            found[name] = site.module.atoms(site.caller, argument)
    return found


def _missing_in(owner: _Owner, name: NameLink, project: Project, identity: JobIdentity) -> Iterator[Missing]:
    module, definition = owner.module, owner.definition
    if definition is not None:
        function = module.function(definition)
        own = {p.name for p in function.parameters}
        touches = bool(owner.carried & own)
        for parameter in _links(function, module):
            evidence = identity.evidence(module, definition, parameter.name)
            if parameter.name in owner.carried or _is_derived(owner, parameter.name, project):
                continue
            yield from _judged(owner, name, parameter, evidence, function.name, touches, project.settings)
    for base in _namespaces(module, definition):
        yield from _missing_attributes(owner, name, base, project, identity)
    if definition is not None and definition.class_name:
        yield from _missing_fields(owner, name, definition.class_name, project, identity)


def _missing_attributes(
    owner: _Owner, name: NameLink, base: str, project: Project, identity: JobIdentity
) -> Iterator[Missing]:
    """The options that a function reads from a namespace: `args.threshold`."""
    module, definition = owner.module, owner.definition
    body = definition.node.body if definition is not None else module.outline.tree.body
    touches = any(atom.startswith(f"{base}.") for atom in owner.carried)
    for attribute, uses in uses_of(body, attributes_of=base).items():
        atom = f"{base}.{attribute}"
        option = identity.option(module, definition, atom)
        if atom in owner.carried or (option is None and not touches):
            continue
        node = option.node if option is not None else None
        place = module.mark(node) if node is not None else owner.calls[-1] if owner.calls else name.mark
        parameter = ParameterLink(attribute, place, uses=frozenset(uses))
        evidence = identity.evidence(module, definition, atom)
        title = definition.qualified if definition is not None and option is None else ""
        for missing in _judged(owner, name, parameter, evidence, title, touches, project.settings):
            if option is not None or missing.evidence.is_certain:
                yield missing


def _missing_fields(
    owner: _Owner, name: NameLink, class_name: str, project: Project, identity: JobIdentity
) -> Iterator[Missing]:
    """What an object is made from: parameters of its constructor that its methods use."""
    function = owner.module.constructor(class_name)
    if function is None or (owner.definition is not None and owner.definition.name == "__init__"):
        return
    made = owner.module.attributes(class_name)
    carried = {p for atom in owner.carried for p in made.get(atom.removeprefix("self."), ())} | owner.carried
    names = {p.name for p in function.parameters}
    if not carried & names and name.pattern.holes:
        return
    for parameter in _links(function, owner.module):
        if parameter.name not in carried:
            evidence = identity.constructed(owner.module, class_name, parameter.name)
            yield from _judged(
                owner, name, parameter, evidence, class_name, bool(carried & names), project.settings
            )


def _namespaces(module: Module, definition: Definition | None) -> list[str]:
    names = {p.arg for p in definition.parameters} if definition is not None else set()
    return sorted({*module.parsed, *(names & _NAMESPACES)})


def _links(function: Function, module: Module) -> Iterator[ParameterLink]:
    for p in function.parameters:
        yield ParameterLink(p.name, module.mark_of(p.place.span), p.annotation, p.default, p.uses)


def _is_derived(owner: _Owner, parameter: str, project: Project) -> bool:
    """Whether every call makes a parameter from what it makes the name's parameters from."""
    assert owner.definition is not None
    parameters = [p.arg for p in owner.definition.parameters]
    sites = project.callers(owner.module, owner.definition.qualified)
    for site in sites:
        given = _given(site, parameters)
        mine = given.get(parameter, frozenset())
        carried = frozenset().union(*(given.get(n, frozenset()) for n in owner.carried & set(parameters)))
        if not mine or not mine <= carried:
            return False
    return bool(sites)


def _judged(
    owner: _Owner,
    name: NameLink,
    parameter: ParameterLink,
    evidence: Evidence,
    title: str,
    touches: bool,
    settings: Settings,
) -> Iterator[Missing]:
    """Whether a parameter that is not in the name counts as missing, and how sure that is."""
    if evidence.tier == FIXED or not _may_tell_apart(parameter, settings, certain=evidence.is_certain):
        return
    if evidence.is_certain:
        confidence = Confidence.HIGH
    elif not name.pattern.holes:
        if evidence.tier != REQUIRED or not (name.template.words | name.purposes) & _POSITIONS:
            return
        confidence = Confidence.MEDIUM
    elif not touches and not (name.returned and not owner.calls):
        return
    elif evidence.tier == REQUIRED or _is_plain_value(parameter):
        confidence = Confidence.MEDIUM
    else:
        confidence = Confidence.LOW
    yield Missing(parameter, title, evidence, confidence, owner.calls)


def _may_tell_apart(parameter: ParameterLink, settings: Settings, *, certain: bool) -> bool:
    """Whether a parameter can be one that tells jobs apart. `certain`: jobs are seen to differ in it."""
    if parameter.name in settings.words("job-parameters"):
        return True
    if parameter.name in settings.words("run-only-parameters"):
        return False
    name = parameter.name.lower()
    words = list(words_of(name))
    steers = _STEERS if certain else _RARELY
    if (
        not words
        or "".join(words) in steers
        or words[-1] in steers
        or words[0] in {"log", "dry", "verbose", "debug"}
    ):
        return False
    if _DATA_TYPES.search(parameter.annotation) and not _SCALARS.match(parameter.annotation):
        return False
    if parameter.default in {"True", "False"}:
        return False
    if certain:
        return parameter.uses != frozenset({"logged"})
    if name.startswith(("_", *_RARELY_PREFIXES)):
        return False
    uses = parameter.uses
    if uses & {"called", "iterated"} or not uses & _STRONG:
        return False
    return not ("attribute" in uses and not _SCALARS.match(parameter.annotation))


def _is_plain_value(parameter: ParameterLink) -> bool:
    """Whether the parameter is a plain value that goes into the result."""
    if _SCALARS.match(parameter.annotation):
        return True
    return not parameter.annotation and bool(parameter.uses & {"computed", "formatted"})


# --- shell -----------------------------------------------------------------------------------------------------------


def _in_shell(file: FileLinks, name: NameLink, project: Project, identity: JobIdentity) -> Iterator[Missing]:
    if not name.purposes & (_NAME_PURPOSES | project.settings.words("state-name-patterns")):
        return
    yield from _missing_loop_variables(name)
    yield from _missing_arguments(file, name, project, identity)


def _missing_loop_variables(name: NameLink) -> Iterator[Missing]:
    """A name with one loop variable, for a command that takes two."""
    loop_of = {v: loop for loop in name.loops for v in loop.variables}
    for user, taken in name.users:
        if not name.pattern.names & taken:
            continue
        for variable in sorted(taken - name.pattern.names):
            loop = loop_of.get(variable)
            related: tuple[tuple[Mark, str], ...] = ((user, "this command takes it"),)
            if loop is not None:
                related = ((loop.mark, f"varied by this loop: {', '.join(loop.variables)}"), *related)
            evidence = Evidence(VARIED, "a loop varies it", related)
            where = loop.mark if loop is not None else user
            sure = Confidence.HIGH if loop is not None else Confidence.MEDIUM
            yield Missing(ParameterLink(variable, where), "", evidence, sure)
        return


def _missing_arguments(
    file: FileLinks, name: NameLink, project: Project, identity: JobIdentity
) -> Iterator[Missing]:
    """A name in a script that is made from one of its arguments, for jobs that differ in another one."""
    runs = [(f, run) for f, run, _ in project.runs_of(file.path)]
    if not runs:
        return
    for option in file.all(ScriptOption):
        if option.names & name.pattern.names or not option.used:
            continue
        given = [(f, run, option.word(run.words)) for f, run in runs]
        evidence = identity.of_words(given, f"`{option.shown}`")
        parameter = ParameterLink(option.variable, option.mark, uses=frozenset({"passed"}))
        if evidence.tier <= LABELLED and _may_tell_apart(parameter, project.settings, certain=True):
            yield Missing(parameter, "", evidence, Confidence.HIGH)
