"""JOB601: a queued job gets an environment variable of its own, past the configuration file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.environment.machine import is_of_the_machine
from jobsafety_lint.meaning.execution import Setting
from jobsafety_lint.meaning.fixing import is_verbatim
from jobsafety_lint.meaning.queue.grammar import Launch
from jobsafety_lint.model import Confidence, Edit, Fix, Location, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB601",
    "per-job-env-override",
    "`pueue add -- env K=V …`: a value that bypasses the configuration file",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-5",),
    fix="unsafe",
    unsafe_because="the value is gone: the job runs with that of the configuration, which has to be the right one first",
)


@RULE.on(Launch)
def override(launch: Launch, context: Context) -> Iterator[Draft]:
    """The variables that are set for the job alone."""
    if context.role == "test" or launch.call.unknown:
        return
    allowed = context.settings.words("allowed-env-overrides")
    own = [s for s in launch.settings if not is_of_the_machine(s.name, allowed) and not _hands_on(s)]
    if not own:
        return
    names = ", ".join(dict.fromkeys(f"`{setting.name}`" for setting in own))
    verb = "is" if names.count("`") == 2 else "are"
    yield RULE.found(
        own[0].place,
        f"{names} {verb} set for this job alone, past the configuration that every other run reads",
        label="pass it as an argument, or set it in the configuration file",
        related=((launch.place, "the job is queued here"),) if launch.place.span != own[0].place.span else (),
        fix=_fix(launch, own),
        data={"variables": [setting.name for setting in own]},
    )


def _hands_on(setting: Setting) -> bool:
    """Whether the variable gets the value that it has (`env TOKEN="$TOKEN"`), or is built from it (`PATH=x:$PATH`)."""
    return any(
        setting.name in hole.names or re.search(rf"\b{setting.name}\b", hole.text)
        for hole in setting.value.holes
    )


def _fix(launch: Launch, own: list[Setting]) -> Fix | None:
    """The assignments behind `env` taken out, and `env` with them if nothing is left for it to do."""
    source = own[0].place.source
    if any(setting.place.source is not source or setting.by != "env" for setting in own):
        return None
    first, last = own[0].place.span.start, own[-1].place.span.end
    words = [setting.place.text for setting in own]
    if source.text[first:last].split() != words or not is_verbatim(Place(source, Span(first, last))):
        return None
    behind = re.match(r"[ \t]+(?=([^\s=]+)(?:\s|\Z|['\"]))", source.text[last:])
    before = re.search(r"(?:\A|(?<=\s))env[ \t]+\Z", source.text[:first])
    if behind is None or behind[1].startswith("-"):
        return None
    start = before.start() if before is not None else first
    # blanks between words may stand in the file only: the edit goes up to where the next word begins there
    next_word = last + behind.end()
    begin, end = (source.location(Span(at, at + 1)) for at in (start, next_word))
    at = Location(begin.path, begin.line, begin.column, end.line, end.column)
    return Fix("leave the value to the configuration", (Edit(at, ""),))
