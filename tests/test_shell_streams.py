"""Options by flow and by sourced files, who looks at a status, whose input a command reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobsafety_lint import surroundings
from jobsafety_lint.meaning.commands import Command, Pipe
from jobsafety_lint.meaning.file_facts import FileFacts
from jobsafety_lint.meaning.files import Write
from jobsafety_lint.meaning.reading import read_facts
from jobsafety_lint.meaning.shell.interpreter import MAX_FOREIGN, MAX_OWN
from jobsafety_lint.meaning.shell.output_sizes import Size, output_size
from jobsafety_lint.meaning.shell.streams import stops_early
from jobsafety_lint.source import SourceFile

Findings = Callable[..., list[dict[str, Any]]]


def facts_of(text: str, path: Path | None = None) -> FileFacts:
    source = SourceFile(str(path or "x.sh"), text, location_on_disk=path or Path())
    return read_facts(source, "shell", "bash", pueue_version=4)


def commands(text: str) -> list[Command]:
    return [fact for fact in facts_of(text).facts if isinstance(fact, Command)]


def pipes(text: str) -> list[Pipe]:
    return [fact for fact in facts_of(text).facts if isinstance(fact, Pipe)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set -eo pipefail\na | b", True),
        ("set -o pipefail; set +o pipefail; a | b", False),
        ("(set -o pipefail); a | b", False),
        ("strict() { set -euo pipefail; }\nstrict\na | b", True),
        ("f() { local -; set -o pipefail; }\nf\na | b", False),
        ("f() (set -o pipefail)\nf\na | b", False),
        ("#!/usr/bin/env -S bash -euo pipefail\na | b", True),
        ("bash -o pipefail -c 'a | b'", True),
        ("set -o pipefail; bash -c 'a | b'", False),
        ("set -o pipefail; export SHELLOPTS; bash -c 'a | b'", True),
        ("env SHELLOPTS=pipefail bash -c 'a | b'", True),
        ("set -o pipefail; eval 'a | b'", True),
        ("shopt -so pipefail; a | b", True),
        ("if x; then set -o pipefail; fi; a | b", None),
    ],
)
def test_pipefail_by_flow(text: str, expected: bool | None) -> None:
    assert [pipe.execution.pipefail for pipe in pipes(text)] == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set -e; x=$(a | b)", "exits"),
        ("set -e; x=$(a | b)$(c)", "ignored"),
        ("set -e; local x=$(a | b)", "masked"),
        ("set -e; [[ -n $(a | b) ]]", "masked"),
        ("set -e; case $(a | b) in *) ;; esac", "masked"),
        ("set -e; a | b && true", "masked"),
        ("set -e; a | b || [ $? -eq 141 ]", "masked"),
        ("a | b; rc=$?; if [ $rc -ne 0 ]; then c; fi", "branch"),
        ("a | b; if [ $? -ne 0 ]; then c; fi", "branch"),
        ("a | b; if [ $? -ne 141 ]; then c; fi", "ignored"),
        ("a | b; c", "ignored"),
        ("set -e; f() { x=$(a | b); c; }; y=$(f)", "ignored"),
    ],
)
def test_who_looks_at_the_status(text: str, expected: str) -> None:
    assert pipes(text)[0].status == expected


@pytest.mark.parametrize(
    "line",
    [
        '. "$(dirname "$0")/lib/strict.sh"',
        'source "${BASH_SOURCE%/*}/lib/strict.sh"',
        'DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" >/dev/null 2>&1 && pwd)"; source "$DIR/lib/strict.sh"',
        'DIR=$(dirname "$(readlink -f "$0")"); LIB=$DIR/lib; . "$LIB/strict.sh"',
        'ROOT=$(cd "$(dirname "$0")/.." && pwd); . "$ROOT/bin/lib/strict.sh"',
        "source lib/strict.sh",
        'cd "$(dirname "$0")"; . ./lib/strict.sh',
        "[ -f lib/strict.sh ] && . lib/strict.sh",
        ". ./lib/outer.sh",
    ],
)
def test_sourced_options_and_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "bin"
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "strict.sh").write_text("set -eo pipefail\nlist() { find /data; }\nzcat x | head -1\n")
    (folder / "lib" / "outer.sh").write_text('. "${BASH_SOURCE%/*}/strict.sh"\n')
    with surroundings.noted() as looks:
        found = facts_of(f"{line}\nlist | head -1\n", folder / "run.sh")
    (pipe,) = [fact for fact in found.facts if isinstance(fact, Pipe)]
    assert pipe.execution.pipefail is True
    assert [command.name for command in pipe.stages[0]] == ["find"]
    assert {look.path for look in looks if look.what == "text"} >= {(folder / "lib" / "strict.sh").as_posix()}


def test_sourced_files_stay_below_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    (tmp_path / "strict.sh").write_text("set -eo pipefail\n")
    with surroundings.noted() as looks:
        found = facts_of('. "$(dirname "$0")/../strict.sh"\na | b\n', project / "run.sh")
    (pipe,) = [fact for fact in found.facts if isinstance(fact, Pipe)]
    assert pipe.execution.pipefail is False
    assert not [look for look in looks if look.what == "text"]


def test_what_a_large_library_sets_and_defines_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    work = "".join(f"step {number} >/dev/null\n" for number in range(2 * MAX_FOREIGN))
    library = f"{work}set -eo pipefail\nlist() {{ find /data; }}\nOUT=/data/out.parquet\n{work}"
    (tmp_path / "lib.sh").write_text(library)
    facts = facts_of(
        '. ./lib.sh\nlist | head -1\nlist | head -2\nprocess "$OUT"\n', tmp_path / "run.sh"
    ).facts
    pipes = [fact for fact in facts if isinstance(fact, Pipe)]
    assert [pipe.execution.pipefail for pipe in pipes] == [True, True]
    assert [[command.name for command in pipe.stages[0]] for pipe in pipes] == [["find"], ["find"]]
    (process,) = [fact for fact in facts if isinstance(fact, Command) and fact.name == "process"]
    assert process.args[0].text == "/data/out.parquet"


def test_what_is_wrong_in_a_sourced_file_is_reported_there(findings: Findings) -> None:
    files = {
        "run.sh": "#!/bin/bash\n. ./lib.sh\nlist\n",
        "lib.sh": "#!/bin/bash\nset -eo pipefail\nlist() { find / | head -1; }\n",
    }
    found = findings(files, "--select", "JOB401", "--no-cache")
    assert [(f["path"], f["line"]) for f in found] == [("lib.sh", 3)]


def test_a_file_that_sources_itself_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.sh").write_text(". ./b.sh\nset -o pipefail\n")
    (tmp_path / "b.sh").write_text(". ./a.sh\n")
    assert facts_of((tmp_path / "a.sh").read_text(), tmp_path / "a.sh").facts


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("while read x; do ssh h; done < f", True),
        ("cat f | while read x; do y=$(ssh h); done", True),
        ("go() { ssh h; }\nwhile read x; do go; done < f", True),
        ("while read x; do { ssh h; } < /dev/null; done < f", False),
        ("while read x; do echo | ssh h; done < f", False),
        ("while read -u 3 x; do ssh h; done 3< f", False),
        ("while read x <&3; do ssh h; done 3< f", False),
        ("while read x; do :; done < f\nssh h", False),
        ("while read x; do xargs ssh h; done < f", False),
    ],
)
def test_input_of_a_loop(text: str, reads: bool) -> None:
    (ssh,) = [command for command in commands(text) if command.name == "ssh"]
    assert (ssh.execution.input_of is not None) is reads


@pytest.mark.parametrize(
    ("text", "early"),
    [
        ("head -5", True),
        ("head -n -5", False),
        ("head -n 5 file", False),
        ("grep -qE x", True),
        ("grep -e q x", False),
        ("grep -A1 x", False),
        ("grep -m1 x", True),
        ("grep -q x file", False),
        ("sed 5q", True),
        ("sed -n '/x/{p;q}'", True),
        ("sed '$q'", False),
        ("sed -n 1,5p", False),
        ("sed s/q/r/", False),
        ("awk '{ print; exit }'", True),
        ("awk 'END { if (n) { exit 1 } }'", False),
        ("awk '{ if (bad) exit 1; print }'", False),
        ("awk '{ if (bad) exit 1; exit }'", True),
        ("awk '{ print \"exit\" }'", False),
        ("jq -n 'first(inputs)'", True),
        ("jq .x", False),
        ("tail -n 3", False),
    ],
)
def test_readers_that_stop_early(text: str, early: bool) -> None:
    assert stops_early(commands(text)[0]) is early


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("git rev-parse HEAD", Size.SMALL),
        ("git -C x log --oneline", Size.LARGE),
        ("git log -1", Size.SMALL),
        ("python3 --version", Size.SMALL),
        ("find . -name '*.x'", Size.LARGE),
        ("find results -name '*.spec.ts'", Size.LARGE),
        ("find results -maxdepth 1 -name 'report-*'", Size.UNKNOWN),
        ("git tag", Size.LARGE),
        ("git tag --list 'v*'", Size.LARGE),
        ("git tag --points-at HEAD", Size.UNKNOWN),
        ("kubectl logs pod", Size.LARGE),
        ("kubectl -n ns exec pod -- ls /x", Size.LARGE),
        ('out=$(kubectl get pods -o name); echo "$out"', Size.SMALL),
        ('out=$(kubectl get pods -o json); echo "$out"', Size.LARGE),
        ("my-tool list", Size.UNKNOWN),
        ("echo $x", Size.SMALL),
        ('files=$(find .); echo "$files"', Size.LARGE),
        ("grep -E x file.conf", Size.SMALL),
        ("grep -r x .", Size.UNKNOWN),
        ("sed -n '5p' f", Size.SMALL),
        ("cat VERSION", Size.SMALL),
        ('cat "$1"', Size.LARGE),
    ],
)
def test_how_much_a_command_prints(text: str, size: Size) -> None:
    assert output_size(commands(text)[-1]) is size


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("find / | grep -q x", "find / | grep x >/dev/null"),
        ("find / | grep -qE 'a|b'", "find / | grep -E 'a|b' >/dev/null"),
        ("find / | grep -q x 2>/dev/null", "find / | grep x 2>/dev/null >/dev/null"),
        ("find / | head -n 5", "find / | sed -n '1,5p'"),
        ("find / | head -1 | cut -c1", "find / | sed -n '1p' | cut -c1"),
        ("find / | head", "find / | sed -n '1,10p'"),
        ("tail -f log | head -n 5", "tail -f log | head -n 5"),
        ("./tool | head -n 5", "./tool | head -n 5"),
    ],
)
def test_safe_fixes_of_early_close(run: Callable[..., Any], tmp_path: Path, before: str, after: str) -> None:
    script = tmp_path / "x.sh"
    script.write_text(f"#!/bin/bash\nset -eo pipefail\n{before}\necho\n")
    run("check", "--isolated", "--no-cache", "--select", "JOB401", "--fix", ".")
    assert script.read_text().splitlines()[2] == after


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        (
            "JOB402",
            "n=0\nls | while read -r f; do\n  n=1\ndone\necho $n\n",
            "n=0\nwhile read -r f; do\n  n=1\ndone < <(ls)\necho $n\n",
        ),
        (
            "JOB404",
            "ls | xargs -I{} sh -c 'zcat {} > \"{}.txt\"'\n",
            'ls | xargs -I{} sh -c \'zcat "$1" > "$1.txt"\' _ {}\n',
        ),
        ("JOB405", 'ssh h "make -j$(nproc) $HOME"\n', 'ssh h "make -j\\$(nproc) \\$HOME"\n'),
        (
            "JOB606",
            "pueue add --working-directory=~/x -- make\n",
            'pueue add --working-directory="$HOME/x" -- make\n',
        ),
        ("JOB606", "cd '~/my x'\n", 'cd "$HOME/my x"\n'),
        (
            "JOB403",
            "while read -r f; do ffmpeg -i $f o; docker exec -i c x; done < l\n",
            "while read -r f; do ffmpeg -nostdin -i $f o; docker exec -i c x </dev/null; done < l\n",
        ),
    ],
)
def test_fixes(run: Callable[..., Any], tmp_path: Path, code: str, before: str, after: str) -> None:
    script = tmp_path / "x.sh"
    script.write_text("#!/bin/bash\n" + before)
    options = ("check", "--isolated", "--no-cache", "--select", code, "--fix", "--unsafe-fixes", ".")
    run(*options)
    assert script.read_text() == "#!/bin/bash\n" + after
    assert f"[{code}]" not in run("check", "--isolated", "--no-cache", "--select", code, ".").stdout


@pytest.mark.parametrize(
    ("program", "harm"),
    [
        ("'zcat {}'", "a blank, a quote or `$(…)`"),
        ("'echo \"{}\"; zcat {}'", "a blank, a quote or `$(…)`"),
        ("'zcat \"{}\"'", "a quote or `$(…)`"),
        ("\"zcat '{}' \\\"'{}'\\\"\"", "a quote or `$(…)`"),
        ("\"zcat '{}'\"", "a quote"),
    ],
)
def test_what_of_an_item_becomes_code(
    run: Callable[..., Any], tmp_path: Path, program: str, harm: str
) -> None:
    (tmp_path / "x.sh").write_text(f"#!/bin/bash\nls | xargs -I{{}} sh -c {program}\n")
    found = run("check", "--isolated", "--no-cache", "--select", "JOB404", ".").stdout
    assert f"that `sh -c` runs: {harm} in an item becomes code" in found


def test_calls_are_read_within_a_budget() -> None:
    calls, levels = 12, 4  # 20,736 calls of the last function, each with a name of its own
    functions = [
        f"f{level}() {{ " + " ".join(f'f{level + 1} "${{1}}-{n}";' for n in range(calls)) + " }"
        for level in range(levels)
    ]
    text = "\n".join(
        [
            *functions,
            f'f{levels}() {{ last=$1; : > "/srv/$1"; }}',
            "f0 a",
            f"last=b; f{levels} c",
            'use "$last"',
        ]
    )
    found = facts_of(text).facts
    written = [fact for fact in found if isinstance(fact, Write)]
    assert MAX_OWN / 10 < len(written) < MAX_OWN
    used = [fact for fact in found if isinstance(fact, Command) and fact.name == "use"]
    assert used[0].args[0].text is None  # the last call was not read: neither `b` nor `c` for certain


@pytest.mark.parametrize(
    "text",
    ['f() { { echo a; } >"$@"; }\nf\n', 'f() { exec 5>"$@"; }\nf\n', "out=\n{ echo a; } >$out\n"],
)
def test_a_redirection_to_nothing_is_none(text: str) -> None:
    assert not [fact for fact in facts_of(text).facts if isinstance(fact, Write) and fact.path.parts]


@pytest.mark.parametrize(
    ("word", "runs"), [('"$1"', ["rm"]), ('"$@"', ["rm"]), ('"${=1}"', ["eval"]), ('"${}"', ["eval"])]
)
def test_what_a_function_hands_on_to_eval(word: str, runs: list[str]) -> None:
    names = [command.name for command in commands(f"f() {{ eval {word}; }}\nf 'rm x'\n")]
    assert names[-1:] == runs
