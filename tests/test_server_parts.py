"""The parts of the server by themselves: positions, options, and what a session keeps between runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from jobsafety_lint.engine import mapping
from jobsafety_lint.model import Location, Severity
from jobsafety_lint.server import session as sessions
from jobsafety_lint.server.documents import Document
from jobsafety_lint.server.lines import Lines
from jobsafety_lint.server.options import EditorOptions, read_options
from jobsafety_lint.server.recollection import Interrupted
from jobsafety_lint.server.session import Session
from jobsafety_lint.source import Source

KILL = "#!/bin/sh\npueue kill 42\n"
ENCODINGS = st.sampled_from([kind.value for kind in types.PositionEncodingKind])
TEXTS = st.text(alphabet="aé😀\t\n\r\x0c\u2028\x85", max_size=60)


# --- positions ------------------------------------------------------------------------------------------------------------


@given(TEXTS, ENCODINGS, st.data())
def test_a_position_leads_back_to_its_offset(text: str, encoding: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    if text[offset - 1 : offset + 1] == "\r\n":
        return  # no position lies inside of a line's end
    lines = Lines(text)
    assert lines.offset(lines.position(offset, encoding), encoding) == offset


@given(TEXTS, ENCODINGS)
def test_positions_rise_with_offsets(text: str, encoding: str) -> None:
    lines = Lines(text)
    at = [lines.position(offset, encoding) for offset in range(len(text) + 1)]
    assert at == sorted(at, key=lambda p: (p.line, p.character))
    assert at[-1].line == text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


@given(st.text(alphabet="aé😀\t\n\x0c", max_size=60), st.sampled_from(["\n", "\r\n"]), st.data())
def test_places_of_the_engine_are_those_of_the_editor(text: str, newline: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    source = Source("a.py", text)
    line, column = source.line_column(start)
    lines = Lines(text.replace("\n", newline))
    found = lines.range_of(Location("a.py", line, column, line, column), "utf-32").start
    assert found == types.Position(line - 1, column - 1)


@given(TEXTS, TEXTS, ENCODINGS, st.data())
def test_a_change_is_applied_where_it_belongs(
    text: str, new: str, encoding: str, data: st.DataObject
) -> None:
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    if any(text[at - 1 : at + 1] == "\r\n" for at in (start, end)):
        return
    lines = Lines(text)
    at = types.Range(lines.position(start, encoding), lines.position(end, encoding))
    changed = lines.changed(types.TextDocumentContentChangePartial(at, new), encoding)
    assert changed.text == text[:start] + new + text[end:]


def test_positions_past_the_end_are_the_end() -> None:
    lines = Lines("ab\ncd")
    assert lines.offset(types.Position(0, 99), "utf-16") == 2
    assert lines.offset(types.Position(1, 99), "utf-16") == 5
    assert lines.offset(types.Position(9, 0), "utf-16") == 5


def test_a_byte_order_mark_is_no_column() -> None:
    lines = Lines("\ufeffab\n")
    assert lines.range_of(Location("a", 1, 1, 1, 3), "utf-16") == types.Range(
        types.Position(0, 1), types.Position(0, 3)
    )


# --- options --------------------------------------------------------------------------------------------------------------


def test_options_that_are_not_given_are_the_defaults() -> None:
    options, problems = read_options(None)
    assert problems == []
    assert (
        options.run.min_severity is Severity.INFO
        and not options.run.pedantic
        and options.configuration is None
    )
    options, problems = read_options({"select": ["JOB3"], "minSeverity": "warning"})
    assert problems == []
    assert options.run.cli["select"] == ["JOB3"] and options.run.min_severity is Severity.WARNING


@pytest.mark.parametrize("wrong", [[1], "text", 7])
def test_options_of_another_kind_are_told(wrong: object) -> None:
    options, problems = read_options(wrong)
    assert len(problems) == 1 and "must be an object" in problems[0]
    assert options.workspace_diagnostics


# --- sessions -------------------------------------------------------------------------------------------------------------


def _documents(folder: Path, **texts: str) -> dict[Path, Document]:
    paths = {folder / name.replace("__", "."): text for name, text in texts.items()}
    return {path: Document(path.as_uri(), path, 1, Lines(text)) for path, text in paths.items()}


@pytest.fixture
def mapped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are mapped, in order."""
    names: list[str] = []
    really = mapping.map_file

    def counted(task: Any, options: Any) -> Any:
        names.append(task.item.path.name)
        return really(task, options)

    monkeypatch.setattr(mapping, "map_file", counted)
    return names


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of three scripts; the working directory is put back in the end."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    for name in ("a.sh", "b.sh", "c.sh"):
        (tmp_path / name).write_text(KILL)
    return tmp_path


