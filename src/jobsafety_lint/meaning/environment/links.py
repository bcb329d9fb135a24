"""What a file says of environments to the rest of the project: who starts what with which variables, who needs which."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.configuration import ConfiguredVariable
from jobsafety_lint.meaning.environment.variables import DotenvLoad, EnvironmentRead, EnvironmentSet
from jobsafety_lint.meaning.file_facts import FileFacts
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.project.links import (
    BareRunLink,
    DirectoryRunLink,
    DotenvLink,
    NeedLink,
    VariableLink,
)
from jobsafety_lint.model import Mark, Span
from jobsafety_lint.source import Hole, Place, Source

_INTERPRETERS = re.compile(r"python[\d.]*|pypy3?|bash|sh|dash|zsh|ksh")
_SCRIPT = re.compile(r"\.(?:py|sh|bash)$")
_PROVIDES = frozenset({"mise", "direnv", "doppler", "dotenv", "op"})
_FILE_OF_VARIABLES = re.compile(r"EnvironmentFile\s*=|BASH_ENV\s*=")
_MISE_ACTIVATED = re.compile(
    r"\bmise\s+(?:env|activate|hook-env)\b|(?:^|[;&\s])(?:\.|source)\s+\S", re.MULTILINE
)
_SHELL_READ = re.compile(r"\$(?:([A-Z][A-Z0-9_]+)(?!\w)|\{([A-Z][A-Z0-9_]+)(?!\w)(?P<operator>:?[-=+?])?)")
"""It begins with a letter that a search jumps to; that no backslash stands before is looked at afterwards."""
_SHELL_SET = re.compile(
    r"(?:^|[\s;&(])(\w+)\+?=|\b(?:read|for|mapfile|getopts)\s+(?:-\w+\s+|'[^']*'\s+)*(\w+)", re.MULTILINE
)
_SHELL_PROVIDES = re.compile(r"\bmise\b|\bdirenv\b|\bdotenv\b|^\s*(?:\.|source)\s", re.MULTILINE)


def environment_links(facts: FileFacts) -> Iterator[object]:
    """The links of one file; each program that is started in a chosen directory once, where that is first."""
    started: set[tuple[str, str]] = set()
    for fact in facts.facts:
        if isinstance(fact, Command):
            named = _started_in_directory(fact)
            if named is not None and named not in started:
                started.add(named)
                yield DirectoryRunLink(facts.mark(fact.place), *named)
            yield from _run(fact, facts)
        elif isinstance(fact, ConfiguredVariable):
            if not fact.owner and fact.form not in {"unset", "required", "inherited"}:
                yield VariableLink(facts.mark(fact.place), fact.name, fact.host)
        elif isinstance(fact, DotenvLoad) and not fact.given:
            yield DotenvLink(facts.mark(fact.place))
    for name, place in needs(facts):
        yield NeedLink(Mark(place.location, place.text), name)  # no finding ever stands there


def _run(command: Command, facts: FileFacts) -> Iterator[object]:
    execution = command.execution
    starter = "ssh" if execution.host is not None else execution.daemon
    script = _script(command) if starter else None
    if script is not None and not _provided(command, facts.source):
        given = frozenset(setting.name for setting in execution.environment)
        yield BareRunLink(facts.mark(command.place), starter, _from_directory(script, execution.cwd), given)


def _from_directory(script: str, directory: PathPattern | None) -> str:
    """A script's path as seen from where it is started: `/srv/app/run.sh` in `/srv/app` is `run.sh`."""
    where = directory.text if directory is not None else None
    return script.removeprefix(f"{where.rstrip('/')}/") if where and where.startswith(("/", "~")) else script


def _chosen(directory: PathPattern | None) -> bool:
    """Whether somebody has set the directory; `{{config_root}}` of a mise task is what it is anyway."""
    if directory is None:
        return False
    only = directory.parts[0] if len(directory.parts) == 1 else ""
    return not (isinstance(only, Hole) and only.kind == "template")


def _through(command: Command, names: set[str]) -> bool:
    return any(wrapper.name in names for wrapper in command.outer)


def _started_in_directory(command: Command) -> tuple[str, str] | None:
    """The module or command (which of the two, and its name) that is started in a directory chosen for it."""
    if not _chosen(command.execution.cwd) or _through(command, {"docker", "podman"}):
        return None
    words = command.words
    if _INTERPRETERS.fullmatch(command.name):
        at = words.index("-m") + 1 if "-m" in words else 0
        module = words[at] if 0 < at < len(words) else None
        return ("module", module) if module else None
    return ("command", command.name) if re.fullmatch(r"[a-z][\w-]*", command.name) else None


def _script(command: Command) -> str | None:
    """The script file that a command runs: itself, or an interpreter's first operand."""
    words = command.words
    if _INTERPRETERS.fullmatch(command.name):
        if "-c" in words or "-m" in words:
            return None
        return next((word for word in words if word and not word.startswith("-")), None)
    written = command.program.pattern.literal if command.program is not None else ""
    return written if _SCRIPT.search(written) or "/" in written else None


def _provided(command: Command, source: Source) -> bool:
    """Whether something on the way gives the job its variables."""
    if _through(command, set(_PROVIDES)) or _FILE_OF_VARIABLES.search(source.text):
        return True
    for each in (*command.outer, command):
        words = [word or "" for word in each.words]
        if any(word.startswith("--env-file") for word in words):
            return True
        if each.name in {"bash", "sh", "zsh"} and any(re.match(r"-\w*[li]", word) for word in words[:2]):
            return True  # a login or interactive shell may activate mise
    places = [
        each.place for each in (command, *command.outer) if each.execution.host == command.execution.host
    ]
    return any(_MISE_ACTIVATED.search(place.source.text[: place.span.start]) for place in places)


def needs(facts: FileFacts) -> list[tuple[str, Place]]:
    """The variables that a Python file or shell script needs; none if it provides for them itself."""
    source = facts.source
    found: dict[str, Place] = {}
    reads = [fact for fact in facts.facts if isinstance(fact, EnvironmentRead)]
    if reads:
        if "dotenv" in source.text:
            return []
        mine = {fact.name for fact in facts.facts if isinstance(fact, EnvironmentSet)}
        for read in reads:
            if read.needed and read.name not in mine:
                found.setdefault(read.name, read.place)
    elif any(tree.source is source for tree in facts.shell_trees) and not _SHELL_PROVIDES.search(source.text):
        found = dict(_shell_needs(source))
    return list(found.items())


def _shell_needs(source: Source) -> Iterator[tuple[str, Place]]:
    text = source.text
    mine: set[str] | None = None
    for match in _SHELL_READ.finditer(text):
        at = match.start()
        defaulted = (match["operator"] or "").lstrip(":") in {"-", "=", "+"}
        if (
            defaulted
            or text[at - 1 : at] == "\\"
            or text[text.rfind("\n", 0, at) + 1 : at].lstrip()[:1] == "#"
        ):
            continue
        if mine is None:
            mine = {name for match in _SHELL_SET.finditer(text) for name in match.groups() if name}
        name = match[1] or match[2]
        if name not in mine:
            mine.add(name)
            yield name, Place(source, Span(at, match.end()))
