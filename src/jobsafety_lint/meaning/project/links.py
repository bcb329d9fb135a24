"""What one file may have to do with others, as plain values: the project is linked from these alone.

They hold no text and no tree, so that they can cross processes and be kept in a cache. Places are `Mark`s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from jobsafety_lint.meaning.data.sql import TableUse
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.model import Mark

Kind = TypeVar("Kind")
QUIET_ROLES = frozenset({"test", "docs", "vendored", "temporary"})
"""Roles of files that are no part of what runs as jobs: they tell nothing of other files."""


@dataclass(frozen=True, slots=True)
class LoopLink:
    """A loop (see `execution.Loop`)."""

    mark: Mark
    variables: tuple[str, ...]
    values: tuple[str, ...] | None = None

    @property
    def varies(self) -> bool:
        """Whether it may go over more than one value."""
        return self.values is None or len(set(self.values)) > 1


@dataclass(frozen=True, slots=True)
class NameLink:
    """A name of a file that some code builds (see `functions.ArtifactName`).

    `function` is the one around it, qualified by its class and empty for a whole script; `users` are the commands that take the
    name, each with the loop variables that it takes.
    """

    mark: Mark
    pattern: PathPattern
    template: PathPattern
    function: str | None
    purposes: frozenset[str]
    roles: frozenset[str]
    returned: bool
    variable: str
    language: str
    loops: tuple[LoopLink, ...] = ()
    users: tuple[tuple[Mark, frozenset[str]], ...] = ()
    arms: tuple[tuple[int, int], ...] = ()
    """The branches that it stands in: where each `if` begins (code points into the file), and which branch of it."""
    settled: frozenset[str] = frozenset()
    """The variables that have one certain value here."""

    def excludes(self, other: NameLink) -> bool:
        """Whether two names stand in different branches of one `if`."""
        branches = dict(other.arms)
        return any(branches.get(at, index) != index for at, index in self.arms)


@dataclass(frozen=True, slots=True)
class GlobLink:
    """Files are listed by a pattern, and something is done to them (see `files.Glob`)."""

    mark: Mark
    pattern: PathPattern
    uses: tuple[tuple[str, Mark], ...]
    filtered_by: frozenset[str]
    scope: frozenset[str]
    functions: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Word:
    """An argument of a command: its text where it is known, all literal text, and what it is made from."""

    text: str | None
    literal: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class RunLink:
    """A program that may be part of the project is run, perhaps as a queued job.

    `kind`: `file` (`proc.py`, `./job.sh`), `module` (`-m pkg.mod`), `command` (a bare name), `task` (of mise). `words` are
    its arguments.
    `mark` is the command that submits it (`pueue add`), or the command itself. `together`: several may run at once. `label` are the names that the job's label is
    made from, None if it has none. `alone`: no second one of it runs where it does (see `Execution.alone`). `made`: one of its
    arguments is a folder that has been made before.
    """

    mark: Mark
    kind: str
    program: str
    words: tuple[Word, ...]
    loops: tuple[LoopLink, ...]
    together: bool
    label: frozenset[str] | None = None
    alone: bool = False
    made: bool = False

    @property
    def is_for_several(self) -> bool:
        """Whether a loop starts several that may run at once."""
        return self.together and any(loop.varies for loop in self.loops)

    @property
    def loop_of(self) -> dict[str, LoopLink]:
        """The loop that sets each variable."""
        return {name: loop for loop in self.loops for name in loop.variables}


@dataclass(frozen=True, slots=True)
class TemporaryLink:
    """A temporary file of a constant name that a job of this file writes (see `temporaries`), where it is first named.
    `function` is the one around it, empty for the script.
    """

    mark: Mark
    code: str
    function: str = ""


@dataclass(frozen=True, slots=True)
class AppendLink:
    """An append to a file that jobs share, whose records mix if several make it at once (see `appends`). `long`: they are surely
    more than one write.
    """

    mark: Mark
    code: str
    parts: str
    function: str = ""
    long: bool = True


@dataclass(frozen=True, slots=True)
class TildeLink:
    """An option with a `~` behind its `=` for a script of Python (`script` is its file name), which may expand it itself.
    `verbatim`: the option stands in the file letter by letter.
    """

    mark: Mark
    program: str
    script: str
    verbatim: bool


@dataclass(frozen=True, slots=True)
class ExpandsHomeLink:
    """A file of Python that expands `~` in what it is given (`name` is its file name)."""

    name: str


@dataclass(frozen=True, slots=True)
class TaskLink:
    """A task of mise: the program that it ends with (`kind` and `program` as in `RunLink`), to whose `words` the arguments
    of the task are added. With the kind `script` the file that holds the link is the task.
    """

    name: str
    kind: str
    program: str = ""
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class ScriptOption:
    """An argument of a shell script: `variable` keeps it, `names` are all names that it has in the script (`SYMBOL`,
    `1`). `flags` are empty for a positional one, whose place is then `position` (from 1). `used`: a command takes it.
    """

    variable: str
    mark: Mark
    names: frozenset[str]
    flags: tuple[str, ...] = ()
    position: int = 0
    used: bool = False

    @property
    def shown(self) -> str:
        """How a person would name it."""
        return self.flags[-1] if self.flags else f"${self.position}"

    def word(self, words: tuple[Word, ...]) -> Word | None:
        """The word that a command line gives for it; None if it is left out."""
        if not self.flags:
            return words[self.position - 1] if self.position <= len(words) else None
        for at, word in enumerate(words):
            for flag in self.flags:
                if word.text == flag:
                    return words[at + 1] if at + 1 < len(words) else None
                if word.literal.startswith(f"{flag}="):
                    text = word.text.partition("=")[2] if word.text is not None else None
                    return Word(text, word.literal.partition("=")[2], word.names)
        return None


@dataclass(frozen=True, slots=True)
class BareRunLink:
    """A script that cron, a unit or ssh (`starter`) starts with a bare environment, and the variables that are `given` to
    it on the way.
    """

    mark: Mark
    starter: str
    script: str
    given: frozenset[str]


@dataclass(frozen=True, slots=True)
class DirectoryRunLink:
    """A program (`kind`: `command` or `module`) that is started in a directory which somebody has chosen: `cd`, `-w`."""

    mark: Mark
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class SqlLink:
    """What a statement of SQL does with a table of ClickHouse."""

    mark: Mark
    use: TableUse


@dataclass(frozen=True, slots=True)
class NeedLink:
    """A variable of the environment that a script needs: it reads it, has no default, and does not set it itself."""

    mark: Mark
    name: str


@dataclass(frozen=True, slots=True)
class VariableLink:
    """A variable that a configuration file defines for all that is started through it (see `ConfiguredVariable`)."""

    mark: Mark
    name: str
    host: str


@dataclass(frozen=True, slots=True)
class DotenvLink:
    """A call of `load_dotenv` that does not say which file."""

    mark: Mark


_DEFINITIONS = (re.compile(r"def[ \t]+(\w+)"), re.compile(r"class[ \t]+(\w+)"))
"""Each begins with a literal, which a search jumps to: ten times as fast as one expression for both."""


def defined_in(text: str) -> tuple[str, ...]:
    """The names of the functions and classes that a Python text defines, functions first."""
    return tuple(
        match[1]
        for expression in _DEFINITIONS
        for match in expression.finditer(text)
        if not _is_in_word(text, match.start())
    )


def _is_in_word(text: str, at: int) -> bool:
    before = text[at - 1 : at]
    return before == "_" or before.isalnum()


@dataclass(frozen=True, slots=True)
class FileLinks:
    """All links of one file. `path` is absolute, `shown` as people see it; `role` as in `Context`."""

    path: str
    shown: str
    kind: str
    role: str
    facts: tuple[object, ...] = ()
    defined: tuple[str, ...] = ()
    """The names of all functions that a Python file defines, once for each."""

    def all(self, kind: type[Kind]) -> Iterator[Kind]:
        """The links of one kind."""
        return (fact for fact in self.facts if isinstance(fact, kind))
