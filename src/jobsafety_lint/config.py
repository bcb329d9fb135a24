"""Settings: what may be set, where it is read from, and which rules it selects.

`KEYS` is the one table of all keys: reading, checking, documentation and the JSON schema come from it.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pathspec

from jobsafety_lint.config_kinds import (
    Choice,
    Either,
    Field,
    Kind,
    ListOf,
    Record,
    Size,
    TableOf,
    Text,
    Whole,
)
from jobsafety_lint.config_kinds import nearest as nearest  # noqa: PLC0414  # others ask for it here

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
    """One key of the configuration: its name, the kind of its value, its default, what it is for, and an example (TOML).

    `merge` says what happens where a file extends another one: the nearer value stands in place of the inherited one
    (`replace`), the lists are put together (`add`), or the tables are, and the nearer entry wins (`by key`). `default_doc`
    describes a default that is not a plain value. `group` is its heading in the documentation.
    """

    name: str
    kind: Kind
    default: Any
    doc: str
    example: str
    merge: str = "replace"
    default_doc: str = ""
    group: str = ""


TEXT = Text()
TEXTS = ListOf(TEXT)
RULES = ListOf(Text(about="rule"))
_GROUP = Record(
    {
        "parallel": Field(Whole(0), "how many jobs the group runs at once"),
        "memory": Field(Size(), "the memory that one of its jobs may take"),
    }
)
_HOST = Record(
    {
        "cores": Field(Whole(1), "the cores of the machine"),
        "memory": Field(Size(), "its memory"),
        "swap": Field(
            Either((Size(zero=True), Choice((False, "none", "off")))), "its swap; `0` says that it has none"
        ),
        "groups": Field(
            TableOf(_GROUP, "a table of groups"), "the groups of its queue, by name: `parallel` and `memory`"
        ),
    }
)
_RULES, _FILES, _PROJECT = "Which rules run", "Which files, and how", "What only your project knows"
KEYS = (
    Key(
        "extend",
        TEXT,
        None,
        "another configuration file (relative to this one) whose settings count where this one says nothing",
        'extend = "../jobsafety-lint.toml"',
        group=_FILES,
    ),
    Key(
        "select",
        RULES,
        None,
        "the rules that run: codes, names, families such as `JOB3`, or `ALL`",
        'select = ["JOB1", "JOB2", "hardcoded-task-id"]',
        default_doc='`["ALL"]`',
        group=_RULES,
    ),
    Key(
        "extend-select",
        RULES,
        (),
        "rules that run besides the selected ones",
        'extend-select = ["unscoped-artifact-glob"]',
        "add",
        group=_RULES,
    ),
    Key(
        "ignore",
        RULES,
        (),
        "rules that do not run; where both name a rule, the more exact one counts, and `ignore` where both are as exact",
        'ignore = ["per-job-env-override"]',
        "add",
        group=_RULES,
    ),
    Key(
        "per-file-ignores",
        TableOf(RULES, "a table whose values are lists of strings"),
        {},
        "a glob of paths, as .gitignore has them -> rules that do not run there",
        '[per-file-ignores]\n"tools/*.py" = ["check-then-delete"]',
        "by key",
        group=_RULES,
    ),
    Key(
        "severity",
        TableOf(Choice(("error", "warning", "info")), "a table whose values are strings", keys="rule"),
        {},
        "a rule or family -> `error`, `warning` or `info`, whatever the rule itself says; the most exact entry counts",
        '[severity]\nmissing-fsync = "warning"\nJOB9 = "info"',
        "by key",
        group=_RULES,
    ),
    Key(
        "exclude",
        TEXTS,
        None,
        "paths that are not looked at (globs, as .gitignore has them), in place of the defaults",
        'exclude = [".venv", "attic/"]',
        default_doc="version control, virtual environments, caches, build results, vendored and generated code",
        group=_FILES,
    ),
    Key(
        "extend-exclude",
        TEXTS,
        (),
        "paths that are not looked at, besides those of `exclude`",
        'extend-exclude = ["legacy/"]',
        "add",
        group=_FILES,
    ),
    Key(
        "max-file-size",
        Size(),
        DEFAULT_MAX_SIZE,
        "files above this size are passed over with a note (bytes, or `2M`)",
        'max-file-size = "2M"',
        group=_FILES,
    ),
    Key(
        "markdown",
        Choice((True, False)),
        False,
        "the fenced shell and Python blocks of Markdown files are checked, each as a script of its own",
        "markdown = true",
        group=_FILES,
    ),
    Key("cache-dir", TEXT, None, "where the cache is kept", 'cache-dir = "/var/tmp/lint"', group=_FILES),
    Key(
        "pueue-version",
        Choice((3, 4)),
        4,
        "the major version of pueue that the jobs run on",
        "pueue-version = 3",
        group=_PROJECT,
    ),
    Key(
        "hosts",
        TableOf(_HOST, "a table of tables"),
        {},
        "cores, memory, swap and groups of each ssh destination; `default` for local queues",
        '[hosts.calc1]\ncores = 32\nmemory = "128G"\nswap = 0\ngroups.bars = { parallel = 8, memory = "12G" }',
        "by key",
        group=_PROJECT,
    ),
    Key(
        "checkpoint-functions",
        TEXTS,
        (),
        "functions that return the name of a checkpoint, whatever the name itself looks like",
        'checkpoint-functions = ["progress_file"]',
        group=_PROJECT,
    ),
    Key(
        "state-name-patterns",
        TEXTS,
        (),
        "words in a file's name that mean state which jobs share, besides `checkpoint`, `cursor`, `state` and the like",
        'state-name-patterns = ["bookmark"]',
        group=_PROJECT,
    ),
    Key(
        "job-parameters",
        TEXTS,
        (),
        "parameters that tell jobs apart, though their names do not look like it",
        'job-parameters = ["level"]',
        group=_PROJECT,
    ),
    Key(
        "run-only-parameters",
        TEXTS,
        (),
        "parameters that only say how a job is run, and never tell jobs apart",
        'run-only-parameters = ["shard_count"]',
        group=_PROJECT,
    ),
    Key(
        "category-parameters",
        TEXTS,
        (),
        "parameters that are categories of artifacts, besides `direction`, `strategy` and the like",
        'category-parameters = ["venue"]',
        group=_PROJECT,
    ),
    Key(
        "queue-commands",
        TEXTS,
        (),
        "your own wrappers of `pueue`, with the same arguments",
        'queue-commands = ["pq"]',
        group=_PROJECT,
    ),
    Key(
        "allowed-env-overrides",
        TEXTS,
        (),
        "environment variables that may be set for one job, or for all (globs)",
        'allowed-env-overrides = ["BARS_TRACE", "EXPERIMENT_*"]',
        group=_PROJECT,
    ),
    Key(
        "small-output-commands",
        TEXTS,
        (),
        "commands whose output is known to be short, so that `| head` never closes a pipe on them",
        'small-output-commands = ["job-count"]',
        group=_PROJECT,
    ),
    Key(
        "memory-profiles",
        TableOf(Size(), "a table whose values are sizes"),
        {},
        "a script -> the memory that a run of it is expected to take, where no cap says so",
        '[memory-profiles]\n"populate.py" = "6G"',
        "by key",
        group=_PROJECT,
    ),
    Key(
        "provenance",
        TableOf(TEXT, "a table whose values are strings", keys="rule"),
        {},
        "a rule or family -> the incident that it guards against, shown with its findings",
        '[provenance]\ncheckpoint-name-missing-param = "GH-84"',
        "by key",
        group=_PROJECT,
    ),
)
_BY_NAME = {key.name: key for key in KEYS}
WHOLE = Record({key.name: Field(key.kind, key.doc) for key in KEYS})
"""Our whole table."""


@dataclass(frozen=True)
class Mention:
    """A rule that a configuration file names, and where: for those that do not exist."""

    name: str
    key: str
    path: Path
    keys: tuple[str | int, ...] = ()
    """The keys and positions that lead to it, from our table on."""


@dataclass(frozen=True)
class Layer:
    """What one place says by itself: a configuration file, or an option of the command line (then `path` is None).
    `root` is the folder that its globs are relative to.
    """

    values: Mapping[str, Any]
    root: Path
    path: Path | None = None


@dataclass(frozen=True)
class Settings:
    """The settings that count for some files. `root` is the folder of the nearest configuration, `layers` are the places
    that they come from, the nearest first; `named`: the command line names the configuration file.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    root: Path = field(default_factory=Path.cwd)
    source: Path | None = None
    mentions: tuple[Mention, ...] = ()
    layers: tuple[Layer, ...] = ()
    named: bool = False

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

    def for_rule(self, name: str, code: str, rule: str) -> Any:
        """The entry of a table by rules (`severity`, `provenance`) that names a rule most exactly; None if none does."""
        table = self.get(name)
        named = max(table, key=lambda selector: _exactness(selector, code, rule), default=None)
        return table[named] if named is not None and matches(named, code, rule) else None

    def exclusions(self, defaults: Sequence[str]) -> list[tuple[Path, list[str]]]:
        """The globs of paths that are left out, each list with the folder that it is relative to."""
        own = next((layer for layer in self.layers if "exclude" in layer.values), None)
        first = (own.root, list(own.values["exclude"])) if own else (self.root, list(defaults))
        more = [
            (layer.root, list(layer.values["extend-exclude"]))
            for layer in reversed(self.layers)
            if "extend-exclude" in layer.values
        ]
        return [first, *more]

    @cached_property
    def _file_ignores(self) -> list[tuple[Path, pathspec.GitIgnoreSpec, tuple[str, ...]]]:
        found: dict[tuple[Path, str], tuple[str, ...]] = {}
        for layer in reversed(self.layers):
            for glob, rules in layer.values.get("per-file-ignores", {}).items():
                found[layer.root.resolve(), glob] = tuple(rules)
        return [
            (root, pathspec.GitIgnoreSpec.from_lines([glob]), rules) for (root, glob), rules in found.items()
        ]

    def ignored_in(self, path: Path) -> frozenset[str]:
        """The rules (as written) that `per-file-ignores` switches off for a file."""
        if not self._file_ignores:
            return frozenset()
        real = path.resolve()
        return frozenset(
            name
            for root, spec, names in self._file_ignores
            if spec.match_file(
                real.relative_to(root).as_posix() if real.is_relative_to(root) else path.as_posix()
            )
            for name in names
        )


