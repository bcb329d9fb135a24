"""One line a finding: `path:line:column: severity CODE name message`."""

from __future__ import annotations

from jobsafety_lint.model import Report
from jobsafety_lint.report import RenderOptions
from jobsafety_lint.report.statistics import table
from jobsafety_lint.report.summary import closing_lines


def render(report: Report, options: RenderOptions) -> str:
    """The report in lines, with the closing lines."""
    if options.statistics:
        return table(report)
    lines = [
        f"{f.location.path}:{f.location.line}:{f.location.column}: {f.severity.value}[{f.code}] {f.name}: {f.message}"
        for f in report.findings
    ]
    return "".join(f"{line}\n" for line in [*lines, *closing_lines(report, options)])
