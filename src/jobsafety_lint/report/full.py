"""For people at a terminal: the code itself, with the marked place and everything that has to do with it."""

from __future__ import annotations

import textwrap
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
_NARROWEST_LABEL = 40


def render(report: Report, options: RenderOptions) -> str:
    """Every finding with its source frames, then the closing lines."""
    if options.statistics:
        return table(report)
    painter = _Painter(options)
    blocks = [painter.finding(finding) for finding in report.findings]
    return "".join(f"{part}\n" for part in [*blocks, *closing_lines(report, options)])


class _Painter:
    def __init__(self, options: RenderOptions) -> None:
        self.options = options
        self.lines: dict[str, list[str]] = {}

    def style(self, text: str, color: str | None = None, *, bold: bool = False) -> str:
        return click.style(text, fg=color, bold=bold) if self.options.color else text

    def fold(self, text: str, indent: str) -> list[str]:
        """A text in lines that fit the terminal, all but the first of them indented. Long words are left whole."""
        if self.options.width is None or len(text) <= self.options.width:
            return [text]
        return textwrap.wrap(
            text,
            self.options.width,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def finding(self, finding: Finding) -> str:
        color = _COLORS[finding.severity.value]
        places = [finding.location, *(related.location for related in finding.related)]
        width = max(len(str(place.end_line)) for place in places)
        gutter = " " * (width + 2) + self.style("|", "blue")
        head = self.style(f"{finding.severity.value}[{finding.code}]", color, bold=True)
        plain = f"{finding.severity.value}[{finding.code}] {finding.name}"
        said, *more = self.fold(f"{plain}: {finding.message}", "    ")
        out = [said.replace(plain, f"{head} {self.style(finding.name, bold=True)}", 1), *more]
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
        doubt = finding.data.get("doubt")
        parts = [f"confidence: {finding.confidence.value}" + (f", {doubt}" if doubt else "")]
        if finding.references:
            parts.append(f"references: {', '.join(finding.references)}")
        if incident := finding.data.get("incident"):
            parts.append(f"incident: {incident}")
        notes = ["    ".join(parts)]
        if finding.fix is not None:
            how = "--fix" if finding.fix.safe else "--fix --unsafe-fixes"
            notes.append(f"fix: {finding.fix.title} (`{how}`)")
            if finding.fix.reason and not finding.fix.safe:
                notes.append(f"unsafe: {finding.fix.reason}")
        notes.append(f"more: jobsafety-lint rule {finding.name}    {finding.url}".rstrip())
        before = " " * (width + 2) + "="
        lines = [self.fold(f"{before} {note}", " " * (width + 6)) for note in notes]
        equals = " " * (width + 2) + self.style("=", "blue")
        return [line.replace(before, equals, 1) for folded in lines for line in folded]

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
            tail = label if number == shown[-1] else ""
            said = self._labelled(width + 4, " " * _columns(cropped[:start]), marks, tail)
            out += [f"{gutter} {blank}{self.style(text, color)}" for blank, text in said]
        return out

    def _labelled(self, used: int, blank: str, marks: str, label: str) -> list[tuple[str, str]]:
        """The marks below a line with their label, as indentations and texts: behind the marks if it fits there, else
        below them, as far to the right as it fits. `used`: the columns that the gutter takes.
        """
        beside = f"{marks} {label}".rstrip()
        if (
            self.options.width is None
            or not label
            or used + len(blank) + _columns(beside) <= self.options.width
        ):
            return [(blank, beside)]
        room = self.options.width - used
        wanted = min(len(label), max(room - len(blank), _NARROWEST_LABEL))
        left = blank[: max(room - wanted, 0)]
        lines = textwrap.wrap(label, room - len(left), break_long_words=False, break_on_hyphens=False)
        return [(blank, marks), *((left, line) for line in lines)]


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
