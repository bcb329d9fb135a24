"""Which parameters of a job a name of a file leaves out, though they tell jobs apart.

A name that keeps state is seen from the functions that use it: the one that builds it, the callers of a helper that hands
it out, the class whose attributes it is made from, the script whose arguments it is made from. A parameter of those
that is in no hole of the name is missing, unless it only steers the run, is the same for all jobs, or is derived from
what the name has.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from jobsafety_lint.config import Settings
from jobsafety_lint.meaning.functions import Function
from jobsafety_lint.meaning.paths import ambiguous_words, words_of
from jobsafety_lint.meaning.project.identity import (
    FIXED,
    LABELLED,
    REQUIRED,
    UNKNOWN,
    VARIED,
    Evidence,
    JobIdentity,
)
from jobsafety_lint.meaning.project.job_objects import (
    field_of,
    namespaces,
    objects,
    taken_apart,
    uses_elsewhere,
)
from jobsafety_lint.meaning.project.links import QUIET_ROLES, FileLinks, NameLink, ScriptOption
from jobsafety_lint.meaning.project.mentions import may_call
from jobsafety_lint.meaning.project.owners import FOLDERS, Maker, Owner, callers, given_to
from jobsafety_lint.meaning.project.parameters import (
    is_for_batch_system,
    is_run_only,
    is_scalar,
    may_tell_apart,
)
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.meaning.python.argv import kept_words
from jobsafety_lint.meaning.python.index import CallSite, Module, Option
from jobsafety_lint.meaning.python.parameters import uses_of
from jobsafety_lint.model import Confidence, Mark
from jobsafety_lint.readers.python.outline import Definition
from jobsafety_lint.source import Hole


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_POSITIONS = _words(
    "checkpoint checkpoints ckpt ckpts chkpt cursor cursors offset offsets watermark watermarks progress resume lock lease "
    "inprogress bookmark bookmarks"
)
_PURPOSES = _POSITIONS | _words("cache partial tmp temp")
_NAME_PURPOSES = _PURPOSES | _words("state manifest marker")
"""Words that say what a name is for: in what leads to it, and in the name itself."""

_LOCKS = _words("lock locks lockfile lease leases")
_HOLDERS = _words("holder owner lessee locker worker")
_STRONG = _words("computed passed formatted")
_RUN_FOLDERS = _words("out output outputs exp experiment egs work run dest target result results")
_GIVEN_FILES = _words(
    "file filename path filepath fname fpath output outfile dest destination prefix stem basename"
)
_GIVEN = _GIVEN_FILES | FOLDERS | _RUN_FOLDERS | _words("in input base basedir")
_READS = re.compile(r"read|load|open\(|parse", re.IGNORECASE)
_WRITES = re.compile(
    r"[\"'][wax]b?\+?[\"']|write|dump|save|store|replace|rename|unlink|remove|touch|mkdir|to_\w+\(|append|copy|move|download|lock|run|call",
    re.IGNORECASE,
)
"""What a function's code says of files that it reads, and of those that it may write itself or have written."""


@dataclass(frozen=True)
class Candidate:
    """A parameter of a function, a field of a class, or an option of a command line (see `functions.Parameter`)."""

    name: str
    mark: Mark
    annotation: str = ""
    default: str | None = None
    uses: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Missing:
    """A parameter that a name leaves out. `owner` is the function that has it (empty: a script), `calls` the calls that
    leave it out.
    """

    parameter: Candidate
    owner: str
    evidence: Evidence
    confidence: Confidence
    calls: tuple[Mark, ...] = ()


def missing_parameters(project: Project) -> Iterator[tuple[NameLink, list[Missing]]]:
    """The names that leave out something, each with what is missing at the strongest tier of evidence that has any."""
    for file, name in project.all(NameLink):
        surely_kept = file.role not in QUIET_ROLES and keeps_state(name, project.settings)
        if file.role in QUIET_ROLES or not (surely_kept or _is_in_state_folder(name)):
            continue
        if (
            name.pattern.is_unique
            or name.pattern.has_digest
            or any(h.kind == "time" for h in name.pattern.holes)
        ):
            continue
        found = project.answered((file.path, name), functools.partial(_found_for, file, name, project))
        found = [m for m in found if not _is_told_apart(m, name, file, project)]
        found = [m for m in found if surely_kept or m.evidence.is_certain]
        if found:
            best = min(m.evidence.tier for m in found)
            sure = max((m.confidence for m in found if m.evidence.tier == best), key=lambda c: c.rank)
            yield name, [m for m in found if m.evidence.tier == best and m.confidence is sure]


