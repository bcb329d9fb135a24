"""Settings: what may be set, where it is read from, and which rules it selects.

`KEYS` is the one table of all keys: reading, checking and documentation come from it.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pathspec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONFIG_NAMES = (".jobsafety-lint.toml", "jobsafety-lint.toml", "pyproject.toml")
TABLE = "jobsafety-lint"
DEFAULT_MAX_SIZE = 1_000_000


class ConfigError(Exception):
    """A configuration that cannot be used: says the file, the key and the remedy."""


class UsageError(Exception):
    """A command line that cannot be used: says the option and the remedy."""


@dataclass(frozen=True)
class Key:
    """One key of the configuration: its name, the kind of its value, its default and what it is for."""

    name: str
    kind: str
    default: Any
    doc: str


KEYS = (
    Key("extend", "string", None, "another configuration file whose settings this one adds to"),
    Key("select", "strings", None, "the rules that run: codes, names, families such as `JOB3`, or `ALL`"),
    Key("extend-select", "strings", (), "rules that run besides the selected ones"),
    Key("ignore", "strings", (), "rules that do not run"),
    Key("exclude", "strings", None, "paths that are not looked at, in place of the defaults"),
    Key("extend-exclude", "strings", (), "paths that are not looked at, besides the defaults"),
    Key("per-file-ignores", "table of strings", {}, "a glob of paths -> rules that do not run there"),
    Key("severity", "table of string", {}, "a rule -> `error`, `warning` or `info`"),
    Key("max-file-size", "size", DEFAULT_MAX_SIZE, "files above this size are passed over (bytes, or `2M`)"),
    Key("cache-dir", "string", None, "where the cache is kept"),
    Key("pueue-version", "3 or 4", 4, "the major version of pueue that the jobs run on"),
    Key(
        "hosts",
        "tables",
        {},
        "cores, memory, swap and groups of each ssh destination; `default` for local queues",
    ),
    Key("checkpoint-functions", "strings", (), "functions that return the path of a checkpoint"),
    Key("state-name-patterns", "strings", (), "words in a file's name that mean state which jobs share"),
    Key("job-parameters", "strings", (), "parameters that tell jobs apart"),
    Key("run-only-parameters", "strings", (), "parameters that do not tell jobs apart"),
    Key("category-parameters", "strings", (), "parameters that are categories of artifacts"),
    Key("queue-commands", "strings", (), "your own wrappers of `pueue`"),
    Key("allowed-env-overrides", "strings", (), "variables that may be set for one job (globs)"),
    Key("small-output-commands", "strings", (), "commands whose output is known to be short"),
    Key("memory-profiles", "table of string", {}, "a script -> the memory that it is expected to use"),
    Key(
        "provenance",
        "table of string",
        {},
        "a rule -> the incident that it guards against, shown in its message",
    ),
)
_BY_NAME = {key.name: key for key in KEYS}


@dataclass(frozen=True)
class Mention:
    """A rule that a configuration file names, and where: for those that do not exist."""

    name: str
    key: str
    path: Path


@dataclass(frozen=True)
class Settings:
    """The settings that count for some files. `root` is the folder that globs are relative to."""

    values: Mapping[str, Any] = field(default_factory=dict)
    root: Path = field(default_factory=Path.cwd)
    source: Path | None = None
    mentions: tuple[Mention, ...] = ()

    def get(self, name: str) -> Any:
        """The value of a key, or its default."""
        value = self.values.get(name)
        return _BY_NAME[name].default if value is None else value

    @property
    def pueue_version(self) -> int:
        """The major version of pueue."""
        return int(self.get("pueue-version"))

    @property
    def max_file_size(self) -> int:
        """Bytes above which a file is passed over."""
        return size_in_bytes(self.get("max-file-size"))

    def words(self, name: str) -> frozenset[str]:
        """The value of a key that lists words."""
        return frozenset(self.get(name))

    @cached_property
    def _file_ignores(self) -> list[tuple[pathspec.GitIgnoreSpec, tuple[str, ...]]]:
        table = self.get("per-file-ignores")
        return [(pathspec.GitIgnoreSpec.from_lines([glob]), tuple(rules)) for glob, rules in table.items()]

    def ignored_in(self, path: Path) -> frozenset[str]:
        """The rules (as written) that `per-file-ignores` switches off for a file."""
        if not self._file_ignores:
            return frozenset()
        try:
            relative = path.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            relative = path.as_posix()
        return frozenset(
            name for spec, names in self._file_ignores for name in names if spec.match_file(relative)
        )


def size_in_bytes(value: int | str) -> int:
    """`1000000`, `"900K"`, `"2M"`, `"64G"` in bytes (base 1024).

    Raises:
        ValueError: it is no size.
    """
    if isinstance(value, int):
        return value
    text = value.strip().upper().removesuffix("B").removesuffix("I")
    factor = {"K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}.get(text[-1:], 1)
    return int(float(text.rstrip("KMGT")) * factor)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that comes closest to a name, if one comes close."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


# --- reading ---------------------------------------------------------------------------------------------------------


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file.

    Raises:
        ConfigError: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def table_of(path: Path) -> dict[str, Any] | None:
    """Our table of a configuration file; None if it has none (a pyproject.toml of someone else)."""
    data = read_toml(path)
    if path.name != "pyproject.toml":
        return data
    table = data.get("tool", {}).get(TABLE)
    return table if isinstance(table, dict) else None


def check(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The values of a table.

    Raises:
        ConfigError: an unknown key, or a value of the wrong kind.
    """
    for name, value in table.items():
        key = _BY_NAME.get(name)
        if key is None:
            close = nearest(name, _BY_NAME)
            hint = f"; did you mean `{close}`?" if close else f"; known keys: {', '.join(_BY_NAME)}"
            raise ConfigError(f"{where}: unknown key `{name}`{hint}")
        if not _fits(key.kind, value):
            raise ConfigError(f"{where}: `{name}` must be {_KINDS[key.kind]}, not {value!r}")
    return dict(table)


