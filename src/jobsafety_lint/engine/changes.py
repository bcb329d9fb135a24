"""Which lines were changed since a revision: asked of git, nothing is checked out and nothing in the repository is written.

What is compared is the *merge base* of the revision and HEAD with the files as they are now. So what only the other
branch has changed does not count, and what is staged, not yet committed or not yet added does. For a revision that HEAD
descends from, the merge base is the revision itself.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

from jobsafety_lint import discover
from jobsafety_lint.config import UsageError
from jobsafety_lint.engine.tasks import Task
from jobsafety_lint.model import Finding, Location

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(rb"\\(?:([0-7]{3})|(.))", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_DIFF = ("diff", "--no-color", "--no-ext-diff", "--no-textconv", "-U0", "--src-prefix=a/", "--dst-prefix=b/")


@dataclass
class Lines:
    """The changed lines of one file (from 1): stretches (first, last), and the lines after which some were deleted."""

    stretches: list[tuple[int, int]] = field(default_factory=list)
    deletions: list[int] = field(default_factory=list)

    def touch(self, first: int, last: int) -> bool:
        """Whether a stretch of lines holds a changed one, or one was deleted between two of its lines."""
        return any(a <= last and first <= b for a, b in self.stretches) or any(
            first <= after < last for after in self.deletions
        )


@dataclass
class ChangedLines:
    """The changed lines of the files of a run, by the paths as they are shown. None: all lines are new."""

    by_path: dict[str, Lines | None] = field(default_factory=dict)

    def hold(self, finding: Finding) -> bool:
        """Whether a finding stands in a changed place: its own lines, the smallest statement around it, or a place
        that it speaks of.
        """
        at = finding.location
        first, last = finding.anchors[0] if finding.anchors else (at.line, at.end_line)
        own = Location(at.path, min(first, at.line), 1, max(last, at.end_line), 1)
        return any(self._holds(place) for place in (own, *(r.location for r in finding.related)))

    def _holds(self, at: Location) -> bool:
        lines = self.by_path.get(at.path, Lines())
        return lines is None or lines.touch(at.line, at.end_line)


def changed_lines(tasks: Sequence[Task], revision: str) -> ChangedLines:
    """What was changed in the files of the tasks, and in the other files of their repositories, since a revision.

    Raises:
        UsageError: there is no git, no repository, no such revision, or no common ancestor.
    """
    if not revision or revision.startswith("-"):
        raise UsageError(f"--diff-base: `{revision}` is no revision; name a branch, a tag or a commit")
    here = _top(Path.cwd())
    repositories: dict[Path, _Repository] = {}
    if here is not None:
        repositories[here] = _Repository(here, _merge_base(here, revision))
    tops: dict[Path, Path | None] = {}
    found = ChangedLines()
    for task in sorted(tasks, key=lambda t: not t.given):
        real = Path(os.path.realpath(task.item.path))
        folder = real.parent
        if folder not in tops:
            tops[folder] = _top(folder)
        top = tops[folder]
        if top is None:
            if task.given:
                raise _no_repository(folder)
            continue
        if top not in repositories:
            if not task.given:
                continue
            inside = here is not None and here in top.parents
            base = repositories[here].submodule(top) if here and inside else _merge_base(top, revision)
            repositories[top] = _Repository(top, base)
        found.by_path[task.item.shown] = repositories[top].lines(real, task.data)
    if not repositories:
        raise _no_repository(Path.cwd())
    for repository in repositories.values():
        for path, lines in repository.changed.items():
            found.by_path.setdefault(discover.shown_path(path), lines)
    return found


def _top(folder: Path) -> Path | None:
    """The work tree that holds a folder; the nearest, so that a submodule is a repository of its own."""
    real = Path(os.path.realpath(folder))
    return next((candidate for candidate in (real, *real.parents) if (candidate / ".git").exists()), None)


def _no_repository(folder: Path) -> UsageError:
    return UsageError(
        f"--diff-base: {folder} is in no git repository; check it without this option, or use `--baseline`"
    )


def _merge_base(top: Path, revision: str) -> str:
    """The commit that the files of a work tree are compared with."""
    given = _git(top, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", may_fail=True)
    if given is None:
        raise UsageError(
            f"--diff-base {revision}: git does not know this revision in {top}; "
            "fetch it first, or name another branch, tag or commit"
        )
    base = _git(top, "merge-base", given.decode().strip(), "HEAD", may_fail=True)
    if base is None:
        raise UsageError(
            f"--diff-base {revision}: it has no common ancestor with HEAD in {top}; "
            "a shallow clone needs more of its history (`git fetch --unshallow`)"
        )
    return base.decode().split()[0]


class _Repository:
    """What one work tree has changed since a commit; without one, everything."""

    def __init__(self, top: Path, base: str | None) -> None:
        self.top = top
        self.base = base
        diff = (
            _git(top, *_DIFF, "--find-renames", "--ignore-submodules", base, "--")
            if base is not None
            else b""
        )
        parsed = _parsed(diff)
        self.changed = {top / name: lines for name, (_, lines) in parsed.items()}
        self.former = {top / name: old for name, (old, _) in parsed.items()}
        self.tracked = {os.fsdecode(name) for name in _git(top, "ls-files", "-z").split(b"\0") if name}

    def submodule(self, top: Path) -> str | None:
        """The commit that a submodule stood at then; None if there was none (then all of it is new)."""
        if self.base is None:
            return None
        name = top.relative_to(self.top).as_posix()
        entry = _git(self.top, "ls-tree", "-z", self.base, "--", name).split()
        return entry[2].decode() if entry[:2] == [b"160000", b"commit"] else None

    def lines(self, path: Path, data: bytes | None) -> Lines | None:
        """The changed lines of a file; `data` is its text where that is not on disk."""
        if self.base is None:
            return None
        name = path.relative_to(self.top).as_posix()
        if data is not None:
            return self._lines_of_text(path, name, data)
        if path in self.changed:
            return self.changed[path]
        return Lines() if name in self.tracked else None

    def _lines_of_text(self, path: Path, name: str, data: bytes) -> Lines | None:
        old = self.former.get(path, name)
        before = _git(self.top, "cat-file", "blob", f"{self.base}:{old}", may_fail=True)
        if before is None:
            return None
        with tempfile.TemporaryDirectory() as folder:
            one, two = Path(folder) / "before", Path(folder) / "after"
            one.write_bytes(before)
            two.write_bytes(data)
            # `--no-index` exits with 1 where there is a difference
            diff = _git(Path(folder), *_DIFF, "--no-index", "--", one.name, two.name, statuses=(0, 1))
        return next((lines for _, lines in _parsed(diff).values()), Lines())


@overload
def _git(folder: Path, *arguments: str, statuses: Iterable[int] = ...) -> bytes: ...
@overload
def _git(folder: Path, *arguments: str, may_fail: bool) -> bytes | None: ...
def _git(
    folder: Path, *arguments: str, may_fail: bool = False, statuses: Iterable[int] = (0,)
) -> bytes | None:
    """What git prints. None if it fails and may."""
    command = ["git", "--no-optional-locks", "-c", "core.quotePath=true", *arguments]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except FileNotFoundError:
        raise UsageError("--diff-base: the program `git` is not there; install it") from None
    if done.returncode in statuses:
        return done.stdout
    if may_fail:
        return None
    said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit status {done.returncode}"]
    raise UsageError(f"--diff-base: `git {arguments[0]}` failed in {folder}: {said[-1]}")


def _parsed(diff: bytes) -> dict[str, tuple[str, Lines | None]]:
    """The new name of every changed file -> its old name and its changed lines (None: it is new)."""
    found: dict[str, tuple[str, Lines | None]] = {}
    old, lines = "", None
    rows = iter(diff.split(b"\n"))
    for row in rows:
        if row.startswith(b"--- "):
            old = _name(row[4:])
        elif row.startswith(b"+++ "):
            name = _name(row[4:])
            lines = Lines() if old else None
            if name:
                found[name] = (old, lines)
        elif match := _HUNK.match(row):
            removed, start, added = (1 if g is None else int(g) for g in match.groups())
            if lines is not None and added:
                lines.stretches.append((start, start + added - 1))
            if lines is not None and not added:
                lines.deletions.append(start)
            left = removed + added
            while left > 0:
                left -= not next(rows, b"").startswith(b"\\")  # `\\ No newline at end of file` is no line
    return found


def _name(text: bytes) -> str:
    """A file's name as a patch has it: with a prefix, quoted where it holds strange characters; "" for `/dev/null`."""
    text = text.removesuffix(b"\t")
    if text.startswith(b'"'):
        text = _ESCAPE.sub(lambda m: bytes([int(m[1], 8)]) if m[1] else _ESCAPES.get(m[2], m[2]), text[1:-1])
    return "" if text == b"/dev/null" else os.fsdecode(text[2:])
