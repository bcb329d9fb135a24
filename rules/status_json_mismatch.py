"""JOB318: a filter on `pueue status --json` that is wrong for the configured major version, or in every one."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.queue.status_json import Shape, StatusFilter
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB318",
    "status-json-mismatch",
    "a filter on `status --json` that is wrong for the configured pueue major, or counts unfinished tasks as failed",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-8",),
)

_WRONG = {3: frozenset({"object", "done-result"}), 4: frozenset({"string", "done-string", "task-time"})}
_FINISHED = frozenset({"Done", "Success", "Failed", "Killed", "Errored"})


@RULE.on(StatusFilter)
def expected(fact: StatusFilter, context: Context) -> Iterator[Draft]:
    """What a filter expects, against what pueue prints."""
    major = context.settings.pueue_version
    for shape in sorted(fact.shapes, key=lambda s: s.kind != "unfinished"):
        said = _said(shape, major)
        if said is not None:
            message, label = said
            low = shape.kind == "task-time"
            yield RULE.found(
                fact.place,
                message,
                label=label,
                confidence=Confidence.MEDIUM if low else None,
                data={"kind": shape.kind, "text": shape.text, "pueue-version": major},
            )
            return


def _said(shape: Shape, major: int) -> tuple[str, str] | None:
    """Message and label, if the expectation is wrong."""
    text = " ".join(shape.text.split())
    if shape.kind == "unfinished":
        label = (
            'ask for the end first: `select(.status | has("Done"))`'
            if major > 3
            else "ask first whether it is `Done`"
        )
        return f"`{text}` holds for queued and running tasks, too: they have no result yet", label
    never = major == 3 and shape.kind == "string" and shape.state in _FINISHED
    if never:
        return (
            f'`{text}` is decided before it looks: pueue 3 gives a finished task the status `{{"Done": …}}`',
            "look into `.status.Done`",
        )
    if shape.kind not in _WRONG[major]:
        return None
    return {
        "string": (
            f'`{text}` is decided before it looks: in pueue 4 the status is always an object, such as `{{"Running": …}}`',
            'ask for the key: `.status | has("Running")`',
        ),
        "done-string": (
            f"`{text}` never finds what it looks for: in pueue 4 the result stands in `.status.Done.result`",
            "compare `.status.Done.result`",
        ),
        "task-time": (
            f"`{text}` is null in pueue 4: the times stand inside of the status",
            "take it from `.status.Done`, `.status.Running`, …",
        ),
        "object": (
            f"`{text}` fails on pueue 3, where the status of a task that is not done is a string",
            '`(.status | if type == "object" then keys[0] else . end)` works with both',
        ),
        "done-result": (
            f"`{text}` is never there in pueue 3, where `.status.Done` is the result itself",
            "compare `.status.Done`",
        ),
    }[shape.kind]
