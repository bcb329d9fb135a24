"""The server: messages of the editor in, diagnostics and answers out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls import uris
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from jobsafety_lint import __version__
from jobsafety_lint.config import CONFIG_NAMES
from jobsafety_lint.model import Finding
from jobsafety_lint.server import actions, hover
from jobsafety_lint.server.checker import Checker, Worker
from jobsafety_lint.server.diagnostics import Client, diagnostic, range_of, result_id
from jobsafety_lint.server.documents import Document, Documents, path_of
from jobsafety_lint.server.folders import Folders
from jobsafety_lint.server.options import EditorOptions, read_options
from jobsafety_lint.server.protocol import Protocol
from jobsafety_lint.server.session import Outcome, Session

_SETTINGS = "jobsafety-lint"
"""The section of the editor's settings that counts when they change."""

_WATCHED = (
    "**/*.{py,sh,bash,bats,ksh,zsh,toml,yml,yaml,mk,just,service,timer,slice,scope,socket,path,conf,cron,crontab}",
    "**/{Makefile,makefile,GNUmakefile,justfile,.justfile,.gitignore}",
    "**/Dockerfile*",
    "**/Containerfile*",
    "**/crontab*",
)  # no asterisk inside of braces: not every editor takes that

_log = logging.getLogger(__name__)


class Server(LanguageServer):
    """The state of the server. All of it belongs to the thread of the event loop; the engine runs in the worker's."""

    def __init__(self, rules_dirs: tuple[Path, ...] = ()) -> None:
        super().__init__("jobsafety-lint", __version__, protocol_cls=Protocol)
        self.documents = Documents()
        self.worker = Worker()
        self.folders = Folders(self.worker, self.documents)
        self.client = Client()
        self.problems: list[str] = []
        self._rules_dirs = rules_dirs
        self._given: object = None
        self._told: set[str] = set()
        self._shown: dict[Path, tuple[str, int | None]] = {}
        self._pushes: dict[int, asyncio.Task[None]] = {}

    # --- names --------------------------------------------------------------------------------------------------------

    def uri(self, path: Path) -> str:
        """A file as the editor names it."""
        known = self.documents.at(path)
        return known.uri if known is not None else uris.from_fs_path(str(path)) or path.as_uri()

    def diagnostics(self, outcome: Outcome, path: Path) -> list[types.Diagnostic]:
        """What is shown of a file."""
        found = outcome.findings.get(path, ())
        return [diagnostic(finding, outcome, self.client, self.uri) for finding in found]

    # --- options ------------------------------------------------------------------------------------------------------

    def configure(self, given: object) -> EditorOptions:
        """Takes up options of the editor; what is wrong with them is told."""
        self._given = given
        options, problems = read_options(given, self._rules_dirs)
        self.problems += problems
        self.folders.configure(options)
        return options

    def reconfigure(self, settings: object) -> None:
        """Takes up our section of the editor's settings, if there is one."""
        ours = (
            settings.get(_SETTINGS) if isinstance(settings, Mapping) else getattr(settings, _SETTINGS, None)
        )
        if isinstance(ours, Mapping) and ours != self._given:
            self.configure(ours)

    def tell(self, outcome: Outcome) -> None:
        """Says once what is wrong with settings, and which rules have crashed."""
        for problem in (*self.problems, *outcome.problems):
            self._tell_once(f"{problem} (the defaults count)" if problem in outcome.problems else problem)
        for crash in outcome.crashes:
            self._tell_once(f"internal error in {crash.code} at {crash.path}; please report it (see the log)")
            _log.error("%s", crash.traceback)

    def _tell_once(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self.window_show_message(
                types.ShowMessageParams(types.MessageType.Warning, f"jobsafety-lint: {message}")
            )

    def forget_told(self) -> None:
        """Problems that are still there after a change are told again."""
        self._told.clear()

    # --- diagnostics --------------------------------------------------------------------------------------------------

    def changed(self, checker: Checker, *, pause: float = 0) -> None:
        """Has the newest diagnostics of a checker pushed, after a pause (seconds) without another change."""
        if self.client.pull:
            return
        waiting = self._pushes.pop(id(checker), None)
        if waiting is not None:
            waiting.cancel()
        self._pushes[id(checker)] = asyncio.get_running_loop().create_task(self._push(checker, pause))

    async def _push(self, checker: Checker, pause: float) -> None:
        await asyncio.sleep(pause)
        try:
            outcome = await checker.fresh()
        except Exception as error:  # what is shown stays, and the next keystroke tries again
            _log.exception("no diagnostics")
            self._tell_once(f"internal error ({error!r}); please report it (see the log)")
            return
        self.tell(outcome)
        for document in self.folders.documents_of(checker):
            if outcome.versions.get(document.path) == document.version:  # else another run is on its way
                self._publish(document, self.diagnostics(outcome, document.path))

    def _publish(self, document: Document, found: list[types.Diagnostic]) -> None:
        state = (result_id(found), document.version)
        if self._shown.get(document.path) != state:
            self._shown[document.path] = state
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(document.uri, found, document.version)
            )

    def clear(self, document: Document) -> None:
        """Takes away what was pushed for a document that is closed."""
        if self._shown.pop(document.path, None) is not None:
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(document.uri, []))

    async def pull_again(self) -> None:
        """Has the editor pull all diagnostics again."""
        if self.client.pull:
            try:
                await self.workspace_diagnostic_refresh_async(None)
            except JsonRpcException as error:
                _log.warning("the editor does not pull again: %s", error)

    def refresh_all(self) -> None:
        """Diagnostics of all folders may have changed by something else than a document."""
        for checker in self.folders:
            self.changed(checker)

    async def finding_at(self, uri: str, fingerprint: str) -> tuple[Document, Finding] | None:
        """An open document as it is now, and a finding in it."""
        document = self.documents.get(uri)
        if document is None:
            return None
        outcome = await self.folders.of(document.path).fresh()
        found = (f for f in outcome.findings.get(document.path, ()) if f.fingerprint == fingerprint)
        finding = next(found, None)
        current = self.documents.get(uri)
        if finding is None or current is None or outcome.versions.get(document.path) != current.version:
            return None
        return current, finding


