"""Testing rules by their pages: every fenced block of a page is a test. Our own rules are tested by it, and so are yours.

    from jobsafety_lint import testing

    @pytest.mark.parametrize("block", testing.blocks("lint-rules"), ids=str)
    def test_block(block: testing.Block, tmp_path: Path) -> None:
        assert testing.problems(block, tmp_path) == []

`jobsafety-lint test-rules DIR` does the same without pytest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jobsafety_lint import engine, fixing, registry, rules
from jobsafety_lint.config import Resolver
from jobsafety_lint.rule import Rule
from jobsafety_lint.workspace import Workspace

SECTIONS = (
    "## What it does",
    "## Why is this bad?",
    "## Example",
    "## Use instead",
    "## When to ignore it",
    "## Known limits",
    "## References",
)
"""The sections of a page, in their order."""
SUFFIXES = {"python": ".py", "bash": ".sh", "sh": ".sh", "toml": ".toml", "yaml": ".yml"}
"""The languages that blocks without a title may have, with the suffix of the file that they become."""
_FENCE = re.compile(r"^```(?P<language>\w+)(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"error: ([A-Z]{2,8}\d{3})")

_MARKED = re.compile(r"^[ \t]*# error: [A-Z]{2,8}\d{3}\n|[ \t]*(?:# )?error: [A-Z]{2,8}\d{3}", re.MULTILINE)


@dataclass
class Block:
    """One fenced block, or several with titles under one heading: the files they become, and where which codes (with file
    and line) must be reported. `line` is where it stands in the page. `fixed` holds the texts that fixing must give.
    """

    page: Path
    line: int
    files: dict[str, str] = field(default_factory=dict)
    expected: set[tuple[str, str, int]] = field(default_factory=set)
    fixed: dict[str, str] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """The name that the page and its rule's module share."""
        return self.page.stem

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(folder: str | Path) -> list[Block]:
    """All blocks of all pages of a folder.

    Blocks with different titles that follow each other under one heading form a project. A block that says `fixed` is
    what fixing must make of the block before it.

    Raises:
        ValueError: a block is in a language that no file name is known for.
    """
    pages = sorted(path for path in Path(folder).glob("*.md") if path.name != "README.md")
    return [block for page in pages for block in blocks_of(page)]


def blocks_of(page: Path) -> list[Block]:
    """The blocks of one page; see `blocks`."""
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    heading: int | None = None
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        above = text.rfind("\n## ", 0, match.start())
        name, titled = _name_of(match, page, line)
        if "fixed" in match["info"].split() and found:
            found[-1].fixed[name if titled else next(iter(found[-1].files))] = match["text"]
            continue
        if not titled or heading != above or name in found[-1].files:
            found.append(Block(page, line))
        heading = above if titled else None
        found[-1].files[name] = match["text"]
        found[-1].expected |= {(code, name, line) for code, line in _expected(match["text"])}
    return found


def _name_of(match: re.Match[str], page: Path, line: int) -> tuple[str, bool]:
    title = re.search(r'title="([^"]+)"', match["info"])
    if title:
        return title[1], True
    if match["language"] == "toml":
        return "mise.toml", False
    if match["language"] not in SUFFIXES:
        raise ValueError(
            f'{page}:{line}: which file is a block of `{match["language"]}`? Write ```{match["language"]} title="NAME"'
        )
    return "example" + SUFFIXES[match["language"]], False


def _expected(text: str) -> set[tuple[str, int]]:
    expected = set()
    for number, line in enumerate(text.splitlines(), 1):
        for code in _MARK.findall(line):
            alone = line.lstrip().startswith("# error:")
            expected.add((code, number + 1 if alone else number))
    return expected


def problems(block: Block, folder: Path, *, rules_dirs: Sequence[str | Path] = ()) -> list[str]:
    """What is wrong with a block: findings that are missing or too many, or a fix that gives something else.

    The block's files are written into `folder`, which must be empty, and checked there with the rule of the page alone
    (and the rules that the block itself names). Without `rules_dirs` the page's own folder is one unless it is ours.
    """
    folders = [Path(path).absolute() for path in rules_dirs] or _own(block.page.parent.absolute())
    registry.use(folders)
    rule = registry.find(block.stem.replace("_", "-"))
    if rule is None:
        return [
            f"there is no rule `{block.stem.replace('_', '-')}` beside the page: {block.page.with_suffix('.py')}"
        ]
    with _inside(folder):
        for name, text in block.files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(text, encoding="utf-8")
        return [*_wrong_findings(block, rule, folders), *_wrong_fixes(block, rule, folders)]


