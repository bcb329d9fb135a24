"""JOB501: a memory cap without a swap cap."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.daemons import DEFAULT_SLICES, UnitSection, slice_setting
from jobsafety_lint.meaning.wrappers import peel, tail
from jobsafety_lint.model import Confidence, Edit, Fix, Location, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Source

RULE = Rule(
    "JOB501",
    "memorymax-without-swapmax",
    "a memory cap without a swap cap",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-7", "G-10"),
    fix="unsafe",
)

_CAPS = ("MemoryMax", "MemoryLimit")
_SWAP_CAPS = ("MemorySwapMax", "MemoryZSwapMax")
_NO_CAP = frozenset({"infinity", "", "max", "100%"})
_SECTIONS = frozenset({"Service", "Slice", "Scope", "Socket", "Mount", "Swap"})


@RULE.on(Command)
def systemd_run(command: Command, context: Context) -> Iterator[Draft]:
    """A `systemd-run` with a memory property."""
    if command.name != "systemd-run":
        return
    peeled = peel("systemd-run", command.args)
    given = [] if peeled is None else [(o, v) for o, v in peeled.options if v is not None and _is_property(o)]
    properties = {_name(value): value for _, value in given}
    cap = next((properties[name] for name in _CAPS if name in properties), None)
    if cap is None or any(name in _SWAP_CAPS or "\0" in name for name in properties):
        return
    value = tail(cap, len(_name(cap)) + 1)
    if value.text in _NO_CAP:
        return
    sliced = peeled.option("--slice") if peeled else None
    if sliced is not None and _slice_may_limit(sliced.text, context.file):
        return
    yield RULE.found(
        command.place,
        f"the job may use {value.pattern.template} of memory and, beyond it, as much swap as the host has: `{_name(cap)}` does not limit swap",
        label="add `-p MemorySwapMax=0`, or a swap limit that you mean",
        fix=_fix(cap, command),
        data={"cap": value.pattern.template},
    )


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


def _is_property(option: str) -> bool:
    return option == "-p" or bool(re.fullmatch(r"--prop(e|er|ert|erty)?", option))


def _name(value: Arg) -> str:
    return value.pattern.literal.partition("=")[0]


def _slice_may_limit(name: str | None, source: Source) -> bool:
    """Whether a slice limits swap, as far as can be seen: one whose file is not here may."""
    if name is None:
        return True
    if name in DEFAULT_SLICES or f"{name}.slice" in DEFAULT_SLICES:
        return False
    return slice_setting(source, name, *_SWAP_CAPS) is not False


def _fix(cap: Arg, command: Command) -> Fix:
    """Behind the word, in the way in which words stand there: as a word of a shell, or an element of a list."""
    at = cap.place.location
    end = Location(at.path, at.end_line, at.end_column, at.end_line, at.end_column)
    in_list = cap.place.source.host is None and command.statement is None
    added = ', "-p", "MemorySwapMax=0"' if in_list else " -p MemorySwapMax=0"
    return Fix("allow no swap", (Edit(end, added),))
