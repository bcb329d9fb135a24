"""Which names of files a glob takes in: the files of this job, or those of others too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.project.links import QUIET_ROLES, FileLinks, GlobLink, NameLink, ScriptOption
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.source import Hole

_FOLDER_OF_GLOB = re.compile(r"(\w+)\.r?glob\(")
_OF_ANYTHING = frozenset({"name", "key", "id", "n", "i", "x", "label", "value", "item"})
"""Parameters whose name does not say what they name: in another file it may be something else."""
_HEAD = 3
"""How many letters a name is indexed by."""


@dataclass(frozen=True)
class Taken:
    """A name that a glob takes in, and the parameters in it that the glob leaves open though the code has them at hand."""

    name: NameLink
    open: tuple[str, ...]


@dataclass(eq=False)
class NameIndex:
    """The names of a project by how they begin, so that a glob is held against those that it can take in at all."""

    project: Project
    _by_head: dict[str, list[tuple[FileLinks, NameLink]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for file in self.project.files:
            if file.role not in QUIET_ROLES:
                for name in file.all(NameLink):
                    if name.template.holes:
                        self._by_head.setdefault(_head(name.pattern), []).append((file, name))

    def all(self) -> Iterator[tuple[FileLinks, NameLink]]:
        """All names with parameters, those of tests and the like left out."""
        for entries in self._by_head.values():
            yield from entries

    def near(self, file: FileLinks, glob: GlobLink) -> Iterator[tuple[FileLinks, NameLink]]:
        """The names of the glob's own file, then those of others that begin as it does."""
        yield from ((file, name) for name in file.all(NameLink) if name.template.holes)
        head = _head(glob.pattern)
        if len(head) == _HEAD and len(_certain(glob.pattern.name)) >= 4:
            # a few letters are not enough to know a name of another file by
            yield from (entry for entry in self._by_head.get(head, ()) if entry[0] is not file)


def _head(pattern: PathPattern) -> str:
    """The first letters of a name, as far as they are certain; a hole at its start by its token."""
    parts = pattern.name.parts
    first = parts[0] if parts else ""
    if not isinstance(first, str):
        return _token(first)[:1] + "+".join(sorted(first.names))[: _HEAD - 1].ljust(_HEAD - 1)
    return re.split(r"[*?\[]", first, maxsplit=1)[0][:_HEAD]


def taken_names(index: NameIndex, file: FileLinks, glob: GlobLink) -> Iterator[Taken]:
    """The names of the project that a glob takes in for more values than its own job's, those of the same file first."""
    matcher = _matcher(glob.pattern)
    if matcher is None:
        return
    scope: dict[str, str] | None = None
    for other, name in index.near(file, glob):
        if name.mark.location == glob.mark.location or not matcher.fullmatch(_text(name.pattern)):
            continue
        if not _same_folder(glob.pattern, name.pattern, near=other is file):
            continue
        if other is not file and _is_of_working_directory(glob):
            continue  # another file does not tell what that is
        if scope is None:
            scope = at_hand(index.project, file, glob)
        open_names = [
            shown
            for hole in name.template.name.holes
            for parameter in sorted(hole.names)
            if (shown := scope.get(parameter)) is not None
            and parameter not in glob.pattern.names
            and parameter not in glob.filtered_by
            and shown not in glob.filtered_by
            and (other is file or parameter not in _OF_ANYTHING)
        ]
        yield Taken(name, tuple(dict.fromkeys(open_names)))


def names_of_others(index: NameIndex, file: FileLinks, glob: GlobLink) -> Iterator[Taken]:
    """The names with parameters that are written to the folder of a glob, where all jobs share that folder.

    The folder must be the same for all jobs (no hole but the home directory), and go by the same variable or attribute
    as where the names are built: `self.temp_dir.glob("*.zip")`, `self.temp_dir / f"{symbol}.zip"`.
    """
    folder = _FOLDER_OF_GLOB.search(glob.mark.text)
    suffix = glob.pattern.suffix
    if folder is None or not suffix or any(hole.names for hole in glob.pattern.holes):
        return
    for other, name in index.all():
        if name.pattern.suffix != suffix or not _is_sibling(file, other):
            continue
        if name.pattern.parent == glob.pattern.parent or _folder_variable(name.pattern) == folder[1]:
            parameters = (p for hole in name.template.name.holes for p in sorted(hole.names))
            open_names = tuple(dict.fromkeys(p for p in parameters if p not in glob.filtered_by))
            if open_names:
                yield Taken(name, open_names)


