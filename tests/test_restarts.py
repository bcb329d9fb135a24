"""`restart_in_place` of a repository's pueue.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Findings = Callable[..., list[dict[str, Any]]]
SCRIPT = 'pueue restart "$id"\nsleep 60\npueue log "$id"\n'


@pytest.mark.parametrize(
    "place", ["pueue.yml", "config/pueue.yml", "jobs/pueue.yaml", ".config/pueue/pueue.yml"]
)
@pytest.mark.parametrize(
    ("config", "codes"),
    [
        ("client:\n  restart_in_place: true\n", []),
        ("client:\n  restart_in_place: false\n", ["JOB305", "JOB307"]),
        ("daemon: {}\n", ["JOB305", "JOB307"]),
    ],
)
def test_the_repository_says_how(place: str, config: str, codes: list[str], findings: Findings) -> None:
    files = {"jobs/again.sh": SCRIPT, place: config, ".git/HEAD": ""}
    assert [f["code"] for f in findings(files, "--select", "JOB305,JOB307", "--no-cache")] == codes


def test_an_option_wins(findings: Findings) -> None:
    files = {
        "a.sh": 'pueue restart --not-in-place "$id"\n',
        "b.sh": 'pueue restart -i "$id"\n',
        "pueue.yml": "client: {restart_in_place: true}\n",
    }
    found = findings(files, "--select", "JOB305", "--no-cache")
    assert [(f["code"], f["path"]) for f in found] == [("JOB305", "a.sh")]
