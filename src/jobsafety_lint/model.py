"""The plain values that everything else exchanges: no tree node, no open file, all of them picklable."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobsafety_lint.plain_values import plain_value


class Severity(enum.Enum):
    """How bad it is when it happens."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return ("info", "warning", "error").index(self.value)


class Confidence(enum.Enum):
    """How sure the rule is; a finding of low confidence is shown only with `--pedantic`."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for low, 1 for medium, 2 for high."""
        return ("low", "medium", "high").index(self.value)


@plain_value(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one text: offsets in code points from 0, `end` exclusive."""

    start: int
    end: int

    def __contains__(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """Whether the two share at least one code point."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A stretch of a file as people count it: lines and columns from 1, columns in code points, end exclusive."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file as plain values: all that a finding there needs when the text is no longer at hand.

    `text` is the code at the place, `statement` the normalised text of the smallest statement around it, `definitions`
    the names of what is around it, `anchors` as in `Finding`.
    """

    location: Location
    text: str
    statement: str = ""
    definitions: tuple[str, ...] = ()
    anchors: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that a finding speaks of, with what it has to do with it."""

    location: Location
    message: str


@dataclass(frozen=True, slots=True)
class Edit:
    """The text at `location` is replaced by `text`."""

    location: Location
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that belong together. `safe` means: argued on the rule's page to keep what the code meant; else `reason` says
    what may change.
    """

    title: str
    edits: tuple[Edit, ...]
    safe: bool = False
    reason: str = ""


def page_url(code: str, name: str) -> str:
    """Where the page of a rule stands on the web; empty for an own rule, whose page is not there."""
    return f"https://jobsafety-lint.readthedocs.io/rules/{name}/" if code.startswith("JOB") else ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule has to say about one place.

    `label` is the short text under the marked code, `message` the headline. `data` holds what machines may want.
    `anchors` are the line ranges (first, last; from 1) of the statements that hold the place, innermost first:
    a suppression on any of these lines counts. `fingerprint` is filled in by the engine.
    """

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    message: str
    location: Location
    label: str = ""
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    references: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    anchors: tuple[tuple[int, int], ...] = ()
    fingerprint: str = ""

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """The order in which findings are reported: path, place, code, message."""
        return (self.location.path, self.location.line, self.location.column, self.code, self.message)

    @property
    def url(self) -> str:
        """Where the rule's page stands on the web; empty for an own rule, whose page is not there."""
        return page_url(self.code, self.name)


@dataclass(frozen=True, slots=True)
class Crash:
    """A check of a rule that raised: the run goes on, and the exit status is 3."""

    code: str
    path: str
    traceback: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is no finding but must not pass in silence, such as a file that is too large to read."""

    path: str
    message: str


@dataclass(frozen=True, slots=True, order=True)
class Accepted:
    """One finding of the past that a baseline lets pass. `path` (absolute) is where it stood then: it is preferred when
    findings are matched, but a renamed file matches too. `message` is for people.
    """

    path: str
    code: str
    fingerprint: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Matched:
    """What a run made of the entries of a baseline: those that let a finding pass (with the path and message of today),
    those that match nothing any more though their files and rules were looked at, and those that were not looked for.
    """

    accepted: tuple[Accepted, ...] = ()
    stale: tuple[Accepted, ...] = ()
    not_looked_for: tuple[Accepted, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What happened besides the findings that are shown."""

    files: int = 0
    fixed: int = 0
    suppressed: int = 0
    baselined: int = 0
    hidden: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one run, in a stable order: what every output format is a pure function of."""

    findings: tuple[Finding, ...] = ()
    summary: Summary = field(default_factory=Summary)
    crashes: tuple[Crash, ...] = ()
    notes: tuple[Note, ...] = ()
    baseline: Matched = field(default_factory=Matched)