def _is_told_apart(missing: Missing, name: NameLink, file: FileLinks, project: Project) -> bool:
    """Whether the code knows of a parameter that a name leaves out: it has one certain value here, another branch gives
    the same variable a name with it, or the file is only read here and written by a function that this one has nothing
    to do with, which decides what it holds. Not where jobs are seen to differ in it.
    """
    if missing.parameter.name in name.settled and missing.owner == name.function:
        return True
    if missing.evidence.is_certain:
        return False
    ending = name.template.parts[-1] if name.template.parts else ""
    if name.roles and name.roles <= {"read", "check"} and isinstance(ending, str) and "." in ending:
        return any(
            not other.roles.isdisjoint({"write", "append", "create", "replace"})
            and other.function != name.function
            and other.template.parts[-1:] == (ending,)
            and not _calls(name, other, file, project)
            for other in file.all(NameLink)
        )
    return bool(name.variable) and any(
        other.variable == name.variable
        and other.function == name.function
        and name.excludes(other)
        and missing.parameter.name in other.pattern.names
        for other in file.all(NameLink)
    )


def _calls(name: NameLink, other: NameLink, file: FileLinks, project: Project) -> bool:
    """Whether the function around a name calls that around another name of the file."""
    module = project.module(file.path)
    if module is None or name.function is None or other.function is None:
        return False
    definition = module.definitions.get(name.function)
    called = other.function.rpartition(".")[2]
    return definition is not None and may_call(
        module.source.text[definition.span.start : definition.span.end], called, method=False
    )


def _found_for(file: FileLinks, name: NameLink, project: Project) -> list[Missing]:
    project.answers.ask("module", file.path)
    identity = JobIdentity(project)
    if name.language == "shell":
        return list(_in_shell(file, name, project, identity))
    return [] if _is_constant_on_purpose(name) else list(_in_python(file, name, project, identity))


def _is_in_state_folder(name: NameLink) -> bool:
    """Whether a name without a word for it lies in a folder for state: `state/{symbol}.json`."""
    return "state" in name.purposes and "state" in name.pattern.parent.literal.strip("/").split("/")


def keeps_state(name: NameLink, settings: Settings) -> bool:
    """Whether jobs keep state under a name: its words, its variable or its function say so."""
    if not re.search(r"\w", name.template.literal):
        return False  # nothing but a value that was built elsewhere
    function = (name.function or "").rpartition(".")[2]
    if function and function in settings.words("checkpoint-functions"):
        return True
    own = name.template.words | frozenset(words_of(name.variable))
    other = ambiguous_words(name.template)
    state = (_NAME_PURPOSES - other) | settings.words("state-name-patterns")
    if own & state or (name.returned and set(words_of(function)) & state):
        return True
    return bool(name.purposes & (_PURPOSES - other))


# --- Python ----------------------------------------------------------------------------------------------------------


def _in_python(file: FileLinks, name: NameLink, project: Project, identity: JobIdentity) -> Iterator[Missing]:
    module = project.module(file.path)
    if module is None:
        return
    definition = module.definitions.get(name.function) if name.function is not None else None
    if name.function is not None and definition is None:
        return
    first = Owner(module, definition, name.pattern.names, name.template.names)
    found = list(_missing_in(first, name, project, identity))
    yield from found
    if definition is not None and not any(m.confidence.rank for m in found):
        maker = Maker.of(first)
        handed_on = maker is not None and (name.returned or maker.constructs)
        owners = list(callers(first, maker, project, 0)) if maker is not None and handed_on else []
        writers = [owner for owner in owners if not _only_reads(owner)]
        for owner in owners:
            decides = owner in writers or not writers
            for missing in _missing_in(owner, name, project, identity):
                if decides or missing.evidence.is_certain:
                    yield missing


