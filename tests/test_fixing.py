"""Fixes: what they leave alone, what they refuse, and that the patch of `--diff` is one."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobsafety_lint import fix
from jobsafety_lint.source import SourceFile
from jobsafety_lint.testing import without_marks
from pages import Block, blocks

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Findings = Callable[..., list[dict[str, Any]]]

DROP = "from pathlib import Path\n\n\ndef drop(p: Path) -> None:\n    if p.exists():\n        p.unlink()\n"
DROPPED = DROP.replace("if p.exists():\n        p.unlink()", "p.unlink(missing_ok=True)")


# --- the pages' examples, against a second implementation of "apply the edits" ------------------------------------------


def edited(text: str, found: list[dict[str, Any]], path: str) -> str:
    """The text with the edits of all fixes, first come first served."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    taken: list[tuple[int, int, str]] = []
    for finding in found:
        if not finding["fix"] or finding["path"] != path:
            continue
        edits = {
            (
                starts[e["line"] - 1] + e["column"] - 1,
                starts[e["end_line"] - 1] + e["end_column"] - 1,
                e["text"],
            )
            for e in finding["fix"]["edits"]
        }
        if not any(
            (a < d and c < b) or ((a == b or c == d) and a <= d and c <= b)
            for a, b, _ in edits
            for c, d, _ in taken
        ):
            taken += edits
    for start, end, new in sorted(taken, reverse=True):
        text = text[:start] + new + text[end:]
    return text


@pytest.mark.parametrize("block", [b for b in blocks() if b.expected], ids=str)
def test_fixes_of_the_pages_change_only_what_their_edits_say(block: Block, findings: Findings) -> None:
    texts = {name: without_marks(text) for name, text in block.files.items()}
    options = ("--no-cache", "--pedantic")
    expected = dict(texts)
    for _ in range(10):
        found = findings(expected, *options)
        expected = {name: edited(text, found, name) for name, text in expected.items()}
        if not any(f["fix"] for f in found):
            break
    left = findings(texts, *options, "--fix", "--unsafe-fixes")
    got = {name: Path(name).read_text(encoding="utf-8") for name in texts}
    assert got == expected
    assert not any(f["fix"] for f in left)
    for name, text in got.items():
        if name.endswith(".py") and block.stem != "unread_source":
            ast.parse(text)
        elif name.endswith((".yml", ".yaml")):
            yaml.safe_load(text)
        elif name.endswith(".sh"):
            was, now = (
                subprocess.run(["bash", "-n"], input=t, text=True, capture_output=True, check=False)
                for t in (texts[name], text)
            )
            assert now.returncode == 0 or was.returncode != 0, now.stderr
    unread = [f for f in left if f["code"] == "JOB001"]
    assert len(unread) == sum(code == "JOB001" for code, _, _ in block.expected)


