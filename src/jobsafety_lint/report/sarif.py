"""SARIF 2.1.0, for code scanning services (OASIS, sections 3.13 and following)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from jobsafety_lint import registry
from jobsafety_lint.config import ConfigError
from jobsafety_lint.model import Crash, Edit, Finding, Location, Report
from jobsafety_lint.report import RenderOptions
from jobsafety_lint.rule import Rule

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_ROOT = "%SRCROOT%"
"""The working directory, under the name that code scanning services know."""
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(report: Report, options: RenderOptions) -> str:
    """One run: the rules that have found something, with their pages; the results; crashes and notes as notifications."""
    rules = {finding.code: finding for finding in report.findings}
    order = {code: at for at, code in enumerate(sorted(rules))}
    driver = {
        "name": "jobsafety-lint",
        "version": options.version,
        "semanticVersion": options.version,
        "informationUri": "https://jobsafety-lint.readthedocs.io/",
        "rules": [_descriptor(rules[code]) for code in order],
    }
    root = options.root.as_uri()
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"uri": root if root.endswith("/") else root + "/"}},
        "invocations": [_invocation(report)],
        "results": [_result(finding, order) for finding in report.findings],
    }
    return (
        json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)
        + "\n"
    )


def _descriptor(finding: Finding) -> dict[str, Any]:
    rule = registry.find(finding.code)
    described: dict[str, Any] = {"id": finding.code, "name": finding.name}
    if finding.url:
        described["helpUri"] = finding.url
    if rule is not None:
        described |= {
            "shortDescription": {"text": rule.summary},
            "help": _help(rule),
            "defaultConfiguration": {"level": _LEVELS[rule.severity.value]},
            "properties": {
                "precision": rule.confidence.value,
                "problem.severity": "recommendation"
                if rule.severity.value == "info"
                else rule.severity.value,
                "tags": ["concurrency", *rule.references],
            },
        }
    return described


def _help(rule: Rule) -> dict[str, str]:
    try:
        page = registry.page(rule)
    except ConfigError:  # an own rule whose page is missing: `test-rules` says so
        page = rule.summary
    return {"text": page, "markdown": page}


def _invocation(report: Report) -> dict[str, Any]:
    notes = [
        {
            "level": "note",
            "message": {"text": note.message},
            "locations": [{"physicalLocation": _file(note.path)}],
        }
        for note in report.notes
    ]
    return {
        "executionSuccessful": not report.crashes,
        "toolExecutionNotifications": [*map(_notification, report.crashes), *notes],
    }


def _notification(crash: Crash) -> dict[str, Any]:
    lines = crash.traceback.strip().splitlines()
    told: dict[str, Any] = {
        "level": "error",
        "message": {"text": f"internal error in {crash.code}: {lines[-1] if lines else 'no details'}"},
        "locations": [{"physicalLocation": _file(crash.path)}],
        "properties": {"traceback": crash.traceback},
    }
    if crash.code != "engine":
        told["associatedRule"] = {"id": crash.code}
    return told


def _result(finding: Finding, order: dict[str, int]) -> dict[str, Any]:
    properties: dict[str, Any] = {"confidence": finding.confidence.value}
    if incident := finding.data.get("incident"):
        properties["incident"] = incident
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": order[finding.code],
        "level": _LEVELS[finding.severity.value],
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": _physical(finding.location)}],
        "partialFingerprints": {"jobsafetyLint/v1": finding.fingerprint},
        "properties": properties,
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _physical(r.location), "message": {"text": r.message}}
            for number, r in enumerate(finding.related, 1)
        ]
    if finding.fix is not None:
        result["fixes"] = [
            {"description": {"text": finding.fix.title}, "artifactChanges": _changes(finding.fix.edits)}
        ]
        properties["fixIsSafe"] = finding.fix.safe
    return result


def _changes(edits: Sequence[Edit]) -> list[dict[str, Any]]:
    by_path: dict[str, list[dict[str, Any]]] = {}
    for edit in edits:
        change = {"deletedRegion": _region(edit.location), "insertedContent": {"text": edit.text}}
        by_path.setdefault(edit.location.path, []).append(change)
    return [{**_file(path), "replacements": replacements} for path, replacements in by_path.items()]


def _file(path: str) -> dict[str, Any]:
    """Where a file is: below the root of the run, or somewhere else on this machine."""
    uri = quote(path)
    where = {"uri": f"file://{uri}"} if path.startswith("/") else {"uri": uri, "uriBaseId": _ROOT}
    return {"artifactLocation": where}


def _physical(at: Location) -> dict[str, Any]:
    return {**_file(at.path), "region": _region(at)}


def _region(at: Location) -> dict[str, int]:
    return {
        "startLine": at.line,
        "startColumn": at.column,
        "endLine": at.end_line,
        "endColumn": at.end_column,
    }
