"""Findings as the protocol's diagnostics."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import converters, types

from jobsafety_lint.model import Finding, Location, Severity
from jobsafety_lint.server.lines import Encoding
from jobsafety_lint.server.session import Outcome

SOURCE = "jobsafety-lint"

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}
_UNNECESSARY = frozenset({"JOB002", "JOB004"})
"""Rules about what can simply go: comments and settings without effect."""


@dataclass(frozen=True)
class Client:
    """What the editor understands of diagnostics and edits."""

    encoding: Encoding = types.PositionEncodingKind.Utf16
    related: bool = False
    tags: bool = False
    pull: bool = False
    watches: bool = False
    resolves_edits: bool = False
    document_changes: bool = False
    markdown: bool = False

    @classmethod
    def of(cls, capabilities: types.ClientCapabilities, encoding: Encoding) -> Client:
        """From what the editor says of itself. Diagnostics are pulled only where it can be told to pull again."""
        text = capabilities.text_document or types.TextDocumentClientCapabilities()
        workspace = capabilities.workspace or types.WorkspaceClientCapabilities()
        shown = text.publish_diagnostics or types.PublishDiagnosticsClientCapabilities()
        pulled = text.diagnostic
        refresh = bool(workspace.diagnostics and workspace.diagnostics.refresh_support)
        resolve = text.code_action.resolve_support if text.code_action else None
        formats = text.hover.content_format if text.hover else None
        return cls(
            encoding,
            related=bool(shown.related_information or (pulled and pulled.related_information)),
            tags=bool(shown.tag_support or (pulled and pulled.tag_support)),
            pull=pulled is not None and refresh,
            watches=bool(
                workspace.did_change_watched_files and workspace.did_change_watched_files.dynamic_registration
            ),
            resolves_edits=resolve is not None and "edit" in resolve.properties,
            document_changes=bool(workspace.workspace_edit and workspace.workspace_edit.document_changes),
            markdown=types.MarkupKind.Markdown in (formats or ()),
        )


Uri = Callable[[Path], str]


def diagnostic(finding: Finding, outcome: Outcome, client: Client, uri: Uri) -> types.Diagnostic:
    """A finding as a diagnostic. `uri` names a file as the editor does.

    Where the editor shows no related places, the message speaks of them.
    """
    message = finding.message
    if finding.label and finding.label != finding.message:
        message += f"\n{finding.label}"
    related = None
    if client.related:
        related = [
            types.DiagnosticRelatedInformation(location_of(r.location, outcome, client, uri), r.message)
            for r in finding.related
        ]
    else:
        message += "".join(f"\n{r.location.path}:{r.location.line}: {r.message}" for r in finding.related)
    return types.Diagnostic(
        range=range_of(finding.location, outcome, client),
        message=message,
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(href=finding.url) if finding.url else None,
        source=SOURCE,
        tags=[types.DiagnosticTag.Unnecessary] if client.tags and finding.code in _UNNECESSARY else None,
        related_information=related,
        data={
            "fingerprint": finding.fingerprint,
            "name": finding.name,
            "confidence": finding.confidence.value,
        },
    )


def range_of(at: Location, outcome: Outcome, client: Client) -> types.Range:
    """A place of the engine as the editor counts."""
    return outcome.lines[at.path].range_of(at, client.encoding)


def location_of(at: Location, outcome: Outcome, client: Client, uri: Uri) -> types.Location:
    """A place of the engine with its file."""
    return types.Location(uri(outcome.paths[at.path]), range_of(at, outcome, client))


def result_id(diagnostics: Sequence[types.Diagnostic]) -> str:
    """A name for what is shown of a file: the same diagnostics have the same one, in every run of the server."""
    plain = converters.get_converter().unstructure(list(diagnostics))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
