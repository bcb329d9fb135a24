"""What is known of a rule before its module is imported: its code, its name, and the kinds of facts that it listens to.

Our own rules stand in `rules/index.json` (made by `python -m jobsafety_lint.docs`), so that a run imports only those whose
facts occur. The index is no list to edit: a checkout with a module that is newer than it does without.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jobsafety_lint.rule import Rule

INDEX = "index.json"


@dataclass(eq=False)
class Listed:
    """A rule that is imported when it is asked for. `path` is its module, `kinds` are names as `kind_name` gives them."""

    code: str
    name: str
    path: Path
    kinds: frozenset[str]
    module: str = ""

    @classmethod
    def of(cls, rule: Rule, path: Path) -> Listed:
        """A rule that is at hand."""
        listed = cls(rule.code, rule.name, path, frozenset(kind_name(kind) for kind, _ in rule.checks))
        listed.__dict__["rule"] = rule
        return listed

    @cached_property
    def rule(self) -> Rule:
        """The rule itself.

        Raises:
            RuntimeError: the module holds none.
        """
        rule = getattr(importlib.import_module(self.module), "RULE", None)
        if not isinstance(rule, Rule):
            raise RuntimeError(f"{self.path}: it holds no RULE")
        return rule


def kind_name(kind: type) -> str:
    """What a kind of facts is called in the index."""
    return f"{kind.__module__}.{kind.__qualname__}"


def written(rules: Iterable[Listed]) -> str:
    """The text of the index."""
    rows = (
        {"code": one.code, "name": one.name, "kinds": sorted(one.kinds)}
        for one in sorted(rules, key=lambda one: one.code)
    )
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


def read(package: str, folders: Sequence[Path], *, changing: bool) -> list[Listed] | None:
    """The rules of a package that lies in these folders, as its index tells; None where the index does not tell.

    `changing`: somebody may be at work on the modules, so that their times are looked at.
    """
    modules = {
        path.stem: path for folder in folders for path in folder.glob("*.py") if path.stem != "__init__"
    }
    found = next((folder / INDEX for folder in folders if (folder / INDEX).is_file()), None)
    if found is None:
        return None
    try:
        rows: list[dict[str, Any]] = json.loads(found.read_text(encoding="utf-8"))
        if changing and _newest(modules.values()) > found.stat().st_mtime_ns:
            return None
        listed = []
        for row in rows:
            stem = row["name"].replace("-", "_")
            listed.append(
                Listed(
                    row["code"], row["name"], modules.pop(stem), frozenset(row["kinds"]), f"{package}.{stem}"
                )
            )
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return None if modules else listed


def _newest(paths: Iterable[Path]) -> int:
    return max((path.stat().st_mtime_ns for path in paths), default=0)
