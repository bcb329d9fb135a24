"""The server from outside, by pytest-lsp's client: what an editor is shown, and what it can do about it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types

from editor import PATIENCE, Editor, capabilities
from pages import blocks

pytestmark = pytest.mark.asyncio

Start = Callable[..., Awaitable[Editor]]

KILL = "#!/bin/sh\npueue kill 42\n"
DROP = "from pathlib import Path\n\n\ndef drop(p: Path) -> None:\n    if p.exists():\n        p.unlink()\n"
DROPPED = "from pathlib import Path\n\n\ndef drop(p: Path) -> None:\n    p.unlink(missing_ok=True)\n"
PIPELINE = Path(__file__).resolve().parents[1] / "examples" / "pipeline"


@pytest_asyncio.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts editors in a folder of their own; they are stopped in the end."""
    editors: list[Editor] = []

    async def started(
        *,
        pull: bool = True,
        watches: bool = False,
        options: Any = None,
        folder: Path | None = None,
        folders: list[Path] | None = None,
        adapt: Callable[[types.ClientCapabilities], None] = lambda _: None,
    ) -> Editor:
        client = capabilities(pull=pull, watches=watches)
        adapt(client)
        editor = Editor(folder or tmp_path)
        editors.append(editor)
        await editor.start(client, options, folders)
        return editor

    yield started
    for editor in editors:
        await editor.stop()


def codes(found: list[types.Diagnostic]) -> list[str]:
    return [str(one.code) for one in found]


