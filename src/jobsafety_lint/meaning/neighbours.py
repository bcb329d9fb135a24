"""What the files around one say: its project's name and commands, the variables that mise defines there."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobsafety_lint.meaning.environment import DotenvLoad, EnvironmentRead, EnvironmentSet
from jobsafety_lint.meaning.packages import canonical
from jobsafety_lint.meaning.python.environment import environment_facts
from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts.mise import read_mise
from jobsafety_lint.readers.python.outline import Outline
from jobsafety_lint.source import Place, Source, SourceFile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MISE_FILES = (
    "mise.toml", ".mise.toml", "mise/config.toml", ".mise/config.toml", ".config/mise.toml", ".config/mise/config.toml",
    "mise.local.toml", ".mise.local.toml",
)  # fmt: skip
_LARGEST = 1_000_000
_MOST_FILES = 400
_STARTERS = re.compile(
    r"\.(?:sh|bash|service)$|(?:^|/)(?:\.?mise(?:\.[\w-]+)*\.toml|crontab[^/]*|[Mm]akefile|[Jj]ustfile)$|cron\.d/|mise/tasks/"
)
_PASSED_OVER = frozenset({"node_modules", "venv", "build", "dist", "__pycache__", "site-packages", "target"})


@dataclass(frozen=True)
class PythonProject:
    """The nearest pyproject.toml: its `[project].name`, and its console scripts with the modules that they call."""

    folder: Path
    name: str
    scripts: Mapping[str, str] = field(default_factory=dict)


def folder_of(file: Source) -> Path | None:
    """The folder that a file lies in; None for a text that is nowhere."""
    return (
        file.location_on_disk.parent if isinstance(file, SourceFile) and file.location_on_disk.name else None
    )


def top_of(folder: Path) -> Path:
    """The root of the repository around a folder, else the highest folder with a project's files, else the folder."""
    found = folder
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            return above
        if any((above / name).is_file() for name in ("pyproject.toml", *_MISE_FILES)):
            found = above
        if above == Path.home() or len(above.parts) <= 2:
            break
    return found


def python_project(file: Source) -> PythonProject | None:
    """The Python project that a file belongs to."""
    folder = folder_of(file)
    if folder is None:
        return None
    top = top_of(folder)
    for above in (folder, *folder.parents):
        project = _project_in(above)
        if project is not None:
            return project
        if above == top:
            break
    return None


def _project_in(folder: Path) -> PythonProject | None:
    path = folder / "pyproject.toml"
    try:
        return _project(path, path.stat().st_mtime_ns)
    except OSError:
        return None


@functools.lru_cache(maxsize=256)
def _project(path: Path, _: int) -> PythonProject | None:
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
    tool = data.get("tool", {})
    poetry = tool.get("poetry", {}) if isinstance(tool, dict) else {}
    for table in (data.get("project"), poetry):
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            scripts = table.get("scripts", {})
            known = (
                {k: v for k, v in scripts.items() if isinstance(v, str)} if isinstance(scripts, dict) else {}
            )
            return PythonProject(path.parent, canonical(table["name"]), known)
    return None


def mise_variables(folder: Path) -> dict[str, Place]:
    """The variables that the mise files of a folder and of those above it define, with where."""
    found: dict[str, Place] = {}
    top = top_of(folder)
    for above in (folder, *folder.parents):
        for name in _MISE_FILES:
            path = above / name
            try:
                places = _mise_in(path, path.stat().st_mtime_ns)
            except OSError:
                continue
            found = {**places, **found}
        if above == top:
            break
    return found


@functools.lru_cache(maxsize=64)
def _mise_in(path: Path, _: int) -> dict[str, Place]:
    source = text_file(path)
    if source is None:
        return {}
    return {
        variable.name: Place(source, variable.span)
        for variable in read_mise(source, task_file=False).variables
        if not variable.task and variable.form not in {"unset", "required"}
    }


def text_file(path: Path) -> SourceFile | None:
    """A neighbouring file's text, if it can be had."""
    try:
        if path.stat().st_size > _LARGEST:
            return None
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return None
    return SourceFile(_shown(path), text, location_on_disk=path)