def _codes(found: sessions.Outcome) -> dict[str, list[str]]:
    return {path.name: [f.code for f in findings] for path, findings in found.findings.items()}


def test_a_keystroke_maps_one_file(project: Path, mapped: list[str]) -> None:
    session = Session(project, EditorOptions())
    assert _codes(session.check(_documents(project, a__sh=KILL))) == {"a.sh": ["JOB301"]}
    assert sorted(mapped) == ["a.sh", "b.sh", "c.sh"]
    mapped.clear()
    found = session.check(_documents(project, a__sh=KILL + "pueue kill 7\n"))
    assert _codes(found) == {"a.sh": ["JOB301", "JOB301"]}
    assert mapped == ["a.sh"]
    mapped.clear()
    session.check(_documents(project, a__sh=KILL + "pueue kill 7\n"))
    assert mapped == []


def test_all_files_are_checked_with_what_is_known(project: Path, mapped: list[str]) -> None:
    session = Session(project, EditorOptions())
    found = session.check({}, everything=True)
    assert _codes(found) == {"a.sh": ["JOB301"], "b.sh": ["JOB301"], "c.sh": ["JOB301"]}
    mapped.clear()
    session.check(_documents(project, b__sh=KILL), everything=True)
    assert mapped == ["b.sh"]


def test_the_disk_is_looked_at_again_after_a_change(project: Path, mapped: list[str]) -> None:
    session = Session(project, EditorOptions())
    session.check({}, everything=True)
    mapped.clear()
    (project / "a.sh").write_text("echo fine\n")
    (project / "d.sh").write_text(KILL)
    assert mapped == []
    session.files_changed()
    found = _codes(session.check({}, everything=True))
    assert found == {"a.sh": [], "b.sh": ["JOB301"], "c.sh": ["JOB301"], "d.sh": ["JOB301"]}
    assert sorted(mapped) == ["a.sh", "d.sh"]


def test_a_run_that_is_outdated_is_given_up_and_what_it_mapped_is_kept(
    project: Path, mapped: list[str]
) -> None:
    session = Session(project, EditorOptions())
    with pytest.raises(Interrupted):
        session.check({}, everything=True, stop=lambda: len(mapped) >= 2)
    assert len(mapped) == 2
    session.check({}, everything=True)
    assert sorted(mapped) == ["a.sh", "b.sh", "c.sh"]


def test_what_is_only_tried_leaves_nothing_behind(project: Path, mapped: list[str]) -> None:
    session = Session(project, EditorOptions())
    documents = _documents(project, a__sh=KILL)
    (finding,) = session.check(documents).findings[project / "a.sh"]
    text = session.with_suppression(project / "a.sh", finding, documents)
    assert text is not None and "ignore[hardcoded-task-id]" in text
    mapped.clear()
    assert _codes(session.check(documents)) == {"a.sh": ["JOB301"]}
    assert mapped == []


def test_a_used_suppression_stays_used(project: Path) -> None:
    session = Session(project, EditorOptions())
    silenced = KILL.replace("42", "42  # jobsafety: ignore[hardcoded-task-id] it is ours")
    for _ in range(2):
        assert _codes(session.check(_documents(project, a__sh=silenced))) == {"a.sh": []}
    stale = silenced.replace("kill 42", "status")
    assert _codes(session.check(_documents(project, a__sh=stale))) == {"a.sh": ["JOB002"]}
    assert _codes(session.check(_documents(project, a__sh=silenced))) == {"a.sh": []}


def test_a_folder_behind_a_link_keeps_its_name(project: Path) -> None:
    link = project.parent / f"{project.name}-link"
    link.symlink_to(project)
    session = Session(link, EditorOptions())
    found = session.check(_documents(link, a__sh=KILL), everything=True)
    assert set(found.findings) == {link / "a.sh", link / "b.sh", link / "c.sh"}


def test_a_folder_that_is_gone_does_not_hurt(project: Path) -> None:
    session = Session(project / "gone", EditorOptions())
    found = session.check(_documents(project / "gone", a__sh=KILL), everything=True)
    assert _codes(found) == {"a.sh": ["JOB301"]}


def test_a_coding_comment_does_not_move_columns(project: Path) -> None:
    text = "# -*- coding: latin-1 -*-\nimport os\n\nX = 'äöü'; os.system('pueue kill 42')\n"
    session = Session(project, EditorOptions())
    (finding,) = session.check(_documents(project, x__py=text)).findings[project / "x.py"]
    assert (finding.code, finding.location.line) == ("JOB301", 4)
    assert text.split("\n")[3][finding.location.column - 1 :].startswith("pueue kill 42")
