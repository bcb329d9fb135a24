"""JOB601: a queued job gets an environment variable of its own, past the configuration file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.environment.machine import is_of_the_machine
from jobsafety_lint.meaning.execution import Setting
from jobsafety_lint.meaning.queue.grammar import Launch
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB601",
    "per-job-env-override",
    "`pueue add -- env K=V …`: a value that bypasses the configuration file",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-5",),
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
        data={"variables": [setting.name for setting in own]},
    )


def _hands_on(setting: Setting) -> bool:
    """Whether the variable gets the value that it has (`env TOKEN="$TOKEN"`), or is built from it (`PATH=x:$PATH`)."""
    return any(
        setting.name in hole.names or re.search(rf"\b{setting.name}\b", hole.text)
        for hole in setting.value.holes
    )
