"""What is left out: by globs of the settings, and by .gitignore."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jobsafety_lint import mise_config, surroundings
from jobsafety_lint.config import Settings
from jobsafety_lint.config.ignore_globs import ignore_globs

DEFAULT_EXCLUDES = (
    ".git", ".hg", ".svn", ".bzr", ".venv", "venv", ".direnv", "node_modules", "site-packages", "build", "dist",
    "_build", "__pypackages__", "__pycache__", ".tox", ".nox", ".eggs", ".mypy_cache", ".ruff_cache", ".pytest_cache",
    ".ipynb_checkpoints", "vendor", "vendored", "_vendor", "third_party", "thirdparty", "generated",
)  # fmt: skip
_AUTOTOOLS = ("ltmain.sh", "config.guess", "config.sub", "install-sh", "depcomp", "test-driver")
DEFAULT_LINES = (*(f"{name}/" for name in DEFAULT_EXCLUDES), *_AUTOTOOLS)
"""As .gitignore has them: folders only (`mise-tasks/build` is a script), and the helpers that autotools copy into a project."""
_TASK_GROUP = re.compile(
    rf"(?:^|/)(?:{'|'.join(map(re.escape, mise_config.TASK_FOLDERS))})/(?:[^/]+/)*(?:build|dist|generated)(?:/|$)"
)
"""Folders that group tasks of mise are looked into by default, whatever they are called."""
_PLAIN_NAME = re.compile(r"[\w.-]*\w[\w.-]*/?")


class Globs:
    """Globs as .gitignore has them, relative to a folder. Names without wildcards, the most frequent kind, are a set."""

    def __init__(self, root: Path, lines: Sequence[str]) -> None:
        self.base = root.as_posix().rstrip("/") + "/"
        plain = all(_PLAIN_NAME.fullmatch(line) for line in lines)
        self.names = frozenset(line for line in lines if not line.endswith("/")) if plain else None
        self.folders = frozenset(line[:-1] for line in lines if plain and line.endswith("/"))
        self.spec = ignore_globs(lines) if self.names is None else None
        self.is_default = tuple(lines) == DEFAULT_LINES

    def say(self, relative: str, *, folder: bool) -> bool | None:
        """Whether they match a path below the folder; None if they say nothing of it."""
        if self.names is not None:
            parts = relative.split("/")
            if not self.names.isdisjoint(parts):
                return True
            if self.folders.isdisjoint(parts if folder else parts[:-1]):
                return None
            return None if self.is_default and _TASK_GROUP.search(relative) else True
        assert self.spec is not None
        return self.spec.check_file(relative + "/" if folder else relative).include


@dataclass(frozen=True)
class Exclusions:
    """The lists of globs that leave paths out, in the order in which they count."""

    settings: Settings
    lists: Sequence[Globs]

    def hold(self, path: str, *, folder: bool = False) -> bool:
        """Whether a path is left out."""
        left_out = False
        root = self.settings.root.as_posix().rstrip("/") + "/"
        for globs in self.lists:
            base = globs.base if path.startswith(globs.base) else root
            relative = path[len(base) :] if path.startswith(base) else path.rpartition("/")[2]
            said = globs.say(relative, folder=folder)
            left_out = left_out if said is None else said
        return left_out


_MOST_ENTRIES = 200_000


def unmatched(globs: Sequence[str], root: Path) -> list[str]:
    """The globs (as .gitignore has them) that match nothing below a folder.

    A glob counts as matching if it may match what is not always there: what git ignores, and the folders that are passed
    over by default. A tree that is too large to walk has no unmatched ones.
    """
    ignores = Ignores(root)
    open_ = {glob: ignore_globs([glob]) for glob in globs if not _may_come(glob, ignores, root)}
    stack, left = [root], _MOST_ENTRIES
    while stack and open_ and left > 0:
        folder = stack.pop()
        ignores.enter(folder.as_posix())
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            left -= 1
            is_folder = entry.is_dir(follow_symlinks=False)
            relative = Path(entry.path).relative_to(root).as_posix() + ("/" if is_folder else "")
            for glob in [glob for glob, spec in open_.items() if spec.match_file(relative)]:
                del open_[glob]
                surroundings.kind_of(Path(entry.path))  # as long as it is there, the glob matches
            if is_folder and entry.name not in DEFAULT_EXCLUDES:
                stack.append(Path(entry.path))
    if not open_:
        return []
    surroundings.note(surroundings.ANYTHING)  # a new file anywhere may match
    return list(open_) if left > 0 else []


def _may_come(glob: str, ignores: Ignores, root: Path) -> bool:
    parts = [part for part in glob.strip("/").split("/") if part]
    if (
        not parts
        or glob.startswith("!")
        or any(part in DEFAULT_EXCLUDES or part.endswith("~") for part in parts)
    ):
        return True
    sample = root.joinpath(*(re.sub(r"\*+|\?|\[[^\]]*\]", "x", part) for part in parts))
    return any(
        ignores.ignores(path, folder=folder)
        for path in (sample, *sample.parents)
        for folder in (False, True)
        if root in path.parents
    )


_Chain = tuple[Globs, ...]
"""The .gitignore files that count in a folder, the nearest first."""


class Ignores:
    """The .gitignore files of a work tree, those above the folder that is walked included."""

    def __init__(self, top: Path) -> None:
        root = next((f for f in (top, *top.parents) if (f / ".git").exists()), top)
        self.root = root.as_posix()
        self._chains: dict[str, _Chain] = {}
        for folder in (f for f in reversed(top.parents) if f == root or root in f.parents):
            self.enter(folder.as_posix())

    def enter(self, folder: str) -> _Chain:
        """The files that count in a folder; those above it have been entered before."""
        known = self._chains.get(folder)
        if known is None:
            above = self._chains.get(folder.rpartition("/")[0], ()) if folder != self.root else ()
            lines = _lines_of(f"{folder}/.gitignore")
            if folder == self.root:
                lines = [*_lines_of(f"{folder}/.git/info/exclude"), *lines]
            known = self._chains[folder] = (Globs(Path(folder), lines), *above) if lines else above
        return known

    def ignores(self, path: Path, *, folder: bool) -> bool:
        """Whether git ignores a path of the tree."""
        above = next((p for p in (f.as_posix() for f in path.parents) if p in self._chains), self.root)
        return is_ignored(self._chains.get(above, ()), path.as_posix(), folder=folder)


def is_ignored(chain: _Chain, path: str, *, folder: bool) -> bool:
    """The nearest .gitignore that says anything decides."""
    for globs in chain:
        said = globs.say(path[len(globs.base) :], folder=folder)
        if said is not None:
            return said
    return False


def _lines_of(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  # one a folder of a whole tree
            return file.read().splitlines()
    except OSError:
        return []