def settings_of(
    layers: Sequence[Layer], mentions: tuple[Mention, ...] = (), *, named: bool = False
) -> Settings:
    """The settings that some layers come to, the nearest first."""
    values: dict[str, Any] = {}
    for layer in reversed(layers):
        if (
            "select" in layer.values
        ):  # a selection begins anew: what was selected or ignored further off is done with
            values = {
                name: value for name, value in values.items() if name not in ("extend-select", "ignore")
            }
        for name, value in layer.values.items():
            values[name] = _merged(_BY_NAME[name].merge, values.get(name), value)
    first = next((layer for layer in layers if layer.path is not None), None)
    if first is None:
        return Settings(values, mentions=mentions, layers=tuple(layers))
    return Settings(values, first.root, first.path, mentions, tuple(layers), named)


def _merged(merge: str, far: Any, near: Any) -> Any:
    if far is None or merge == "replace":
        return near
    return [*dict.fromkeys([*far, *near])] if merge == "add" else {**far, **near}


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


def check(table: Mapping[str, Any], where: str, text: str | None = None) -> dict[str, Any]:
    """The values of a table. `where` names its file or option; `text` is the text that it was read from, for the line.

    Raises:
        ConfigError: an unknown key, or a value of the wrong kind.
    """
    for problem in WHOLE.problems(dict(table), ()):
        line = _line_of(text, problem.path) if text is not None else None
        raise ConfigError(f"{where}{f':{line}' if line else ''}: {problem.message}")
    return dict(table)


