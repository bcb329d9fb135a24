"""What shells complete: asked of click, and of real shells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from jobsafety_lint import config, registry, report
from jobsafety_lint.cli import main

VARIABLE = "_JOBSAFETY_LINT_COMPLETE"
TEMPLATE = Path(__file__).resolve().parents[1] / "examples" / "own-rules"


def completed(*words: str) -> list[str]:
    complete = ShellComplete(main, {}, "jobsafety-lint", VARIABLE)
    *before, incomplete = words
    return [item.value for item in complete.get_completions(before, incomplete)]


def test_commands_and_options() -> None:
    assert {"check", "config", "rule", "test-rules"} <= set(completed(""))
    assert "--output-format" in completed("check", "--out")
    assert completed("config", "s") == ["schema", "show"]
    assert completed("check", "--fail-on", "") == ["info", "warning", "error"]


@pytest.mark.parametrize("option", ["--select", "--ignore", "--extend-select"])
def test_rules_by_code_name_and_family(option: str) -> None:
    assert completed("check", option, "check-then-d") == ["check-then-delete"]
    assert completed("check", option, "JOB10") == [f"JOB10{n}" for n in range(1, 10)]
    assert completed("check", option, "JOB101,check-then-c") == ["JOB101,check-then-create"]
    every = set(completed("check", option, ""))
    assert {"ALL", "JOB3", *registry.catalogue(), *registry.catalogue().values()} <= every


def test_the_argument_of_rule() -> None:
    assert completed("rule", "JOB301") == ["JOB301"]
    assert completed("rule", "lock-f") == ["lock-file-removed"]


def test_own_rules_are_completed_behind_their_folder() -> None:
    assert completed("check", "--rules-dir", str(TEMPLATE), "--select", "ACME0") == ["ACME0", "ACME001"]
    assert completed("check", "--select", "ACME") == []


def test_formats_and_keys() -> None:
    assert completed("check", "--output-format", "") == list(report.FORMATS)
    assert completed("check", "--output-format", "j") == ["json", "junit"]
    assert completed("check", "--config", "run-") == ["run-only-parameters="]
    assert completed("config", "show", "--config", "") == [f"{key.name}=" for key in config.KEYS]


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command is on the path, and the home folder holds nothing."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))


def shell(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.tool("bash")
@pytest.mark.usefixtures("path")
def test_bash() -> None:
    script = f"""
eval "$({VARIABLE}=bash_source jobsafety-lint)"
complete -p jobsafety-lint
ask() {{
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _jobsafety_lint_completion jobsafety-lint
    echo "${{COMPREPLY[*]}}"
}}
compopt() {{ :; }}
ask jobsafety-lint rule lock-f
ask jobsafety-lint check --select check-then-d
ask jobsafety-lint check --output-format sa
"""
    known, *answers = shell("bash", "-c", script).splitlines()
    assert "-F _jobsafety_lint_completion" in known
    assert answers == ["lock-file-removed", "check-then-delete", "sarif"]


@pytest.mark.tool("zsh")
@pytest.mark.usefixtures("path")
def test_zsh() -> None:
    script = f"""
compdef() {{ echo "compdef $*"; }}
_describe() {{ print -l -- "${{(P)3[@]}}"; }}
eval "$({VARIABLE}=zsh_source jobsafety-lint)"
words=(jobsafety-lint rule lock-f); CURRENT=3
_jobsafety_lint_completion
"""
    out = shell("zsh", "-f", "-c", script)
    assert "compdef _jobsafety_lint_completion jobsafety-lint" in out
    assert "lock-file-removed" in out


@pytest.mark.tool("fish")
@pytest.mark.usefixtures("path")
def test_fish() -> None:
    script = f"""
{VARIABLE}=fish_source jobsafety-lint | source
complete -C 'jobsafety-lint rule lock-f'
complete -C 'jobsafety-lint check --output-format sa'
"""
    names = [line.split("\t")[0] for line in shell("fish", "-c", script).splitlines()]
    assert names == ["lock-file-removed", "sarif"]
