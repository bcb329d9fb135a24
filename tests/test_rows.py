"""Rows of what an entry point runs, and what is read off them: changes, looks, limits, capacities."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobsafety_lint.config import Settings
from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Pipe, Sequence, next_on_success
from jobsafety_lint.meaning.deployment.changes import change_of, excludes, looks, same_host, same_tree
from jobsafety_lint.meaning.deployment.rows import Row, Step
from jobsafety_lint.meaning.file_facts import FileFacts
from jobsafety_lint.meaning.paths import PathPattern, words_of
from jobsafety_lint.meaning.project.state_paths import is_wide
from jobsafety_lint.meaning.reading import read_facts
from jobsafety_lint.meaning.resources.capacity import parallel_settings
from jobsafety_lint.meaning.resources.hosts import host_of, host_settings
from jobsafety_lint.meaning.resources.limits import bytes_of, cores_of, memory_cap, systemd_run
from jobsafety_lint.registry import built_in_rules
from jobsafety_lint.source import SourceFile


def _facts(text: str, kind: str = "shell") -> FileFacts:
    name = {"shell": "a.sh", "mise": "mise.toml", "python": "a.py", "config": "jobsafety-lint.toml"}[kind]
    return read_facts(SourceFile(name, text, location_on_disk=Path(name)), kind, "bash", pueue_version=4)


def _rows(text: str, kind: str = "shell") -> list[Row]:
    return [fact for fact in _facts(text, kind).facts if isinstance(fact, Row)]


def _steps(text: str, kind: str = "shell") -> list[Step]:
    return [step for row in _rows(text, kind) for step in row.commands]


def _names(row: Row) -> list[str]:
    return [step.command.name for step in row.commands]


def test_a_task_runs_what_it_depends_on_first() -> None:
    text = """
[tasks.audit]
run = "pueue status"
[tasks.deploy]
depends = ["audit"]
wait_for = ["other"]
run = ["git pull", "pueue add -- ./x"]
[tasks.other]
run = "true"
"""
    rows = {row.title: row for row in _rows(text, "mise")}
    assert _names(rows["tasks.deploy"]) == ["pueue", "git", "pueue"]


def test_python_functions_are_followed() -> None:
    text = """
import subprocess
def pull():
    subprocess.run(["git", "pull"])
def main():
    pull()
    subprocess.run(["pueue", "add", "--", "./x"])
