"""JOB501: a memory cap without a swap cap."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.wrappers import peel, tail
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


@RULE.on(Command)
def systemd_run(command: Command, context: Context) -> Iterator[Draft]:
    """A `systemd-run` with a memory property."""
    if command.name != "systemd-run":
        return
    peeled = peel("systemd-run", command.args)
    given = [] if peeled is None else [(o, v) for o, v in peeled.options if v is not None and _is_property(o)]
    properties = {_name(value): value for _, value in given}
    cap = next((properties[name] for name in _CAPS if name in properties), None)
    if cap is None or any(name in properties for name in _SWAP_CAPS):
        return
    value = tail(cap, len(_name(cap)) + 1)
    if value.text in {"infinity", "", "max"}:
        return
    sliced = peeled.option("--slice") if peeled else None
    if sliced is not None:
        return
    yield RULE.found(
        command.place,
        f"the job may use {value.pattern.template} of memory and, beyond it, as much swap as the host has: `{_name(cap)}` does not limit swap",
        label="add `-p MemorySwapMax=0`, or a swap limit that you mean",
        fix=_fix(cap),
        data={"cap": value.pattern.template},
    )


def _is_property(option: str) -> bool:
    return option == "-p" or bool(re.fullmatch(r"--prop(e|er|ert|erty)?", option))


def _name(value: Arg) -> str:
    return value.pattern.literal.partition("=")[0]


def _fix(cap: Arg) -> Fix:
    end = cap.place.location
    return Fix("allow no swap", (Edit(end, f"{cap.place.text} -p MemorySwapMax=0"),))