def _only_reads(owner: Owner) -> bool:
    """Whether a caller of a helper reads a file and writes none: where others write it, they decide what it holds."""
    if owner.definition is None:
        return False
    code = owner.module.source.text[owner.definition.span.start : owner.definition.span.end]
    return _READS.search(code) is not None and _WRITES.search(code) is None


def _missing_in(owner: Owner, name: NameLink, project: Project, identity: JobIdentity) -> Iterator[Missing]:
    module, definition = owner.module, owner.definition
    if definition is not None:
        made = module.constructor(definition.class_name or "") if definition.name == "__init__" else None
        function = made or module.function(definition)
        own = {p.name for p in function.parameters}
        touches = bool(owner.named & own)
        for parameter in _links(function, module):
            if parameter.name in owner.carried or not _may_be_missing(parameter, name, project.settings):
                continue
            if _apportions(parameter) and not name.pattern.names <= own:
                continue  # the name is that of an item, and no other job has the item
            if _is_what_is_kept(parameter.name, definition, module):
                continue
            evidence = identity.evidence(module, definition, parameter.name)
            if _is_derived(owner, parameter.name, project):
                continue
            if not evidence.is_certain and is_for_batch_system(parameter.name, own):
                continue
            yield from _judged(owner, name, parameter, evidence, function.name, touches, project.settings)
        yield from _missing_elements(owner, name, definition, project)
    for base in (*namespaces(module, definition), *objects(owner)):
        yield from _missing_attributes(owner, name, base, project, identity)
    yield from _missing_words(owner, name, project, identity)
    if definition is not None and definition.class_name:
        yield from _missing_fields(owner, name, definition.class_name, project, identity)


def _missing_elements(
    owner: Owner, name: NameLink, definition: Definition, project: Project
) -> Iterator[Missing]:
    """The elements of what stands for a whole job: `symbol, threshold = job`, `symbol, threshold = queue.get()`."""
    module = owner.module
    uses = dict[str, set[str]]()
    for elements, from_queue in taken_apart(definition):
        if owner.named.isdisjoint(element.id for element in elements):
            continue
        uses = uses or uses_of(definition.node.body)
        handed = from_queue or any(s.several for s in project.callers(module, definition.qualified))
        evidence = Evidence(REQUIRED, "the workers get it with their job") if handed else Evidence(UNKNOWN)
        for element in elements:
            parameter = Candidate(element.id, module.mark(element), uses=frozenset(uses.get(element.id, ())))
            if element.id not in owner.carried and _may_be_missing(parameter, name, project.settings):
                yield from _judged(
                    owner, name, parameter, evidence, definition.qualified, True, project.settings
                )


def _missing_attributes(
    owner: Owner, name: NameLink, base: str, project: Project, identity: JobIdentity
) -> Iterator[Missing]:
    """The options that a function reads from a namespace: `args.threshold`."""
    module, definition = owner.module, owner.definition
    body = definition.node.body if definition is not None else module.outline.tree.body
    touches = any(atom.startswith(f"{base}.") for atom in owner.named)
    own_folder = _is_below_option(name, base)
    read = uses_of(body, attributes_of=base)
    for attribute, uses in read.items():
        atom = f"{base}.{attribute}"
        option = identity.option(module, definition, atom)
        if atom in owner.carried or (option is None and not touches) or attribute.isupper():
            continue
        if option is not None and not option.takes_value:
            continue  # a switch
        parameter, made_by = _declared(owner, base, attribute, option, name, project)
        parameter = replace(parameter, uses=frozenset(uses))
        if not _may_be_missing(parameter, name, project.settings):
            continue
        evidence = identity.evidence(module, definition, atom)
        if not evidence.is_certain and is_for_batch_system(attribute, read):
            continue
        title = made_by or (definition.qualified if definition is not None and option is None else "")
        for missing in _judged(owner, name, parameter, evidence, title, touches, project.settings):
            if missing.evidence.is_certain:
                yield missing
            elif option is not None or evidence.tier == REQUIRED:
                yield replace(missing, confidence=Confidence.LOW) if own_folder else missing


