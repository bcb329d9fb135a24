"""GitLab's Code Quality report: a subset of Code Climate's issues (GitLab documentation, "Code Quality report format")."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from jobsafety_lint.model import Finding, Report
from jobsafety_lint.report import RenderOptions

_SEVERITIES = {"error": "critical", "warning": "major", "info": "info"}


def render(report: Report, options: RenderOptions) -> str:
    """A list of issues. GitLab shows only one of those that share a fingerprint, so each has one of its own."""
    issues = [
        _issue(finding, id_) for finding, id_ in zip(report.findings, _unique(report.findings), strict=True)
    ]
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _unique(findings: Iterable[Finding]) -> Iterator[str]:
    """A fingerprint for each finding: that of every other format where no other file has the same, and else one that is
    made from it and the file's path, so that moved lines change nothing.
    """
    seen: set[str] = set()
    for finding in findings:
        fingerprint, turn = finding.fingerprint, 0
        while fingerprint in seen:
            text = f"{finding.fingerprint}\0{finding.location.path}\0{turn}"
            fingerprint, turn = hashlib.sha256(text.encode()).hexdigest()[:16], turn + 1
        seen.add(fingerprint)
        yield fingerprint


def _issue(finding: Finding, fingerprint: str) -> dict[str, Any]:
    at = finding.location
    return {
        "type": "issue",
        "check_name": f"{finding.code} {finding.name}",
        "description": finding.message,
        "categories": ["Bug Risk"],
        "severity": _SEVERITIES[finding.severity.value],
        "fingerprint": fingerprint,
        "location": {
            "path": at.path,
            "lines": {"begin": at.line, "end": at.end_line},
            "positions": {
                "begin": {"line": at.line, "column": at.column},
                "end": {"line": at.end_line, "column": at.end_column},
            },
        },
    }