_KINDS = {
    "string": "a string",
    "strings": "a list of strings",
    "size": 'a number of bytes or a string such as "2M"',
    "3 or 4": "3 or 4",
    "table of strings": "a table whose values are lists of strings",
    "table of string": "a table whose values are strings",
    "tables": "a table of tables",
}


def _fits(kind: str, value: Any) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "strings":
            return isinstance(value, list) and all(isinstance(v, str) for v in value)
        case "size":
            try:
                return (
                    isinstance(value, int | str) and not isinstance(value, bool) and size_in_bytes(value) > 0
                )
            except ValueError:
                return False
        case "3 or 4":
            return value in (3, 4) and not isinstance(value, bool)
        case "table of strings":
            return isinstance(value, dict) and all(_fits("strings", v) for v in value.values())
        case "table of string":
            return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    return isinstance(value, dict) and all(isinstance(v, dict) for v in value.values())


def load(path: Path, root: Path | None = None, seen: tuple[Path, ...] = ()) -> Settings | None:
    """The settings of one file, with those that it extends; None if the file holds none.

    Raises:
        ConfigError: see `check`; or the files extend each other in a circle.
    """
    path = path.resolve()
    if path in seen:
        raise ConfigError(f"{path}: `extend` goes in a circle: {' -> '.join(str(p) for p in (*seen, path))}")
    table = table_of(path)
    if table is None:
        return None
    values = check(table, str(path))
    mentions = tuple(_mentions(values, path))
    if "extend" in values:
        target = (path.parent / Path(values["extend"]).expanduser()).resolve()
        base = load(target, root, (*seen, path))
        if base is None:
            raise ConfigError(f"{path}: `extend` names {target}, which has no [tool.{TABLE}] table")
        values = {**base.values, **values}
    return Settings(values, root or path.parent, path, mentions)


def globs_of(path: Path) -> list[tuple[str, str]]:
    """The globs that a configuration file itself holds, each with its key.

    Raises:
        ConfigError: it cannot be read.
    """
    table = table_of(path) or {}
    keys = ("exclude", "extend-exclude", "per-file-ignores")
    return [(key, glob) for key in keys for glob in table.get(key) or () if isinstance(glob, str)]


def _mentions(values: Mapping[str, Any], path: Path) -> Iterable[Mention]:
    for key in ("select", "extend-select", "ignore"):
        for name in values.get(key, ()):
            yield Mention(name, key, path)
    for names in values.get("per-file-ignores", {}).values():
        for name in names:
            yield Mention(name, "per-file-ignores", path)
    for key in ("severity", "provenance"):
        for name in values.get(key, {}):
            yield Mention(name, key, path)


