"""JOB325: jobs of a loop have no label, or one that does not tell them apart."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Sequence
from jobsafety_lint.meaning.queue.flow import flow_of, header, job_loops, label_gap, label_of
from jobsafety_lint.meaning.queue.grammar import QueueCommand
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB325",
    "job-label-missing-param",
    "jobs queued in a loop without a label, or with one that lacks a loop variable",
    Severity.INFO,
    Confidence.MEDIUM,
    references=("INV-8", "DT"),
    silent_where=("JOB302",),
)


def _label_word(call: QueueCommand) -> Place | None:
    label = call.value("-l", "--label")
    return label.place if label is not None else None


def _add_word(call: QueueCommand) -> Place:
    word = call.subcommand_word
    return word.place if word is not None and word.place.source is call.place.source else call.place


@RULE.on(Sequence, of={"pueue"})
def not_told_apart(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """Every job that is queued in a loop."""
    if context.role in {"test", "docs"}:
        return
    for _, call in flow_of(sequence, context).of("add"):
        loops = job_loops(call)
        missing = label_gap(call) if loops else None
        if missing is None:
            continue
        label = label_of(call)
        names = ", ".join(f"`{name}`" for name in missing)
        if label is None:
            by = f", so {names} can only be told from the command" if missing else ""
            message = f"the jobs of `{header(loops[-1])}` have no label{by}"
        else:
            message = f"the label `{label.template}` leaves out {names}: jobs that differ only in that have one label"
        yield RULE.found(
            _label_word(call) or _add_word(call),
            message,
            label="put every parameter that tells the jobs apart into `--label`",
            related=((loops[-1].place, "varied by this loop"),),
            data={"missing": list(missing), "label": label.template if label else None},
            subject=loops[0].place,
        )
