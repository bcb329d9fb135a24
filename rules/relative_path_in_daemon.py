"""JOB608: a relative path in a crontab or a unit, and shell syntax where systemd runs no shell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.daemons import CronEntry, UnitCommand, UnitSection
from jobsafety_lint.meaning.relative import Relative, depends_on_directory, is_relative
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RULE = Rule(
    "JOB608",
    "relative-path-in-daemon",
    "a relative path in a crontab line or a unit without a working directory; shell syntax in ExecStart",
    Severity.WARNING,
    Confidence.HIGH,
    references=("AP-11",),
    silent_where=("JOB603",),
)

_OPERATORS = re.compile(r"\|\|?&?|&&?|\d?>>?(?:&\d|\S*)|&>>?\S*|\d?<\S*|\S+;")
_SUBSTITUTION = re.compile(r"\$\(|`[^`]*`?")
_BUILTINS = frozenset(
    {"cd", "source", ".", "export", "ulimit", "eval", "set", "if", "while", "for", "exec", "umask"}
)
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})
_GLOBBING = _words("rm cp mv cat ls chmod chown tar gzip rsync touch")
_MUST_BE_ABSOLUTE = frozenset({"EnvironmentFile", "WorkingDirectory", "RootDirectory"})
_OUTPUTS = re.compile(r"(?:file|append|truncate):(?P<path>.*)")
_USES = {
    "project": "looks for its project there",
    "output": "is written there",
    "program": "is looked for there",
    "script": "is looked for there",
    "file": "is looked for there",
}


# --- cron ---


@RULE.on(CronEntry)
def cron(entry: CronEntry, context: Context) -> Iterator[Draft]:
    """An entry of a crontab that relies on a directory, or that a `%` cuts in two."""
    if entry.cut is not None and _is_cut(entry):
        yield RULE.found(
            entry.cut,
            "cron ends the command at this `%` and gives it the rest as input",
            label="write `\\%`",
            subject=entry.place,
        )
        return
    part = _first_part(entry.commands)
    if part is not None:
        whose = f" of {entry.user}" if entry.user else ""
        yield RULE.found(
            part.place,
            f"cron starts the command in the home directory{whose}, and `{part.text}` {_USES[part.kind]}",
            label="write the absolute path, or `cd /… &&` before it",
            confidence=_confidence(part),
            data={"path": part.text},
            subject=entry.place,
        )


def _is_cut(entry: CronEntry) -> bool:
    """Whether what is left of the command is certainly no whole one: a format of `date`, or a bracket or quote left open."""
    text = entry.text.text
    return (
        bool(re.search(r"\bdate\b[^;|&]*\+['\"]?[^\s'\"]*$", text))
        or any(text.count(opened) > text.count(closed) for opened, closed in ("()", "{}"))
        or any(text.count(quote) % 2 for quote in ("'", '"'))
    )


_FILLED_IN = re.compile(r"@\w+@")
"""A word for which an installer puts another one."""


def _first_part(commands: Sequence[Command]) -> Relative | None:
    """The first relative part of the commands that the daemon itself starts here."""
    for command in commands:
        execution = command.execution
        if not execution.at_home or execution.host is not None or not execution.daemon:
            continue
        if command.through("docker") or command.through("podman") or command.through("kubectl"):
            continue
        if command.name in {"cd", "pushd"} and command.args and is_relative(command.args[0]):
            return Relative(command.args[0].pattern.template, "file", command.args[0].place)
        part = depends_on_directory(command)
        if part is not None and not _FILLED_IN.fullmatch(part.text):
            return part
    return None


def _confidence(part: Relative) -> Confidence:
    return Confidence.HIGH if part.kind in {"program", "script"} else Confidence.MEDIUM


# --- units ---

_PLACEHOLDER = re.compile(r"\w+@/|[A-Z][A-Z0-9_]+/")
"""What an installer puts another path for: `@bindir@/x` (a first `@` means something to systemd), `PREFIX/bin/x`."""


@RULE.on(UnitCommand)
def unit_command(command: UnitCommand, context: Context) -> Iterator[Draft]:
    """A command of a unit: shell syntax, a relative program, a relative path without a working directory."""
    draft = _program(command) or _shell_syntax(command) or _relative(command)
    if draft is not None:
        yield draft


def _program(command: UnitCommand) -> Draft | None:
    word = command.words[0]
    text = word.text if not word.pieces or isinstance(word.pieces[0][0], str) else "/"
    place = command.word_place(word)
    if text.startswith(("~", "$")):
        return RULE.found(
            place,
            f"systemd takes `{text}` as it stands: no shell fills in {'the home directory' if text[0] == '~' else 'variables'} here",
            label="write the absolute path (`%h` is the home directory)",
            subject=command.place,
        )
    if re.match(r"[A-Za-z_]\w*=", text):
        return RULE.found(
            place,
            f"systemd takes `{text}` for the program: it runs no shell that sets variables",
            label="use `Environment=`",
            subject=command.place,
        )
    if text in _BUILTINS:
        return RULE.found(
            place,
            f"`{text}` is a command of the shell, and systemd runs none",
            label="use `WorkingDirectory=`" if text == "cd" else "write `/bin/sh -c '…'`",
            subject=command.place,
        )
    if "/" in text and not text.startswith("/") and not _PLACEHOLDER.match(text):
        return RULE.found(
            place,
            f"systemd refuses a unit whose program is relative (`{text}`), with a working directory too",
            label="write the absolute path",
            data={"path": text},
            subject=command.place,
        )
    return None


def _shell_syntax(command: UnitCommand) -> Draft | None:
    program = command.words[0].text.rpartition("/")[2]
    if any(word.text.rpartition("/")[2] in _SHELLS for word in command.words[:4]):
        return None
    for word in command.words[1:]:
        text = word.text
        home = text == "~" or text.startswith("~/") or "=~/" in text
        operator = not word.quoted and bool(_OPERATORS.fullmatch(text) or _SUBSTITUTION.search(text))
        files = not word.quoted and "*" in text and text.startswith("/") and program in _GLOBBING
        if home or operator or files:
            return RULE.found(
                command.word_place(word),
                f"systemd runs no shell: `{program}` gets `{text}` as it stands",
                label="write `%h`" if home else "put it into a script, or write `/bin/sh -c '…'`",
                subject=command.place,
            )
    return None


def _relative(command: UnitCommand) -> Draft | None:
    part = _first_part(command.commands)
    if part is None or (part.kind == "program" and _PLACEHOLDER.match(command.words[0].text)):
        return None
    where = "the home directory" if command.user_unit else "`/`"
    return RULE.found(
        part.place,
        f"the unit has no `WorkingDirectory`: `{command.setting}` starts in {where}, and `{part.text}` {_USES[part.kind]}",
        label="set `WorkingDirectory=`, or write the absolute path",
        confidence=_confidence(part),
        data={"path": part.text},
        subject=command.place,
    )


@RULE.on(UnitSection)
def unit_setting(section: UnitSection, context: Context) -> Iterator[Draft]:
    """A setting that takes absolute paths only."""
    for setting in section.settings:
        path = setting.value.lstrip("-")
        if setting.name in {"StandardOutput", "StandardError", "StandardInput"}:
            output = _OUTPUTS.fullmatch(setting.value)
            path = output["path"] if output else "/"
        elif setting.name not in _MUST_BE_ABSOLUTE:
            continue
        if not path or path.startswith(("/", "%")) or (path == "~" and setting.name == "WorkingDirectory"):
            continue
        yield RULE.found(
            setting.value_place,
            f"systemd ignores or refuses a relative path here: `{setting.name}={setting.value}`",
            label="write the absolute path (`%h` is the home directory)",
            data={"path": path},
        )