def _own(folder: Path) -> list[Path]:
    ours = {Path(path).resolve() for path in rules.__path__}
    return [] if folder.resolve() in ours else [folder]


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _run(
    block: Block, rule: Rule, folders: Sequence[Path]
) -> tuple[list[engine.Task], engine.Options, engine.Report]:
    settings = [name for name, text in block.files.items() if "[hosts." in text]
    resolver = Resolver.from_options(settings[:1], isolated=True)
    named = {code for code, _, _ in block.expected}
    comments = {found.code for found in registry.all_rules() if found.code in named or found is rule}
    if rule.code in {"JOB002", "JOB003"}:  # what they say is about comments that speak to others
        comments.add("JOB101")
    options = engine.Options({"select": sorted(comments)}, jobs=1, rules_dirs=tuple(folders))
    tasks, _ = Workspace(resolver).tasks(["."])
    return tasks, options, engine.run(tasks, options)


def _wrong_findings(block: Block, rule: Rule, folders: Sequence[Path]) -> Iterator[str]:
    _, _, report = _run(block, rule, folders)
    for crash in report.crashes:
        yield f"{crash.code} crashed: {crash.traceback.strip().splitlines()[-1]}"
    wanted = {code for code, _, _ in block.expected} | {rule.code}
    got = {(f.code, f.location.path, f.location.line) for f in report.findings if f.code in wanted}
    for code, path, line in sorted(block.expected - got):
        yield f"{path}:{line}: {code} is expected here and was not reported"
    for code, path, line in sorted(got - block.expected):
        yield f"{path}:{line}: {code} was reported and is not expected here"


def _wrong_fixes(block: Block, rule: Rule, folders: Sequence[Path]) -> Iterator[str]:
    """What is wrong with the fixes: another text than shown, something left, a second fix that changes more."""
    if not block.fixed:
        return
    for name, text in block.files.items():
        Path(name).write_text(without_marks(text), encoding="utf-8")
    tasks, options, report = _run(block, rule, folders)
    mine = [f for f in report.findings if f.code == rule.code]
    if not mine or any(f.fix is None for f in mine):
        yield "the block shows fixes, but there is a finding without one, or none at all"
    safe = {f.fix.safe for f in mine if f.fix is not None}
    if not safe <= {"safe": {True}, "unsafe": {False}}.get(rule.fix, {True, False}):
        yield f"the fixes are not `{rule.fix}`, as the rule says"
    done = fixing.until_stable(
        tasks, report, lambda some: engine.run(some, options), unsafe=True, write=False
    )
    for name, wanted in block.fixed.items():
        got = done.after.get(name, without_marks(block.files[name]))
        if got != wanted:
            yield f"{name}: fixing gives another text than the `fixed` block:\n{got}"
    left = [f for f in done.report.findings if f.location.path in block.fixed]
    yield from (f"{f.location.path}:{f.location.line}: {f.code} is still reported after fixing" for f in left)


def without_marks(text: str) -> str:
    """A text without the marks of what must be reported."""
    return _MARKED.sub("", text)


def page_problems(rule: Rule, folder: str | Path) -> list[str]:
    """What is wrong with the page of a rule as a whole: its heading, its sections, examples of both kinds."""
    page = Path(folder) / (rule.name.replace("-", "_") + ".md")
    if not page.is_file():
        return [f"{page}: every rule has a page beside its module"]
    text = page.read_text(encoding="utf-8")
    found = []
    if not text.startswith(f"# {rule.name} ({rule.code})\n"):
        found.append(f"{page}:1: the page begins with `# {rule.name} ({rule.code})`")
    places = [text.find(f"\n{section}\n") for section in SECTIONS]
    found += [f"{page}: there is no section `{s}`" for s, at in zip(SECTIONS, places, strict=True) if at < 0]
    if -1 not in places and places != sorted(places):
        found.append(f"{page}: the sections stand in this order: {', '.join(SECTIONS)}")
    mine = blocks_of(page)
    if not any(block.expected for block in mine):
        found.append(f"{page}: no block shows a finding (`# error: {rule.code}`)")
    if all(block.expected for block in mine):
        found.append(f"{page}: no block shows code that is left alone")
    return found
