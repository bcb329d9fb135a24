"""JOB201: a name that jobs share leaves out a parameter that tells them apart."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.project.links import NameLink
from jobsafety_lint.meaning.project.ownership import Missing, missing_parameters
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.model import Confidence, Mark, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB201",
    "checkpoint-name-missing-param",
    "a checkpoint, lock, cursor, temp or cache name leaves out a parameter that tells jobs apart",
    Severity.ERROR,
    Confidence.MEDIUM,
    references=("INV-1", "AP-2"),
    silent_where=("JOB110", "JOB902"),
)


@RULE.on(Project)
def missing_parameter(project: Project, context: Context) -> Iterator[Draft]:
    """Every name that keeps state, seen from the functions that use it and from the jobs that run those."""
    found = list(missing_parameters(project))
    told: set[object] = {_about(name, missing) for name, missing in found if name.variable}
    for name, missing in found:
        about = _about(name, missing)
        if about in told and not name.variable:
            continue  # the same name, written out or used once more
        told.add(about)
        names = list(dict.fromkeys(m.parameter.name for m in missing))
        listed = " and ".join(f"`{n}`" for n in names)
        many = len(names) > 1
        first = missing[0]
        shown = name.template if name.template.holes else name.pattern
        because = f": {first.evidence.because}" if first.evidence.because else ""
        yield RULE.found(
            name.mark,
            f"{listed} {'tell' if many else 'tells'} jobs apart, but `{shown.template}` leaves {'them' if many else 'it'} out{because}",
            label=f"jobs that differ only in {listed} share this file",
            related=_related(first),
            confidence=first.confidence,
            data={"missing": names, "template": name.template.template},
        )


def _about(name: NameLink, missing: list[Missing]) -> object:
    """What a finding speaks of: a name without a hole is one and the same in all functions of a file."""
    function = name.function if name.template.holes else ""
    lacks = sorted({m.parameter.name for m in missing})
    return (name.mark.location.path, function, name.template.template, *lacks)


def _related(missing: Missing) -> tuple[tuple[Mark, str], ...]:
    """The parameter where it is declared, the call, the loop that varies it, the command that submits."""
    name = missing.parameter.name
    where = f"a parameter of {missing.owner}()" if missing.owner else "an option of this script"
    told = {mark for mark, _ in missing.evidence.related}
    declared = () if missing.parameter.mark in told else ((missing.parameter.mark, f"`{name}`, {where}"),)
    calls = tuple((call, f"called without `{name}`") for call in missing.calls)
    return (*declared, *calls, *missing.evidence.related)
