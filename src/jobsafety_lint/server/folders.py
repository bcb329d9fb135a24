"""Which checker answers for a file: one for each folder of the editor, and one for every project outside of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from jobsafety_lint.config import CONFIG_NAMES
from jobsafety_lint.server.checker import Checker, Worker
from jobsafety_lint.server.documents import Document, Documents
from jobsafety_lint.server.options import EditorOptions
from jobsafety_lint.server.session import Session


class Folders:
    """The checkers by their folders."""

    def __init__(self, worker: Worker, documents: Documents) -> None:
        self.options = EditorOptions()
        self._worker, self._documents = worker, documents
        self._folders: dict[Path, Checker] = {}
        self._outside: dict[Path, Checker] = {}

    def __iter__(self) -> Iterator[Checker]:
        return iter([*self._folders.values(), *self._outside.values()])

    @property
    def of_the_editor(self) -> list[Checker]:
        """The checkers of the folders that the editor has open."""
        return list(self._folders.values())

    def set(self, folders: Iterable[Path]) -> None:
        """The folders that the editor has open now. What is known of those that stay is kept."""
        wanted = set(folders)
        self._folders = {folder: self._folders.get(folder) or self._made(folder) for folder in sorted(wanted)}
        for checker in self:
            checker.changed()

    def configure(self, options: EditorOptions) -> None:
        """Other options of the editor."""
        self.options = options
        for checker in self:
            checker.session.options = options
            checker.configuration_changed()

    def of(self, path: Path) -> Checker:
        """The checker of a file: the innermost folder that holds it, else its project, else its own folder."""
        for folder in path.parents:
            if folder in self._folders:
                return self._folders[folder]
        project = next((f for f in path.parents if _is_project(f)), None)
        folder = project or path.parent
        if folder not in self._outside:
            self._outside[folder] = self._made(folder, alone=project is None)
        return self._outside[folder]

    def documents_of(self, checker: Checker) -> list[Document]:
        """The open documents that a checker answers for."""
        return [document for document in self._documents if self.of(document.path) is checker]

    def forget_empty(self) -> None:
        """Lets go of projects outside of the editor's folders of which no document is open."""
        used = {id(self.of(document.path)) for document in self._documents}
        self._outside = {folder: one for folder, one in self._outside.items() if id(one) in used}

    def _made(self, folder: Path, *, alone: bool = False) -> Checker:
        def mine() -> dict[Path, Document]:
            return {document.path: document for document in self.documents_of(checker)}

        checker = Checker(Session(folder, self.options, alone=alone), self._worker, mine)
        return checker


def _is_project(folder: Path) -> bool:
    """Whether a folder is the top of a project: git's, or one with a configuration of ours. A home folder is none."""
    if folder == Path.home() or folder == folder.parent:
        return False
    return (folder / ".git").exists() or any((folder / name).is_file() for name in CONFIG_NAMES)
