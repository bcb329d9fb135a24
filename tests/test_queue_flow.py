"""The flow of scripts that use a queue: rows of Python functions, looks at the queue, phases, retries."""

from __future__ import annotations

import textwrap

import pytest

from jobsafety_lint.config import Settings
from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Sequence
from jobsafety_lint.meaning.queue.flow import (
    Flow,
    flow_of,
    follows,
    group_of,
    is_bulk,
    label_gap,
    label_of,
    slots_of,
)
from jobsafety_lint.meaning.queue.phases import later_than, phase_in_values, phase_of
from jobsafety_lint.meaning.queue.retries import retries_of
from jobsafety_lint.meaning.reading import read_facts
from jobsafety_lint.source import Source


def flows(text: str, name: str = "script.sh") -> list[Flow]:
    """The flows of a text, one a sequence."""
    source = Source(name, textwrap.dedent(text))
    kind = "python" if name.endswith(".py") else "shell"
    facts = read_facts(source, kind, "bash", pueue_version=4).facts
    context = Context(source, Settings(), "code", facts)
    return [flow_of(fact, context) for fact in facts if isinstance(fact, Sequence)]


def shell(text: str) -> Flow:
    """The flow of a shell script."""
    return flows(text)[0]


def python(text: str) -> Flow:
    """The flow of the first function of a Python file that nothing else calls."""
    return flows(text, "job.py")[0]


def test_a_runner_is_read_at_its_calls() -> None:
    flow = python(
        """
        import subprocess
        OPTIONS = ["--group", "g"]
        def main(day):
            pueue("add", *OPTIONS, "--label", f"load-{day}", "--", "./load", day)
            sh(f"pueue restart {day}")
            remote("calc1", "pueue kill --all")
        def pueue(*argv):
            return subprocess.run(["pueue", *argv], check=True).stdout
        def sh(cmd):
            subprocess.check_call(cmd, shell=True)
        def remote(host, cmd):
            subprocess.run(["ssh", host, cmd])
        """
    )
    assert [call.subcommand for _, call in flow.calls] == ["add", "restart", "kill"]
    add, restart, kill = (call for _, call in flow.calls)
    assert group_of(add) == "g"
    assert label_of(add).template == "load-{day}"  # type: ignore[union-attr]  # it has a label
    assert restart.place.location.line == 6
    assert kill.execution.host.text == "calc1"  # type: ignore[union-attr]  # it runs over ssh


def test_what_a_helper_queues_is_queued_in_the_callers_loop() -> None:
    flow = python(
        """
        import subprocess
        def main(symbols):
            for symbol in symbols:
                add(symbol, "x")
        def add(name, kind):
            subprocess.run(["pueue", "add", "--label", f"{kind}-{name}", "--", "./run", name])
        """
    )
    (_, call) = flow.calls[0]
    assert call.execution.loop_variables == {"symbol"}
    assert label_of(call).template == "x-{symbol}"  # type: ignore[union-attr]  # it has a label
    assert label_gap(call) is None


@pytest.mark.parametrize(
    ("body", "audit"),
    [
        ("if label in active(): return", True),
        ("have = set(active())\n    if label not in have: pass", True),
        ("print(active())", False),
        ("active()", False),
    ],
)
def test_a_look_in_a_helper_counts_where_its_result_decides(body: str, audit: bool) -> None:
    flow = python(
        "import json, subprocess\n"
        f"def main(label):\n    {body}\n    subprocess.run(['pueue', 'add', '--', 'x'])\n"
        "def active():\n"
        "    out = subprocess.check_output(['pueue', 'status', '--json'])\n"
        "    return [t['label'] for t in json.loads(out)['tasks'].values()]\n"
    )
    assert [look.is_audit for look in flow.looks] == [audit]


@pytest.mark.parametrize(
    ("look", "audit"),
    [
        ("pueue status", False),
        ("pueue status >/dev/null || exit 1", False),
        ("if ! pueue status &>/dev/null; then exit 1; fi", False),
        ('echo "$(pueue status)"', False),
        ("n=$(pueue status --json | jq '.tasks | length')", False),
        ("n=$(pueue status --json | jq '.tasks | length'); ((n > 0)) && exit", True),
        ("pueue wait --group g", True),
        ("mapfile -t a < <(pueue status --json | jq -r '.tasks[].label')", False),
        (
            "mapfile -t a < <(pueue status --json | jq -r '.tasks[].label'); [[ \" ${a[*]} \" == *x* ]] && exit",
            True,
        ),
        ("mapfile -t a < <(pueue status --json | jq -r '.tasks[].label'); ((${#a[@]} == 0)) || exit", True),
        ('j=$(pueue status --json); if jq -e . <<<"$j"; then exit; fi', True),
        ("pueue status --json >q.json; if jq -e . q.json; then exit; fi", True),
        ("if pueue status --json | jq -e '.tasks[] | select(.status.Done)'; then exit; fi", False),
        (
            "if pueue status --json | jq -e '.tasks[] | select(.status | has(\"Done\") | not)'; then exit; fi",
            True,
        ),
    ],
)
def test_what_an_audit_is(look: str, audit: bool) -> None:
    assert [found.is_audit for found in shell(look + "\npueue add -- x\n").looks] == [audit]


