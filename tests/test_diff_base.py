"""`--diff-base`: only findings on lines that were changed since a revision, as a real git tells it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = pytest.mark.tool("git")

KILL = "pueue kill 42\n"


def git(folder: Path, *args: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgSign=false", *args],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"},
    ).stdout


def commit(folder: Path, message: str = "x") -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a.sh").write_text("#!/bin/sh\n" + KILL + "echo\necho\n")
    commit(tmp_path)
    return tmp_path


def lines(run: Run, *args: str, stdin: str | None = None) -> list[tuple[str, int]]:
    done = run("check", "--isolated", "--output-format", "json", *args, stdin=stdin)
    assert done.returncode in (0, 1), done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return [(f["path"], f["line"]) for f in report["findings"]]


def test_only_changed_lines_count(run: Run, repository: Path) -> None:
    assert lines(run, "--diff-base", "HEAD") == []
    (repository / "a.sh").write_text("#!/bin/sh\necho new\n" + KILL + "echo\n" + KILL + "echo\n")
    assert lines(run, "--diff-base", "HEAD") == [("a.sh", 5)]
    git(repository, "add", "-A")
    assert lines(run, "--diff-base", "HEAD") == [("a.sh", 5)]
    commit(repository)
    assert lines(run, "--diff-base", "HEAD") == []
    assert lines(run, "--diff-base", "HEAD~1") == [("a.sh", 5)]


def test_what_only_the_other_branch_changed_does_not_count(run: Run, repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "topic")
    (repository / "b.sh").write_text(KILL)
    commit(repository)
    git(repository, "checkout", "-q", "main")
    (repository / "a.sh").write_text("#!/bin/sh\npueue kill 7\n")
    commit(repository)
    git(repository, "checkout", "-q", "topic")
    assert lines(run, "--diff-base", "main") == [("b.sh", 1)]


@pytest.mark.parametrize(
    "name", ["ä b.sh", 'q"uote.sh', "back\\slash.sh", "new\nline.sh", "tab\t.sh", "😀.sh"]
)
def test_strange_names_untracked_and_changed(name: str, run: Run, repository: Path) -> None:
    (repository / name).write_text(KILL + "echo\n")
    assert lines(run, "--diff-base", "HEAD") == [(name, 1)]
    commit(repository)
    assert lines(run, "--diff-base", "HEAD") == []
    (repository / name).write_text(KILL + "echo\npueue kill 7\n")
    assert lines(run, "--diff-base", "HEAD") == [(name, 3)]


def test_a_renamed_file_is_not_new(run: Run, repository: Path) -> None:
    git(repository, "mv", "a.sh", "b.sh")
    assert lines(run, "--diff-base", "HEAD") == []
    (repository / "b.sh").write_text((repository / "b.sh").read_text() + "pueue kill 7\n")
    assert lines(run, "--diff-base", "HEAD") == [("b.sh", 5)]


def test_ignored_files_count_as_new(run: Run, repository: Path) -> None:
    (repository / ".gitignore").write_text("b.sh\n")
    (repository / "b.sh").write_text(KILL)
    assert lines(run, "--diff-base", "HEAD", "b.sh") == [("b.sh", 1)]


def test_a_related_place_counts(run: Run, repository: Path) -> None:
    code = "from pathlib import Path\n\n\ndef drop(p: Path) -> None:\n    if not p.{}:\n        return\n    print(1)\n    p.unlink()\n"
    (repository / "b.py").write_text(code.format("is_dir()"))
    commit(repository)
    (repository / "b.py").write_text(code.format("exists()"))
    assert lines(run, "--diff-base", "HEAD") == [("b.py", 8)]


def test_a_changed_line_of_the_statement_counts_and_a_deleted_one(run: Run, repository: Path) -> None:
    (repository / "b.sh").write_text("pueue kill \\\n    42\npueue restart \\\n    -i \\\n    7\n")
    commit(repository)
    (repository / "b.sh").write_text("pueue kill \\\n    43\npueue restart \\\n    7\n")
    found = lines(run, "--diff-base", "HEAD", "b.sh")
    assert set(found) == {("b.sh", 1), ("b.sh", 3)}  # a command stands where it begins


def test_content_that_looks_like_a_patch_and_missing_newlines(run: Run, repository: Path) -> None:
    (repository / "b.sh").write_text(": '\n-- a/a.sh\n++ b/a.sh\n@@ -1 +1 @@\n'\n" + KILL.strip())
    commit(repository)
    (repository / "b.sh").write_text(": '\n-- a/a.sh \n++ b/a.sh \n@@ -1 +2 @@ \n'\n" + KILL + "pueue kill 7")
    assert lines(run, "--diff-base", "HEAD") == [("b.sh", 6), ("b.sh", 7)]
    (repository / "b.sh").write_bytes(b"echo\r\npueue kill 42\r\n")
    commit(repository)
    (repository / "b.sh").write_bytes(b"echo\r\npueue kill 42\r\npueue kill 7\r\n")
    assert lines(run, "--diff-base", "HEAD") == [("b.sh", 3)]


def test_below_a_folder_and_outside_of_it(run: Run, repository: Path) -> None:
    (repository / "deep").mkdir()
    (repository / "deep" / "c.sh").write_text(KILL)
    done = run(
        "check", "--isolated", "--diff-base", "HEAD", "--output-format", "concise", cwd=repository / "deep"
    )
    assert done.stdout.startswith("c.sh:1:")


def test_text_on_stdin_is_compared_with_the_committed_file(run: Run, repository: Path) -> None:
    text = (repository / "a.sh").read_text() + "pueue kill 7\n"
    options = ("--diff-base", "HEAD", "--stdin-filename")
    assert lines(run, *options, "a.sh", "-", stdin=text) == [("a.sh", 5)]
    assert lines(run, *options, "new.sh", "-", stdin=KILL) == [("new.sh", 1)]


def test_fixes_touch_changed_lines_only_and_the_rest_stays_hidden(run: Run, repository: Path) -> None:
    bad = "def drop{}(p: Path) -> None:\n    if p.exists():\n        p.unlink()\n"
    head = "from pathlib import Path\n\n\n"
    (repository / "b.py").write_text(head + bad.format(1))
    commit(repository)
    (repository / "b.py").write_text(head + bad.format(0) + "\n\n" + bad.format(1))
    assert run("check", "--isolated", "--diff-base", "HEAD", "--diff").stdout.count("missing_ok") == 1
    assert run("check", "--isolated", "--diff-base", "HEAD", "--fix").returncode == 0
    text = (repository / "b.py").read_text()
    assert text.count("missing_ok") == 1 and bad.format(1) in text


def test_a_submodule_is_compared_with_what_it_was(run: Run, repository: Path, tmp_path_factory: Any) -> None:
    library = tmp_path_factory.mktemp("library")
    git(library, "init", "-q")
    (library / "l.sh").write_text(KILL)
    commit(library)
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "sub")
    assert lines(run, "--diff-base", "HEAD") == [("sub/l.sh", 1)]
    commit(repository)
    assert lines(run, "--diff-base", "HEAD") == []
    (repository / "sub" / "l.sh").write_text(KILL + "pueue kill 7\n")
    assert lines(run, "--diff-base", "HEAD") == [("sub/l.sh", 2)]


def test_nothing_is_checked_out_or_written(run: Run, repository: Path) -> None:
    (repository / "a.sh").write_text(KILL)
    before = {p: p.stat().st_mtime_ns for p in (repository / ".git").rglob("*")}
    lines(run, "--diff-base", "HEAD")
    assert {p: p.stat().st_mtime_ns for p in (repository / ".git").rglob("*")} == before


@pytest.mark.parametrize(
    ("revision", "hint"),
    [("no-such-branch", "does not know this revision"), ("-n", "is no revision"), ("", "name a branch")],
)
def test_errors_of_the_revision(revision: str, hint: str, run: Run, repository: Path) -> None:
    done = run("check", "--isolated", f"--diff-base={revision}")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "--diff-base" in line and hint in line


def test_errors_of_the_surroundings(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.sh").write_text(KILL)
    done = run("check", "--isolated", "--diff-base", "HEAD")
    assert done.returncode == 2 and "in no git repository" in done.stderr
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "--orphan", "other")
    commit(tmp_path, "another beginning")
    done = run("check", "--isolated", "--diff-base", "main")
    assert done.returncode == 2 and "no common ancestor" in done.stderr
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("check", "--isolated", "--diff-base", "HEAD")
    assert done.returncode == 2 and "`git` is not there" in done.stderr
