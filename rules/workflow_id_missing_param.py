"""JOB902: the id of a workflow leaves out an argument that tells runs apart."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.data.api_calls import ApiCall, Argument, Record
from jobsafety_lint.meaning.project.parameters import is_run_only, is_scalar, may_tell_apart
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB902",
    "workflow-id-missing-param",
    "the id leaves out an argument that tells runs apart",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("TE", "INV-1"),
    silent_where=("JOB901",),
)

_STARTS = frozenset(
    {"start_workflow", "execute_workflow", "signal_with_start_workflow", "WithStartWorkflowOperation",
     "start_child_workflow", "execute_child_workflow"}
)  # fmt: skip


@RULE.on(ApiCall)
def missing_argument(call: ApiCall, context: Context) -> Iterator[Draft]:
    """An id that is built here, and a workflow that is handed more than the id says."""
    given = call.argument("id")
    if call.last_name not in _STARTS or given is None or context.role in {"test", "docs"}:
        return
    pattern = given.pattern
    if not any(isinstance(part, str) for part in pattern.parts) or pattern.has_digest or pattern.is_unique:
        return
    if any("info()" in hole.text for hole in pattern.holes):
        return  # below the id of the workflow that starts it
    handed = [*call.positional[1:], *(a for a in [call.argument("args"), call.argument("arg")] if a)]
    missing = {
        name: argument
        for argument in handed
        for name in _parts(argument, given, call, context)
        if not _covered(name, given.names, call) and _tells_apart(name, call, context)
    }
    if not missing or (not pattern.holes and not _varies(missing, call)):
        return
    names = sorted(missing)
    listed = " and ".join(f"`{name}`" for name in names)
    first = names[0]
    related: list[tuple[Place, str]] = []
    parameter = call.parameter(first.partition(".")[0])
    if parameter is not None:
        related.append((parameter.place, f"parameter `{parameter.name}`"))
    related.append((missing[first].place, f"`{first}` is handed to the workflow here"))
    loop = call.loop_of(first)
    if loop is not None:
        related.append((loop.place, f"varied by this loop: {', '.join(loop.variables)}"))
    yield RULE.found(
        given.written,
        f"{listed} {'tell' if len(names) > 1 else 'tells'} runs apart, but the workflow id `{pattern.template}` leaves {'them' if len(names) > 1 else 'it'} out",
        label=f"runs that differ only in {listed} share this id: the second is refused, or takes the place of the first",
        related=tuple(related),
        confidence=Confidence.HIGH if loop is not None else Confidence.MEDIUM,
        data={"missing": names, "template": pattern.template},
        subject=given.written,
    )


def _parts(argument: Argument, given: Argument, call: ApiCall, context: Context) -> Iterator[str]:
    """What an argument is made from; a record that is handed over whole counts as its fields, if the id takes some."""
    for name in argument.names:
        fields = _fields(name, call, context)
        if fields and any(known.startswith(f"{name}.") for known in given.names):
            yield from (f"{name}.{field}" for field in fields)
        else:
            yield name


def _fields(name: str, call: ApiCall, context: Context) -> list[str]:
    parameter = call.parameter(name)
    if parameter is None:
        return []
    for record in context.all(Record):
        if record.name == parameter.annotation.strip("'\""):
            return [f.name for f in record.fields if is_scalar(f) and may_tell_apart(f, context.settings)]
    return []


def _covered(name: str, known: frozenset[str], call: ApiCall) -> bool:
    """Whether the id holds the name, the whole object that it is a part of, a part of it, or the key that goes with it."""
    root = name.partition(".")[0]
    loop = call.loop_of(root)
    if loop is not None and loop.kind == "keyed" and loop.variables[0] in known:
        return True
    return (
        name in known or root in known or ("." not in name and any(k.startswith(f"{name}.") for k in known))
    )


def _tells_apart(name: str, call: ApiCall, context: Context) -> bool:
    root, _, attribute = name.partition(".")
    if attribute:
        return not is_run_only(attribute, context.settings)
    parameter = call.parameter(root)
    if parameter is not None:
        return may_tell_apart(parameter, context.settings)
    return call.loop_of(root) is not None and not is_run_only(root, context.settings)


def _varies(missing: dict[str, Argument], call: ApiCall) -> bool:
    """Whether a constant id is surely meant for several runs: a loop varies what they are handed, or a scalar parameter."""
    for name in missing:
        parameter = call.parameter(name)
        if call.loop_of(name) is not None or (parameter is not None and is_scalar(parameter)):
            return True
    return False
