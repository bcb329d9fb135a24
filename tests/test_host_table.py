"""Every host of shell text in one table: the shell and strict mode that it gives, and where the findings stand.

Each text holds three commands. JOB301 is a finding in any shell, JOB323 only under errexit (or where the host itself ends
with the first command that fails), JOB401 only under pipefail: so the findings say which mode the rules have seen.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
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
    Row("dockerfile", "Dockerfile", f"FROM x\nRUN {KILL} \\\n # c\n && {ADD} && {FIRST_LINE}\n", "sh", codes=PLAIN),
    Row("dockerfile shell", "Dockerfile", f'FROM x\nSHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN {ONE_LINE}\n', "bash", True, True, ALL),
    Row("dockerfile exec", "Dockerfile", f'FROM x\nRUN ["bash", "-ec", "{ONE_LINE}"]\n', "bash", True, False, NO_PIPEFAIL),
    Row("dockerfile heredoc", "Dockerfile", f"FROM x\nRUN <<E\nset -e\n{SCRIPT}E\n", "sh", True, False, NO_PIPEFAIL),
    Row("unit", "a.service", f"[Service]\nWorkingDirectory=/srv\nExecStart=/usr/bin/{KILL}\n", "", codes=PLAIN, written=(("JOB301", f"/usr/bin/{KILL}"),)),
    Row("unit shell", "a.service", f"[Service]\nExecStart=/bin/bash -eo pipefail -c '{ONE_LINE}'\n", "bash", True, True, ALL),
    Row("compose command", "compose.yml", "services:\n  a:\n    command: pueue kill '42' --group=${X}\n", "", codes=PLAIN, written=(("JOB301", "pueue kill '42"),)),
    Row("compose list", "compose.yml", f"services:\n  a:\n    entrypoint: [bash, -eo, pipefail, -c]\n    command:\n      - |\n{lines(' ' * 8)}", "bash", True, True, ALL),
    Row("compose healthcheck", "docker-compose.yml", f"services:\n  a:\n    healthcheck:\n      test: echo $$x; {ONE_LINE}\n", "sh", codes=PLAIN),
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
    Row("paramiko", "a.py", f"import paramiko\nc = paramiko.SSHClient()\nc.exec_command('{ONE_LINE}')\n",
        "bash", codes=PLAIN),
    Row("invoke", "tasks.py", f"from invoke import task\n@task\ndef a(c):\n    c.run('{ONE_LINE}')\n", "bash", codes=PLAIN),
    Row("markdown", "a.md", f"# é\n\n1. list\n\n   ```bash title=x\n{lines('   ', 'set -eo pipefail' + chr(10) + SCRIPT)}   ```\n", "bash", True, True, ALL),
    Row("markdown session", "a.md", f"> ~~~console\n> $ {KILL}\n> pueue kill 43\n> $ {ADD} && \\\n> >   {FIRST_LINE}\n> ~~~\n", "bash", codes=PLAIN),
    Row("markdown python", "a.md", f"```python\nimport os\nos.system('{ONE_LINE}')\n```\n```py\nos.system(\n```\n", "sh", codes=PLAIN),
    Row("ssh here-document", "a.sh", f"#!/bin/bash\nssh h bash -e <<'E'\n{SCRIPT}E\n", "bash", True, False, NO_PIPEFAIL),
    Row("ssh here-document, one word", "a.sh", f"#!/bin/bash\nssh h 'sudo -u x bash -es' <<'E'\n{SCRIPT}E\n", "bash", True, False, NO_PIPEFAIL),
    Row("python constant", "a.py", f"import subprocess\nCODE = \"\"\"\nset -e\n{SCRIPT}\"\"\"\ndef f():\n    subprocess.run(['ssh', 'h', 'bash -s'], input=CODE)\n", "bash", True, False, NO_PIPEFAIL),
    Row("python here-document", "a.sh", f"#!/bin/bash\npython3 - <<'E'\nimport os\nos.system('{ONE_LINE}')\nE\n", "sh", codes=PLAIN),
    Row("ssh words", "a.sh", f"#!/bin/bash\nset -eo pipefail\nssh h \"echo \\\"\\$x\\\"; {ONE_LINE}\"\n", "bash", codes=PLAIN),
)  # fmt: skip


def commands(path: str, text: str) -> list[Command]:
    """The commands of a file in the working directory."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")
    kind, dialect = discover.kind_of(Path(path)) or ("markdown", "")
    facts = read_facts(SourceFile(path, text), kind, dialect, pueue_version=4).facts
    return [fact for fact in facts if isinstance(fact, Command)]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_mode(row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = [command for command in commands(row.path, row.text) if command.name == "pueue"]
    assert ran
    modes = {(c.execution.shell, bool(c.execution.errexit), bool(c.execution.pipefail)) for c in ran}
    assert modes == {(row.shell, row.errexit, row.pipefail)}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_findings_at_their_places(row: Row, findings: Callable[..., list[dict[str, Any]]]) -> None:
    options = ("--select", "JOB301,JOB323,JOB401", "--no-cache", "--config", "markdown = true")
    found = findings({row.path: row.text}, *options)
    source = Source("", row.text)
    places = [
        (
            f["code"],
            row.text[source.offset(f["line"], f["column"]) : source.offset(f["end_line"], f["end_column"])],
        )
        for f in found
    ]
    assert places == row.places()


# --- positions: every character of a snippet stands where the map says -------------------------------------------------

_TEXT = st.text(alphabet="ab1 $%{}()\\\"'#;|&>~é€\t", min_size=1, max_size=20)
_LINES = st.lists(
    _TEXT.filter(lambda text: bool(text.strip()) and text == text.strip()), min_size=1, max_size=4
)


@dataclasses.dataclass(frozen=True)
class Spelling:
    """How a host writes a text of several lines: `write` gives the file, `decode` what a stretch of it stands for."""

    name: str
    path: str
    write: Callable[[list[str]], str]
    decode: Callable[[str], str] = lambda stretch: stretch
    joined: bool = False
    """The lines become one text (else each is a shell of its own)."""


def toml_basic(text: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "é": "\\u00e9"}
    return '"' + "".join(escapes.get(letter, letter) for letter in text) + '"'


def from_toml(stretch: str) -> str:
    return {"\\\\": "\\", '\\"': '"', "\\n": "\n", "\\t": "\t", "\\u00e9": "é"}.get(stretch, stretch)


def from_json(stretch: str) -> str:
    return str(json.loads(f'"{stretch}"', strict=False)) if stretch.startswith("\\") else stretch


def from_python(stretch: str) -> str:
    if stretch in {"{{", "}}"}:
        return stretch[0]
    return str(ast.literal_eval(f"'{stretch}'")) if stretch.startswith("\\") else stretch


def no_template(*marks: str) -> Callable[[list[str]], bool]:
    return lambda given: not any(mark in line for line in given for mark in marks)


STEPS = "jobs:\n  a:\n    steps:\n      - run: "
SPELLINGS = (
    Spelling("mise basic", "mise.toml", lambda t: f"tasks.é = {toml_basic(chr(10).join(t))}\n", from_toml, True),
    Spelling("mise literal", "mise.toml", lambda t: "[tasks]\na = '''\n" + "\n".join(t).replace("'", "") + "'''\n", joined=True),
    Spelling("mise array", "mise.toml", lambda t: f"tasks.a.run = [{', '.join(map(toml_basic, t))}]\n", from_toml),
    Spelling("mise task file", ".mise/tasks/a.toml", lambda t: f"[a]\nrun = {toml_basic(chr(10).join(t))}\n", from_toml, True),
    Spelling("workflow block", ".github/workflows/a.yml", lambda t: f"{STEPS}|\n{lines(' ' * 10, chr(10).join(t))}", joined=True),
    Spelling("workflow quoted", ".github/workflows/a.yml", lambda t: f"{STEPS}{json.dumps(chr(10).join(t))}\n", from_json, True),
    Spelling("action", "action.yml", lambda t: "runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: '"
             + "\n\n        ".join(t).replace("'", "''") + "'\n", lambda s: {"''": "'"}.get(s, s), True),
    Spelling("gitlab", ".gitlab-ci.yml", lambda t: "a:\n  script:\n" + "".join(f"    - {json.dumps(line)}\n" for line in t), from_json, True),
    Spelling("compose string", "compose.yml", lambda t: "services:\n  a:\n    command: ['sh', '-c', " + json.dumps(dollars(t)) + "]\n",
             lambda s: "$" if s == "$$" else from_json(s), True),
    Spelling("makefile one shell", "Makefile", lambda t: f".ONESHELL:\na:\n{lines(chr(9), dollars(t))}", lambda s: {"$$": "$"}.get(s, s), True),
    Spelling("dockerfile heredoc", "Dockerfile", lambda t: "FROM x\nRUN <<'EOF'\n" + "\n".join(t) + "\nEOF\n", joined=True),
    Spelling("justfile", "justfile", lambda t: "a:\n  #!/bin/sh\n" + lines("  ", "\n".join(t).replace("{{", "{{{{")), lambda s: {"{{{{": "{{"}.get(s, s), True),
    Spelling("python string", "a.py", lambda t: f"import os\nos.system({chr(10).join(t)!r})\n", from_python, True),
    Spelling("python f-string", "a.py", lambda t: "import os\nos.system(f" + repr("\n".join(t)).replace("{", "{{").replace("}", "}}") + ")\n",
             from_python, True),
    Spelling("ssh here-document", "a.sh", lambda t: "ssh h bash <<'EOF'\n" + "\n".join(t) + "\nEOF\n", joined=True),
    Spelling("markdown", "a.md", lambda t: "# é\n\n```sh\n" + "\n".join(t) + "\n```\n", joined=True),
)  # fmt: skip


def dollars(text: list[str]) -> str:
    return "\n".join(text).replace("$", "$$")


def snippets(path: str, text: str) -> list[Source]:
    """The innermost texts that are read as shell in a file."""
    kind, dialect = discover.kind_of(Path(path)) or ("markdown" if path.endswith(".md") else "shell", "sh")
    facts = read_facts(SourceFile(path, text), kind, dialect, pueue_version=4)
    found = [tree.source for tree in facts.shell_trees if tree.source.host is not None]
    return [source for source in found if not any(other.host is source for other in found)]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.name)
