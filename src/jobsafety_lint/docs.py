"""The documents that are made from the rules: `python -m jobsafety_lint.docs` writes `rules/README.md` of a checkout.

A test compares the file with `rule_index()`, so that neither can drift.
"""

from __future__ import annotations

from pathlib import Path

from jobsafety_lint import registry
from jobsafety_lint.rule import Rule

FAMILIES = {
    "JOB0": "The linter itself",
    "JOB1": "Files: races on the file system",
    "JOB2": "Names: which job owns which artifact",
    "JOB3": "Queue: what pueue is told",
    "JOB4": "Shell: streams and strict mode",
    "JOB5": "Resources",
    "JOB6": "Environment",
    "JOB7": "Deployment",
    "JOB8": "Data stores",
    "JOB9": "Workflow engine (Temporal)",
}
"""The families of rules, by the beginning of their codes."""

_HEAD = """# Rules

Made from the rules by `python -m jobsafety_lint.docs`. Each rule is a module and a page with one name; `jobsafety-lint rule NAME` shows the page.
Confidence is that of a typical finding; those of low confidence show only with `--pedantic`.
"""


def rule_index() -> str:
    """The index of all rules, as Markdown."""
    parts = [_HEAD]
    for family, title in FAMILIES.items():
        rules = [rule for rule in registry.built_in_rules() if rule.code.startswith(family)]
        if rules:
            parts.append(
                f"\n## {family[3:]}xx {title}\n\n| code | name | severity | confidence | fix | finds |\n|---|---|---|---|---|---|\n"
            )
            parts += [_row(rule) for rule in rules]
    return "".join(parts)


def _row(rule: Rule) -> str:
    page = rule.name.replace("-", "_") + ".md"
    cells = (
        rule.code,
        f"[{rule.name}]({page})",
        rule.severity.value,
        rule.confidence.value,
        rule.fix or "no",
        rule.summary.replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    """Writes the index of the checkout that this module lies in."""
    path = Path(__file__).resolve().parents[2] / "rules" / "README.md"
    path.write_text(rule_index(), encoding="utf-8")


if __name__ == "__main__":
    main()
