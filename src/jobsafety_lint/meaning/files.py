"""What code does to files: the same facts for Python calls and shell commands.

Each fact's `place` is the act (the call, the command), `path_place` the expression that names the file. All facts of a
file come in the order of the text.
"""

from __future__ import annotations

import re
from dataclasses import field

from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.plain_values import plain_value
from jobsafety_lint.source import Place

_PROCESSES = re.compile(r"multiprocessing|ProcessPool|Process\(|joblib|dask|\bray\b|fork\(")
"""What the code of a file says that works in several processes."""
_OF_THREADS = ("threading.", "asyncio.", "anyio.", "trio.")
"""Modules whose locks people know to be those of one process; what a project's own `Lock` is, nobody here knows."""


@plain_value(frozen=True, eq=False)
class HandleUse:
    """Something is written through an open file. `by`: `write`, `writelines`, `print`, `json.dump`, `csv.writer`, …, or
    `passed` where the handle is given to something unknown. `handle` is the code of the handle, `loops` how many loops
    stand between the opening and this.
    """

    by: str
    place: Place
    handle: str = ""
    loops: int = 0


@plain_value(frozen=True, eq=False)
class FileFact:
    """Something is done to a file. `by` is the call or command as a person names it (`Path.unlink`, `rm`, `[ -f ]`).

    `language` is `python` or `shell`. `loop_item` is the `Glob` whose result is walked when `path` is its loop variable.
    """

    place: Place
    path: PathPattern
    path_place: Place
    execution: Execution
    by: str
    language: str
    loop_item: Glob | None = field(default=None, kw_only=True)

    def precedes(self, other: FileFact) -> bool:
        """Whether it stands before another one in the same function, or at the top of the same text."""
        return (
            self.place.source is other.place.source
            and self.place.span.end <= other.place.span.start
            and self.execution.functions == other.execution.functions
        )

    @property
    def is_locked(self) -> bool:
        """Whether it is done under a lock that holds off whoever works on the file: also one for threads, in a file that
        speaks of no other processes.
        """
        if self.execution.lock:
            return True
        known = (self.execution.thread_lock or "").startswith(_OF_THREADS)
        return known and not _PROCESSES.search(self.place.source.file.text)

    @property
    def is_private(self) -> bool:
        """Whether no other process can mean the file: a part of its path is unique, or it is a name in the current directory
        while that is one of this process's own (`cd "$(mktemp -d)"`), or it lies in a container of its own.
        """
        if self.path.is_unique or self.execution.own_files:
            return True
        here = self.execution.cwd
        return here is not None and here.is_unique and self.path.is_relative


@plain_value(frozen=True, eq=False)
class Check(FileFact):
    """A file is tested for existence. `test`: `exists`, `file`, `directory`, `link`, `access`, `listed`."""

    test: str = "exists"


@plain_value(frozen=True, eq=False)
class Guard:
    """A check that decides whether an act is reached, while nothing between the two touches the path.

    `holds` is what the check said: True if the file was found. `shape`: `if`, `and` (`a && b`), `or`, `else`,
    `early-exit`, `while`, `ternary`, `comprehension`. `statement` is the whole compound statement (`if` … with all its
    branches, the and-or list). `sole`: that statement does nothing but this check and this act, so that it may be
    replaced by the act alone. `only_check`: the condition is the check and nothing else.
    """

    check: Check
    holds: bool
    shape: str
    statement: Place
    sole: bool = False
    only_check: bool = True
    certain: bool = True
    """False where another part of the condition may have let the act through (`if p.exists() and not force: return`)."""
    leaving: str = ""
    """How an early exit, or the other arm of the `if`, leaves: `return`, `raise`, `exit`, `continue`, `break`; `fails` where a script, or a function of a shell,
    ends with a status that says so (`exit 1`, `sys.exit("…")`, `return 1`).
    """

    @property
    def gives_up(self) -> bool:
        """Whether the code ends with an error where the check does not let it through."""
        return self.leaving in {"raise", "fails"}


@plain_value(frozen=True, eq=False)
class Act(FileFact):
    """Something is done to a file that other jobs may notice.

    `guards` are the checks of the very same path that decide whether the act is reached, innermost first.
    `tolerates_missing` says how a file that is already gone is tolerated (`missing_ok`, `handler`, `suppress`,
    `ignore_errors`, `-f`, `|| true`), or is None.
    """

    guards: tuple[Guard, ...] = ()
    tolerates_missing: str | None = None
    tolerates_existing: str | None = None
    """How it is tolerated that somebody else has just made it (`exist_ok`, `handler`, `suppress`, `-p`, `|| true`)."""
    statement: Place | None = None
    """The statement that consists of this act alone (an expression statement, a simple command), if it does."""
    status: str = ""
    """What becomes of the exit status of a shell's command, as `Command.status` has it."""

    @property
    def is_unheard(self) -> bool:
        """Whether nothing but a message comes of its failure: a command of a shell without errexit whose status nobody
        looks at.
        """
        return (
            self.language == "shell"
            and self.status == "ignored"
            and (self.execution.errexit is False or self.execution.errexit_suspended)
        )

    @property
    def is_handed_on(self) -> bool:
        """Whether a function has the file among the arguments that it runs as a command (`"$@"`): nothing here names it.
        In a Makefile, `$@` is the target.
        """
        made = any(hole.kind == "template" for hole in self.path.holes)
        return not made and self.path_place.text.strip('"') in {"$@", "$*"}

    @property
    def has_alternative(self) -> bool:
        """Whether something stands behind it for the case that it fails (`mkdir d || exit 1`)."""
        behind = self.place.source.text[self.place.span.end :]
        return re.match(r"[ \t]*(?:\d?>+&?[ \t]*[^\s<>]+[ \t]*)*\|\|", behind) is not None

    @property
    def subject(self) -> object:
        """What a finding on this file is about, for the rules that keep silent where another one speaks of it."""
        return (self.path, self.execution.functions)


