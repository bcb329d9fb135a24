"""The index of our rules: what it says, when it is not believed, and that it keeps a run from importing all rules."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jobsafety_lint import registry, rule_index

RULES = Path(__file__).resolve().parents[1] / "rules"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the rules whose index is newer than they are."""
    shutil.copytree(RULES, tmp_path / "rules", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "rules" / rule_index.INDEX).touch()
    return tmp_path / "rules"


def read(folder: Path, *, changing: bool = True) -> list[rule_index.Listed] | None:
    return rule_index.read("some.package", [folder], changing=changing)


def test_the_index_tells_what_the_modules_do(folder: Path) -> None:
    listed = read(folder)
    assert listed is not None
    imported = registry.imported()
    assert [(r.code, r.name, r.kinds) for r in listed] == [(r.code, r.name, r.kinds) for r in imported]
    assert [r.path.name for r in listed] == [r.path.name for r in imported]


def test_a_module_that_somebody_is_at_work_on_counts_more(folder: Path) -> None:
    newer = (folder / rule_index.INDEX).stat().st_mtime_ns + 1_000_000
    os.utime(folder / "check_then_delete.py", ns=(newer, newer))
    assert read(folder) is None
    assert read(folder, changing=False) is not None


def test_a_new_or_a_missing_module_counts_more(folder: Path) -> None:
    (folder / "check_then_delete.py").rename(folder / "my_rule.py")
    assert read(folder, changing=False) is None
    (folder / "my_rule.py").unlink()
    assert read(folder, changing=False) is None


@pytest.mark.parametrize("text", ["", "[", "{}", "[{}]", '[{"code": "JOB101"}]', "null"])
def test_a_damaged_index_is_as_good_as_none(folder: Path, text: str) -> None:
    (folder / rule_index.INDEX).write_text(text)
    assert read(folder, changing=False) is None


def test_a_run_imports_the_rules_whose_facts_occur(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index of the checkout may be older than a module by the order in which git has written them."""
    (tmp_path / "job.sh").write_text("pueue kill 42\n")
    code = (
        "import sys; from jobsafety_lint import rules; rules.IN_CHECKOUT = False\n"
        "from jobsafety_lint.cli import main\n"
        "try: main(['check', '--isolated', '--no-cache', '.'])\n"
        "except SystemExit as end: assert end.code == 1\n"
        "print(sum(name.startswith('jobsafety_lint.rules.') for name in sys.modules))\n"
        "print('jobsafety_lint.rules.hardcoded_task_id' in sys.modules, 'jobsafety_lint.rules.activity_without_timeout' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    count, which = done.stdout.splitlines()[-2:]
    assert 0 < int(count) < 70
    assert which == "True False"
