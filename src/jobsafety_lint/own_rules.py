"""Rules that do not come with the linter: folders of pairs that the command line names, and installed packages.

A folder holds pairs as our own `rules/` does: `my_rule.py` with a `RULE` and `my_rule.md` with its page. Modules whose name
begins with an underscore are helpers (`from . import _names`). A package offers such a folder by the entry point group
`jobsafety_lint.rules`. Nothing that a configuration file in the linted tree names is ever run.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.machinery
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from jobsafety_lint.config import ConfigError, UsageError
from jobsafety_lint.installed import metadata_folders
from jobsafety_lint.rule import Rule

GROUP = "jobsafety_lint.rules"
"""The group of entry points."""
CODE = re.compile(r"(?!JOB|ALL)[A-Z]{2,8}[0-9]{3}")
"""What codes of own rules look like; `JOB` is ours, and `ALL` is all rules."""
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
"""What names of rules look like: at least two words, so that no name can be taken for a code."""


@dataclass(frozen=True)
class Loaded:
    """A rule with the file of its module."""

    rule: Rule
    path: Path


def load_folder(folder: Path) -> list[Loaded]:
    """The rules of a folder, in the order of their file names.

    Raises:
        UsageError: it is no folder.
        ConfigError: a module cannot be imported or holds no rule, or a rule's code or name is not allowed.
    """
    folder = folder.absolute()
    if not folder.is_dir():
        raise UsageError(f"--rules-dir {folder}: no such folder")
    package = _package_of(folder)
    stems = sorted(path.stem for path in folder.glob("*.py") if not path.name.startswith("_"))
    return [_load(package, stem, folder / f"{stem}.py") for stem in stems]


def _package_of(folder: Path) -> str:
    """The package that stands for a folder (made on the first call), so that its modules may import each other."""
    name = f"jobsafety_lint_own_rules_{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        package = importlib.util.module_from_spec(spec)
        sys.modules[name] = package
    return name


def _load(package: str, stem: str, path: Path) -> Loaded:
    try:
        module = importlib.import_module(f"{package}.{stem}")
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{_place(error, path)}: this rule cannot be imported: {_said(error)}") from error
    rule = getattr(module, "RULE", None)
    if not isinstance(rule, Rule):
        raise ConfigError(
            f"{path}: it holds no `RULE = Rule(…)`; helper modules have a name that begins with `_`"
        )
    _check(rule, stem, path)
    return Loaded(rule, path)


def _check(rule: Rule, stem: str, path: Path) -> None:
    if not CODE.fullmatch(rule.code):
        ours = (
            "; codes that begin with JOB are those of jobsafety-lint" if rule.code.startswith("JOB") else ""
        )
        raise ConfigError(
            f"{path}: the code `{rule.code}` must be two to eight capital letters and three digits, such as `ACME001`{ours}"
        )
    if not NAME.fullmatch(rule.name):
        raise ConfigError(
            f"{path}: the name `{rule.name}` must be at least two small words with hyphens between them"
        )
    if rule.name.replace("-", "_") != stem:
        wanted = rule.name.replace("-", "_")
        raise ConfigError(
            f"{path}: the rule is called `{rule.name}`, so its module must be called `{wanted}.py`"
        )


def _place(error: BaseException, path: Path) -> str:
    """File and line of an error in a rule's module, or in a helper beside it."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno or 1}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent == path.parent
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(path)


def _said(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _may_be_offered() -> bool:
    """Whether an installed package may offer rules (see https://packaging.python.org/specifications/entry-points/). What
    cannot be looked into, an archive, may.
    """
    for folder, names in metadata_folders():
        for name in names:
            if not name:
                return True
            with contextlib.suppress(OSError):
                if GROUP.encode() in Path(folder, name, "entry_points.txt").read_bytes():
                    return True
    return False


def installed() -> Iterator[Loaded]:
    """The rules of installed packages.

    Raises:
        ConfigError: as `load_folder`; the message names the entry point.
    """
    if not _may_be_offered():
        return
    from importlib.metadata import entry_points  # it takes as long as reading a script

    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            package = entry.load()
        except Exception as error:
            raise ConfigError(
                f"entry point `{entry.name}` of {GROUP} ({entry.value}): it cannot be imported: {_said(error)}; "
                "reinstall or remove its package"
            ) from error
        if not isinstance(package, ModuleType) or not hasattr(package, "__path__"):
            raise ConfigError(
                f"entry point `{entry.name}` of {GROUP} ({entry.value}): it must name a package that holds rules"
            )
        for folder in map(Path, package.__path__):
            for path in sorted(folder.glob("*.py")):
                if not path.name.startswith("_"):
                    yield _load(package.__name__, path.stem, path)