"""
    assert [_names(row) for row in _rows(text, "python")] == [["git", "pueue"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("case $1 in a) pueue kill -a ;; b) pueue add -- ./x ;; esac", True),
        ("if $a; then pueue kill -a; exit; fi\npueue add -- ./x", True),
        ("if $a; then pueue kill -a; fi\npueue add -- ./x", False),
    ],
)
def test_arms_exclude_each_other(text: str, expected: bool) -> None:
    kill, add = (step for step in _steps(text) if step.call is not None)
    assert excludes(kill, add) is expected


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("git pull", "tree"),
        ("git -C /srv/p reset --hard origin/main", "tree"),
        ("git checkout main", "tree"),
        ("git checkout -b new", None),
        ("git checkout -- file.txt", None),
        ("git fetch", None),
        ("rsync -a src/ host:/srv/p/", "tree"),
        ("scp data.csv host:/srv/p/", None),
        ("uv sync", "environment"),
        ("uv run x.py", None),
        ("pueue reset", "queue"),
        ("pueue kill --all", "queue"),
        ("pueue kill 3", None),
        ("pueue kill -g fit", None),
        ("systemctl --user restart pueued", "queue"),
        ("systemctl restart nginx", None),
    ],
)
def test_changes(text: str, what: str | None) -> None:
    change = change_of(_steps(text)[0])
    assert (change.what if change else None) == what


@pytest.mark.parametrize(
    ("text", "decides"),
    [
        ("pueue status", False),
        ("set -e\npueue status | grep -q Running", True),
        ("set -e\npueue status --json | jq .tasks", False),
        ("if pueue status | grep -q Running; then exit 1; fi", True),
        ("n=$(pueue status --json | jq length)\n((n == 0)) || exit 1", True),
        ("n=$(pueue status --json | jq length)\necho $n", False),
        ("pueue wait", True),
        ("! pueue status | grep -q Running", True),
    ],
)
def test_looks(text: str, decides: bool) -> None:
    facts = _facts(text).facts
    row = next(fact for fact in facts if isinstance(fact, Row))
    pipes = [fact for fact in facts if isinstance(fact, Pipe)]
    assert [look.decides for look in looks(row, pipes).values()] == [decides]


def test_hosts_and_trees() -> None:
    here, other = PathPattern.of("calc1"), PathPattern.of("me@calc1")
    assert same_host(here, other)
    assert not same_host(here, None)
    assert not same_host(here, PathPattern.of("calc2"))
    assert same_tree(PathPattern.of("/srv/p"), PathPattern.of("/srv/p/sub"))
    assert not same_tree(PathPattern.of("/srv/p"), PathPattern.of("/srv/pq"))


def test_what_limits_a_job() -> None:
    step = _steps("pueue add -- systemd-run --user --sco -p MemoryMax=8G -p CPUQuota=200% ./x --threads 9")[0]
    assert step.launch is not None
    cap = memory_cap(step.launch.commands)
    assert cap is not None
    assert bytes_of(cap) == 8 * 1024**3
    assert cores_of(step.launch.commands) == 2
    run = systemd_run(step.launch.commands[0])
    assert run is not None
    assert run.blocks


def test_parallel_settings_of_a_loop() -> None:
    text = "for g in a b; do pueue group add $g --parallel=4; done\npueue parallel 3 -gc\npueue parallel $n"
    found = [s for step in _steps(text) if step.call for s in parallel_settings(step.call)]
    assert [(s.group, s.count, s.creates) for s in found] == [
        ("a", 4, True),
        ("b", 4, True),
        ("c", 3, False),
    ]


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("a && b", "b"),
        ("a 2>/dev/null && /bin/b x", "b"),
        ("a || b", ""),
        ("a; b", ""),
        ("ssh h 'a' && b", "b"),
    ],
)
def test_next_on_success(text: str, following: str) -> None:
    step = next(step for step in _steps(text) if step.command.name == "a")
    assert next_on_success(step.command) == following


def test_hosts_of_the_settings() -> None:
    settings = Settings({"hosts": {"calc1": {"cores": 8, "memory": "64G", "groups": {"a": {"parallel": 2}}}}})
    host = host_of(settings, PathPattern.of("me@calc1"))
    assert host is not None
    assert (host.cores, host.memory, host.groups["a"].parallel) == (8, 64 * 1024**3, 2)
    text = "[hosts.calc1]\ncores = 8\ngroups.a = {parallel = 2}\n[hosts.calc1.groups.b]\nparallel = 1\n"
    found = list(host_settings(SourceFile("jobsafety-lint.toml", text)))
    assert [place.location.line for place in found[0].groups.values()] == [3, 5]


@pytest.mark.parametrize(
    ("text", "wide"),
    [
        ("rm -f ~/.cache/app/checkpoints/*.json", True),
        ("rm -f ~/.cache/app/checkpoints/ckpt_*.json", True),
        ("rm -f ~/.cache/app/checkpoints/btc_*.json", False),
        ('rm -f "$CKPT_DIR"/*.json', True),
        ('rm -f "$RUN_DIR"/checkpoints/*.json', False),
        ('rm -f ~/checkpoints/"$1"*.json', False),
        ("rm -f runs/checkpoints/*.json", False),
        ("rm -f *.lock", False),
    ],
)
def test_state_of_every_job(text: str, wide: bool) -> None:
    from jobsafety_lint.meaning.files import Glob

    glob = next(fact for fact in _facts(text).facts if isinstance(fact, Glob))
    assert is_wide(glob.path, glob.execution) is wide


def test_words_of_names() -> None:
    assert list(words_of("CKPT_DIR")) == ["ckpt", "dir"]
    assert list(words_of("HTTPServer")) == ["http", "server"]
    assert list(words_of("checkpointFile2")) == ["checkpoint", "file", "2"]


_BLOCKS = [
    (page.stem, block)
    for page in sorted((Path(__file__).parent.parent / "rules").glob("*.md"))
    for block in re.findall(
        r"^```(?:bash|sh)[^\n]*\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
]


def test_checks_that_are_about_some_programs_find_nothing_in_rows_without_them() -> None:
    narrowed = [
        (kind, check, rule.programs[check])
        for rule in built_in_rules()
        for kind, check in rule.checks
        if check in rule.programs and kind in {Row, Sequence}
    ]
    assert len(narrowed) > 15
    passed_over = 0
    for _, text in _BLOCKS:
        found = _facts(text)
        context = Context(found.source, Settings(), "code", found.facts)
        for fact in found.facts:
            for kind, check, programs in narrowed:
                if type(fact) is kind and not fact.runs(programs):
                    assert not list(check(fact, context))
                    passed_over += 1
    assert passed_over > 1000
