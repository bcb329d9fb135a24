"""JOB305: `pueue restart` without `--in-place` makes a new task."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.meaning.queue.restarts import is_in_place
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB305",
    "restart-creates-new-task",
    "`pueue restart` without `--in-place`: a new id, dependencies dropped",
    Severity.WARNING,
    Confidence.HIGH,
    references=("AP-3",),
    fix="unsafe",
    unsafe_because="the log of the failed run is overwritten, and no new id is printed",
    silent_where=("JOB306",),
)


@RULE.on(QueueCommand)
def restart(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """A restart that copies the task."""
    if call.subcommand != "restart" or call.has("-h", "--help") or is_in_place(call, context.file):
        return
    loops = call.execution.loops
    again = " each time around the loop" if loops else ""
    related: tuple[tuple[Place, str], ...] = ()
    if loops:
        related = ((loops[-1].place, "the loop that restarts them"),)
    fix = None
    if call.subcommand_word is not None:
        at = call.subcommand_word.place.location
        written = call.subcommand_word.place.text
        quote = written[0] if written[0] in "\"'" else ""
        option = f", {quote}--in-place{quote}" if quote else " --in-place"
        if written.strip("\"'") in {"restart", "re"} and not call.has("--not-in-place"):
            fix = Fix("restart in place", (Edit(at, f"{written}{option}"),))
    yield RULE.found(
        call.head,
        f"`pueue restart` adds a copy of the task with a new id and no dependencies{again}; the failed one stays",
        label="`--in-place` runs the same task again",
        related=related,
        severity=Severity.ERROR if loops else Severity.WARNING,
        fix=fix,
        subject=call.place,
    )
