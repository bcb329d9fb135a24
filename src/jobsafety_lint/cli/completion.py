"""What shells complete for our own options: rules, formats, keys of the configuration. Click does the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem  # only where something is completed


def rules(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Codes, names and families of rules; behind a comma the next one."""
    from click.shell_completion import CompletionItem

    done, comma, begun = incomplete.rpartition(",")
    return [
        CompletionItem(done + comma + name, help=summary)
        for name, summary in _known(ctx, families=True)
        if name.startswith(begun)
    ]


def rule(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Codes and names of rules."""
    from click.shell_completion import CompletionItem

    known = _known(ctx, families=False)
    return [CompletionItem(name, help=summary) for name, summary in known if name.startswith(incomplete)]


def _known(ctx: click.Context, *, families: bool) -> list[tuple[str, str]]:
    from jobsafety_lint import registry
    from jobsafety_lint.config import ConfigError, UsageError

    registry.use([Path(path) for path in ctx.params.get("rules_dirs") or ()])
    try:
        found = registry.all_rules()
    except (ConfigError, UsageError):  # the command itself will say so
        found = registry.built_in_rules()
    known = [(name, rule.summary) for rule in found for name in (rule.code, rule.name)]
    if families:
        known += [
            ("ALL", "all rules"),
            *((family, "a family of rules") for family in {r.code[:-2] for r in found}),
        ]
    return sorted(known)


def formats(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of formats; behind a colon a file."""
    from click.shell_completion import CompletionItem

    from jobsafety_lint import report

    if ":" in incomplete:
        return [CompletionItem(incomplete, type="file")]
    return [CompletionItem(name) for name in report.FORMATS if name.startswith(incomplete)]


def configuration(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Keys of the configuration (`select=`), or a file where no key begins like this."""
    from click.shell_completion import CompletionItem

    from jobsafety_lint import config

    keys = [
        CompletionItem(f"{key.name}=", help=key.doc) for key in config.KEYS if key.name.startswith(incomplete)
    ]
    return keys or [CompletionItem(incomplete, type="file")]
