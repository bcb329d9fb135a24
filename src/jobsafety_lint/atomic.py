"""Writing a file in one step: a reader, or a crash, sees the old text or the new one, never half of it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Writes a text (UTF-8) as `write_bytes` does.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Writes into a temporary file beside the target, flushes it to the disk, and renames it over the target.

    The mode of a file that was there stays; links are followed. What is no regular file (a pipe), or stands for one that is
    open (`/dev/stderr`), is written to.

    Raises:
        OSError: it cannot be written; the file is as it was.
    """
    if path.exists() and (not path.is_file() or path.is_relative_to("/dev")):
        with path.open("ab") as stream:
            stream.write(data)
        return
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
