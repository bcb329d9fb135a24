"""Which rules there are: every module of our rules folder, of installed packages, and of the folders that are named."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path

from jobsafety_lint import own_rules, rule_index, rules
from jobsafety_lint.config import ConfigError
from jobsafety_lint.rule import Rule
from jobsafety_lint.rule_index import Listed

_folders: tuple[Path, ...] = ()


def use(folders: Sequence[Path]) -> None:
    """Says which folders hold own rules (`--rules-dir`), for this process; each process of a run is told so.

    Costs nothing where nothing changes. Raises nothing: the rules are read when they are asked for.
    """
    global _folders  # noqa: PLW0603  # a process has one set of rules
    absolute = tuple(dict.fromkeys(folder.absolute() for folder in folders))
    if absolute != _folders:
        _folders = absolute
        _own.cache_clear()
        listed.cache_clear()


@functools.cache
def listed() -> tuple[Listed, ...]:
    """Every rule, ours first, each by code. Own rules are imported at once, ours when one asks for the rule itself.

    Raises:
        ConfigError: an own rule cannot be used, or has the code or name of another; the message names both files.
        RuntimeError: the same of our own folder.
    """
    found = {rule.code: rule for rule in _built_in()}
    taken = {key: rule for rule in found.values() for key in (rule.code, rule.name)}
    for rule in sorted(_own(), key=lambda one: one.code):
        for key in (rule.code, rule.name):
            other = taken.get(key)
            if other is not None:
                raise ConfigError(
                    f"{rule.path}: `{key}` is also the rule of {other.path}; give it another one"
                )
            taken[key] = rule
        found[rule.code] = rule
    return tuple(found.values())


@functools.cache
def _own() -> tuple[Listed, ...]:
    """The rules that are not ours."""
    loaded = [*own_rules.installed(), *(one for folder in _folders for one in own_rules.load_folder(folder))]
    return tuple(Listed.of(one.rule, one.path) for one in loaded)


@functools.cache
def _built_in() -> tuple[Listed, ...]:
    """Our own rules, by code.

    Raises:
        RuntimeError: a module of the folder has no rule, or two rules share a code or a name.
    """
    folders = [Path(folder) for folder in rules.__path__]
    known = rule_index.read(rules.__name__, folders, changing=rules.IN_CHECKOUT)
    return tuple(known) if known is not None else imported()


def imported() -> tuple[Listed, ...]:
    """Our own rules as their modules say, by code.

    Raises:
        RuntimeError: as `listed`.
    """
    found: dict[str, Listed] = {}
    for module in pkgutil.iter_modules(rules.__path__):
        loaded = importlib.import_module(f"{rules.__name__}.{module.name}")
        rule = getattr(loaded, "RULE", None)
        if not isinstance(rule, Rule):
            raise RuntimeError(f"rules/{module.name}.py holds no RULE")
        for key in (rule.code, rule.name):
            if key in found:
                raise RuntimeError(f"two rules are called {key}")
            found[key] = Listed.of(rule, Path(str(loaded.__file__)))
    return tuple(sorted({one.code: one for one in found.values()}.values(), key=lambda one: one.code))


def own_files() -> tuple[Path, ...]:
    """The modules of the rules that are not ours: what is found depends on them too."""
    return tuple(rule.path for rule in _own())


def all_rules() -> tuple[Rule, ...]:
    """Every rule itself; see `listed`."""
    return tuple(one.rule for one in listed())


def built_in_rules() -> tuple[Rule, ...]:
    """The rules that come with the linter, by code."""
    return tuple(one.rule for one in _built_in())


def find(name: str) -> Rule | None:
    """The rule of this code or name."""
    return next((one.rule for one in listed() if name in {one.code, one.name}), None)


def page(rule: Rule) -> str:
    """The text of a rule's page (Markdown).

    Raises:
        ConfigError: the page is missing; a test says that none of ours is.
    """
    path = next(one.path for one in listed() if one.code == rule.code).with_suffix(".md")
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}: every rule has a page beside its module") from error


def catalogue() -> dict[str, str]:
    """Code to name of all rules."""
    return {one.code: one.name for one in listed()}