# --- bytes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "encoding"),
    [("", "utf-8-sig"), ("# -*- coding: latin-1 -*-\n# é\n", "latin-1"), ("# ä 😀\n", "utf-8")],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_and_line_endings_stay(
    head: str, encoding: str, newline: str, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "b.py"
    file.write_bytes((head + DROP).replace("\n", newline).encode(encoding))
    run("check", "--isolated", "--fix", "b.py")
    assert file.read_bytes() == (head + DROPPED).replace("\n", newline).encode(encoding)


def test_mixed_line_endings_stay_as_they_are(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "b.py"
    before = (
        DROP.replace("Path\n", "Path\r\n", 1).replace("exists():\n", "exists():\r\n")
        + "print(1)\r\nprint(2)\n"
    )
    file.write_bytes(before.encode())
    run("check", "--isolated", "--fix", "b.py")
    lines = file.read_bytes().split(b"\n")
    assert lines[0] == b"from pathlib import Path\r"
    assert lines[3:] == [
        b"def drop(p: Path) -> None:",
        b"    p.unlink(missing_ok=True)\r",
        b"print(1)\r",
        b"print(2)",
        b"",
    ]


def test_a_link_stays_a_link_and_the_mode_stays(run: Run, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    real = tmp_path / "deep" / "b.py"
    real.write_text(DROP)
    real.chmod(0o640)
    (tmp_path / "link.py").symlink_to("deep/b.py")
    run("check", "--isolated", "--fix", "link.py")
    assert (tmp_path / "link.py").is_symlink()
    assert real.read_text() == DROPPED
    assert real.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["b.py"]


def test_a_file_that_cannot_be_written_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "b.py"
    file.write_text(DROP)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        fix.write(SourceFile("b.py", DROP, location_on_disk=file), b"new")
    assert file.read_text() == DROP
    assert [p.name for p in tmp_path.iterdir()] == ["b.py"]


def test_stdin_keeps_its_bytes(tmp_path: Path) -> None:
    import sys

    data = DROP.replace("\n", "\r\n").encode()
    done = subprocess.run(
        [sys.executable, "-m", "jobsafety_lint", "check", "--isolated", "--fix", "--stdin-filename", "b.py", "-"],
        input=data, capture_output=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout == DROPPED.replace("\n", "\r\n").encode()


# --- patches -------------------------------------------------------------------------------------------------------------


@pytest.mark.tool("git")
@pytest.mark.parametrize("name", ["b.py", "a b.py", "ä😀.py", 'q"\\.py', "deep/tab\t.py"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_git_takes_the_patch(name: str, ending: str, run: Run, tmp_path: Path) -> None:
    newline = ending or "\n"
    data = DROP.replace("\n", newline).encode()
    data = data if ending else data.rstrip(b"\n")
    file = tmp_path / "repo" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    import sys

    command = [sys.executable, "-m", "jobsafety_lint", "check", "--isolated", "--diff", "."]
    repo = tmp_path / "repo"
    patch = subprocess.run(command, cwd=repo, capture_output=True, check=False).stdout
    assert file.read_bytes() == data
    git = ["git", "-c", "core.autocrlf=false"]
    for words in (["init", "-q"], ["apply", "--check", "-"], ["apply", "-"]):
        subprocess.run([*git, *words], cwd=repo, input=patch, check=True, capture_output=True)
    expected = DROPPED.replace("\n", newline).encode()
    assert file.read_bytes() == (expected if ending else expected.rstrip(b"\n"))


@pytest.mark.tool("git")
def test_the_patch_holds_all_rounds_and_the_files_own_encoding(run: Run, tmp_path: Path) -> None:
    text = "# -*- coding: latin-1 -*-\nimport os\n# é\n\n\ndef f(p, q):\n    if os.path.exists(p):\n        os.remove(p)\n    # è\n    if os.path.exists(q):\n        os.remove(q)\n"
    (tmp_path / "b.py").write_bytes(text.encode("latin-1"))
    import sys

    command = [sys.executable, "-m", "jobsafety_lint", "check", "--isolated", "--unsafe-fixes", "--diff", "."]
    patch = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).stdout
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch, check=True)
    after = (tmp_path / "b.py").read_bytes().decode("latin-1")
    assert after.count("contextlib.suppress") == 2
    assert "# é" in after and "# è" in after


# --- what is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mise.toml", "[tasks.a]\nrun = \"cp x '~/y'\"\n"),  # needs `"` in a basic string
        ("p.py", "import subprocess\n\nsubprocess.run(\"cp x '~/y'\", shell=True)\n"),
        ("Makefile", "all:\n\tcp x '~/y'\n"),  # needs `$`, which make takes
        ("crontab", "0 3 * * * bash -c \"cp x '~/y'\"\n"),
        ("a.sh", "bash -c \"cp x '~/y'\"\n"),  # `$HOME` would be expanded by the outer shell
        ("b.sh", 'ssh h cp x \\"~/y\\"\n'),
    ],
)
def test_what_the_host_cannot_hold_gets_no_fix(name: str, text: str, findings: Findings) -> None:
    found = findings({name: text}, "--select", "JOB606")
    assert [f["fix"] for f in found] == [None]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.sh", 'cmd="set -o pipefail; git log | head -5 > y"\nbash -c "$cmd"\n'),
        ("b.sh", "REMOTE='set -euo pipefail\nif git log | grep -q x; then ./y; fi'\nssh h \"$REMOTE\"\n"),
        ("p.py", "import os\n\nHEAD, BODY = 'set -o pipefail; ', 'if git log | grep -q x; then ./y; fi'\nos.execvp('bash', ['bash', '-c', f'{HEAD}{BODY}'])\n"),
    ],
)  # fmt: skip
def test_beside_a_variable_whose_value_stands_elsewhere_there_is_no_fix(
    name: str, text: str, findings: Findings
) -> None:
    found = findings({name: text}, "--select", "JOB401", "--pedantic")
    assert found
    assert [f["fix"] for f in found] == [None] * len(found)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("mise.toml", "[tasks.a]\nrun = 'cp x \"~/y\"'\n", "[tasks.a]\nrun = 'cp x \"$HOME/y\"'\n"),
        ("p.py", "import os\n\nos.system('cp x \"~/y\"')\n", "import os\n\nos.system('cp x \"$HOME/y\"')\n"),
        ("a.sh", "bash -c 'cp x \"~/y\"'\n", "bash -c 'cp x \"$HOME/y\"'\n"),
        ("Makefile", "all:\n\t[ -e x.json ] && rm x.json\n", "all:\n\trm -f x.json\n"),
        ("Dockerfile", "FROM x\nRUN cp x '~/y' && ls\n", 'FROM x\nRUN cp x "$HOME/y" && ls\n'),
    ],
)
def test_what_the_host_can_hold_is_fixed(
    name: str, before: str, after: str, findings: Findings, tmp_path: Path
) -> None:
    assert findings({name: before}, "--select", "JOB606,JOB101", "--fix") == []
    assert (tmp_path / name).read_text() == after


