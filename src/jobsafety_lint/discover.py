"""Which files are looked at, what kind each is, and reading them."""

from __future__ import annotations

import os
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pathspec

from jobsafety_lint import gitlab_includes, mise_config
from jobsafety_lint.config import Resolver, Settings, UsageError, project_root
from jobsafety_lint.model import Note
from jobsafety_lint.source import SourceFile

DEFAULT_EXCLUDES = (
    ".git", ".hg", ".svn", ".bzr", ".venv", "venv", ".direnv", "node_modules", "site-packages", "build", "dist",
    "_build", "__pypackages__", "__pycache__", ".tox", ".nox", ".eggs", ".mypy_cache", ".ruff_cache", ".pytest_cache",
    ".ipynb_checkpoints", "vendor", "vendored", "_vendor", "third_party", "thirdparty", "generated",
)  # fmt: skip
_DEFAULT_LINES = (
    *(f"{name}/" for name in DEFAULT_EXCLUDES),
    *(
        f"!**/{folder}/**/{name}/"
        for folder in mise_config.TASK_FOLDERS
        for name in ("build", "dist", "generated")
    ),
)
"""As .gitignore has them: folders only (`mise-tasks/build` is a script), but not those that group tasks."""

_SHELL_SUFFIXES = {".sh": "sh", ".bash": "bash", ".bats": "bash", ".ksh": "ksh", ".zsh": "zsh"}
_SHELLS = {"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"}
_MISE_CONFIG = re.compile(
    r"(?:^|/)(?:\.?mise(?:\.[\w-]+)*\.toml|\.config/mise(?:/config(?:\.[\w-]+)*|/mise|\.[\w-]+)?\.toml|\.?mise/config(?:\.[\w-]+)*\.toml"
    r"|\.?(?:config/)?mise/conf\.d/[^/]+\.toml|\.rtx\.toml)$"
)
_MISE_TASKS = re.compile(r"(?:^|/)(?:\.?mise-tasks|\.?mise/tasks|\.config/mise/tasks)/.*\.toml$")
_NOT_IT = r"(?![^/]*\.(?:md|rst|html?|jinja2?|j2|erb|tmpl|tpl|in|json|ya?ml|xml|js|ts|go|c|h|rs|rb|php|java|dockerignore)$)"
"""Ends of names that begin like a well-known one and are something else, or a template of it."""
_NAMED = (
    (
        re.compile(r"(?:^|/)\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml$|(?:^|/)action\.ya?ml$"),
        "workflow",
    ),
    (re.compile(r"(?:^|/)[\w-]*\.gitlab-ci\.ya?ml$|(?:^|/)\.gitlab/ci/.*\.ya?ml$"), "gitlab-ci"),
    (re.compile(r"(?:^|/)pueue\.ya?ml$"), "pueue-yml"),
    (re.compile(r"(?:^|/)(?:GNUm|M|m)akefile$|\.mk$"), "makefile"),
    (
        re.compile(rf"(?:^|/)(?:Docker|Container)file{_NOT_IT}[^/]*$|\.(?:[Dd]ocker|[Cc]ontainer)file$"),
        "dockerfile",
    ),
    (
        re.compile(
            r"\.(?:service|timer|slice|scope|socket|path)$|\.(?:service|slice|scope|socket)\.d/[^/]+\.conf$"
        ),
        "unit",
    ),
    (
        re.compile(
            rf"(?:^|/)crontab{_NOT_IT}(?:[._-][^/]*)?$|(?:^|/)(?:cron\.d|crontabs)/[^/.]+$|\.cron(?:tab)?$"
        ),
        "crontab",
    ),
    (re.compile(r"(?:^|/)\.?[Jj]ustfile$|\.just$"), "justfile"),
    (re.compile(r"(?:^|/)(?:[\w.]+-)?compose(?:[.-][^/]*)?\.ya?ml$"), "compose"),
    (re.compile(r"(?:^|/)(?:pyproject\.toml|\.?jobsafety-lint\.toml)$"), "config"),
)
READ_KINDS = frozenset(
    [
        "python",
        "shell",
        "mise",
        "mise-tasks",
        "config",
        "workflow",
        "gitlab-ci",
        "compose",
        "pueue-yml",
        "makefile",
        "dockerfile",
        "justfile",
        "unit",
        "crontab",
    ]
)
"""Kinds that there is a reader for."""


@dataclass(frozen=True)
class Discovered:
    """A file to look at. `shown` is its path as people see it. `dialect` is the shell (`bash`, `sh`, `zsh`, …)."""

    path: Path
    shown: str
    kind: str
    dialect: str = ""


@dataclass(frozen=True)
class Skipped:
    """A file that is not read, and why."""

    reason: str


@dataclass
class Options:
    """What the command line says about files."""

    exclude: Sequence[str] = ()
    extend_exclude: Sequence[str] = ()
    force_exclude: bool = False
    respect_gitignore: bool = True