def command_line(folder: Path, *options: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "jobsafety_lint",
            "check",
            "--jobs",
            "1",
            "--output-format",
            "json",
            *options,
            ".",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return found


# --- the same findings as the command line --------------------------------------------------------------------------------


def _many_files(folder: Path) -> None:
    """The examples of all pages that are one file, and the example pipeline."""
    for number, block in enumerate(blocks()):
        for name, text in block.files.items():
            path = folder / "pages" / f"{number:03}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in PIPELINE.iterdir():
        (folder / "pipeline").mkdir(exist_ok=True)
        (folder / "pipeline" / path.name).write_bytes(path.read_bytes())
    odd = "from pathlib import Path\n\n\ndef f(p: Path) -> None:\n    x = '😀ä'; p.exists() and p.unlink()\n"
    (folder / "odd.py").write_text(odd, encoding="utf-8")
    silenced = DROP.replace("p.unlink()", "p.unlink()  # jobsafety: ignore[check-then-delete] alone")
    (folder / "silenced.py").write_text(
        silenced + "\nx = 1  # jobsafety: ignore[kill-by-name]\n", encoding="utf-8"
    )


def _plain(folder: Path, finding: dict[str, Any]) -> tuple[object, ...]:
    """A finding of the command line, its positions in UTF-16 units from 0."""

    def at(place: dict[str, Any]) -> tuple[object, ...]:
        path = folder / place["path"]
        lines = path.read_text(encoding="utf-8").split("\n")

        def units(line: int, column: int) -> int:
            return len(lines[line - 1][: column - 1].encode("utf-16-le")) // 2

        return (
            path.as_uri(),
            (place["line"] - 1, units(place["line"], place["column"])),
            (place["end_line"] - 1, units(place["end_line"], place["end_column"])),
        )

    related = tuple((*at(one), one["message"]) for one in finding["related"])
    severity = {"error": 1, "warning": 2, "info": 3}[finding["severity"]]
    return (
        *at(finding),
        finding["code"],
        severity,
        finding["message"],
        finding["fingerprint"],
        finding["url"],
        related,
    )


def _shown(uri: str, one: types.Diagnostic) -> tuple[object, ...]:
    """A diagnostic in the same form."""

    def span(at: types.Range) -> tuple[object, ...]:
        return (at.start.line, at.start.character), (at.end.line, at.end.character)

    related = tuple(
        (r.location.uri, *span(r.location.range), r.message) for r in one.related_information or ()
    )
    assert one.severity is not None and one.code_description is not None
    data: Any = one.data
    fingerprint = data["fingerprint"] if isinstance(data, dict) else data.fingerprint
    message = one.message.partition("\n")[0]
    return (
        uri,
        *span(one.range),
        one.code,
        int(one.severity),
        message,
        fingerprint,
        one.code_description.href,
        related,
    )


@pytest.mark.parametrize("pedantic", [False, True])
async def test_all_files_show_what_the_command_line_finds(
    start: Start, tmp_path: Path, pedantic: bool
) -> None:
    _many_files(tmp_path)
    found = command_line(tmp_path, *(["--pedantic"] if pedantic else []))
    assert len({f["code"] for f in found}) > 60
    assert any(f["related"] for f in found)
    editor = await start(options={"pedantic": pedantic})
    report = await editor.pull_all()
    shown = [
        _shown(item.uri, one)
        for item in report.items
        if isinstance(item, types.WorkspaceFullDocumentDiagnosticReport)
        for one in item.items
    ]
    assert Counter(shown) == Counter(_plain(tmp_path, f) for f in found)


async def test_an_open_document_shows_what_the_command_line_finds_in_it(start: Start, tmp_path: Path) -> None:
    _many_files(tmp_path)
    found = command_line(tmp_path)
    expected: dict[str, Counter[object]] = {}
    for finding in found:
        expected.setdefault(finding["path"], Counter())[_plain(tmp_path, finding)] += 1
    names = [*sorted(expected)[::12], "odd.py", "silenced.py", "pipeline/bars.py", "pipeline/submit.sh"]
    editor = await start()
    for name in names:
        editor.open(name)
        shown = Counter(_shown(editor.uri(name), one) for one in await editor.pulled(name))
        assert shown == expected[name], name
        editor.close(name)


async def test_selection_and_severity_of_the_editor(start: Start, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text(KILL)
    (tmp_path / "a.py").write_text(DROP)
    editor = await start(options={"ignore": ["JOB301"], "minSeverity": "error"})
    editor.open("a.sh")
    editor.open("a.py")
    assert codes(await editor.pulled("a.sh")) == []
    found = command_line(tmp_path, "--ignore", "JOB301", "--min-severity", "error")
    assert codes(await editor.pulled("a.py")) == [f["code"] for f in found]


# --- pushed diagnostics ---------------------------------------------------------------------------------------------------


async def test_diagnostics_are_pushed_to_an_editor_that_does_not_pull(start: Start) -> None:
    editor = await start(pull=False)
    editor.open("a.py", DROP)
    (one,) = await editor.shown("a.py")
    assert one.code == "JOB101" and one.source == "jobsafety-lint"
    assert one.range == types.Range(types.Position(5, 8), types.Position(5, 18))
    assert one.code_description is not None and "check-then-delete" in one.code_description.href
    assert [r.location.uri for r in one.related_information or ()] == [editor.uri("a.py")]
    editor.change("a.py", ((4, 4, 5, 18), "p.unlink(missing_ok=True)"))
    assert await editor.shown("a.py") == []
    editor.change("a.py", DROP)
    assert codes(await editor.shown("a.py")) == ["JOB101"]
    editor.close("a.py")
    assert await editor.until(lambda: editor.last("a.py") if not editor.last("a.py").diagnostics else None)  # type: ignore[union-attr]


async def test_a_burst_of_keystrokes_shows_the_last_state_only(start: Start) -> None:
    editor = await start(pull=False)
    editor.open("a.py", DROP)
    await editor.shown("a.py")
    line = 5
    for at, char in enumerate("p.unlink()"):
        editor.change("a.py", ((line, 18 + at, line, 18 + at), ";" + char if at == 0 else char))
    editor.change("a.py", DROP + "# end\n")
    assert codes(await editor.shown("a.py")) == ["JOB101"]
    versions = [params.version for params in editor.published]
    assert versions == sorted(set(versions), key=lambda v: v or 0)
    assert versions[-1] == editor.versions["a.py"]
    assert len(versions) < 12


async def test_a_pushing_server_offers_no_pull(tmp_path: Path) -> None:
    for pull in (False, True):
        editor = Editor(tmp_path)
        offered = (await editor.start(capabilities(pull=pull))).capabilities
        assert (offered.diagnostic_provider is not None) is pull
        await editor.stop()


# --- pulled diagnostics ---------------------------------------------------------------------------------------------------


async def test_the_same_diagnostics_are_sent_once(start: Start) -> None:
    editor = await start()
    editor.open("a.py", DROP)
    first = await editor.pull("a.py")
    assert isinstance(first, types.RelatedFullDocumentDiagnosticReport)
    assert codes(list(first.items)) == ["JOB101"]
    again = await editor.pull("a.py", first.result_id)
    assert isinstance(again, types.RelatedUnchangedDocumentDiagnosticReport)
    assert again.result_id == first.result_id
    editor.change("a.py", ((0, 0, 0, 0), "\n"))
    moved = await editor.pull("a.py", first.result_id)
    assert isinstance(moved, types.RelatedFullDocumentDiagnosticReport)
    assert [one.range.start.line for one in moved.items] == [6]
    assert editor.published == []


async def test_a_cancelled_pull_does_not_hurt(start: Start) -> None:
    editor = await start()
    editor.open("a.py", DROP)
    params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(editor.uri("a.py")))
    pending = editor.client.protocol.send_request(types.TEXT_DOCUMENT_DIAGNOSTIC, params, msg_id="slow")
    editor.client.cancel_request(types.CancelParams("slow"))
    with pytest.raises(Exception, match="cancel"):
        await asyncio.wait_for(asyncio.wrap_future(pending), PATIENCE)
    assert codes(await editor.pulled("a.py")) == ["JOB101"]


async def test_workspace_diagnostics_follow_changes_and_leave_the_rest_alone(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text(DROP)
    (tmp_path / "b.sh").write_text(KILL)
    (tmp_path / "c.sh").write_text("echo fine\n")
    editor = await start()
    first = await editor.pull_all()
    full = {item.uri: item for item in first.items}
    assert set(full) == {editor.uri("a.py"), editor.uri("b.sh")}
    ids = {uri: str(item.result_id) for uri, item in full.items()}
    again = await editor.pull_all(ids)
    assert {type(item) for item in again.items} == {types.WorkspaceUnchangedDocumentDiagnosticReport}
    editor.open("a.py", "x = 1\n")
    changed = {item.uri: item for item in (await editor.pull_all(ids)).items}
    gone = changed[editor.uri("a.py")]
    assert isinstance(gone, types.WorkspaceFullDocumentDiagnosticReport)
    assert not gone.items and gone.version == 1
    assert isinstance(changed[editor.uri("b.sh")], types.WorkspaceUnchangedDocumentDiagnosticReport)
    editor.close("a.py")
    back = {item.uri: item for item in (await editor.pull_all(ids)).items}
    assert isinstance(back[editor.uri("a.py")], types.WorkspaceUnchangedDocumentDiagnosticReport)


async def test_workspace_diagnostics_can_be_switched_off(tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    offered = await editor.start(capabilities(pull=True), {"workspaceDiagnostics": False})
    provider = offered.capabilities.diagnostic_provider
    assert isinstance(provider, types.DiagnosticOptions)
    assert not provider.workspace_diagnostics and provider.inter_file_dependencies
    await editor.stop()


# --- the project ----------------------------------------------------------------------------------------------------------


def _pipeline(folder: Path) -> None:
    for path in PIPELINE.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())


async def test_an_unsaved_buffer_counts_for_other_files(start: Start, tmp_path: Path) -> None:
    _pipeline(tmp_path)
    editor = await start()
    editor.open("bars.py")
    (one,) = [d for d in await editor.pulled("bars.py") if d.code == "JOB201"]
    assert {r.location.uri for r in one.related_information or ()} >= {editor.uri("submit.sh")}
    lines = (tmp_path / "submit.sh").read_text().split("\n")
    queueing = next(n for n, line in enumerate(lines) if "pueue add" in line)
    editor.open("submit.sh")
    editor.change("submit.sh", ((queueing, 0, queueing, 0), "# moved down\n"))
    (moved,) = [d for d in await editor.pulled("bars.py") if d.code == "JOB201"]
    before = [
        r.location.range.start.line
        for r in one.related_information or ()
        if r.location.uri == editor.uri("submit.sh")
    ]
    after = [
        r.location.range.start.line
        for r in moved.related_information or ()
        if r.location.uri == editor.uri("submit.sh")
    ]
    assert after == [line + (line >= queueing) for line in before]
    editor.close("submit.sh")
    (back,) = [d for d in await editor.pulled("bars.py") if d.code == "JOB201"]
    assert back.related_information == one.related_information


async def test_an_unsaved_library_counts_for_the_script_that_sources_it(start: Start, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "lib.sh").write_text('drop() {\n    rm -f "$1"\n}\n')
    script = '#!/bin/bash\nset -e\n. "$(dirname "$0")/lib.sh"\ndrop state/lease\n'
    (tmp_path / "job.sh").write_text(script)
    bad = "strict() { set -o pipefail; }\n"
    editor = await start()
    editor.open("job.sh", '#!/bin/bash\n. "$(dirname "$0")/lib.sh"\nstrict\nfind / | head -n 1\n')
    before = codes(await editor.pulled("job.sh"))
    editor.open("lib.sh", bad + "set -eo pipefail\n")
    after = codes(await editor.pulled("job.sh"))
    assert (before, after) == ([], ["JOB401"])
    editor.close("lib.sh")
    assert codes(await editor.pulled("job.sh")) == []


async def test_several_folders_and_files_outside_of_them(start: Start, tmp_path: Path) -> None:
    one, two, far = tmp_path / "one", tmp_path / "two", tmp_path / "far"
    for folder in (one, two, far):
        folder.mkdir()
        (folder / "a.sh").write_text(KILL)
    (two / "jobsafety-lint.toml").write_text('ignore = ["JOB301"]\n')
    editor = await start(folders=[one, two])
    for name in ("one/a.sh", "two/a.sh", "far/a.sh"):
        editor.open(name)
    assert codes(await editor.pulled("one/a.sh")) == ["JOB301"]
    assert codes(await editor.pulled("two/a.sh")) == []
    assert codes(await editor.pulled("far/a.sh")) == ["JOB301"]
    event = types.WorkspaceFoldersChangeEvent([types.WorkspaceFolder(far.as_uri(), "far")], [])
    editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
    items = {item.uri for item in (await editor.pull_all()).items}
    assert items == {editor.uri("one/a.sh"), editor.uri("far/a.sh")}


async def test_excluded_files_and_other_kinds_show_nothing(start: Start, tmp_path: Path) -> None:
    (tmp_path / "jobsafety-lint.toml").write_text('extend-exclude = ["old/"]\n')
    editor = await start()
    for name in ("old/a.sh", ".venv/a.sh", "notes.txt"):
        editor.open(name, KILL if name.endswith("sh") else "pueue kill 42\n")
        assert await editor.pulled(name) == []
    editor.open("job", KILL)
    assert codes(await editor.pulled("job")) == ["JOB301"]


async def test_blocks_of_markdown_are_checked_where_the_settings_ask_for_it(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "jobsafety-lint.toml").write_text("markdown = true\n")
    editor = await start()
    editor.open("notes.md", "```bash\npueue kill 42\n```\n")
    assert codes(await editor.pulled("notes.md")) == ["JOB301"]


async def test_a_file_that_is_no_file_is_passed_over(start: Start) -> None:
    editor = await start()
    item = types.TextDocumentItem("untitled:Untitled-1", "python", 1, DROP)
    editor.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier("untitled:Untitled-1"))
    report = await asyncio.wait_for(editor.client.text_document_diagnostic_async(params), PATIENCE)
    assert report.kind == "full" and not report.items


# --- settings -------------------------------------------------------------------------------------------------------------


async def test_a_saved_configuration_counts_at_once(start: Start, tmp_path: Path) -> None:
    config = tmp_path / "jobsafety-lint.toml"
    config.write_text("")
    editor = await start(pull=False)
    editor.open("a.sh", KILL)
    assert codes(await editor.shown("a.sh")) == ["JOB301"]
    editor.open("jobsafety-lint.toml", "")
    editor.texts["jobsafety-lint.toml"] = 'ignore = ["JOB301"]\n'
    editor.save("jobsafety-lint.toml")
    await editor.until(lambda: editor.last("a.sh") is not None and not editor.last("a.sh").diagnostics)  # type: ignore[union-attr]


async def test_watched_files_are_asked_for_and_read_again(start: Start, tmp_path: Path) -> None:
    editor = await start(watches=True)
    await editor.until(lambda: editor.registered)
    (registered,) = editor.registered
    options: Any = registered.register_options
    watched = " ".join(watcher["globPattern"] for watcher in options["watchers"])
    assert all(name in watched for name in ("toml", "yml", ".gitignore", "py", "sh"))
    editor.open("a.sh", KILL)
    assert codes(await editor.pulled("a.sh")) == ["JOB301"]
    (tmp_path / "pyproject.toml").write_text('[tool.jobsafety-lint]\nignore = ["JOB301"]\n')
    change = types.FileEvent(editor.uri("pyproject.toml"), types.FileChangeType.Created)
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))
    await editor.until(lambda: editor.client.diagnostic_refresh_count)
    assert await editor.pulled("a.sh") == []


