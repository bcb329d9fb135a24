"""JOB202: a glob that merges, moves or deletes is wider than the names that this phase writes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.project.artifacts import NameIndex, Taken, names_of_others, taken_names
from jobsafety_lint.meaning.project.links import QUIET_ROLES, GlobLink
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.model import Confidence, Mark, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB202",
    "unscoped-artifact-glob",
    "a glob that merges, moves or deletes artifacts is wider than the names this phase writes",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-9", "AP-17"),
    silent_where=("JOB707",),
)

_HARMFUL = {"delete": "deletes", "move": "moves", "merge": "merges"}
_ENDS_JOB = re.compile(r"\w+\.(?:__exit__|__aexit__|__del__|a?close|_?clean_?up\w*)")
"""Methods by which an object ends, and with it one job."""
_PURGES = re.compile(r"purge|wipe|clear|reset|clean_?all|prune|nuke|destroy|teardown", re.IGNORECASE)


@RULE.on(Project)
def too_wide(project: Project, context: Context) -> Iterator[Draft]:
    """A glob that leaves open a parameter which the names have and the code has in hand."""
    index = NameIndex(project)
    for file, glob in project.all(GlobLink):
        if file.role in QUIET_ROLES or glob.pattern.is_unique:
            continue
        if any(_PURGES.search(name) for name in glob.functions):
            continue
        taken = next((t for t in taken_names(index, file, glob) if t.open), None)
        if taken is not None:
            yield _found(glob, taken)
        elif glob.uses[0][0] == "delete" and glob.functions and _ENDS_JOB.fullmatch(glob.functions[-1]):
            taken = next(names_of_others(index, file, glob), None)
            if taken is not None:
                yield _found_at_end(glob, taken)


def _found_at_end(glob: GlobLink, taken: Taken) -> Draft:
    first = taken.open[0]
    ended = glob.functions[-1]
    return RULE.found(
        glob.mark,
        f"`{glob.pattern.name.template}` deletes the files of every `{first}` when one job ends (`{ended}`): all jobs share the folder",
        label="delete the files that this job has made, or give each job a folder of its own",
        related=((taken.name.mark, f"written with `{first}` in the name"),),
        severity=Severity.ERROR,
        data={"missing": list(taken.open), "template": taken.name.pattern.name.template},
    )


def _found(glob: GlobLink, taken: Taken) -> Draft:
    kind, place = glob.uses[0]
    first = taken.open[0]
    related: list[tuple[Mark, str]] = [(taken.name.mark, f"written with `{first}` in the name")]
    if place.location != glob.mark.location:
        related.append((place, f"{_HARMFUL[kind]} what is found"))
    return RULE.found(
        glob.mark,
        f"`{glob.pattern.name.template}` {_HARMFUL[kind]} the files of every `{first}`, though `{first}` is at hand and part of their names",
        label=f"put `{first}` into the pattern",
        related=tuple(related),
        severity=Severity.WARNING if kind == "merge" else Severity.ERROR,
        confidence=Confidence.LOW if glob.language == "shell" and glob.pattern.parent.holes else None,
        data={"missing": list(taken.open), "template": taken.name.pattern.name.template},
    )
