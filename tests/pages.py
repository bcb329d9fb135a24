"""The fenced blocks of the rules' pages, as projects with expectations."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

RULES = Path(__file__).resolve().parents[1] / "rules"
SUFFIXES = {"python": ".py", "bash": ".sh", "sh": ".sh", "toml": ".toml", "yaml": ".yml"}
_FENCE = re.compile(r"^```(?P<language>\w+)(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"error: (JOB\d{3})")


@dataclass
class Block:
    """One fenced block: the file it becomes, and where which codes must be reported."""

    page: str
    line: int
    name: str
    text: str
    expected: set[tuple[str, int]] = field(default_factory=set)

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> list[Block]:
    """All blocks of all pages."""
    found = []
    for page in sorted(RULES.glob("*.md")):
        if page.name == "README.md":
            continue
        text = page.read_text(encoding="utf-8")
        for match in _FENCE.finditer(text):
            title = re.search(r'title="([^"]+)"', match["info"])
            name = title[1] if title else "example" + SUFFIXES[match["language"]]
            if match["language"] == "toml" and not title:
                name = "mise.toml"
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(page.name, line, name, match["text"], _expected(match["text"])))
    return found


def _expected(text: str) -> set[tuple[str, int]]:
    expected = set()
    for number, line in enumerate(text.splitlines(), 1):
        for code in _MARK.findall(line):
            alone = line.lstrip().startswith("# error:")
            expected.add((code, number + 1 if alone else number))
    return expected