def _declared(
    owner: Owner, base: str, attribute: str, option: Option | None, name: NameLink, project: Project
) -> tuple[Candidate, str]:
    """An attribute of a namespace or object where it is declared, and the class that does; else where it is given."""
    declared = field_of(owner, base, attribute, project)
    if declared is not None:
        home, class_name, field = declared
        return Candidate(
            field.name, home.mark_of(field.place.span), field.annotation, field.default
        ), class_name
    place = owner.calls[-1] if owner.calls else name.mark
    return Candidate(attribute, owner.module.mark(option.node) if option is not None else place), ""


def _missing_words(
    owner: Owner, name: NameLink, project: Project, identity: JobIdentity
) -> Iterator[Missing]:
    """The words of a script's command line that it keeps in variables (`day = sys.argv[2]`), where jobs are seen to differ."""
    module, definition = owner.module, owner.definition
    if "sys.argv" not in module.source.text:
        return
    body = definition.node.body if definition is not None else module.outline.tree.body
    kept = [(node, f"sys.argv[{at}]") for node, at in kept_words(body)]
    told = {hole.text for hole in name.pattern.holes} | owner.carried
    missing = [(node, word) for node, word in kept if word not in told and node.id not in told]
    named = [words_of(node.id) for node, word in kept if word in told or node.id in told]
    if (not named and name.pattern.holes) or any(not _GIVEN.isdisjoint(words) for words in named):
        return  # made from something else, or below a folder that may be one for each job
    uses = uses_of(body) if missing else {}
    for node, word in missing:
        parameter = Candidate(node.id, module.mark(node), uses=frozenset(uses.get(node.id, ())))
        if _may_be_missing(parameter, name, project.settings):
            evidence = identity.evidence(module, definition, word)
            if evidence.is_certain:
                yield Missing(parameter, "", evidence, Confidence.HIGH, owner.calls)


def _missing_fields(
    owner: Owner, name: NameLink, class_name: str, project: Project, identity: JobIdentity
) -> Iterator[Missing]:
    """What an object is made from: parameters of its constructor that its methods use."""
    if owner.definition is not None and owner.definition.name == "__init__":
        return
    made = owner.module.attributes(class_name)
    carried, named = (
        {p for atom in mine for p in made.get(atom.removeprefix("self."), ())} | mine
        for mine in (owner.carried, owner.named)
    )
    names = owner.module.made_from(class_name)
    if not carried & names and name.pattern.holes:
        return
    function = owner.module.constructor(class_name)
    elsewhere = functools.cache(lambda: uses_elsewhere(owner.module, class_name, project))
    for declared in _links(function, owner.module) if function is not None else ():
        if declared.name in carried:
            continue
        more = () if declared.uses & _STRONG else elsewhere().get(declared.name, ())
        parameter = replace(declared, uses=declared.uses.union(more))
        if _may_be_missing(parameter, name, project.settings):
            evidence = identity.constructed(owner.module, class_name, parameter.name)
            yield from _judged(
                owner, name, parameter, evidence, class_name, bool(named & names), project.settings
            )


def _links(function: Function, module: Module) -> Iterator[Candidate]:
    for p in function.parameters:
        yield Candidate(p.name, module.mark_of(p.place.span), p.annotation, p.default, p.uses)


def _is_derived(owner: Owner, parameter: str, project: Project) -> bool:
    """Whether every call makes a parameter from what it makes the name's parameters from."""
    assert owner.definition is not None
    parameters = [p.arg for p in owner.definition.parameters]
    sites = project.callers(owner.module, owner.definition.qualified)
    for site in sites:
        given = given_to(site, parameters)
        mine = given.get(parameter, frozenset())
        carried = frozenset().union(*(given.get(n, frozenset()) for n in owner.carried & set(parameters)))
        if not mine or not mine <= carried | _keyed(site, carried):
            return False
    return bool(sites)


def _keyed(site: CallSite, carried: frozenset[str]) -> frozenset[str]:
    """What the number or key that is carried tells apart: `for n, chunk in enumerate(chunks)`, `for name, url in urls.items()`,
    the only loop around a call.
    """
    loops = {id(iterated): iterated for _, iterated in site.loops}
    match list(loops.values()):
        case [ast.Call(func=ast.Name(id="enumerate") | ast.Attribute(attr="items"))] if (
            site.loops[0][0] in carried
        ):
            return frozenset(name for name, _ in site.loops)
    return frozenset()


