"""Shell text to our tree: tree-sitter-bash cuts statements, bashlex reads those that it can, our scanner reads words.

A reader's tree is taken only if it passes its self-checks; what neither can read is an `Unread` region, as small as it
can be made. All offsets are code points of the source's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell import bashlex_reader
from jobsafety_lint.readers.shell import masking as masking_module
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.readers.shell.heredocs import Found, find_heredocs
from jobsafety_lint.readers.shell.sequences import NotTaken
from jobsafety_lint.readers.shell.statements import StatementIndex
from jobsafety_lint.readers.shell.treesitter_reader import Lowering, one_byte_each, parse
from jobsafety_lint.readers.shell.words import Scanner, WordError
from jobsafety_lint.source import Source

_TRAILING = re.compile(rb"(?:\\\n[ \t]*)+\Z")
"""A line that is continued at the end of a text: `$(a | b \\` and the bracket in the next line."""
_MOST_LINES = 60
"""How many lines a statement that a reader has refused may have for it to be read again from its first line."""
_MOST_TRIES = 1500
"""How often parts of one text are parsed again before the rest is given up."""


@dataclass(slots=True)
class Unit:
    """A top-level statement: who has read it, and which self-checks refused which reader's tree."""

    span: Span
    reader: str
    refusals: tuple[str, ...] = ()
    items: tuple[sh.Item, ...] = ()
    unread: str | None = None
    confirmed: bool = False

    @property
    def ends_program(self) -> bool:
        """Whether no shell reads on behind it."""
        for item in self.items:
            command = item.statement
            words = [word.literal for word in command.words] if isinstance(command, sh.Command) else []
            if words[:1] == ["exit"] or (words[:1] == ["exec"] and len(words) > 1):
                return True
        return False


@dataclass(eq=False)
class ShellTree:
    """What a shell text holds."""

    source: Source
    script: sh.Script
    units: list[Unit]
    scanner: Scanner = field(repr=False)
    _index: StatementIndex | None = field(default=None, repr=False)

    @property
    def _statements(self) -> StatementIndex:
        if self._index is None:
            self._index = StatementIndex.of(self.script.body)
        return self._index

    @property
    def end_of_program(self) -> int:
        """Where the program ends for sure (`exit`, `exec program` at its top): a shell reads statement by statement."""
        ending = next((unit for unit in self.units if unit.ends_program), None)
        return ending.span.end if ending is not None else len(self.source.text)

    def statement_span(self, offset: int) -> Span:
        """The smallest complete command that holds the offset; the line if there is none."""
        for span, function in self._statements.enclosing(offset):
            if function is None:
                return span
        return self.source.line_span(self.source.line_of(offset))

    def definitions(self, offset: int) -> tuple[str, ...]:
        """The names of the functions around an offset, outermost first."""
        around = [name for _, name in self._statements.enclosing(offset) if name is not None]
        return tuple(reversed(around))

    def confirm(self, spans: Iterable[Span]) -> bool:
        """Lets bashlex read the units that hold these spans; says whether a unit's tree was replaced by its own."""
        wanted = list(spans)
        changed = False
        for unit in self.units:
            if (
                unit.confirmed
                or unit.reader != "tree-sitter"
                or not any(unit.span.overlaps(s) for s in wanted)
            ):
                continue
            unit.confirmed = True
            try:
                items = tuple(bashlex_reader.read(self.scanner, unit.span.start, _unit_end(self, unit)))
            except (NotTaken, WordError, RecursionError) as refusal:
                unit.refusals = (*unit.refusals, str(refusal) or "bashlex: recursion")
                continue
            if items and unit.items and items[-1].terminator == "\n":
                last = items[-1]  # what ends the unit stands behind its span
                ended = sh.Item(last.span, last.statement, unit.items[-1].terminator)
                items = (*items[:-1], ended)
            if items != unit.items:
                unit.items, unit.reader, changed = items, "bashlex", True
        if changed:
            self.script.body = _body(self.units, self.script.span)
            self._index = None
        return changed


def _unit_end(tree: ShellTree, unit: Unit) -> int:
    """The end of a unit with the bodies of its here-documents."""
    ends = [
        f.resume
        for f in tree.scanner.heredocs.values()
        if unit.span.start <= f.delimiter_span.start < unit.span.end
    ]
    return max([unit.span.end, *ends])


def read_shell(source: Source) -> ShellTree:
    """Reads a shell text. Never raises for what stands in it."""
    reader = _Reader(source)
    units, comments = reader.units(0, len(source.text))
    span = Span(0, len(source.text))
    unread = tuple(sh.Unread(unit.span, unit.unread) for unit in units if unit.unread is not None)
    nested = tuple(reader.nested_unread)
    script = sh.Script(
        span, _body(units, span), tuple(comments), tuple(sorted(unread + nested, key=lambda u: u.span))
    )
    return ShellTree(source, script, units, reader.scanner)


