"""One folder of the editor: its files and what the engine says of them.

A session belongs to the worker's thread. What has been mapped is kept, so that a keystroke maps one file; then the
project is linked and the findings are kept as the command line does it.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jobsafety_lint import baseline, discover, engine, fix, fixing, suppress_edit, surroundings
from jobsafety_lint.config import UsageError
from jobsafety_lint.discover import Discovered, Discovery, Skipped
from jobsafety_lint.engine import Mapped, Task
from jobsafety_lint.engine.mapping import map_file, source_of
from jobsafety_lint.model import Accepted, Crash, Edit, Finding, Fix
from jobsafety_lint.server.documents import Document
from jobsafety_lint.server.lines import Lines
from jobsafety_lint.server.options import EditorOptions, ForgivingResolver, resolver_for
from jobsafety_lint.source import SourceFile
from jobsafety_lint.surroundings import Look
from jobsafety_lint.workspace import Workspace, projects_of


class Interrupted(Exception):
    """A run was given up, since there is something newer to do. What was mapped is kept."""


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


@dataclass
class _Known:
    """What was mapped of a file, with its stamp if it was read from disk, and what was looked at for it."""

    task: Task
    mapped: Mapped
    stamp: object
    looks: tuple[tuple[Look, object], ...]


Documents = Mapping[Path, Document]
Stop = Callable[[], bool]


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
        self._known: dict[Path, _Known] = {}
        self._stamps: dict[Path, object] = {}
        self._seen: dict[Look, object] = {}
        self._projects: dict[Path, list[Task]] = {}
        self._all: list[Task] | None = None
        self._lines: dict[Path, tuple[object, Lines]] = {}

    # --- what has changed ---------------------------------------------------------------------------------------------

    def files_changed(self) -> None:
        """Files may have changed on disk, come, or gone."""
        self._stamps.clear()
        self._seen.clear()
        self._projects.clear()
        self._all = None

    def configuration_changed(self) -> None:
        """Settings may have changed: nothing of what is known holds."""
        self.files_changed()
        self._resolver = self._baseline = None
        self._known.clear()

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
        kind = discover.kind_of(path) or _kind_by_shebang(document.text)
        if kind is None:
            return None
        item = Discovered(path, discover.shown_path(path), *kind)
        return Task(item, resolver.for_folder(path.parent), _encoded(document.text, path))

    def _run(
        self,
        given: Sequence[Task],
        tasks: Sequence[Task],
        documents: Documents,
        resolver: ForgivingResolver,
        stop: Stop,
    ) -> Outcome:
        texts = self._texts(documents)
        with surroundings.in_place_of_disk(texts):
            report = engine.run(tasks, self._options(), mapper=self._mapper(texts, stop))
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

    def _texts(self, documents: Documents) -> dict[Path, str]:
        return {self.inside(path): document.text for path, document in documents.items()}

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

    # --- what is kept between runs ------------------------------------------------------------------------------------

    def _mapper(self, texts: Mapping[Path, str], stop: Stop = lambda: False) -> engine.Mapper:
        """What maps the files that have changed, and takes the others from before."""

        def mapper(tasks: Sequence[Task], options: engine.Options) -> Iterator[Mapped]:
            for task in tasks:
                if stop():
                    raise Interrupted
                yield _fresh(self._mapped(task, options, texts))

        return mapper

    def _mapped(self, task: Task, options: engine.Options, texts: Mapping[Path, str]) -> Mapped:
        path = task.item.path
        stamp = None if task.data is not None else self._stamp(path)
        known = self._known.get(path)
        if (
            known is not None
            and known.stamp == stamp
            and _serves(known.task, task)
            and all(self._state(look, texts) == state for look, state in known.looks)
        ):
            return known.mapped
        mapped = map_file(task, options)
        looks = tuple((look, self._state(look, texts)) for look in mapped.looks)
        self._known[path] = _Known(task, mapped, stamp, looks)
        return mapped

    def _state(self, look: Look, texts: Mapping[Path, str]) -> object:
        """What a look at another file sees: an open one as it is, the rest as it was when files changed last."""
        path = Path(look.path)
        if look.what in {"text", "kind"} and path in texts:
            return texts[path] if look.what == "text" else "file"
        if look.what == "text":
            return self._stamp(path)
        if look not in self._seen:
            seen = surroundings.state(look)
            self._seen[look] = object() if seen is None else seen  # nothing equals it
        return self._seen[look]

    def _stamp(self, path: Path) -> object:
        """What tells that a file has changed on disk; looked up again only after something has changed there."""
        if path not in self._stamps:
            try:
                status = path.stat()
                self._stamps[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
            except OSError:
                self._stamps[path] = None
        return self._stamps[path]

    def _lines_of(self, path: Path, documents: Documents) -> Lines:
        document = documents.get(path)
        if document is not None:
            return document.lines
        inside = self.inside(path)
        state = self._stamp(inside)
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
        _, tasks, _ = self._prepare(documents, everything=False)
        inside = self.inside(path)
        tasks = [task if task.item.path == inside else replace(task, given=False) for task in tasks]
        shown = next((task.item.shown for task in tasks if task.given), None)
        if shown is None:
            return None
        options = self._options()
        texts = self._texts(documents)
        with self._trial(), surroundings.in_place_of_disk(texts):
            mapper = self._mapper(texts)
            found = engine.run(tasks, options, mapper=mapper)
            fixed = fixing.until_stable(tasks, options, found, unsafe=False, write=False, mapper=mapper)
        return fixed.after.get(shown)

    def suppression(self, path: Path, finding: Finding, documents: Documents) -> Edit | None:
        """The edit that puts a suppression comment for a finding, tried out: it silences the finding, and nothing new
        comes up. None if no place will do.
        """
        source = self._source(path, documents)
        if source is None:
            return None
        with self._trial():
            before = _census(self.check(documents))
            for edit in suppress_edit.candidates(source, finding):
                text, _ = fix.apply(source, [Fix("", (edit,))])
                after = _census(self.check(_with_text(documents, path, text)))
                gone = before - after
                if not after - before and gone and all(code == finding.code for _, code, _ in gone):
                    return edit
        return None

    @contextlib.contextmanager
    def _trial(self) -> Iterator[None]:
        """Texts are only tried: nothing of what is mapped as long as this lasts is kept."""
        kept = dict(self._known)
        try:
            yield
        finally:
            self._known = kept

    def _source(self, path: Path, documents: Documents) -> SourceFile | None:
        """The text of a document as the engine reads it."""
        document = documents.get(path)
        resolver = self._resolver or resolver_for(self.options)
        task = self._task(document, resolver) if document is not None else None
        source = source_of(task) if task is not None else None
        return None if isinstance(source, Skipped) else source


_SHEBANG = re.compile(r"#!.*?\b(python|bash|dash|ash|ksh|mksh|zsh|sh)[\d.]*(?:\s|$)")


def _kind_by_shebang(text: str) -> tuple[str, str] | None:
    """The kind of a text that is not saved under a telling name."""
    found = _SHEBANG.match(text.partition("\n")[0])
    if found is None:
        return None
    return ("python", "") if found[1] == "python" else ("shell", found[1])


def _encoded(text: str, path: Path) -> bytes:
    """The text as it would be saved: in the encoding that a coding comment of Python names, else in utf-8."""
    if path.suffix == ".py":
        import tokenize

        head = "\n".join(text.split("\n", 2)[:2]).encode("utf-8", "replace")
        try:
            encoding = tokenize.detect_encoding(iter(head.splitlines(keepends=True)).__next__)[0]
        except SyntaxError:
            encoding = "utf-8"
        if not encoding.startswith("utf-8"):
            return text.encode(encoding, "replace")
    return text.encode("utf-8", "replace")


def _text_on_disk(path: Path) -> str:
    try:
        found = discover.decode(path.read_bytes(), path, str(path))
    except OSError:
        return ""
    return "" if isinstance(found, Skipped) else found.text


def _serves(known: Task, wanted: Task) -> bool:
    """Whether what was mapped for one task is enough for another of the same file."""
    if known.item != wanted.item:
        return False
    if known.data != wanted.data:
        return False
    return known.given or (not wanted.given and set(wanted.mentions) <= set(known.mentions))


def _fresh(mapped: Mapped) -> Mapped:
    """A copy that a run may write into: it marks suppressions as used, and adds crashes."""
    suppressions = [replace(one, used=set()) for one in mapped.suppressions]
    return replace(mapped, suppressions=suppressions, crashes=list(mapped.crashes))


def _paths_in(findings: Iterable[Finding]) -> set[str]:
    paths = set()
    for finding in findings:
        paths.add(finding.location.path)
        paths |= {related.location.path for related in finding.related}
        if finding.fix is not None:
            paths |= {edit.location.path for edit in finding.fix.edits}
    return paths


def _with_text(documents: Documents, path: Path, text: str) -> Documents:
    return {**documents, path: replace(documents[path], lines=Lines(text))}


def _census(outcome: Outcome) -> Counter[tuple[Path, str, str]]:
    """What is found, however lines have moved: messages without their numbers."""
    return Counter(
        (path, finding.code, re.sub(r"\d+", "0", finding.message))
        for path, found in outcome.findings.items()
        for finding in found
    )
