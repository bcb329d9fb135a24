"""An editor for the tests of the server: pytest-lsp's client with documents, and waits for events only."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest_lsp
from lsprotocol import types

PATIENCE = 120.0
"""Seconds until something that should come is taken as missing."""


def capabilities(*, pull: bool, watches: bool = False) -> types.ClientCapabilities:
    """What the editor says of itself: with `pull` it is like a VS Code of today, which can be told to pull again; without
    like Neovim 0.11, which cannot, so that diagnostics are pushed to it.
    """
    found = pytest_lsp.client_capabilities("neovim@v0.11.0")
    workspace = found.workspace
    assert workspace is not None and workspace.workspace_edit is not None and found.general is not None
    found.general.position_encodings = [types.PositionEncodingKind.Utf16]
    workspace.did_change_watched_files = types.DidChangeWatchedFilesClientCapabilities(watches)
    if pull:
        workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
        workspace.workspace_edit.document_changes = True
    return found


class Editor:
    """One editor with one server. `folder` is where relative names lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = pytest_lsp.make_test_lsp_client()
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.published: list[types.PublishDiagnosticsParams] = []
        self.registered: list[types.Registration] = []
        self._news = asyncio.Event()
        features = self.client.protocol.fm.features
        features[types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS] = self._publish
        features[types.WINDOW_SHOW_MESSAGE] = self._message
        features[types.WORKSPACE_DIAGNOSTIC_REFRESH] = self._refresh
        features[types.CLIENT_REGISTER_CAPABILITY] = self._register

    def _publish(self, params: types.PublishDiagnosticsParams) -> None:
        self.published.append(params)
        self._news.set()

    def _message(self, params: types.ShowMessageParams) -> None:
        self.client.messages.append(params)
        self._news.set()

    def _refresh(self, _: None) -> None:
        self.client.diagnostic_refresh_count += 1
        self._news.set()

    def _register(self, params: types.RegistrationParams) -> None:
        self.registered += params.registrations
        self._news.set()

    async def start(
        self,
        client: types.ClientCapabilities,
        options: Any = None,
        folders: list[Path] | None = None,
    ) -> types.InitializeResult:
        """Starts the server."""
        await self.client.start_io(sys.executable, "-m", "jobsafety_lint", "server")
        names = [
            types.WorkspaceFolder(f.as_uri(), f.name) for f in ([self.folder] if folders is None else folders)
        ]
        params = types.InitializeParams(
            capabilities=client,
            root_uri=names[0].uri if names else None,
            workspace_folders=names,
            initialization_options=options,
        )
        return await asyncio.wait_for(self.client.initialize_session(params), PATIENCE)

    async def stop(self) -> None:
        """Ends the server in order, and the client."""
        await asyncio.wait_for(self.client.shutdown_session(), PATIENCE)
        await self.client.stop()

    async def until(self, condition: Any) -> Any:
        """Waits for messages of the server until a condition holds, and returns what it is then."""

        async def wait() -> Any:
            while not (found := condition()):
                self._news.clear()
                await self._news.wait()
            return found

        return await asyncio.wait_for(wait(), PATIENCE)

    # --- documents ----------------------------------------------------------------------------------------------------

    def uri(self, name: str | Path) -> str:
        """A file's URI."""
        return (self.folder / name).as_uri()

    def write(self, name: str, text: str) -> Path:
        """A file on disk."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def open(self, name: str, text: str | None = None) -> None:
        """Opens a file, with its text on disk if none is given."""
        if text is None:
            text = (self.folder / name).read_bytes().decode()
        self.texts[name], self.versions[name] = text, 1
        item = types.TextDocumentItem(self.uri(name), "", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, name: str, *changes: tuple[tuple[int, int, int, int], str] | str) -> None:
        """Changes a document: by ranges (line, character, line, character) with their new texts, or as a whole."""
        self.versions[name] += 1
        made = [
            types.TextDocumentContentChangeWholeDocument(change)
            if isinstance(change, str)
            else types.TextDocumentContentChangePartial(_range(*change[0]), change[1])
            for change in changes
        ]
        document = types.VersionedTextDocumentIdentifier(self.versions[name], self.uri(name))
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, made))
        if isinstance(changes[-1], str):
            self.texts[name] = changes[-1]

    def save(self, name: str) -> None:
        """Writes a document to disk and says so."""
        self.write(name, self.texts[name])
        document = types.TextDocumentIdentifier(self.uri(name))
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(document))

    def close(self, name: str) -> None:
        """Closes a document."""
        document = types.TextDocumentIdentifier(self.uri(name))
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(document))
        del self.versions[name], self.texts[name]

    # --- answers ------------------------------------------------------------------------------------------------------

    async def pull(self, name: str, previous: str | None = None) -> types.DocumentDiagnosticReport:
        """Asks for the diagnostics of a document."""
        document = types.TextDocumentIdentifier(self.uri(name))
        params = types.DocumentDiagnosticParams(document, previous_result_id=previous)
        return await asyncio.wait_for(self.client.text_document_diagnostic_async(params), PATIENCE)

    async def pulled(self, name: str) -> list[types.Diagnostic]:
        """The diagnostics of a document."""
        report = await self.pull(name)
        assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
        return list(report.items)

    async def pull_all(self, previous: dict[str, str] | None = None) -> types.WorkspaceDiagnosticReport:
        """Asks for the diagnostics of all files."""
        before = [types.PreviousResultId(uri, value) for uri, value in (previous or {}).items()]
        params = types.WorkspaceDiagnosticParams(before)
        return await asyncio.wait_for(self.client.workspace_diagnostic_async(params), PATIENCE)

    def last(self, name: str) -> types.PublishDiagnosticsParams | None:
        """What was published for a file last."""
        uri = self.uri(name)
        return next((params for params in reversed(self.published) if params.uri == uri), None)

    async def shown(self, name: str) -> list[types.Diagnostic]:
        """What was pushed for the newest version of a document, as soon as it is."""
        version = self.versions[name]
        found = await self.until(
            lambda: last if (last := self.last(name)) is not None and last.version == version else None
        )
        return list(found.diagnostics)

    async def actions(
        self, name: str, at: tuple[int, int, int, int], *only: str
    ) -> dict[str, types.CodeAction]:
        """The actions at a range with their edits, by title."""
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(self.uri(name)),
            _range(*at),
            types.CodeActionContext([], only=list(only) or None),
        )
        found = await asyncio.wait_for(self.client.text_document_code_action_async(params), PATIENCE)
        made = {}
        for action in found or ():
            assert isinstance(action, types.CodeAction)
            if action.edit is None:
                answer = self.client.code_action_resolve_async(action)
                made[action.title] = await asyncio.wait_for(answer, PATIENCE)
            else:
                made[action.title] = action
        return made

    async def hover(self, name: str, line: int, character: int) -> str:
        """The text shown at a position; empty if there is none."""
        at = types.Position(line, character)
        params = types.HoverParams(types.TextDocumentIdentifier(self.uri(name)), at)
        found = await asyncio.wait_for(self.client.text_document_hover_async(params), PATIENCE)
        if found is None:
            return ""
        assert isinstance(found.contents, types.MarkupContent)
        return found.contents.value

    def applied(self, name: str, action: types.CodeAction) -> str:
        """The text of a document after an action (positions in UTF-16)."""
        assert action.edit is not None
        edits: list[types.TextEdit] = []
        for change in action.edit.document_changes or ():
            assert isinstance(change, types.TextDocumentEdit)
            assert change.text_document.uri == self.uri(name)
            assert change.text_document.version == self.versions[name]
            edits += change.edits  # type: ignore[arg-type]
        for uri, more in (action.edit.changes or {}).items():
            assert uri == self.uri(name)
            edits += more
        return apply(self.texts[name], edits)


def apply(text: str, edits: list[types.TextEdit]) -> str:
    """A text after edits of the protocol, done by another way than the server's: on UTF-16 units."""
    lines = [line.encode("utf-16-le") for line in text.splitlines(keepends=True)] + [b""]
    for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
        start, end = edit.range.start, edit.range.end
        before = lines[start.line][: 2 * start.character]
        after = lines[end.line][2 * end.character :]
        lines[start.line : end.line + 1] = [before + edit.new_text.encode("utf-16-le") + after]
    return b"".join(lines).decode("utf-16-le")


def _range(line: int, character: int, end_line: int, end_character: int) -> types.Range:
    return types.Range(types.Position(line, character), types.Position(end_line, end_character))
