"""`jobsafety-lint rule`: the pages of the rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from jobsafety_lint import config, registry
from jobsafety_lint.cli import completion
from jobsafety_lint.cli.options import rules_dir_option
from jobsafety_lint.config import UsageError
from jobsafety_lint.rule import Rule


@click.command()
@click.argument("name", required=False, shell_complete=completion.rule)
@click.option("--all", "every", is_flag=True, help="List all rules.")
@click.option("--output-format", "output", type=click.Choice(["text", "json"]), default="text")
@rules_dir_option
def rule(name: str | None, every: bool, output: str, rules_dirs: tuple[Path, ...]) -> None:
    """Show a rule's page, or list all rules."""
    registry.use(rules_dirs)
    if not name and not every:
        raise UsageError("rule: name a rule, or give --all")
    if every:
        rules = registry.all_rules()
        if output == "json":
            click.echo(json.dumps([_rule_object(r) for r in rules], indent=2))
        else:
            for r in rules:
                click.echo(f"{r.code}  {r.name:32} {r.severity.value:8} {r.summary}")
        return
    found = registry.find(name or "")
    if found is None:
        config.check_selectors([name or ""], registry.catalogue(), "rule")
        raise UsageError(f"rule: `{name}` is no single rule; `jobsafety-lint rule --all` lists them")
    click.echo(
        json.dumps(_rule_object(found), indent=2) if output == "json" else registry.page(found),
        nl=output == "json",
    )


def _rule_object(r: Rule) -> dict[str, Any]:
    return {
        "code": r.code,
        "name": r.name,
        "summary": r.summary,
        "severity": r.severity.value,
        "confidence": r.confidence.value,
        "fix": r.fix,
        "unsafe_because": r.unsafe_because,
        "references": list(r.references),
    }
