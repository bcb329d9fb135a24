"""Selectors of rules: codes, names, families such as `JOB3`, and `ALL`."""

from __future__ import annotations

import re
from collections.abc import Mapping


def matches(selector: str, code: str, name: str) -> int:
    """How closely a selector names a rule: 0 not at all, 1 `ALL`, 2 a family, 3 its own code or name."""
    if selector in {code, name}:
        return 3
    if selector == "ALL":
        return 1
    return (
        2
        if code.startswith(selector) and _FAMILY.fullmatch(selector) and _letters(selector) == _letters(code)
        else 0
    )


_FAMILY = re.compile(r"[A-Z]{2,8}[0-9]{0,2}")


def _letters(code: str) -> str:
    return code.rstrip("0123456789")


NOT_NAMED = (0, 0)


def exactness(selector: str, code: str, name: str) -> tuple[int, int]:
    """How closely a selector names a rule, for comparing: as `matches`, and a longer family is closer."""
    closely = matches(selector, code, name)
    return closely, len(selector) if closely == 2 else 0


def is_known(selector: str, catalogue: Mapping[str, str]) -> bool:
    """Whether a selector names a rule, a family, or all."""
    return any(matches(selector, code, name) for code, name in catalogue.items())