# --- start and end ------------------------------------------------------------------------------------------------------


def initialize(ls: Server, params: types.InitializeParams) -> None:
    """The editor says what it is, what it has open, and what it asks for."""
    ls.client = Client.of(
        params.capabilities, ls.workspace.position_encoding or types.PositionEncodingKind.Utf16
    )
    options = ls.configure(params.initialization_options)
    assert isinstance(ls.protocol, Protocol)
    ls.protocol.pulls_diagnostics = ls.client.pull
    if ls.client.pull:
        provider = types.DiagnosticOptions(
            inter_file_dependencies=True,
            workspace_diagnostics=options.workspace_diagnostics,
            identifier="jobsafety-lint",
        )
        ls.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, provider)(pull)
        if options.workspace_diagnostics:
            ls.feature(types.WORKSPACE_DIAGNOSTIC)(pull_all)
    _set_folders(ls)


def _set_folders(ls: Server) -> None:
    named = [path_of(folder.uri) for folder in ls.workspace.folders.values()]
    if not named and ls.workspace.root_path:
        named = [Path(ls.workspace.root_path)]
    ls.folders.set(path for path in named if path is not None)


async def initialized(ls: Server, _: types.InitializedParams) -> None:
    """Tells what is wrong with the options, and asks to be told of changes on disk."""
    ls.tell(Outcome())
    if ls.client.watches:
        watchers = [types.FileSystemWatcher(glob) for glob in _WATCHED]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        wanted = types.Registration("watched-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        try:
            await ls.client_register_capability_async(types.RegistrationParams([wanted]))
        except JsonRpcException as error:
            ls.client = replace(ls.client, watches=False)
            _log.warning("the editor does not watch files: %s", error)


def shutdown(ls: Server, *_: Any) -> None:
    """Gives up what is running."""
    ls.worker.close()


# --- documents ----------------------------------------------------------------------------------------------------------


def did_open(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    """A document's text counts from now on."""
    document = ls.documents.open(params.text_document)
    if document is None:
        return
    checker = ls.folders.of(document.path)
    if ls.client.watches:
        checker.changed()
    else:
        checker.files_changed()
    ls.changed(checker)


def did_change(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    """A keystroke."""
    document = ls.documents.change(params, ls.client.encoding)
    if document is None:
        return
    checker = ls.folders.of(document.path)
    checker.changed()
    ls.changed(checker, pause=checker.pause)


def did_close(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    """What is on disk counts again."""
    document = ls.documents.close(params.text_document.uri)
    if document is None:
        return
    ls.clear(document)
    checker = ls.folders.of(document.path)
    checker.files_changed()
    ls.changed(checker)
    ls.folders.forget_empty()


async def did_save(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
    """What is on disk has changed; settings too, if it is a configuration file."""
    await _on_disk(ls, [params.text_document.uri])


async def did_change_watched_files(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
    """Files have changed, come, or gone."""
    await _on_disk(ls, [change.uri for change in params.changes])


async def _on_disk(ls: Server, changed: list[str]) -> None:
    paths = [path for uri in changed if (path := path_of(uri)) is not None]
    ls.forget_told()
    configured = any(path.name in CONFIG_NAMES or _is_configuration(ls, path) for path in paths)
    for checker in ls.folders:
        if configured:
            checker.configuration_changed()
        else:
            checker.files_changed()
        ls.changed(checker)
    if configured or any(ls.documents.at(path) is None for path in paths):
        await ls.pull_again()


def _is_configuration(ls: Server, path: Path) -> bool:
    """Whether a file has the name of one that the editor's options name."""
    named = (ls.folders.options.configuration, ls.folders.options.baseline)
    return any(name is not None and path.name == Path(name).name for name in named)


async def did_change_configuration(ls: Server, params: types.DidChangeConfigurationParams) -> None:
    """The editor's settings have changed."""
    ls.problems.clear()
    ls.forget_told()
    ls.reconfigure(params.settings)
    ls.refresh_all()
    await ls.pull_again()


async def did_change_folders(ls: Server, _: types.DidChangeWorkspaceFoldersParams) -> None:
    """Folders were added or taken away."""
    _set_folders(ls)
    ls.refresh_all()
    await ls.pull_again()


# --- pulled diagnostics -------------------------------------------------------------------------------------------------


async def pull(ls: Server, params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
    """The diagnostics of one document, or that they are the same as before."""
    document = ls.documents.get(params.text_document.uri)
    if document is None:
        return types.RelatedFullDocumentDiagnosticReport(items=[])
    checker = ls.folders.of(document.path)
    await asyncio.sleep(checker.pause)  # the editor cancels the request at the next keystroke
    outcome = await checker.fresh()
    ls.tell(outcome)
    found = ls.diagnostics(outcome, document.path)
    name = result_id(found)
    if name == params.previous_result_id:
        return types.RelatedUnchangedDocumentDiagnosticReport(result_id=name)
    return types.RelatedFullDocumentDiagnosticReport(items=found, result_id=name)


async def pull_all(ls: Server, params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
    """The diagnostics of all files of all folders; of those that show the same as before only that."""
    before = {previous.uri: previous.value for previous in params.previous_result_ids}
    items: list[types.WorkspaceDocumentDiagnosticReport] = []
    told: set[str] = set()
    for checker in ls.folders.of_the_editor:
        outcome = await checker.fresh_for_all()
        ls.tell(outcome)
        for path in sorted(outcome.findings):
            uri = ls.uri(path)
            if uri in told or ls.folders.of(path) is not checker:
                continue
            told.add(uri)
            found = ls.diagnostics(outcome, path)
            name = result_id(found)
            version = outcome.versions.get(path)
            if before.get(uri) == name:
                items.append(types.WorkspaceUnchangedDocumentDiagnosticReport(uri, name, version))
            elif found or uri in before:
                items.append(types.WorkspaceFullDocumentDiagnosticReport(uri, found, version, result_id=name))
    gone = (uri for uri in before if uri not in told)
    items += [types.WorkspaceFullDocumentDiagnosticReport(uri, [], None) for uri in gone]
    return types.WorkspaceDiagnosticReport(items)


# --- what the editor asks for at a place --------------------------------------------------------------------------------


async def code_action(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction] | None:
    """What can be done about the findings in a range, and in the document."""
    document = ls.documents.get(params.text_document.uri)
    if document is None:
        return None
    only = params.context.only
    outcome = await ls.folders.of(document.path).fresh()
    found = outcome.findings.get(document.path, ())
    made: list[types.CodeAction] = []
    if actions.wanted(types.CodeActionKind.QuickFix.value, only):
        here = actions.within(found, params.range, outcome, ls.client)
        made += actions.quick_fixes(here, outcome, ls.client, ls.uri, ls.documents.at)
        for finding in here:
            data = {"do": "suppress", "uri": document.uri, "fingerprint": finding.fingerprint}
            made.append(actions.suppression(finding, outcome, ls.client, ls.uri, data))
    if actions.wanted(actions.FIX_ALL, only) and any(f.fix is not None and f.fix.safe for f in found):
        made.append(actions.fix_all({"do": "fix-all", "uri": document.uri}))
    if not ls.client.resolves_edits:
        made = [action if action.edit else await resolve(ls, action) for action in made]
        made = [action for action in made if action.edit is not None]
    return made


async def resolve(ls: Server, action: types.CodeAction) -> types.CodeAction:
    """Works out the edit of an action that was offered without one. It stays without where there is none any more."""
    data = action.data
    if not isinstance(data, Mapping):
        return action
    uri = str(data.get("uri"))
    document = ls.documents.get(uri)
    if data.get("do") == "suppress":
        known = await ls.finding_at(uri, str(data.get("fingerprint")))
        if known is None:
            return action
        document = known[0]
        change = partial(Session.with_suppression, path=document.path, finding=known[1])
    elif data.get("do") == "fix-all" and document is not None:
        change = partial(Session.with_safe_fixes, path=document.path)
    else:
        return action
    checker = ls.folders.of(document.path)
    text = await checker.ask(lambda documents: change(checker.session, documents=documents))
    if text is not None:
        action.edit = actions.replacement(document, text, ls.client, ls.uri, ls.documents.at)
    return action


async def on_hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    """The page of the rule that is named, or that has found something, at a position."""
    document = ls.documents.get(params.text_document.uri)
    if document is None:
        return None
    lines, encoding = document.lines, ls.client.encoding
    offset = lines.offset(params.position, encoding)
    start = lines.offset(types.Position(params.position.line, 0), encoding)
    settings = document.path.name in CONFIG_NAMES
    named = hover.rule_named_at(lines.line_text(params.position.line), offset - start, settings=settings)
    if named is not None:
        rule, first, last = named
        at = types.Range(lines.position(start + first, encoding), lines.position(start + last, encoding))
        return _page(ls, hover.page_of(rule), at)
    outcome = await ls.folders.of(document.path).fresh()
    here = types.Range(params.position, params.position)
    found = actions.within(outcome.findings.get(document.path, ()), here, outcome, ls.client)
    pages = [page for finding in found if (page := hover.page_of_finding(finding)) is not None]
    if not pages:
        return None
    return _page(
        ls, "\n\n---\n\n".join(dict.fromkeys(pages)), range_of(found[0].location, outcome, ls.client)
    )


def _page(ls: Server, text: str, at: types.Range) -> types.Hover:
    kind = types.MarkupKind.Markdown if ls.client.markdown else types.MarkupKind.PlainText
    return types.Hover(types.MarkupContent(kind, text), at)


_FEATURES: tuple[tuple[str, Callable[..., Any], Any], ...] = (
    (types.INITIALIZE, initialize, None),
    (types.INITIALIZED, initialized, None),
    (types.SHUTDOWN, shutdown, None),
    (types.TEXT_DOCUMENT_DID_OPEN, did_open, None),
    (types.TEXT_DOCUMENT_DID_CHANGE, did_change, None),
    (types.TEXT_DOCUMENT_DID_CLOSE, did_close, None),
    (types.TEXT_DOCUMENT_DID_SAVE, did_save, None),
    (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, did_change_watched_files, None),
    (types.WORKSPACE_DID_CHANGE_CONFIGURATION, did_change_configuration, None),
    (types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, did_change_folders, None),
    (
        types.TEXT_DOCUMENT_CODE_ACTION,
        code_action,
        types.CodeActionOptions(code_action_kinds=actions.KINDS, resolve_provider=True),
    ),
    (types.CODE_ACTION_RESOLVE, resolve, None),
    (types.TEXT_DOCUMENT_HOVER, on_hover, None),
)


def create(rules_dirs: tuple[Path, ...] = ()) -> Server:
    """A server that is ready to be started. `rules_dirs` are folders of own rules."""
    server = Server(rules_dirs)
    for method, handler, options in _FEATURES:
        server.feature(method, options)(handler)
    return server
