"""Path patterns: the text of a file name (or of any argument) as literals and holes.

Two jobs collide on a file when a parameter that tells them apart is in no hole of its name. A hole knows the
parameters and loop variables that it is made from, so a rule asks the pattern, never the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property

from jobsafety_lint.plain_values import plain_value
from jobsafety_lint.source import Hole

Part = str | Hole

STATE_WORDS = frozenset(
    [
        "checkpoint",
        "checkpoints",
        "ckpt",
        "ckpts",
        "chkpt",
        "cursor",
        "cursors",
        "offset",
        "offsets",
        "watermark",
        "watermarks",
        "state",
        "states",
        "progress",
        "resume",
        "manifest",
        "manifests",
        "cache",
        "lock",
        "locks",
        "pid",
        "lease",
        "leases",
        "marker",
        "inprogress",
        "journal",
        "ledger",
        "bookmark",
        "bookmarks",
        "last_id",
        "lastid",
        "seen",
        "done",
        "pending",
    ]
)
"""Words of a name that say that jobs keep state there."""

_AMBIGUOUS = frozenset(
    {"state", "offset", "offsets", "manifest", "progress", "resume", "ledger", "bookmark", "bookmarks"}
)
"""Words that mean something else in the names of plain lists and tables."""
_LISTS = frozenset(
    [
        ".txt",
        ".int",
        ".seq",
        ".scp",
        ".csv",
        ".tsv",
        ".fst",
        ".lst",
        ".dat",
        ".fits",
        ".sh",
        ".py",
        ".in",
        ".parquet",
        ".feather",
        ".arrow",
        ".xlsx",
        ".shp",
        ".gpkg",
        ".geojson",
    ]
)

_OF_MODELS = frozenset({"hidden", "dict"})
"""Words beside which a state is that of a model: `hidden_state`, `state_dict`."""

TEMPORARY_WORDS = frozenset({"tmp", "temp", "temporary", "partial", "part", "scratch", "new", "incomplete"})
"""Words of a name that say that the file is not the final one."""

_TEMPORARY_FOLDER = re.compile(r"(?<![A-Za-z0-9_])(?:TMPDIR|TEMPDIR)\b|gettempdir")
"""`$TMPDIR`, not a project's own `$PKG_TMPDIR`, which it puts where it likes."""
_FOLDER_CODE = re.compile(r"(?:dir|folder|directory)\}?[\"']?$", re.IGNORECASE)
_FOLDER_OF_RUN = re.compile(r"\$\{?(?!TE?MPDIR\b)(?:\w+_)?(?:TE?MP|te?mp)_?(?:DIR|dir)\}?")
_SHARED_FOLDER = re.compile(r"/(?:tmp|var/tmp|dev/shm)(?:/|$)")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Za-z][a-z]*|\d+")
_NO_NAMES: frozenset[str] = frozenset()
_UNIQUE_KINDS = frozenset({"unique"})


