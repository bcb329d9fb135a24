"""Where the complete commands and functions of a shell tree lie: asked for every finding, so it is made ready once."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell import tree as sh


@dataclass(slots=True)
class _Entry:
    span: Span
    parent: int
    function: str | None
    bodies: list[Span]
    """The bodies of its own here-documents, which may lie behind its end."""

    def holds(self, offset: int) -> bool:
        if self.span.start <= offset < max(self.span.end, self.span.start + 1):
            return True
        return any(body.start <= offset < body.end for body in self.bodies)


@dataclass(eq=False)
class StatementIndex:
    """The statements and functions of a tree, outer ones before those inside."""

    _entries: list[_Entry] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _bodies: list[tuple[Span, int]] = field(default_factory=list)

    @classmethod
    def of(cls, body: sh.Block) -> StatementIndex:
        """The index of a script's body."""
        index = cls()
        index._gather(body)
        order = sorted(range(len(index._entries)), key=lambda at: (index._entries[at].span.start, at))
        moved = {old: new for new, old in enumerate(order)}
        entries = [index._entries[old] for old in order]
        for entry in entries:
            entry.parent = moved.get(entry.parent, -1)
        index._entries = entries
        index._starts = [entry.span.start for entry in entries]
        index._bodies = [(body, moved[at]) for body, at in index._bodies]
        return index

    def _gather(self, root: sh.Node) -> None:
        stack: list[tuple[sh.Node, int]] = [(root, -1)]
        while stack:
            node, parent = stack.pop()
            if isinstance(node, sh.Item | sh.Function):
                name = node.name if isinstance(node, sh.Function) else None
                self._entries.append(_Entry(node.span, parent, name, []))
                parent = len(self._entries) - 1
            elif isinstance(node, sh.HereDocument):
                above = parent
                while above >= 0:
                    self._entries[above].bodies.append(node.body_span)
                    above = self._entries[above].parent
                if parent >= 0:
                    self._bodies.append((node.body_span, parent))
            if not (isinstance(node, sh.Word) and node.literal is not None):
                stack.extend([(child, parent) for child in node.below()])

    def _innermost(self, offset: int) -> int:
        found = self._climb(bisect.bisect_right(self._starts, offset) - 1, offset)
        if found < 0:
            for body, at in self._bodies:
                if body.start <= offset < body.end:
                    return at
        return found

    def _climb(self, at: int, offset: int) -> int:
        while at >= 0 and not self._entries[at].holds(offset):
            at = self._entries[at].parent
        return at

    def enclosing(self, offset: int) -> list[tuple[Span, str | None]]:
        """The statements (name None) and functions (with their name) around an offset, innermost first."""
        found = []
        at = self._innermost(offset)
        while at >= 0:
            entry = self._entries[at]
            found.append((entry.span, entry.function))
            at = entry.parent
        return found
