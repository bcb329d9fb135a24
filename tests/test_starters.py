"""What the project says of those who start a script: findings that suppose the contrary show with `--pedantic` only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Findings = Callable[..., list[dict[str, Any]]]

START = "#!/bin/bash\nset -e\nif [ ! -d /srv/state ]; then mkdir /srv/state; fi\n"
DELETES = "import os\n\nif os.path.exists('x.json'):\n    os.remove('x.json')\n"
FILL = "#!/bin/bash\nset -e\nout=$1\n[ -d $out ] || mkdir $out\n"


def _workflow(machine: str, command: str) -> str:
    return f"on: push\njobs:\n  a:\n    {machine}\n    steps:\n      - run: {command}\n"


def _unit(command: str) -> str:
    return f"[Service]\nExecStart={command}\n"


HOSTED = _workflow("runs-on: ubuntu-latest", "python .github/scripts/sweep.py")
OWN = _workflow("runs-on: self-hosted", "python .github/scripts/sweep.py")
IN_CONTAINER = _workflow("runs-on: self-hosted\n    container: debian", "python .github/scripts/sweep.py")


@pytest.mark.parametrize(
    ("starters", "shown"),
    [
        ({}, True),
        ({"image/Dockerfile": 'FROM debian\nCOPY bin/ /opt/\nCMD ["/opt/start.sh"]\n'}, False),
        ({"image/Dockerfile": "FROM debian\nCOPY bin/ /opt/\nRUN /opt/start.sh\n"}, False),
        (
            {"image/Dockerfile": "FROM debian\nENV AT=/opt RUN=start.sh\nENTRYPOINT exec $AT/$RUN\n"},
            False,
        ),
        ({"image/Dockerfile": "FROM debian\nCMD /opt/start.sh & /opt/start.sh\n"}, True),
        (
            {
                "image/Dockerfile": 'FROM debian\nCMD ["/opt/start.sh"]\n',
                "by_hand.sh": "image/bin/start.sh\n",
            },
            True,
        ),
        (
            {
                "image/Dockerfile": 'FROM debian\nCMD ["/opt/first.sh"]\n',
                "image/bin/first.sh": "bash bin/start.sh\n",
            },
            False,
        ),
        ({"image/bin/first.sh": "bash bin/start.sh\n"}, True),
        ({"image/start.service": _unit("/usr/bin/start.sh")}, False),
        ({"image/start.service": "[Service]\nExecStart=/usr/bin/d\nExecReload=/usr/bin/start.sh\n"}, True),
        (
            {"image/a.service": _unit("/usr/bin/start.sh"), "image/b.service": _unit("/usr/bin/start.sh")},
            True,
        ),
        (
            {"image/Dockerfile": 'FROM x\nHEALTHCHECK CMD /opt/start.sh\nCMD ["/opt/start.sh"]\n'},
            True,
        ),
        ({"image/start@.service": _unit("/usr/bin/start.sh")}, True),
        ({"image/start.service": _unit("/usr/bin/other.sh")}, True),
        ({"crontab": "*/5 * * * * image/bin/start.sh\n"}, True),
    ],
)
def test_a_script_that_is_started_alone(findings: Findings, starters: dict[str, str], shown: bool) -> None:
    files = {"image/bin/start.sh": START, **starters}
    found = [f["path"] for f in findings(files, "--no-cache", "--ignore", "JOB609") if f["code"] == "JOB102"]
    assert found == (["image/bin/start.sh"] if shown else [])
    unsure = [f for f in findings(files, "--no-cache", "--pedantic") if f["code"] == "JOB102"]
    assert [f["confidence"] for f in unsure] == ["high" if shown else "low"]
    assert ["second one" in f["data"].get("doubt", "") for f in unsure] == [not shown]


@pytest.mark.parametrize(
    ("starters", "shown"),
    [
        ({".github/workflows/a.yml": HOSTED}, False),
        ({".github/workflows/a.yml": IN_CONTAINER}, False),
        ({".github/workflows/a.yml": OWN}, True),
        ({".github/workflows/a.yml": HOSTED, ".github/workflows/b.yml": OWN}, True),
        ({".gitlab-ci.yml": "image: debian\na:\n  script: python .github/scripts/sweep.py\n"}, False),
        ({".gitlab-ci.yml": "a:\n  script: python .github/scripts/sweep.py\n"}, True),
        ({".github/workflows/a.yml": HOSTED.replace("python", "ssh h python")}, True),
        ({"Dockerfile": "FROM python\nENTRYPOINT python .github/scripts/sweep.py\n"}, True),
    ],
)
def test_a_script_of_a_pipeline(findings: Findings, starters: dict[str, str], shown: bool) -> None:
    found = findings({".github/scripts/sweep.py": DELETES, **starters}, "--no-cache")
    assert [f["code"] for f in found] == (["JOB101"] if shown else [])


MOVES = """
import shutil
import tempfile


