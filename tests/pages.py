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
    """One fenced block, or several with titles under one heading: the files they become, and where which codes (with file
    and line) must be reported. `fixed`: what all fixes must make of some of them, by the `fixed` blocks that follow.
    """

    page: str
    line: int
    files: dict[str, str] = field(default_factory=dict)
    expected: set[tuple[str, str, int]] = field(default_factory=set)
    fixed: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> list[Block]:
    """All blocks of all pages. Blocks with different titles that follow each other under one heading form a project."""
    found: list[Block] = []
    for page in sorted(RULES.glob("*.md")):
        if page.name == "README.md":
            continue
        text = page.read_text(encoding="utf-8")
        heading = None
        for match in _FENCE.finditer(text):
            above = text.rfind("\n## ", 0, match.start())
            title = re.search(r'title="([^"]+)"', match["info"])
            name = title[1] if title else "example" + SUFFIXES[match["language"]]
            if match["language"] == "toml" and not title:
                name = "mise.toml"
            if re.match(r" fixed\b", match["info"]):
                found[-1].fixed[name] = match["text"]
                continue
            if not title or heading != above or name in found[-1].files:
                found.append(Block(page.name, text.count("\n", 0, match.start()) + 1))
            heading = above if title else None
            found[-1].files[name] = match["text"]
            found[-1].expected |= {(code, name, line) for code, line in _expected(match["text"])}
    return found


def without_marks(text: str) -> str:
    """A text without the marks of what must be reported."""
    return re.sub(r"^[ \t]*# error: JOB\d{3}\n|[ \t]*(?:# )?error: JOB\d{3}", "", text, flags=re.MULTILINE)


def _expected(text: str) -> set[tuple[str, int]]:
    expected = set()
    for number, line in enumerate(text.splitlines(), 1):
        for code in _MARK.findall(line):
            alone = line.lstrip().startswith("# error:")
            expected.add((code, number + 1 if alone else number))
    return expected
