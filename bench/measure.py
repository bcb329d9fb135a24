"""Timing whole processes: wall time, peak memory of each process, and what they print."""

from __future__ import annotations

import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_EVERY = 0.02
"""Seconds between two looks at the processes."""


@dataclass(frozen=True)
class Run:
    """One run: wall seconds, peak bytes of the process itself and of its largest child, lines on stdout."""

    seconds: float
    parent: int
    child: int
    lines: int


@dataclass
class Runs:
    """All runs of one command."""

    runs: list[Run] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def fastest(self) -> float:
        """Seconds."""
        return min(run.seconds for run in self.runs)


def run(command: Sequence[str], cwd: Path | None = None) -> Run:
    """Runs a command to its end; its exit status does not matter (findings are expected)."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    peaks: dict[int, int] = {}
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_EVERY):
            for pid in [process.pid, *_children(process.pid)]:
                peaks[pid] = max(peaks.get(pid, 0), _peak(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    children = [peak for pid, peak in peaks.items() if pid != process.pid]
    return Run(seconds, peaks.get(process.pid, 0), max(children, default=0), output.count(b"\n"))


def alternating(
    commands: Mapping[str, Sequence[str]],
    runs: int,
    before: Callable[[str], None] | None = None,
    cwd: Path | None = None,
) -> dict[str, Runs]:
    """Runs the commands in turns, `runs` times each, in the folder `cwd`. `before` is called ahead of every run with its name."""
    found = {name: Runs() for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            if before is not None:
                before(name)
            found[name].runs.append(run(command, cwd))
    return found


def show(title: str, found: Mapping[str, Runs], base: str) -> None:
    """A table with the ratio of each command's median to that of `base`."""
    print(f"\n{title}")
    print(f"  {'':34} {'median':>9} {'fastest':>9} {'ratio':>8} {'parent':>9} {'child':>9} {'lines':>7}")
    for name, runs in found.items():
        ratio = runs.median / found[base].median
        parent, child = (max(getattr(run, what) for run in runs.runs) / 1e6 for what in ("parent", "child"))
        lines = runs.runs[-1].lines
        print(
            f"  {name:34} {runs.median:7.2f} s {runs.fastest:7.2f} s {ratio:7.2f}x {parent:6.0f} MB {child:6.0f} MB {lines:7}"
        )


def _children(pid: int) -> list[int]:
    found, pending = [], [pid]
    while pending:
        one = pending.pop()
        try:
            more = Path(f"/proc/{one}/task/{one}/children").read_text().split()
        except OSError:
            continue
        found += [int(child) for child in more]
        pending += [int(child) for child in more]
    return found


def _peak(pid: int) -> int:
    """The peak resident set of a process in bytes (Linux's VmHWM); 0 where it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