def _may_be_missing(parameter: Candidate, name: NameLink, settings: Settings) -> bool:
    """Whether a parameter may count as missing, whatever jobs are seen to differ in: evidence takes long to find."""
    if _HOLDERS & set(words_of(parameter.name)) and (name.template.words | name.purposes) & _LOCKS:
        return False  # a lock must not have its holder's name: others are to find it
    return any(_may_tell_apart(parameter, settings, certain=certain) for certain in (True, False))


_PLACES = _words("offset offsets cursor position pos page row line seq sequence block height")


def _is_what_is_kept(parameter: str, definition: Definition, module: Module) -> bool:
    """Whether a parameter is the position that the function writes into the file: it goes on from job to job."""
    if not _PLACES & set(list(words_of(parameter))[-1:]):
        return False
    code = module.source.text[definition.span.start : definition.span.end]
    return (
        re.search(rf"(?:write|dump|save|put|store|commit)\w*\([^\n]*\b{re.escape(parameter)}\b", code)
        is not None
    )


def _apportions(parameter: Candidate) -> bool:
    """Whether a parameter only says which of the items are this job's."""
    return "apportions" in parameter.uses and parameter.uses <= {"apportions", "logged", "counted"}


def _is_constant_on_purpose(name: NameLink) -> bool:
    """Whether a name without any hole is that of something else than a position: a fixed-temp-name, or shared on purpose."""
    return not name.pattern.holes and not (name.template.words | name.purposes) & _POSITIONS


