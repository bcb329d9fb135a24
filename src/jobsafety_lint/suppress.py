"""Suppression comments: `# jobsafety: ignore[check-then-delete] why`, `ignore-file[…]`, `# noqa: JOB101`.

A suppression counts for a finding if it stands on a line of the smallest statement that holds it (at any level: an
embedded snippet and its host alike), or alone on the line above that statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from jobsafety_lint.model import Edit, Finding, Location, Span
from jobsafety_lint.source import Source

_OURS = re.compile(r"#\s*jobsafety:\s*(?P<verb>[\w-]*)\s*(?P<names>\[[^\]]*\]?)?", re.IGNORECASE)
_NOQA = re.compile(r"#\s*noqa\s*:\s*(?P<names>[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)", re.IGNORECASE)
_NAME = re.compile(r"[\w-]+")
_VERBS = {"ignore": "line", "ignore-file": "file"}


@dataclass(eq=False)
class Suppression:
    """A suppression comment, as plain values. `names` are the rules as written, each with its place; `used` those that
    silenced something. `line` is where it stands in the file (from 1); `reach` is the last line that it counts for:
    the first one below that is no comment, if nothing else stands on its own line. `removal` takes all of it out.
    `depth` says in how many embeddings it stands (0: in the file itself).
    """

    scope: str
    names: tuple[tuple[str, Location], ...]
    location: Location
    line: int
    reach: int
    removal: Edit
    noqa: bool = False
    depth: int = 0
    used: set[str] = field(default_factory=set)

    def without(self, names: Iterable[str]) -> Edit:
        """The edit that takes names out; the whole comment goes if no name is left."""
        gone = set(names)
        left = [name for name, _ in self.names if name not in gone]
        if not left or self.noqa:
            return self.removal
        first, last = self.names[0][1], self.names[-1][1]
        at = Location(first.path, first.line, first.column, last.end_line, last.end_column)
        return Edit(at, ", ".join(left))


@dataclass(frozen=True)
class Malformed:
    """A comment that speaks to the linter but is no suppression."""

    location: Location
    problem: str


def parse(
    source: Source, comments: Iterable[Span], *, noqa: bool
) -> tuple[list[Suppression], list[Malformed]]:
    """The suppressions in the comments of a source (spans of its text)."""
    found: list[Suppression] = []
    malformed: list[Malformed] = []
    for span in comments:
        text = source.text[span.start : span.end]
        if "jobsafety" in text:
            for match in _OURS.finditer(text):
                where = Span(span.start + match.start(), span.start + match.end())
                problem = _problem(match)
                if problem:
                    malformed.append(Malformed(source.location(where), problem))
                else:
                    scope = _VERBS[match["verb"].lower()]
                    found.append(_suppression(source, span, where, match, span.start, scope, noqa=False))
        if noqa and "noqa" in text.lower():
            for match in _NOQA.finditer(text):
                if "JOB" in match["names"].upper():
                    where = Span(span.start + match.start(), span.start + match.end())
                    found.append(_suppression(source, span, where, match, span.start, "line", noqa=True))
    return found, malformed


def _problem(match: re.Match[str]) -> str:
    verb, names = match["verb"].lower(), match["names"]
    if verb not in _VERBS:
        return f"`{verb}` is not known: write `# jobsafety: ignore[rule] why` or `ignore-file[rule]`"
    if names is None:
        return "it names no rule: write `# jobsafety: ignore[rule] why`"
    if not names.endswith("]"):
        return "the bracket is not closed"
    if not _NAME.search(names):
        return "the brackets are empty: name the rules"
    return ""


def _suppression(
    source: Source, comment: Span, where: Span, match: re.Match[str], base: int, scope: str, *, noqa: bool
) -> Suppression:
    start = base + match.start("names")
    names = []
    for name in _NAME.finditer(match["names"]):
        if noqa and not name.group().upper().startswith("JOB"):
            continue
        span = Span(start + name.start(), start + name.end())
        names.append((name.group().upper() if noqa else name.group(), source.location(span)))
    file, in_file = source.file, source.in_file(comment)
    line = file.line_of(in_file.start)
    before = file.text[file.line_span(line).start : in_file.start]
    reach = line if before.strip() else _first_code_line(file, line + 1)
    return Suppression(
        scope,
        tuple(names),
        source.location(where),
        line,
        reach,
        _removal(source, comment),
        noqa,
        _depth(source),
    )


def _depth(source: Source) -> int:
    return 1 + _depth(source.host) if source.host is not None else 0


def _first_code_line(file: Source, line: int) -> int:
    while line <= file.line_count:
        span = file.line_span(line)
        if not file.text[span.start : span.end].lstrip().startswith("#"):
            break
        line += 1
    return line


def apply(findings: Sequence[Finding], suppressions: Sequence[Suppression]) -> tuple[list[Finding], int]:
    """The findings that no comment silences, and how many were. Marks what was used."""
    kept: list[Finding] = []
    for finding in findings:
        silenced = False
        for suppression in suppressions:
            for name, _ in suppression.names:
                if name in {finding.code, finding.name} and _covers(suppression, finding):
                    suppression.used.add(name)
                    silenced = True
        if not silenced:
            kept.append(finding)
    return kept, len(findings) - len(kept)


def _covers(suppression: Suppression, finding: Finding) -> bool:
    if suppression.scope == "file":
        return True
    anchors = finding.anchors or ((finding.location.line, finding.location.end_line),)
    # a comment inside a snippet counts for the snippet's own statements, not for all that the host's statement holds
    at = max(len(anchors) - 1 - suppression.depth, 0)
    return any(
        first <= suppression.line <= last or suppression.line < first <= suppression.reach
        for first, last in anchors[at : at + 1]
    )


def _removal(source: Source, span: Span) -> Edit:
    """The edit that takes out a whole comment (or our part of one that says other things too)."""
    file = source.file
    whole = source.in_file(span)
    text = file.text
    comment = text[whole.start : whole.end]
    rest = comment.find("#", 1)
    if comment.lstrip().lower().startswith(("# jobsafety", "#jobsafety")) and rest > 0:
        return Edit(file.location(Span(whole.start, whole.start + rest)), "")
    start = whole.start
    ours = _OURS.search(comment) or _NOQA.search(comment)
    if ours is not None and ours.start() > 0:
        start = whole.start + ours.start()
    line = file.line_span(file.line_of(start))
    if not text[line.start : start].strip():
        return Edit(file.location(line), "")
    while start > line.start and text[start - 1] in " \t":
        start -= 1
    return Edit(file.location(Span(start, whole.end)), "")
