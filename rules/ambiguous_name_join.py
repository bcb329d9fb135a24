"""JOB206: parameters are joined so that two different jobs can get one name."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.functions import ArtifactName, Parameter
from jobsafety_lint.meaning.paths import words_of
from jobsafety_lint.meaning.project.parameters import is_run_only, may_tell_apart
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Hole, Place

RULE = Rule(
    "JOB206",
    "ambiguous-name-join",
    "parameters joined so that two different jobs can get one name (no separator, rounding, truncation)",
    Severity.INFO,
    Confidence.MEDIUM,
    references=("INV-1",),
    silent_where=("JOB201",),
)

_READ_ONLY = frozenset({"read", "check", "delete"})
_GIVEN = frozenset({"read", "check"})
_AFFIXES = frozenset(
    [
        "prefix",
        "suffix",
        "ext",
        "extension",
        "stem",
        "base",
        "basename",
        "name",
        "postfix",
        "sep",
        "separator",
        "tag",
        "ending",
        "infix",
        "dot",
        "path",
        "root",
        "dir",
        "folder",
        "home",
        "head",
        "tail",
        "fname",
        "filename",
        "pre",
        "post",
        "type",
        "fmt",
        "letter",
        "part",
        "version",
        "v",
    ]
)
_ALREADY_SHORT = frozenset(
    [
        "sha",
        "sha1",
        "sha256",
        "hash",
        "commit",
        "digest",
        "uuid",
        "guid",
        "id",
        "oid",
        "token",
        "rev",
        "revision",
        "fingerprint",
        "date",
        "day",
        "time",
        "ts",
        "timestamp",
        "datetime",
        "dt",
        "start",
        "end",
        "since",
        "until",
        "now",
        "month",
        "year",
        "stamp",
        "created",
    ]
)
_FIXED_WIDTH = re.compile(r":[^:}]*0\d|:%")
_ROUNDED = re.compile(
    r"^(?P<name>[\w.]+):[^:}]*\.(?P<digits>[012])[feg%]?$|^round\((?P<rounded>[\w.]+)(?:,\s*[012])?\)$"
)
_WHOLE = re.compile(r"^int\([\w.]+\)$")
_CUT = re.compile(r"^(?P<name>[\w.]+)\[:(?P<count>\d+)\]$|^\$\{(?P<shell>\w+):0?:(?P<length>\d+)\}$")

_SLICE = re.compile(r"^[\w.]+\[-?\w*:[^\]]*\]$|^\$\{\w+:[^-=?+]")


@dataclass(frozen=True)
class _Part:
    """One parameter or loop variable of a name."""

    hole: Hole
    name: str
    parameter: Parameter | None
    loop: Loop | None

    @property
    def is_number(self) -> bool:
        """Whether it is certainly written in digits."""
        if self.parameter is not None and re.fullmatch(
            r"(Optional\[)?(int|float)\]?( \| None)?", self.parameter.annotation
        ):
            return True
        return (
            self.loop is not None
            and self.loop.values is not None
            and all(value.isdigit() for value in self.loop.values)
        )


@RULE.on(ArtifactName)
def ambiguous(name: ArtifactName, context: Context) -> Iterator[Draft]:
    """Two neighbours without a separator; a rounded number; a text that is cut off."""
    if context.role in {"test", "docs", "temporary"} or name.pattern.is_unique or name.pattern.has_digest:
        return
    if name.roles and name.roles <= _READ_ONLY and not name.purposes:
        return
    joined = [
        draft
        for first, second in itertools.pairwise(name.template.parts)
        if isinstance(first, Hole) and isinstance(second, Hole)
        if (draft := _joined(name, first, second, context)) is not None
    ]
    if joined:
        yield max(joined, key=lambda draft: draft.confidence.rank)
        return
    for hole in name.template.holes:
        draft = _shortened(name, hole, context)
        if draft is not None:
            yield draft
            return


def _joined(name: ArtifactName, first: Hole, second: Hole, context: Context) -> Draft | None:
    left, right = _part(name, first, context), _part(name, second, context)
    if left is None or right is None or left.name == right.name:
        return None
    if _FIXED_WIDTH.search(first.text) or _FIXED_WIDTH.search(second.text):
        return None
    if {*words_of(left.name), *words_of(right.name)} & _AFFIXES:
        return None
    example = _collision(left, right)
    if example is None and _values(left) is not None and _values(right) is not None:
        return None
    numbers = left.is_number and right.is_number
    if name.language == "shell" and example is None and not numbers:
        return None
    shown = example or ("1 and 11 of one, 11 and 1 of the other" if numbers else "")
    return RULE.found(
        name.place,
        f"`{left.name}` and `{right.name}` stand side by side in `{name.template.template}`: two jobs can get one name"
        + (f" ({shown})" if shown else ""),
        label="put a separator between them",
        related=tuple(_places(left, right)),
        confidence=Confidence.HIGH if example else Confidence.MEDIUM if numbers else Confidence.LOW,
        data={"joined": [left.name, right.name], "template": name.template.template},
        subject=name.place,
    )


def _shortened(name: ArtifactName, hole: Hole, context: Context) -> Draft | None:
    text = hole.text
    whole, cut = _WHOLE.match(text), _CUT.match(text)
    rounded = _ROUNDED.match(text) or whole
    if rounded is None and cut is None:
        return None
    part = _part(name, hole, context)
    if whole is not None and (part is None or part.parameter is None or part.parameter.annotation != "float"):
        return None  # a text that is read as a number
    if part is None or set(words_of(part.name)) & _ALREADY_SHORT:
        return None
    if any(re.fullmatch(rf"\$?\{{?{re.escape(part.name)}\}}?", other.text) for other in name.pattern.holes):
        return None  # it stands there as a whole, too
    if any(
        other is not hole and part.name in other.names and _SLICE.search(other.text)
        for other in name.pattern.holes
    ):
        return None  # another piece of it, perhaps the rest
    if name.roles and name.roles <= _GIVEN and not name.purposes & name.pattern.name.words:
        return None  # this code takes what others have written under a name of theirs
    if rounded is not None and part.parameter is not None and part.parameter.annotation.startswith("int"):
        return None
    verb, advice = (
        ("rounded", "write it out: `{x!r}`")
        if rounded is not None
        else ("cut off", "write it whole, or hash it")
    )
    return RULE.found(
        name.place,
        f"`{part.name}` is {verb} in `{name.template.template}`: two jobs whose `{part.name}` differs by less get one name",
        label=advice,
        related=tuple(_places(part)),
        data={"shortened": part.name, "template": name.template.template},
        subject=name.place,
    )


def _part(name: ArtifactName, hole: Hole, context: Context) -> _Part | None:
    """The one parameter or loop variable that a hole is made from, if it tells jobs apart."""
    if len(hole.names) != 1 or hole.kind != "variable":
        return None
    variable = next(iter(hole.names))
    if not re.match(rf"^(\$\{{?|round\(|int\()?{re.escape(variable)}\b", hole.text):
        return None
    parameter = name.function.parameter(variable) if name.function is not None else None
    loop = next((x for x in reversed(name.execution.loops) if variable in x.variables), None)
    if parameter is not None:
        return (
            _Part(hole, variable, parameter, None)
            if may_tell_apart(parameter, context.settings, certain=True)
            else None
        )
    if loop is None or is_run_only(variable, context.settings, certain=True):
        return None
    return _Part(hole, variable, None, loop)


def _values(part: _Part) -> list[str] | None:
    """What a loop gives the variable, where that is written out."""
    if part.loop is None or part.loop.values is None or len(part.loop.variables) != 1:
        return None
    return list(part.loop.values)


def _collision(left: _Part, right: _Part) -> str | None:
    """Two pairs of the loops' values that make one name."""
    first, second = _values(left), _values(right)
    if first is None or second is None:
        return None
    seen: dict[str, tuple[str, str]] = {}
    for a, b in itertools.islice(itertools.product(first, second), 10_000):
        other = seen.setdefault(a + b, (a, b))
        if other != (a, b):
            return f"{other[0]} with {other[1]} and {a} with {b}"
    return None


def _places(*parts: _Part) -> Iterator[tuple[Place, str]]:
    for part in parts:
        if part.parameter is not None:
            yield part.parameter.place, f"parameter `{part.name}`"
        elif part.loop is not None:
            yield part.loop.place, f"`{part.name}` is set by this loop"
