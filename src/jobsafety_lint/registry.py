"""Which rules there are: every module of our rules folder, of installed packages, and of the folders that are named."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import Path

from jobsafety_lint import own_rules, rules
from jobsafety_lint.config import ConfigError
from jobsafety_lint.own_rules import Loaded
from jobsafety_lint.rule import Rule

_folders: tuple[Path, ...] = ()


def use(folders: Sequence[Path]) -> None:
    """Says which folders hold own rules (`--rules-dir`), for this process; each process of a run is told so.

    Costs nothing where nothing changes. Raises nothing: the rules are read when they are asked for.
    """
    global _folders  # noqa: PLW0603  # a process has one set of rules
    absolute = tuple(dict.fromkeys(folder.absolute() for folder in folders))
    if absolute != _folders:
        _folders = absolute
        _all.cache_clear()
        all_rules.cache_clear()


@functools.cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, ours first, each by code.

    Raises:
        ConfigError: an own rule cannot be used, or has the code or name of another; the message names both files.
        RuntimeError: the same of our own folder.
    """
    return tuple(loaded.rule for loaded in _all().values())


@functools.cache
def _all() -> dict[str, Loaded]:
    own: list[Loaded] = [*own_rules.installed()]
    for folder in _folders:
        own += own_rules.load_folder(folder)
    found: dict[str, Loaded] = {loaded.rule.code: loaded for loaded in _built_in()}
    taken = {key: loaded for loaded in found.values() for key in (loaded.rule.code, loaded.rule.name)}
    for loaded in sorted(own, key=lambda one: one.rule.code):
        for key in (loaded.rule.code, loaded.rule.name):
            other = taken.get(key)
            if other is not None:
                raise ConfigError(
                    f"{loaded.path}: `{key}` is also the rule of {other.path}; give it another one"
                )
            taken[key] = loaded
        found[loaded.rule.code] = loaded
    return found


def own_files() -> tuple[Path, ...]:
    """The modules of the rules that are not ours: what is found depends on them too."""
    ours = {loaded.path for loaded in _built_in()}
    return tuple(loaded.path for loaded in _all().values() if loaded.path not in ours)


def built_in_rules() -> tuple[Rule, ...]:
    """The rules that come with the linter, by code."""
    return tuple(loaded.rule for loaded in _built_in())


@functools.cache
def _built_in() -> tuple[Loaded, ...]:
    """Our own rules, by code.

    Raises:
        RuntimeError: a module of the folder has no rule, or two rules share a code or a name.
    """
    found: dict[str, Loaded] = {}
    for module in pkgutil.iter_modules(rules.__path__):
        imported = importlib.import_module(f"{rules.__name__}.{module.name}")
        rule = getattr(imported, "RULE", None)
        if not isinstance(rule, Rule):
            raise RuntimeError(f"rules/{module.name}.py holds no RULE")
        for key in (rule.code, rule.name):
            if key in found:
                raise RuntimeError(f"two rules are called {key}")
            found[key] = Loaded(rule, Path(str(imported.__file__)))
    return tuple(
        sorted({one.rule.code: one for one in found.values()}.values(), key=lambda one: one.rule.code)
    )


def find(name: str) -> Rule | None:
    """The rule of this code or name."""
    return next((rule for rule in all_rules() if name in {rule.code, rule.name}), None)


def page(rule: Rule) -> str:
    """The text of a rule's page (Markdown).

    Raises:
        ConfigError: the page is missing; a test says that none of ours is.
    """
    path = _all()[rule.code].path.with_suffix(".md")
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}: every rule has a page beside its module") from error


def catalogue() -> dict[str, str]:
    """Code to name of all rules."""
    return {rule.code: rule.name for rule in all_rules()}