def shown_path(path: Path) -> str:
    """The path relative to the working directory where it is below it."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def kind_of(path: Path, relative: str | None = None) -> tuple[str, str] | None:
    """The kind and shell dialect of a file, by name, place and shebang; None if it is nothing for us."""
    suffix = path.suffix
    if suffix in {".py", ".pyi"}:
        return ("python", "") if suffix == ".py" else None
    dialect = _SHELL_SUFFIXES.get(suffix)
    if dialect is not None:
        program = _shebang(path)
        if program == "python":
            return "python", ""
        return "shell", program if program in _SHELLS else dialect
    name = relative or path.as_posix()
    if suffix == ".toml":
        if _MISE_CONFIG.search(name):
            return "mise", ""
        if _MISE_TASKS.search(name):
            return "mise-tasks", ""
    for pattern, kind in _NAMED:
        if pattern.search(name):
            if kind == "crontab" and (program := _shebang(path)) in _SHELLS:
                return "shell", program
            return kind, ""
    if not suffix or not suffix[1:].isalpha():
        program = _shebang(path)
        if program == "python":
            return "python", ""
        if program in _SHELLS:
            return "shell", program
        if not suffix and not program and os.access(path, os.X_OK) and mise_config.scope_of(path) is not None:
            return "shell", "sh"  # what mise runs a task without a shebang with
    if suffix == ".toml" and mise_config.scope_of(path) is not None:
        return "mise-tasks", ""
    if suffix in {".yml", ".yaml"} and gitlab_includes.is_included(path):
        return "gitlab-ci", ""
    return None


def _shebang(path: Path) -> str:
    """The program that a file's first line names, without its folder and version; empty if there is none."""
    try:
        with path.open("rb") as file:
            first = file.readline(200)
    except OSError:
        return ""
    if not first.startswith(b"#!"):
        return ""
    words = first[2:].decode(errors="replace").split()
    names = [word.rpartition("/")[2] for word in words]
    if names[:1] == ["env"]:
        names = [
            n
            for n, word in zip(names[1:], words[1:], strict=True)
            if not word.startswith("-") and "=" not in word
        ]
    return names[0].rstrip("0123456789.") if names else ""


@dataclass
class Discovery:
    """Walks the given paths. `notes` gather what was passed over with a reason."""

    resolver: Resolver
    options: Options
    notes: list[Note] = field(default_factory=list)

    def find(self, paths: Sequence[Path]) -> list[Discovered]:
        """The files below the paths, in a stable order, each once.

        Raises:
            UsageError: a named path does not exist.
            ConfigError: a configuration cannot be used.
        """
        found: dict[Path, Discovered] = {}
        for path in paths:
            if not path.exists():
                raise UsageError(f"{path}: no such file or directory")
            absolute = Path(os.path.abspath(path))  # resolve() would follow links
            for item in self._folder(absolute) if path.is_dir() else self._named(absolute):
                found.setdefault(item.path, item)
        return sorted(found.values(), key=lambda item: item.shown)

    def _named(self, path: Path) -> Iterator[Discovered]:
        settings = self.resolver.for_folder(path.parent)
        if self.options.force_exclude and self._excluded(settings)(path):
            return
        kind = kind_of(path)
        if kind is None:
            self.notes.append(Note(shown_path(path), "passed over: not a kind of file that is checked"))
        else:
            yield Discovered(path, shown_path(path), *kind)

    def _excluded(self, settings: Settings):  # type: ignore[no-untyped-def]  # a predicate on paths
        lines = list(self.options.exclude or settings.get("exclude") or _DEFAULT_LINES)
        lines += [*settings.get("extend-exclude"), *self.options.extend_exclude]
        spec = pathspec.GitIgnoreSpec.from_lines(lines)

        def excluded(path: Path, *, folder: bool = False) -> bool:
            try:
                relative = path.relative_to(settings.root).as_posix()
            except ValueError:
                relative = path.name
            return spec.match_file(relative + "/" if folder else relative)

        return excluded

    def _folder(self, top: Path) -> Iterator[Discovered]:
        ignore = _Ignores(top) if self.options.respect_gitignore else None
        stack = [top]
        while stack:
            folder = stack.pop()
            excluded = self._excluded(self.resolver.for_folder(folder))
            if ignore is not None:
                ignore.enter(folder)
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError as error:
                self.notes.append(Note(shown_path(folder), f"not read: {error.strerror}"))
                continue
            for entry in entries:
                path = folder / entry.name
                is_folder = entry.is_dir(follow_symlinks=False)
                if excluded(path, folder=is_folder) or (
                    ignore is not None and ignore.ignores(path, folder=is_folder)
                ):
                    continue
                if is_folder:
                    stack.append(path)
                elif entry.is_file():
                    kind = kind_of(path)
                    if kind is not None:
                        yield Discovered(path, shown_path(path), *kind)


_MOST_ENTRIES = 200_000


