"""The environment that a program reads: variables, and `.env` files that it loads."""

from __future__ import annotations

from dataclasses import dataclass

from jobsafety_lint.source import Place


@dataclass(frozen=True, eq=False)
class EnvironmentRead:
    """A variable of the environment is read. `needed`: there is no default for it."""

    place: Place
    name: str
    needed: bool


@dataclass(frozen=True, eq=False)
class EnvironmentSet:
    """The program sets a variable of its own environment."""

    place: Place
    name: str


@dataclass(frozen=True, eq=False)
class DotenvLoad:
    """python-dotenv's `load_dotenv` is called. `given`: which file, is said (a path, a stream, `usecwd=True`)."""

    place: Place
    given: bool
