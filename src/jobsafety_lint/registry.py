"""Which rules there are: every module of the rules folder that holds a `RULE`."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from pathlib import Path

from jobsafety_lint import rules
from jobsafety_lint.rule import Rule


@functools.cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, by code.

    Raises:
        RuntimeError: a module of the folder has no rule, or two rules share a code or a name.
    """
    found: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(rules.__path__):
        rule = getattr(importlib.import_module(f"{rules.__name__}.{module.name}"), "RULE", None)
        if not isinstance(rule, Rule):
            raise RuntimeError(f"rules/{module.name}.py holds no RULE")
        for key in (rule.code, rule.name):
            if key in found:
                raise RuntimeError(f"two rules are called {key}")
            found[key] = rule
    return tuple(sorted({rule.code: rule for rule in found.values()}.values(), key=lambda rule: rule.code))


def find(name: str) -> Rule | None:
    """The rule of this code or name."""
    return next((rule for rule in all_rules() if name in {rule.code, rule.name}), None)


def page(rule: Rule) -> str:
    """The text of a rule's page (Markdown).

    Raises:
        FileNotFoundError: the page is missing; a test says that none is.
    """
    stem = rule.name.replace("-", "_") + ".md"
    for folder in rules.__path__:
        candidate = Path(folder) / stem
        if candidate.is_file():
            return candidate.read_text(encoding="utf-8")
    raise FileNotFoundError(f"rules/{stem}")


def catalogue() -> dict[str, str]:
    """Code to name of all rules."""
    return {rule.code: rule.name for rule in all_rules()}
