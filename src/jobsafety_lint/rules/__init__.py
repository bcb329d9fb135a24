"""The rules: in a wheel they lie in this folder, in a checkout in `rules/` at its top."""

from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[3] / "rules"
IN_CHECKOUT = (_CHECKOUT / "unread_source.py").is_file()
"""Whether somebody may be at work on the rules."""
if IN_CHECKOUT:
    __path__.append(str(_CHECKOUT))
