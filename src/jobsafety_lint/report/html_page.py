"""One page that needs nothing else: all findings with their code, to be filtered by rule, severity and text."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files

from jobsafety_lint.model import Finding, Location, Report
from jobsafety_lint.report import RenderOptions
from jobsafety_lint.report.frames import lines_around
from jobsafety_lint.report.summary import closing_lines

_SEVERITIES = ("error", "warning", "info")


def render(report: Report, options: RenderOptions) -> str:
    """The page. Everything that comes from the linted files is escaped; nothing is loaded from anywhere."""
    page = files(__package__).joinpath("html_page.html").read_text(encoding="utf-8")
    plain = RenderOptions(options.text_of, options.root, color=False, version=options.version)
    filled = {
        "{{version}}": html.escape(options.version),
        "{{summary}}": "".join(f"<p>{html.escape(line)}</p>" for line in closing_lines(report, plain)),
        "{{severities}}": "".join(_severity_boxes(report)),
        "{{rules}}": "".join(_rule_options(report)),
        "{{findings}}": "".join(_article(finding, options) for finding in report.findings),
    }
    head, *rest = page.split("{{")
    return head + "".join(
        filled["{{" + part.partition("}}")[0] + "}}"] + part.partition("}}")[2] for part in rest
    )


def _severity_boxes(report: Report) -> Iterator[str]:
    counts = Counter(finding.severity.value for finding in report.findings)
    for severity in _SEVERITIES:
        yield (
            f'<label class="{severity}"><input type="checkbox" name="severity" value="{severity}" checked> '
            f"{severity} ({counts[severity]})</label>"
        )


def _rule_options(report: Report) -> Iterator[str]:
    counts = Counter((finding.code, finding.name) for finding in report.findings)
    for (code, name), count in sorted(counts.items()):
        yield f'<option value="{html.escape(code)}">{html.escape(f"{code} {name} ({count})")}</option>'


def _article(finding: Finding, options: RenderOptions) -> str:
    text = html.escape
    severity = finding.severity.value
    rule = f"{text(finding.code)} {text(finding.name)}"
    link = f'<a href="{text(finding.url)}" rel="noreferrer">{rule}</a>' if finding.url else rule
    notes = [f"confidence: {finding.confidence.value}"]
    notes += [f"references: {', '.join(finding.references)}"] if finding.references else []
    notes += [f"incident: {finding.data['incident']}"] if finding.data.get("incident") else []
    if finding.fix is not None:
        notes.append(f"fix: {finding.fix.title} ({'--fix' if finding.fix.safe else '--fix --unsafe-fixes'})")
    related = "".join(_frame(r.location, r.message, "related", options) for r in finding.related)
    return (
        f'<article data-severity="{severity}" data-rule="{text(finding.code)}">'
        f'<h2><span class="{severity}">{severity}</span> {text(finding.message)}</h2>'
        f"<p>{link}</p>"
        f"{_frame(finding.location, finding.label, severity, options)}{related}"
        f'<p class="notes">{text("    ".join(notes))}</p></article>\n'
    )


def _frame(at: Location, label: str, kind: str, options: RenderOptions) -> str:
    rows = []
    for line in lines_around(options.text_of(at.path) or "", at):
        marked = f'<mark class="{kind}">{html.escape(line.marked)}</mark>' if line.marked else ""
        code = html.escape(line.before) + marked + html.escape(line.after)
        rows.append(f'<span class="line"><span class="number">{line.number}</span>{code}</span>')
    caption = f"<figcaption><code>{html.escape(f'{at.path}:{at.line}:{at.column}')}</code> {html.escape(label)}</figcaption>"
    pre = f"<pre>{''.join(rows)}</pre>" if rows else ""
    return f"<figure>{caption}{pre}</figure>"
