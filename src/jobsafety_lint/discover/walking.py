"""Which files are looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jobsafety_lint.config import Resolver, Settings, UsageError
from jobsafety_lint.discover.ignoring import DEFAULT_LINES, Exclusions, Globs, Ignores, is_ignored
from jobsafety_lint.discover.kinds import kind_of, markdown_kind, passed_over
from jobsafety_lint.model import Note


@dataclass(frozen=True)
class Discovered:
    """A file to look at. `shown` is its path as people see it. `dialect` is the shell (`bash`, `sh`, `zsh`, …)."""

    path: Path
    shown: str
    kind: str
    dialect: str = ""


@dataclass
class Options:
    """What the command line says about files."""

    exclude: Sequence[str] = ()
    extend_exclude: Sequence[str] = ()
    force_exclude: bool = False
    respect_gitignore: bool = True


def shown_path(path: Path) -> str:
    """The path relative to the working directory where it is below it."""
    return _shown(path.as_posix(), _below_here())


def _below_here() -> str:
    return Path.cwd().as_posix().rstrip("/") + "/"


def _shown(path: str, here: str) -> str:
    if path.startswith(here):
        return path[len(here) :]
    return "." if path + "/" == here else path


@dataclass
class Discovery:
    """Walks the given paths. `notes` gather what was passed over with a reason."""

    resolver: Resolver
    options: Options
    notes: list[Note] = field(default_factory=list)
    _exclusions: dict[int, Exclusions] = field(default_factory=dict)
    _links: dict[str, str] = field(default_factory=dict)
    """The links that were found, with what they point to below the same folder: paths as they are shown."""

    def find(self, paths: Sequence[Path]) -> list[Discovered]:
        """The files below the paths, in a stable order, each once.

        Raises:
            UsageError: a named path does not exist.
            ConfigError: a configuration cannot be used.
        """
        found: dict[str, Discovered] = {}
        for path in paths:
            if not path.exists():
                raise UsageError(f"{path}: no such file or directory")
            absolute = Path(os.path.abspath(path))  # resolve() would follow links
            for item in self._folder(absolute) if path.is_dir() else self._named(absolute):
                found.setdefault(item.shown, item)
        for link, target in self._links.items():
            if target in found and target not in self._links:
                found.pop(link, None)  # nothing is said twice
        return sorted(found.values(), key=lambda item: item.shown)

    def _named(self, path: Path) -> Iterator[Discovered]:
        settings = self.resolver.for_folder(path.parent)
        if self.options.force_exclude and self._excluded(settings).hold(path.as_posix()):
            return
        kind = kind_of(path) or markdown_kind(path, settings)
        if kind is None:
            self.notes.append(Note(shown_path(path), passed_over(path)))
        else:
            yield Discovered(path, shown_path(path), *kind)

    def excludes(self, path: Path) -> bool:
        """Whether the settings leave a file out.

        Raises:
            ConfigError: a configuration cannot be used.
        """
        return self._excluded(self.resolver.for_folder(path.parent)).hold(path.as_posix())

    def _excluded(self, settings: Settings) -> Exclusions:
        known = self._exclusions.get(id(settings))
        if known is None:
            here = Path.cwd()
            lists = settings.exclusions(DEFAULT_LINES)
            if self.options.exclude:
                lists[0] = (here, list(self.options.exclude))
            lists.append((here, list(self.options.extend_exclude)))
            globs = [Globs(root, lines) for root, lines in lists if lines]
            known = self._exclusions[id(settings)] = Exclusions(settings, globs)
        return known

    def _folder(self, top: Path) -> Iterator[Discovered]:
        ignore = Ignores(top) if self.options.respect_gitignore else None
        here = _below_here()
        real = os.path.realpath(top).rstrip("/") + "/"
        stack = [top.as_posix()]
        while stack:
            folder = stack.pop()
            settings = self.resolver.for_folder(Path(folder))
            excluded = self._excluded(settings)
            ignored = ignore.enter(folder) if ignore is not None else ()
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError as error:
                self.notes.append(Note(_shown(folder, here), f"not read: {error.strerror}"))
                continue
            base = folder.rstrip("/") + "/"
            for entry in entries:
                path = base + entry.name
                is_folder = entry.is_dir(follow_symlinks=False)
                if excluded.hold(path, folder=is_folder) or (
                    ignored and is_ignored(ignored, path, folder=is_folder)
                ):
                    continue
                if is_folder:
                    stack.append(path)
                elif entry.is_file():
                    if entry.is_symlink() and (target := os.path.realpath(path)).startswith(real):
                        below = (top / target[len(real) :]).as_posix()
                        self._links[_shown(path, here)] = _shown(below, here)
                    kind = ("python", "") if path.endswith(".py") else kind_of(Path(path))
                    kind = kind or markdown_kind(path, settings)
                    if kind is not None:
                        yield Discovered(Path(path), _shown(path, here), *kind)