@pytest.mark.parametrize(
    ("query", "running_only"),
    [
        ("pueue status status=running", True),
        ("pueue status --json | jq '.tasks[] | select(.status | has(\"Running\"))'", True),
        ("pueue status --json | jq '.tasks[] | select(.status.Running != null)'", True),
        ('pueue status --json | jq \'.tasks[] | select(.status | has("Running") or has("Queued"))\'', False),
        ("pueue status --json | jq '.tasks[] | select(.status | keys[0] != \"Running\")'", False),
        ("pueue status | grep -v Running", False),
        ("pueue status", False),
    ],
)
def test_which_states_a_look_asks_for(query: str, running_only: bool) -> None:
    assert shell(query).looks[0].asks_running_only is running_only


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("case $1 in a) pueue kill -a ;; b) pueue add -- x ;; esac", False),
        ('if [ -n "$1" ]; then pueue kill -a; exit; fi; pueue add -- x', False),
        ('if [ -n "$1" ]; then pueue kill -a; fi; pueue add -- x', True),
        ('f() { if [ -n "$1" ]; then pueue kill -a; return; fi; }; f; pueue add -- x', True),
        ('for i in 1 2; do if [ -n "$1" ]; then pueue kill -a; continue; fi; pueue add -- x; done', False),
        ('for i in 1 2; do if [ -n "$1" ]; then pueue kill -a; continue; fi; done; pueue add -- x', True),
        ('[ -n "$1" ] && { pueue kill -a; exit; }; pueue add -- x', False),
    ],
)
def test_what_can_follow(text: str, expected: bool) -> None:
    (_, kill), (_, add) = shell(text + "\n").calls
    assert follows(kill, add) is expected


@pytest.mark.parametrize(
    ("loop", "bulk"),
    [
        ("for f in *.nc", True),
        ("for i in $(seq 500)", True),
        ("for i in {1..500}", True),
        ("for i in {1..50}", False),
        ("for i in a b c", False),
        ('for i in "$@"', False),
        ("while read -r i", True),
    ],
)
def test_bulk(loop: str, bulk: bool) -> None:
    ((_, call),) = shell(f'{loop}; do pueue add -- x "$i" "$f"; done\n').of("add")
    assert is_bulk(call) is bulk


def test_slots_of_a_group() -> None:
    calls = [
        call for _, call in shell("pueue group add g\npueue group add h -p 4\npueue parallel 3 -g i\n").calls
    ]
    assert [slots_of(group, calls) for group in ("g", "h", "i", "j")] == [1, 4, 3, None]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("phase1:{year}", "phase2:{year}", True),
        ("phase2", "phase1", False),
        ("phase1:a", "phase2:b", False),
        ("extract-{d}", "load-{d}", True),
        ("process-{s}", "merge", True),
        ("train-a", "train-b", False),
        ("step-1", "phase-2", False),
    ],
)
def test_phases(first: str, second: str, expected: bool) -> None:
    one, two = phase_of(first), phase_of(second)
    assert one is not None
    assert two is not None
    assert later_than(two, one) is expected


def test_phases_of_commands_and_loops() -> None:
    assert phase_of("./scripts/02_clean.sh {d}", command=True).order == 2  # type: ignore[union-attr]
    assert phase_of("./run.sh {d}", command=True) is None
    assert phase_in_values(["extract", "transform", "load"])
    assert not phase_in_values(["btc", "eth"])


@pytest.mark.parametrize(
    ("text", "tried", "bounded", "classified"),
    [
        ("until ./a.sh; do sleep 1; done", "a.sh", False, False),
        ("while true; do ./a.sh && break; done", "a.sh", False, False),
        ("until ./a.sh; do ((n++ > 3)) && exit; done", "a.sh", True, False),
        ("until ./a.sh; do case $? in 3) exit ;; esac; done", "a.sh", False, True),
        ("timeout 9 bash -c 'until ./a.sh; do :; done'", "a.sh", True, False),
    ],
)
def test_retries(text: str, tried: str, bounded: bool, classified: bool) -> None:
    (retry,) = retries_of(shell(text + "\n").sequence)
    assert isinstance(retry.tried[0], Command)
    assert (retry.tried[0].name, retry.bounded, retry.classified) == (tried, bounded, classified)
