"""The closing lines that the formats for people share."""

from __future__ import annotations

from collections import Counter

import click

from jobsafety_lint.model import Report
from jobsafety_lint.report import RenderOptions


def closing_lines(report: Report, options: RenderOptions) -> list[str]:
    """Crashes, and unless it is to be quiet: what was found, what can be fixed, and what was kept back."""
    lines: list[str] = []
    for crash in report.crashes:
        last = crash.traceback.strip().splitlines()[-1] if crash.traceback.strip() else "no details"
        lines.append(f"internal error: {crash.code} could not look at {crash.path}: {last}")
    if options.quiet:
        return lines
    if report.findings:
        counts = Counter(f.severity.value for f in report.findings)
        parts = [
            f"{n} {name}{'s' if n > 1 and name != 'info' else ''}"
            for name in ("error", "warning", "info")
            if (n := counts[name])
        ]
        files = len({f.location.path for f in report.findings})
        total = len(report.findings)
        line = f"Found {total} finding{_s(total)} ({', '.join(parts)}) in {files} file{_s(files)}."
        lines.append(_style(line, options, bold=True))
        safe = sum(1 for f in report.findings if f.fix and f.fix.safe)
        unsafe = sum(1 for f in report.findings if f.fix and not f.fix.safe)
        if safe:
            lines.append(f"{safe} can be fixed with `--fix`.")
        if unsafe:
            lines.append(f"{unsafe} can be fixed with `--fix --unsafe-fixes`.")
    elif not report.crashes:
        lines.append(
            _style(
                f"All checks passed ({report.summary.files} file{_s(report.summary.files)}).",
                options,
                bold=True,
            )
        )
    summary = report.summary
    unread = summary.unread - sum(finding.code == "JOB001" for finding in report.findings)
    also = [
        f"{count} {what}"
        for count, what in (
            (summary.fixed, "fixed"),
            (summary.suppressed, "suppressed"),
            (summary.baselined, "in the baseline"),
            (summary.hidden, "of low confidence hidden (`--pedantic` shows them)"),
            (unread, "not read (`--verbose` tells why)"),
        )
        if count
    ]
    if also:
        lines.append("Also: " + ", ".join(also) + ".")
    return lines


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _style(text: str, options: RenderOptions, **style: bool) -> str:
    return click.style(text, **style) if options.color else text
