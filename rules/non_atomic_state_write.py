"""JOB105: a checkpoint, cursor or state file is rewritten in place."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.files import Write
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB105",
    "non-atomic-state-write",
    "a checkpoint, cursor or state file is rewritten in place: a reader or a crash sees half of it",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-4",),
)

_STATE = frozenset(
    [
        "checkpoint",
        "checkpoints",
        "ckpt",
        "ckpts",
        "chkpt",
        "cursor",
        "cursors",
        "offset",
        "offsets",
        "watermark",
        "watermarks",
        "state",
        "progress",
        "resume",
        "manifest",
        "bookmark",
        "bookmarks",
        "ledger",
    ]
)
_FINISHED_NAMES = (
    ".tmp",
    ".partial",
    ".part",
    ".new",
    ".bak",
    ".log",
    ".html",
    ".md",
    ".png",
    ".svg",
    ".pdf",
    ".lock",
    ".pid",
)


@RULE.on(Write)
def in_place(act: Write, context: Context) -> Iterator[Draft]:
    """A state file that is truncated and filled again."""
    if context.role in {"test", "temporary", "docs"} or act.path.is_unique or act.moved_to is not None:
        return
    words = act.path.name.words | act.state_words
    if not words & (_STATE | context.settings.words("state-name-patterns")) or words & {
        "tmp",
        "temp",
        "temporary",
        "partial",
    }:
        return
    if act.path.suffix in _FINISHED_NAMES:
        return
    reasons = act.execution.concurrency
    why = f"; {reasons[0].reason}" if reasons else ""
    yield RULE.found(
        act.place,
        f"`{act.path_place.text}` is emptied, then written by `{act.content or act.by}`: a reader or a crash in between finds half of it{why}",
        label="write a temporary file beside it, then rename it over this one",
        severity=Severity.ERROR if reasons else Severity.WARNING,
        subject=act.path,
    )
