"""The baseline: a file of the findings that were there before, so that only new ones are reported.

It is JSON with one entry a line, sorted, so that a diff shows what came and went and branches merge. Entries are matched
by fingerprint; `path` (relative to the baseline's folder) and `message` say to people what an entry is about.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jobsafety_lint import atomic
from jobsafety_lint.config import UsageError
from jobsafety_lint.model import Accepted, Finding

DEFAULT_NAME = ".jobsafety-baseline.json"
VERSION = 1
_KEYS = ("fingerprint", "code", "path", "message")


def load(file: Path, option: str) -> tuple[Accepted, ...]:
    """The entries of a baseline. `option` is how it was named on the command line, for the errors.

    Raises:
        UsageError: it cannot be read, is no baseline, or is one of a newer version.
    """
    name = "" if file == Path(DEFAULT_NAME) else f" --output {file}"
    again = f"write it anew with `jobsafety-lint baseline{name}`"
    if option != "--baseline":
        again = "remove it or name another file"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"{option} {file}: there is no such file; {again}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not utf-8"
        raise UsageError(f"{option} {file}: cannot be read: {reason}; {again}") from None
    try:
        data = json.loads(text)
    except ValueError as error:
        conflict = "; it holds conflict marks of git" if "<<<<<<<" in text else ""
        raise UsageError(f"{option} {file}: not valid JSON: {error}{conflict}; {again}") from None
    if not isinstance(data, dict) or "version" not in data:
        raise UsageError(f"{option} {file}: no baseline: the key `version` is missing; {again}")
    if data["version"] != VERSION:
        raise UsageError(
            f"{option} {file}: version {data['version']!r} is not known to this release (it knows {VERSION}); "
            f"update jobsafety-lint, or {again}"
        )
    entries = data.get("findings")
    if not isinstance(entries, list):
        raise UsageError(f"{option} {file}: the key `findings` holds no list; {again}")
    folder = Path(os.path.abspath(file)).parent
    return tuple(
        _entry(entry, folder, f"{option} {file}: entry {number}", again)
        for number, entry in enumerate(entries, 1)
    )


def _entry(entry: Any, folder: Path, which: str, again: str) -> Accepted:
    if isinstance(entry, dict):
        fingerprint, code, path, message = (entry.get(key, "") for key in _KEYS)
        if fingerprint and code and all(isinstance(v, str) for v in (fingerprint, code, path, message)):
            return Accepted(_absolute(path, folder), code, fingerprint, message)
    raise UsageError(f"{which} has no text in `fingerprint` and `code`; {again}")


def _absolute(path: str, folder: Path) -> str:
    return Path(os.path.normpath(folder / path)).as_posix() if path else ""


def of_findings(findings: Iterable[Finding]) -> tuple[Accepted, ...]:
    """One entry for every finding."""
    return tuple(
        Accepted(Path(os.path.abspath(f.location.path)).as_posix(), f.code, f.fingerprint, f.message)
        for f in findings
    )


def save(file: Path, entries: Sequence[Accepted]) -> None:
    """Writes a baseline, in one step.

    Raises:
        UsageError: it cannot be written.
    """
    folder = Path(os.path.abspath(file)).parent
    shown = sorted((Path(os.path.relpath(e.path, folder)).as_posix() if e.path else "", e) for e in entries)
    lines = ",".join(
        "\n    "
        + json.dumps(
            dict(zip(_KEYS, (e.fingerprint, e.code, path, e.message), strict=True)), ensure_ascii=False
        )
        for path, e in shown
    )
    text = f'{{\n  "version": {VERSION},\n  "tool": "jobsafety-lint",\n  "findings": [{lines}{chr(10) + "  " if lines else ""}]\n}}\n'
    try:
        atomic.write_bytes(file, text.encode())
    except OSError as error:
        raise UsageError(f"--output {file}: cannot be written: {error.strerror}") from None
