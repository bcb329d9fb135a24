"""SARIF 2.1.0, for code scanning services (OASIS, sections 3.13 and following)."""

from __future__ import annotations

import json
from typing import Any

from jobsafety_lint.model import Finding, Location, Report
from jobsafety_lint.report import RenderOptions

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def render(report: Report, options: RenderOptions) -> str:
    """One run with its rules and results."""
    rules = {finding.code: finding for finding in report.findings}
    order = {code: at for at, code in enumerate(sorted(rules))}
    driver = {
        "name": "jobsafety-lint",
        "version": options.version,
        "informationUri": "https://jobsafety-lint.readthedocs.io/",
        "rules": [{"id": code, "name": rules[code].name, "helpUri": rules[code].url} for code in order],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, order) for finding in report.findings],
    }
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return (
        json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)
        + "\n"
    )


def _result(finding: Finding, order: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": order[finding.code],
        "level": _LEVELS[finding.severity.value],
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": _physical(finding.location)}],
        "partialFingerprints": {"jobsafetyLint/v1": finding.fingerprint},
        "properties": {"confidence": finding.confidence.value},
    }
    if finding.related:
        result["relatedLocations"] = [
            {"physicalLocation": _physical(r.location), "message": {"text": r.message}}
            for r in finding.related
        ]
    if finding.fix is not None:
        by_path: dict[str, list[dict[str, Any]]] = {}
        for edit in finding.fix.edits:
            change = {"deletedRegion": _region(edit.location), "insertedContent": {"text": edit.text}}
            by_path.setdefault(edit.location.path, []).append(change)
        changes = [{"artifactLocation": {"uri": path}, "replacements": r} for path, r in by_path.items()]
        result["fixes"] = [{"description": {"text": finding.fix.title}, "artifactChanges": changes}]
    return result


def _physical(at: Location) -> dict[str, Any]:
    return {"artifactLocation": {"uri": at.path}, "region": _region(at)}


def _region(at: Location) -> dict[str, int]:
    return {
        "startLine": at.line,
        "startColumn": at.column,
        "endLine": at.end_line,
        "endColumn": at.end_column,
    }
