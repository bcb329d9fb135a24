"""Which files are looked at, what kind each is, and reading them."""

from __future__ import annotations

import functools
import os
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pathspec

from jobsafety_lint import gitlab_includes, mise_config, surroundings
from jobsafety_lint.config import Resolver, Settings, UsageError
from jobsafety_lint.model import Note
from jobsafety_lint.source import SourceFile

DEFAULT_EXCLUDES = (
    ".git", ".hg", ".svn", ".bzr", ".venv", "venv", ".direnv", "node_modules", "site-packages", "build", "dist",
    "_build", "__pypackages__", "__pycache__", ".tox", ".nox", ".eggs", ".mypy_cache", ".ruff_cache", ".pytest_cache",
    ".ipynb_checkpoints", "vendor", "vendored", "_vendor", "third_party", "thirdparty", "generated",
)  # fmt: skip
_DEFAULT_LINES = tuple(f"{name}/" for name in DEFAULT_EXCLUDES)
"""As .gitignore has them: folders only (`mise-tasks/build` is a script)."""
_TASK_GROUP = re.compile(
    rf"(?:^|/)(?:{'|'.join(map(re.escape, mise_config.TASK_FOLDERS))})/(?:[^/]+/)*(?:build|dist|generated)(?:/|$)"
)
"""Folders that group tasks of mise are looked into by default, whatever they are called."""

_SHELL_SUFFIXES = {".sh": "sh", ".bash": "bash", ".bats": "bash", ".ksh": "ksh", ".zsh": "zsh"}
_SHELLS = {"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"}
_MISE_CONFIG = re.compile(
    r"(?:^|/)(?:\.?mise(?:\.[\w-]+)*\.toml|\.config/mise(?:/config(?:\.[\w-]+)*|/mise|\.[\w-]+)?\.toml|\.?mise/config(?:\.[\w-]+)*\.toml"
    r"|\.?(?:config/)?mise/conf\.d/[^/]+\.toml|\.rtx\.toml)$"
)
_MISE_TASKS = re.compile(r"(?:^|/)(?:\.?mise-tasks|\.?mise/tasks|\.config/mise/tasks)/.*\.toml$")
_MARKDOWN = (".md", ".markdown")
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
        "markdown",
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
    return _shown(path.as_posix(), _below_here())


def _below_here() -> str:
    return Path.cwd().as_posix().rstrip("/") + "/"


def _shown(path: str, here: str) -> str:
    if path.startswith(here):
        return path[len(here) :]
    return "." if path + "/" == here else path


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


def markdown_kind(path: Path | str, settings: Settings) -> tuple[str, str] | None:
    """The kind of a Markdown file where the settings ask for them."""
    wanted = str(path).endswith(_MARKDOWN) and settings.get("markdown")
    return ("markdown", "") if wanted else None


def passed_over(path: Path | str) -> str:
    """What is said of a named file that is not checked."""
    if str(path).endswith(_MARKDOWN):
        return "passed over: its fenced blocks are checked with `--config 'markdown = true'`"
    return "passed over: not a kind of file that is checked"


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
    _exclusions: dict[int, _Exclusions] = field(default_factory=dict)

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

    def _excluded(self, settings: Settings) -> _Exclusions:
        known = self._exclusions.get(id(settings))
        if known is None:
            here = Path.cwd()
            lists = settings.exclusions(_DEFAULT_LINES)
            if self.options.exclude:
                lists[0] = (here, list(self.options.exclude))
            lists.append((here, list(self.options.extend_exclude)))
            globs = [_Globs(root, lines) for root, lines in lists if lines]
            known = self._exclusions[id(settings)] = _Exclusions(settings, globs)
        return known

    def _folder(self, top: Path) -> Iterator[Discovered]:
        ignore = _Ignores(top) if self.options.respect_gitignore else None
        here = _below_here()
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
                    ignored and _is_ignored(ignored, path, folder=is_folder)
                ):
                    continue
                if is_folder:
                    stack.append(path)
                elif entry.is_file():
                    kind = ("python", "") if path.endswith(".py") else kind_of(Path(path))
                    kind = kind or markdown_kind(path, settings)
                    if kind is not None:
                        yield Discovered(Path(path), _shown(path, here), *kind)


_PLAIN_NAME = re.compile(r"[\w.-]*\w[\w.-]*/?")


