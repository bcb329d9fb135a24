"""The text of a file, or why it is not read."""

from __future__ import annotations

import tokenize
from dataclasses import dataclass
from pathlib import Path

from jobsafety_lint.source import SourceFile


@dataclass(frozen=True)
class Skipped:
    """A file that is not read, and why."""

    reason: str


def read(path: Path, shown: str, max_size: int) -> SourceFile | Skipped:
    """The text of a file, or why it is not read. Newlines become `\\n`; `SourceFile.newline` tells what they were."""
    try:
        if path.stat().st_size > max_size:
            return Skipped(f"not read: larger than {max_size} bytes (`max-file-size` raises the limit)")
        data = path.read_bytes()
    except OSError as error:
        return Skipped(f"not read: {error.strerror}")
    return decode(data, path, shown)


def decode(data: bytes, path: Path, shown: str) -> SourceFile | Skipped:
    """The text of some bytes, or why it is none."""
    if not data.strip():
        return Skipped("")
    if b"\0" in data[:8192]:
        return Skipped("not read: a binary file")
    try:
        encoding = _encoding_of(data, path)
    except SyntaxError as error:
        unknown = "unknown encoding" in str(error)
        reason = "its coding comment names an unknown encoding" if unknown else "it is not valid utf-8"
        return Skipped(f"not read: {reason}")
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return Skipped(f"not read: it is not valid {encoding}")
    newline = "\r\n" if "\r\n" in text else "\n"
    if newline == "\r\n":
        text = text.replace("\r\n", "\n")
    return SourceFile(shown, text, location_on_disk=path, newline=newline, encoding=encoding)


def encoded(text: str, path: Path) -> bytes:
    """The text as it would be saved: in the encoding that a coding comment of Python names, else in utf-8."""
    data = text.encode("utf-8", "replace")
    try:
        encoding = _encoding_of(data, path)
    except SyntaxError:
        return data
    return data if encoding.startswith("utf-8") else text.encode(encoding, "replace")


def _encoding_of(data: bytes, path: Path) -> str:
    """The encoding of a file's bytes.

    Raises:
        SyntaxError: the coding comment names an unknown encoding, or the first lines are not in theirs.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if path.suffix != ".py" or not any(b"coding" in line for line in data.split(b"\n", 2)[:2]):
        return "utf-8"
    return tokenize.detect_encoding(iter(data.splitlines(keepends=True)).__next__)[0]
