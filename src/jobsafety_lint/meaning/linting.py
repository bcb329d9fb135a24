"""Facts about the linting itself: what no reader could read, and what is said to the linter in comments and settings."""

from __future__ import annotations

from dataclasses import dataclass

from jobsafety_lint.model import Edit, Location
from jobsafety_lint.source import Place


@dataclass(frozen=True, eq=False)
class UnreadRegion:
    """A stretch that no reader could parse, so that no rule has looked at it. `language` is `python` or `shell`;
    `more` are further stretches of the same broken block.
    """

    place: Place
    language: str
    reason: str
    more: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False)
class UnknownRule:
    """A suppression or a setting names a rule that does not exist, or is no suppression at all.

    `where` says what names it (`this suppression`, `per-file-ignores`), `name` is what it says, `nearest` the known
    name or code that it comes closest to. `problem` is set where the comment itself is malformed.
    """

    location: Location
    where: str
    name: str
    nearest: str | None = None
    problem: str = ""


@dataclass(frozen=True, eq=False)
class UnusedSuppression:
    """A suppression comment of which `names` silenced nothing, though the rules have run; `edit` takes them out."""

    location: Location
    names: tuple[str, ...]
    edit: Edit


@dataclass(frozen=True, eq=False)
class StaleSetting:
    """A glob of a configuration file that matches nothing below `root`. `key` is where it stands (`exclude`)."""

    location: Location
    key: str
    glob: str
