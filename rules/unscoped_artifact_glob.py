"""JOB202: a glob that merges, moves or deletes is wider than the names that this phase writes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.files import Glob
from jobsafety_lint.meaning.functions import ArtifactName
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.model import Confidence, Severity
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
_PURGES = re.compile(r"purge|wipe|clear|reset|clean_?all|prune|nuke|destroy|teardown", re.IGNORECASE)


@RULE.on(Glob)
def too_wide(glob: Glob, context: Context) -> Iterator[Draft]:
    """A glob that leaves open a parameter which the names have and the code has in hand."""
    kind = next((kind for kind, _ in glob.uses if kind in _HARMFUL), None)
    if kind is None or context.role in {"test", "docs"} or glob.path.is_unique:
        return
    if any(_PURGES.search(name) for name in glob.execution.functions):
        return
    for name in context.all(ArtifactName):
        if name.language != glob.language or not matches(glob.path, name.pattern):
            continue
        open_names = [
            parameter
            for hole in name.pattern.name.holes
            for parameter in sorted(hole.names)
            if parameter in glob.scope
            and parameter not in glob.path.names
            and parameter not in glob.filtered_by
        ]
        if not open_names:
            continue
        place = glob.use(kind)
        related = [(name.place, f"written with `{open_names[0]}` in the name")]
        if place is not None and place.span != glob.place.span:
            related.append((place, f"{_HARMFUL[kind]} what is found"))
        yield RULE.found(
            glob.place,
            f"`{glob.path.name.template}` {_HARMFUL[kind]} the files of every `{open_names[0]}`, though `{open_names[0]}` is at hand and part of their names",
            label=f"put `{open_names[0]}` into the pattern",
            related=tuple(related),
            severity=Severity.ERROR if kind == "delete" else Severity.WARNING,
            data={"missing": open_names, "template": name.pattern.name.template},
        )
        return


def matches(glob: PathPattern, name: PathPattern) -> bool:
    """Whether a glob takes in files of this name; folders only where both are known."""
    pattern = "".join(
        _glob_regex(part) if isinstance(part, str) else re.escape(_token(part.names))
        for part in glob.name.parts
    )
    text = "".join(part if isinstance(part, str) else _token(part.names) for part in name.name.parts)
    if not glob.name.parts or glob.name.literal.strip("*") in {"", "."}:
        return False
    if not re.search(
        r"[\w\0]", glob.name.literal.partition("*")[0]
    ) and glob.name.suffix == glob.name.literal.lstrip("*"):
        return False  # `*.json`: it says nothing about names
    return re.fullmatch(pattern, text) is not None


def _token(names: frozenset[str]) -> str:
    return "\ue200" + "+".join(sorted(names)) + "\ue201"


def _glob_regex(text: str) -> str:
    out = []
    for char in text:
        out.append({"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char)))
    return "".join(out)
