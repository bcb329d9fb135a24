"""JOB601: a queued job gets an environment variable of its own, past the configuration file."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.machine_variables import is_of_the_machine
from jobsafety_lint.meaning.queue import Launch
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
    allowed = context.settings.words("allowed-env-overrides")
    own = [setting for setting in launch.settings if not is_of_the_machine(setting.name, allowed)]
    if not own:
        return
    names = ", ".join(f"`{setting.name}`" for setting in own)
    yield RULE.found(
        own[0].place,
        f"{names} is set for this job alone, past the configuration that every other run reads",
        label="pass it as an argument, or set it in the configuration file",
        related=((launch.place, "the job is queued here"),) if launch.place.span != own[0].place.span else (),
        data={"variables": [setting.name for setting in own]},
    )
