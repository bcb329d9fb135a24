"""Plain values of which very many are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

__all__ = ["plain_value"]

if TYPE_CHECKING:
    from dataclasses import dataclass as plain_value
else:

    def plain_value(*, frozen: bool, **options: bool) -> Any:
        """A frozen dataclass that mypy alone keeps everybody from changing: where `dataclass` does so at run time, it sets each
        field by a call of its own, which takes three times as long.
        """
        assert frozen
        return dataclass(**options, unsafe_hash=options.get("eq", True))
