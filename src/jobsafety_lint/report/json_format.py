"""One JSON object for programs: the contract of `--output-format json`. `schema/report-v1.schema.json` describes it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from jobsafety_lint.model import Finding, Fix, Location, Report
from jobsafety_lint.report import RenderOptions
from jobsafety_lint.report.statistics import counts_of


def render(report: Report, options: RenderOptions) -> str:
    """The object as text, ending with a newline."""
    summary = asdict(report.summary)
    data = {
        "version": 1,
        "tool": {"name": "jobsafety-lint", "version": options.version},
        "findings": [] if options.statistics else [finding_object(finding) for finding in report.findings],
        **({"statistics": counts_of(report)} if options.statistics else {}),
        "summary": {
            "files": summary["files"],
            "findings": len(report.findings),
            **{name: summary[name] for name in ("fixed", "suppressed", "baselined", "hidden", "unread")},
            "crashes": len(report.crashes),
        },
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def place_object(at: Location) -> dict[str, Any]:
    """A location as the contract has it."""
    return asdict(at)


def fix_object(fix: Fix | None) -> dict[str, Any] | None:
    """A fix as the contract has it."""
    if fix is None:
        return None
    edits = [{**place_object(edit.location), "text": edit.text} for edit in fix.edits]
    return {"title": fix.title, "safe": fix.safe, "edits": edits}


def finding_object(finding: Finding) -> dict[str, Any]:
    """A finding as the contract has it."""
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        **place_object(finding.location),
        "related": [{**place_object(r.location), "message": r.message} for r in finding.related],
        "fix": fix_object(finding.fix),
        "fingerprint": finding.fingerprint,
        "references": list(finding.references),
        "url": finding.url,
        "data": dict(finding.data),
    }
