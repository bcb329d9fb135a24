"""What stands for a whole job in Python: a namespace of options, an object, a tuple that workers get."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jobsafety_lint.meaning.functions import Parameter
from jobsafety_lint.meaning.paths import words_of
from jobsafety_lint.meaning.project.owners import Owner
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.meaning.python.index import Module
from jobsafety_lint.readers.python.outline import Definition

_NAMESPACES = frozenset(
    ["args", "ns", "opts", "options", "namespace", "parsed", "cfg", "config", "conf", "params"]
)
_QUEUES = frozenset(["queue", "queues", "jobs", "tasks", "todo", "work", "q", "inbox"])


def namespaces(module: Module, definition: Definition | None) -> list[str]:
    """The variables of a function that hold the options of a command line, or may by their names."""
    names = {p.arg for p in definition.parameters} if definition is not None else set()
    return sorted({*module.parsed, *(names & _NAMESPACES)})


def objects(owner: Owner) -> list[str]:
    """The parameters of a function that stand for a whole job: the name is made from their attributes (`job.symbol`)."""
    if owner.definition is None:
        return []
    own = {p.arg for p in owner.definition.parameters} - _NAMESPACES - owner.module.parsed
    bases = {base for base, dot, _ in (atom.partition(".") for atom in owner.named) if dot}
    return sorted(own & bases)


def field_of(
    owner: Owner, base: str, attribute: str, project: Project
) -> tuple[Module, str, Parameter] | None:
    """The attribute of a parameter where its class declares it, with the module and the name of the class; None if that is not
    known.
    """
    given = owner.definition.parameters if owner.definition is not None else []
    annotations = [p.annotation for p in given if p.arg == base and p.annotation is not None]
    found = project.class_of(owner.module, ast.unparse(annotations[0])) if annotations else None
    if found is None:
        return None
    home, class_name = found
    function = home.constructor(class_name)
    field = function.parameter(attribute) if function is not None else None
    return (home, class_name, field) if field is not None else None


def uses_elsewhere(module: Module, class_name: str, project: Project) -> dict[str, set[str]]:
    """What functions of the files that make objects of a class do with the attributes of those that they are given."""
    uses: dict[str, set[str]] = {}
    makers = {site.module.path: site.module for site in project.callers(module, f"{class_name}.__init__")}
    for maker in makers.values():
        if maker is not module:
            for name, found in maker.attribute_uses(class_name).items():
                uses.setdefault(name, set()).update(found)
    return uses


def taken_apart(definition: Definition) -> Iterator[tuple[list[ast.Name], bool]]:
    """The variables that a function takes one job apart into, and whether it has got that from a queue."""
    own = {p.arg for p in definition.parameters}
    for statement in definition.node.body:
        match statement:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Name(id=job)) if job in own:
                yield [target for target in targets if isinstance(target, ast.Name)], False
            case ast.While(body=[ast.Assign(targets=[ast.Tuple(elts=targets)], value=value), *_]):
                if _is_from_queue(value):
                    yield [target for target in targets if isinstance(target, ast.Name)], True


def _is_from_queue(node: ast.expr) -> bool:
    match node.value if isinstance(node, ast.Await) else node:
        case ast.Call(func=ast.Attribute(value=held, attr="get" | "get_nowait" | "recv")):
            return not _QUEUES.isdisjoint(words_of(ast.unparse(held)))
    return False