def _shown(path: Path) -> str:
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def starters(top: Path) -> Iterator[SourceFile]:
    """The files below a folder that start jobs: shell scripts, mise files, units, crontabs, Makefiles."""
    stack, left = [top], _MOST_FILES
    while stack:
        folder = stack.pop()
        try:
            entries = sorted(folder.iterdir())
        except OSError:
            continue
        for path in entries:
            hidden = path.name.startswith(".") and path.name not in {".mise", ".config", ".mise.toml"}
            if hidden or path.name in _PASSED_OVER:
                continue
            if path.is_dir() and not path.is_symlink():
                stack.append(path)
            elif _STARTERS.search(path.as_posix()) and left:
                left -= 1
                source = text_file(path)
                if source is not None:
                    yield source


def in_project(written: str, folder: Path) -> Path | None:
    """The file below a project's root that a path on another machine means: `/srv/lake/jobs/a.py` is `jobs/a.py`.

    An absolute path counts if two of its last components agree, or the folder's name and the last one.
    """
    top = top_of(folder)
    parts = [part for part in written.split("/") if part not in {"", ".", "~"}]
    if not parts or ".." in parts:
        return None
    absolute = written.startswith(("/", "~"))
    for first in range(len(parts)):
        candidate = top.joinpath(*parts[first:])
        if candidate.is_file():
            kept = len(parts) - first
            same_root = first > 0 and parts[first - 1] == top.name
            return candidate if not absolute or kept > 1 or same_root else None
        if not absolute:
            beside = folder.joinpath(*parts)
            return beside if beside.is_file() else None
    return None


def line_place(source: Source, pattern: re.Pattern[str]) -> Place | None:
    """Where a pattern is first found in a text."""
    match = pattern.search(source.text)
    return Place(source, Span(match.start(), match.end())) if match else None


@dataclass(frozen=True, eq=False)
class Program:
    """A script beside: the variables that it needs (with the place of the first read), and whether it provides for them
    itself (it loads a `.env` file, or hands over to mise).
    """

    source: SourceFile
    needs: Mapping[str, Place]
    provides: bool


def program(path: Path) -> Program | None:
    """What a Python or shell script reads of its environment; None if it is neither, or cannot be read."""
    source = text_file(path)
    if source is None:
        return None
    first = source.text.partition("\n")[0]
    if path.suffix == ".py" or re.match(r"#!.*python", first):
        return _python_program(source)
    if path.suffix in {".sh", ".bash"} or re.match(r"#!.*\b(?:ba|da|k)?sh\b", first):
        return _shell_program(source)
    return None


def _python_program(source: SourceFile) -> Program | None:
    try:
        outline = Outline.of(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    facts = list(environment_facts(outline))
    mine = {fact.name for fact in facts if isinstance(fact, EnvironmentSet)}
    needs: dict[str, Place] = {}
    for fact in facts:
        if isinstance(fact, EnvironmentRead) and fact.needed and fact.name not in mine:
            needs.setdefault(fact.name, fact.place)
    loads = any(isinstance(fact, DotenvLoad) for fact in facts) or "dotenv" in source.text
    return Program(source, needs, loads)


_SHELL_READ = re.compile(r"(?<!\\)\$(?:(\w+)|\{(\w+)(?P<operator>:?[-=+?])?)")
_SHELL_SET = re.compile(r"(?:^|[\s;])(\w+)\+?=|\b(?:read|for)\s+(?:-\w+\s+)*(\w+)", re.MULTILINE)
_PROVIDES = re.compile(r"\bmise\b|\bdirenv\b|\bdotenv\b|^\s*(?:\.|source)\s", re.MULTILINE)


def _shell_program(source: SourceFile) -> Program:
    mine = {name for match in _SHELL_SET.finditer(source.text) for name in match.groups() if name}
    needs: dict[str, Place] = {}
    for match in _SHELL_READ.finditer(source.text):
        name = match[1] or match[2]
        line = source.text[source.text.rfind("\n", 0, match.start()) + 1 : match.start()]
        defaulted = (match["operator"] or "").lstrip(":") in {"-", "=", "+"}
        if name not in mine and not defaulted and not line.lstrip().startswith("#"):
            needs.setdefault(name, Place(source, Span(match.start(), match.end())))
    return Program(source, needs, bool(_PROVIDES.search(source.text)))
