"""What sourced libraries bring: a long one is summed up once, and a script sees of it what it would see by reading it."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobsafety_lint import surroundings
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.files import Write
from jobsafety_lint.meaning.reading import read_facts
from jobsafety_lint.meaning.shell import libraries
from jobsafety_lint.meaning.shell.calls import ALIKE
from jobsafety_lint.source import SourceFile

LIBRARY = """\
set -eo pipefail
OUT=${OUT:-/srv/out}
STATE="$ROOT/state"
if [ -n "$CI" ]; then MODE=ci; fi
NAMES=("$ROOT/a" b)
export LANG=C
. "$LIB/more.sh"
prepare() { mkdir -p "$STATE"; PREPARED=$STATE/ready; cd "$STATE"; }
loud() { set +e; }
"""
SCRIPT = """\
#!/bin/bash
ROOT=/data/$1
LIB=lib
. lib/lib.sh
: > "$OUT/x.json"
: > "$STATE/y.json"
: > "${NAMES[0]}/z.json"
: > "$MODE.json"
: > "$MORE/m.json"
prepare
: > "$PREPARED.json"
loud
: > last.json
"""


def seen(folder: Path) -> list[tuple[object, ...]]:
    """What the writes of a script know that depends on the library."""
    path = folder / "script.sh"
    source = SourceFile("script.sh", path.read_text(encoding="utf-8"), location_on_disk=path)
    found = read_facts(source, "shell", "bash", pueue_version=4).facts
    return [
        (
            fact.path.template,
            fact.execution.errexit,
            fact.execution.pipefail,
            fact.execution.cwd.template if fact.execution.cwd else None,
            [setting.name for setting in fact.execution.environment],
        )
        for fact in found
        if isinstance(fact, Write)
    ]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/lib.sh").write_text(LIBRARY, encoding="utf-8")
    (tmp_path / "lib/more.sh").write_text("MORE=/srv/more\n", encoding="utf-8")
    (tmp_path / "script.sh").write_text(SCRIPT, encoding="utf-8")
    return tmp_path


def test_a_summary_is_what_reading_gives(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = seen(project)
    assert [row[0] for row in expected] == [
        "{${OUT:-/srv/out}}/x.json",
        "/data/{1}/state/y.json",
        "/data/{1}/a/z.json",
        "{MODE}.json",
        "/srv/more/m.json",
        "/data/{1}/state/ready.json",
        "last.json",
    ]
    assert expected[0][1:3] == (True, True)
    assert expected[-1][1] is False
    monkeypatch.setattr(libraries, "LONG", 0)
    assert seen(project) == expected
    assert seen(project) == expected, "the second script takes the summary that the first has made"


def test_one_script_leaves_nothing_for_the_next(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "LONG", 0)
    first = seen(project)
    text = SCRIPT.replace("ROOT=/data/$1\n", "OUT=/elsewhere\nset -u\n")
    (project / "script.sh").write_text(text, encoding="utf-8")
    second = [row[0] for row in seen(project)]
    assert second[:2] == ["/elsewhere/x.json", "{ROOT}/state/y.json"]
    (project / "script.sh").write_text(SCRIPT, encoding="utf-8")
    assert seen(project) == first


def test_a_summary_holds_as_long_as_its_files(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "LONG", 0)
    with surroundings.noted() as looks:
        assert "/srv/more/m.json" in [row[0] for row in seen(project)]
    with surroundings.noted() as again:
        seen(project)
    assert again == looks, "the cache must know what a result was made from, though a summary was at hand"
    more = project / "lib/more.sh"
    more.write_text("MORE=/srv/other\n", encoding="utf-8")
    assert "/srv/other/m.json" in [row[0] for row in seen(project)]
    with surroundings.in_place_of_disk({more: "MORE=/unsaved\n"}):
        assert "/unsaved/m.json" in [row[0] for row in seen(project)]
    assert "/srv/other/m.json" in [row[0] for row in seen(project)]
    more.unlink()
    assert "{MORE}/m.json" in [row[0] for row in seen(project)]


def test_a_library_in_a_loop_or_function_is_read_there(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "ROOT=/r\nload() { . lib/lib.sh; }\nfor x in a b; do . lib/lib.sh; : > $STATE/$x; done\nload\n: > $STATE\n"
    (project / "script.sh").write_text(text, encoding="utf-8")
    expected = seen(project)
    assert [row[0] for row in expected] == ["/r/state/{x}", "/r/state"]
    monkeypatch.setattr(libraries, "LONG", 0)
    assert seen(project) == expected


def written_by(text: str) -> list[str]:
    found = read_facts(SourceFile("x.sh", text), "shell", "bash", pueue_version=4).facts
    return [fact.path.template for fact in found if isinstance(fact, Write)]


def test_calls_that_bring_nothing_new_are_not_read_again() -> None:
    helper = 'say() { printf "%s" "$1"; LAST=$1; }\n'
    many = "".join(f"say {n}\n" for n in range(ALIKE + 40))
    assert written_by(f'{helper}{many}: > "$LAST"\n') == ["{LAST}"], "not read: what it sets is not known"
    few = "say a\nsay b\n"
    assert written_by(f'{helper}{few}: > "$LAST"\n') == ["b"]
    names = [f"/srv/{n}" for n in range(ALIKE + 40)]
    calls = "".join(f"keep {n}\n" for n in range(ALIKE + 40))
    assert written_by('keep() { : > "/srv/$1"; }\n' + calls) == names, "each call brings another file"


def test_a_call_is_read_where_what_it_depends_on_is_another() -> None:
    """A variable that the body looks at, or a loop that starts several at once."""
    helper = 'clean() { : > "$DIR/x"; say "$1"; }\nDIR=/a\n'
    many = "".join(f"clean {n}\n" for n in range(ALIKE + 5))
    assert written_by(f"{helper}{many}DIR=/b\nclean last\n") == ["/a/x", "/b/x"]


def test_a_call_whose_status_is_looked_at_for_the_first_time_is_read() -> None:
    text = "ask() { grep -q x log; }\n" + "".join(f"ask {n}\n" for n in range(9)) + "if ask 9; then a; fi\n"
    found = read_facts(SourceFile("x.sh", text), "shell", "bash", pueue_version=4).facts
    assert [c.status for c in found if isinstance(c, Command) and c.name == "grep"] == ["branch"]
