"""No two findings of a default run stand on one span, but for the pairs that the precedence table allows.

The texts are those of the rules' pages, of the hosts' table, of the fixtures and, where they lie beside the checkout, of the
acceptance cases: all rules run over each at once.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from jobsafety_lint import engine
from jobsafety_lint.config import Resolver
from jobsafety_lint.engine import keeping
from jobsafety_lint.model import Finding
from jobsafety_lint.registry import all_rules
from jobsafety_lint.workspace import Workspace
from pages import blocks
from test_host_table import TABLE as HOSTS

REPOSITORY = Path(__file__).resolve().parents[1]
CASES = next(
    (
        found
        for above in [*REPOSITORY.parents][:2]
        if (found := above / "shared" / "acceptance" / "cases").is_dir()
    ),
    REPOSITORY / "no cases",
)

SILENT_WHERE = {
    "JOB104": {"JOB101", "JOB205"},
    "JOB102": {"JOB103"},
    "JOB111": {"JOB103"},
    "JOB106": {"JOB105"},
    "JOB107": {"JOB105"},
    "JOB201": {"JOB110", "JOB902"},
    "JOB203": {"JOB201"},
    "JOB206": {"JOB201"},
    "JOB202": {"JOB707"},
    "JOB204": {"JOB202"},
    "JOB305": {"JOB306"},
    "JOB311": {"JOB302"},
    "JOB325": {"JOB302"},
    "JOB322": {"JOB704"},
    "JOB327": {"JOB306"},
    "JOB405": {"JOB110"},
    "JOB503": {"JOB504"},
    "JOB608": {"JOB603"},
    "JOB701": {"JOB704", "JOB705"},
}
"""The precedence table of the catalogue: which rule is silent where which other speaks."""
BEYOND = {
    "JOB603": {"JOB313"},  # `pueue add` with words that fall apart: where it runs is nothing yet to speak of
    "JOB104": {"JOB109"},  # the file of a lock is not to be deleted at all
    "JOB107": {"JOB106"},  # a replacement that is none is not made durable by a sync
    "JOB203": {"JOB110"},  # one constant name for all: not only the category is missing
    "JOB902": {"JOB901"},  # a random id leaves out every argument
}
"""What the rules leave to each other besides."""


def texts() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Named projects: file -> text."""
    for block in blocks():
        yield f"page {block}", block.files
    for row in HOSTS:
        yield f"host {row.name}", {row.path: row.text}
    for path in sorted((REPOSITORY / "tests" / "fixtures" / "parse").glob("*.sh")):
        yield f"fixture {path.name}", {path.name: path.read_text(encoding="utf-8")}


def cases() -> Iterator[tuple[str, Mapping[str, str], str]]:
    for line in (CASES / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        folder = CASES / case["id"]
        files = {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="surrogateescape")
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        yield case["id"], files, case.get("config", "")


def checked(files: Mapping[str, str], folder: Path, config: str = "") -> list[Finding]:
    """What a default run finds."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    configs = [name for name, text in files.items() if name.endswith(".toml") and "[hosts." in text]
    if config:
        (folder / "its.toml").write_text(config, encoding="utf-8")
        configs = ["its.toml"]
    before = Path.cwd()
    os.chdir(folder)
    try:
        tasks, _ = Workspace(Resolver.from_options(configs[:1], isolated=True)).tasks(["."])
        report = engine.run(tasks, engine.Options(jobs=1))
    finally:
        os.chdir(before)
    assert not report.crashes
    return list(report.findings)


def shared_spans(found: list[Finding]) -> list[str]:
    """The pairs of findings of two rules on one span."""
    wrong = []
    for first, second in itertools.combinations(found, 2):
        if first.location == second.location and first.code != second.code:
            where = f"{first.location.path}:{first.location.line}:{first.location.column}"
            wrong.append(f"{where}: {first.code} and {second.code}")
    return wrong


@pytest.fixture
def all_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would settle it afterwards is left out: the rules themselves choose their places so that it is not needed."""
    monkeypatch.setattr(keeping, "_one_a_span", lambda findings: findings)


@pytest.mark.usefixtures("all_speak")
@pytest.mark.parametrize(("name", "files"), [pytest.param(*text, id=text[0]) for text in texts()])
def test_one_finding_a_span(name: str, files: Mapping[str, str], tmp_path: Path) -> None:
    assert shared_spans(checked(files, tmp_path)) == []


@pytest.mark.usefixtures("all_speak")
@pytest.mark.skipif(not CASES.is_dir(), reason="the acceptance cases are not beside the checkout")
def test_one_finding_a_span_in_the_acceptance_cases(tmp_path: Path) -> None:
    wrong = {}
    for at, (name, files, config) in enumerate(cases()):
        folder = tmp_path / str(at)
        folder.mkdir()
        if pairs := shared_spans(checked(files, folder, config)):
            wrong[name] = pairs
    assert wrong == {}


def test_the_rules_say_what_the_table_says() -> None:
    """`silent_where` of the rules is the table: no pair more or less, but for those above. JOB307 is never silent."""
    expected = {
        code: SILENT_WHERE.get(code, set()) | BEYOND.get(code, set()) for code in {*SILENT_WHERE, *BEYOND}
    }
    assert {rule.code: set(rule.silent_where) for rule in all_rules() if rule.silent_where} == expected


@pytest.mark.parametrize(
    ("silent", "speaks", "files"),
    [
        ("JOB305", "JOB306", {"a.sh": "pueue restart --all-failed\n"}),
        ("JOB102", "JOB103", {"a.sh": "[ -f /run/job.lock ] && exit 1\ntouch /run/job.lock\n"}),
        ("JOB202", "JOB707", {"a.sh": "rm -f state/*.checkpoint.json\npueue add -- ./x\n"}),
        ("JOB603", "JOB313", {"a.sh": "ssh h \"pueue add -- bash -c 'cd x && ./y'\"\n"}),
    ],
)
def test_one_speaks(silent: str, speaks: str, files: dict[str, str], tmp_path: Path) -> None:
    codes = {finding.code for finding in checked(files, tmp_path)}
    assert speaks in codes
    assert silent not in codes


def test_what_is_hidden_takes_nobodys_place(findings: Callable[..., list[dict[str, Any]]]) -> None:
    """JOB313 of low confidence, which is not shown, does not silence JOB603 about the same call."""
    files = {"a.sh": 'ssh calc1 "pueue add --label x -- ./bars.sh --month $1"\n'}
    assert [f["code"] for f in findings(files)] == ["JOB603"]


WIPED = """import pathlib
import shutil


def run(server: str) -> None:
    checkpoints = pathlib.Path("./checkpoints")
    if checkpoints.is_dir():
        shutil.rmtree(checkpoints.as_posix())
    checkpoints.mkdir(parents=True, exist_ok=True)
"""


def test_the_graver_one_speaks_of_one_span(findings: Callable[..., list[dict[str, Any]]]) -> None:
    """JOB101 (an error) and JOB707 (a warning) mark the same call, and the table says nothing of the two."""
    assert [f["code"] for f in findings({"a.py": WIPED})] == ["JOB101"]
    assert [f["code"] for f in findings({"a.py": WIPED}, "--select", "JOB707")] == ["JOB707"]


def test_the_other_one_speaks_where_the_graver_is_suppressed(
    findings: Callable[..., list[dict[str, Any]]],
) -> None:
    text = WIPED.replace("as_posix())", "as_posix())  # jobsafety: ignore[JOB101]")
    assert [f["code"] for f in findings({"a.py": text})] == ["JOB707"]
