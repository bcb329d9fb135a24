"""What the tests share."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The tests leave the user's cache alone."""
    os.environ["JOBSAFETY_LINT_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command in a folder of its own."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)

    def command(
        *args: str, stdin: str | None = None, cwd: Path = tmp_path
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "jobsafety_lint", *args],
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    return command


@pytest.fixture
def findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """Checks files given as name -> text inside this process, and returns the findings of the JSON format."""
    from click.testing import CliRunner

    from jobsafety_lint.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)

    def check(files: dict[str, str], *options: str) -> list[dict[str, Any]]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        given = ["check", "--isolated", "--jobs", "1", "--output-format", "json", *options, "."]
        result = CliRunner().invoke(main, given)
        assert result.exit_code in (0, 1), result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
        found: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
        return found

    return check


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips tests whose program is missing; in CI nothing may be missing."""
    for mark in item.iter_markers("tool"):
        for name in mark.args:
            if shutil.which(name) is None:
                if os.environ.get("CI"):
                    pytest.fail(f"{name} is missing")
                pytest.skip(f"{name} is not installed")