@plain_value(frozen=True)
class PathPattern:
    """A text as literals and holes; two neighbours are never both literals. An empty tuple is the empty text.

    For a path, `..` and `.` are kept as written and separators are `/`; a `/` never stands inside a hole that we know
    of, though the value of a hole may have some.
    """

    parts: tuple[Part, ...]

    @classmethod
    def of(cls, *parts: Part | PathPattern) -> PathPattern:
        """The pattern that joins these parts, neighbouring literals merged."""
        flat: list[Part] = []
        for part in parts:
            for piece in part.parts if isinstance(part, PathPattern) else (part,):
                if isinstance(piece, str):
                    if not piece:
                        continue
                    if flat and isinstance(flat[-1], str):
                        flat[-1] += piece
                        continue
                flat.append(piece)
        return cls(tuple(flat))

    def joined(self, *others: PathPattern) -> PathPattern:
        """This path with others below it, as `Path(a, b)` and `os.path.join` do: an absolute one starts afresh."""
        result = self
        for other in others:
            if other.is_absolute or not result.parts:
                result = other
            else:
                tail = result.parts[-1]
                slash = "" if isinstance(tail, str) and tail.endswith("/") else "/"
                result = PathPattern.of(result, slash, other)
        return result

    @property
    def holes(self) -> tuple[Hole, ...]:
        """The holes, in order."""
        return tuple([part for part in self.parts if isinstance(part, Hole)])

    @cached_property
    def names(self) -> frozenset[str]:
        """Every parameter and variable that some hole is made from."""
        if self.text is not None:
            return _NO_NAMES
        return frozenset().union(*[hole.names for hole in self.holes])

    def made_from(self, names: frozenset[str]) -> PathPattern:
        """The same with further names that its first hole is made from."""
        at = next((at for at, part in enumerate(self.parts) if isinstance(part, Hole)), None)
        if at is None or names <= self.holes[0].names:
            return self
        hole = replace(self.holes[0], names=self.holes[0].names | names)
        return PathPattern((*self.parts[:at], hole, *self.parts[at + 1 :]))

    @property
    def text(self) -> str | None:
        """The value if nothing in it is known only at run time, else None."""
        if not self.parts:
            return ""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], str) else None

    @property
    def literal(self) -> str:
        """All literal text, each hole as one NUL: for tests that look at what is certain."""
        text = self.text
        if text is not None:
            return text
        return "".join([part if isinstance(part, str) else "\0" for part in self.parts])

    @property
    def template(self) -> str:
        """The pattern as people write it: `{symbol}_{start}.json`, holes by their code without `$` and braces."""
        return "".join(part if isinstance(part, str) else f"{{{shown_name(part)}}}" for part in self.parts)

    @property
    def is_absolute(self) -> bool:
        """Whether the path certainly starts at the root or at a home directory."""
        first = self.parts[0] if self.parts else ""
        return isinstance(first, str) and first.startswith(("/", "~"))

    @property
    def is_relative(self) -> bool:
        """Whether the path certainly starts at the current directory."""
        first = self.parts[0] if self.parts else None
        return isinstance(first, str) and not first.startswith(("/", "~"))

    @property
    def is_unique(self) -> bool:
        """Whether no other process can have the same path: a uuid, a pid, mkstemp, … is part of it."""
        return any(hole.kind in _UNIQUE_KINDS for hole in self.holes)

    @property
    def has_digest(self) -> bool:
        """Whether a hash is part of it."""
        return any(hole.kind == "digest" for hole in self.holes)

    @cached_property
    def name(self) -> PathPattern:
        """The last component (what stands after the last `/` of a literal); the whole if there is none."""
        for at in range(len(self.parts) - 1, -1, -1):
            part = self.parts[at]
            if isinstance(part, str) and "/" in part:
                return PathPattern.of(part.rpartition("/")[2], *self.parts[at + 1 :])
        return self

    @cached_property
    def parent(self) -> PathPattern:
        """What stands before the last `/`; the empty pattern if there is none."""
        for at in range(len(self.parts) - 1, -1, -1):
            part = self.parts[at]
            if isinstance(part, str) and "/" in part:
                head = part.rpartition("/")[0]
                return PathPattern.of(*self.parts[:at], head or ("" if at else "/"))
        return PathPattern(())

    @property
    def suffix(self) -> str:
        """The literal suffix of the name with its dot (`.json`), or the empty text."""
        last = self.name.parts[-1] if self.name.parts else ""
        if not isinstance(last, str):
            return ""
        stem, dot, suffix = last.rpartition(".")
        return dot + suffix if dot and (stem or len(self.name.parts) > 1) else ""

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the literals and of the holes' code, lower case: `state/{sym}.ckpt` has state, sym, ckpt."""
        texts = (part if isinstance(part, str) else part.text for part in self.parts)
        return frozenset(word for text in texts for word in words_of(text))

    @property
    def says_state(self) -> bool:
        """Whether a word of the pattern says that jobs keep state there."""
        return bool(self.words & STATE_WORDS)

    @property
    def in_temporary_folder(self) -> bool:
        """Whether it certainly lies in the folder for temporary files that all processes share."""
        first = self.parts[0] if self.parts else ""
        if isinstance(first, Hole):
            return first.kind == "tempdir" or _TEMPORARY_FOLDER.search(first.text) is not None
        return _SHARED_FOLDER.match(first) is not None

    @property
    def says_temporary(self) -> bool:
        """Whether the name itself says that the file is a temporary one (`x.tmp`, `tmp_x`, `x.partial`)."""
        return bool(self.name.words & TEMPORARY_WORDS)

    @property
    def identity(self) -> tuple[str, ...]:
        """The code of the path without versions: two functions of one file that write it alike mean one file, where
        the holes are attributes, calls or nothing.
        """
        return tuple(part if isinstance(part, str) else part.text for part in self.parts)

    @property
    def is_file_wide(self) -> bool:
        """Whether the same code means the same file in every function: constants and attributes of `self`."""
        return bool(self.parts) and all(
            hole.text.startswith(("self.", "cls.")) or "(" in hole.text for hole in self.holes
        )

    def same_object(self, other: PathPattern) -> bool:
        """Whether both certainly name one file: equal literals, equal holes of equal versions.

        A hole whose value is another one at each evaluation (a command's output, the time) equals nothing, unless it
        was evaluated once and kept in a variable (its version tells).
        """
        if self.parts != other.parts or not self.parts:
            return False
        return all(hole.version or hole.kind not in {"command", "time"} for hole in self.holes)

    def starts_with(self, prefix: PathPattern) -> bool:
        """Whether the pattern begins with all parts of another one."""
        if not prefix.parts:
            return True
        *whole, last = prefix.parts
        if self.parts[: len(whole)] != tuple(whole) or len(self.parts) < len(prefix.parts):
            return False
        mine = self.parts[len(whole)]
        if isinstance(mine, str) and isinstance(last, str):
            return mine.startswith(last)
        return mine == last

    def is_below(self, folder: PathPattern) -> bool:
        """Whether the path certainly lies in a folder, or further down: it begins like that and goes on with a `/`."""
        return bool(folder.parts) and self.starts_with(PathPattern.of(folder, "/"))

    def __str__(self) -> str:
        return self.template


