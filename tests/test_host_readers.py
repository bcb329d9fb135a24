"""Configuration files that hold shell: which texts, for which shell, in which mode, at which place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts.ci_shells import ShellMode, github_mode, mode_of
from jobsafety_lint.readers.hosts.gitlab import read_gitlab
from jobsafety_lint.readers.hosts.mise import file_task, read_mise
from jobsafety_lint.readers.hosts.snippets import HostFile
from jobsafety_lint.readers.hosts.workflows import read_workflow
from jobsafety_lint.source import Source

WORKFLOW = """\
defaults:
  run:
    shell: sh
env: {A: "1", B: x}
jobs:
  one:
    runs-on: ubuntu-latest
    defaults: {run: {shell: bash, working-directory: sub}}
    env: {B: y}
    steps:
      - uses: actions/checkout@v4
        with: {ref: main}
      - run: echo one
      - {run: echo two, shell: "bash -leu {0}", working-directory: other}
      - {run: "print(1)", shell: python}
      - parallel:
          - run: echo three
  two:
    needs: [one]
    runs-on: windows-latest
    steps:
      - run: echo four
      - {run: "if (", shell: pwsh}
"""
GITLAB = """\
default:
  before_script: [setup]
variables: {V: "1"}
.base:
  before_script:
    - base
one:
  extends: .base
  script:
    - &shared |
      first
      second
    - 'it''s'
  after_script: after
two:
  script: [*shared]
