"""Crontabs: schedule, user and shell text of each entry, with positions through cron's `%`.

Source: crontab(5) of cron 3.0 and cronie: settings count for the entries below them; `HOME` is where commands start; the
command ends at the first `%` without a backslash (the rest is its input, `\\%` is a literal one); files in `cron.d` and
`/etc/crontab` have a field for the user.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts.lines import lines_of, shell_named
from jobsafety_lint.readers.hosts.snippets import HostFile, Snippet
from jobsafety_lint.source import Hole, SnippetBuilder, Source


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SETTING = re.compile(r"\s*(?P<name>[A-Za-z_]\w*|\"[^\"]+\"|'[^']+')\s*=\s*(?P<value>.*?)\s*$")
_FIELD = r"[\d*/,?~LW#HA-Za-z()-]+"
_SCHEDULE = re.compile(
    rf"\s*-?(?P<schedule>@[A-Za-z_]+(?:\s+\d\S*)?|@\d+|[\d*/,?~H()-]+\s+{_FIELD}\s+{_FIELD}\s+{_FIELD}\s+{_FIELD})[ \t]+(?=\S)"
)
_WORD = re.compile(r"\S+")
_TEMPLATE = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|<%.*?%>|__[A-Z][A-Z_]*__|(?<!\S)<[A-Za-z][\w -]*>(?=/|\s|$)|@[A-Z_]+@"
)
_FIELD_MORE = re.compile(r"(?:\*(?:/\d+)?|[0-7](?:[-,][0-7])*)[ \t]+(?=\S)")
_USER = re.compile(r"[a-z_][\w.-]*(?::[\w.-]+)?|\{\{[^}]*\}\}|\$\{?\w+\}?")
_ACCOUNTS = _words(
    "root nobody daemon www-data apache nginx postgres mysql ubuntu debian admin ec2-user vagrant git jenkins deploy app"
)
"""Names that say of a file which may or may not have a field for the user that it has one."""
_IN_PLACE = re.compile(r"supercronic|ofelia|yacron|go-crond", re.IGNORECASE)
"""Programs for containers that run commands where they were started themselves."""
_SYSTEM = re.compile(r"(?:^|/)cron\.d/[^/]+$|(?:^|/)etc/(?:ana)?crontab$")


@dataclass(frozen=True, eq=False)
class Entry:
    """An entry: its place, the schedule's fields (or `@daily`), the user, and what is run."""

    span: Span
    schedule: tuple[str, ...]
    schedule_span: Span
    user: str
    snippet: Snippet
    cut: Span | None = None
    """The `%` that ends the command."""

    @property
    def minutes(self) -> int | None:
        """The shortest time between two starts where it is under an hour, else None."""
        return shortest_gap(self.schedule)

    @property
    def several_a_day(self) -> bool:
        """Whether it starts more than once on a day."""
        hours = self.schedule[1:2]
        if not hours:
            first = self.schedule[0].removeprefix("@")
            return self.minutes is not None or first == "hourly" or (first.isdigit() and int(first) < 86400)
        return self.minutes is not None or re.search(r"[*/,-]", hours[0]) is not None


@dataclass(eq=False)
class Crontab(HostFile):
    """What a crontab holds."""

    entries: list[Entry] = field(default_factory=list)


_RANGE = re.compile(r"(?:\*|H(?:\([\d-]+\))?|(?P<first>\d+)(?:-(?P<last>\d+))?)(?:/(?P<step>\d+))?")


