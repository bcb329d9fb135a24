"""From a keystroke to its diagnostics: drives `jobsafety-lint server` over stdio, as an editor to which they are pushed.

`python bench/server_latency.py [--keys 60] --project DIR --document FILE` types into a real file of a real project (nothing
is written). Without these a document of `--lines` (1000) is made from the examples of the rules' pages, which is as bad as
code can be, beside `--files` (200) other files made in the same way.

Every key is one change; the next one is typed when its diagnostics have come. The pause in which the server waits for
the next key is part of what is measured. Absolute numbers say nothing across machines.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RULES = Path(__file__).resolve().parents[1] / "rules"
_FENCE = {
    "python": re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL),
    "shell": re.compile(r"^```(?:bash|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL),
}
_SUFFIX = {"python": ".py", "shell": ".sh"}


class Editor:
    """Speaks with the server, one message at a time."""

    def __init__(self, folder: Path) -> None:
        self.server = subprocess.Popen(
            [sys.executable, "-m", "jobsafety_lint", "server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
        )

    def send(self, method: str, params: Any, number: int | None = None) -> None:
        """Sends a notification, or a request with its number."""
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if number is not None:
            message["id"] = number
        body = json.dumps(message).encode()
        assert self.server.stdin is not None
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.server.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The next message."""
        assert self.server.stdout is not None
        length = 0
        while (line := self.server.stdout.readline().strip()) or not length:
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        message: dict[str, Any] = json.loads(self.server.stdout.read(length))
        return message

    def answer(self, number: int) -> dict[str, Any]:
        """Waits for the answer to a request."""
        while (message := self.receive()).get("id") != number:
            pass
        return message

    def diagnostics(self, version: int) -> int:
        """Waits for the diagnostics of a version, and counts them."""
        while True:
            params = self.receive().get("params", {})
            if params.get("version") == version and "diagnostics" in params:
                return len(params["diagnostics"])


def document(language: str, lines: int) -> str:
    """A text of about so many lines, made from examples."""
    parts: list[str] = []
    count = 0
    pages = sorted(RULES.glob("*.md"))
    while count < lines:
        for page in pages:
            for block in _FENCE[language].findall(page.read_text(encoding="utf-8")):
                if count < lines:
                    parts.append(block)
                    count += block.count("\n")
    return "\n".join(parts)


def distinct(text: str, number: int) -> str:
    """The text with names of its own for its functions and classes: files of one project are no copies of each other."""
    names = set(re.findall(r"\b(?:def|class) (\w+)", text)) | set(
        re.findall(r"^(\w+)\(\)", text, re.MULTILINE)
    )
    names -= {name for name in names if name.startswith("__")}
    for name in names:
        text = re.sub(rf"\b{name}\b", f"{name}_{number}", text)
    return text


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--language", choices=sorted(_FENCE), default="python")
    parser.add_argument("--project", type=Path, help="a real folder")
    parser.add_argument("--document", type=Path, help="a file of it")
    given = parser.parse_args()
    if given.project:
        text = given.document.read_text(encoding="utf-8")
        measure(given.project.resolve(), given.document.resolve(), text, given.keys)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for number in range(given.files):
            language = ("python", "shell")[number % 2]
            text = distinct(document(language, 60 + number % 90), number)
            (folder / f"file{number}{_SUFFIX[language]}").write_text(text, encoding="utf-8")
        path = folder / f"measured{_SUFFIX[given.language]}"
        measure(folder, path, document(given.language, given.lines), given.keys)


def measure(folder: Path, path: Path, text: str, keys: int) -> None:
    """Types into a document of a folder."""
    editor = Editor(folder)
    editor.send("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}}, 1)
    editor.answer(1)
    editor.send("initialized", {})
    uri = path.as_uri()
    lines = text.count("\n")
    started = time.perf_counter()
    editor.send(
        "textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "", "version": 1, "text": text}}
    )
    shown = editor.diagnostics(1)
    opened = time.perf_counter() - started
    times = []
    middle = next(n for n, line in enumerate(text.split("\n")) if n > lines // 2 and not line)
    at = {"line": middle, "character": 0}
    for key in range(keys):
        change = {"range": {"start": at, "end": at}, "text": "#" if key == 0 else "x"}
        started = time.perf_counter()
        editor.send(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": key + 2}, "contentChanges": [change]},
        )
        editor.diagnostics(key + 2)
        times.append(1000 * (time.perf_counter() - started))
        at = {"line": middle, "character": key + 1}
    editor.send("shutdown", None, 2)
    editor.answer(2)
    editor.send("exit", None)
    editor.server.wait()
    times.sort()
    p95 = times[int(0.95 * (len(times) - 1))]
    print(f"{path.name}, {lines} lines, {shown} diagnostics; opened in {opened:.2f} s")
    print(
        f"keystroke to diagnostics: median {statistics.median(times):.0f} ms, p95 {p95:.0f} ms, {len(times)} keys"
    )


if __name__ == "__main__":
    main()
