"""pueue's grammar, what joined words become, and what is expected of its JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.queue.grammar import QueueCommand, parse
from jobsafety_lint.meaning.queue.joining import trouble
from jobsafety_lint.meaning.queue.status_json import jq_shapes, keeps_tasks
from jobsafety_lint.meaning.reading import read_facts
from jobsafety_lint.model import Confidence, Span
from jobsafety_lint.source import Place, Source

Findings = Callable[..., list[dict[str, Any]]]


def word(text: str) -> Arg:
    pattern = PathPattern.of(text)
    return Arg(Place(Source("x", text), Span(0, len(text))), pattern, pattern)


def call(line: str, version: int = 4) -> QueueCommand:
    words = line.split()
    found = parse(Command(word(line).place, "pueue", tuple(map(word, words)), Execution()), version)
    assert found is not None
    return found


def texts(args: tuple[Arg, ...]) -> list[str | None]:
    return [arg.text for arg in args]


def test_after_takes_every_word_up_to_the_next_option() -> None:
    assert texts(call("add --after 1 2 uv run -- x").ids) == ["1", "2", "uv", "run"]
    assert texts(call("add --after=1 uv run").ids) == ["1"]
    assert texts(call("add -a1 uv run").rest) == ["uv", "run"]
    assert texts(call("add -pa 1 --label x cmd").rest) == ["cmd"]


def test_options_of_the_client_are_not_those_of_the_subcommand() -> None:
    found = call("-p work add -l x cmd -p")
    assert not found.has("-p", "--print-task-id")
    assert texts(found.rest) == ["cmd", "-p"]


@pytest.mark.parametrize(
    ("line", "version", "versions"),
    [
        ("kill -c 3", 4, (3,)),
        ("kill --children", 4, (3,)),
        ("restart --start-immediately 1", 4, (3,)),
        ("restart --immediate 1", 3, (4,)),
        ("stash --group x", 3, (4,)),
        ("status --color never", 4, ()),
    ],
)
def test_unknown_options_know_the_versions_that_have_them(
    line: str, version: int, versions: tuple[int, ...]
) -> None:
    assert [unknown.versions for unknown in call(line, version).unknown] == [versions]


def test_options_of_the_other_version_still_take_their_value() -> None:
    assert texts(call("stash --group night 3", 3).ids) == ["3"]


@pytest.mark.parametrize(
    "text",
    ["--day=3", "out/20", "a:b@c", "'a b'", "--query='SELECT 1'", "a\\ b", 'x="a b"', "https://x.org/y?z=1"],
)
def test_words_that_come_through(text: str) -> None:
    assert trouble([word("cmd"), word(text)], 1, ()) is None


@pytest.mark.parametrize(
    "text",
    [
        "a b",
        "a && b",
        "*.csv",
        "it's",
        '{"a":1}',
        "\\.csv$",
        "\\t",
        "",
        "x;y",
        "a>b",
        "a\nb",
        "https://x?a=1&b=2",
    ],
)
def test_words_that_do_not_come_through(text: str) -> None:
    found = trouble([word("cmd"), word(text)], 1, ())
    assert found is not None
    assert found.confidence is Confidence.HIGH


def test_text_and_rejoined_words_are_left_alone() -> None:
    assert trouble([word("cd x &&"), word("make all")], 1, ()) is None
    assert trouble([word("ssh"), word("host"), word("make all")], 2, ()) is None
    assert trouble([word("ssh"), word("host"), word("cd x && make")], 2, ()) is not None
    assert trouble([word("a"), word("&&"), word("echo"), word("b c")], 3, ()) is None


@pytest.mark.parametrize(
    ("program", "kinds"),
    [
        ('.tasks[] | select(.status == "Running")', ["string"]),
        ('.tasks[] | select(.status["Done"]["result"] != "Success")', ["unfinished", "done-result"]),
        (
            '.tasks[] | select(.status|has("Done")) | select(.status.Done.result != "Success")',
            ["object", "done-result"],
        ),
        ('.groups.x.status == "Paused"', []),
        ('.tasks[] | select((.status | if type == "object" then keys[0] else . end) == "Running")', []),
        (".tasks | to_entries[] | .value.start", ["task-time"]),
        ('.tasks["14"]', ["task-id"]),
        (".tasks[].id", []),
    ],
)
def test_what_jq_expects(program: str, kinds: list[str]) -> None:
    assert [shape.kind for shape in jq_shapes(program)] == kinds


def test_which_programs_keep_the_environment() -> None:
    for kept in (".", ".tasks", '.tasks[] | select(.label == "x")', "[.tasks[] | select(.id > 3)]"):
        assert keeps_tasks(kept), kept
    for dropped in ("del(.tasks[].envs)", ".tasks[].id", ".tasks[] | {id, label}", ".tasks | length"):
        assert not keeps_tasks(dropped), dropped


def test_arguments_of_shell_functions_reach_the_queue() -> None:
    text = 'q() { local label=$1; shift; pueue add --label "$label" -- "$@"; }\nq one bash -c "a b"\nq two make all\n'
    facts = read_facts(Source("x.sh", text), "shell", "bash", pueue_version=4).facts
    jobs = [texts(fact.rest) for fact in facts if isinstance(fact, QueueCommand)]
    assert jobs == [["bash", "-c", "a b"], ["make", "all"]]


def test_own_wrappers_of_pueue(findings: Findings) -> None:
    files = {
        "x.sh": "pq kill 14\nsubmit --label a -- bash -c 'a; b'\n",
        "x.py": (
            "from helpers import run_pueue\n"
            "def f(self):\n"
            "    run_pueue('kill', '14')\n"
            "    run_pueue(['kill', '14'])\n"
            "    run_pueue('kill 14')\n"
            "    self.queue.run(['pueue', 'kill', '14'])\n"
        ),
    }
    setting = 'queue-commands = ["pq", "submit", "run_pueue"]'
    found = findings(files, "--select", "JOB301,JOB313", "--config", setting)
    assert {(f["path"], f["line"], f["code"]) for f in found} == {
        ("x.sh", 1, "JOB301"),
        ("x.sh", 2, "JOB313"),
        *(("x.py", line, "JOB301") for line in (3, 4, 5, 6)),
    }


def test_pueue_3(findings: Findings) -> None:
    text = (
        "pueue stash --all\n"
        "pueue kill --children 3\n"
        'pueue env set "$1" A B\n'
        "pueue status --json | jq '.tasks[] | select(.status == \"Running\")'\n"
        "pueue status --json | jq '.tasks[] | select(.status | has(\"Running\"))'\n"
        "pueue status --json | jq '.tasks[] | select(.status.Done.result == \"Success\")'\n"
    )
    found = findings({"x.sh": text}, "--select", "JOB318,JOB320", "--config", "pueue-version = 3")
    assert [(f["line"], f["code"]) for f in found] == [
        (1, "JOB320"),
        (3, "JOB320"),
        (5, "JOB318"),
        (6, "JOB318"),
    ]


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("JOB313", "pueue add -- bash -c 'a; b'\n", "pueue add --escape -- bash -c 'a; b'\n"),
        ("JOB315", "id=$(pueue add -- x)\n", "id=$(pueue add --print-task-id -- x)\n"),
        ("JOB316", 'pueue add --after "$a" ./b\n', 'pueue add --after "$a" -- ./b\n'),
        ("JOB317", "pueue wait && ./merge\n", "pueue wait --status success && ./merge\n"),
        (
            "JOB323",
            "set -e\npueue group add x >/dev/null\n",
            "set -e\npueue group add x >/dev/null || true\n",
        ),
        ("JOB305", 'pueue restart "$1"\n', 'pueue restart --in-place "$1"\n'),
    ],
)
def test_fixes_are_silent(code: str, before: str, after: str, findings: Findings) -> None:
    (found,) = findings({"x.sh": before}, "--select", code)
    text = before
    for edit in sorted(found["fix"]["edits"], key=lambda e: (e["line"], e["column"]), reverse=True):
        lines = text.split("\n")
        line = lines[edit["line"] - 1]
        lines[edit["line"] - 1] = line[: edit["column"] - 1] + edit["text"] + line[edit["end_column"] - 1 :]
        text = "\n".join(lines)
    assert text == after
    assert findings({"x.sh": text}, "--select", code) == []


def test_fixes_in_python_lists(findings: Findings) -> None:
    text = 'import subprocess\nsubprocess.run(["pueue", "add", "--", "bash", "-c", "a; b"])\n'
    (found,) = findings({"x.py": text}, "--select", "JOB313")
    assert found["fix"]["edits"][0]["text"] == '"add", "--escape"'


def test_no_two_findings_on_one_span(findings: Findings) -> None:
    text = (
        "set -e\n"
        "pueue restart 7\n"
        "pueue wait 14\n"
        "id=$(pueue add --after 3 bash -c 'a; b')\n"
        "id=$(pueue add -- bash -c 'a; b' > log)\n"
        "ssh h \"pueue add -- bash -c 'cd x && ./y'\"\n"
        "pueue wait && ./merge\n"
        "pueue kill --children 14\n"
    )
    codes = "JOB301,JOB305,JOB313,JOB314,JOB315,JOB316,JOB317,JOB320,JOB323,JOB601,JOB603"
    found = findings({"x.sh": text}, "--select", codes)
    spans = [(f["line"], f["column"], f["end_line"], f["end_column"]) for f in found]
    assert len(set(spans)) == len(spans), found


def test_lists_that_are_put_together_elsewhere(findings: Findings) -> None:
    text = (
        "import os, subprocess\n"
        'BASE = ["pueue", "add", "--group", "x"]\n'
        "class Queue:\n"
        "    def __init__(self):\n"
        '        self.base = ["pueue", "add"]\n'
        "    def one(self):\n"
        '        subprocess.run([*self.base, "--", "bash", "-c", "x && y"])\n'
        "def two():\n"
        '    subprocess.run(BASE + ["--", "bash", "-c", "x && y"])\n'
        "def three():\n"
        '    os.execvp("pueue", ["pueue", "add", "--", "bash", "-c", "x && y"])\n'
        "def four(job):\n"
        '    subprocess.run(["pueue", "add", "--", " ".join(job)])\n'
        '    subprocess.run(["pueue", "add", "--", *job])\n'
    )
    found = findings({"x.py": text}, "--select", "JOB31")
    assert [(f["line"], f["code"]) for f in found] == [(7, "JOB313"), (9, "JOB313"), (11, "JOB313")]