def configure(text: str) -> None:
    with tempfile.TemporaryDirectory(dir="/srv/feed/") as folder:
        path = folder + "/feed.conf"
        with open(path, "w") as out:
            out.write(text)
        shutil.move(path, "/srv/feed/feed.conf")
"""


@pytest.mark.parametrize(("text", "shown"), [(MOVES, False), (MOVES.replace('/"', '/tmp"'), True)])
def test_a_temporary_folder_in_that_of_the_target(findings: Findings, text: str, shown: bool) -> None:
    found = findings({"configure.py": text}, "--no-cache", "--min-severity", "info")
    assert [f["code"] for f in found] == ["JOB106"] * shown


WORKERS = """
import os
from multiprocessing import Pool


def fetch(name: str) -> None:
    if os.path.exists(name):
        os.remove(name)


Pool().map(fetch, ["a", "b"])
"""


@pytest.mark.parametrize(
    ("text", "severity"), [(WORKERS, "warning"), (WORKERS.replace("(name)", "('/srv/x')"), "error")]
)
def test_workers_have_what_they_are_given_for_themselves(
    findings: Findings, text: str, severity: str
) -> None:
    found = findings({"fetch.py": text}, "--no-cache")
    assert [(f["code"], f["severity"]) for f in found] == [("JOB101", severity)]


@pytest.mark.parametrize(
    ("recipe", "shown"),
    [
        ("mkdir -p $data\nlocal/fill.sh $data\n", False),
        ("[ ! -d $data ] && mkdir -p $data\nlocal/fill.sh --nj 4 $data\n", False),
        ('mkdir -p "$data/a"\nlocal/fill.sh --out="$data/a"\n', False),
        ("local/fill.sh $data\nmkdir -p $data\n", True),
        ("mkdir -p $other\nlocal/fill.sh $data\n", True),
        ("mkdir -p $data\n../../other/fill.sh $data\n", True),
        ("mkdir -p $data\nlocal/fill.sh $data\nlocal/fill.sh $other\n", True),
    ],
)
def test_a_folder_that_the_starter_has_made(findings: Findings, recipe: str, shown: bool) -> None:
    files = {
        "egs/one/local/fill.sh": FILL,
        "egs/two/local/fill.sh": "echo\n",
        "egs/one/local/prepare.sh": f"#!/bin/bash\nset -e\n{recipe}",
    }
    found = findings(files, "--no-cache")
    assert [f["code"] for f in found] == (["JOB102"] if shown else [])


def test_jobs_that_meet_are_told_all_the_same(findings: Findings) -> None:
    script = (
        "#!/bin/bash\nset -e\nfor i in a b; do { if [ ! -d /srv/x ]; then mkdir /srv/x; fi; } & done\nwait\n"
    )
    files = {"start.sh": script, "Dockerfile": 'FROM debian\nCMD ["/start.sh"]\n'}
    assert [f["code"] for f in findings(files, "--no-cache")] == ["JOB102"]


def test_a_new_starter_counts_in_a_warm_run(findings: Findings, tmp_path: Path) -> None:
    files = {"start.sh": START, "Dockerfile": 'FROM debian\nCMD ["/start.sh"]\n'}
    plain = ("--cache-dir", str(tmp_path / "cache"))
    assert findings(files, *plain) == []
    assert findings(files, *plain) == []
    assert [f["code"] for f in findings({"by_hand.sh": "./start.sh\n"}, *plain)] == ["JOB102"]
    (tmp_path / "by_hand.sh").unlink()
    assert findings({}, *plain) == []


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        ({"bin/sweep.py": DELETES, "main.nf": ""}, False),
        ({"p/bin/sweep.py": DELETES, "p/nextflow.config": ""}, False),
        ({"bin/sweep.py": DELETES.replace("'x", "'/srv/x"), "main.nf": ""}, True),
        ({"bin/sweep.py": DELETES}, True),
        ({"lib/sweep.py": DELETES, "main.nf": ""}, True),
    ],
)
def test_a_script_of_a_pipeline_of_nextflow(findings: Findings, files: dict[str, str], shown: bool) -> None:
    found = findings(files, "--no-cache")
    assert [f["code"] for f in found] == (["JOB101"] if shown else [])
