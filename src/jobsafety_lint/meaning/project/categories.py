"""Names of derived files that leave out a category which the callers of their helper, or the makers of their object, have in hand."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.config import Settings
from jobsafety_lint.meaning.functions import Parameter
from jobsafety_lint.meaning.project.links import QUIET_ROLES, FileLinks, NameLink
from jobsafety_lint.meaning.project.owners import Maker, Owner, callers
from jobsafety_lint.meaning.project.ownership import keeps_state
from jobsafety_lint.meaning.project.parameters import SHAPES_RESULT, is_category
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.model import Mark

_WRITING = r"(?:to|write|save|dump)\w*\((?:[^()]*,\s*)?{0}|{0}\.write_\w+\(|{0}\.open\(\s*[\"'][wx]|\bopen\(\s*{0}\s*,\s*[\"'][wx]"
"""How code writes a file: `frame.to_csv(path)`, `np.save(path, a)`, `path.write_text(…)`, `open(path, "w")`."""


@dataclass(frozen=True)
class LeftOut:
    """A category that a name leaves out: where it is in hand, in words as well, and the calls that lead to the name."""

    category: str
    mark: Mark
    where: str
    calls: tuple[Mark, ...] = ()


def left_out_categories(project: Project) -> Iterator[tuple[NameLink, LeftOut]]:
    """The names that code far from them writes, each with the first category that is left out."""
    for file, name in project.all(NameLink):
        if file.role in QUIET_ROLES or name.language != "python" or not name.function:
            continue
        if not name.returned and "." not in name.function:
            continue  # neither handed out nor a method's
        if name.pattern.is_unique or name.pattern.has_digest or not name.template.holes:
            continue
        if keeps_state(name, project.settings):
            continue  # all that tells jobs apart has to be in it
        found = project.answered(
            (file.path, name, "category"), functools.partial(_found_for, file, name, project)
        )
        if found is not None:
            yield name, found


def _found_for(file: FileLinks, name: NameLink, project: Project) -> LeftOut | None:
    module = project.module(file.path)
    definition = module.definitions.get(name.function or "") if module is not None else None
    if module is None or definition is None:
        return None
    first = Owner(module, definition, name.pattern.names, name.template.names)
    told = {parameter.arg for parameter in definition.parameters} - first.carried
    if any(is_category(parameter, project.settings) for parameter in told):
        return None  # the check of one file speaks of what the function itself is given
    own = _of_object(first, name, project.settings)
    if own is not None:
        return own
    maker = Maker.of(first)
    if maker is None or maker.constructs or not name.returned:
        return None
    for owner in callers(first, maker, project, 0):
        found = next(_in_hand(owner, project.settings), None)
        if found is not None:
            return found
    return None


def _in_hand(owner: Owner, settings: Settings) -> Iterator[LeftOut]:
    """The categories that a caller has, where it writes the file whose name it has asked for."""
    site, module = owner.site, owner.module
    if site is None or not _is_written(owner):
        return
    given = {
        node.id
        for value in (*site.positional, *site.keywords.values())
        for node in ast.walk(value)
        if isinstance(node, ast.Name)
    }
    for variable, iterated in site.loops:
        if is_category(variable, settings) and variable not in owner.carried | given:
            yield LeftOut(variable, module.mark(iterated), f"`{variable}` is varied here", owner.calls)
    if owner.definition is None:
        return
    for parameter in module.function(owner.definition).parameters:
        if parameter.name not in owner.carried and _shapes_result(parameter, settings):
            mark = module.mark_of(parameter.place.span)
            where = f"parameter `{parameter.name}` of {owner.definition.name}()"
            yield LeftOut(parameter.name, mark, where, owner.calls)


def _shapes_result(parameter: Parameter, settings: Settings) -> bool:
    """Whether a parameter is a category that goes into what the function writes."""
    return (
        is_category(parameter.name, settings)
        and parameter.annotation not in {"bool", "float"}
        and "counted" not in parameter.uses
        and not parameter.uses.isdisjoint(SHAPES_RESULT)
    )


def _is_written(owner: Owner) -> bool:
    """Whether the caller writes to what the call gives, directly or by a variable."""
    assert owner.site is not None
    code = owner.module.source.text
    span = owner.module.outline.span(owner.site.node)
    call = code[span.start : span.end]
    if owner.definition is not None:
        code = code[owner.definition.span.start : owner.definition.span.end]
    names = re.findall(rf"^\s*(\w+)(?::[^=\n]*)? = {re.escape(call)}\s*$", code, re.MULTILINE)
    return any(
        re.search(_WRITING.format(target), code)
        for target in (re.escape(call), *(rf"\b{variable}\b" for variable in names))
    )


def _of_object(owner: Owner, name: NameLink, settings: Settings) -> LeftOut | None:
    """The category that an object is made for and uses, where one of its methods writes the file."""
    module, definition = owner.module, owner.definition
    class_name = definition.class_name if definition is not None else None
    constructor = module.constructor(class_name) if class_name is not None else None
    if definition is None or class_name is None or constructor is None or definition.name == "__init__":
        return None
    kept = module.attributes(class_name)
    carried = owner.carried.union(*(kept.get(atom.removeprefix("self."), ()) for atom in owner.carried))
    node = module.classes[class_name]
    code = module.source.text[module.outline.span(node).start : module.outline.span(node).end]
    written = not name.roles.isdisjoint({"write", "replace"}) or (
        name.returned
        and re.search(_WRITING.format(rf"self\.{definition.name}\b(?:\([^()]*\))?"), code) is not None
    )
    for parameter in constructor.parameters if written else ():
        if parameter.name not in carried and _shapes_result(parameter, settings):
            where = f"`{parameter.name}`, which {class_name} is made for"
            return LeftOut(parameter.name, module.mark_of(parameter.place.span), where)
    return None
