"""What goes into a run and what comes out of one file: plain values that processes exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jobsafety_lint.config import Settings, project_root
from jobsafety_lint.discover import Discovered, role_of
from jobsafety_lint.meaning.project.links import FileLinks
from jobsafety_lint.model import Accepted, Crash, Finding, Note, Severity
from jobsafety_lint.suppress import Suppression
from jobsafety_lint.surroundings import Look


@dataclass(frozen=True)
class Options:
    """What a run is asked for. `cli` holds the selectors of the command line, `rules_dirs` the folders of own
    rules. `baseline` are findings that pass, and
    with `diff_base` (a revision of git) only findings on lines that were changed since then are shown: both are a
    matter of what is kept, not of how files are read.
    """

    cli: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pedantic: bool = False
    min_severity: Severity = Severity.INFO
    jobs: int = 0
    rules_dirs: tuple[Path, ...] = ()
    baseline: tuple[Accepted, ...] = ()
    diff_base: str = ""

    @cached_property
    def selecting(self) -> str:
        """What of it decides which rules run, as a text that compares."""
        return repr((sorted(self.cli.items()), self.rules_dirs))


@dataclass(frozen=True)
class Task:
    """A file with the settings that count for it. `data` is given where the file is not on disk (stdin).

    `given`: the run was asked for it; else it is only another file of the project, read for its links, if it is Python
    only where its text holds one of the `mentions`.
    """

    item: Discovered
    settings: Settings
    data: bytes | None = None
    given: bool = True
    mentions: tuple[str, ...] = ()

    @cached_property
    def root(self) -> Path:
        """The folder of the project that the file belongs to."""
        return project_root(self.item.path.parent, self.settings)

    @cached_property
    def role(self) -> str:
        """What part of the project it is; see `discover.role_of`."""
        return role_of(self.item.path, self.root)


@dataclass(frozen=True)
class Pending:
    """A finding on its way: `identity` is what its fingerprint is made from, `key` what it is about and `silent_where`
    the rules that speak in its place about the same thing. `supposes`: see `rule.Draft`.
    """

    finding: Finding
    identity: tuple[str, ...]
    key: object
    silent_where: tuple[str, ...] = ()
    subject: str = ""
    supposes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Linked:
    """What came out of linking a project, by the paths of its files as shown: what its rules have found, and what findings
    of one file `supposes` that is not so.
    """

    pending: Mapping[str, Sequence[Pending]] = field(default_factory=dict)
    refuted: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass
class Mapped:
    """What came out of one file by itself, before the project is linked."""

    path: str
    links: FileLinks | None = None
    read: bool = False
    pending: list[Pending] = field(default_factory=list)
    suppressions: list[Suppression] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    crashes: list[Crash] = field(default_factory=list)
    unread: int = 0
    looks: frozenset[Look] = frozenset()
    """Which other files were looked at for it."""
    vocabulary: str = ""
    """The words of a Python file that has just been read, for the link; see `Source.vocabulary`."""


@dataclass
class Kept:
    """What is kept of one file, and how much is not."""

    findings: list[Finding] = field(default_factory=list)
    suppressed: int = 0
    hidden: int = 0
    baselined: int = 0
