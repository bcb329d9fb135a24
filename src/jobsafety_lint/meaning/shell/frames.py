"""The lists of statements around the one at hand, and so what runs after it in the same shell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from jobsafety_lint.meaning.shell.leaving import ends, leaving
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import Source


@dataclass(slots=True)
class Frame:
    """A list of statements that is being read; `function` where it is a function's body, `loop` where it is a loop's. `at`
    is the element at hand.
    """

    block: sh.Block
    source: Source
    function: sh.Function | None = None
    loop: bool = False
    at: int = 0


@dataclass(slots=True)
class Frames:
    """The lists of one shell, outermost first, and the loops around, with their bodies."""

    lists: list[Frame] = field(default_factory=list)
    loops: list[tuple[sh.Statement, sh.Block]] = field(default_factory=list)

    @property
    def loop(self) -> tuple[sh.Statement, sh.Block] | None:
        """The innermost loop."""
        return self.loops[-1] if self.loops else None

    def loop_of(self, frame: Frame) -> sh.Statement | None:
        """The loop whose body a list is."""
        return next((loop for loop, body in reversed(self.loops) if body is frame.block), None)

    @property
    def in_function(self) -> bool:
        """Whether the statement at hand is part of a function's body."""
        return any(frame.function is not None for frame in self.lists)

    @contextmanager
    def of_subshell(self) -> Iterator[None]:
        """What is read inside runs in a shell of its own, which ends with it."""
        outer, self.lists = self.lists, []
        try:
            yield
        finally:
            self.lists = outer

    def following(self) -> Iterator[tuple[tuple[sh.Item, ...], Frame]]:
        """The statements that run after the one at hand in the same shell, innermost list first."""
        for frame in reversed(self.lists):
            yield frame.block.items[frame.at + 1 :], frame

    def until_left(self) -> Iterator[tuple[sh.Item, ...]]:
        """The statements that run after the one at hand, as far as the script is not left."""
        for items, _ in self.following():
            for at, item in enumerate(items):
                if ends(item.statement) == "script":
                    yield items[:at]
                    return
            yield items

    def is_last_in_function(self) -> bool:
        """Whether nothing of the function at hand follows the statement but a `return`."""
        for items, frame in self.following():
            if any(leaving(item.statement) != "return" for item in items):
                return False
            if frame.function is not None:
                return True
        return False
