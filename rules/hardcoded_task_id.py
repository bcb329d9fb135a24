"""JOB301: a literal number where pueue, or a filter on its status, wants a task id."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command, Pipe
from jobsafety_lint.meaning.queue import QueueCommand
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB301",
    "hardcoded-task-id",
    "a literal number where pueue, jq or a status table wants a task id",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-8", "AP-8"),
)

_JQ_ID = re.compile(r"""\.tasks\s*(?:\.?\[\s*["']\d+["']\s*\]|\.\s*["']\d+["'])|\.id\s*==\s*["']?\d+""")
_TABLE_ID = re.compile(r"""^\s*\^?\\?\s*\|?\s*\d+\s*(?:\\?\||\\b|\\s|$)|\$1\s*==\s*["']?\d+""")


@RULE.on(QueueCommand)
def in_command_line(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """Words that pueue takes as ids."""
    if context.role in {"test", "docs"}:
        return
    literal = [arg for arg in call.ids if _is_number(arg)]
    if literal:
        ids = ", ".join(dict.fromkeys(arg.text or "" for arg in literal))
        first = literal[0]
        related: tuple[tuple[Place, str], ...] = ()
        if first.literal is None and first.origin is not None:
            related = ((first.origin, f"the number {first.text} is set here"),)
        plural = "s" if len(literal) > 1 else ""
        yield RULE.found(
            call.place,
            f"task id{plural} {ids} written into `pueue {call.subcommand}`: ids are given out anew after a clean, so another job may have this one",
            label="pick the task by its label or group, or keep what `pueue add --print-task-id` prints",
            related=related,
            data={"ids": [arg.text for arg in literal]},
        )


def _is_number(arg: Arg) -> bool:
    return (arg.text or "").isdigit()


@RULE.on(Pipe)
def in_status_filter(pipe: Pipe, context: Context) -> Iterator[Draft]:
    """Filters behind `pueue status`: jq, grep, awk."""
    if context.role in {"test", "docs"} or not any(_is_status(c) for c in pipe.stages[0]):
        return
    for stage in pipe.stages[1:]:
        for command in stage:
            pattern = _JQ_ID if command.name in {"jq", "gojq", "jaq"} else _TABLE_ID
            if command.name not in {"jq", "gojq", "jaq", "grep", "egrep", "awk", "gawk", "sed"}:
                continue
            if any(
                pattern.search(arg.pattern.literal)
                for arg in command.args
                if not arg.pattern.literal.startswith("-")
            ):
                yield RULE.found(
                    command.place,
                    f"a task id is written into the `{command.name}` filter on pueue's status: ids are given out anew after a clean",
                    label="select by label or group",
                )


def _is_status(command: Command) -> bool:
    return command.name == "pueue" and (
        not command.args or "status" in command.words or "log" in command.words
    )
