"""The documents that the editor has open: their texts count in place of what is on disk.

pygls keeps documents too, but it breaks lines at form feeds and other characters where the protocol does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types
from pygls import uris

from jobsafety_lint.server.lines import Encoding, Lines


@dataclass(frozen=True)
class Document:
    """One state of an open document. `path` is as the editor names it."""

    uri: str
    path: Path
    version: int
    lines: Lines

    @property
    def text(self) -> str:
        """The text, newlines as they are."""
        return self.lines.text


def path_of(uri: str) -> Path | None:
    """The path of a file's URI; None if it is none (`untitled:`, `git:`)."""
    path = uris.to_fs_path(uri)
    return Path(path) if path else None


class Documents:
    """The open documents by path. Those that are no files are passed over."""

    def __init__(self) -> None:
        self._by_path: dict[Path, Document] = {}

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._by_path.values()))

    def get(self, uri: str) -> Document | None:
        """The document of a URI, if it is open."""
        path = path_of(uri)
        return self._by_path.get(path) if path is not None else None

    def at(self, path: Path) -> Document | None:
        """The document of a path, if it is open."""
        return self._by_path.get(path)

    def open(self, item: types.TextDocumentItem) -> Document | None:
        """Takes up a document; None if it is no file."""
        path = path_of(item.uri)
        if path is None:
            return None
        found = self._by_path[path] = Document(item.uri, path, item.version, Lines(item.text))
        return found

    def change(self, params: types.DidChangeTextDocumentParams, encoding: Encoding) -> Document | None:
        """Applies changes in their order; None if the document is not open."""
        known = self.get(params.text_document.uri)
        if known is None:
            return None
        lines = known.lines
        for change in params.content_changes:
            lines = lines.changed(change, encoding)
        found = Document(known.uri, known.path, params.text_document.version, lines)
        self._by_path[known.path] = found
        return found

    def close(self, uri: str) -> Document | None:
        """Lets a document go; None if it was not open."""
        path = path_of(uri)
        return self._by_path.pop(path, None) if path is not None else None
