"""`source` and `.`: which file is meant, and its tree.

Only files of the project are looked at: those below the folder that holds `.git`, else below the working directory.
A path is followed where it is literal or made from the script's own folder (`$(dirname "$0")`, `${BASH_SOURCE%/*}`,
`$SCRIPT_DIR`), also with a literal rest behind it.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from jobsafety_lint import surroundings
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.shell.state import Value
from jobsafety_lint.readers.shell.reader import ShellTree, read_shell
from jobsafety_lint.source import Hole, Source, SourceFile
from jobsafety_lint.surroundings import Look

MAX_SIZE = 500_000
"""A longer file is no library of functions."""

OWN_SCRIPT = re.compile(r"\$0|\$\{0\}|\$\{?BASH_SOURCE(\[[0@]\]|\[-1\])?\}?|\$\{\(%\):-%x\}|\$\{\(%\):-%N\}")
"""How a shell names the script at hand, or the file that it is just reading."""
_FOLDER = re.compile(r"\$\{(?:0|BASH_SOURCE(?:\[[0@]\]|\[-1\])?)(?:%/\*|:A:h|:h)\}")
_NAME = re.compile(r"\$(?:\{(\w+)(?::?-[^}]*)?\}|(\w+))")


def script_path(source: Source) -> Path | None:
    """Where the file that holds a text lies on disk; None if it came from standard input."""
    file = source.file
    if not isinstance(file, SourceFile) or not file.location_on_disk.name:
        return None
    return file.location_on_disk.absolute()


def resolve(
    pattern: PathPattern, here: Path, main: Path, cwd: PathPattern | None, variables: Mapping[str, Value]
) -> Iterator[Path]:
    """The files that a word of `source` may name, likeliest first, there or not; all below the project's root.

    `here` is the file that says `source`, `main` the script that runs, `cwd` the directory that a `cd` has set.
    """
    root = project_root(main)
    reader = _Reader(here, main, variables)
    path = reader.path(pattern)
    if path is None:
        return
    candidates: list[Path] = []
    if path.is_absolute():
        candidates.append(path)
    else:
        moved = reader.path(cwd) if cwd is not None else None
        folders = [moved] if moved is not None and moved.is_absolute() else []
        folder = main.parent
        folders += [folder, *(p for p in folder.parents if p == root or root in p.parents)]
        candidates += [f / path for f in folders]
    for candidate in candidates:
        clean = Path(os.path.normpath(candidate))
        if root in clean.parents:
            yield clean


@functools.lru_cache(maxsize=512)
def _root_of(folder: Path) -> Path:
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return parent
    here = Path.cwd()
    return here if here == folder or here in folder.parents else folder


def project_root(script: Path) -> Path:
    """The folder below which sourced files are looked at."""
    return _root_of(script.parent)


def tree_of(path: Path) -> ShellTree | None:
    """The tree of a file that is sourced; None if it is not there or cannot be read."""
    surroundings.note(Look("text", path.as_posix()))
    unsaved = surroundings.unsaved(path)
    if unsaved is not None:
        return read_shell(_source(path, unsaved.replace("\r\n", "\n")))
    try:
        status = path.stat()
    except OSError:
        return None
    if status.st_size > MAX_SIZE or not path.is_file():
        return None
    return _read(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=64)
def _read(path: Path, _modified: int, _size: int) -> ShellTree | None:
    try:
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return None
    return read_shell(_source(path, text))


def _source(path: Path, text: str) -> SourceFile:
    return SourceFile(str(path), text, "shell", location_on_disk=path)


class _Reader:
    """Evaluates the text of a path as far as it depends on nothing but where the script lies."""

    def __init__(self, here: Path, main: Path, variables: Mapping[str, Value]) -> None:
        self.here, self.main, self.variables = here, main, variables
        self.depth = 0

    def path(self, pattern: PathPattern) -> Path | None:
        """The path that a pattern stands for; None if a part of it is not known."""
        out = ""
        for part in pattern.parts:
            if isinstance(part, str):
                out += part
                continue
            value = self._hole(part)
            if value is None:
                return None
            out += str(value)
        return Path(out) if out and "~" not in out[:1] and "\n" not in out else None

    def _hole(self, hole: Hole) -> Path | None:
        if "git rev-parse --show-toplevel" in hole.text:
            return project_root(self.main)
        return self.text(hole.text)

    def text(self, text: str) -> Path | None:
        """The path that a piece of shell code prints or stands for."""
        if self.depth > 12:
            return None
        self.depth += 1
        try:
            return self._text(text.strip())
        finally:
            self.depth -= 1

    def _text(self, text: str) -> Path | None:
        out = ""
        at = 0
        while at < len(text):
            if text[at] in "\"'":
                at += 1
                continue
            if text[at] not in "$`":
                out += text[at]
                at += 1
                continue
            end = _end_of(text, at)
            value = self._expansion(text[at:end])
            if value is None:
                return None
            out += str(value)
            at = end
        return Path(out) if out else None

    def _expansion(self, text: str) -> Path | None:
        if _FOLDER.fullmatch(text):
            return self._script(text).parent
        if OWN_SCRIPT.fullmatch(text):
            return self._script(text)
        if text.startswith(("$(", "`")) and not text.startswith("$(("):
            return self._command(text[2:-1] if text[0] == "$" else text[1:-1])
        match = _NAME.fullmatch(text)
        value = self.variables.get(match[1] or match[2]) if match else None
        if value is None or any(hole.text == text for hole in value.pattern.holes):
            return None
        return self.path(value.pattern)

    def _script(self, text: str) -> Path:
        return self.main if re.match(r"\$\{?0", text) else self.here

    def _command(self, text: str) -> Path | None:
        """`dirname X`, `cd X && pwd`, `readlink -f X`, `realpath X`."""
        text = re.sub(r"\s*&?\d?>\s*(?:/dev/null|&\d)", "", text.strip())
        text = re.sub(r"^(?:unset CDPATH|CDPATH=\S*)\s*(?:&&|;)?\s*", "", text)
        moved = re.fullmatch(
            r"(?:builtin\s+|command\s+)?cd\s+(?:-P\s+)?(?:--\s+)?(\S.*?)\s*(?:&&|;)\s*(?:builtin\s+)?pwd(?:\s+-P)?\s*;?",
            text,
        )
        if moved:
            return self.text(moved[1])
        called = re.fullmatch(
            r"(dirname|readlink|greadlink|realpath|grealpath)\s+((?:-\w+\s+)*)(?:--\s+)?(.+)", text
        )
        if called is None:
            return None
        inner = self.text(called[3])
        return inner.parent if inner is not None and called[1] == "dirname" else inner


def _end_of(text: str, at: int) -> int:
    """Where the expansion that starts at an offset ends."""
    if text[at] == "`":
        end = text.find("`", at + 1)
        return len(text) if end < 0 else end + 1
    opener = text[at + 1 : at + 2]
    if opener in {"(", "{"}:
        closer = ")" if opener == "(" else "}"
        depth = 0
        for index in range(at + 1, len(text)):
            depth += (text[index] == opener) - (text[index] == closer)
            if not depth:
                return index + 1
        return len(text)
    match = re.match(r"\w+", text[at + 1 :])
    return at + 1 + (len(match[0]) if match else 1)
