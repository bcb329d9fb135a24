"""JOB309: a script queues jobs, and prints what a person must run when they are done."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Sequence
from jobsafety_lint.meaning.queue.flow import flow_of
from jobsafety_lint.meaning.queue.printed import Printed, printed_texts
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB309",
    "manual-postprocessing",
    "the script queues jobs and prints what a person must run afterwards",
    Severity.INFO,
    Confidence.MEDIUM,
    references=("AP-7",),
)

_WHEN = re.compile(
    r"\b(?:when|once|after|as soon as)\b[^.!?\n]{0,60}?\b(?:finish(?:es|ed)?|complet(?:e|es|ed|ion)|done|end(?:s|ed)?|through|idle|empty|drained|wait)\b"
    r"|\b(?:manually|by hand|yourself|afterwards?|later)\b|\bdon'?t forget\b|\bremember to\b|\bnext steps?\b|\bthen (?:manually )?(?:run|execute|call|start)\b",
    re.IGNORECASE,
)
_DO = re.compile(
    r"\b(?:run|execute|call|start|launch|invoke|trigger|do|perform|submit)\b\s*:?\s*(?:the\s+)?(?P<what>[`'\"]?[\w./$~{-][^\n]*)"
    r"|\b(?:(?:don'?t forget|remember) to|(?:then|and|must|should|please) manually) (?P<to>\w[^\n]*)",
    re.IGNORECASE,
)
_WORK = re.compile(
    r"optimi[sz]e|validat|merg|dedup|post-?process|clean-?up|aggregat|combin|evaluat|report|upload|publish|export|concat|collect|summar|plot|compact|vacuum|index|"
    r"\bmake\b|\./|\bpython3?\b|\buv run\b|\bmise run\b|\bbash\b|\.sh\b|\.py\b|\bnpm\b|\bjust\b",
    re.IGNORECASE,
)
_WATCHES = re.compile(
    r"^[`'\"]?\s*pueue\s+(?:status|log|follow|wait|group|clean)\b(?!.*(?:&&|;|then|and)\s)", re.IGNORECASE
)


@RULE.on(Sequence, of={"pueue"})
def left_to_a_person(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """Texts that are printed in a row which queues jobs."""
    if context.role in {"test", "docs"}:
        return
    launches = flow_of(sequence, context).of("add")
    if not launches or any(call.has("-a", "--after") for _, call in launches):
        return
    for printed in printed_texts(sequence, context):
        what = _left(printed)
        if what is None:
            continue
        yield RULE.found(
            printed.place,
            f"jobs are queued, and `{what}` is left to whoever reads this line",
            label="queue it, too: `pueue add --after` the ids of the jobs",
            related=((launches[-1][1].place, "a job is queued here"),),
        )


def _left(printed: Printed) -> str | None:
    """What a text asks a person to run; None if it asks for nothing."""
    text = " ".join(printed.text.split())
    if re.match(r"\s*usage\b", text, re.IGNORECASE) or not _WHEN.search(text):
        return None
    for found in _DO.finditer(text):
        what = (found["what"] or found["to"] or "").strip()
        if _WATCHES.match(what) or not _WORK.search(what):
            continue
        what = what.strip("`'\" ").rstrip(".")
        return what if len(what) <= 50 else what[:49] + "…"
    return None
