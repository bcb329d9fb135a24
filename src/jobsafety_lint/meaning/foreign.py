"""Texts that have the name of code and are something else."""

from __future__ import annotations

import re

_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", re.MULTILINE)
_HEADER = re.compile(r"^--- \S.*\n\+\+\+ \S", re.MULTILINE)


def is_patch(text: str) -> bool:
    """Whether a text is a unified diff (`patch-setup.py`, as ports of packages have them)."""
    return _HEADER.search(text) is not None and _HUNK.search(text) is not None