def _folder_variable(name: PathPattern) -> str:
    """The variable or attribute that holds the folder of a name, without its object; empty if there is more to it."""
    match name.parent.parts:
        case (Hole(text=text), *rest) if not any(isinstance(r, Hole) or r.strip("/") for r in rest):
            return text.rpartition(".")[2]
    return ""


def _is_sibling(file: FileLinks, other: FileLinks) -> bool:
    """Whether two files lie in one folder, or one below the other's."""
    mine, theirs = file.path.rpartition("/")[0], other.path.rpartition("/")[0]
    return f"{mine}/".startswith(f"{theirs}/") or f"{theirs}/".startswith(f"{mine}/")


def at_hand(project: Project, file: FileLinks, glob: GlobLink) -> dict[str, str]:
    """What the code around a glob knows of its job: each name with how a person would call it."""
    scope = {name: name for name in glob.scope}
    if glob.language == "shell":
        for option in file.all(ScriptOption):
            scope |= dict.fromkeys(option.names, option.variable)
        return scope
    class_name = glob.functions[-1].rpartition(".")[0] if glob.functions else ""
    module = project.module(file.path) if class_name else None
    if module is not None:
        kept = module.attributes(class_name)
        for attribute, made in sorted(
            kept.items(), key=lambda item: len(item[1])
        ):  # copies before what is made
            scope[f"self.{attribute}"] = attribute
            scope = dict.fromkeys(made, attribute) | scope
    return scope


def _matcher(glob: PathPattern) -> re.Pattern[str] | None:
    """What a glob takes in, as far as the last component tells; None if it says nothing about names."""
    if not glob.name.parts or not _certain(glob.name).strip("."):
        return None
    return re.compile(
        "".join(
            _regex(part) if isinstance(part, str) else re.escape(_token(part)) for part in glob.name.parts
        )
    )


def _text(name: PathPattern) -> str:
    return "".join(part if isinstance(part, str) else _token(part) for part in name.name.parts)


def _same_folder(glob: PathPattern, name: PathPattern, *, near: bool) -> bool:
    """Whether a glob and a name may lie in one folder; `*.zip` says nothing of its own, so it must be the same for sure."""
    mine, other = glob.parent, name.parent
    if mine.text is not None and other.text is not None:
        return mine.text.rstrip("/") == other.text.rstrip("/") or "**" in mine.text
    last, its_last = _last_folder(mine), _last_folder(other)
    if last and its_last and last != its_last:
        return False
    same = [h.text for h in mine.holes] == [h.text for h in other.holes] and mine.literal == other.literal
    if not re.search(r"\w", glob.name.literal.partition("*")[0]):
        return near and same
    return True


def _is_of_working_directory(glob: GlobLink) -> bool:
    """Whether a glob names no folder: `glob.glob("task.*")`, `rm task.*`."""
    if glob.pattern.parts != glob.pattern.name.parts:
        return False
    folder = _FOLDER_OF_GLOB.search(glob.mark.text)
    return glob.language == "shell" or folder is None or folder[1] == "glob"


def _last_folder(folder: PathPattern) -> str:
    """The last component of a folder, if it is known."""
    return folder.name.text or ""


def _certain(glob: PathPattern) -> str:
    return re.sub(r"[*?]|\[[^\]]*\]|\0", "", glob.literal)


def _token(hole: Hole) -> str:
    return "\ue200" + "+".join(sorted(hole.names)) + "\ue201"


def _regex(text: str) -> str:
    return "".join({"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char)) for char in text)
