"""JOB501: a memory cap without a swap cap."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.hosts import host_of
from jobsafety_lint.meaning.limits import SystemdRun, is_unlimited, systemd_run
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule

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
_MORE_OPTIONS = re.compile(r"opt|prop|flag|limit|cap|swap|extra|mem", re.IGNORECASE)


@RULE.on(Command)
def capped(command: Command, context: Context) -> Iterator[Draft]:
    """A `systemd-run` with a memory property."""
    run = systemd_run(command)
    name = next((cap for cap in _CAPS if run and cap in run.properties and not is_unlimited(run.properties[cap])), None)
    if run is None or name is None or any(swap in run.properties for swap in _SWAP_CAPS):
        return
    host = host_of(context.settings, command.execution.host)
    if run.has("--slice") or _more_options(run) or (host is not None and host.swap == 0):
        return
    value = run.properties[name].pattern.template
    yield RULE.found(
        command.place,
        f"the job may use {value} of memory and, beyond it, as much swap as the host has: `{name}` does not limit swap",
        label="add `-p MemorySwapMax=0`, or a swap limit that you mean",
        fix=_fix(run.given[name]),
        data={"cap": value},
    )


def _more_options(run: SystemdRun) -> bool:
    """Whether what looks like the program is a variable that holds more options (`$swap_opts ./job`)."""
    first = run.peeled.inner[0] if len(run.peeled.inner) > 1 else None
    if first is None or not first.pattern.holes or first.pattern.literal.strip("\0"):
        return False
    return any(_MORE_OPTIONS.search(hole.text) for hole in first.pattern.holes)


def _fix(cap: Arg) -> Fix | None:
    written, end = cap.place.text, cap.place.location
    if "Memory" not in written:
        return None  # the property is in a variable or an array
    more = ', "-p", "MemorySwapMax=0"' if cap.place.source.language == "python" else " -p MemorySwapMax=0"
    return Fix("allow no swap", (Edit(end, written + more),))
