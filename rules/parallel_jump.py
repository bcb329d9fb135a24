"""JOB506: parallelism raised by more than two at once."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.deployment.rows import Row, Step
from jobsafety_lint.meaning.queue.flow import follows
from jobsafety_lint.meaning.resources.capacity import ParallelSetting, parallel_settings
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB506",
    "parallel-jump",
    "parallelism raised by more than two at once",
    Severity.INFO,
    Confidence.LOW,
    references=("AS",),
)

_STEP = 2


@RULE.on(Row, of={"pueue"})
def raised(row: Row, context: Context) -> Iterator[Draft]:
    """What one group is set to, one time after the other."""
    if context.role in {"test", "docs"}:
        return
    before: dict[tuple[str, str], list[ParallelSetting]] = {}
    for step in row.commands:
        if step.launch is not None or step.command.name == "sleep" or step.subcommand == "wait":
            before = {key: [_in_use(setting) for setting in settings] for key, settings in before.items()}
        for setting in parallel_settings(step.call) if step.call else ():
            earlier = before.setdefault((_host(step), setting.group), [])
            known = [s for s in earlier if follows(s.call, setting.call)]
            if known and not known[-1].creates and setting.count - known[-1].count > _STEP:
                yield _finding(known[-1], setting)
            earlier.append(setting)


def _in_use(setting: ParallelSetting) -> ParallelSetting:
    """A group that was only just made counts as running once something has been queued, or time has passed."""
    return ParallelSetting(setting.call, setting.group, setting.count)


def _host(step: Step) -> str:
    return step.execution.host.template if step.execution.host is not None else ""


def _finding(before: ParallelSetting, setting: ParallelSetting) -> Draft:
    return RULE.found(
        setting.place,
        f"`{setting.group}` goes from {before.count} to {setting.count} jobs at once: what each takes at its peak shows only minutes later",
        label="raise it by one or two, and look at load and memory before the next step",
        related=((before.place, f"{before.count} until here"),) if before.place != setting.place else (),
        data={"group": setting.group, "from": before.count, "to": setting.count},
    )
