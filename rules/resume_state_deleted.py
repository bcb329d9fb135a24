"""JOB205: a cursor or offset of an incremental job is deleted on success."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.files import Act, Append, Delete, Read, Replace, Write
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB205",
    "resume-state-deleted",
    "a cursor or offset of an incremental job is deleted on success",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("AP-15", "G-17"),
)

_POSITION = re.compile(
    r"cursor|offset|watermark|high[_-]?water|hwm(?![a-z])|bookmark|(?<![a-z])since(?![a-z])|(?:resume|continuation|next|sync)[_-]?(?:token|from|key)|"
    r"last[_-]?(?:id|uid|uuid|msg|message|update|updated|fetched|pulled|commit|block|height|record|seen|sync|synced|run|ts|time|timestamp|date|key|offset|processed|event|row|position|page|block|seq|lsn)",
    re.IGNORECASE,
)
_WANTED = re.compile(
    r"reset|clear|purge|clean|force|fresh|restart|delete|remove|drop|wipe|forget|rewind|scratch|full|corrupt|invalid|stale|expire|"
    r"from[_-]?(?:start|beginning|zero)|replay|reimport|resync|error|fail|except|test|teardown|uninstall|rebuild|backfill|--no-resume|no_resume|not resume|overwrite|abort|cancel|destroy|prune",
    re.IGNORECASE,
)
_CLOSED = frozenset({"end", "until", "stop", "to", "range", "chunk", "part", "shard", "batch"})
_PICTURES = frozenset({".png", ".svg", ".ico", ".cur", ".xcur", ".gif", ".jpg", ".css", ".bmp"})


@RULE.on(Delete)
def on_success(act: Delete, context: Context) -> Iterator[Draft]:
    """A position that this file reads or writes, deleted where nobody has asked for that."""
    if act.what not in {"file", "moved"} or context.role in {"test", "temporary"} or act.is_private:
        return
    if act.what == "moved" or act.path.suffix in _PICTURES or act.execution.handling:
        return
    if not _POSITION.search(_name(act.path)) and not _POSITION.search(act.path_place.text.rpartition("/")[2]):
        return
    if any(_CLOSED & set(re.split(r"\W|_", name.lower())) for name in act.path.names):
        return
    asked = (*act.execution.functions[-1:], *act.execution.conditions)
    if any(_WANTED.search(text) for text in asked):
        return
    used = _uses(act, context)
    if not used or _starts_over(act, used) or _is_scratch(act, used, context):
        return
    first = used[0]
    yield RULE.found(
        act.place,
        f"`{act.path_place.text}` tells where the next run goes on; it is deleted here, so the next run starts from the beginning",
        label="keep it: the next run needs it",
        related=((first.place, "used here"),),
        subject=act.subject,
    )


def _name(path: PathPattern) -> str:
    name = path.name
    return "".join(part if isinstance(part, str) else part.text for part in name.parts)


class _Use:
    """A place where the position is used; `writes`: it is written over there."""

    def __init__(self, place: Place, functions: tuple[str, ...], writes: bool) -> None:
        self.place, self.functions, self.writes = place, functions, writes


def _uses(act: Delete, context: Context) -> list[_Use]:
    found: list[_Use] = []
    for kind in (Read, Write, Append, Replace):
        for other in context.all(kind):
            if _same(act, other.path):
                found.append(_Use(other.place, other.execution.functions, isinstance(other, Write)))
    for command in context.all(Command):
        if command.name in {"rm", "unlink", "[", "test"} or command.place.span == act.place.span:
            continue
        if any(_same(act, arg.pattern) for arg in command.args):
            found.append(_Use(command.place, command.execution.functions, writes=False))
    return found


def _same(act: Act, path: PathPattern) -> bool:
    return act.path.same_object(path) or (act.path.is_file_wide and act.path.identity == path.identity)


def _starts_over(act: Delete, used: list[_Use]) -> bool:
    """Whether the same function goes on to read or write it: it has been emptied, not given up."""
    return any(
        use.functions == act.execution.functions
        and use.place.source.file is act.place.source.file
        and use.place.source.in_file(use.place.span).start > act.place.source.in_file(act.place.span).end
        for use in used
    )


def _is_scratch(act: Delete, used: list[_Use], context: Context) -> bool:
    """Whether a script deletes whenever it ends (`trap`) what it begins with writing: nothing is left for a next run to read."""
    texts = [
        arg.place.text for command in context.all(Command) if command.name == "trap" for arg in command.args
    ]
    in_trap = any(
        re.search(rf"(?<![\w-]){re.escape(function)}(?![\w-])", text)
        for function in act.execution.functions
        for text in texts
    )
    first = min(used, key=lambda use: use.place.source.in_file(use.place.span).start)
    return in_trap and first.writes
