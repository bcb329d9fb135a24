"""JUnit's XML, as test reports of CI services read it: a suite a file, a failed case a finding."""

from __future__ import annotations

import re
from itertools import groupby
from xml.etree import ElementTree as ET

from jobsafety_lint.model import Crash, Finding, Report
from jobsafety_lint.report import RenderOptions

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to write."""


def render(report: Report, options: RenderOptions) -> str:
    """The document. A rule that crashed is an error; a run without either is one case that has passed."""
    root = ET.Element("testsuites", name="jobsafety-lint")
    for path, findings in groupby(report.findings, key=lambda finding: finding.location.path):
        cases = [_failed(finding) for finding in findings]
        suite = ET.SubElement(root, "testsuite", _counts(path, len(cases), failures=len(cases)))
        suite.extend(cases)
    if report.crashes:
        suite = ET.SubElement(
            root,
            "testsuite",
            _counts("internal errors", len(report.crashes), errors=len(report.crashes)),
        )
        suite.extend([_crashed(crash) for crash in report.crashes])
    if not report.findings and not report.crashes:
        suite = ET.SubElement(root, "testsuite", _counts("jobsafety-lint", 1))
        ET.SubElement(suite, "testcase", name="no findings", classname="jobsafety-lint", time="0")
    total, failures = len(report.findings) + len(report.crashes), len(report.findings)
    for name, value in (("tests", total or 1), ("failures", failures), ("errors", len(report.crashes))):
        root.set(name, str(value))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _counts(name: str, tests: int, *, failures: int = 0, errors: int = 0) -> dict[str, str]:
    numbers = {"tests": tests, "failures": failures, "errors": errors, "skipped": 0}
    return {"name": _text(name), **{key: str(number) for key, number in numbers.items()}, "time": "0"}


def _failed(finding: Finding) -> ET.Element:
    at = finding.location
    case = ET.Element(
        "testcase",
        name=_text(f"{finding.code} {finding.name} at {at.line}:{at.column}"),
        classname=_text(at.path),
        file=_text(at.path),
        line=str(at.line),
        time="0",
    )
    failure = ET.SubElement(case, "failure", message=_text(finding.message), type=finding.severity.value)
    lines = [f"{at.path}:{at.line}:{at.column}: {finding.severity.value}[{finding.code}] {finding.message}"]
    lines += [finding.label] if finding.label else []
    lines += [
        f"{r.location.path}:{r.location.line}:{r.location.column}: {r.message}" for r in finding.related
    ]
    if incident := finding.data.get("incident"):
        lines.append(f"incident: {incident}")
    lines += [finding.url] if finding.url else []
    failure.text = _text("\n".join(lines))
    return case


def _crashed(crash: Crash) -> ET.Element:
    case = ET.Element(
        "testcase", name=_text(f"{crash.code} could look at the file"), classname=_text(crash.path), time="0"
    )
    last = crash.traceback.strip().splitlines()[-1] if crash.traceback.strip() else "no details"
    error = ET.SubElement(case, "error", message=_text(last), type="internal error")
    error.text = _text(crash.traceback)
    return case


def _text(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
