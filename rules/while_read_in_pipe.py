"""JOB402: variables set in a `while read` behind a pipe are lost."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.fixing import is_verbatim
from jobsafety_lint.meaning.shell.pipes import LostInPipe
from jobsafety_lint.model import Confidence, Edit, Fix, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB402",
    "while-read-in-pipe",
    "variables set in a `while read` behind a pipe are lost",
    Severity.WARNING,
    Confidence.HIGH,
    references=("G-14",),
    fix="unsafe",
    unsafe_because="the writer's exit status is seen no more, neither by errexit nor by pipefail",
)


@RULE.on(LostInPipe)
def lost_in_pipe(lost: LostInPipe, context: Context) -> Iterator[Draft]:
    """A stage of a pipeline that sets what is read after it, or that means to leave the script."""
    if lost.variables:
        names = " and ".join(f"`{name}`" for name in dict.fromkeys(v.name for v in lost.variables))
        is_are = "is" if len(lost.variables) == 1 else "are"
        what = "loop" if lost.loop in {"while", "for"} else "`read`"
        message = f"{names} {is_are} set in a subshell: the {what} is a stage of a pipeline, and what it sets is gone after it"
        related = tuple((v.set_at, f"`{v.name}` is set here") for v in lost.variables)
        related += tuple((v.read_at, f"`{v.name}` is read here, unchanged") for v in lost.variables)
        scratch = all(v.scratch for v in lost.variables)
        confidence = Confidence.LOW if scratch else Confidence.HIGH
    else:
        words = " and ".join(f"`{word}`" for word in dict.fromkeys(word for word, _ in lost.leaving))
        message = f"{words} leaves only the subshell of this loop, a stage of a pipeline: the code after it runs all the same"
        related = tuple((place, "leaves the loop's subshell only") for _, place in lost.leaving)
        confidence = Confidence.MEDIUM
    yield RULE.found(
        lost.place,
        message,
        label="read from a process substitution: `done < <(…)`",
        related=related,
        confidence=confidence,
        fix=_fix(lost),
        data={"variables": [v.name for v in lost.variables]},
    )


def _fix(lost: LostInPipe) -> Fix | None:
    """`w | while …; done` to `while …; done < <(w)`: where the shell is bash and the loop the last stage."""
    source = lost.pipeline.source
    if not is_verbatim(lost.pipeline):
        return None
    if (
        lost.execution.shell != "bash"
        or not lost.last
        or lost.redirected
        or not lost.plain
        or lost.loop != "while"
    ):
        return None
    start, stage = lost.pipeline.span.start, lost.stage.span
    writer = source.text[start : stage.start].rstrip()
    if not writer.endswith("|") or writer.endswith(("|&", "||")) or "#" in writer or "<<" in writer:
        return None
    writer = writer[:-1].rstrip().removesuffix("\\").rstrip()
    edits = (
        Edit(Place(source, Span(start, stage.start)).location, ""),
        Edit(Place(source, Span(stage.end, stage.end)).location, f" < <({writer})"),
    )
    return Fix("let the loop read from a process substitution", edits, safe=False)
