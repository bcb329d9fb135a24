"""How many findings each rule has (`--statistics`)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from jobsafety_lint.model import Report


def counts_of(report: Report) -> list[dict[str, Any]]:
    """`code`, `name`, `count` and `fixable` of each rule that has findings, the most frequent first."""
    counts = Counter((finding.code, finding.name) for finding in report.findings)
    fixable = Counter(finding.code for finding in report.findings if finding.fix is not None)
    order = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return [
        {"code": code, "name": name, "count": count, "fixable": fixable[code]}
        for (code, name), count in order
    ]


def table(report: Report) -> str:
    """The counts as lines for people."""
    lines = []
    for entry in counts_of(report):
        fixable = f"  ({entry['fixable']} with a fix)" if entry["fixable"] else ""
        lines.append(f"{entry['count']:6}  {entry['code']}  {entry['name']}{fixable}\n")
    return "".join(lines)
