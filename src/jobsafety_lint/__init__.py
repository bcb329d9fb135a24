"""A linter for job scripts and pipeline code: what goes wrong when two jobs run at once."""

from __future__ import annotations

__version__ = "0.1.0"