def _line_of(text: str, path: tuple[str | int, ...]) -> int | None:
    from jobsafety_lint.toml_places import places_of  # only where something is wrong

    places = places_of(text)
    return places.line(("tool", TABLE, *path)) if ("tool", TABLE) in places.spans else places.line(path)


def load(path: Path, root: Path | None = None) -> Settings | None:
    """The settings of one file, with those that it extends; None if the file holds none. `root`: what globs are relative
    to, in place of each file's own folder.

    Raises:
        ConfigError: see `check`; or the files extend each other in a circle, or one that there is not.
    """
    layers: list[Layer] = []
    target = Path(os.path.abspath(path))  # resolve() would follow links
    while True:
        if any(layer.path == target for layer in layers):
            chain = " -> ".join(str(p) for p in (*(layer.path for layer in layers), target))
            raise ConfigError(f"{path}: `extend` goes in a circle: {chain}")
        table = table_of(target)
        if table is None:
            if not layers:
                return None
            raise ConfigError(
                f"{layers[-1].path}: `extend` names {target}, which has no [tool.{TABLE}] table"
            )
        values = check(table, str(target), _text_of(target))
        layers.append(Layer(values, root or target.parent, target))
        if "extend" not in values:
            break
        extended = Path(os.path.abspath(target.parent / Path(values["extend"]).expanduser()))
        if not extended.is_file():
            line = _line_of(_text_of(target), ("extend",))
            raise ConfigError(f"{target}:{line}: `extend` names {extended}, which is no file")
        target = extended
    own = layers[0]
    return settings_of(
        layers, tuple(_mentions(own.values, layers[0].root / path.name)), named=root is not None
    )


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Glob:
    """A glob of paths in a configuration file: its key, the keys and positions that lead to it, and its text."""

    key: str
    keys: tuple[str | int, ...]
    glob: str


def globs_of(path: Path) -> list[Glob]:
    """The globs that a configuration file itself holds, each with its key.

    Raises:
        ConfigError: it cannot be read, or a value is of the wrong kind.
    """
    table = check(table_of(path) or {}, str(path))
    lists = [
        Glob(key, (key, position), glob)
        for key in ("exclude", "extend-exclude")
        for position, glob in enumerate(table.get(key, ()))
    ]
    tables = [
        Glob("per-file-ignores", ("per-file-ignores", glob), glob)
        for glob in table.get("per-file-ignores", ())
    ]
    return lists + tables


