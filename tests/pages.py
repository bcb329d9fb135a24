"""The fenced blocks of our own rules' pages; `jobsafety_lint.testing` reads them."""

from __future__ import annotations

from pathlib import Path

from jobsafety_lint import testing
from jobsafety_lint.testing import SECTIONS, Block

__all__ = ["RULES", "SECTIONS", "Block", "blocks"]
RULES = Path(__file__).resolve().parents[1] / "rules"


def blocks() -> list[Block]:
    """All blocks of all pages."""
    return testing.blocks(RULES)