def unmatched(globs: Sequence[str], root: Path) -> list[str]:
    """The globs (as .gitignore has them) that match nothing below a folder.

    A glob counts as matching if it may match what is not always there: what git ignores, and the folders that are passed
    over by default. A tree that is too large to walk has no unmatched ones.
    """
    ignores = _Ignores(root)
    open_ = {
        glob: pathspec.GitIgnoreSpec.from_lines([glob])
        for glob in globs
        if not _may_come(glob, ignores, root)
    }
    stack, left = [root], _MOST_ENTRIES
    while stack and open_ and left > 0:
        folder = stack.pop()
        ignores.enter(folder)
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            left -= 1
            is_folder = entry.is_dir(follow_symlinks=False)
            relative = Path(entry.path).relative_to(root).as_posix() + ("/" if is_folder else "")
            for glob in [glob for glob, spec in open_.items() if spec.match_file(relative)]:
                del open_[glob]
            if is_folder and entry.name not in DEFAULT_EXCLUDES:
                stack.append(Path(entry.path))
    return list(open_) if left > 0 else []


def _may_come(glob: str, ignores: _Ignores, root: Path) -> bool:
    parts = [part for part in glob.strip("/").split("/") if part]
    if (
        not parts
        or glob.startswith("!")
        or any(part in DEFAULT_EXCLUDES or part.endswith("~") for part in parts)
    ):
        return True
    sample = root.joinpath(*(re.sub(r"\*+|\?|\[[^\]]*\]", "x", part) for part in parts))
    return any(
        ignores.ignores(path, folder=folder)
        for path in (sample, *sample.parents)
        for folder in (False, True)
        if root in path.parents
    )


class _Ignores:
    """The .gitignore files of a work tree, those above the folder that is walked included."""

    def __init__(self, top: Path) -> None:
        self.specs: dict[Path, pathspec.GitIgnoreSpec] = {}
        self.root = next((f for f in (top, *top.parents) if (f / ".git").exists()), top)
        for folder in (f for f in reversed(top.parents) if f == self.root or self.root in f.parents):
            self.enter(folder)
        exclude = self.root / ".git" / "info" / "exclude"
        if exclude.is_file():
            self.specs[self.root] = self._spec(
                [*self._lines(exclude), *self._lines(self.root / ".gitignore")]
            )

    def _lines(self, path: Path) -> list[str]:
        try:
            return path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []

    def _spec(self, lines: list[str]) -> pathspec.GitIgnoreSpec:
        return pathspec.GitIgnoreSpec.from_lines(lines)

    def enter(self, folder: Path) -> None:
        """Takes up a folder's own .gitignore."""
        if folder not in self.specs:
            lines = self._lines(folder / ".gitignore")
            if lines:
                self.specs[folder] = self._spec(lines)

    def ignores(self, path: Path, *, folder: bool) -> bool:
        """Whether git ignores the path; the nearest .gitignore that says anything decides."""
        for above in path.parents:
            spec = self.specs.get(above)
            if spec is not None:
                relative = path.relative_to(above).as_posix() + ("/" if folder else "")
                said = spec.check_file(relative).include
                if said is not None:
                    return said
            if above == self.root:
                break
        return False


_ROLES = (
    (
        re.compile(
            r"^(tests?|testing|e2e|unit-?tests?|integration-?tests?|spec|specs|fixtures?|conftest\.py|test_.*\.py|.*_test\.(py|sh)|.*\.bats|t)$"
        ),
        "test",
    ),
    (re.compile(r"^(tmp|temp|scratch)$"), "temporary"),
    (re.compile(r"^(vendor|vendored|_vendor|third_party|thirdparty|site-packages)$"), "vendored"),
    (re.compile(r"^(docs?|documentation)$"), "docs"),
)


def role_of(path: Path, settings: Settings) -> str:
    """Whether a file is `code`, or a `test`, `temporary`, `vendored` or `docs` one, by its parts below the root."""
    root = project_root(path.parent, settings)
    try:
        parts = path.relative_to(root).parts
    except ValueError:
        parts = path.parts[-1:]
    for part in parts:
        for pattern, role in _ROLES:
            if pattern.match(part):
                return role
    return "code"


def read(path: Path, shown: str, max_size: int) -> SourceFile | Skipped:
    """The text of a file, or why it is not read. Newlines become `\\n`; `SourceFile.newline` tells what they were."""
    try:
        if path.stat().st_size > max_size:
            return Skipped(f"not read: larger than {max_size} bytes (`max-file-size` raises the limit)")
        data = path.read_bytes()
    except OSError as error:
        return Skipped(f"not read: {error.strerror}")
    return decode(data, path, shown)


def decode(data: bytes, path: Path, shown: str) -> SourceFile | Skipped:
    """The text of some bytes, or why it is none."""
    if not data.strip():
        return Skipped("")
    if b"\0" in data[:8192]:
        return Skipped("not read: a binary file")
    encoding = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8"
    if path.suffix == ".py" and encoding == "utf-8":
        try:
            encoding = tokenize.detect_encoding(iter(data.splitlines(keepends=True)).__next__)[0]
        except SyntaxError as error:
            unknown = "unknown encoding" in str(error)
            reason = "its coding comment names an unknown encoding" if unknown else "it is not valid utf-8"
            return Skipped(f"not read: {reason}")
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return Skipped(f"not read: it is not valid {encoding}")
    newline = "\r\n" if "\r\n" in text else "\n"
    if newline == "\r\n":
        text = text.replace("\r\n", "\n")
    return SourceFile(shown, text, location_on_disk=path, newline=newline, encoding=encoding)
