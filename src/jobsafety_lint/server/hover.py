"""Hover: the page of a rule, on what it has found and wherever its name or code stands in a comment or a setting."""

from __future__ import annotations

import re

from jobsafety_lint import registry
from jobsafety_lint.model import Finding, page_url
from jobsafety_lint.rule import Rule

_COMMENT = re.compile(
    r"#\s*(?:jobsafety:\s*ignore(?:-file)?\s*\[(?P<names>[^\]]*)|noqa\s*:\s*(?P<codes>[A-Z\d, ]+))",
    re.IGNORECASE,
)
_WORD = re.compile(r"[\w-]+")
_SETTING = re.compile(r"""["'](?P<name>[\w-]+)["']""")


def rule_named_at(line: str, column: int, *, settings: bool) -> tuple[Rule, int, int] | None:
    """The rule that a suppression comment names at a column (from 0), and from where to where its name goes. With
    `settings` the line is one of a configuration file: any quoted name counts.
    """
    names = [
        (start + word.start(), start + word.end(), word.group())
        for comment in _COMMENT.finditer(line)
        for group in ("names", "codes")
        if comment[group] is not None and (start := comment.start(group)) >= 0
        for word in _WORD.finditer(comment[group])
    ]
    if settings:
        names += [(*quoted.span("name"), quoted["name"]) for quoted in _SETTING.finditer(line)]
    for start, end, name in names:
        if start <= column <= end:
            rule = registry.find(name) or registry.find(name.upper())
            if rule is not None:
                return rule, start, end
    return None


def page_of(rule: Rule) -> str:
    """The rule's page as Markdown, with a link to it on the web."""
    url = page_url(rule.code, rule.name)
    link = f"\n\n[{rule.code} on the web]({url})\n" if url else "\n"
    return f"{registry.page(rule).rstrip()}{link}"


def page_of_finding(finding: Finding) -> str | None:
    """The page of the rule that a finding comes from."""
    rule = registry.find(finding.code)
    return page_of(rule) if rule is not None else None