@pytest.mark.parametrize(
    "text",
    [
        'if mkdir "$lock" 2>/dev/null; then echo mine; fi\n',
        'if [ ! -d "$1" ] && mkdir "$1"; then echo mine; fi\n',
        'if [ -d "$1" ]; then exit 0; fi\nif mkdir "$1" 2>/dev/null; then echo mine; fi\n',
        "if [ -e x.json ] && rm x.json; then echo mine; fi\n",
        "while [ -e x.json ] && rm x.json; do echo again; done\n",
        "[ -e x.json ] && rm x.json && ./run\n",
        '[ -d "$lockdir" ] || mkdir "$lockdir"\n',
    ],
)
def test_what_decides_who_was_first_is_never_touched(text: str, findings: Findings, tmp_path: Path) -> None:
    findings({"a.sh": "#!/bin/bash\n" + text}, "--pedantic", "--fix", "--unsafe-fixes", "--ignore", "JOB103")
    assert (tmp_path / "a.sh").read_text() == "#!/bin/bash\n" + text


def test_no_comment_is_lost(findings: Findings, tmp_path: Path) -> None:
    files = {
        "a.sh": "if [ -e x.json ]; then\n    # the old one\n    rm x.json\nfi\n",
        "b.py": "from pathlib import Path\n\n\ndef drop(p: Path) -> None:\n    if p.exists():  # not always\n        p.unlink()\n",
    }
    found = findings(files, "--fix", "--unsafe-fixes")
    assert [(f["path"], f["fix"]) for f in found] == [("a.sh", None), ("b.py", None)]
    assert {name: (tmp_path / name).read_text() for name in files} == files


def test_a_fix_that_breaks_the_file_is_left_out_and_the_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jobsafety_lint import engine, fixing
    from jobsafety_lint.model import Edit, Fix, Location
    from jobsafety_lint.workspace import Workspace

    monkeypatch.chdir(tmp_path)
    Path("b.py").write_text(DROP + "\n\n" + DROP.partition("\n\n\n")[2].replace("drop", "again"))
    tasks, _ = Workspace().tasks(["b.py"])
    found = engine.run(tasks, engine.Options())
    first, second = found.findings
    from dataclasses import replace

    broken = Fix("break it", (Edit(Location("b.py", 4, 1, 4, 4), "dfe("),), safe=True)
    report = replace(found, findings=(replace(first, fix=broken), second))
    fixing.until_stable(
        tasks, report, lambda some: engine.run(some, engine.Options()), unsafe=False, write=True
    )
    ast.parse(Path("b.py").read_text())
    assert (
        Path("b.py").read_text().count("missing_ok") == 2
    )  # the real fix of the first comes in the second round


@pytest.mark.parametrize(
    ("head", "after"),
    [
        ("import os\nimport sys\n", "import contextlib\nimport os\nimport sys\n"),
        ("import ast\nimport os\n", "import ast\nimport contextlib\nimport os\n"),
        (
            '"""\nimport contextlib\n"""\n\nimport os\n',
            '"""\nimport contextlib\n"""\n\nimport contextlib\nimport os\n',
        ),
        (
            "from __future__ import annotations\n\nfrom a import b\nimport os\n",
            "from __future__ import annotations\n\nimport contextlib\nfrom a import b\nimport os\n",
        ),
        ("import os, contextlib\n", "import os, contextlib\n"),
    ],
)
def test_an_import_goes_among_the_imports(head: str, after: str, findings: Findings, tmp_path: Path) -> None:
    code = "\n\ndef drop(p):\n    if os.path.exists(p):\n        os.remove(p)\n"
    assert findings({"b.py": head + code}, "--fix", "--unsafe-fixes") == []
    text = (tmp_path / "b.py").read_text()
    assert text.partition("\n\ndef")[0] == after
    assert "with contextlib.suppress(FileNotFoundError):\n        os.remove(p)" in text


def test_the_finding_says_why_a_fix_is_unsafe(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text('pueue restart "$1"\n')
    assert "= unsafe: the log of the failed run is overwritten" in run("check", "--isolated").stdout
    assert "Unsafe: in place, the log of the failed run is overwritten" in run("rule", "JOB305").stdout
    shown = json.loads(run("rule", "JOB305", "--output-format", "json").stdout)
    assert shown["unsafe_because"].startswith("the log")
    (tmp_path / "a.sh").write_text("id=$(pueue add -- ./x.sh)\npueue wait $id\n")
    text = run("check", "--isolated", "--select", "JOB315").stdout
    assert "(`--fix`)" in text and "unsafe:" not in text
