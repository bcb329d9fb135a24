"""Applying fixes: text edits, all of a fix or none of it, written in one step."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Iterable

from jobsafety_lint import atomic
from jobsafety_lint.model import Edit, Finding, Fix, Span
from jobsafety_lint.readers.python.parsing import parse_module
from jobsafety_lint.source import Source, SourceFile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def wanted(findings: Iterable[Finding], *, unsafe: bool) -> list[Fix]:
    """The fixes that may be applied: the safe ones, or all."""
    return [finding.fix for finding in findings if finding.fix is not None and (finding.fix.safe or unsafe)]


def apply(source: Source, fixes: Iterable[Fix]) -> tuple[str, int]:
    """The text with as many fixes as do not meet, first come first served, and how many they are."""
    taken: list[tuple[Span, str]] = []
    count = 0
    for fix in fixes:
        edits = sorted({(_span(source, edit), edit.text) for edit in fix.edits})
        if any(_meet(mine, other) for mine, _ in edits for other, _ in taken):
            continue
        taken += edits
        count += 1
    text = source.text
    for span, new in sorted(taken, reverse=True):
        text = text[: span.start] + new + text[span.end :]
    return text, count


def _meet(one: Span, other: Span) -> bool:
    """Whether two edits have to do with each other: they overlap, or one inserts at the edge of the other."""
    if one.start == one.end or other.start == other.end:
        return one.start <= other.end and other.start <= one.end
    return one.overlaps(other)


def _span(source: Source, edit: Edit) -> Span:
    at = edit.location
    return Span(source.offset(at.line, at.column), source.offset(at.end_line, at.end_column))


def still_loads(name: str, kind: str, before: str, after: str) -> bool:
    """Whether a text can be parsed as the format that its file has, if it could before. `kind` is that of the file."""
    if kind == "python":
        return _parses_python(after) or not _parses_python(before)
    if name.endswith(".toml"):
        return _parses_toml(after) or not _parses_toml(before)
    if name.endswith((".yml", ".yaml")):
        return _parses_yaml(after) or not _parses_yaml(before)
    return True


def _parses_python(text: str) -> bool:
    try:
        parse_module(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _parses_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    return True


def _parses_yaml(text: str) -> bool:
    import yaml  # only where a file of this format is fixed

    try:
        for _ in yaml.compose_all(text, Loader=yaml.SafeLoader):  # tags are not looked at: GitLab has its own
            pass
    except (yaml.YAMLError, RecursionError, ValueError):
        return False
    return True


def encoded(source: SourceFile, text: str, original: bytes) -> bytes:
    """A new text of a file as bytes: in its encoding, every line that was there with the ending that it had.

    `original` is what the file holds. New lines end as the line above them does.
    """
    if b"\r\n" not in original:
        return text.encode(source.encoding)
    if original.count(b"\n") == original.count(b"\r\n"):
        return text.replace("\n", "\r\n").encode(source.encoding)
    endings = re.findall(r"\r?\n", original.decode(source.encoding))
    old, new = source.text.split("\n"), text.split("\n")
    out: list[str] = []
    for tag, i, i_end, j, j_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for at in range(j, j_end):
            number = i + at - j if tag == "equal" else min(i + at - j, max(i_end - 1, i - 1, 0))
            ending = endings[min(number, len(endings) - 1)]
            out.append(new[at] + (ending if at < len(new) - 1 else ""))
    return "".join(out).encode(source.encoding)


def write(file: SourceFile, data: bytes) -> None:
    """Writes a file's new content in one step. Its mode stays.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    atomic.write_bytes(file.location_on_disk, data)


def patch(path: str, before: bytes, after: bytes) -> bytes:
    """The change as a patch that `git apply` and `patch -p1` take; in the file's own encoding and line endings."""
    name_before, name_after = _name(f"a/{path}"), _name(f"b/{path}")
    lines = difflib.diff_bytes(
        difflib.unified_diff,
        _lines(before),
        _lines(after),
        b"",
        b"",
    )
    body = [line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines]
    if not body:
        return b""
    return b"".join([b"--- " + name_before + b"\n", b"+++ " + name_after + b"\n", *body[2:]])


def _lines(data: bytes) -> list[bytes]:
    return [line for line in re.split(rb"(?<=\n)", data) if line]


def _name(path: str) -> bytes:
    """A name as git writes it in a patch: in quotes where it holds strange characters, with a tab behind blanks."""
    data = os.fsencode(path)
    if re.search(rb'[\x00-\x1f\x7f"\\]', data):
        return b'"' + re.sub(rb'[\x00-\x1f\x7f"\\]', lambda m: b"\\%03o" % m[0][0], data) + b'"'
    return data + b"\t" if b" " in data else data
