"""JOB313: a queued job's words lose their quotes, because pueue joins them by blanks for `sh -c`."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg
from jobsafety_lint.meaning.files import Glob
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.meaning.queue.joining import OPERATORS, Trouble, trouble
from jobsafety_lint.model import Confidence, Edit, Fix, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB313",
    "add-loses-quoting",
    "pueue joins words with blanks and runs `sh -c`: quoted words of the job fall apart",
    Severity.ERROR,
    Confidence.HIGH,
    references=("AP-7", "AP-16"),
    fix="unsafe",
    unsafe_because="`--escape` also keeps the job's shell from expanding variables and wildcards that were meant for it",
)

_RANK = {Confidence.HIGH: 0, Confidence.MEDIUM: 1, Confidence.LOW: 2}


@RULE.on(QueueCommand)
def queued(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """The words of a job that its shell will read otherwise than they were written."""
    if call.subcommand != "add" or call.unknown or call.has("-e", "--escape") or len(call.rest) < 2:
        return
    globs = [glob for glob in context.all(Glob) if glob.by == "for"]
    found = [
        (arg, wrong)
        for at, arg in enumerate(call.rest)
        if (wrong := _trouble(call, at, arg, globs)) is not None
    ]
    if not found:
        return
    surest = min(_RANK[wrong.confidence] for _, wrong in found)
    shown = [(arg, wrong) for arg, wrong in found if _RANK[wrong.confidence] == surest]
    arg, first = shown[0]
    related = tuple((a.place, w.what) for a, w in shown if a.place.span != call.place.span)
    if arg.origin is not None and arg.literal is None:
        related += ((arg.origin, "its value comes from here"),)
    yield RULE.found(
        _job_words(call),
        f"pueue joins the job's words with blanks for `sh -c`, so {_shown(arg)} {first.what}",
        label="write the whole job as one quoted word, or give `--escape`",
        related=related,
        severity=Severity.ERROR if surest == 0 else Severity.WARNING,
        confidence=first.confidence,
        fix=_escaped(call, [w for _, w in found]),
        data={"words": [_shown(a) for a, _ in shown]},
        subject=call.place,
    )


def _job_words(call: QueueCommand) -> Place:
    """The words of the job, as far as they stand in one place."""
    first, last, whole = call.rest[0].place, call.rest[-1].place, call.place
    if first.source is not whole.source or last.source is not whole.source:
        return whole
    inside = whole.span.start <= first.span.start < last.span.end <= whole.span.end
    return Place(whole.source, Span(first.span.start, last.span.end)) if inside else whole


def _trouble(call: QueueCommand, at: int, arg: Arg, globs: list[Glob]) -> Trouble | None:
    return trouble(call.rest, at, call.execution.loops, file_name=_from_glob(arg, call, globs))


def _shown(arg: Arg) -> str:
    text = " ".join(arg.place.text.split())
    return f"`{text if len(text) <= 50 else text[:49] + '…'}`"


def _from_glob(arg: Arg, call: QueueCommand, globs: list[Glob]) -> bool:
    """Whether the word holds the variable of a loop over file names that a wildcard gives."""
    names = arg.pattern.names
    for loop in call.execution.loops:
        if names & set(loop.variables) and any(_inside(glob.place, loop.place) for glob in globs):
            return True
    return False


def _inside(inner: Place, outer: Place) -> bool:
    return (
        inner.source is outer.source
        and outer.span.start <= inner.span.start
        and inner.span.end <= outer.span.end
    )


def _escaped(call: QueueCommand, wrong: list[Trouble]) -> Fix | None:
    """`--escape` keeps every word as it is; of no use where some word is meant for the job's shell."""
    word = call.subcommand_word
    if word is None or any(arg.literal in OPERATORS for arg in call.rest) or any(w.syntax for w in wrong):
        return None
    written = word.place.text
    if written == "add":
        option = "add --escape"
    elif written in {'"add"', "'add'"}:
        option = f"{written}, {written.replace('add', '--escape')}"
    else:
        return None
    return Fix("quote every word for the job's shell", (Edit(word.place.location, option),))
