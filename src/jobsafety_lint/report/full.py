"""For people at a terminal: the code itself, with the marked place and everything that has to do with it."""

from __future__ import annotations

import unicodedata

import click

from jobsafety_lint.model import Finding, Location, Report
from jobsafety_lint.report import RenderOptions
from jobsafety_lint.report.statistics import table
from jobsafety_lint.report.summary import closing_lines

_COLORS = {"error": "red", "warning": "yellow", "info": "cyan"}
_TAB = "    "
_WIDEST = 160
_MOST_LINES = 6


def render(report: Report, options: RenderOptions) -> str:
    """Every finding with its source frames, then the closing lines."""
    if options.statistics:
        return table(report)
    painter = _Painter(options)
    blocks = [painter.finding(finding) for finding in report.findings]
    return "\n".join([*blocks, *closing_lines(report, options)]) + "\n"


class _Painter:
    def __init__(self, options: RenderOptions) -> None:
        self.options = options
        self.lines: dict[str, list[str]] = {}

    def style(self, text: str, color: str | None = None, *, bold: bool = False) -> str:
        return click.style(text, fg=color, bold=bold) if self.options.color else text

    def finding(self, finding: Finding) -> str:
        color = _COLORS[finding.severity.value]
        places = [finding.location, *(related.location for related in finding.related)]
        width = max(len(str(place.end_line)) for place in places)
        gutter = " " * (width + 2) + self.style("|", "blue")
        head = self.style(f"{finding.severity.value}[{finding.code}]", color, bold=True)
        out = [f"{head} {self.style(finding.name, bold=True)}: {finding.message}"]
        out.append(self._arrow(width, "-->", finding.location))
        out += self._frame(finding.location, finding.label, width, gutter, color, "^")
        for related in finding.related:
            out.append(gutter)
            out.append(self._arrow(width, ":::", related.location))
            out += self._frame(related.location, related.message, width, gutter, "blue", "-")
        out.append(gutter)
        out += self._notes(finding, width)
        return "\n".join(out) + "\n"

    def _arrow(self, width: int, arrow: str, at: Location) -> str:
        return " " * (width + 1) + self.style(arrow, "blue") + f" {at.path}:{at.line}:{at.column}"

    def _notes(self, finding: Finding, width: int) -> list[str]:
        equals = " " * (width + 2) + self.style("=", "blue")
        parts = [f"confidence: {finding.confidence.value}"]
        if finding.references:
            parts.append(f"references: {', '.join(finding.references)}")
        if incident := finding.data.get("incident"):
            parts.append(f"incident: {incident}")
        notes = [f"{equals} {'    '.join(parts)}"]
        if finding.fix is not None:
            how = "--fix" if finding.fix.safe else "--fix --unsafe-fixes"
            notes.append(f"{equals} fix: {finding.fix.title} (`{how}`)")
            if finding.fix.reason and not finding.fix.safe:
                notes.append(f"{equals} unsafe: {finding.fix.reason}")
        notes.append(f"{equals} more: jobsafety-lint rule {finding.name}    {finding.url}".rstrip())
        return notes

    def _lines_of(self, path: str) -> list[str]:
        if path not in self.lines:
            self.lines[path] = (self.options.text_of(path) or "").splitlines()
        return self.lines[path]

    def _frame(self, at: Location, label: str, width: int, gutter: str, color: str, mark: str) -> list[str]:
        lines = self._lines_of(at.path)
        last = at.end_line if at.end_column > 1 or at.end_line == at.line else at.end_line - 1
        shown = [number for number in range(at.line, last + 1) if number <= len(lines)]
        if not shown:
            return [f"{gutter} {label}"] if label else []
        out = [gutter] if mark == "^" else []
        if len(shown) > _MOST_LINES:
            shown = shown[:_MOST_LINES]
        for number in shown:
            text = lines[number - 1]
            start = at.column - 1 if number == at.line else len(text) - len(text.lstrip())
            end = at.end_column - 1 if number == at.end_line else len(text.rstrip())
            cropped, start, end = _crop(text, start, max(end, start + 1))
            number_text = self.style(f" {number:>{width}} |", "blue")
            out.append(f"{number_text} {_expand(cropped)}".rstrip())
            marks = mark * max(_columns(cropped[start:end]), 1)
            tail = f" {label}" if number == shown[-1] and label else ""
            out.append(f"{gutter} {' ' * _columns(cropped[:start])}{self.style(marks + tail, color)}")
        return out


def _crop(text: str, start: int, end: int) -> tuple[str, int, int]:
    """A long line cut around the marked part."""
    if len(text) <= _WIDEST:
        return text, start, min(end, len(text) + 1)
    left = max(0, start - 40)
    cut = text[left : left + _WIDEST]
    shift = left - (1 if left else 0)
    cropped = ("…" if left else "") + cut + ("…" if left + _WIDEST < len(text) else "")
    return cropped, start - shift, min(end - shift, len(cropped))


def _expand(text: str) -> str:
    return text.replace("\t", _TAB)


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes up."""
    return sum(
        len(_TAB)
        if c == "\t"
        else 0
        if unicodedata.combining(c)
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )
