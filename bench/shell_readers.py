#!/usr/bin/env python3
"""What each shell reader reads of real scripts, what the self-checks reject, and where both pass and differ.

bench/shell_readers.py [--verbose] DIR...
"""

from __future__ import annotations

import argparse
import collections
import sys
import time
from pathlib import Path

from jobsafety_lint.readers.shell import bashlex_reader
from jobsafety_lint.readers.shell.reader import ShellTree, Unit, read_shell
from jobsafety_lint.readers.shell.sequences import NotTaken
from jobsafety_lint.readers.shell.words import WordError
from jobsafety_lint.source import Source


def unit_end(tree: ShellTree, unit: Unit) -> int:
    """The end of a statement with the bodies of its here-documents."""
    inside = (
        f for f in tree.scanner.heredocs.values() if unit.span.start <= f.delimiter_span.start < unit.span.end
    )
    return max([unit.span.end, *(f.resume for f in inside)])


def main() -> int:
    """Reads the options and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    count: collections.Counter[str] = collections.Counter()
    refused: collections.Counter[str] = collections.Counter()
    seconds = 0.0
    for path in sorted(p for folder in options.folders for p in folder.rglob("*") if p.is_file()):
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            count["not UTF-8"] += 1
            continue
        if path.suffix not in {".sh", ".bash"} and not text.partition("\n")[0].rstrip().endswith(
            ("sh", "bash")
        ):
            continue
        start = time.process_time()
        tree = read_shell(Source(str(path), text))
        seconds += time.process_time() - start
        count["scripts"] += 1
        count["characters"] += len(text)
        count["unread characters"] += sum(
            region.span.end - region.span.start for region in tree.script.unread
        )
        for unit in tree.units:
            count["statements"] += 1
            count[f"read by {unit.reader}"] += 1
            refused.update(unit.refusals)
            if unit.reader != "tree-sitter":
                continue
            try:
                other = bashlex_reader.read(tree.scanner, unit.span.start, unit_end(tree, unit))
            except (NotTaken, WordError, RecursionError) as refusal:
                refused[str(refusal) or "bashlex: recursion"] += 1
                continue
            count["both read"] += 1
            if [i.statement for i in other] == [i.statement for i in unit.items]:
                count["both agree"] += 1
            elif options.verbose:
                print(f"differ: {path}:{tree.source.line_of(unit.span.start)}")
    for name, number in sorted(count.items()):
        print(f"{number:10}  {name}")
    print(f"{count['characters'] / max(seconds, 1e-9) / 1e6:10.2f}  MB/s (reading, one process)")
    print("refused by self-checks:")
    for name, number in refused.most_common():
        print(f"{number:10}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