class _Globs:
    """Globs as .gitignore has them, relative to a folder. Names without wildcards, the most frequent kind, are a set."""

    def __init__(self, root: Path, lines: Sequence[str]) -> None:
        self.base = root.as_posix().rstrip("/") + "/"
        plain = all(_PLAIN_NAME.fullmatch(line) for line in lines)
        self.names = frozenset(line for line in lines if not line.endswith("/")) if plain else None
        self.folders = frozenset(line[:-1] for line in lines if plain and line.endswith("/"))
        self.spec = pathspec.GitIgnoreSpec.from_lines(lines) if self.names is None else None
        self.is_default = tuple(lines) == _DEFAULT_LINES

    def say(self, relative: str, *, folder: bool) -> bool | None:
        """Whether they match a path below the folder; None if they say nothing of it."""
        if self.names is not None:
            parts = relative.split("/")
            if not self.names.isdisjoint(parts):
                return True
            if self.folders.isdisjoint(parts if folder else parts[:-1]):
                return None
            return None if self.is_default and _TASK_GROUP.search(relative) else True
        assert self.spec is not None
        return self.spec.check_file(relative + "/" if folder else relative).include


@dataclass(frozen=True)
class _Exclusions:
    """The lists of globs that leave paths out, in the order in which they count."""

    settings: Settings
    lists: Sequence[_Globs]

    def hold(self, path: str, *, folder: bool = False) -> bool:
        """Whether a path is left out."""
        left_out = False
        root = self.settings.root.as_posix().rstrip("/") + "/"
        for globs in self.lists:
            base = globs.base if path.startswith(globs.base) else root
            relative = path[len(base) :] if path.startswith(base) else path.rpartition("/")[2]
            said = globs.say(relative, folder=folder)
            left_out = left_out if said is None else said
        return left_out


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
        ignores.enter(folder.as_posix())
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
                surroundings.kind_of(Path(entry.path))  # as long as it is there, the glob matches
            if is_folder and entry.name not in DEFAULT_EXCLUDES:
                stack.append(Path(entry.path))
    if not open_:
        return []
    surroundings.note(surroundings.ANYTHING)  # a new file anywhere may match
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


_Chain = tuple[_Globs, ...]
"""The .gitignore files that count in a folder, the nearest first."""


class _Ignores:
    """The .gitignore files of a work tree, those above the folder that is walked included."""

    def __init__(self, top: Path) -> None:
        root = next((f for f in (top, *top.parents) if (f / ".git").exists()), top)
        self.root = root.as_posix()
        self._chains: dict[str, _Chain] = {}
        for folder in (f for f in reversed(top.parents) if f == root or root in f.parents):
            self.enter(folder.as_posix())

    def enter(self, folder: str) -> _Chain:
        """The files that count in a folder; those above it have been entered before."""
        known = self._chains.get(folder)
        if known is None:
            above = self._chains.get(folder.rpartition("/")[0], ()) if folder != self.root else ()
            lines = _lines_of(f"{folder}/.gitignore")
            if folder == self.root:
                lines = [*_lines_of(f"{folder}/.git/info/exclude"), *lines]
            known = self._chains[folder] = (_Globs(Path(folder), lines), *above) if lines else above
        return known

    def ignores(self, path: Path, *, folder: bool) -> bool:
        """Whether git ignores a path of the tree."""
        above = next((p for p in (f.as_posix() for f in path.parents) if p in self._chains), self.root)
        return _is_ignored(self._chains.get(above, ()), path.as_posix(), folder=folder)


def _is_ignored(chain: _Chain, path: str, *, folder: bool) -> bool:
    """The nearest .gitignore that says anything decides."""
    for globs in chain:
        said = globs.say(path[len(globs.base) :], folder=folder)
        if said is not None:
            return said
    return False


def _lines_of(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  # one a folder of a whole tree
            return file.read().splitlines()
    except OSError:
        return []


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


def role_of(path: Path, root: Path) -> str:
    """Whether a file is `code`, or a `test`, `temporary`, `vendored` or `docs` one, by its parts below the project's root."""
    text, base = path.as_posix(), root.as_posix().rstrip("/") + "/"
    folder, _, name = (text[len(base) :] if text.startswith(base) else text.rpartition("/")[2]).rpartition(
        "/"
    )
    return _role_of_folder(folder) or _role_of_part(name) or "code"


@functools.lru_cache(maxsize=4096)
def _role_of_folder(folder: str) -> str:
    return next((role for part in folder.split("/") if (role := _role_of_part(part))), "") if folder else ""


def _role_of_part(part: str) -> str:
    return next((role for pattern, role in _ROLES if pattern.match(part)), "")


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