EMPTY = PathPattern(())

_SYSTEM_FOLDERS = re.compile(
    r"/(?:etc|usr|boot|proc|sys|dev/(?!shm(?:/|$))\w+|lib/(?:systemd|udev|modules|firmware))(?:/|$)"
)
_MAYBE_SYSTEM = re.compile(r"/(?:lib\d*|s?bin|var|root|home|opt|srv|selinux|tmp|mnt|media|run|dev)(?:/|$)")
"""Folders of the system that projects have as well."""
_ROOTS = frozenset({"root", "rootfs", "chroot", "sysroot", "destdir", "image", "mount", "mnt", "jail"})
"""Words of a folder that becomes the root folder of a system."""

_DEPENDENCY_LOCKS = frozenset(
    [
        "package",
        "poetry",
        "uv",
        "cargo",
        "yarn",
        "pnpm",
        "pipfile",
        "conda",
        "flake",
        "composer",
        "gemfile",
        "pdm",
        "pixi",
        "mise",
        "podfile",
        "bun",
        "deno",
        "requirements",
        "environment",
        "terraform",
        "plugins",
        "plugin",
    ]
)
_LOCKS = frozenset(
    ["lock", "lockfile", "lockdir", "lck", "flock", "mutex", "semaphore", "pid", "pidfile", "lease"]
)


def names_folder(code: str) -> bool:
    """Whether the code of a path ends with a name that is that of a folder (`$checkpointDir`, `out / sub_dir`)."""
    return _FOLDER_CODE.search(code) is not None


def ambiguous_words(name: PathPattern) -> frozenset[str]:
    """The words that say nothing about a job's state in such a name, though they do in others: in that of a list or table
    (`offsets.csv`, `align.state.seq.all`), of what is to run in a cluster (`manifest.yaml`).
    """
    if name.suffix in {".yaml", ".yml"} and "manifest" in name.words:
        return _AMBIGUOUS
    listed = not _LISTS.isdisjoint(f".{part}" for part in name.literal.split(".")[1:])
    return _AMBIGUOUS if listed or name.words & _OF_MODELS else frozenset()


