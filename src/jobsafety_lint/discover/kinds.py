"""What kind of file a file is, by its name, place and first line."""

from __future__ import annotations

import os
import re
from pathlib import Path

from jobsafety_lint import gitlab_includes, mise_config
from jobsafety_lint.config import Settings

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


def kind_of(path: Path, relative: str | None = None, data: bytes | None = None) -> tuple[str, str] | None:
    """The kind and shell dialect of a file, by name, place and shebang; None if it is nothing for us. `data` counts in place
    of what the file holds.
    """
    suffix = path.suffix
    if suffix in {".py", ".pyi"}:
        return ("python", "") if suffix == ".py" else None
    dialect = _SHELL_SUFFIXES.get(suffix)
    if dialect is not None:
        program = _shebang(path, data)
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
            if kind == "crontab" and (program := _shebang(path, data)) in _SHELLS:
                return "shell", program
            return kind, ""
    if not suffix or not suffix[1:].isalpha():
        program = _shebang(path, data)
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


def _shebang(path: Path, data: bytes | None) -> str:
    """The program that a file's first line names, without its folder and version; empty if there is none."""
    first = _first_line(path) if data is None else data.partition(b"\n")[0]
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
    if names[:2] == ["uv", "run"]:
        return (
            "python"  # https://docs.astral.sh/uv/guides/scripts/#using-a-shebang-to-create-an-executable-file
        )
    return names[0].rstrip("0123456789.") if names else ""


def _first_line(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.readline(200)
    except OSError:
        return b""
