"""Every block of every rule's page says what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobsafety_lint import engine, testing
from jobsafety_lint.config import Resolver
from jobsafety_lint.registry import all_rules, page
from jobsafety_lint.rule import Rule
from jobsafety_lint.workspace import Workspace
from pages import RULES, Block, blocks


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_block(block: Block, tmp_path: Path) -> None:
    assert testing.problems(block, tmp_path) == []


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_page(rule: Rule) -> None:
    assert testing.page_problems(rule, RULES) == []


@pytest.mark.parametrize("block", [block for block in blocks() if len(block.files) > 1], ids=str)
def test_a_file_alone_shows_what_a_run_over_all_shows_in_it(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    for name, text in block.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    whole = _shown(".")
    for name in block.files:
        assert _shown(name) == [finding for finding in whole if finding[0] == name], name


def _shown(path: str) -> list[tuple[object, ...]]:
    tasks, _ = Workspace(Resolver.from_options([], isolated=True)).tasks([path])
    report = engine.run(tasks, engine.Options({"select": ["ALL"]}, jobs=1))
    return [(f.location.path, f.location.line, f.code, f.message) for f in report.findings]


FIXED = [block for block in blocks() if block.fixed]


def test_every_rule_with_a_fix_shows_it_and_says_why_it_is_unsafe() -> None:
    for rule in all_rules():
        text = page(rule)
        assert bool(rule.fix) == ("\n## Fix\n" in text), rule.name
        if not rule.fix:
            continue
        section = text.partition("\n## Fix\n")[2].partition("\n## ")[0]
        assert ("nsafe" in section) == ("unsafe" in rule.fix), rule.name
        assert rule.fix != "unsafe" or rule.unsafe_because, rule.name
        mine = [block for block in FIXED if block.stem == rule.name.replace("-", "_")]
        assert mine, f"{rule.name}: no `fixed` block"


def test_every_module_has_its_page_and_stem() -> None:
    stems = {path.stem for path in RULES.glob("*.py")}
    assert stems == {rule.name.replace("-", "_") for rule in all_rules()}
    assert stems == {path.stem for path in RULES.glob("*.md")} - {"README"}


def test_the_index_is_that_of_the_rules() -> None:
    from jobsafety_lint.docs import rule_index

    written = (RULES / "README.md").read_text(encoding="utf-8")
    assert written == rule_index(), "run `python -m jobsafety_lint.docs`"


def test_the_changelog_names_every_rule() -> None:
    text = (RULES.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [rule.code for rule in all_rules() if rule.code not in text] == []