async def test_a_broken_configuration_is_told_and_the_defaults_count(start: Start, tmp_path: Path) -> None:
    (tmp_path / "jobsafety-lint.toml").write_text('selekt = ["ALL"]\n')
    editor = await start()
    editor.open("a.sh", KILL)
    assert codes(await editor.pulled("a.sh")) == ["JOB301"]
    (message,) = await editor.until(lambda: editor.client.messages)
    assert "did you mean `select`" in message.message and "jobsafety-lint.toml" in message.message
    editor.change("a.sh", KILL + "pueue kill 7\n")
    assert len(await editor.pulled("a.sh")) == 2
    assert len(editor.client.messages) == 1
    editor.open("jobsafety-lint.toml")
    editor.texts["jobsafety-lint.toml"] = 'ignore = ["JOB301"]\n'
    editor.save("jobsafety-lint.toml")
    assert await editor.pulled("a.sh") == []


async def test_wrong_options_are_told_and_left_out(start: Start) -> None:
    editor = await start(options={"slect": [], "ignore": ["kill-by-i"], "pedantic": "yes"})
    await editor.until(lambda: len(editor.client.messages) == 3)
    told = "\n".join(message.message for message in editor.client.messages)
    assert all(
        hint in told for hint in ("did you mean `select`", "there is no rule `kill-by-i`", "true or false")
    )
    editor.open("a.sh", KILL)
    assert codes(await editor.pulled("a.sh")) == ["JOB301"]