def _judged(
    owner: Owner,
    name: NameLink,
    parameter: Candidate,
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
    elif not name.template.holes and not (
        evidence.tier == REQUIRED and (not name.pattern.holes or _names_folders(owner, name))
    ):
        return  # a folder that is given may be one for each job
    elif _is_given_file(name):
        return  # so may a file
    elif not name.pattern.holes:
        confidence = Confidence.MEDIUM
    elif not touches and name.template.holes and not (name.returned and not owner.calls):
        return
    elif _has_own_folder(name) or not _is_resumed_from(name, settings):
        confidence = Confidence.LOW
    elif evidence.tier == REQUIRED or _is_plain_value(parameter):
        confidence = Confidence.MEDIUM
    else:
        confidence = Confidence.LOW
    yield Missing(parameter, title, evidence, confidence, owner.calls)


def _names_folders(owner: Owner, name: NameLink) -> bool:
    """Whether a constant name lies in folders that are named for the job here, below one that is constant:
    `runs/{dataset}/fold{n}/last.ckpt`.
    """
    first = name.pattern.parts[0]
    own = {p.arg for p in owner.definition.parameters} if owner.definition is not None else set()
    own |= set(namespaces(owner.module, owner.definition))
    return (
        isinstance(first, str)
        and "/" in first.lstrip("/.~")
        and all(
            hole.names and all(atom.partition(".")[0] in own for atom in hole.names)
            for hole in name.pattern.holes
        )
        and not any(
            FOLDERS & {*words_of(hole.text)} or _GIVEN_FILES & {*words_of(hole.text)}
            for hole in name.pattern.holes
        )
    )


def _is_given_file(name: NameLink) -> bool:
    """Whether a name is that of a file which is given, with a suffix: `csv_file + ".tmp"`."""
    match name.template.parts:
        case (Hole(text=text), str(suffix)):
            words = tuple(words_of(text))
            return (
                suffix.startswith(".") and bool(words) and not _GIVEN_FILES.isdisjoint({words[0], words[-1]})
            )
        case (Hole(text=text), Hole(text=ending), str(suffix)):
            return suffix.startswith(".") and ending == f"{text}.suffix"
    return False


def _is_resumed_from(name: NameLink, settings: Settings) -> bool:
    """Whether a name by itself says that a job finds its position or its results again under it.

    A temporary file in a folder of the run goes with it, and a folder holds files of every kind: for those to be wrong, jobs
    must be seen to differ in the parameter.
    """
    if name.pattern.in_temporary_folder:
        return True  # that of the whole machine
    function = (name.function or "").rpartition(".")[2]
    if function and function in settings.words("checkpoint-functions"):
        return True
    words = name.pattern.name.words | frozenset(words_of(name.variable))
    if name.returned:
        words |= frozenset(words_of(function))
    kept = (
        (_POSITIONS - {"offset", "offsets"})
        | {"cache", "state", "manifest", "marker"}
        | settings.words("state-name-patterns")
    )
    return not words.isdisjoint(kept)


def _is_below_option(name: NameLink, base: str) -> bool:
    """Whether the folder of a name is itself an option of the command line: whoever starts a job picks it."""
    return any(
        atom.startswith(f"{base}.") and FOLDERS & set(words_of(atom))
        for hole in name.pattern.parent.holes[:1]
        for atom in hole.names
    )


def _has_own_folder(name: NameLink) -> bool:
    """Whether the name lies in a folder that every run is given for what it puts out."""
    given = (word for hole in name.pattern.parent.holes for part in hole.names for word in words_of(part))
    return any(word in _RUN_FOLDERS or (word.endswith("dir") and word[:-3] in _RUN_FOLDERS) for word in given)


def _may_tell_apart(parameter: Candidate, settings: Settings, *, certain: bool) -> bool:
    """Whether a parameter can be one that tells jobs apart. `certain`: jobs are seen to differ in it."""
    if not may_tell_apart(parameter, settings, certain=certain):
        return False
    uses = parameter.uses
    if certain:
        return True
    if parameter.name in settings.words("job-parameters"):
        return True
    if uses & {"called", "iterated"} or not uses & _STRONG:
        return False
    return not ("attribute" in uses and not is_scalar(parameter))


def _is_plain_value(parameter: Candidate) -> bool:
    """Whether the parameter is a plain value that goes into the result."""
    if is_scalar(parameter):
        return True
    return not parameter.annotation and bool(parameter.uses & {"computed", "formatted"})


# --- shell -----------------------------------------------------------------------------------------------------------


def _in_shell(file: FileLinks, name: NameLink, project: Project, identity: JobIdentity) -> Iterator[Missing]:
    own = name.pattern.name.words | frozenset(words_of(name.variable))
    purposes = name.purposes - ({"tmp", "temp"} - own)  # a scratch folder may hold files of every kind
    if not purposes & (_NAME_PURPOSES | project.settings.words("state-name-patterns")):
        return
    if purposes != {"manifest"}:  # what a command is to work on, mostly
        yield from _missing_loop_variables(name, project.settings)
    yield from _missing_arguments(file, name, project, identity)


def _missing_loop_variables(name: NameLink, settings: Settings) -> Iterator[Missing]:
    """A name with one loop variable, for a command that takes two."""
    loop_of = {v: loop for loop in name.loops for v in loop.variables}
    for user, taken in name.users:
        if not name.pattern.names & taken:
            continue
        for variable in sorted(taken - name.pattern.names):
            loop = loop_of.get(variable)
            if loop is not None and not loop.varies:
                continue
            related: tuple[tuple[Mark, str], ...] = ((user, "this command takes it"),)
            if loop is not None:
                related = ((loop.mark, f"varied by this loop: {', '.join(loop.variables)}"), *related)
            evidence = Evidence(VARIED, "a loop varies it", related)
            where = loop.mark if loop is not None else user
            sure = Confidence.HIGH if loop is not None else Confidence.MEDIUM
            if not is_run_only(variable, settings, certain=True):
                yield Missing(Candidate(variable, where), "", evidence, sure)
        return


def _missing_arguments(
    file: FileLinks, name: NameLink, project: Project, identity: JobIdentity
) -> Iterator[Missing]:
    """A name in a script that is made from one of its arguments, for jobs that differ in another one."""
    runs = [(f, run) for f, run, _ in project.runs_of(file.path)]
    if not runs or name.pattern.parent.holes or (name.pattern.holes and not name.template.name.holes):
        return  # a folder that is given may be one for each job
    for option in file.all(ScriptOption):
        if option.names & name.pattern.names or not option.used:
            continue
        given = [(f, run, option.word(run.words)) for f, run in runs]
        evidence = identity.of_words(given, f"`{option.shown}`")
        parameter = Candidate(option.variable, option.mark, uses=frozenset({"passed"}))
        if evidence.tier <= LABELLED and _may_tell_apart(parameter, project.settings, certain=True):
            yield Missing(parameter, "", evidence, Confidence.HIGH)
