"""Which files a repository's `.gitlab-ci.yml` includes: they hold jobs too, whatever their names are.

GitLab's `include` takes a path, a list of paths, or tables with `local`; `*` and `**` are globs; paths are from the root of
the repository. Files of other projects, templates and URLs are not here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

from jobsafety_lint import surroundings
from jobsafety_lint.surroundings import Look

_MAIN = ".gitlab-ci.yml"
_HIGHEST = 12
_MOST = 100


def root_of(path: Path) -> Path | None:
    """The folder above a path that holds the main file."""
    for folder in list(path.absolute().parents)[:_HIGHEST]:
        if surroundings.kind_of(folder / _MAIN) == "file":
            return folder
        if (folder / ".git").exists():
            break
    return None


def is_included(path: Path) -> bool:
    """Whether the main file includes a file, perhaps by way of others."""
    root = root_of(path)
    return root is not None and path.absolute() in included_files(root)


def included_files(root: Path) -> frozenset[Path]:
    """The files below a repository's root that its main file includes, with what they include."""
    found: set[Path] = set()
    waiting = [root / _MAIN]
    while waiting and len(found) < _MOST:
        file = waiting.pop()
        for written in local_includes(file):
            for path in _paths(root, written):
                if path not in found:
                    found.add(path)
                    waiting.append(path)
    return frozenset(found)


def local_includes(file: Path) -> tuple[str, ...]:
    """What the `include` of a file names of the same repository, as written."""
    surroundings.note(Look("text", file.as_posix()))
    try:
        return _read(file, file.stat().st_mtime_ns)
    except OSError:
        return ()


@functools.lru_cache(maxsize=64)
def _read(file: Path, _modified: int) -> tuple[str, ...]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ()
    if not re.search(r"^include\s*:", text, re.MULTILINE):
        return ()
    import yaml  # only where something is included

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        roots = [root for root in yaml.compose_all(text, Loader=loader) if isinstance(root, yaml.MappingNode)]
    except (yaml.YAMLError, RecursionError, ValueError):
        return ()
    return tuple(
        entry
        for root in roots
        for key, value in root.value
        if key.value == "include"
        for entry in _entries(value)
    )


def _entries(node: object) -> Iterator[str]:
    import yaml

    if isinstance(node, yaml.ScalarNode):
        if "://" not in node.value:
            yield node.value
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _entries(item)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == "local":
                yield from _entries(value)


def _paths(root: Path, written: str) -> Iterator[Path]:
    relative = written.lstrip("/")
    if not relative or "$" in relative or ".." in relative.split("/"):
        return
    if "*" in relative:
        surroundings.note(Look("names", root.as_posix(), relative))
        yield from (path for path in root.glob(relative) if path.suffix in {".yml", ".yaml"})
    elif surroundings.kind_of(root / relative) == "file":
        yield root / relative