@given(given_lines=_LINES.filter(no_template("{{", "}}", "{%", "{#", "$[", "EOF", "'''", "```")))
@settings(max_examples=60, deadline=None)
def test_every_span_maps_back(spelling: Spelling, given_lines: list[str]) -> None:
    text = spelling.write([f"echo {line}" for line in given_lines])
    found = snippets(spelling.path, text)
    assert found
    for source in found:
        for at in range(len(source.text)):
            span = source.in_file(Span(at, at + 1))
            stretch = text[span.start : span.end]
            letter = source.text[at]
            if is_hole(letter):
                assert source.shown(Span(at, at + 1)) in stretch
            elif stretch or not letter.isspace():  # a blank or break that joins two pieces stands nowhere
                assert spelling.decode(stretch) == letter
    if spelling.joined:
        written = "\n".join(f"echo {line}" for line in given_lines)
        texts = [re.sub(r"\s|'", "", source.text) for source in found]  # `bash` of `ssh h bash` is one, too
        assert any(re.sub(r"\s|'", "", written) in read for read in texts)


# --- the modes that a real tool gives -----------------------------------------------------------------------------------

PROBE = "false; echo after"
PIPE_PROBE = "false | true && echo after"


@pytest.mark.tool("make")
@pytest.mark.parametrize("head", ["", "SHELL := /bin/bash\n.SHELLFLAGS = -eo pipefail -c\n", ".SHELLFLAGS := -ec\n",
                                  "SHELL = /bin/bash\n.SHELLFLAGS = -o pipefail -c\n", ".ONESHELL:\n.SHELLFLAGS = -ec\n"])  # fmt: skip
