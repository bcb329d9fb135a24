"""Every block of every rule's page says what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobsafety_lint.registry import all_rules, page
from jobsafety_lint.rule import Rule
from pages import RULES, Block, blocks, without_marks

SECTIONS = [
    "## What it does",
    "## Why is this bad?",
    "## Example",
    "## Use instead",
    "## When to ignore it",
    "## Known limits",
    "## References",
]


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_block(block: Block, findings: Callable[..., list[dict[str, Any]]]) -> None:
    code = _rule_of(block).code
    codes = sorted({code, *({"JOB101"} if code in {"JOB002", "JOB003"} else ())})
    settings = [name for name, text in block.files.items() if "[hosts." in text]
    configured = ["--config", settings[0]] if settings else []
    found = findings(block.files, "--select", ",".join(codes), "--no-cache", *configured)
    got = {(f["code"], f["path"], f["line"]) for f in found if f["code"] == code}
    assert got == block.expected


FIXED = [block for block in blocks() if block.fixed]


@pytest.mark.parametrize("block", FIXED, ids=str)
def test_fixed_block(block: Block, findings: Callable[..., list[dict[str, Any]]]) -> None:
    """A `fixed` block equals the fixer's output, is silent, and is stable under a second fix."""
    rule = _rule_of(block)
    codes = rule.code + (",JOB101" if rule.code == "JOB002" else "")
    given = {name: without_marks(text) for name, text in block.files.items()}
    options = ("--select", codes, "--no-cache")
    found = findings(given, *options)
    assert found and all(f["fix"] for f in found)
    safe = {f["fix"]["safe"] for f in found}
    assert safe <= {"safe": {True}, "unsafe": {False}}.get(rule.fix, {True, False})
    for _ in range(2):
        assert findings(given, *options, "--fix", "--unsafe-fixes") == []
        got = {name: Path(name).read_text(encoding="utf-8") for name in given}
        assert got == {**given, **block.fixed}
        given = got
    assert findings(given, *options) == []


def test_every_rule_with_a_fix_shows_it_and_says_why_it_is_unsafe() -> None:
    for rule in all_rules():
        text = page(rule)
        assert bool(rule.fix) == ("\n## Fix\n" in text), rule.name
        if not rule.fix:
            continue
        section = text.partition("\n## Fix\n")[2].partition("\n## ")[0]
        assert ("nsafe" in section) == ("unsafe" in rule.fix), rule.name
        assert rule.fix != "unsafe" or rule.unsafe_because, rule.name
        mine = [block for block in FIXED if _rule_of(block) is rule]
        assert mine, f"{rule.name}: no `fixed` block"


def _rule_of(block: Block) -> Rule:
    return next(rule for rule in all_rules() if rule.name.replace("-", "_") + ".md" == block.page)


def test_every_rule_has_examples_of_both_kinds() -> None:
    for rule in all_rules():
        mine = [b for b in blocks() if b.page == rule.name.replace("-", "_") + ".md"]
        assert any(b.expected for b in mine), f"{rule.name}: no block with a finding"
        assert any(not b.expected for b in mine), f"{rule.name}: no block without one"


def test_every_page_has_all_sections_in_order() -> None:
    for rule in all_rules():
        text = page(rule)
        assert text.startswith(f"# {rule.name} ({rule.code})\n")
        places = [text.index(f"\n{section}\n") for section in SECTIONS]
        assert places == sorted(places), rule.name


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
