"""One folder of the editor: its files and what the engine says of them.

A session belongs to the worker's thread. What has been mapped is kept, so that a keystroke maps one file; then the
project is linked and the findings are kept as the command line does it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jobsafety_lint import baseline, config, discover, engine, fixing, suppressing, surroundings
from jobsafety_lint.config import UsageError
from jobsafety_lint.discover import Discovered, Discovery, Skipped
from jobsafety_lint.engine import Report, Task, running
from jobsafety_lint.model import Accepted, Crash, Finding
from jobsafety_lint.server.documents import Document
from jobsafety_lint.server.lines import Lines
from jobsafety_lint.server.options import EditorOptions, ForgivingResolver, resolver_for
from jobsafety_lint.server.recollection import Recollection, Stop
from jobsafety_lint.workspace import Workspace, projects_of


@dataclass(frozen=True)
class Outcome:
    """What a run has found. `findings` holds a key for every file that was checked, by its path as the editor names
    it; `versions` those of the documents that the run has seen; `lines` the texts of all files that findings speak of, by
    the path that they show.
    """

    findings: Mapping[Path, tuple[Finding, ...]] = field(default_factory=dict)
    versions: Mapping[Path, int] = field(default_factory=dict)
    lines: Mapping[str, Lines] = field(default_factory=dict)
    paths: Mapping[str, Path] = field(default_factory=dict)
    crashes: tuple[Crash, ...] = ()
    problems: tuple[str, ...] = ()


Documents = Mapping[Path, Document]


class Session:
    """The files of a folder (an absolute path, as the editor names it).

    `alone`: the folder is only the place of a file that belongs to no project; the other files in it do not count.
    """

    def __init__(self, folder: Path, options: EditorOptions, *, alone: bool = False) -> None:
        self.folder, self.options, self.alone = folder, options, alone
        self._root = Path(os.path.realpath(folder))
        self._resolver: ForgivingResolver | None = None
        self._baseline: tuple[Accepted, ...] | None = None
        self._problems: list[str] = []
        self._recollection = Recollection()
        self._projects: dict[Path, list[Task]] = {}
        self._all: list[Task] | None = None
        self._lines: dict[Path, tuple[object, Lines]] = {}

    # --- what has changed ---------------------------------------------------------------------------------------------

    def files_changed(self) -> None:
        """Files may have changed on disk, come, or gone."""
        config.look_again()
        self._recollection.files_changed()
        self._projects.clear()
        self._all = None

    def configuration_changed(self) -> None:
        """Settings may have changed: nothing of what is known holds."""
        self.files_changed()
        self._resolver = self._baseline = None
        self._recollection = Recollection()

    # --- checking -----------------------------------------------------------------------------------------------------

    def check(self, documents: Documents, *, everything: bool = False, stop: Stop = lambda: False) -> Outcome:
        """Checks the open documents, or all files of the folder.

        Raises:
            Interrupted: `stop` said so.
        """
        given, tasks, resolver = self._prepare(documents, everything=everything)
        return self._run(given, tasks, documents, resolver, stop)

    def _prepare(
        self, documents: Documents, *, everything: bool
    ) -> tuple[list[Task], list[Task], ForgivingResolver]:
        """The given tasks, all tasks with the rest of the projects, and whose settings they have."""
        with contextlib.suppress(OSError):  # a folder that is gone: its documents are checked all the same
            os.chdir(self._root)
        if self._resolver is None:
            self._resolver = resolver_for(self.options)
        resolver = self._resolver
        given = [task for document in documents.values() if (task := self._task(document, resolver))]
        paths = {task.item.path for task in given}
        if everything and self._can_be_walked():
            if self._all is None:
                self._all = [t for t in Workspace(resolver).tasks([self._root])[0] if t.given]
            given += [task for task in self._all if task.item.path not in paths]
            paths = {task.item.path for task in given}
        rest: dict[Path, Task] = {}
        for root in () if self.alone else projects_of(given):
            if root not in self._projects:
                self._projects[root] = Workspace(resolver).project_files(root)
            rest.update(
                {task.item.path: task for task in self._projects[root] if task.item.path not in paths}
            )
        return given, [*given, *rest.values()], resolver

    def _can_be_walked(self) -> bool:
        """Whether all files of the folder may be looked at: not those of a home folder, nor of the whole machine."""
        too_large = {Path.home(), Path(self._root.anchor)}
        return not self.alone and self._root not in too_large and self._root.is_dir()

    def _task(self, document: Document, resolver: ForgivingResolver) -> Task | None:
        """The task of an open document; None if it is nothing for us or left out by the settings."""
        path = self.inside(document.path)
        if Discovery(resolver, discover.Options()).excludes(path):
            return None
        data = discover.encoded(document.text, path)
        settings = resolver.for_folder(path.parent)
        kind = discover.kind_of(path, data=data) or discover.markdown_kind(path, settings)
        if kind is None:
            return None
        item = Discovered(path, discover.shown_path(path), *kind)
        return Task(item, settings, data)

    def _run(
        self,
        given: Sequence[Task],
        tasks: Sequence[Task],
        documents: Documents,
        resolver: ForgivingResolver,
        stop: Stop,
    ) -> Outcome:
        self._recollection.stop = stop
        report = self._report(tasks, documents)
        by_shown: dict[str, list[Finding]] = {task.item.shown: [] for task in given}
        for finding in report.findings:
            by_shown.setdefault(finding.location.path, []).append(finding)
        spoken_of = _paths_in(report.findings)
        paths = {shown: self.outside(self._root / shown) for shown in {*spoken_of, *by_shown}}
        return Outcome(
            {paths[shown]: tuple(found) for shown, found in by_shown.items()},
            {path: document.version for path, document in documents.items()},
            {shown: self._lines_of(paths[shown], documents) for shown in spoken_of},
            paths,
            report.crashes,
            (*resolver.problems, *self._problems),
        )

    def _report(self, tasks: Sequence[Task], documents: Documents) -> Report:
        recollection = self._recollection
        texts = {self.inside(path): document.text for path, document in documents.items()}
        recollection.texts = texts
        with surroundings.in_place_of_disk(texts):
            return running.run(tasks, self._options(), recollection=recollection)

    def _options(self) -> engine.Options:
        """What a run is asked for, with the findings that the editor's baseline lets pass."""
        if self._baseline is None:
            self._problems, self._baseline = [], ()
            named = self.options.baseline
            if named is not None:
                try:
                    self._baseline = baseline.load(self._root / Path(named).expanduser(), "baseline")
                except UsageError as error:
                    self._problems.append(str(error))
        return replace(self.options.run, baseline=self._baseline)

    def _lines_of(self, path: Path, documents: Documents) -> Lines:
        document = documents.get(path)
        if document is not None:
            return document.lines
        inside = self.inside(path)
        state = self._recollection.stamp(inside)
        known = self._lines.get(inside)
        if known is None or known[0] != state:
            known = self._lines[inside] = (state, Lines(_text_on_disk(inside)))
        return known[1]

    # --- paths --------------------------------------------------------------------------------------------------------

    def inside(self, path: Path) -> Path:
        """A path as the engine sees it: below the real folder, as if the command line had been started there."""
        try:
            return self._root / path.relative_to(self.folder)
        except ValueError:
            return path

    def outside(self, path: Path) -> Path:
        """A path as the editor names it."""
        try:
            return self.folder / path.relative_to(self._root)
        except ValueError:
            return path

    # --- texts with changes that are tried ----------------------------------------------------------------------------

    def with_safe_fixes(self, path: Path, documents: Documents) -> str | None:
        """The text of a document after all safe fixes, newlines as `\\n`; None if there are none."""

        def fixed(tasks: Sequence[Task], check: fixing.Check) -> fixing.Fixed:
            return fixing.until_stable(tasks, check(tasks), check, unsafe=False, write=False)

        return self._changed(path, documents, fixed)

    def with_suppression(self, path: Path, finding: Finding, documents: Documents) -> str | None:
        """The text of a document with a suppression comment for a finding, newlines as `\\n`; None if no place will do."""

        def suppressed(tasks: Sequence[Task], check: fixing.Check) -> fixing.Fixed:
            return suppressing.add(tasks, Report((finding,)), check, reason="", write=False).fixed

        return self._changed(path, documents, suppressed)

    def _changed(
        self,
        path: Path,
        documents: Documents,
        change: Callable[[Sequence[Task], fixing.Check], fixing.Fixed],
    ) -> str | None:
        """What becomes of the text of a document; the other files stay as they are."""
        _, tasks, _ = self._prepare(documents, everything=False)
        inside = self.inside(path)
        tasks = [task if task.item.path == inside else replace(task, given=False) for task in tasks]
        shown = next((task.item.shown for task in tasks if task.given), None)
        if shown is None:
            return None
        with self._trial():
            return change(tasks, lambda some: self._report(some, documents)).after.get(shown)

    @contextlib.contextmanager
    def _trial(self) -> Iterator[None]:
        """Texts are only tried: nothing of what is mapped as long as this lasts is kept."""
        kept = self._recollection
        self._recollection = kept.to_try()
        try:
            yield
        finally:
            self._recollection = kept


def _text_on_disk(path: Path) -> str:
    try:
        found = discover.decode(path.read_bytes(), path, str(path))
    except OSError:
        return ""
    return "" if isinstance(found, Skipped) else found.text


def _paths_in(findings: Iterable[Finding]) -> set[str]:
    paths = set()
    for finding in findings:
        paths.add(finding.location.path)
        paths |= {related.location.path for related in finding.related}
        if finding.fix is not None:
            paths |= {edit.location.path for edit in finding.fix.edits}
    return paths
