"""Globs as .gitignore has them; pathspec is loaded when there are some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jobsafety_lint.quiet import without_warnings

if TYPE_CHECKING:
    import pathspec


def ignore_globs(lines: Sequence[str]) -> pathspec.GitIgnoreSpec:
    """What lines of a .gitignore match (https://git-scm.com/docs/gitignore)."""
    import pathspec

    with without_warnings():  # of expressions that pathspec makes from odd globs: `[[:alpha:]]`
        return pathspec.GitIgnoreSpec.from_lines(lines)
