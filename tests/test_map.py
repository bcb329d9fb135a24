"""`jobsafety-lint map`: what the rules of the project see, on the example that comes along."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from conftest import REPOSITORY
from jobsafety_lint.cli import main


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(REPOSITORY / "examples" / "pipeline", tmp_path / "pipeline")
    monkeypatch.chdir(tmp_path / "pipeline")
    return tmp_path / "pipeline"


def said(*args: str) -> str:
    result = CliRunner().invoke(main, ["map", *args])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_start_says_what_it_starts_and_what_varies(pipeline: Path) -> None:
    text = said()
    line = next(line for line in text.splitlines() if "submit.sh:13" in line)
    assert "bars.py" in line
    assert "varies symbol (line 11), threshold (line 12)" in line
    assert "label of symbol, threshold" in line
    assert "several at once" in line
    assert "  uv" not in text  # what only wraps the program of the project


def test_names_and_globs_are_put_together(pipeline: Path) -> None:
    text = said()
    assert "bars.py:16  /srv/bars/state/{symbol}.checkpoint.json  in checkpoint_path()" in text
    assert "chunk_*.parquet  merge  takes chunk_{symbol}_{threshold}_{row}.parquet (bars.py:35)" in text


def test_json_has_the_same_and_a_version(pipeline: Path) -> None:
    data = json.loads(said("--output-format", "json"))
    assert data["version"] == 1
    (project,) = data["projects"]
    assert Path(project["root"]) == pipeline
    assert {a["template"] for a in project["artifacts"]} >= {"/srv/bars/state/{symbol}.checkpoint.json"}
    assert {"symbol", "threshold"} <= {name for start in project["starts"] for name, _ in start["varies"]}


def test_a_second_map_comes_from_the_cache_and_is_the_same(pipeline: Path) -> None:
    assert said() == said() == said("--no-cache")


def test_an_unknown_rule_is_told(pipeline: Path) -> None:
    result = CliRunner().invoke(main, ["map", "--select", "JOB999"])
    assert result.exit_code == 2
    assert "JOB999" in result.output
