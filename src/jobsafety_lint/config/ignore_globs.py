"""Globs as .gitignore has them; pathspec is loaded when there are some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pathspec


def ignore_globs(lines: Sequence[str]) -> pathspec.GitIgnoreSpec:
    """What lines of a .gitignore match (https://git-scm.com/docs/gitignore)."""
    import pathspec

    return pathspec.GitIgnoreSpec.from_lines(lines)
