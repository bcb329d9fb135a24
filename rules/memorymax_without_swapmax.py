"""JOB501: a memory cap without a swap cap."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.daemons import DEFAULT_SLICES, UnitSection, slice_setting
from jobsafety_lint.meaning.resources.hosts import host_of
from jobsafety_lint.meaning.resources.limits import SystemdRun, is_unlimited, systemd_run
from jobsafety_lint.model import Confidence, Edit, Fix, Location, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place, Source

RULE = Rule(
    "JOB501",
    "memorymax-without-swapmax",
    "a memory cap without a swap cap",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-7", "G-10"),
    fix="unsafe",
    unsafe_because="a job that has lived on swap is killed at its cap",
)

_CAPS = ("MemoryMax", "MemoryLimit")
_SWAP_CAPS = ("MemorySwapMax", "MemoryZSwapMax")
_NO_CAP = frozenset({"infinity", "", "max", "100%"})
_MORE_OPTIONS = re.compile(r"opt|prop|flag|limit|cap|swap|extra|mem", re.IGNORECASE)
_TRIES = re.compile(r"(?:true|:|echo|/bin/true)\b|\S+ --version$")
"""What runs in a scope only to see whether that works."""
_SECTIONS = frozenset({"Service", "Slice", "Scope", "Socket", "Mount", "Swap"})


@RULE.on(Command, of={"systemd-run"})
def capped(command: Command, context: Context) -> Iterator[Draft]:
    """A `systemd-run` with a memory property."""
    run = systemd_run(command)
    name = next(
        (n for n in _CAPS if run and n in run.properties and not is_unlimited(run.properties[n])), None
    )
    if run is None or name is None or any(n in _SWAP_CAPS or "\0" in n for n in run.properties):
        return
    if _TRIES.match(" ".join(arg.pattern.literal for arg in run.peeled.inner)):
        return  # whether the host can do it at all
    host = host_of(context.settings, command.execution.host)
    if _more_options(run) or (host is not None and host.swap == 0):
        return
    sliced = run.peeled.option("--slice")
    if sliced is not None and _slice_may_limit(sliced.text, context.file):
        return
    value = run.properties[name].pattern.template
    yield RULE.found(
        _through(command, run.given[name]),
        f"the job may use {value} of memory and, beyond it, as much swap as the host has: `{name}` does not limit swap",
        label="add `-p MemorySwapMax=0`, or a swap limit that you mean",
        fix=_fix(run.given[name], command),
        data={"cap": value},
    )


@RULE.on(Command, of={"systemctl"})
def set_later(command: Command, context: Context) -> Iterator[Draft]:
    """`systemctl set-property UNIT MemoryMax=4G`."""
    words = [arg for arg in command.args if not arg.pattern.literal.startswith("-")]
    if len(words) < 3 or words[0].text != "set-property":
        return
    caps = {name: arg for arg in words[2:] for name in _CAPS if arg.pattern.literal.startswith(f"{name}=")}
    given = next((arg for arg in caps.values() if not _lifts(arg)), None)
    if given is None or any(name in context.file.text for name in _SWAP_CAPS):
        return
    host = host_of(context.settings, command.execution.host)
    if host is not None and host.swap == 0:
        return
    cap = given.pattern.template.partition("=")[2]
    yield RULE.found(
        _through(command, given),
        f"the unit may use {cap} of memory and, beyond it, as much swap as the host has: `{next(iter(caps))}` does not limit swap",
        label="add `MemorySwapMax=0`, or a swap limit that you mean",
        data={"cap": cap},
    )


def _lifts(arg: Arg) -> bool:
    return (arg.text or "\0").partition("=")[2] in _NO_CAP


@RULE.on(UnitSection)
def unit(section: UnitSection, context: Context) -> Iterator[Draft]:
    """A unit, or a drop-in of one, with a memory limit."""
    cap = section.own(*_CAPS)
    if section.name not in _SECTIONS or cap is None or cap.value in _NO_CAP:
        return
    if section.setting(*_SWAP_CAPS) is not None:
        return
    sliced = section.setting("Slice")
    if sliced is not None and _slice_may_limit(sliced.value, context.file):
        return
    if section.unit.endswith(".slice") and slice_setting(context.file, section.unit, *_SWAP_CAPS):
        return
    after = cap.place.location
    end = Location(after.path, after.end_line, after.end_column, after.end_line, after.end_column)
    yield RULE.found(
        cap.place,
        f"`{section.unit}` may use {cap.value} of memory and, beyond it, as much swap as the host has: `{cap.name}` does not limit swap",
        label="add `MemorySwapMax=0`, or a swap limit that you mean",
        confidence=Confidence.HIGH if section.known else Confidence.MEDIUM,
        fix=Fix("allow no swap", (Edit(end, "\nMemorySwapMax=0"),)),
        data={"cap": cap.value},
    )


def _through(command: Command, cap: Arg) -> Place:
    """From the start of the command to the limit, where that stands in it."""
    whole, end = command.place, cap.place.span.end
    inside = cap.place.source is whole.source and whole.span.start < end <= whole.span.end
    return Place(whole.source, Span(whole.span.start, end)) if inside else whole


def _more_options(run: SystemdRun) -> bool:
    """Whether what looks like the program is a variable that holds more options (`$swap_opts ./job`)."""
    first = run.peeled.inner[0] if len(run.peeled.inner) > 1 else None
    if first is None or not first.pattern.holes or first.pattern.literal.strip("\0"):
        return False
    return any(_MORE_OPTIONS.search(hole.text) for hole in first.pattern.holes)


def _slice_may_limit(name: str | None, source: Source) -> bool:
    """Whether a slice limits swap, as far as can be seen: one whose file is not here may."""
    if name is None:
        return True
    if name in DEFAULT_SLICES or f"{name}.slice" in DEFAULT_SLICES:
        return False
    return slice_setting(source, name, *_SWAP_CAPS) is not False


def _fix(cap: Arg, command: Command) -> Fix | None:
    """Behind the word, in the way in which words stand there: as a word of a shell, or an element of a list; none where
    the property is in a variable or an array.
    """
    if "Memory" not in cap.place.text:
        return None
    at = cap.place.location
    end = Location(at.path, at.end_line, at.end_column, at.end_line, at.end_column)
    in_list = cap.place.source.host is None and command.statement is None
    added = ', "-p", "MemorySwapMax=0"' if in_list else " -p MemorySwapMax=0"
    return Fix("allow no swap", (Edit(end, added),))