async def test_settings_may_change_while_it_runs(start: Start, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "team.toml").write_text('ignore = ["JOB301"]\n')
    editor = await start()
    editor.open("a.sh", KILL)
    assert codes(await editor.pulled("a.sh")) == ["JOB301"]
    for settings, expected in (
        ({"configuration": "shared/team.toml"}, []),
        ({"select": ["JOB1"]}, []),
        ({}, ["JOB301"]),
    ):
        params = types.DidChangeConfigurationParams({"jobsafety-lint": settings})
        editor.client.workspace_did_change_configuration(params)
        assert codes(await editor.pulled("a.sh")) == expected


async def test_an_editor_that_refuses_to_watch_is_served_all_the_same(start: Start, tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    del editor.client.protocol.fm.features[types.CLIENT_REGISTER_CAPABILITY]
    await editor.start(capabilities(pull=False, watches=True))
    editor.open("a.sh", KILL)
    assert codes(await editor.shown("a.sh")) == ["JOB301"]
    assert editor.client.messages == []
    await editor.stop()


async def test_what_a_baseline_holds_is_not_shown(start: Start, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text(KILL)
    command = [sys.executable, "-m", "jobsafety_lint", "baseline", "--output", "old.json", "."]
    done = await asyncio.to_thread(subprocess.run, command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    editor = await start(options={"baseline": "old.json"})
    editor.open("a.sh")
    assert await editor.pulled("a.sh") == []
    editor.change("a.sh", "# moved\n" + KILL + "pueue kill 7\n")
    assert [one.range.start.line for one in await editor.pulled("a.sh")] == [3]
    params = types.DidChangeConfigurationParams({"jobsafety-lint": {"baseline": "none.json"}})
    editor.client.workspace_did_change_configuration(params)
    assert len(await editor.pulled("a.sh")) == 2
    (message,) = await editor.until(lambda: editor.client.messages)
    assert "none.json" in message.message


async def test_it_answers_while_the_engine_works(start: Start, tmp_path: Path) -> None:
    _many_files(tmp_path)
    editor = await start()
    editor.open("a.py", DROP + "x = 1  # jobsafety: ignore[JOB301]\n")
    everything = asyncio.create_task(editor.pull_all())
    assert (await editor.hover("a.py", 6, 30)).startswith("# hardcoded-task-id")
    assert not everything.done()
    assert "JOB101" in codes(await editor.pulled("a.py"))
    assert not everything.done()
    assert len((await everything).items) > 100


# --- positions ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 22), ("utf-16", 19), ("utf-32", 18)])
async def test_positions_are_counted_as_the_editor_asks(tmp_path: Path, encoding: str, column: int) -> None:
    editor = Editor(tmp_path)
    client = capabilities(pull=True)
    assert client.general is not None
    client.general.position_encodings = [encoding]
    offered = await editor.start(client)
    assert offered.capabilities.position_encoding == encoding
    text = "from pathlib import Path\n\n\ndef f(p: Path) -> None:\n    if p.exists():\n        x = '😀ä'; p.unlink()\n"
    editor.open("a.py", text)
    (one,) = await editor.pulled("a.py")
    assert one.range.start == types.Position(5, column)
    editor.change("a.py", ((5, column, 5, column + 10), "pass"))
    assert await editor.pulled("a.py") == []
    await editor.stop()


async def test_form_feeds_and_carriage_returns_break_lines_as_the_protocol_says(start: Start) -> None:
    editor = await start()
    editor.open("a.py", "\x0c\n# \u2028\x85 x\r\n" + DROP.replace("\n", "\r\n"))
    (one,) = await editor.pulled("a.py")
    assert one.range.start == types.Position(7, 8)
    editor.change("a.py", ((6, 4, 7, 18), "p.unlink(missing_ok=True)"))
    assert await editor.pulled("a.py") == []


# --- actions --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
async def test_a_safe_fix_is_offered_as_preferred(start: Start, newline: str) -> None:
    editor = await start()
    editor.open("a.py", DROP.replace("\n", newline))
    found = await editor.actions("a.py", (5, 10, 5, 10), "quickfix")
    fixes = [action for action in found.values() if action.is_preferred]
    assert len(fixes) == 1 and "JOB101" in fixes[0].title and "unsafe" not in fixes[0].title
    assert [d.code for d in fixes[0].diagnostics or ()] == ["JOB101"]
    assert editor.applied("a.py", fixes[0]) == DROPPED.replace("\n", newline)
    assert await editor.actions("a.py", (0, 0, 0, 0), "quickfix") == {}


async def test_an_unsafe_fix_says_so_and_is_not_part_of_fix_all(start: Start) -> None:
    text = "import os\n\n\ndef drop(p: str) -> None:\n    if os.path.exists(p):\n        os.remove(p)\n"
    editor = await start()
    editor.open("a.py", text)
    found = await editor.actions("a.py", (5, 10, 5, 10))
    (unsafe,) = [action for title, action in found.items() if "unsafe" in title]
    assert not unsafe.is_preferred
    assert "suppress(FileNotFoundError)" in editor.applied("a.py", unsafe)
    assert not any(str(action.kind).startswith("source") for action in found.values())


@pytest.mark.parametrize("only", ["source", "source.fixAll", "source.fixAll.jobsafety-lint"])
async def test_fix_all_applies_the_safe_fixes(start: Start, only: str) -> None:
    editor = await start()
    twice = DROP + "\n\nHEART = '😀'\n\n\n" + DROP.partition("\n\n\n")[2].replace("drop", "again") + "x = 1"
    editor.open("a.py", twice)
    (action,) = (await editor.actions("a.py", (0, 0, 0, 0), only)).values()
    expected = (
        DROPPED + "\n\nHEART = '😀'\n\n\n" + DROPPED.partition("\n\n\n")[2].replace("drop", "again") + "x = 1"
    )
    assert editor.applied("a.py", action) == expected
    assert action.kind == "source.fixAll.jobsafety-lint"


async def test_edits_come_at_once_for_an_editor_that_does_not_resolve(start: Start) -> None:
    def old(client: types.ClientCapabilities) -> None:
        assert client.text_document is not None and client.text_document.code_action is not None
        assert client.workspace is not None and client.workspace.workspace_edit is not None
        client.text_document.code_action.resolve_support = None
        client.workspace.workspace_edit.document_changes = None

    editor = await start(adapt=old)
    editor.open("a.py", DROP)
    found = await editor.actions("a.py", (5, 10, 5, 10))
    assert len(found) == 3
    assert all(action.data is None or action.edit is not None for action in found.values())
    assert all(action.edit is not None and action.edit.changes for action in found.values())


SUPPRESSED = {
    "short.py": (DROP, "        p.unlink()  # jobsafety: ignore[check-then-delete]"),
    "long.py": (
        DROP.replace("p.unlink()", f"p.unlink() or {'x' * 90!r}"),
        "        # jobsafety: ignore[check-then-delete]",
    ),
    "comment.py": (
        DROP.replace("p.unlink()", "p.unlink()  # gone"),
        "        p.unlink()  # gone  # jobsafety: ignore[check-then-delete]",
    ),
    "other.py": (
        DROP.replace("p.unlink()", "p.unlink()  # jobsafety: ignore[kill-by-id]"),
        "        p.unlink()  # jobsafety: ignore[kill-by-id, check-then-delete]",
    ),
    "embedded.py": (
        'import subprocess\n\nsubprocess.run("""\npueue kill 42\n""", shell=True)\n',
        "# jobsafety: ignore[hardcoded-task-id]",
    ),
    "a.sh": (KILL, "pueue kill 42  # jobsafety: ignore[hardcoded-task-id]"),
    "continued.sh": (
        "#!/bin/sh\npueue \\\n    kill \\\n    42\n",
        "# jobsafety: ignore[hardcoded-task-id]",
    ),
    "here.sh": (
        "#!/bin/sh\nssh host <<'EOF'\npueue kill 42\nEOF\n",
        "# jobsafety: ignore[hardcoded-task-id]",
    ),
    "mise.toml": (
        '[tasks.a]\nrun = "pueue kill 42"\n',
        'run = "pueue kill 42"  # jobsafety: ignore[hardcoded-task-id]',
    ),
    ".github/workflows/a.yml": (
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          echo\n          pueue kill 42\n",
        "          pueue kill 42  # jobsafety: ignore[hardcoded-task-id]",
    ),
    "Makefile": (
        "all:\n\techo\n\tpueue kill 42\n",
        "\tpueue kill 42  # jobsafety: ignore[hardcoded-task-id]",
    ),
}


async def test_a_comment_silences_a_finding_in_every_language(start: Start) -> None:
    editor = await start()
    for name, (text, expected) in SUPPRESSED.items():
        editor.open(name, text)
        found = await editor.pulled(name)
        one = next(d for d in found if d.code in {"JOB101", "JOB301"})
        at = one.range.start
        actions = await editor.actions(name, (at.line, at.character, at.line, at.character), "quickfix")
        (action,) = [a for title, a in actions.items() if title.startswith(f"Suppress {one.code}")]
        silenced = editor.applied(name, action)
        assert expected in silenced.split("\n"), silenced
        editor.change(name, silenced)
        left = codes(await editor.pulled(name))
        assert Counter(left) < Counter(codes(found)), name
        assert one.code not in left, name
        editor.close(name)


# --- hover ----------------------------------------------------------------------------------------------------------------


async def test_hover_shows_the_page(start: Start) -> None:
    editor = await start()
    text = (
        DROP
        + "x = 1  # jobsafety: ignore[queue-clear-or-kill-all, JOB301] why\ny = 2  # noqa: E501, JOB102\n"
    )
    editor.open("a.py", text)
    assert (await editor.hover("a.py", 5, 12)).startswith("# check-then-delete (JOB101)")
    assert "check-then-delete/)" in await editor.hover("a.py", 5, 12)
    assert await editor.hover("a.py", 0, 3) == ""
    lines = text.split("\n")
    assert "(JOB301)" in (await editor.hover("a.py", 6, lines[6].index("JOB301") + 2)).partition("\n")[0]
    assert "(JOB102)" in (await editor.hover("a.py", 7, lines[7].index("JOB102"))).partition("\n")[0]
    assert "(JOB102)" not in (await editor.hover("a.py", 7, lines[7].index("E501"))).partition("\n")[0]
    config = '[tool.jobsafety-lint]\nignore = ["check-then-delete"]\n'
    editor.open("pyproject.toml", config)
    assert (await editor.hover("pyproject.toml", 1, 15)).startswith("# check-then-delete")


# --- starting it ----------------------------------------------------------------------------------------------------------


def _without_pygls(tmp_path: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.modules['pygls'] = None; from jobsafety_lint.cli import main; main(['server'])"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, input="", capture_output=True, text=True, check=False
    )


async def test_without_pygls_it_says_what_to_install(tmp_path: Path) -> None:
    done = await asyncio.to_thread(_without_pygls, tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "pip install 'jobsafety-lint[server]'" in done.stderr


async def test_the_end_of_input_ends_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "jobsafety_lint", "server"]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=tmp_path, input=b"", capture_output=True, timeout=PATIENCE, check=False
    )
    assert done.stdout == b"" and b"Traceback" not in done.stderr
