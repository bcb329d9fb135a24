"""Workflow commands of GitHub Actions: each finding becomes an annotation at its line."""

from __future__ import annotations

from jobsafety_lint.model import Report
from jobsafety_lint.report import RenderOptions

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report, options: RenderOptions) -> str:  # all formats have one signature
    """A line a finding; GitHub's escapes: docs.github.com, "Workflow commands"."""
    lines = []
    for finding in report.findings:
        at = finding.location
        properties = {
            "file": at.path,
            "line": str(at.line),
            "endLine": str(at.end_line),
            "col": str(at.column),
            "endColumn": str(at.end_column),
            "title": f"{finding.code} {finding.name}",
        }
        given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        lines.append(f"::{_COMMANDS[finding.severity.value]} {given}::{_data(finding.message)}")
    return "".join(line + "\n" for line in lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
