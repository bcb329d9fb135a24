"""The hooks for pre-commit, run by it for real, and the GitHub action."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
KILL = "#!/bin/sh\npueue kill 42\n"
DROP = "from pathlib import Path\n\n\ndef drop(p: Path) -> None:\n    if p.exists():\n        p.unlink()\n"
FIXED = "from pathlib import Path\n\n\ndef drop(p: Path) -> None:\n    p.unlink(missing_ok=True)\n"
NEEDED = ("src", "rules", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
OFFLINE = re.compile(
    r"Failed to establish a new connection|Temporary failure in name resolution|Network is unreachable|No matching distribution found"
)


def git(folder: Path, *args: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *args], cwd=folder, check=True, capture_output=True)


def test_the_hooks_are_as_documented() -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())}
    assert set(hooks) == {"jobsafety-lint", "jobsafety-lint-fix"}
    for hook in hooks.values():
        assert hook["types"] == ["text"]
        assert hook["require_serial"] is True
        assert hook["language"] == "python"
        assert "--force-exclude" in hook["entry"].split()
    assert "--fix" in hooks["jobsafety-lint-fix"]["entry"].split()


@pytest.mark.tool("git")
def test_pre_commit_runs_both_hooks(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    for name in NEEDED:
        copy: Callable[..., Any] = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy
        copy(REPOSITORY / name, ours / name)
    git(ours, "init", "--quiet", ".")
    git(ours, "add", "-A")
    git(ours, "commit", "--quiet", "-m", "everything")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    git(theirs, "init", "--quiet", ".")
    for name, text in {
        "jobs/nightly": KILL,
        "drop.py": DROP,
        "legacy/old.sh": KILL,
        "notes.md": "pueue kill 42\n",
        "jobsafety-lint.toml": 'extend-exclude = ["legacy/"]\n',
    }.items():
        (theirs / name).parent.mkdir(exist_ok=True)
        (theirs / name).write_text(text)
    git(theirs, "add", "-A")
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache")}
    environment.pop("GITHUB_ACTIONS", None)
    command = [sys.executable, "-m", "pre_commit", "try-repo", "../ours", "--all-files", "--color", "never"]
    done = subprocess.run(
        command, cwd=theirs, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    said = done.stdout + done.stderr
    if OFFLINE.search(said) and not os.environ.get("CI"):
        pytest.skip("pre-commit cannot install the hook: no package registry is reached")
    assert done.returncode == 1, said
    check, fix = re.split(r"^jobsafety-lint \(fix\)\.", said, maxsplit=1, flags=re.MULTILINE)
    assert "jobs/nightly:2:1" in check
    assert "drop.py:5:8" in check or "drop.py:6:9" in check
    assert "files were modified by this hook" not in check
    assert "- files were modified by this hook" in fix
    assert "jobs/nightly:2:1" in fix
    assert "drop.py:" not in fix
    assert "legacy/old.sh" not in said
    assert (theirs / "drop.py").read_text() == FIXED


def test_many_files_of_other_kinds_get_one_note(run: Run, tmp_path: Path) -> None:
    names = [f"{number}.md" for number in range(5)]
    for name in names:
        (tmp_path / name).write_text("text\n")
    done = run("check", *names)
    assert done.returncode == 0
    assert done.stderr == "note: 5 files were passed over (`--verbose` names them)\n"
    assert run("check", *names[:2]).stderr.count("note: ") == 2
    assert run("check", "--verbose", *names).stderr.count("note: ") == 5
    assert run("check", "--quiet", *names).stderr == ""


# --- action.yml --------------------------------------------------------------------------------------------------------


def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((REPOSITORY / "action.yml").read_text())
    return loaded


def test_the_action_installs_this_version() -> None:
    import jobsafety_lint

    assert action()["inputs"]["version"]["default"] == jobsafety_lint.__version__


def test_no_input_of_the_action_is_pasted_into_a_script(run: Run) -> None:
    for step in action()["runs"]["steps"]:
        assert "${{" not in step["run"], step["name"]
    assert run("check", "--isolated", "action.yml", cwd=REPOSITORY).returncode == 0


@pytest.mark.tool("shellcheck")
@pytest.mark.parametrize("step", action()["runs"]["steps"], ids=lambda step: step["name"])
def test_the_scripts_of_the_action_are_sound(step: dict[str, Any]) -> None:
    done = subprocess.run(
        ["shellcheck", "--shell=bash", "--exclude=SC2153", "-"],
        input=step["run"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""  # SC2153: the variables come from `env:`


@pytest.mark.tool("bash")
def test_the_action_annotates_and_writes_sarif(tmp_path: Path) -> None:
    (tmp_path / "a b.sh").write_text(KILL)
    (tmp_path / "c.sh").write_text(KILL)
    runner = tmp_path / "runner"
    (runner / "jobsafety-lint" / "bin").mkdir(parents=True)
    program = runner / "jobsafety-lint" / "bin" / "jobsafety-lint"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m jobsafety_lint "$@"\n')
    program.chmod(0o755)
    (tmp_path / "out").write_text("")
    step = action()["runs"]["steps"][1]
    assert set(step["env"]) == {"PATHS", "ARGS", "SARIF_FILE"}
    environment = {
        **os.environ,
        "GITHUB_ACTIONS": "true",
        "RUNNER_TEMP": str(runner),
        "GITHUB_OUTPUT": str(tmp_path / "out"),
        "PATHS": "c.sh\n",
        "ARGS": "--select JOB3",
        "SARIF_FILE": "report $(touch pwned).sarif\nx=y",
    }
    script = tmp_path / "step.sh"
    script.write_text(step["run"])
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::warning file=c.sh,line=2")
    assert "warning[JOB301] hardcoded-task-id" in done.stderr
    assert (tmp_path / "out").read_text() == "sarif-file=report $(touch pwned).sarifx=y\n"
    (sarif,) = tmp_path.glob("report*")
    assert len(json.loads(sarif.read_text())["runs"][0]["results"]) == 1
    environment |= {"PATHS": "$(touch${IFS}pwned) `touch pwned` ;touch pwned", "SARIF_FILE": ""}
    subprocess.run(
        ["bash", "-eo", "pipefail", str(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert not (tmp_path / "pwned").exists()
