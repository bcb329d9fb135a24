"""`--add-suppressions`: after it the same check is silent, files still parse, a second run changes nothing."""

from __future__ import annotations

import ast
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Run = Callable[..., "subprocess.CompletedProcess[str]"]
OPTIONS = ("check", "--isolated", "--output-format", "json")
IGNORE = "# jobsafety: ignore"

CASES = {
    "a.sh": ("#!/bin/sh\npueue kill 42\n", f"#!/bin/sh\npueue kill 42  {IGNORE}[hardcoded-task-id]\n"),
    "several.sh": (
        "pueue restart 42\n",
        f"pueue restart 42  {IGNORE}[hardcoded-task-id, restart-creates-new-task]\n",
    ),
    "extended.sh": (
        f"pueue restart 42  {IGNORE}[hardcoded-task-id] by hand\n",
        f"pueue restart 42  {IGNORE}[hardcoded-task-id, restart-creates-new-task] by hand\n",
    ),
    "extended_above.sh": (
        f"if true; then\n    {IGNORE}[JOB301] by hand\n    pueue restart \\\n        42\nfi\n",
        f"if true; then\n    {IGNORE}[JOB301, restart-creates-new-task] by hand\n    pueue restart \\\n        42\nfi\n",
    ),
    "other_comment.sh": (
        "pueue kill 42  # by hand\n",
        f"pueue kill 42  # by hand  {IGNORE}[hardcoded-task-id]\n",
    ),
    "continued.sh": (
        "if true; then\n    pueue kill \\\n        42\nfi\n",
        f"if true; then\n    {IGNORE}[hardcoded-task-id]\n    pueue kill \\\n        42\nfi\n",
    ),
    "in_a_chain.sh": (
        "true && \\\n    pueue kill 42 && \\\n    echo\n",
        f"{IGNORE}[hardcoded-task-id]\ntrue && \\\n    pueue kill 42 && \\\n    echo\n",
    ),
    "document.sh": (
        "ssh h bash -s <<'EOF'\npueue kill 42\nEOF\n",
        f"{IGNORE}[hardcoded-task-id]\nssh h bash -s <<'EOF'\npueue kill 42\nEOF\n",
    ),
    "in_a_string.sh": (
        "bash -c '\n  pueue kill 42\n'\n",
        f"{IGNORE}[hardcoded-task-id]\nbash -c '\n  pueue kill 42\n'\n",
    ),
    "p.py": (
        "from pathlib import Path\n\n\ndef drop(p: Path) -> None:\n    if p.exists():\n        p.unlink()\n",
        f"from pathlib import Path\n\n\ndef drop(p: Path) -> None:\n    if p.exists():\n        p.unlink()  {IGNORE}[check-then-delete]\n",
    ),
    "in_a_string.py": (
        'import subprocess\n\nsubprocess.run(\n    """\n    pueue kill 42\n    """,\n    shell=True,\n)\n',
        f'import subprocess\n\n{IGNORE}[hardcoded-task-id]\nsubprocess.run(\n    """\n    pueue kill 42\n    """,\n    shell=True,\n)\n',
    ),
    "mise.toml": (
        "[tasks.a]\nrun = '''\necho\npueue kill 42\n'''\n\n[tasks.b]\nrun = \"pueue kill 42\"\n",
        f"[tasks.a]\nrun = '''\necho\npueue kill 42  {IGNORE}[hardcoded-task-id]\n'''\n\n[tasks.b]\nrun = \"pueue kill 42\"  {IGNORE}[hardcoded-task-id]\n",
    ),
    ".github/workflows/w.yml": (
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          echo\n          pueue kill 42\n      - run: pueue kill 42\n",
        f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          echo\n          pueue kill 42  {IGNORE}[hardcoded-task-id]\n      - run: pueue kill 42  {IGNORE}[hardcoded-task-id]\n",
    ),
    "Makefile": ("all:\n\tpueue kill 42\n", f"all:\n\tpueue kill 42  {IGNORE}[hardcoded-task-id]\n"),
    "x.service": (
        "[Service]\nExecStart=/bin/x\nMemoryMax=12G\n",
        f"[Service]\nExecStart=/bin/x\n{IGNORE}[memorymax-without-swapmax]\nMemoryMax=12G\n",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_comment_stands_where_the_language_allows(name: str, run: Run, tmp_path: Path) -> None:
    before, after = CASES[name]
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(before)
    assert json.loads(run(*OPTIONS, ".").stdout)["findings"]
    done = run(*OPTIONS, "--add-suppressions", ".")
    assert file.read_text() == after
    assert json.loads(done.stdout)["findings"] == [], done.stderr
    assert done.returncode == 0
    assert json.loads(run(*OPTIONS, ".").stdout)["findings"] == []
    run(*OPTIONS, "--add-suppressions", ".")
    assert file.read_text() == after
    if name.endswith(".py"):
        ast.parse(after)
    elif name.endswith(".yml"):
        yaml.safe_load(after)


def test_the_reason_and_the_number_are_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("pueue kill 42\npueue kill 43\n")
    done = run("check", "--isolated", "--add-suppressions", "--reason", "set up by\nhand", ".")
    assert "2 findings suppressed by comments in 1 file\n" in done.stderr
    assert (tmp_path / "a.sh").read_text().splitlines() == [
        f"pueue kill {n}  {IGNORE}[hardcoded-task-id] set up by hand" for n in (42, 43)
    ]
    assert run("check", "--reason", "x").returncode == 2


def test_a_long_line_gets_it_above(run: Run, tmp_path: Path) -> None:
    line = f"pueue kill 42 && echo {'x' * 90}\n"
    (tmp_path / "a.sh").write_text(line)
    run(*OPTIONS, "--add-suppressions", ".")
    assert (tmp_path / "a.sh").read_text() == f"{IGNORE}[hardcoded-task-id]\n{line}"


def test_where_no_comment_can_be_put_it_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n")
    done = run(*OPTIONS, "--add-suppressions", ".")
    assert "broken.py:1: no comment can be put for unread-source" in done.stderr
    assert "`per-file-ignores`" in done.stderr
    assert (tmp_path / "broken.py").read_text() == "def f(:\n"
    assert done.returncode == 1


def test_only_what_is_shown_gets_a_comment(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("pueue restart 42\n")
    run(*OPTIONS, "--select", "JOB301", "--add-suppressions", ".")
    assert (tmp_path / "a.sh").read_text() == f"pueue restart 42  {IGNORE}[hardcoded-task-id]\n"


def test_with_fix_the_rest_gets_the_comment_and_with_diff_nothing_is_written(
    run: Run, tmp_path: Path
) -> None:
    text = 'pueue kill 42\ncp x "~/y"\n'
    (tmp_path / "a.sh").write_text(text)
    done = run("check", "--isolated", "--fix", "--add-suppressions", "--diff", ".")
    assert done.returncode == 1
    assert f"+pueue kill 42  {IGNORE}[hardcoded-task-id]\n" in done.stdout
    assert '+cp x "$HOME/y"\n' in done.stdout
    assert (tmp_path / "a.sh").read_text() == text
    done = run("check", "--isolated", "--fix", "--add-suppressions", ".")
    assert (tmp_path / "a.sh").read_text() == f'pueue kill 42  {IGNORE}[hardcoded-task-id]\ncp x "$HOME/y"\n'
    assert done.returncode == 0


def test_encodings_line_endings_and_modes_stay(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    data = "# -*- coding: latin-1 -*-\r\nimport os\r\n# é\r\nos.system('pueue kill 42')\r\n".encode("latin-1")
    file.write_bytes(data)
    file.chmod(0o750)
    run(*OPTIONS, "--add-suppressions", ".")
    comment = f"  {IGNORE}[hardcoded-task-id]".encode()
    assert file.read_bytes() == data.replace(b"42')", b"42')" + comment)
    assert file.stat().st_mode & 0o777 == 0o750


def test_text_on_stdin(run: Run) -> None:
    done = run(
        "check", "--isolated", "--add-suppressions", "--stdin-filename", "a.sh", "-", stdin="pueue kill 42\n"
    )
    assert done.stdout == f"pueue kill 42  {IGNORE}[hardcoded-task-id]\n"


def test_findings_of_the_project_get_theirs_too(run: Run, tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "rules" / "checkpoint_name_missing_param.md").read_text()
    code = page.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "a.py").write_text(code)
    before: dict[str, Any] = json.loads(run(*OPTIONS, ".").stdout)
    assert {f["code"] for f in before["findings"]} >= {"JOB201"}
    done = run(*OPTIONS, "--add-suppressions", ".")
    assert json.loads(done.stdout)["findings"] == [], done.stderr