def shortest_gap(schedule: tuple[str, ...]) -> int | None:
    """The shortest time in minutes between two starts of a schedule where it is under an hour, else None."""
    first = schedule[0]
    if first in {"@every_minute", "@every_second"}:
        return 1
    if first.startswith("@"):
        seconds = int(first[1:]) if first[1:].isdigit() else 3600
        return max(seconds // 60, 1) if seconds < 3600 else None
    minutes: set[int] = set()
    for part in first.split(","):
        found = _RANGE.fullmatch(part)
        if found is None:
            return None
        step = int(found["step"] or 1) or 1
        if found["first"] is None:
            minutes |= set(range(0, 60, step)) if found["step"] or part == "*" else {0}
        else:
            start = int(found["first"])
            last = int(found["last"]) if found["last"] else (59 if found["step"] else start)
            minutes |= set(range(start, last + 1, step))
    row = sorted(minute for minute in minutes if minute < 60)
    if len(row) < 2:
        return None
    gaps = [after - before for before, after in itertools.pairwise(row)]
    if schedule[1:2] and re.search(r"[*,-]", schedule[1]) and not re.fullmatch(r"\*/(?!1$)\d+", schedule[1]):
        gaps.append(row[0] + 60 - row[-1])
    return min(gaps)


def read_crontab(source: Source) -> Crontab:
    """The entries of a crontab."""
    found = Crontab()
    settings: dict[str, str] = {}
    strange: list[Span] = []
    system = _has_user_field(source)
    in_place = bool(_IN_PLACE.search(source.text))
    for line in lines_of(source):
        text = source.text[line.start : line.end]
        stripped = text.lstrip()
        if not stripped:
            continue
        if stripped.startswith("#"):
            found.comments.append(Span(line.end - len(stripped), line.end))
            continue
        if entry := _SCHEDULE.match(text):
            _entry(source, line, entry, settings, found, system=system, in_place=in_place)
        elif setting := _SETTING.match(text):
            found.statements.append((line, ()))
            settings[setting["name"].strip("\"'")] = _unquoted(setting["value"])
        elif not _TEMPLATE.search(text):
            strange.append(line)
    if len(found.entries) > len(strange):  # else it is something else of this name
        found.broken += [(line, "it is no line of a crontab") for line in strange]
    return found


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _has_user_field(source: Source) -> bool:
    if _SYSTEM.search(source.path):
        return True
    first = [
        word.group()
        for line in source.text.split("\n")
        if not line.lstrip().startswith("#") and (entry := _SCHEDULE.match(line))
        if (word := _WORD.match(line, entry.end()))
    ]
    return bool(first) and all(word in _ACCOUNTS for word in first)


def _entry(
    source: Source,
    line: Span,
    schedule: re.Match[str],
    settings: dict[str, str],
    found: Crontab,
    *,
    system: bool,
    in_place: bool,
) -> None:
    at = line.start + schedule.end()
    fields = (
        tuple(schedule["schedule"].split())
        if not schedule["schedule"].startswith("@")
        else (schedule["schedule"],)
    )
    times = Span(line.start + schedule.start("schedule"), line.start + schedule.end("schedule"))
    if len(fields) == 5 and (more := _FIELD_MORE.match(source.text, at, line.end)):
        fields = (*fields[1:], more.group().strip())  # some start with the second (supercronic, node-cron)
        at = more.end()
    user = ""
    if system and (word := _WORD.match(source.text, at, line.end)) and _USER.fullmatch(word.group()):
        user = word.group()
        at = word.end()
    builder = SnippetBuilder(source)
    cut = _command(builder, source.text, at, line.end)
    shell, _ = shell_named([settings.get("SHELL", "/bin/sh")])
    home = settings.get("HOME", "")
    snippet = Snippet(
        f"line {source.line_of(line.start)}",
        builder.build(),
        line,
        shell,
        directory=home if home.startswith("/") else None,
        at_home=not home.startswith("/") and not in_place,
        environment={k: v for k, v in settings.items() if k not in {"SHELL", "MAILTO", "MAILFROM", "PATH"}},
        status="ignored",
    )
    found.statements.append((line, ()))
    found.entries.append(Entry(line, fields, times, user, snippet, cut))
    if shell and snippet.source.text.strip():
        found.snippets.append(snippet)


def _command(builder: SnippetBuilder, text: str, at: int, end: int) -> Span | None:
    """Adds the command; the `%` that ends it, if there is one."""
    while at < end and text[at] in " \t":
        at += 1
    while at < end:
        template = _TEMPLATE.match(text, at, end)
        if template:
            names = frozenset(re.findall(r"[A-Za-z_]\w*", template.group()))
            builder.add_hole(Hole(template.group(), names, "template"), Span(at, template.end()))
            at = template.end()
        elif text.startswith("\\%", at):
            builder.add("%", Span(at, at + 2))
            at += 2
        elif text[at] == "%":
            return Span(at, at + 1)
        else:
            builder.add(text[at], Span(at, at + 1))
            at += 1
    return None
