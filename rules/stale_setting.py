"""JOB004: a glob of the configuration matches nothing."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.linting import StaleSetting
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB004",
    "stale-setting",
    "a per-file-ignore, exclude or glob in the configuration that matches nothing",
    Severity.WARNING,
    Confidence.MEDIUM,
)


@RULE.on(StaleSetting)
def stale(setting: StaleSetting, context: Context) -> Iterator[Draft]:
    """Reports the glob."""
    yield RULE.found(
        setting.location,
        f"`{setting.glob}` of `{setting.key}` matches no file: what it was for has moved or gone",
        label="take it out, or name where the file is now",
        data={"key": setting.key, "glob": setting.glob},
    )