def _mentions(values: Mapping[str, Any], path: Path) -> Iterable[Mention]:
    for key in ("select", "extend-select", "ignore"):
        for position, name in enumerate(values.get(key, ())):
            yield Mention(name, key, path, (key, position))
    for glob, names in values.get("per-file-ignores", {}).items():
        for position, name in enumerate(names):
            yield Mention(name, "per-file-ignores", path, ("per-file-ignores", glob, position))
    for key in ("severity", "provenance"):
        for name in values.get(key, {}):
            yield Mention(name, key, path, (key, name))


@dataclass
class Resolver:
    """Finds the settings that count for a file: the nearest configuration above it, read once."""

    isolated: bool = False
    override: Settings | None = None
    inline: tuple[Layer, ...] = ()
    _by_folder: dict[Path, Settings] = field(default_factory=dict)

    @classmethod
    def from_options(cls, configs: Sequence[str], *, isolated: bool) -> Resolver:
        """From `--config FILE`, `--config 'key = value'` and `--isolated`.

        Raises:
            ConfigError: a file or value cannot be used.
        """
        inline: list[Layer] = []
        override: Settings | None = None
        for text in configs:
            if "=" in text and not Path(text).is_file():
                try:
                    values = check(tomllib.loads(text), f"--config '{text}'")
                    inline.insert(0, Layer(values, Path.cwd()))
                except tomllib.TOMLDecodeError as error:
                    raise ConfigError(f"--config '{text}': neither a file nor TOML: {error}") from error
            else:
                path = Path(text)
                if not path.is_file():
                    raise ConfigError(f"--config {text}: no such file")
                if override is not None:
                    raise ConfigError(
                        f"--config {text}: only one file can be given; `extend` puts files together"
                    )
                override = load(path, Path.cwd())
                if override is None:
                    raise ConfigError(f"--config {text}: it has no [tool.{TABLE}] table")
        return cls(isolated, override, tuple(inline))

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
        if not self.inline:
            return base
        return settings_of((*self.inline, *base.layers), base.mentions, named=base.named)

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
    if settings.source is not None and not settings.named:
        return settings.root
    return _git_top(folder) or Path.cwd()


@functools.lru_cache(maxsize=4096)
def _git_top(folder: Path) -> Path | None:
    if (folder / ".git").exists():
        return folder
    return _git_top(folder.parent) if folder.parent != folder else None


def look_again() -> None:
    """Forgets where work trees begin: for a process that lives on while files change."""
    _git_top.cache_clear()


# --- which rules -----------------------------------------------------------------------------------------------------


def matches(selector: str, code: str, name: str) -> int:
    """How closely a selector names a rule: 0 not at all, 1 `ALL`, 2 a family, 3 its own code or name."""
    if selector in {code, name}:
        return 3
    if selector == "ALL":
        return 1
    return (
        2
        if code.startswith(selector) and _FAMILY.fullmatch(selector) and _letters(selector) == _letters(code)
        else 0
    )


_FAMILY = re.compile(r"[A-Z]{2,8}[0-9]{0,2}")


def _letters(code: str) -> str:
    return code.rstrip("0123456789")


_NOT = (0, 0)


def _exactness(selector: str, code: str, name: str) -> tuple[int, int]:
    """How closely a selector names a rule, for comparing: as `matches`, and a longer family is closer."""
    closely = matches(selector, code, name)
    return closely, len(selector) if closely == 2 else 0


@dataclass(frozen=True)
class Selection:
    """Which rules run. `by_name` are those that were selected by their own code or name."""

    codes: frozenset[str]
    by_name: frozenset[str]

    @classmethod
    def of(
        cls, catalogue: Mapping[str, str], settings: Settings, cli: Mapping[str, Sequence[str]]
    ) -> Selection:
        """From the settings and the options `select`, `extend-select`, `ignore` of the command line (code -> name).

        With `--select` only what the command line says counts.
        """
        select = cli.get("select") or settings.get("select") or ["ALL"]
        extended = () if cli.get("select") else settings.get("extend-select")
        chosen = [*select, *extended, *cli.get("extend-select", ())]
        ignored = [*(() if cli.get("select") else settings.get("ignore")), *cli.get("ignore", ())]
        codes, by_name = set(), set()
        for code, name in catalogue.items():
            wanted = max((_exactness(selector, code, name) for selector in chosen), default=_NOT)
            unwanted = max((_exactness(selector, code, name) for selector in ignored), default=_NOT)
            if wanted > _NOT and wanted > unwanted:
                codes.add(code)
                if wanted[0] == 3:
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
