"""Every host of shell text in one table: the shell and strict mode that it gives, and where the findings stand.

Each text holds three commands. JOB301 is a finding in any shell, JOB323 only under errexit (or where the host itself ends
with the first command that fails), JOB401 only under pipefail: so the findings say which mode the rules have seen.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobsafety_lint import discover
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.reading import read_facts
from jobsafety_lint.model import Span
from jobsafety_lint.source import Source, SourceFile, is_hole

KILL, ADD, HEAD = "pueue kill 42", "pueue group add fast", "head -1"
FIRST_LINE = f"git log -p | {HEAD}"
SCRIPT = f"{KILL}\n{ADD}\n{FIRST_LINE}\n"
ONE_LINE = f"{KILL}; {ADD}; {FIRST_LINE}"
CODES = {"JOB301": KILL, "JOB323": ADD, "JOB401": HEAD}


@dataclasses.dataclass(frozen=True)
class Row:
    """A host: a file with the three commands, the mode in which they run, and the rules that find something.

    `written`: how the commands stand in the host where an escape or a list separates them, by rule.
    """

    name: str
    path: str
    text: str
    shell: str
    errexit: bool = False
    pipefail: bool = False
    codes: str = ""
    written: tuple[tuple[str, str], ...] = ()

    def places(self) -> list[tuple[str, str]]:
        spelled = {**CODES, **dict(self.written)}
        return [(code, spelled[code]) for code in self.codes.split()]


def lines(indent: str, text: str = SCRIPT) -> str:
    return "".join(f"{indent}{line}\n" for line in text.splitlines())


def quoted(text: str) -> str:
    return json.dumps(text)


ALL, NO_PIPEFAIL, PLAIN = "JOB301 JOB323 JOB401", "JOB301 JOB323", "JOB301"
STRICT = 'shell = "bash -eo pipefail -c"\n'
TABLE = (
    Row("script", "a.sh", f"#!/bin/bash -e\nset -o pipefail\n{SCRIPT}", "bash", True, True, ALL),
    Row("mise string", "mise.toml", f'[tasks.é]\nrun = "{ONE_LINE}"\n', "sh", True, False, NO_PIPEFAIL),
    Row("mise escapes", "mise.toml", f'tasks.a = "\\u00e9 \\t \\"x\\"\\n{ONE_LINE}"\n', "sh", True, False, NO_PIPEFAIL),
    Row("mise lines", "mise.toml", f'[tasks.a]\n{STRICT}run = """\n{SCRIPT}"""\n', "bash", True, True, ALL),
    Row("mise shebang", "mise.toml", f"[tasks.a]\nrun = '''\n#!/bin/bash\n{SCRIPT}'''\n", "bash", codes=PLAIN),
    Row("mise array", "mise.toml", f'[tasks.a]\n{STRICT}run = ["{KILL}", "{ADD}", "{FIRST_LINE}"]\n', "bash", True, True, ALL),
    Row("mise tables", "mise.toml", f'[tasks.a]\nrun = [{{ task = "b" }}, "{ONE_LINE}"]\n', "sh", True, False, NO_PIPEFAIL),
    Row("mise task file", ".mise/tasks/x.toml", f'[a]\nrun = "{ONE_LINE}"\n', "sh", True, False, NO_PIPEFAIL),
    Row("mise file task", "mise-tasks/a", f"#!/usr/bin/env bash\n#MISE dir='x'\n{SCRIPT}", "bash", codes=PLAIN),
    Row("workflow", ".github/workflows/a.yml",
        f"jobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n{lines('          ')}", "bash", True, False, NO_PIPEFAIL),
    Row("workflow bash", ".github/workflows/a.yml",
        f"jobs:\n  a:\n    runs-on: x\n    steps:\n      - shell: bash\n        run: >-\n{lines('          ', ONE_LINE)}",
        "bash", True, True, ALL),
    Row("workflow container", ".github/workflows/a.yml",
        f"jobs:\n  a:\n    container: x\n    steps:\n      - run: {quoted(SCRIPT)}\n", "sh", True, False, NO_PIPEFAIL),
    Row("composite action", "action.yml",
        f"runs:\n  using: composite\n  steps:\n    - shell: bash {{0}}\n      run: '{ONE_LINE}'\n", "bash", codes=PLAIN),
    Row("gitlab", ".gitlab-ci.yml", f"a:\n  script:\n    - {KILL}\n    - '{ADD}'\n    - {quoted(FIRST_LINE)}\n", "bash", True, True, ALL),
    Row("makefile", "Makefile", f"a:\n\t@echo $$x; {KILL}\n\t{ADD}\n\t{FIRST_LINE}\n", "sh", codes=NO_PIPEFAIL),
    Row("makefile flags", "Makefile", f"SHELL := /bin/bash\n.SHELLFLAGS = -eo pipefail -c\na:\n{lines(chr(9))}", "bash", True, True, ALL),
    Row("makefile one shell", "Makefile", f".ONESHELL:\n.SHELLFLAGS := -ec\na:\n{lines(chr(9))}", "sh", True, False, NO_PIPEFAIL),
    Row("dockerfile", "Dockerfile", f"FROM x\nRUN {KILL} \\\n # c\n && {ADD} && {FIRST_LINE}\n", "sh", codes=NO_PIPEFAIL),
    Row("dockerfile shell", "Dockerfile", f'FROM x\nSHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN {ONE_LINE}\n', "bash", True, True, ALL),
    Row("dockerfile exec", "Dockerfile", f'FROM x\nRUN ["bash", "-ec", "{ONE_LINE}"]\n', "bash", True, False, NO_PIPEFAIL),
    Row("dockerfile heredoc", "Dockerfile", f"FROM x\nRUN <<E\nset -e\n{SCRIPT}E\n", "sh", True, False, NO_PIPEFAIL),
    Row("unit", "a.service", f"[Service]\nWorkingDirectory=/srv\nExecStart=/usr/bin/{KILL}\n", "", codes=PLAIN, written=(("JOB301", f"/usr/bin/{KILL}"),)),
    Row("unit shell", "a.service", f"[Service]\nExecStart=/bin/bash -eo pipefail -c '{ONE_LINE}'\n", "bash", True, True, ALL),
    Row("crontab", "crontab", f"5 4 * * * echo 50\\% ; {ONE_LINE}\n", "sh", codes=PLAIN),
    Row("justfile", "justfile", f"a x:\n    @echo {{{{x}}}}; {KILL}\n    {ADD}\n    {FIRST_LINE}\n", "sh", codes=NO_PIPEFAIL),
    Row("justfile shebang", "justfile", f"a:\n    #!/bin/bash\n    set -eo pipefail\n{lines('    ')}", "bash", True, True, ALL),
    Row("python list", "a.py", "import subprocess\nsubprocess.run(['pueue', 'kill', '42'])\n", "", codes=PLAIN,
        written=(("JOB301", "subprocess.run(['pueue', 'kill', '42'])"),)),
    Row("python string", "a.py", f"import subprocess\nsubprocess.run('''set -e\n\\t{ONE_LINE}''', shell=True)\n", "sh", True, False, NO_PIPEFAIL),
    Row("python bash", "a.py", f"import subprocess\nsubprocess.run(['bash', '-eo', 'pipefail', '-c', f'echo {{x}};' '{ONE_LINE}'])\n", "bash", True, True, ALL),
    Row("os.system", "a.py", f"import os\nos.system('{ONE_LINE}')\n", "sh", codes=PLAIN),
    Row("asyncio", "a.py", f"import asyncio\nasync def f():\n    await asyncio.create_subprocess_shell('{ONE_LINE}')\n", "sh", codes=PLAIN),
    Row("fabric", "a.py", f"from fabric import Connection\nConnection('h').run('{ONE_LINE}')\n", "bash", codes=PLAIN),
    Row("paramiko", "a.py", f"import paramiko\nc = paramiko.SSHClient()\nc.exec_command('{ONE_LINE}')\n", "sh", codes=PLAIN),
    Row("invoke", "tasks.py", f"from invoke import task\n@task\ndef a(c):\n    c.run('{ONE_LINE}')\n", "bash", codes=PLAIN),
    Row("ssh here-document", "a.sh", f"#!/bin/bash\nssh h bash -e <<'E'\n{SCRIPT}E\n", "bash", True, False, NO_PIPEFAIL),
    Row("ssh words", "a.sh", f"#!/bin/bash\nset -eo pipefail\nssh h \"echo \\\"\\$x\\\"; {ONE_LINE}\"\n", "sh", codes=PLAIN),
)  # fmt: skip


def commands(path: str, text: str) -> list[Command]:
    kind, dialect = discover.kind_of(Path(path)) or ("shell", "bash")
    facts = read_facts(SourceFile(path, text), kind, dialect, pueue_version=4).facts
    return [fact for fact in facts if isinstance(fact, Command)]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_mode(row: Row) -> None:
    ran = [command for command in commands(row.path, row.text) if command.name == "pueue"]
    assert ran
    modes = {(c.execution.shell, bool(c.execution.errexit), bool(c.execution.pipefail)) for c in ran}
    assert modes == {(row.shell, row.errexit, row.pipefail)}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_findings_at_their_places(row: Row, findings: Callable[..., list[dict[str, Any]]]) -> None:
    found = findings({row.path: row.text}, "--select", "JOB301,JOB323,JOB401", "--no-cache")
    source = Source("", row.text)
    places = [
        (
            f["code"],
            row.text[source.offset(f["line"], f["column"]) : source.offset(f["end_line"], f["end_column"])],
        )
        for f in found
    ]
    assert places == row.places()
