"""The baseline: only what is new is reported, wherever the old findings have moved to."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]

KILL = "#!/bin/sh\npueue kill 42\n"
DROP = "from pathlib import Path\n\n\ndef drop(p: Path) -> None:\n    if p.exists():\n        p.unlink()\n"
FILE = ".jobsafety-baseline.json"


def checked(run: Run, *args: str) -> dict[str, Any]:
    done = run("check", "--isolated", "--baseline", FILE, "--output-format", "json", *args)
    assert done.returncode in (0, 1), done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    report["stderr"] = done.stderr
    return report


@pytest.fixture
def project(run: Run, tmp_path: Path) -> Path:
    (tmp_path / "a.sh").write_text(KILL)
    (tmp_path / "b.py").write_text(DROP)
    done = run("baseline", "--isolated")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{FILE}: 2 findings (2 new, 0 taken out)\n"
    return tmp_path


def test_the_file_is_sorted_with_one_entry_a_line(project: Path) -> None:
    text = (project / FILE).read_text()
    data = json.loads(text)
    assert (data["version"], data["tool"]) == (1, "jobsafety-lint")
    assert [(e["path"], e["code"]) for e in data["findings"]] == [("a.sh", "JOB301"), ("b.py", "JOB101")]
    assert set(data["findings"][0]) == {"fingerprint", "code", "path", "message"}
    assert sum('"fingerprint"' in line for line in text.splitlines()) == 2


def test_only_what_is_new_is_reported(run: Run, project: Path) -> None:
    report = checked(run)
    assert (report["findings"], report["summary"]["baselined"], report["stderr"]) == ([], 2, "")
    assert run("check", "--isolated", "--baseline", FILE).returncode == 0
    (project / "a.sh").write_text(KILL + "pueue kill 42\npueue kill 43\n")
    report = checked(run)
    assert [f["line"] for f in report["findings"]] == [3, 4]
    assert report["summary"]["baselined"] == 2


def test_moved_lines_and_renamed_files_stay_known(run: Run, project: Path) -> None:
    (project / "a.sh").write_text("#!/bin/sh\n\n# more\necho\n" + KILL.partition("\n")[2])
    (project / "deep").mkdir()
    (project / "b.py").rename(project / "deep" / "renamed.py")
    assert checked(run)["findings"] == []
    assert checked(run, "deep/renamed.py")["findings"] == []
    assert run("baseline", "--isolated").stdout.endswith("2 findings (0 new, 0 taken out)\n")
    paths = [e["path"] for e in json.loads((project / FILE).read_text())["findings"]]
    assert paths == ["a.sh", "deep/renamed.py"]


def test_a_copy_is_new_and_the_outcome_does_not_depend_on_what_else_is_checked(
    run: Run, project: Path
) -> None:
    (project / "0.sh").write_text(KILL)
    for paths in ((".",), ("0.sh",), ("0.sh", "a.sh")):
        assert [f["path"] for f in checked(run, *paths)["findings"]] == ["0.sh"]


def test_stale_entries_are_told_and_pruned(run: Run, project: Path) -> None:
    before = (project / FILE).read_text()
    (project / "a.sh").write_text("#!/bin/sh\necho\n")
    assert "1 entry matches nothing any more; `jobsafety-lint baseline --prune" in checked(run)["stderr"]
    assert checked(run, "b.py")["stderr"] == ""  # its file was not looked at
    assert checked(run, "--select", "JOB1")["stderr"] == ""  # its rule was not
    (project / "c.sh").write_text("pueue kill 7\n")
    assert run("baseline", "--isolated", "--prune").stdout == f"{FILE}: 1 finding (0 new, 1 taken out)\n"
    assert [f["path"] for f in checked(run)["findings"]] == ["c.sh"]
    left = (project / FILE).read_text().splitlines()
    assert set(left) < set(before.replace('"},\n', '"}\n').splitlines()) | set(before.splitlines())


def test_files_that_are_gone_are_taken_out_by_a_run_over_their_folder(run: Run, project: Path) -> None:
    (project / "a.sh").unlink()
    assert checked(run)["stderr"] == ""
    assert "0 taken out" in run("baseline", "--isolated", "--prune", "b.py").stdout
    assert "1 taken out" in run("baseline", "--isolated", "--prune").stdout


def test_entries_of_files_and_rules_that_were_not_looked_at_stay(run: Run, project: Path) -> None:
    (project / "c.sh").write_text("pueue kill 7\n")
    assert "3 findings (1 new, 0 taken out)" in run("baseline", "--isolated", "c.sh").stdout
    assert "3 findings (0 new, 0 taken out)" in run("baseline", "--isolated", "--select", "JOB1").stdout
    assert checked(run)["findings"] == []


def test_a_suppressed_finding_needs_no_entry(run: Run, project: Path) -> None:
    (project / "a.sh").write_text("#!/bin/sh\npueue kill 42  # jobsafety: ignore[JOB301] by hand\n")
    report = checked(run)
    assert (report["summary"]["suppressed"], report["summary"]["baselined"]) == (1, 1)
    assert "1 entry matches nothing" in report["stderr"]


def test_the_baseline_comes_before_confidence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("#!/usr/bin/env bash\nset -o pipefail\nzcat x | head -1\necho\n")
    assert "1 finding " in run("baseline", "--isolated", "--pedantic").stdout
    report = checked(run)
    assert (report["summary"]["baselined"], report["summary"]["hidden"], report["stderr"]) == (1, 0, "")


def test_fixes_leave_old_findings_alone(run: Run, project: Path) -> None:
    run("check", "--isolated", "--baseline", FILE, "--fix")
    assert (project / "b.py").read_text() == DROP
    run("check", "--isolated", "--fix")
    assert "missing_ok" in (project / "b.py").read_text()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (None, "there is no such file"),
        ("{", "not valid JSON"),
        ("<<<<<<< HEAD\n{}\n", "conflict marks"),
        ("[]", "`version` is missing"),
        ('{"version": 2, "findings": []}', "version 2 is not known"),
        ('{"version": 1}', "`findings` holds no list"),
        ('{"version": 1, "findings": [{"code": "JOB101"}]}', "entry 1"),
    ],
)
def test_a_file_that_cannot_be_used_gives_two_with_a_remedy(
    text: str | None, hint: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "a.sh").write_text(KILL)
    if text is not None:
        (tmp_path / FILE).write_text(text)
    done = run("check", "--isolated", "--baseline", FILE)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert FILE in line and hint in line and "jobsafety-lint baseline" in line
    assert done.stdout == ""


def test_a_baseline_that_cannot_be_written_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text(KILL)
    done = run("baseline", "--isolated", "--output", "no/such/folder.json")
    assert done.returncode == 2
    assert "no/such/folder.json" in done.stderr and "Traceback" not in done.stderr