@plain_value(frozen=True, eq=False)
class Delete(Act):
    """A file or directory is removed, or moved away. `what`: `file`, `directory` (rmdir), `tree` (rmtree, rm -r),
    `moved` (rename, replace, move, mv: the source). `pathlike`: the receiver is known to be a `pathlib.Path`
    (annotation, constructor, `/`), so that `missing_ok=True` may be added.
    """

    what: str = "file"
    pathlike: bool = False


@plain_value(frozen=True, eq=False)
class Create(Act):
    """A file or directory is made. `what`: `file` (touch, open x), `directory`, `link`. `exclusive`: it fails where it is there."""

    what: str = "file"
    exclusive: bool = False
    checked: bool = True
    """Whether somebody notices that it has failed."""


@plain_value(frozen=True, eq=False)
class Write(Act):
    """A file is written in place: truncated, then filled. `content` tells the writer (`json.dump`, `write_text`, `>`).

    `moved_to` is the name that it is given afterwards by a rename. `state_words` are words of the variables,
    parameters and functions that lead to the path, besides those of the path itself.
    """

    content: str = ""
    moved_to: PathPattern | None = None
    uses: tuple[HandleUse, ...] = ()
    state_words: frozenset[str] = frozenset()


@plain_value(frozen=True, eq=False)
class Append(Act):
    """Something is added at the end of a file. `content` tells the writer (`open`, `to_csv`, the program before `>>`; empty
    where nothing is written).

    `uses` are the calls that write through the handle, `group` that several commands of a block write through it,
    `only_errors` that nothing but stderr goes there (`2>>log`).
    """

    content: str = ""
    uses: tuple[HandleUse, ...] = ()
    group: bool = False
    only_errors: bool = False


@plain_value(frozen=True, eq=False)
class Replace(Act):
    """A file is put in place of another: `path` is the target, `origin` the source. `atomic`: one rename(2)."""

    origin: PathPattern | None = None
    atomic: bool = True
    origin_place: Place | None = None
    written: Place | None = None
    """Where the same function or script has written the source before, if it has."""
    written_through: tuple[HandleUse, ...] = ()
    """What was written to the source by then, through which handle."""
    synced: bool = False
    """Whether an fsync stands between the two."""


@plain_value(frozen=True, eq=False)
class Read(Act):
    """A file is read. `content` tells the reader (`json.load`, `read_text`, `<`). `tolerates_broken`: a handler takes care of what
    comes of half a file.
    """

    content: str = ""
    tolerates_broken: bool = False


@plain_value(frozen=True, eq=False)
class Glob(FileFact):
    """Files are listed by a pattern: `path` is the whole pattern, its wildcards as literals.

    `uses` says what happens to what is found: `delete`, `move`, `merge` (read and joined), `read`, `count`, `list`,
    `copy`, with the place where it happens. `filtered_by` are names that a later filter of the result mentions.
    """

    uses: tuple[tuple[str, Place], ...] = ()
    filtered_by: frozenset[str] = frozenset()
    scope: frozenset[str] = frozenset()
    """Parameters and variables that are at hand where the glob stands."""
    recursive: bool = False

    def use(self, *kinds: str) -> Place | None:
        """Where the result is used in one of these ways, if it is."""
        return next((place for kind, place in self.uses if kind in kinds), None)


@plain_value(frozen=True, eq=False)
class Lock(FileFact):
    """A lock is taken on a file that stays where it is: `flock`, `fcntl.flock`, `FileLock`. (A lock that *is* the file,
    made by mkdir or `O_EXCL`, is a `Create`.)
    """


@plain_value(frozen=True, eq=False)
class Running:
    """It is asked whether a process is alive, and something depends on the answer.

    `by`: `kill -0`, `ps -p`, `pgrep -f`, `os.kill(pid, 0)`, …; `pid_file` is the file that the process id was read from,
    `pattern` what a process is searched by. `outcome`: `leaves` (stops because it runs), `starts` (starts something
    because it does not run).
    """

    place: Place
    by: str
    execution: Execution
    outcome: str
    language: str
    pid_file: PathPattern | None = None
    pattern: str = ""
    decided: Place | None = None
    """Where it leaves, or what it starts."""
