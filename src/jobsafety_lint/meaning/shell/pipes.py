"""What pipes and background jobs do to variables and failures of a shell script."""

from __future__ import annotations

from dataclasses import dataclass

from jobsafety_lint.meaning.execution import Execution, Loop
from jobsafety_lint.source import Place


@dataclass(frozen=True, eq=False)
class LostVariable:
    """A variable that is set in a stage of a pipeline, which runs in a subshell, and read after it.

    `set_at` and `read_at` are the places. `scratch`: the stage uses the variable for itself after setting it, so that
    the one read later may be meant to be another one; or only another such loop reads it, which counts on by itself.
    """

    name: str
    set_at: Place
    read_at: Place
    scratch: bool = False


@dataclass(frozen=True, eq=False)
class LostInPipe:
    """A stage of a pipeline that sets variables which are read later, or leaves by `exit` or `return`: all in vain.

    `place` is the head of the stage (`while read -r x`, `read x`), `stage` the whole of it, `pipeline` the pipeline.
    `last` where it is the last stage. `leaving` are the `exit` and `return` that leave the subshell only, though code
    follows. `redirected` where the stage has redirections of its own for its input.
    """

    place: Place
    stage: Place
    pipeline: Place
    execution: Execution
    loop: str
    last: bool
    variables: tuple[LostVariable, ...] = ()
    leaving: tuple[tuple[str, Place], ...] = ()
    redirected: bool = False
    plain: bool = True
    """Neither negated nor timed."""

    @property
    def name(self) -> str:
        """What tells it from others at its place."""
        return " ".join(v.name for v in self.variables)


@dataclass(frozen=True, eq=False)
class Background:
    """A command that is started with `&`. `loop` is the innermost loop around it in the same shell, if there is one.

    `what` is the first program that it runs. `limited`: something in the loop waits for jobs or counts them.
    `over` says what the loop goes over: `literals`, `range`, `glob`, `command`, `arguments`, `array`, `variable`,
    `input` (a `while read`), `condition` (another `while`). `over_text` is that as written. `records`: the command
    itself keeps its failure (`… || touch failed`).
    """

    place: Place
    execution: Execution
    what: str = ""
    loop: Loop | None = None
    over: str = ""
    over_text: str = ""
    limited: bool = False
    records: bool = False


@dataclass(frozen=True, eq=False)
class BareWait:
    """`wait` without a process id: its status is 0, whatever the jobs have returned. Or, if `several`, with more than
    one: its status is that of the last (bash, dash; measured).

    `started` are the background commands that it waits for, `last` where no command follows it, `status` who looks
    at its status; `kept` where the statement behind it takes it from `$?`.
    """

    place: Place
    execution: Execution
    started: tuple[Background, ...]
    last: bool
    status: str = "ignored"
    kept: bool = False
    several: bool = False