def test_make_really(head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for probe, mode in ((PROBE, "errexit"), (PIPE_PROBE, "pipefail")):
        text = f"{head}a:\n\t@{probe}\n"
        ran = [c for c in commands("Makefile", text) if c.name == "echo"]
        done = subprocess.run(["make", "-s", "a"], capture_output=True, text=True, check=False)
        assert ("after" not in done.stdout) == bool(getattr(ran[0].execution, mode))


@pytest.mark.tool("bash", "dash")
@pytest.mark.parametrize("shell", ["bash", "sh", "dash"])
@pytest.mark.parametrize(
    "words",
    ["-c", "-ec", "-e -c", "-c -o errexit", "-eo pipefail -c", "-euo pipefail -c", "+e -c", "-e +e -c"],
)
def test_shells_really(shell: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if "pipefail" in words and shell != "bash":
        pytest.skip("older versions of dash do not know pipefail")
    for probe, mode in ((PROBE, "errexit"), (PIPE_PROBE, "pipefail")):
        argv = [shell, *words.split(), probe]
        if words == "-c -o errexit":  # mise's order: the text comes last
            argv = [shell, "-c", "-o", "errexit", probe]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        text = f"import subprocess\nsubprocess.run({argv!r})\n"
        ran = [c for c in commands("a.py", text) if c.name == "echo"]
        assert ("after" not in done.stdout) == bool(getattr(ran[0].execution, mode))


@pytest.mark.parametrize(
    "head", ["", "set shell := ['bash', '-euo', 'pipefail', '-c']\n", "set shell := ['sh', '-c']\n"]
)
def test_just_really(head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    just = shutil.which("just", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert just, "rust-just is a development dependency"
    monkeypatch.chdir(tmp_path)
    for probe, mode in ((PROBE, "errexit"), (PIPE_PROBE, "pipefail")):
        ran = [c for c in commands("justfile", f"{head}a:\n    @{probe}\n") if c.name == "echo"]
        done = subprocess.run([just, "a"], capture_output=True, text=True, check=False)
        assert ("after" not in done.stdout) == bool(getattr(ran[0].execution, mode))


@pytest.mark.tool("make")
def test_a_failed_line_ends_a_recipe_and_each_line_is_a_shell(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("a:\n\t@x=1; echo one$$x\n\t@echo two$$x\n\t@false\n\t@echo three\n")
    done = subprocess.run(["make", "-s", "a"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "one1\ntwo\n"
