"""Facts on files that several rules rely on."""

from __future__ import annotations

import pytest

from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.files import Append, Check, Delete, Lock, Replace, Running, Write
from jobsafety_lint.meaning.paths import PathPattern, is_lock_name, same_folder, words_of
from jobsafety_lint.meaning.reading import read_facts
from jobsafety_lint.source import Hole, SourceFile


def facts(text: str, kind: str) -> list[object]:
    """All facts of a file."""
    name = "a.py" if kind == "python" else "a.sh"
    return read_facts(SourceFile(name, text, kind), kind, "bash", pueue_version=4).facts


def only(found: list[object], kind: type) -> list:  # type: ignore[type-arg]
    return [fact for fact in found if isinstance(fact, kind)]


def test_words_of_capitals() -> None:
    assert list(words_of("LOCK_FILE")) == ["lock", "file"]
    assert list(words_of("HTTPServer")) == ["http", "server"]


def test_lock_names() -> None:
    assert is_lock_name(PathPattern.of("/run/", Hole("$x"), ".lock"))
    assert is_lock_name(PathPattern.of(Hole("$LOCKFILE")))
    assert not is_lock_name(PathPattern.of("project/uv.lock"))
    assert not is_lock_name(PathPattern.of("clock.txt"))


def test_same_folder() -> None:
    target = PathPattern.of(Hole("path"))
    assert same_folder(PathPattern.of(Hole("path.parent"), "/", Hole("mkstemp()")), target, "path")
    assert same_folder(PathPattern.of("/a/b.tmp"), PathPattern.of("/a/b"))
    assert not same_folder(PathPattern.of("/tmp/b"), PathPattern.of("/a/b"))


def test_tempfile_keeps_its_folder() -> None:
    found = facts(
        "import os, tempfile\n"
        "def f(path):\n"
        "    fd, name = tempfile.mkstemp(dir=path.parent)\n"
        "    with os.fdopen(fd, 'w') as fh:\n"
        "        fh.write('x')\n"
        "        fh.flush()\n"
        "        os.fsync(fh.fileno())\n"
        "    os.replace(name, path)\n",
        "python",
    )
    [move] = only(found, Replace)
    assert move.synced
    assert move.written is not None
    assert not move.origin.in_temporary_folder
    assert [use.by for use in move.written_through] == ["write"]
    [write] = only(found, Write)
    assert write.moved_to == move.path


def test_two_mktemp_are_two_files() -> None:
    found = facts('a=$(mktemp)\nb=$(mktemp)\n[ -f "$a" ] && rm "$b"\nmv "$a" x\n', "shell")
    [move] = only(found, Replace)
    assert move.origin.in_temporary_folder
    assert move.origin.is_unique
    [check] = only(found, Check)
    assert check.path == move.origin


def test_locks_on_descriptors() -> None:
    found = facts("exec 9> /run/l\nflock -n 9 || exit\ncat x >> y\nflock -u 9\ncat x >> z\n", "shell")
    [lock] = only(found, Lock)
    assert lock.path.text == "/run/l"
    assert [bool(append.execution.lock) for append in only(found, Append)] == [True, False]


def test_lock_of_a_subshell_ends_with_it() -> None:
    found = facts("(\n flock 9\n cat x >> y\n) 9> /run/l\ncat x >> z\n", "shell")
    assert [bool(append.execution.lock) for append in only(found, Append)] == [True, False]


def test_own_children_are_not_asked_for() -> None:
    assert only(facts("work & pid=$!\nkill -0 $pid && exit\n", "shell"), Running) == []
    [asked] = only(facts("pgrep -f feed || feed\n", "shell"), Running)
    assert asked.outcome == "starts"


@pytest.mark.parametrize(
    ("text", "unheard"),
    [
        ("[ -f x ] && rm x\ndate\n", True),
        ("set -e\nif [ -f x ]; then rm x; fi\ndate\n", False),
        ("if [ -f x ]; then rm x || exit 1; fi\ndate\n", False),
        ("drop() { [ -f x ] && rm x; }\nif drop; then date; fi\n", False),
        ("set -e\nif { rm x; date; }; then date; fi\n", True),
    ],
)
def test_a_failure_that_nobody_hears_of(text: str, unheard: bool) -> None:
    assert [act.is_unheard for act in only(facts(text, "shell"), Delete)] == [unheard]


def test_the_index_picks_an_element() -> None:
    text = 'f() { n=${names[$1]}; date >> "c-$n"; }\nfor i in "${!names[@]}"; do f "$i"; done\n'
    assert [act.path.names >= {"i"} for act in only(facts(text, "shell"), Append)] == [True]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("sbatch -J x --time 1:00 work.sh 3", ["work.sh", "3"]),
        ("qsub -hold_jid 12 -pe smp 8 -cwd -V -N j work.sh 3", ["work.sh", "3"]),
        ("qsub -l nodes=1:ppn=4 -j oe work.sh", ["work.sh"]),
        ("sbatch --wrap './work.sh 3'", ["work.sh", "3"]),
        ("sbatch <<E\n#!/bin/bash\n./work.sh 3\nE\n", ["work.sh", "3"]),
    ],
)
def test_what_a_batch_system_queues_is_a_job(text: str, runs: list[str]) -> None:
    found = only(facts(f"set -euo pipefail\n{text}\n", "shell"), Command)
    (job,) = [command for command in found if command.name == "work.sh"]
    assert [job.name, *job.words] == runs
    assert (job.execution.queue, job.execution.errexit, job.execution.pipefail) == (
        text.split(maxsplit=1)[0],
        False,
        False,
    )
    assert job.execution.concurrency
