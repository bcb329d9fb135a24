"""What no reader could read, block by block: a `while …` that never ends leaves many pieces and is one thing to repair."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import Source

_INSIDE = re.compile(r"(?:done|fi|esac|else|elif|then|do)\b|;;|\}|\)|[^\s()]*\)\s*(?:#.*)?$")
"""How a line begins that belongs to the block above it, however far in it stands (the last one: a pattern of `case`)."""


def broken_blocks(source: Source, regions: Sequence[sh.Unread]) -> list[list[sh.Unread]]:
    """The regions of a text in order, those of one block together: nothing that stands as far out as the line
    of the block's first region comes between them, except the words that go on with a block or end it.
    """
    blocks: list[list[sh.Unread]] = []
    for region in regions:
        if blocks and _is_inside(source, blocks[-1][0], blocks[-1][-1], region):
            blocks[-1].append(region)
        else:
            blocks.append([region])
    return blocks


def _is_inside(source: Source, first: sh.Unread, last: sh.Unread, region: sh.Unread) -> bool:
    lines = source.text.split("\n")
    margin = _indent(lines[source.line_of(first.span.start) - 1])
    between = lines[source.line_of(last.span.end) : source.line_of(region.span.start)]
    return all(
        _indent(line) > margin or not line.strip() or _INSIDE.match(line.lstrip()) is not None
        for line in between
    )


def _indent(line: str) -> int:
    """Columns before the first character, a tab up to the next multiple of eight."""
    columns = line.expandtabs(8)
    return len(columns) - len(columns.lstrip(" "))
