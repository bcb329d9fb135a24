"""The cache: what it remembers is what would be found out again, whatever has changed in between."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobsafety_lint.cache import codec, store
from jobsafety_lint.cache.files import Files
from jobsafety_lint.cache.store import Store
from jobsafety_lint.cli import main
from jobsafety_lint.engine import mapping
from jobsafety_lint.engine.tasks import Pending
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.model import Confidence, Finding, Location, Severity
from jobsafety_lint.source import Hole
from jobsafety_lint.surroundings import Look

Check = Callable[..., dict[str, Any]]

PROJECT = {
    "pyproject.toml": "[tool.jobsafety-lint]\nignore = []\n",
    "queue.sh": "#!/bin/bash\nsource lib/strict.sh\nfor t in 1 2; do\n  pueue add -- python etl.py --threshold $t\ndone\npueue kill 42\nzcat big.gz | head -1\n",
    "lib/strict.sh": "set -euo pipefail\n",
    "etl.py": "import argparse\nfrom paths import checkpoint_path\n\n\ndef main():\n    parser = argparse.ArgumentParser()\n    parser.add_argument('--threshold', required=True)\n"
    "    parser.add_argument('--symbol', default='BTC')\n    args = parser.parse_args()\n    run(args.symbol, args.threshold)\n\n\ndef run(symbol, threshold):\n"
    "    path = checkpoint_path(symbol)\n    path.write_text(str(threshold))\n",
    "paths.py": "from pathlib import Path\n\n\ndef checkpoint_path(symbol):\n    return Path('state') / f'checkpoint_{symbol}.json'\n",
    "clean.py": "import os\n\n\ndef clean(path):\n    if os.path.exists(path):\n        os.remove(path)\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose files are older than what the cache distrusts."""
    folder = tmp_path / "project"
    for name, text in PROJECT.items():
        write(folder / name, text)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("JOBSAFETY_LINT_CACHE_DIR", str(tmp_path / "cache"))
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def check(*args: str, cold: bool = False) -> dict[str, Any]:
    given = ["check", "--jobs", "1", "--output-format", "json", *(["--no-cache"] if cold else []), *args]
    result = CliRunner().invoke(main, given)
    assert result.exit_code in (0, 1), (result.output, result.exception)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def cache_file(project: Path) -> Path:
    return next(project.parent.joinpath("cache").glob("*.sqlite"))


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read closely, as they are."""
    found: list[str] = []
    really = mapping.map_file

    def map_file(task: Any, options: Any) -> Any:
        found.append(task.item.shown)
        return really(task, options)

    monkeypatch.setattr(mapping, "map_file", map_file)
    return found


def test_a_second_run_reads_nothing_and_finds_the_same(project: Path, looked_at: list[str]) -> None:
    first = check()
    codes = {f["code"] for f in first["findings"]}
    assert {"JOB101", "JOB201", "JOB301", "JOB401"} <= codes
    assert sorted(looked_at) == sorted(PROJECT)
    looked_at.clear()
    assert check() == first == check(cold=True)
    assert looked_at == sorted(PROJECT)  # by the cold run alone


def test_only_what_has_changed_is_read(project: Path, looked_at: list[str]) -> None:
    check()
    looked_at.clear()
    write(project / "paths.py", PROJECT["paths.py"].replace("symbol", "coin"))
    changed = check()
    assert looked_at == ["paths.py"]
    assert changed == check(cold=True)
    assert "coin" in str(changed)


def test_a_few_files_use_what_a_whole_run_has_found(project: Path, looked_at: list[str]) -> None:
    whole = check()
    looked_at.clear()
    few = check("paths.py", "clean.py")
    assert looked_at == []
    assert few["findings"] == [f for f in whole["findings"] if f["path"] in {"paths.py", "clean.py"}]
    assert few == check("paths.py", "clean.py", cold=True)


def test_a_sourced_file_counts(project: Path) -> None:
    assert "JOB401" in {f["code"] for f in check()["findings"]}
    write(project / "lib/strict.sh", "set -eu\n")
    assert "JOB401" not in {f["code"] for f in check()["findings"]}
    (project / "lib/strict.sh").unlink()
    assert check() == check(cold=True)


@pytest.mark.parametrize(
    "change",
    [
        '[tool.jobsafety-lint]\nignore = ["JOB101"]\n',
        '[tool.jobsafety-lint.severity]\nJOB101 = "info"\n',
        '[tool.jobsafety-lint.per-file-ignores]\n"*.sh" = ["JOB3"]\n',
        "[tool.jobsafety-lint]\npueue-version = 3\n",
        '[tool.jobsafety-lint]\nrun-only-parameters = ["threshold"]\n',
        '[tool.jobsafety-lint]\nextend-exclude = ["paths.py"]\n',
    ],
)
def test_a_changed_setting_counts(project: Path, change: str) -> None:
    before = check()
    write(project / "pyproject.toml", change)
    assert check() == check(cold=True)
    write(project / "pyproject.toml", PROJECT["pyproject.toml"])
    assert check() == before


def test_options_count(project: Path) -> None:
    for options in (
        ["--select", "JOB3"],
        ["--ignore", "JOB101"],
        ["--pedantic"],
        ["--min-severity", "error"],
        [],
    ):
        assert check(*options) == check(*options, cold=True)


def test_own_rules_count(project: Path, tmp_path: Path) -> None:
    rules = tmp_path / "own"
    module = (
        "from jobsafety_lint.meaning.commands import Command\nfrom jobsafety_lint.model import Severity\n"
        "from jobsafety_lint.rule import Rule\n\nRULE = Rule('OWN001', 'no-such-command', 'x', Severity.ERROR)\n\n\n"
        "@RULE.on(Command)\ndef found(command, context):\n    if command.name == '{}':\n        yield RULE.found(command.place, 'x')\n"
    )
    write(rules / "no_such_command.py", module.format("zcat"))
    write(rules / "no_such_command.md", "# no-such-command (OWN001)\n")
    given = ("--rules-dir", str(rules), "--select", "OWN001")
    assert [f["line"] for f in check(*given)["findings"]] == [7]
    write(rules / "no_such_command.py", module.format("head"))
    fresh = subprocess.run(
        [sys.executable, "-m", "jobsafety_lint", "check", "--output-format", "json", *given],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [f["column"] for f in json.loads(fresh.stdout)["findings"]] == [15]


def test_a_stale_glob_is_looked_at_again(project: Path) -> None:
    write(project / "pyproject.toml", '[tool.jobsafety-lint]\nextend-exclude = ["gone/"]\n')
    assert "JOB004" in {f["code"] for f in check()["findings"]}
    write(project / "gone/notes.txt", "not a kind of file that is checked\n")
    assert "JOB004" not in {f["code"] for f in check()["findings"]}
    assert check() == check(cold=True)
    shutil.rmtree(project / "gone")
    assert "JOB004" in {f["code"] for f in check()["findings"]}


def test_a_change_that_keeps_the_size_within_the_same_moment_is_seen(project: Path) -> None:
    check()
    before = (project / "queue.sh").stat()
    write(project / "queue.sh", PROJECT["queue.sh"].replace("kill 42", "kill $1"))
    os.utime(project / "queue.sh", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert check() == check(cold=True)


def test_fixes_are_made_from_what_is_remembered(project: Path) -> None:
    check()
    assert check("--fix", "--unsafe-fixes")["summary"]["fixed"] >= 1
    assert check() == check(cold=True)


@pytest.mark.parametrize("damage", [b"", b"no database at all\n" * 400, None])
def test_a_damaged_cache_is_made_anew(project: Path, looked_at: list[str], damage: bytes | None) -> None:
    first = check()
    path = cache_file(project)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] if damage is None else damage)
    assert check() == first
    check()
    looked_at.clear()
    assert check() == first
    assert looked_at == []


def test_nonsense_in_the_cache_is_passed_over(project: Path) -> None:
    first = check()
    with sqlite3.connect(cache_file(project)) as connection:
        connection.execute('UPDATE entries SET value = \'[["os:system"],[0,"exit"]]\'')
    connection.close()
    assert check() == first


def test_a_cache_that_cannot_be_written_is_no_error(project: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert check("--cache-dir", str(tmp_path / "file" / "below")) == check(cold=True)


def test_a_locked_cache_is_no_error(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_PATIENCE", 0.01)
    first = check()
    connection = sqlite3.connect(cache_file(project), isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        assert check() == first
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def test_several_processes_share_it(project: Path) -> None:
    command = [sys.executable, "-m", "jobsafety_lint", "check", "--output-format", "json"]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = [process.communicate() for process in started]
    assert {process.returncode for process in started} == {1}
    assert len({out for out, _ in said}) == 1
    assert json.loads(said[0][0]) == check(cold=True)


def test_clean_deletes_it(project: Path) -> None:
    check()
    result = CliRunner().invoke(main, ["clean"])
    assert result.exit_code == 0
    assert "1 files deleted" in result.output
    assert list(project.parent.joinpath("cache").iterdir()) == []


def test_no_cache_writes_none(project: Path) -> None:
    check(cold=True)
    assert not project.parent.joinpath("cache").exists()


def test_the_configuration_may_say_where(project: Path) -> None:
    write(project / "pyproject.toml", '[tool.jobsafety-lint]\ncache-dir = ".lint"\n')
    check()
    assert list((project / ".lint").glob("*.sqlite"))


EDITS = st.lists(
    st.tuples(
        st.sampled_from(sorted(PROJECT)),
        st.sampled_from(["delete", "restore", "append", "shift", "rename"]),
        st.sampled_from([(), ("paths.py",), ("queue.sh", "clean.py"), (".",)]),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EDITS)
def test_after_any_edits_it_is_as_if_there_were_no_cache(
    project: Path, edits: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    for name, text in PROJECT.items():
        write(project / name, text)
    for name, how, paths in edits:
        path = project / name
        if how == "delete":
            path.unlink(missing_ok=True)
        elif how == "restore" or not path.exists():
            write(path, PROJECT[name])
        elif how == "append":
            write(path, path.read_text() + "\n# pueue\n")
        elif how == "shift":
            write(path, "\n" + path.read_text())
        else:
            write(path, path.read_text().replace("threshold", "limit"))
        asked = [one for one in paths if (project / one).exists()]
        assert check(*asked) == check(*asked, cold=True)


# --- the parts ---------------------------------------------------------------------------------------------------------

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: (
        st.tuples(inner, inner)
        | st.lists(inner, max_size=3)
        | st.frozensets(st.text(max_size=3), max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.builds(
            lambda text, names: PathPattern((text, Hole("x", names))),
            st.text(),
            st.frozensets(st.text(max_size=3)),
        )
    ),
    max_leaves=8,
)


@given(PLAIN)
def test_values_come_back_as_they_were(value: object) -> None:
    back = codec.decode(codec.encode(value))
    assert back == value
    assert type(back) is type(value)


def test_findings_come_back_as_they_were() -> None:
    at = Location("a.py", 1, 2, 3, 4)
    finding = Finding(
        "JOB101", "x", Severity.ERROR, Confidence.LOW, "m", at, data={"missing": ["a"], "n": None}
    )
    pending = Pending(finding, ("a", "b"), at, ("JOB102",), "s")
    assert codec.decode(codec.encode([pending])) == [pending]


def test_only_plain_values_are_kept() -> None:
    with pytest.raises(TypeError):
        codec.encode(open)
    with pytest.raises(TypeError):
        codec.encode([Path("x")])


@pytest.mark.parametrize(
    "text",
    ["", "[]", "[[],[0]]", '[["os:system"],[0,"x"]]', '[["jobsafety_lint.cli:main"],[0]]', '[[],["q"]]'],
)
def test_nonsense_is_no_value(text: str) -> None:
    with pytest.raises(codec.Undecodable):
        codec.decode(text)


def test_what_was_not_used_for_long_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_MOST_BYTES", 1000)
    kept = Store(tmp_path / "x.sqlite")
    kept.put({f"{n:03}": "v" * 100 for n in range(10)}, {})
    assert len(kept.get(f"{n:03}" for n in range(10))) == 10
    kept.put({"new": "v" * 100}, {})
    assert 1 <= len(kept.get([*(f"{n:03}" for n in range(10)), "new"])) <= 6
    kept.close()


def test_a_file_is_read_again_only_after_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jobsafety_lint.cache import files

    monkeypatch.setattr(files, "_SETTLED", 0)
    kept = Store(tmp_path / "x.sqlite")
    path = tmp_path / "a.txt"
    path.write_text("one")
    first = Files.of(kept)
    digest = first.digest(str(path))
    kept.put({}, first.fresh)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda _: pytest.fail("was read"))
        assert Files.of(kept).state(Look("text", str(path))) == digest
    path.write_text("two")
    assert Files.of(kept).digest(str(path)) not in {digest, ""}
    path.unlink()
    assert Files.of(kept).digest(str(path)) == ""
    kept.close()


def test_a_new_installation_of_the_same_version_is_the_same_tool(tmp_path: Path) -> None:
    from jobsafety_lint.cache import tool

    package = tmp_path / "jobsafety_lint"
    write(package / "__init__.py", "x = 1\n")
    record = tmp_path / "jobsafety_lint-9.dist-info" / "RECORD"
    write(record, "jobsafety_lint/__init__.py,sha256=abc,6\n")
    listed, written = tool._record(record)
    assert b"sha256=abc" in listed
    first = tool._files_below(package, since=written)
    os.utime(package / "__init__.py", (1, 1))
    assert tool._files_below(package, since=written) == first
    later = written // 10**9 + 100
    os.utime(package / "__init__.py", (later, later))
    assert tool._files_below(package, since=written) != first  # edited in place
    assert tool._record(tmp_path / "none") == (b"", 0)
