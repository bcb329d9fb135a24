"""What a piece of code shows by itself, found out once: a function is read where it is called, with the same code in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from jobsafety_lint.readers.shell import tree as sh

Found = TypeVar("Found")


class Once(Generic[Found]):
    """The answers of a function of a node (and of its source), whatever the state is."""

    def __init__(self, find: Callable[..., Found]) -> None:
        self._find = find
        self._known: dict[
            int, tuple[sh.Node, Found]
        ] = {}  # with the node, whose identity must not pass to another one

    def of(self, node: sh.Node, *source: object) -> Found:
        """The answer for a node."""
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = (node, self._find(node, *source))
        return known[1]
