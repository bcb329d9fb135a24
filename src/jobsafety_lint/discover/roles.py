"""What part of its project a file is: code, a test, documentation, …"""

from __future__ import annotations

import functools
import re
from pathlib import Path

_ROLES = (
    (
        re.compile(
            r"^(tests?|testing|test-?suites?|e2e|unit-?tests?|integration-?tests?|spec|specs|fixtures?|conftest\.py|test_.*\.py|.*_test\.(py|sh)|.*\.bats|t)$"
        ),
        "test",
    ),
    (re.compile(r"^(tmp|temp|scratch)$"), "temporary"),
    (re.compile(r"^(vendor|vendored|_vendor|third_party|thirdparty|site-packages)$"), "vendored"),
    (re.compile(r"^(docs?|documentation)$"), "docs"),
)


def role_of(path: Path, root: Path) -> str:
    """Whether a file is `code`, or a `test`, `temporary`, `vendored` or `docs` one, by its parts below the project's root."""
    text, base = path.as_posix(), root.as_posix().rstrip("/") + "/"
    folder, _, name = (text[len(base) :] if text.startswith(base) else text.rpartition("/")[2]).rpartition(
        "/"
    )
    return _role_of_folder(folder) or _role_of_part(name) or "code"


@functools.lru_cache(maxsize=4096)
def _role_of_folder(folder: str) -> str:
    return next((role for part in folder.split("/") if (role := _role_of_part(part))), "") if folder else ""


def _role_of_part(part: str) -> str:
    low = part.lower()
    return next((role for pattern, role in _ROLES if pattern.match(low)), "")