@dataclass
class Resolver:
    """Finds the settings that count for a file: the nearest configuration above it, read once."""

    isolated: bool = False
    override: Settings | None = None
    inline: Mapping[str, Any] = field(default_factory=dict)
    _by_folder: dict[Path, Settings] = field(default_factory=dict)

    @classmethod
    def from_options(cls, configs: Sequence[str], *, isolated: bool) -> Resolver:
        """From `--config FILE`, `--config 'key = value'` and `--isolated`.

        Raises:
            ConfigError: a file or value cannot be used.
        """
        inline: dict[str, Any] = {}
        override: Settings | None = None
        for text in configs:
            if "=" in text and not Path(text).is_file():
                try:
                    inline |= check(tomllib.loads(text), f"--config '{text}'")
                except tomllib.TOMLDecodeError as error:
                    raise ConfigError(f"--config '{text}': neither a file nor TOML: {error}") from error
            else:
                path = Path(text)
                if not path.is_file():
                    raise ConfigError(f"--config {text}: no such file")
                override = load(path, Path.cwd())
                if override is None:
                    raise ConfigError(f"--config {text}: it has no [tool.{TABLE}] table")
        return cls(isolated, override, inline)

    def for_folder(self, folder: Path) -> Settings:
        """The settings for the files of a folder.

        Raises:
            ConfigError: the configuration cannot be used.
        """
        found = self._by_folder.get(folder)
        if found is None:
            found = self._by_folder[folder] = self._find(folder)
        return found

    def _find(self, folder: Path) -> Settings:
        base = self.override
        if base is None and not self.isolated:
            base = self._own(folder)
            if base is None and folder.parent != folder:
                return self.for_folder(folder.parent)
        if base is None:
            base = Settings()
        return Settings({**base.values, **self.inline}, base.root, base.source, base.mentions)

    def _own(self, folder: Path) -> Settings | None:
        for name in CONFIG_NAMES:
            path = folder / name
            if path.is_file():
                settings = load(path)
                if settings is not None:
                    return settings
        return None


def project_root(folder: Path, settings: Settings) -> Path:
    """The folder of the configuration; else the git top level; else the working directory."""
    if settings.source is not None and settings.root != Path.cwd():
        return settings.root
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return candidate
    return Path.cwd()


# --- which rules -----------------------------------------------------------------------------------------------------


def matches(selector: str, code: str, name: str) -> int:
    """How closely a selector names a rule: 0 not at all, 1 `ALL`, 2 a family, 3 its own code or name."""
    if selector in {code, name}:
        return 3
    if selector == "ALL":
        return 1
    return 2 if selector.startswith("JOB") and code.startswith(selector) else 0


@dataclass(frozen=True)
class Selection:
    """Which rules run. `by_name` are those that were selected by their own code or name."""

    codes: frozenset[str]
    by_name: frozenset[str]

    @classmethod
    def of(
        cls, catalogue: Mapping[str, str], settings: Settings, cli: Mapping[str, Sequence[str]]
    ) -> Selection:
        """From the settings and the options `select`, `extend-select`, `ignore` of the command line (code -> name)."""
        select = cli.get("select") or settings.get("select") or ["ALL"]
        chosen = [*select, *settings.get("extend-select"), *cli.get("extend-select", ())]
        ignored = [*(() if cli.get("select") else settings.get("ignore")), *cli.get("ignore", ())]
        codes, by_name = set(), set()
        for code, name in catalogue.items():
            wanted = max((matches(selector, code, name) for selector in chosen), default=0)
            unwanted = max((matches(selector, code, name) for selector in ignored), default=0)
            if wanted and wanted > unwanted:
                codes.add(code)
                if wanted == 3:
                    by_name.add(code)
        return cls(frozenset(codes), frozenset(by_name))


def check_selectors(selectors: Iterable[str], catalogue: Mapping[str, str], option: str) -> None:
    """The selectors of the command line.

    Raises:
        UsageError: one names no rule.
    """
    for selector in selectors:
        if not is_known(selector, catalogue):
            close = nearest(selector, [*catalogue, *catalogue.values()])
            hint = f"; did you mean `{close}`?" if close else "; `jobsafety-lint rule --all` lists them"
            raise UsageError(f"{option}: there is no rule `{selector}`{hint}")


def is_known(selector: str, catalogue: Mapping[str, str]) -> bool:
    """Whether a selector names a rule, a family, or all."""
    return any(matches(selector, code, name) for code, name in catalogue.items())
