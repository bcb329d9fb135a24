"""JOB702: a version is installed right after it has been published."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Sequence
from jobsafety_lint.meaning.configuration import Workflow, WorkflowStep
from jobsafety_lint.meaning.deployment.packages import (
    PUBLISHING_ACTIONS,
    Installation,
    Requirement,
    installation_of,
    may_publish,
    publishes,
)
from jobsafety_lint.meaning.project.neighbours import python_project
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB702",
    "install-after-publish",
    "a version is installed right after it is published, without refresh or retry",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("AP-4", "G-9"),
    fix="safe",
)

_FRESH = (
    "--refresh",
    "--refresh-package",
    "--no-cache",
    "-n",
    "--reinstall",
    "--reinstall-package",
    "--no-index",
    "-f",
    "--find-links",
)
_UNTIL = re.compile(r"\b(?:until|while[ \t]+!)[ \t]+$")
_WAITS = frozenset({"sleep", "retry", "wait-for"})
_LOCAL_INDEX = re.compile(
    r"--(?:default-)?index(?:-url)?[= ]\S*(?:localhost|127\.0\.0\.1)|--publish-url[= ]\S*(?:localhost|127\.0\.0\.1)"
)
_BRANCHES = re.compile(r"\b(?:if|fi|case|esac|else|elif)\b|;;")


@RULE.on(Sequence)
def script(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """Within one script, task or job."""
    if context.file.path.endswith(".py") or not may_publish(sequence):
        return
    published: Command | None = None
    for command in sequence.commands:
        if publishes(command) and not _LOCAL_INDEX.search(command.place.text):
            published = command
        elif published is not None and _waits(command):
            published = None
        elif published is not None and not _exclusive(published.place, command.place):
            yield from _judge(command, published.place, context)


@RULE.on(Workflow)
def workflow(workflow: Workflow, context: Context) -> Iterator[Draft]:
    """Across the steps of a job, and across jobs that wait for each other."""
    for job in workflow.jobs:
        before = [step for earlier in workflow.before(job) for step in earlier.steps]
        published = _published(before)
        for step in job.steps:
            published = _published([step]) or published
            for command in step.commands:
                if _waits(command):
                    published = None
                elif published is not None:
                    yield from _judge(command, published, context)


def _published(steps: Iterable[WorkflowStep]) -> Place | None:
    for step in steps:
        if step.action in PUBLISHING_ACTIONS:
            return step.place
        for command in step.commands:
            if publishes(command):
                return command.place
    return None


def _waits(command: Command) -> bool:
    return command.name in _WAITS


def _exclusive(first: Place, second: Place) -> bool:
    """Whether two commands stand in different branches of one `if` or `case`."""
    if first.source is not second.source:
        return False
    depth = 0
    for match in _BRANCHES.finditer(first.source.text, first.span.end, second.span.start):
        word = match.group()
        if word in {"else", "elif", ";;"} and depth <= 0:
            return True
        depth += {"if": 1, "case": 1, "fi": -1, "esac": -1}.get(word, 0)
    return False


def _judge(command: Command, published: Place, context: Context) -> Iterator[Draft]:
    installation = installation_of(command)
    if installation is None or _is_fresh(installation) or _LOCAL_INDEX.search(command.place.text):
        return
    repeated = _is_tried_again(command)
    if repeated and (installation.tool != "uv" or _empties_cache(context)):
        return
    if command.status == "branch" and not repeated:
        return
    wanted = _just_published(installation, context)
    if wanted is None:
        return
    what = wanted.arg.place.text.strip("\"'")
    if repeated:
        message = f"`{what}` was just published, and every further try has the answer of the first one: uv keeps what the index said"
        label = "add `--refresh`: it asks the index each time"
    else:
        message = f"`{what}` is installed right after it has been published: the index and its caches need time to know it"
        label = "try again for a while until it is there"
        if installation.tool == "uv":
            label = "add `--refresh`, and try again for a while"
    yield RULE.found(
        command.place,
        message,
        label=label,
        related=((published, "it is published here"),),
        fix=_fix(installation),
    )


def _is_fresh(installation: Installation) -> bool:
    """Whether it asks the index anew, by an option or by a variable of uv."""
    settings = installation.command.execution.environment
    return installation.has(*_FRESH) or any(setting.name == "UV_NO_CACHE" for setting in settings)


def _empties_cache(context: Context) -> bool:
    """Whether uv's cache is emptied before each try."""
    return any(
        command.name == "uv" and command.words[:2] == ["cache", "clean"] and command.execution.loops
        for command in context.all(Command)
    )


def _is_tried_again(command: Command) -> bool:
    """Whether the same installation is tried several times: in a loop whose variable does not make it another one (as a
    loop over hosts or packages does), or as the condition of an `until`.
    """
    if _UNTIL.search(command.place.source.text[: command.place.span.start]):
        return True
    texts = [command.place.text, *(wrapper.place.text for wrapper in command.outer)]
    return any(
        not any(re.search(rf"\$\{{?{re.escape(name)}\b", text) for name in loop.variables for text in texts)
        for loop in command.execution.loops
    )


def _just_published(installation: Installation, context: Context) -> Requirement | None:
    """The requirement that means what has just been published: this project's name, or a version that is computed."""
    project = python_project(context.file)
    for requirement in installation.requirements:
        pinned = requirement.operator in {"==", "==="}
        if project is not None:
            if requirement.name == project.name and (pinned or installation.upgrades):
                return requirement
        elif pinned and "\0" in requirement.version:
            return requirement
    return None


def _fix(installation: Installation) -> Fix | None:
    verb = installation.verb
    if installation.tool != "uv" or verb is None or verb.place.text != verb.text:
        return None
    return Fix("ask the index anew", (Edit(verb.place.location, f"{verb.text} --refresh"),), safe=True)
