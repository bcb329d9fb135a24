"""Where a suppression comment may be put: candidates, likeliest first. Whether one does what it should is for the caller
to try, by checking the text with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.model import Edit, Finding, Location
from jobsafety_lint.source import Source

MAX_WIDTH = 100
"""A comment behind the code makes no line longer than this."""

_OURS = re.compile(r"#\s*jobsafety:\s*ignore\[(?P<names>[^\]]*)\]", re.IGNORECASE)


def candidates(source: Source, finding: Finding) -> Iterator[Edit]:
    """The edits that may silence a finding of a file: another name in a comment that is there; a comment behind the
    statement; one alone above it. Statements inside of embedded text come before the one that holds the text.
    """
    anchors = finding.anchors or ((finding.location.line, finding.location.end_line),)
    lines = source.text.split("\n")
    seen: set[Location] = set()
    for first, last in anchors:
        for edit in _at(lines, first, last, finding):
            if edit.location not in seen:
                seen.add(edit.location)
                yield edit


@dataclass(frozen=True)
class _Line:
    number: int
    text: str

    def at(self, path: str, start: int, end: int) -> Location:
        return Location(path, self.number, start + 1, self.number, end + 1)


def _at(lines: list[str], first: int, last: int, finding: Finding) -> Iterator[Edit]:
    path, name = finding.location.path, finding.name
    near = [_Line(n, lines[n - 1]) for n in range(max(first - 1, 1), min(last, len(lines)) + 1)]
    for line in near:
        comment = _OURS.search(line.text)
        if comment is not None:
            end = comment.end("names")
            yield Edit(line.at(path, end, end), f", {name}" if comment["names"].strip() else name)
    if first > len(lines):
        return
    text = lines[first - 1]
    comment_text = f"# jobsafety: ignore[{name}]"
    behind = f"  {comment_text}"
    if first == last and len(text) + len(behind) <= MAX_WIDTH and "#" not in text:
        yield Edit(_Line(first, text).at(path, len(text), len(text)), behind)
    indent = text[: len(text) - len(text.lstrip())]
    yield Edit(Location(path, first, 1, first, 1), f"{indent}{comment_text}\n")
