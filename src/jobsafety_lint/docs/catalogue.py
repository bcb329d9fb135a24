"""The catalogue of the rules on the site: a table for each family, and a form that `_static/catalogue.js` filters them by.

Without JavaScript the form stays hidden and all rules show.
"""

from __future__ import annotations

import html

from jobsafety_lint import registry
from jobsafety_lint.docs import FAMILIES
from jobsafety_lint.rule import Rule

_HEAD = """# Rules

{count} rules. Each links to its page: why, what to do instead, the fix, when to ignore it, what it cannot see; `jobsafety-lint rule NAME` shows the same. Confidence
is that of a typical finding; findings of low confidence show only with `--pedantic`, or if the rule is selected by its own code or name.

"""
_SEVERITIES = ("error", "warning", "info")
_CONFIDENCES = ("high", "medium", "low")
_FIXES = {"safe": "safe", "unsafe": "unsafe", "any": "any", "no": "none"}


def page() -> str:
    """The catalogue, as MyST Markdown."""
    rules = registry.built_in_rules()
    families = {family: [rule for rule in rules if rule.code.startswith(family)] for family in FAMILIES}
    parts = [_HEAD.format(count=len(rules)), _form(), _contents(families)]
    for family, mine in families.items():
        parts.append(
            f"## {family[3:]}xx {FAMILIES[family]}\n\n"
            "| code | name | severity | confidence | fix | finds |\n|---|---|---|---|---|---|\n"
        )
        parts += [_row(rule) for rule in mine]
        parts.append("\n")
    return "".join(parts)


def _row(rule: Rule) -> str:
    cells = (
        rule.code,
        f"[{rule.name}]({rule.name}/index.md)",
        rule.severity.value,
        rule.confidence.value,
        rule.fix or "no",
        rule.summary.replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |\n"


def _form() -> str:
    families = {family: f"{family[3:]}xx {title.partition(':')[0]}" for family, title in FAMILIES.items()}
    fields = (
        '<label class="wide">Text<input type="search" name="text" placeholder="name, code or words" autocomplete="off"></label>',
        _choice("family", "Family", families),
        _choice("severity", "Severity", {value: value for value in _SEVERITIES}),
        _choice("confidence", "Confidence", {value: value for value in _CONFIDENCES}),
        _choice("fix", "Fix", _FIXES),
        '<button type="reset">Show all</button>',
    )
    return (
        "```{raw} html\n"
        '<form id="catalogue" role="search" aria-label="Filter the rules" hidden>\n'
        + "\n".join(fields)
        + '\n<output aria-live="polite"></output>\n</form>\n```\n\n'
    )


def _choice(name: str, label: str, values: dict[str, str]) -> str:
    options = "".join(
        f'<option value="{html.escape(v)}">{html.escape(shown)}</option>' for v, shown in values.items()
    )
    return f'<label>{label}<select name="{name}"><option value="">all</option>{options}</select></label>'


def _contents(families: dict[str, list[Rule]]) -> str:
    """The pages of the rules, for the navigation."""
    parts = []
    for family, rules in families.items():
        pages = "\n".join(f"{rule.code} {rule.name} <{rule.name}/index>" for rule in rules)
        parts.append(f"```{{toctree}}\n:hidden:\n:caption: {FAMILIES[family]}\n\n{pages}\n```\n\n")
    return "".join(parts)
