"""Applying fixes: text edits, all of a fix or none of it, written in one step."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable

from jobsafety_lint.model import Edit, Finding, Fix, Span
from jobsafety_lint.source import Source, SourceFile
from jobsafety_lint.writing import write_atomically


def wanted(findings: Iterable[Finding], *, unsafe: bool) -> list[Fix]:
    """The fixes that may be applied: the safe ones, or all."""
    return [finding.fix for finding in findings if finding.fix is not None and (finding.fix.safe or unsafe)]


def apply(source: Source, fixes: Iterable[Fix]) -> tuple[str, int]:
    """The text with as many fixes as do not overlap, first come first served, and how many they are."""
    taken: list[tuple[Span, str]] = []
    count = 0
    for fix in fixes:
        edits = sorted({(_span(source, edit), edit.text) for edit in fix.edits})
        if any(mine.overlaps(other) or mine == other for mine, _ in edits for other, _ in taken):
            continue
        taken += edits
        count += 1
    text = source.text
    for span, new in sorted(taken, reverse=True):
        text = text[: span.start] + new + text[span.end :]
    return text, count


def _span(source: Source, edit: Edit) -> Span:
    at = edit.location
    return Span(source.offset(at.line, at.column), source.offset(at.end_line, at.end_column))


def breaks_python(before: str, after: str) -> bool:
    """Whether a Python text that could be parsed cannot be any more."""
    return _parses(before) and not _parses(after)


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def write(file: SourceFile, text: str) -> None:
    """Writes a file's new text: into a temporary file beside it, flushed, then renamed over it. Its mode stays.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    write_atomically(file.location_on_disk, text.replace("\n", file.newline).encode(file.encoding))


def diff(path: str, before: str, after: str) -> str:
    """The change as a unified diff."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{path}", f"b/{path}"
    )
    return "".join(
        line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines
    )
