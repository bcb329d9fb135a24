"""Every key of the configuration changes what is found: a key that does nothing must not exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from jobsafety_lint import config

Findings = Callable[..., list[dict[str, Any]]]


@dataclass(frozen=True)
class Case:
    """Files, and what `setting` (TOML) makes of their findings, given as codes, or as codes with what the key `shown` of the
    finding holds. `also` is a setting that counts both times.
    """

    key: str
    setting: str
    files: dict[str, str]
    before: list[str]
    after: list[str]
    options: tuple[str, ...] = ()
    also: str = ""
    shown: str = ""


JOBS = """#!/usr/bin/env bash
for symbol in A B; do
    for threshold in 1 2; do
        pueue add -- python bars.py --symbol "$symbol" --threshold "$threshold"
    done
done
"""
BARS = """import argparse
import json
from pathlib import Path


def rows_file(symbol):
    return Path("/srv/bars") / f"{symbol}.json"


def build(symbol, threshold):
    path = rows_file(symbol)
    path.write_text(json.dumps({"row": threshold * 2}))


parser = argparse.ArgumentParser()
parser.add_argument("--symbol", required=True)
parser.add_argument("--threshold", type=int, required=True)
args = parser.parse_args()
build(args.symbol, args.threshold)
"""
CHECKPOINT = """import json
from pathlib import Path


def build(symbol: str, {0}: int, rows: list[float]) -> None:
    checkpoint = Path(f"/srv/{{symbol}}.checkpoint.json")
    for row in rows:
        if row > {0}:
            checkpoint.write_text(json.dumps({{"row": row * {0}}}))
"""
CHUNKS = """from pathlib import Path

import pandas as pd


def write(out: Path, day: str, venue: str, frame: pd.DataFrame) -> None:
    frame = frame[frame["venue"] == venue]
    frame.to_parquet(out / f"chunk_{day}.parquet")
"""
KILL = "#!/bin/sh\npueue kill 42\n"

CASES = [
    Case("select", 'select = ["JOB1"]', {"a.sh": KILL}, ["JOB301"], []),
    Case(
        "extend-select",
        'extend-select = ["JOB401"]',
        {"a.sh": "#!/usr/bin/env bash\nset -o pipefail\nzcat x | head -1\necho\n"},
        [],
        ["JOB401"],
    ),
    Case("ignore", 'ignore = ["hardcoded-task-id"]', {"a.sh": KILL}, ["JOB301"], []),
    Case(
        "per-file-ignores",
        'per-file-ignores = {"ops/*.sh" = ["JOB3"]}',
        {"ops/a.sh": KILL, "b.sh": KILL},
        ["JOB301", "JOB301"],
        ["JOB301"],
    ),
    Case(
        "severity",
        'severity = {JOB3 = "info", hardcoded-task-id = "error"}',
        {"a.sh": KILL},
        ["JOB301 warning"],
        ["JOB301 error"],
        shown="severity",
    ),
    Case(
        "exclude",
        'exclude = ["ops/"]',
        {"ops/a.sh": KILL, "build/b.sh": KILL},
        ["JOB301 ops/a.sh"],
        ["JOB301 build/b.sh"],
        shown="path",
    ),
    Case(
        "extend-exclude", 'extend-exclude = ["ops/"]', {"ops/a.sh": KILL, "build/b.sh": KILL}, ["JOB301"], []
    ),
    Case("markdown", "markdown = true", {"a.md": "# A\n\n```sh\npueue kill 42\n```\n"}, [], ["JOB301"]),
    Case("max-file-size", "max-file-size = 10", {"a.sh": KILL}, ["JOB301"], []),
    Case(
        "pueue-version",
        "pueue-version = 3",
        {"a.sh": "#!/bin/sh\npueue kill --children --group a\n"},
        ["JOB320"],
        [],
        ("--select", "JOB320"),
    ),
    Case(
        "hosts",
        "hosts.default = {cores = 4, memory = '16G'}",
        {"a.sh": "#!/bin/sh\npueue parallel 9 -g a\npueue add -g a -- ./job\n"},
        [],
        ["JOB505"],
        ("--select", "JOB505"),
    ),
    Case(
        "checkpoint-functions",
        'checkpoint-functions = ["rows_file"]',
        {"q.sh": JOBS, "bars.py": BARS},
        [],
        ["JOB201"],
        ("--select", "JOB201"),
    ),
    Case(
        "state-name-patterns",
        'state-name-patterns = ["waypoint"]',
        {"a.py": "def save(row: int) -> None:\n    open('waypoint.json', 'w').write(str(row))\n"},
        [],
        ["JOB105"],
        ("--select", "JOB105"),
    ),
    Case(
        "job-parameters",
        'job-parameters = ["level"]',
        {"a.py": CHECKPOINT.format("level")},
        [],
        ["JOB201"],
        ("--select", "JOB201"),
    ),
    Case(
        "run-only-parameters",
        'run-only-parameters = ["threshold"]',
        {"a.py": CHECKPOINT.format("threshold")},
        ["JOB201"],
        [],
        ("--select", "JOB201"),
    ),
    Case(
        "category-parameters",
        'category-parameters = ["venue"]',
        {"a.py": CHUNKS},
        [],
        ["JOB203"],
        ("--select", "JOB203"),
    ),
    Case("queue-commands", 'queue-commands = ["pq"]', {"a.sh": "#!/bin/sh\npq kill 42\n"}, [], ["JOB301"]),
    Case(
        "allowed-env-overrides",
        'allowed-env-overrides = ["BARS_*"]',
        {"a.sh": "#!/bin/sh\npueue add -- env BARS_ROWS=5 ./job\n"},
        ["JOB601"],
        [],
        ("--select", "JOB601"),
    ),
    Case(
        "small-output-commands",
        'small-output-commands = ["job-count"]',
        {"a.sh": "#!/usr/bin/env bash\nset -eo pipefail\nx=$(job-count | head -1)\necho\n"},
        ["JOB401"],
        [],
        ("--select", "JOB401"),
    ),
    Case(
        "memory-profiles",
        "memory-profiles = {'train.py' = '24G'}",
        {"a.sh": "#!/bin/sh\npueue parallel 4 -g a\npueue add -g a -- python train.py\n"},
        [],
        ["JOB505"],
        ("--select", "JOB505"),
        also="hosts.default = {memory = '64G'}",
    ),
    Case(
        "provenance",
        'provenance = {JOB3 = "GH-84"}',
        {"a.sh": KILL},
        ["JOB301 {'ids': ['42']}"],
        ["JOB301 {'ids': ['42'], 'incident': 'GH-84'}"],
        shown="data",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_a_key_changes_what_is_found(case: Case, findings: Findings) -> None:
    always = ("--config", case.also) if case.also else ()

    def found(*options: str) -> list[str]:
        shown = findings(case.files, *always, *options, *case.options)
        return sorted(f"{f['code']} {f[case.shown]}" if case.shown else f["code"] for f in shown)

    assert found() == case.before
    assert found("--config", case.setting) == case.after


def test_every_key_has_its_case() -> None:
    elsewhere = {"extend", "cache-dir"}  # test_configuration.py, the tests of the cache
    assert {case.key for case in CASES} | elsewhere == {key.name for key in config.KEYS}
