"""What a real pueue does with the command lines that the rules speak of (version 4)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobsafety_lint.meaning.queue.grammar import SUBCOMMANDS, Option, Subcommand

Pueue = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = [pytest.mark.tool("pueue", "pueued")]


@pytest.fixture
def pueue(tmp_path: Path) -> Iterator[Pueue]:
    """A client with a daemon of its own."""
    if shutil.which("pueue") is None:
        pytest.skip("pueue is not installed")
    version = subprocess.run(["pueue", "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("pueue 4"):
        pytest.skip(f"{version.strip()} is another major version")
    config = tmp_path / "pueue.yml"
    shared = {
        "pueue_directory": str(tmp_path / "data"),
        "runtime_directory": str(tmp_path),
        "use_unix_socket": True,
        "unix_socket_path": str(tmp_path / "s"),
    }
    config.write_text(json.dumps({"shared": shared, "client": {}, "daemon": {}}), encoding="utf-8")

    def client(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pueue", "--config", str(config), *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )

    daemon = subprocess.Popen(
        ["pueued", "--config", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            if client("status").returncode == 0:
                break
            time.sleep(0.1)
        yield client
    finally:
        daemon.terminate()
        daemon.wait(timeout=10)


def output(pueue: Pueue, *words: str) -> str:
    """Queues a job and returns what it printed."""
    added = pueue("add", "--print-task-id", *words)
    assert added.returncode == 0, added.stderr
    task = added.stdout.strip()
    pueue("wait", "--quiet", task)
    log: dict[str, dict[str, str]] = json.loads(pueue("log", "--json", task).stdout)
    return log[task]["output"].strip()


def test_words_are_joined_and_quotes_lost(pueue: Pueue, tmp_path: Path) -> None:
    assert output(pueue, "--", "bash", "-c", "cd /usr && pwd") == str(tmp_path)
    assert output(pueue, "--escape", "--", "bash", "-c", "cd /usr && pwd") == "/usr"
    assert output(pueue, "--", "bash -c 'cd /usr && pwd'") == "/usr"
    assert output(pueue, "--", "printf", "[%s]", "a b", "") != "[a b][]"
    assert output(pueue, "--escape", "--", "printf", "[%s]", "a b", "") == "[a b][]"


def test_the_id_is_a_sentence_without_the_flag(pueue: Pueue) -> None:
    assert re.fullmatch(r"New task added \(id \d+\)\.\n", pueue("add", "--", "true").stdout)
    assert pueue("add", "--print-task-id", "--", "true").stdout.strip().isdigit()


def test_after_swallows_the_job(pueue: Pueue) -> None:
    pueue("add", "--", "true")
    assert pueue("add", "--after", "0", "true").returncode != 0
    assert pueue("add", "--after", "--", "true").returncode != 0
    assert pueue("add", "--after", "", "--", "true").returncode != 0
    assert pueue("add", "--after", "0", "--", "true").returncode == 0
    assert pueue("add", "--after=0", "true").returncode == 0


def test_wait_succeeds_when_tasks_have_failed(pueue: Pueue) -> None:
    pueue("add", "--", "false")
    assert pueue("wait", "--quiet").returncode == 0
    assert pueue("wait", "--quiet", "--status", "success").returncode != 0


def test_a_group_can_be_added_once(pueue: Pueue) -> None:
    assert pueue("group", "add", "fast").returncode == 0
    assert pueue("group", "add", "fast").returncode != 0


def test_restart_makes_a_new_task(pueue: Pueue) -> None:
    pueue("add", "--", "false")
    pueue("wait", "--quiet")
    pueue("restart", "0")
    pueue("wait", "--quiet")
    assert set(tasks(pueue)) == {"0", "1"}
    pueue("restart", "--in-place", "1")
    pueue("wait", "--quiet")
    assert set(tasks(pueue)) == {"0", "1"}


def test_a_client_can_restart_in_place_by_default(pueue: Pueue, tmp_path: Path) -> None:
    path = tmp_path / "pueue.yml"
    configured = json.loads(path.read_text(encoding="utf-8"))
    configured["client"]["restart_in_place"] = True
    path.write_text(json.dumps(configured), encoding="utf-8")
    pueue("add", "--", "false")
    pueue("wait", "--quiet")
    pueue("restart", "0")
    pueue("wait", "--quiet")
    assert set(tasks(pueue)) == {"0"}
    pueue("restart", "--not-in-place", "0")
    pueue("wait", "--quiet")
    assert set(tasks(pueue)) == {"0", "1"}


def tasks(pueue: Pueue) -> dict[str, dict[str, object]]:
    """The tasks as `status --json` has them."""
    found: dict[str, dict[str, object]] = json.loads(pueue("status", "--json").stdout)["tasks"]
    return found


def test_status_json_has_the_environment_and_objects(pueue: Pueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOF_TOKEN", "secret")
    pueue("add", "--", "true")
    pueue("wait", "--quiet")
    task = tasks(pueue)["0"]
    assert isinstance(task["envs"], dict)
    assert task["envs"]["PROOF_TOKEN"] == "secret"
    assert isinstance(task["status"], dict)
    assert task["status"]["Done"]["result"] == "Success"
    assert "start" not in task
    assert json.loads(pueue("log", "--json", "0").stdout)["0"]["task"]["envs"] == {}
    assert os.environ["PROOF_TOKEN"] == "secret"


@pytest.mark.parametrize("subcommand", [s for s in SUBCOMMANDS if 4 in s.versions], ids=lambda s: s.names[0])
def test_the_table_has_every_option(subcommand: Subcommand, pueue: Pueue) -> None:
    shown = pueue(subcommand.names[0], "--help").stdout
    options = set(re.findall(r"^ +(?:-\w, +|    )(--[\w-]+)", shown, re.MULTILINE)) - {"--help"}

    def in_4(option: Option) -> bool:
        return 4 in option.versions

    assert options == {option.key for option in filter(in_4, subcommand.options)}


def test_options_of_the_client_stand_before_the_subcommand(pueue: Pueue) -> None:
    assert pueue("--color", "never", "status").returncode == 0
    assert pueue("status", "--color", "never").returncode != 0
    assert pueue("kill", "--children", "0").returncode != 0
