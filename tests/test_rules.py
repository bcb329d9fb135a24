"""Every block of every rule's page says what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobsafety_lint.registry import all_rules, page
from pages import RULES, Block, blocks

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
    code = next(rule.code for rule in all_rules() if rule.name.replace("-", "_") + ".md" == block.page)
    codes = sorted({code, *({"JOB101"} if code in {"JOB002", "JOB003"} else ())})
    settings = [name for name, text in block.files.items() if "[hosts." in text]
    configured = ["--config", settings[0]] if settings else []
    found = findings(block.files, "--select", ",".join(codes), "--no-cache", *configured)
    got = {(f["code"], f["path"], f["line"]) for f in found if f["code"] == code}
    assert got == block.expected


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
