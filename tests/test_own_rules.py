"""Own rules: folders on the command line, installed packages, their errors, and the runner that tests them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobsafety_lint import config, registry, testing
from jobsafety_lint.meaning.files import Delete
from jobsafety_lint.model import Severity
from jobsafety_lint.rule import Rule

Run = Callable[..., "subprocess.CompletedProcess[str]"]
TEMPLATE = Path(__file__).resolve().parents[1] / "examples" / "own-rules"
RULE = """from jobsafety_lint.model import Severity
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.rule import Rule
{imports}
RULE = Rule("{code}", "{name}", "a test", Severity.WARNING)


@RULE.on(Command)
def check(command, context):
    if command.name == {program}:
        yield RULE.found(command.place, "found by " + RULE.code)
"""


def rule_text(code: str, name: str, program: str = "'boom'", imports: str = "") -> str:
    return RULE.format(code=code, name=name, program=program, imports=imports)


@pytest.fixture(autouse=True)
def only_ours_afterwards() -> Iterator[None]:
    yield
    registry.use(())


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    shutil.copytree(TEMPLATE, folder)
    (tmp_path / "a.sh").write_text("#!/bin/sh\npueue add -- ./job\npueue kill 42\n")
    return folder


def codes(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode in (0, 1), done.stderr
    return [finding["code"] for finding in json.loads(done.stdout)["findings"]]


@pytest.mark.usefixtures("own")
def test_own_rules_are_selected_and_silenced_like_ours(run: Run, tmp_path: Path) -> None:
    shown = ("check", "--output-format", "json", "--rules-dir", "own", "a.sh")
    assert "ACME001" in codes(run(*shown))
    for selector in ("ACME001", "queue-without-label", "ACME", "ACME0"):
        assert codes(run(*shown, "--select", selector)) == ["ACME001"]
        assert "ACME001" not in codes(run(*shown, "--ignore", selector))
    assert codes(run(*shown, "--select", "ACME,JOB301")) == ["ACME001", "JOB301"]
    assert run(*shown, "--select", "ACM").returncode == 2
    assert run("check", "a.sh", "--select", "ACME001").returncode == 2
    (tmp_path / "jobsafety-lint.toml").write_text(
        'severity = { ACME = "error" }\nper-file-ignores = { "b.sh" = ["ACME001"] }\n'
    )
    shutil.copy(tmp_path / "a.sh", tmp_path / "b.sh")
    data = json.loads(run(*shown, "b.sh", "--select", "ACME").stdout)["findings"]
    assert [(f["path"], f["severity"], f["url"]) for f in data] == [("a.sh", "error", "")]
    (tmp_path / "a.sh").write_text(
        "#!/bin/sh\npueue add -- ./job  # jobsafety: ignore[queue-without-label] one of its kind\n"
    )
    assert codes(run(*shown, "--select", "ACME")) == []


@pytest.mark.usefixtures("own")
def test_the_page_of_an_own_rule(run: Run) -> None:
    assert run("rule", "ACME001", "--rules-dir", "own").stdout.startswith("# queue-without-label (ACME001)\n")
    assert "ACME001  queue-without-label" in run("rule", "--all", "--rules-dir", "own").stdout
    sarif = json.loads(
        run("check", "a.sh", "--rules-dir", "own", "--select", "ACME", "--output-format", "sarif").stdout
    )
    (described,) = sarif["runs"][0]["tool"]["driver"]["rules"]
    assert "helpUri" not in described
    assert described["help"]["markdown"].startswith("# queue-without-label")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_know_the_own_rules(method: str, own: Path, tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.sh").write_text("#!/bin/sh\npueue add -- ./job\n")
    (tmp_path / "many.py").write_text(
        f"""import multiprocessing
from jobsafety_lint.cli import main

if __name__ == "__main__":
    multiprocessing.set_start_method({method!r})
    main(["check", "--jobs", "2", "--rules-dir", "own", "--select", "ACME", "--output-format", "json", "--exclude", "*.py", "."])