win:
  tags: [windows]
  script: if (
"""
GITLAB_PARTS = {
    ".gitlab-ci.yml": """\
include:
  - local: /ci/*.yml
  - https://example.org/other.yml
  - project: a/b
    file: ci/none.yml
variables: {TOP: "1"}
.setup:
  script:
    - prepare
    - [more, !reference [.last, script]]
.last: {script: [last]}
one:
  extends: [.remote, .last]
  before_script: [!reference [.setup, script], own]
""",
    "ci/jobs.yml": """\
include: ci/deeper/x.yaml
.remote:
  variables: {V: "2"}
  before_script: [remote]
  script: [theirs]
two:
  script: git log -p | head -1
""",
    "ci/deeper/x.yaml": "three:\n  script:\n    - pueue kill 42\n",
    "ci/deeper/other.yaml": "four:\n  script:\n    - pueue kill 42\n",
}
MISE = """\
[task_config]
dir = "sub"
[env]
A = "1"
B = { value = "2", redact = true }
C = { required = true }
_.file = ".env"
[tasks.a]
shell = "bash -euo pipefail -c"
run = ["one", { task = "b" }, { tasks = ["c", "d --fast"] }]
env = { D = "3" }
[tasks.c]
run = "two"
dir = "{{cwd}}"
[tasks.d]
run = \"\"\"
#!/usr/bin/env python3
print(1)
\"\"\"
[[tasks.e.run]]
tasks = ["a", "c"]
"""


def texts(host: HostFile) -> list[tuple[str, str, str, bool, bool]]:
    return [(s.title, s.source.text.strip(), s.shell, s.errexit, s.pipefail) for s in host.snippets]


def test_shells_of_github() -> None:
    assert github_mode(None, container=False, windows=False) == ShellMode("bash", errexit=True)
    assert github_mode(None, container=True, windows=False) == ShellMode("sh", errexit=True)
    assert github_mode(None, container=False, windows=True) is None
    assert github_mode("bash", container=False, windows=True) == ShellMode(
        "bash", errexit=True, pipefail=True
    )
    assert github_mode("bash {0}", container=False, windows=False) == ShellMode("bash")
    assert github_mode("pwsh", container=False, windows=False) is None
    assert mode_of(["bash", "--noprofile", "--norc", "-eo", "pipefail", "{0}"]) == ShellMode(
        "bash", True, True
    )
    assert mode_of(["sh", "-c", "-o", "errexit"]) == ShellMode("sh", errexit=True)
    assert mode_of(["node", "-e"]) is None


def test_workflow() -> None:
    found = read_workflow(Source("ci.yml", WORKFLOW))
    assert texts(found) == [
        ("jobs.one", "echo one", "bash", True, True),
        ("jobs.one", "echo two", "bash", True, False),
        ("jobs.one", "echo three", "bash", True, True),
        ("jobs.two", "echo four", "sh", True, False),
    ]
    assert [s.directory for s in found.snippets] == ["sub", "other", "sub", None]
    assert found.snippets[0].environment == {"A": "1", "B": "y"}
    assert found.snippets[2].concurrent
    assert found.unread == 2
    assert found.jobs[1].needs == ("one",)
    assert found.jobs[0].steps[0].uses == "actions/checkout@v4"
    assert found.definitions(WORKFLOW.index("echo one")) == ("jobs", "one", "steps", "run")


def test_gitlab() -> None:
    found = read_gitlab(Source(".gitlab-ci.yml", GITLAB))
    assert texts(found) == [
        (".base", "base", "bash", True, True),
        ("one", "base\nfirst\nsecond\nit's", "bash", True, True),
        ("one", "after", "bash", True, True),
        ("two", "setup\nfirst\nsecond", "bash", True, True),
    ]
    source = found.snippets[1].source
    at = source.in_file(Span(source.text.index("second"), source.text.index("second") + 6))
    assert GITLAB[at.start : at.end] == "second"


def test_gitlab_parts(tmp_path: Path, findings: Callable[..., list[dict[str, Any]]]) -> None:
    found = findings(GITLAB_PARTS, "--select", "JOB301,JOB401", "--no-cache")
    assert [(f["code"], f["path"]) for f in found] == [
        ("JOB301", "ci/deeper/x.yaml"),
        ("JOB401", "ci/jobs.yml"),
    ]
    source, other = (Source(name, GITLAB_PARTS[name]) for name in (".gitlab-ci.yml", "ci/jobs.yml"))
    read = read_gitlab(source, [other])
    assert [text[:2] for text in texts(read)] == [
        (".setup", "prepare\nmore\nlast"),
        ("one", "prepare\nmore\nlast\nown\nlast"),
    ]
    assert read.snippets[-1].environment == {"TOP": "1", "V": "2"}


def test_mise() -> None:
    found = read_mise(Source("mise.toml", MISE), task_file=False)
    assert texts(found) == [
        ("tasks.a", "one", "bash", True, True),
        ("tasks.c", "two", "sh", True, False),
        ("tasks.d", "#!/usr/bin/env python3\nprint(1)", "", False, False),
    ]
    assert [s.directory for s in found.snippets] == ["sub", None, "sub"]
    assert [bool(s.concurrent) for s in found.snippets] == [True, True, True]
    assert [(v.name, v.form, v.task) for v in found.variables] == [
        ("A", "literal", ""),
        ("B", "literal", ""),
        ("C", "required", ""),
        ("D", "literal", "a"),
    ]


def test_a_comment_in_a_block_counts_for_its_own_command(
    findings: Callable[..., list[dict[str, Any]]],
) -> None:
    text = (
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - shell: bash\n        run: |\n"
        "          find / | head -1  # jobsafety: ignore[JOB401] short\n          find / | head -2\n"
        "      - shell: bash\n        run: find / | head -3 # jobsafety: ignore[JOB401] short\n"
    )
    found = findings({".github/workflows/ci.yml": text}, "--select", "JOB4")
    assert [(f["line"], f["column"]) for f in found] == [(9, 20)]


def test_templates_of_other_languages_are_silent(findings: Callable[..., list[dict[str, Any]]]) -> None:
    files = {
        "docker-compose.yml": "services:\n{% for x in y %}\n  a: {{ x }}\n{% endfor %}\n",
        ".gitlab-ci.yml": "a: [",
    }
    assert findings(files) == []


@pytest.mark.parametrize(
    ("name", "runs_on", "read"),
    [
        ("build-windows.yml", "${{ inputs.runner }}", False),
        ("build_win.yml", "${{ inputs.runner }}", False),
        ("twin-tests.yml", "${{ inputs.runner }}", True),
        ("windows.yml", "ubuntu-24.04", True),
        ("ci.yml", "win-x64", False),
        ("ci.yml", "twin-2", True),
    ],
)
def test_workflows_for_windows(name: str, runs_on: str, read: bool, findings: Any) -> None:
    steps = "steps:\n      - run: pueue kill 7\n      - shell: bash\n        run: pueue kill 7\n"
    text = f"on: workflow_call\njobs:\n  a:\n    runs-on: {runs_on}\n    {steps}"
    lines = [f["line"] for f in findings({f".github/workflows/{name}": text}, "--select", "JOB301")]
    assert lines == ([6, 8] if read else [8]), lines


def test_file_tasks() -> None:
    text = '#!/usr/bin/env bash\n#MISE dir="sub"\n#MISE env={A = "1"}\n#  MISE depends="a"\necho\n'
    task = file_task(Source(".mise/tasks/db/load.sh", text))
    assert task is not None
    assert (task.name, task.directory, task.environment) == ("db:load", "sub", {"A": "1"})
    assert file_task(Source("scripts/load.sh", "#!/bin/sh\necho\n")) is None