def is_of_system(path: PathPattern) -> bool:
    """Whether a path is that of a file of the system, or of a tree that becomes one (`$ROOTFS/etc/x`, `$DESTDIR/usr/x`):
    whoever sets up a machine, an image or a package does that alone.
    """
    if not path.parts or not isinstance(path.parts[0], Hole):
        return _SYSTEM_FOLDERS.match(path.literal) is not None
    below = path.parts[1] if len(path.parts) > 1 else ""
    if not isinstance(below, str):
        return False
    roots = _ROOTS & set(words_of(path.parts[0].text))
    return bool(_SYSTEM_FOLDERS.match(below) or (roots and _MAYBE_SYSTEM.match(below)))


def in_folder_of_run(path: PathPattern) -> bool:
    """Whether a path lies in the folder for temporary files that another script has set for this run: `$TMP_DIR/x`."""
    first = path.parts[0] if len(path.parts) > 1 else ""
    return isinstance(first, Hole) and _FOLDER_OF_RUN.fullmatch(first.text) is not None


_OF_SETTINGS = frozenset({".conf", ".cfg", ".ini", ".service", ".timer"})


def is_lock_name(path: PathPattern) -> bool:
    """Whether a path is that of a lock or pid file: not the lock file of a package manager, nor settings about one
    (`nginx.service.d/pidfile.conf`).
    """
    words = path.name.words
    if path.suffix in _OF_SETTINGS:
        return False
    if path.name.parts == path.parts[-1:] and not path.name.literal.strip("\0"):
        words = frozenset(words_of(path.name.holes[-1].text)) if path.name.holes else words
    return bool(words & _LOCKS) and not words & _DEPENDENCY_LOCKS


def same_folder(one: PathPattern, other: PathPattern, other_code: str = "") -> bool:
    """Whether two files certainly lie in one folder. `other_code` is the second path as the code writes it."""
    if one.parent.parts and one.parent.parts == other.parent.parts:
        return True
    if one.starts_with(other) and one.parts != other.parts and "/" not in _rest(one, other):
        return True
    if one.parent.parts and one.parent.parts == other.parts[: len(one.parent.parts)]:
        return "/" not in "".join(p for p in other.parts[len(one.parent.parts) + 1 :] if isinstance(p, str))
    holes = one.parent.holes
    if len(holes) != 1 or len(one.parent.parts) != 1:
        return False
    code = holes[0].text
    names = {other_code.strip("\"'"), *(hole.text for hole in other.holes)}
    return any(name and name in code for name in names) and (
        "parent" in code or "dirname" in code or "%/*" in code
    )


def same_file_system(one: PathPattern, other: PathPattern, other_code: str = "") -> bool:
    """Whether one file certainly lies in the folder of another, or below it."""
    if same_folder(one, other, other_code):
        return True
    first = one.parts[0] if one.parts else ""
    if not isinstance(first, Hole):
        return False
    names = {other_code.strip("\"'"), *(hole.text for hole in other.holes)}
    return any(name and name in first.text for name in names) and (
        "parent" in first.text or "dirname" in first.text
    )


def _rest(whole: PathPattern, start: PathPattern) -> str:
    return whole.literal[len(start.literal) :]


def shown_name(hole: Hole) -> str:
    """A hole's code as a person would name it: `$x` and `${x}` as `x`, everything else as written."""
    if hole.kind == "template":
        inner = re.fullmatch(r"\$\((\w+)\)|\$?\{\{-?\s*([\w.]+)\s*-?\}\}|\$\{(\w+)\}", hole.text)
        return next((name for name in inner.groups() if name), hole.text) if inner else hole.text
    match = re.fullmatch(r"\$\{?(\w+)\}?", hole.text)
    return match[1] if match else hole.text


def words_of(text: str) -> Iterator[str]:
    """The words of an identifier or path, lower case: snake_case, kebab-case and camelCase are split."""
    return (word.lower() for word in _WORD.findall(text))


def union(patterns: Iterable[PathPattern]) -> frozenset[str]:
    """All names of several patterns."""
    return frozenset().union(*(pattern.names for pattern in patterns))
