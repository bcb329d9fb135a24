"""For editors: one JSON object with LSP diagnostics by document URI, positions in UTF-16 units from 0.

Every file that was given a diagnostic is a key; an editor clears what it showed for a document that is missing.
"""

from __future__ import annotations

import json
from typing import Any

from jobsafety_lint.model import Finding, Location, Report
from jobsafety_lint.report import RenderOptions

_SEVERITIES = {"error": 1, "warning": 2, "info": 3}


def render(report: Report, options: RenderOptions) -> str:
    """`{"version": 1, "diagnostics": {uri: [Diagnostic, …]}}` (LSP 3.17, `Diagnostic`)."""
    lines: dict[str, list[str]] = {}
    diagnostics: dict[str, list[dict[str, Any]]] = {}
    for finding in report.findings:
        uri = _uri(finding.location.path, options)
        diagnostics.setdefault(uri, []).append(_diagnostic(finding, options, lines))
    return json.dumps({"version": 1, "diagnostics": diagnostics}, indent=2, ensure_ascii=False) + "\n"


def _uri(path: str, options: RenderOptions) -> str:
    return (options.root / path).as_uri()


def _diagnostic(finding: Finding, options: RenderOptions, lines: dict[str, list[str]]) -> dict[str, Any]:
    data: dict[str, Any] = {"fingerprint": finding.fingerprint}
    if finding.fix is not None:
        changes: dict[str, list[dict[str, Any]]] = {}
        for edit in finding.fix.edits:
            change = {"range": _range(edit.location, options, lines), "newText": edit.text}
            changes.setdefault(_uri(edit.location.path, options), []).append(change)
        data["fix"] = {"title": finding.fix.title, "safe": finding.fix.safe, "edit": {"changes": changes}}
    return {
        "range": _range(finding.location, options, lines),
        "severity": _SEVERITIES[finding.severity.value],
        "code": finding.code,
        **({"codeDescription": {"href": finding.url}} if finding.url else {}),
        "source": "jobsafety-lint",
        "message": finding.message,
        "relatedInformation": [
            {
                "location": {
                    "uri": _uri(r.location.path, options),
                    "range": _range(r.location, options, lines),
                },
                "message": r.message,
            }
            for r in finding.related
        ],
        "data": data,
    }


def _range(at: Location, options: RenderOptions, lines: dict[str, list[str]]) -> dict[str, Any]:
    if at.path not in lines:
        lines[at.path] = (options.text_of(at.path) or "").split("\n")
    text = lines[at.path]
    return {
        "start": {"line": at.line - 1, "character": _utf16(text, at.line, at.column)},
        "end": {"line": at.end_line - 1, "character": _utf16(text, at.end_line, at.end_column)},
    }


def _utf16(lines: list[str], line: int, column: int) -> int:
    before = lines[line - 1][: column - 1] if line <= len(lines) else ""
    return len(before.encode("utf-16-le")) // 2
