"""A real mise lists the tasks that the linter reads, and runs them in the shells that the linter says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from jobsafety_lint.readers.hosts.mise import read_mise
from jobsafety_lint.source import Source
from mise_tasks import Listed, differences, listed_by_mise, read_by_us

pytestmark = [pytest.mark.tool("mise")]

CONFIG = r'''
[task_config]
includes = ["more.toml", "{{config_root}}/mine", ".mise/tasks"]
dir = "sub"
[env]
GLOBAL = "1"
[vars]
v = "x"
[task_templates.base]
run = "echo base"
dir = "there"
env = { T = "1" }
[tasks]
short = "echo short"
array = ["echo 1", 'echo "it" 2']
[tasks.windows]
run = "echo unix"
run_windows = "dir"
[tasks.only_windows]
run_windows = "dir"
[tasks.script]
file = "scripts/s.sh"
[tasks.escapes]
run = """
#!/usr/bin/env bash
echo "\u00e9\t\\ \
    continued" \"\""
"""
[tasks.literal]
run = QQQ
echo "it's" \
 b \\
QQQ
[tasks.steps]
depends = ["short", "GLOBAL=2 array --fast", ["literal", "x"], { task = "script", args = ["y"] }]
depends_post = "short"
wait_for = ["array"]
run = ["echo one", { task = "windows" }, { tasks = ["short", "literal x"] }, "echo two"]
env = { D = "3" }
dir = "{{config_root}}/other"
shell = "bash -euo pipefail -c"
[[tasks.tables.run]]
task = "short"
[[tasks.tables.run]]
tasks = ["array", "literal"]
[tasks.one_table]
run = { task = "short" }
[tasks."quoted:name"]
run = "echo {{vars.v}} {{ arg(name='x') }} {% if true %}yes{% endif %} {# no #}"
[tasks.'with blank']
hide = true
alias = "w"
run = ["a", "b"]
[tasks.derived]
extends = "base"
[tasks.nothing]
description = "nothing"
'''.replace("QQQ", "'" * 3)
FILES = {
    "mise.toml": CONFIG,
    "more.toml": 'ex1 = "echo ex1"\n[ex2]\nrun = ["a", "b"]\ndepends = "ex1"\n[ex3.env]\nQ = "1"\n[ex3]\nrun = "c"\n',
    ".mise/tasks/tables.toml": '[one]\nrun = "echo one"\n["two:three"]\nrun = [{ task = "one" }, "x"]\n',
    "mine/first.sh": '#!/usr/bin/env bash\n#MISE depends=[\n#MISE  "short",\n#MISE  "array x",\n#MISE ]\n#MISE dir="sub2"\n'
    '#MISE env={A="b"}\n#USAGE arg "<x>"\n#USAGE flag "-c --clean" {\n#USAGE }\necho\n',
    "mine/second": '#!/usr/bin/env bash\n# [MISE] alias="z"\n# [MISE] wait_for="short"\n# MISE depends="array"\n#MISE dir="one"\n#MISE dir="two"\necho\n',
    "mine/program.task.py": "#!/usr/bin/env python3\n#MISE env.A='1'\nprint(1)\n",
    "mine/inner.toml": '[inner]\nrun="k"\n',
    ".mise/tasks/db/plain": "echo no shebang\n",
    ".mise/tasks/db/_default": "#!/bin/sh\necho d\n",
    ".mise/tasks/.hidden": "#!/bin/sh\necho h\n",
    "scripts/s.sh": "#!/bin/sh\necho s\n",
}
MORE = {
    "mise.toml": '[tasks.a]\nrun = "echo a"\n',
    ".config/mise/config.toml": '[tasks.b]\nrun = "echo b"\n',
    ".config/mise/conf.d/x.toml": '[tasks.c]\nrun = "echo c"\n',
    ".mise.toml": '[tasks.d]\nrun = "echo d"\n',
    "mise.local.toml": '[tasks.e]\nrun = "echo e"\n',
    ".mise-tasks/f": "#!/bin/sh\n",
    "mise-tasks/g.sh": "#!/bin/sh\n",
    "mise/tasks/h/i": "#!/bin/sh\n",
    ".config/mise/tasks/j.toml": '[j]\nrun = "echo j"\n',
    "below/mise.toml": '[tasks.k]\nrun = "echo k"\ndir = "{{cwd}}"\n',
    "below/mise-tasks/l": "#!/bin/sh\n",
}


def laid(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644 if path.suffix == ".toml" else 0o755)
    return root


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HOME": str(root),
        "MISE_OFFLINE": "1",
        "MISE_TRUSTED_CONFIG_PATHS": str(root),
    }
    return subprocess.run(
        ["mise", "run", "--quiet", *words],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("files", [FILES, MORE], ids=["forms", "places"])
def test_the_same_tasks(files: dict[str, str], tmp_path: Path) -> None:
    root = laid(tmp_path, files)
    assert list(differences(root)) == []
    assert len(listed_by_mise(root)) > 10


def test_a_difference_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = laid(tmp_path, {"mise.toml": '[tasks.a]\nrun = "echo a"\n'})
    theirs = {("mise.toml", "a"): Listed("a", ("echo b",), "."), ("mise.toml", "c"): Listed("c")}
    monkeypatch.setattr("mise_tasks.listed_by_mise", lambda _: theirs)
    assert len(list(differences(root))) == 2
    assert read_by_us(root)["mise.toml", "a"].runs == ("echo a",)


@pytest.mark.parametrize(
    ("more", "written"),
    [
        ("", "sh"),
        ('shell = "bash -c"', "bash"),
        ('shell = "bash -euo pipefail -c"', "bash"),
        ('shell = "dash -c"', "dash"),
    ],
)
@pytest.mark.parametrize("shebang", ["", "#!/bin/bash\n", "#!/usr/bin/env -S bash -eo pipefail\n"])
def test_strict_mode(more: str, written: str, shebang: str, tmp_path: Path) -> None:
    text = f"[tasks.e]\n{more}\nrun = '''{shebang}false\necho on\n'''\n[tasks.p]\n{more}\nrun = '''{shebang}false | true && echo on\n'''\n"
    root = laid(tmp_path, {"mise.toml": text})
    read = read_mise(Source("mise.toml", text), task_file=False).snippets
    assert {snippet.shell for snippet in read} == {"bash" if shebang else written}
    assert ("on" not in run(root, "e").stdout) == read[0].errexit
    assert ("on" not in run(root, "p").stdout) == read[1].pipefail


def test_every_entry_is_a_shell_of_its_own_and_the_first_failure_ends_the_task(tmp_path: Path) -> None:
    text = '[tasks.a]\nrun = ["x=1; echo one$x", "echo two$x", "false", "echo three"]\n'
    assert run(laid(tmp_path, {"mise.toml": text}), "a").stdout == "one1\ntwo\n"


def test_a_script_of_a_task_file_has_no_strict_mode_of_its_own(tmp_path: Path) -> None:
    files = {
        "mise.toml": '[tasks.s]\nfile = "s.sh"\ndir = "sub"\n',
        "s.sh": "#!/bin/sh\nfalse\npwd\n",
        "sub/x": "",
    }
    files["mise-tasks/plain"] = "false\necho on\n"
    root = laid(tmp_path, files)
    assert run(root, "s").stdout.strip() == str(root / "sub")
    assert run(root, "plain").stdout.strip() == "on"


def test_siblings_run_at_once(tmp_path: Path) -> None:
    wait = "for _ in $(seq 100); do [ -e %s ] && exit 0; sleep 0.05; done; exit 1"
    text = (
        f'[tasks.a]\nrun = "touch a; {wait % "b"}"\n[tasks.b]\nrun = "touch b; {wait % "a"}"\n'
        '[tasks.all]\ndepends = ["a", "b"]\n[tasks.row]\nrun = [{ tasks = ["a", "b"] }]\n'
    )
    root = laid(tmp_path, {"mise.toml": text})
    assert run(root, "all").returncode == 0
    (root / "a").unlink()
    (root / "b").unlink()
    assert run(root, "row").returncode == 0
    read = read_mise(Source("mise.toml", text), task_file=False)
    assert [bool(snippet.concurrent) for snippet in read.snippets] == [True, True]
