"""Code actions: the fix of a finding, all safe fixes of a document, and a comment that silences a finding here."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types

from jobsafety_lint.model import Edit, Finding
from jobsafety_lint.server.diagnostics import Client, Uri, diagnostic, range_of
from jobsafety_lint.server.documents import Document
from jobsafety_lint.server.session import Outcome

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.jobsafety-lint"
KINDS = (types.CodeActionKind.QuickFix, FIX_ALL)

_LINE = re.compile(r"[^\n]*\n|[^\n]+")

DocumentAt = Callable[[Path], Document | None]


def wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether the editor asks for actions of a kind: of all kinds, of this one, or of one above it (`source`)."""
    return only is None or any(kind == one or kind.startswith(f"{one}.") for one in only)


def within(findings: Iterable[Finding], at: types.Range, outcome: Outcome, client: Client) -> list[Finding]:
    """The findings whose place touches a range."""
    found = []
    for finding in findings:
        own = range_of(finding.location, outcome, client)
        if _key(own.start) <= _key(at.end) and _key(at.start) <= _key(own.end):
            found.append(finding)
    return found


def _key(at: types.Position) -> tuple[int, int]:
    return at.line, at.character


def quick_fixes(
    findings: Iterable[Finding], outcome: Outcome, client: Client, uri: Uri, document: DocumentAt
) -> Iterator[types.CodeAction]:
    """The fixes of findings; the title of an unsafe one says so, and only a safe one is preferred."""
    for finding in findings:
        if finding.fix is not None:
            what = finding.code if finding.fix.safe else f"{finding.code}, unsafe: look at it"
            yield types.CodeAction(
                title=f"{finding.fix.title[:1].upper()}{finding.fix.title[1:]} ({what})",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[diagnostic(finding, outcome, client, uri)],
                is_preferred=finding.fix.safe,
                edit=edit_of(finding.fix.edits, outcome, client, uri, document),
            )


def suppression(finding: Finding, outcome: Outcome, client: Client, uri: Uri, data: Any) -> types.CodeAction:
    """The action that puts a comment; its edit comes when it is resolved."""
    return types.CodeAction(
        title=f"Suppress {finding.code} ({finding.name}) here",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostic(finding, outcome, client, uri)],
        is_preferred=False,
        data=data,
    )


def fix_all(data: Any) -> types.CodeAction:
    """The action that applies all safe fixes; its edit comes when it is resolved."""
    return types.CodeAction(title="Apply all safe fixes of jobsafety-lint", kind=FIX_ALL, data=data)


def edit_of(
    edits: Sequence[Edit], outcome: Outcome, client: Client, uri: Uri, document: DocumentAt
) -> types.WorkspaceEdit:
    """Edits of the engine as one of the workspace, in the newlines of each document."""
    by_path: dict[Path, list[types.TextEdit]] = {}
    for edit in dict.fromkeys(edits):
        lines = outcome.lines[edit.location.path]
        text = edit.text.replace("\n", "\r\n") if "\r\n" in lines.text else edit.text
        change = types.TextEdit(range_of(edit.location, outcome, client), text)
        by_path.setdefault(outcome.paths[edit.location.path], []).append(change)
    return _workspace_edit(by_path, client, uri, document)


def replacement(
    document: Document, after: str, client: Client, uri: Uri, documents: DocumentAt
) -> types.WorkspaceEdit:
    """What turns a document into another text (newlines as `\\n`): whole lines, and only those that differ."""
    before = document.text
    plain = after.replace("\r\n", "\n")
    edits = []
    for start, end, text in edits_between(before, plain.replace("\n", "\r\n") if "\r\n" in before else plain):
        at = [document.lines.position(offset, client.encoding) for offset in (start, end)]
        edits.append(types.TextEdit(types.Range(*at), text))
    return _workspace_edit({document.path: edits}, client, uri, documents)


def edits_between(before: str, after: str) -> Iterator[tuple[int, int, str]]:
    """What turns one text into another: stretches of the first (offsets) that become others, by whole lines."""
    old, new = _LINE.findall(before), _LINE.findall(after)
    offsets = [0, *itertools.accumulate(map(len, old))]
    for tag, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield offsets[i], offsets[j], "".join(new[k:m])


def _workspace_edit(
    by_path: dict[Path, list[types.TextEdit]], client: Client, uri: Uri, document: DocumentAt
) -> types.WorkspaceEdit:
    if not client.document_changes:
        return types.WorkspaceEdit(changes={uri(path): edits for path, edits in by_path.items()})
    changes = []
    for path, edits in by_path.items():
        known = document(path)
        version = known.version if known is not None else None
        changes.append(
            types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri(path), version), edits)
        )
    return types.WorkspaceEdit(document_changes=changes)
