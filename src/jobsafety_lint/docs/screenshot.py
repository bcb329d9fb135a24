"""The picture in the README: `python -m jobsafety_lint.docs.screenshot` runs the linter on the example and draws what it prints.

A test compares the text in the picture with what the linter prints today.
"""

from __future__ import annotations

import fcntl
import html
import io
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from jobsafety_lint import atomic

COMMAND = "jobsafety-lint check --select JOB201 examples/pipeline"
"""What the picture shows."""
PICTURE = "docs/images/check.svg"
"""Where it is, in a checkout."""
COLUMNS = 102
"""How wide the terminal in the picture is."""

_CHARACTER, _LINE = 12.2, 24.4
"""The size of a character in rich's pictures, in their own units."""
_FONT_FACE = re.compile(r"@font-face \{[^}]*\}\s*")
_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"


def printed(root: Path, *, color: bool) -> str:
    """What the command prints in a checkout, on a terminal of that width.

    Raises:
        RuntimeError: it did not end with findings.
    """
    program, *words = COMMAND.split()
    command = [
        sys.executable,
        "-m",
        program.replace("-", "_"),
        *words,
        "--color",
        "always" if color else "never",
    ]
    status, text = on_terminal(command, root, COLUMNS)
    if status != 1:
        raise RuntimeError(f"{COMMAND}: exit status {status}, not 1:\n{text}")
    return text


def on_terminal(command: Sequence[str], folder: Path, columns: int) -> tuple[int, str]:
    """The exit status of a command, and what it prints on a terminal that has so many columns."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    env = {
        key: value for key, value in os.environ.items() if key not in {"COLUMNS", "LINES", "GITHUB_ACTIONS"}
    }
    with subprocess.Popen(
        command, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL
    ) as process:
        os.close(theirs)
        parts = []
        while part := _some(ours):
            parts.append(part)
    os.close(ours)
    return process.returncode, b"".join(parts).decode().replace("\r\n", "\n")


def _some(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that nobody holds the other end any more
        return b""


def picture(text: str) -> str:
    """A terminal with the text (with its ANSI colours), as an SVG that loads nothing."""
    from rich.console import Console
    from rich.text import Text

    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text(f"$ {COMMAND}", style="bold"))
    console.print(Text.from_ansi(text.rstrip("\n")), soft_wrap=False)
    drawn = console.export_svg(title="jobsafety-lint", unique_id="check")
    drawn = _FONT_FACE.sub("", drawn).replace("Fira Code, monospace", _FONTS)
    label = html.escape(f"A terminal with the output of: {COMMAND}", quote=True)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def text_in(drawn: str) -> str:
    """The lines of a picture that `picture` has drawn, without the command and the title of the window."""
    rows: dict[int, dict[int, str]] = {}
    for element in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text"):  # noqa: S314  # our own
        if element.get("clip-path"):  # a piece of the terminal: blanks are left out, so its place counts
            row = round(float(element.get("y", "0")) / _LINE)
            column = round(float(element.get("x", "0")) / _CHARACTER)
            rows.setdefault(row, {})[column] = (element.text or "").replace("\xa0", " ")
    lines = []
    for row in range(min(rows) + 1, max(rows) + 1):
        line = ""
        for column, part in sorted(rows.get(row, {}).items()):
            line = line.ljust(column) + part
        lines.append(line.rstrip())
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draws the picture of the checkout that this module lies in."""
    root = Path(__file__).resolve().parents[3]
    (root / PICTURE).parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(root / PICTURE, picture(printed(root, color=True)))


if __name__ == "__main__":
    main()
