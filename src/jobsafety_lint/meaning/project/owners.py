"""Who uses a name: the function that builds it, the callers of a helper that hands it out, the makers of an object that keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobsafety_lint.meaning.paths import words_of
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.meaning.python.index import CallSite, Module
from jobsafety_lint.model import Mark
from jobsafety_lint.readers.python.outline import Definition

FOLDERS = frozenset(["path", "dir", "directory", "folder", "root", "outdir", "workdir"])
"""Words of a parameter that holds a folder."""
_OF_PATHS = frozenset(["", "name", "parent", "parents", "stem", "suffix", "suffixes", "parts"])
"""What is taken from a path (nothing: it is used as a whole), which says no less than the path itself."""
_HELPER_LINES = 12
"""A function longer than this that returns a helper's name is no mere helper itself."""


@dataclass(frozen=True)
class Owner:
    """Who uses a name: what of its own it has in the whole path (`carried`) and in the last component (`named`), and the
    calls that lead to the name, of which `site` is its own.
    """

    module: Module
    definition: Definition | None
    carried: frozenset[str]
    named: frozenset[str]
    calls: tuple[Mark, ...] = ()
    site: CallSite | None = None


@dataclass(frozen=True)
class Maker:
    """The function whose calls say what a name is made from. `carried` and `named` are those of its parameters, as in `Owner`;
    `rest` is the one that takes all further arguments (`*key`), if there is one.
    """

    qualified: str
    parameters: tuple[str, ...]
    carried: frozenset[str]
    named: frozenset[str]
    constructs: bool = False
    rest: str = ""

    @classmethod
    def of(cls, owner: Owner) -> Maker | None:
        """The function that builds the name, or the constructor of its object where the name is made from what that was given.
        None where both have a part in it.
        """
        module, definition = owner.module, owner.definition
        if definition is None:
            return None
        own = tuple(p.arg for p in definition.parameters)
        builder = cls(
            definition.qualified,
            own,
            _of_parameters(owner.carried, own),
            _of_parameters(owner.named, own),
            rest=_rest_of(definition),
        )
        class_name = definition.class_name
        if class_name is None:
            return builder
        kept = module.attributes(class_name)
        given = module.made_from(class_name)
        carried, named = (
            frozenset().union(*(kept.get(atom.removeprefix("self."), frozenset({atom})) for atom in mine))
            & given
            for mine in (owner.carried, owner.named)
        )
        constructor = module.constructor(class_name)
        if constructor is None:
            return builder
        if all(not FOLDERS.isdisjoint(words_of(atom)) for atom in carried):
            return builder
        if definition.qualified != constructor.name and builder.carried:
            return None
        parameters = tuple(parameter.name for parameter in constructor.parameters)
        rest = _rest_of(module.definitions.get(constructor.name))
        return cls(constructor.name, parameters, carried, named, constructs=True, rest=rest)


def callers(owner: Owner, maker: Maker, project: Project, depth: int) -> Iterator[Owner]:
    """The functions that get a name from a helper, through further helpers that only hand it on."""
    for site in project.callers(owner.module, maker.qualified):
        given = given_to(site, maker.parameters, maker.rest)
        carried, named = (
            frozenset().union(*(_translated(atom, given) for atom in mine))
            for mine in (maker.carried, maker.named)
        )
        if maker.carried and not carried:
            continue
        if maker.constructs:  # what else the object is given is judged with its class
            carried = carried.union(*given.values())
        above = Owner(site.module, site.caller, carried, named, (*owner.calls, site.mark), site)
        lines = site.caller.node.end_lineno or 0 if site.caller is not None else 0
        short = site.caller is not None and lines - site.caller.node.lineno < _HELPER_LINES
        further = Maker.of(above) if site.returned and short and depth < 3 else None
        if further is not None:
            yield from callers(above, further, project, depth + 1)
        yield above


def _of_parameters(atoms: frozenset[str], own: Sequence[str]) -> frozenset[str]:
    """The atoms that a function is given: its parameters, and what it takes from them (`args.symbol`), in whose place the
    whole object does not count.
    """
    mine = {atom for atom in atoms if atom.partition(".")[0] in own}
    objects = {base for base, _, taken in (atom.partition(".") for atom in mine) if taken not in _OF_PATHS}
    return frozenset(atom for atom in mine if atom not in objects)


def _translated(atom: str, given: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """What a caller gives for an atom of the function that it calls."""
    base, dot, taken = atom.partition(".")
    found = given.get(base, frozenset())
    return frozenset(f"{one}.{taken}" for one in found if "." not in one) if dot else found


def _rest_of(definition: Definition | None) -> str:
    """The parameter that takes all further arguments; empty if there is none."""
    if definition is None or definition.node.args.vararg is None:
        return ""
    return definition.node.args.vararg.arg


def given_to(site: CallSite, parameters: Sequence[str], rest: str = "") -> dict[str, frozenset[str]]:
    """What a call gives for each parameter, as atoms of the caller; for `rest`, all that is left of its arguments."""
    found = {}
    for position, name in enumerate(parameters):
        if name == rest:
            found[name] = frozenset().union(
                *(site.module.atoms(site.caller, argument) for argument in site.positional[position:])
            )
            continue
        argument = site.argument(name, position)
        if argument is not None:
            found[name] = site.module.atoms(site.caller, argument)
    return found