"""
    )
    done = subprocess.run(
        [sys.executable, "many.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert codes(done) == ["ACME001"] * 31
    assert own.is_dir()


def test_modules_of_a_folder_import_each_other(tmp_path: Path, run: Run) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "_words.py").write_text("PROGRAM = 'boom'\n")
    (own / "found_boom.py").write_text(
        rule_text("XY001", "found-boom", "_words.PROGRAM", "from . import _words\n")
    )
    (tmp_path / "a.sh").write_text("boom\n")
    assert codes(run("check", "--rules-dir", "own", "--select", "XY", "--output-format", "json", "a.sh")) == [
        "XY001"
    ]


WRONG = [
    (
        "found_boom.py",
        "import nothing_like_this\n",
        "found_boom.py:1: this rule cannot be imported: ModuleNotFoundError",
    ),
    ("found_boom.py", "x = 1\nif x\n", "found_boom.py:2: this rule cannot be imported: SyntaxError"),
    (
        "found_boom.py",
        "x = 1\n\ny = x / 0\n",
        "found_boom.py:3: this rule cannot be imported: ZeroDivisionError: division by zero",
    ),
    ("found_boom.py", "raise SystemExit(0)\n", "found_boom.py:1: this rule cannot be imported: SystemExit"),
    ("found_boom.py", "x = 1\n", "found_boom.py: it holds no `RULE = Rule(…)`"),
    (
        "found_boom.py",
        rule_text("JOB999", "found-boom"),
        "codes that begin with JOB are those of jobsafety-lint",
    ),
    ("found_boom.py", rule_text("A1", "found-boom"), "two to eight capital letters and three digits"),
    ("found_boom.py", rule_text("ALL001", "found-boom"), "two to eight capital letters and three digits"),
    ("found_boom.py", rule_text("XY001", "boom"), "at least two small words"),
    ("other.py", rule_text("XY001", "found-boom"), "must be called `found_boom.py`"),
]


@pytest.mark.parametrize(("name", "text", "says"), WRONG, ids=[says for _, _, says in WRONG])
def test_what_is_wrong_ends_the_run_with_one_line(
    name: str, text: str, says: str, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / name).write_text(text)
    (tmp_path / "a.sh").write_text("boom\n")
    for args in (("check", "a.sh"), ("rule", "--all")):
        done = run(*args, "--rules-dir", "own")
        assert done.returncode == 2, done.stdout
        assert says in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_clashes_name_both_files(tmp_path: Path, run: Run) -> None:
    for folder, name in (("one", "found-boom"), ("two", "found-bang"), ("ours", "check-then-delete")):
        (tmp_path / folder).mkdir()
        code = "XY002" if folder == "ours" else "XY001"
        (tmp_path / folder / f"{name.replace('-', '_')}.py").write_text(rule_text(code, name))
    done = run("check", "--rules-dir", "one", "--rules-dir", "two")
    assert done.returncode == 2
    assert "one/found_boom.py" in done.stderr
    assert "two/found_bang.py" in done.stderr
    assert "`XY001`" in done.stderr
    done = run("check", "--rules-dir", "ours")
    assert done.returncode == 2
    assert done.stderr.count("check_then_delete.py") == 2
    assert run("check", "--rules-dir", "none").returncode == 2
    assert run("check", "--rules-dir", "one", "--rules-dir", "one", ".").returncode == 0


def test_an_installed_package_brings_its_rules(tmp_path: Path) -> None:
    site = tmp_path / "site"
    package = site / "acme_rules"
    package.mkdir(parents=True)
    shutil.copy(TEMPLATE / "queue_without_label.py", package)
    shutil.copy(TEMPLATE / "queue_without_label.md", package)
    (package / "__init__.py").write_text("")
    info = site / "acme_rules-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-rules\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[jobsafety_lint.rules]\nacme = acme_rules\n")
    (tmp_path / "a.sh").write_text("#!/bin/sh\npueue add -- ./job\n")

    def installed(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "jobsafety_lint", *args]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert codes(installed("check", "--select", "ACME", "--output-format", "json", "a.sh")) == ["ACME001"]
    assert installed("rule", "ACME001").stdout.startswith("# queue-without-label")
    (info / "entry_points.txt").write_text("[jobsafety_lint.rules]\nacme = acme_ruls\n")
    done = installed("check", "a.sh")
    assert done.returncode == 2
    assert "entry point `acme`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_configuration_cannot_name_code(tmp_path: Path, run: Run) -> None:
    assert not any("rules-dir" in key.name or "plugin" in key.name for key in config.KEYS)
    (tmp_path / "jobsafety-lint.toml").write_text('rules-dir = "own"\n')
    assert run("check").returncode == 2


# --- the runner ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", testing.blocks(TEMPLATE), ids=str)
def test_the_template_holds(block: testing.Block, tmp_path: Path) -> None:
    assert testing.problems(block, tmp_path) == []


@pytest.mark.usefixtures("own")
def test_test_rules_says_what_does_not_hold(run: Run, own: Path) -> None:
    done = run("test-rules", "own")
    assert (done.returncode, done.stdout) == (0, "1 rule, 3 blocks: all hold.\n")
    page = own / "queue_without_label.md"
    text = page.read_text()
    page.write_text(
        text.replace("pueue add --label ALPHA", "pueue add").replace(
            "  # error: ACME001\n```\n\n```python", "\n```\n\n```python"
        )
    )
    done = run("test-rules", "own")
    assert done.returncode == 1
    assert (
        f"{page.relative_to(own.parent)}:13: example.sh:1: ACME001 was reported and is not expected here"
        in done.stdout
    )
    assert done.stdout.count("is not expected here") == 2
    page.write_text(
        text.replace("./build.sh ALPHA\n```\n\n## When", "true # error: ACME001\n```\n\n## When").replace(
            "## Known limits", "## Limits"
        )
    )
    done = run("test-rules", "own")
    assert "ACME001 is expected here and was not reported" in done.stdout
    assert "there is no section `## Known limits`" in done.stdout
    page.unlink()
    done = run("test-rules", "own")
    assert "every rule has a page beside its module" in done.stdout


def test_fixed_blocks_are_compared(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    text = rule_text("XY001", "found-boom").replace(
        '"found by " + RULE.code)',
        '"found", fix=Fix("calm", (edit(command.place, "calm"),), safe=True))',
    )
    text = text.replace("import Severity", "import Fix, Severity").replace("import Rule", "import Rule, edit")
    (own / "found_boom.py").write_text(text)
    page = own / "found_boom.md"
    page.write_text("```bash\nboom  # error: XY001\n```\n\n```bash fixed\ncalm\n```\n")
    (block,) = testing.blocks(own)
    (tmp_path / "one").mkdir()
    assert testing.problems(block, tmp_path / "one") == []
    page.write_text("```bash\nboom  # error: XY001\n```\n\n```bash fixed\nquiet\n```\n")
    (block,) = testing.blocks(own)
    (tmp_path / "two").mkdir()
    assert [
        "fixing gives another text" in problem for problem in testing.problems(block, tmp_path / "two")
    ] == [True]


def test_a_check_of_some_programs_listens_to_what_runs_programs() -> None:
    rule = Rule("JOB999", "own-rule", "a rule", Severity.WARNING)
    with pytest.raises(TypeError, match="JOB999: `of` is for commands and rows of them, not for Delete"):
        rule.on(Delete, of={"rm"})
