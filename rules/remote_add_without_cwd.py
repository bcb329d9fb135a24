"""JOB603: a job with relative paths is queued over ssh, from cron or from a unit without a working directory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.daemons import entry_around
from jobsafety_lint.meaning.queue.grammar import Launch
from jobsafety_lint.meaning.relative import Relative, depends_on_directory
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB603",
    "remote-add-without-cwd",
    "`pueue add` over ssh, cron or a unit, with a relative path and no working directory",
    Severity.ERROR,
    Confidence.HIGH,
    references=("AP-11", "G-12"),
    fix="unsafe",
    unsafe_because="that this job belongs into the folder of the others is a guess",
    silent_where=("JOB313",),
)


@RULE.on(Launch)
def queued_from_afar(launch: Launch, context: Context) -> Iterator[Draft]:
    """A `pueue add` whose client starts in the home directory."""
    call = launch.call
    if not launch.execution.at_home or launch.working_directory is not None or call.more or call.unknown:
        return
    part = next((p for command in launch.commands if (p := depends_on_directory(command))), None)
    if part is None:
        return
    yield RULE.found(
        launch.place,
        f"the job starts in {_where(launch)}, and `{part.text}` {_looked_for(part)} there",
        label="give `pueue add` a `--working-directory`",
        confidence=Confidence.HIGH if part.kind in {"program", "script", "project"} else Confidence.MEDIUM,
        fix=_fix(launch, context),
        data={"path": part.text},
        subject=entry_around(launch.place, context.facts) or launch.place,
    )


def _where(launch: Launch) -> str:
    execution = launch.execution
    if execution.host is not None:
        return f"the home directory on {execution.host.text or 'the host'} (a login over ssh does not keep your directory)"
    if execution.daemon == "cron":
        return "the home directory, as cron leaves `pueue add` there"
    return "the directory that systemd leaves `pueue add` in (`/`, or the home directory of a user unit)"


def _looked_for(part: Relative) -> str:
    return {"project": "looks for its project", "output": "is written"}.get(part.kind, "is looked for")


def _fix(launch: Launch, context: Context) -> Fix | None:
    """The directory that the other jobs for this host are given, if they agree on one."""
    word = launch.call.subcommand_word
    host = launch.execution.host
    if word is None or host is None or word.place.text != "add":
        return None
    others = {
        (other.working_directory.pattern if other.working_directory else other.execution.cwd)
        for other in context.all(Launch)
        if other is not launch and other.execution.host == host
    } - {None}
    texts = [pattern.text for pattern in others if pattern is not None]
    if len(texts) != 1 or not texts[0] or not re.fullmatch(r"[\w./~-]+", texts[0]):
        return None
    return Fix(
        f"start it in {texts[0]}, as the other jobs there",
        (Edit(word.place.location, f"add --working-directory {texts[0]}"),),
    )