def _body(units: list[Unit], span: Span) -> sh.Block:
    items = tuple(item for unit in units for item in unit.items)
    if not items:
        return sh.Block(Span(span.start, span.start), ())
    return sh.Block(Span(items[0].span.start, items[-1].span.end), items)


_MOST_REPAIRS = 40


class _Reader:
    """Reads one text and the bodies of its substitutions."""

    def __init__(self, source: Source) -> None:
        text = source.text
        self.text = text
        self.data = one_byte_each(text)
        self.heredocs: dict[int, Found] = find_heredocs(text, 0, len(text))
        self.scanner = Scanner(text, len(source.holes), self.heredocs, self.script)
        self.nested_unread: list[sh.Unread] = []
        self.tries = 0
        self.repairs = 0
        self.swallowed = -1

    def script(self, start: int, end: int) -> sh.Script:
        """The body of a substitution."""
        if "<<" in self.text[start:end]:
            for where, found in find_heredocs(self.text, start, end).items():
                self.heredocs.setdefault(where, found)
        units, comments = self.units(start, end)
        span = Span(start, end)
        self.nested_unread += [sh.Unread(unit.span, unit.unread) for unit in units if unit.unread is not None]
        return sh.Script(span, _body(units, span), tuple(comments))

    def units(self, start: int, end: int) -> tuple[list[Unit], list[sh.Comment]]:
        """The top-level statements of a stretch, and all of its comments."""
        units: list[Unit] = []
        comments: list[sh.Comment] = []
        at = self._skip_terminators(start, end, units)
        data, base = self.data, 0
        masking = False
        while at < end:
            stop = self._cut(at, end, data[at - base : end - base], units, comments, masking=masking)
            if stop < 0 and masking:  # tree-sitter has swallowed a newline: it gets a `;` for it
                at = -stop - 1
                data = data[: self.swallowed - base] + b";" + data[self.swallowed + 1 - base :]
                continue
            if stop < 0:  # a statement was refused: from here on tree-sitter sees words without their inside
                masking, at = True, -stop - 1
                mask = masking_module.blank_bodies(
                    self.scanner, masking_module.masked(self.scanner, at, end), at
                )
                data, base = one_byte_each(mask), at
                continue
            at = self._skip_terminators(stop, end, units)
        return units, comments

    def _skip_terminators(self, at: int, end: int, units: list[Unit]) -> int:
        """Past blanks and what ends the statement before."""
        while at < end and (self.text[at] in " \t\r\n;&" or self.text.startswith("\\\n", at)):
            if self.text[at] in ";&":
                _terminate(units, self.text[at])
            at += 2 if self.text[at] == "\\" else 1
        return at

    def _cut(
        self,
        start: int,
        end: int,
        data: bytes,
        units: list[Unit],
        comments: list[sh.Comment],
        *,
        masking: bool,
    ) -> int:
        """Reads on from `start` up to the first statement that has to be read again, and returns where to go on;
        where masking may help, `-1 - offset` of that statement.
        """
        if data.rstrip(b" \t").endswith(b"\\\n"):
            data = _TRAILING.sub(lambda found: b" " * len(found[0]), data)
        root = parse(data)
        lowering = Lowering(self.scanner, start, end)
        for node in root.children:
            span = lowering.span(node)
            body = None if masking else self._body_around(span.start, start)
            if body is not None:  # tree-sitter takes `EOF_2` for the end of `<<EOF`
                return -1 - body.resume
            if node.type == "comment":
                self._comment(span, comments)
                continue
            if not node.is_named:
                if node.type in {"&", ";"}:
                    _terminate(units, node.type)
                elif node.type.isalpha() and not masking:  # the keyword of a statement that has fallen apart
                    return -1 - self._first_word(span.start, start, units)
                continue
            try:
                statement = lowering.statement(node)
            except (NotTaken, WordError) as refusal:
                if not masking:
                    return -1 - self._first_word(span.start, start, units)
                if self._may_be_repaired(refusal, span):
                    return -1 - span.start
                return self._again(span, end, str(refusal), units)
            except RecursionError:
                units.append(Unit(span, "none", ("recursion",), unread="nested too deeply"))
                continue
            item = sh.Item(statement.span, statement, "\n")
            units.append(Unit(statement.span, "tree-sitter", items=(item,)))
            if node.child_count:
                self._comments_inside(node, start, comments)
        return end

    def _first_word(self, refused: int, start: int, units: list[Unit]) -> int:
        """Where the refused statement begins: tree-sitter may have taken its first words (`f` of `f() {`, `a |`) for a
        statement of their own, which is taken back.
        """
        while (
            units
            and start <= units[-1].span.start
            and self.text[units[-1].span.end : refused].strip(" \t") == ""
        ):
            refused = units.pop().span.start
        return refused

    def _may_be_repaired(self, refusal: Exception, span: Span) -> bool:
        """Whether the newline (or the blank before a comment) is known that tree-sitter has not seen as the end of a
        command: it happens behind redirections, and deep inside of compound commands, which cannot be cut shorter.
        """
        if not isinstance(refusal, NotTaken) or refusal.check != "swallowed newline":
            return False
        at = refusal.at
        self.repairs += 1
        if self.repairs > _MOST_REPAIRS or at <= self.swallowed or not span.start < at < span.end:
            return False
        rest = self.text[at : at + 200].lstrip(" \t")
        self.swallowed = at
        return self.text[at] in " \t\n" and rest[:1] in {"\n", "#"}

    def _body_around(self, offset: int, since: int = 0) -> Found | None:
        """The here-document in whose body an offset lies, of those that begin behind `since`: a substitution in a body is read
        like any other.
        """
        holding = (f for f in self.heredocs.values() if since <= f.body.start <= offset < f.body.end)
        return next(holding, None) if self.heredocs else None

    def _comment(self, span: Span, comments: list[sh.Comment]) -> None:
        if self._body_around(span.start) is None:
            comments.append(sh.Comment(span, self.text[span.start : span.end]))

    def _comments_inside(self, node: object, base: int, comments: list[sh.Comment]) -> None:
        start, end = node.start_byte + base, node.end_byte + base  # type: ignore[attr-defined]  # a tree-sitter node
        if self.text.find("#", start, end) < 0:
            return
        stack = [node]
        found: list[Span] = []
        while stack:
            inner = stack.pop()
            if inner.type == "comment":  # type: ignore[attr-defined]
                found.append(Span(inner.start_byte + base, inner.end_byte + base))  # type: ignore[attr-defined]
            elif inner.child_count:  # type: ignore[attr-defined]
                stack.extend(inner.children)  # type: ignore[attr-defined]
        for span in sorted(found):
            self._comment(span, comments)

    def _again(self, span: Span, end: int, refusal: str, units: list[Unit]) -> int:
        """A statement was refused: bashlex may read it as it was cut, or either reader a shorter one."""
        refusals = [refusal]
        if _is_over(units):  # `exec wish "$0"`: the rest is another language
            units.append(Unit(Span(span.start, end), "none", tuple(refusals), unread=refusal))
            return end
        try:
            items = tuple(bashlex_reader.read(self.scanner, span.start, min(self._with_heredocs(span), end)))
            if items:
                units.append(
                    Unit(Span(items[0].span.start, items[-1].span.end), "bashlex", tuple(refusals), items)
                )
                return max(span.end, items[-1].span.end)
        except (NotTaken, WordError, RecursionError) as other:
            refusals.append(str(other))
        at = span.start
        for stop in self._line_ends(at, end):
            if self.tries >= _MOST_TRIES:
                units.append(Unit(Span(at, end), "none", tuple(refusals), unread=refusals[0]))
                return end
            self.tries += 1
            items = self._try(at, stop)
            if items:
                last = Span(items[0].span.start, items[-1].span.end)
                units.append(Unit(last, "tree-sitter", tuple(refusals), items))
                return max(stop, last.end)
        line_end = self.text.find("\n", at, end)
        stop = end if line_end < 0 else line_end
        if units and units[-1].unread is not None and not self.text[units[-1].span.end : at].strip():
            units[-1].span = Span(units[-1].span.start, stop)
        else:
            units.append(Unit(Span(at, stop), "none", tuple(refusals), unread=refusals[0]))
        return stop + 1

    def _with_heredocs(self, span: Span) -> int:
        inside = [f.resume for f in self.heredocs.values() if span.start <= f.delimiter_span.start < span.end]
        return max([span.end, *inside])

    def _line_ends(self, start: int, end: int) -> Iterable[int]:
        at = start
        for _ in range(_MOST_LINES):
            newline = self.text.find("\n", at, end)
            if newline < 0:
                yield end
                return
            yield newline
            at = newline + 1

    def _try(self, start: int, stop: int) -> tuple[sh.Item, ...]:
        """The statements of a stretch if all of it can be read, else nothing."""
        stop = self._with_heredocs(Span(start, stop))
        root = parse(self.data[start:stop])
        if root.has_error:
            try:
                return tuple(bashlex_reader.read(self.scanner, start, stop))
            except (NotTaken, WordError, RecursionError):
                return ()
        lowering = Lowering(self.scanner, start, stop)
        try:
            block = lowering.block(root.children, start, stop)
        except (NotTaken, WordError, RecursionError):
            return ()
        return block.items


def _is_over(units: list[Unit]) -> bool:
    """Whether the program has ended, for certain: where a statement was refused, what looks like its end may be within it."""
    for unit in units:
        if unit.refusals:
            return False
        if unit.ends_program:
            return True
    return False


def _terminate(units: list[Unit], terminator: str) -> None:
    """The last statement ends with `;` or `&`."""
    if units and units[-1].items and units[-1].items[-1].terminator == "\n":
        last = units[-1].items[-1]
        units[-1].items = (*units[-1].items[:-1], sh.Item(last.span, last.statement, terminator))
