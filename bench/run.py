#!/usr/bin/env python3
"""Cold wall time of `jobsafety-lint check` beside ruff (Python) and ShellCheck (scripts), as ratios in one run.

    bench/run.py --python DIR --scripts DIR [--runs 3]

Each command is a fresh process without a cache, one after the other, in turns. ShellCheck is run on the same files, with as many
processes as there are cores. Prints the minimum and median of each, and the ratio of the minima.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def timed(command: list[str]) -> float:
    """Wall seconds of one run; the exit status does not matter (findings are expected)."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - start


def compare(commands: dict[str, list[str]], runs: int) -> dict[str, list[float]]:
    """Runs the commands in turns."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            times[name].append(timed(command))
    return times


def show(title: str, times: dict[str, list[float]], base: str) -> None:
    """A table with the ratio of each command to `base`."""
    print(f"\n{title}")
    for name, seconds in times.items():
        ratio = min(seconds) / min(times[base])
        print(
            f"  {name:28} min {min(seconds):7.2f} s   median {statistics.median(seconds):7.2f} s   x {ratio:.2f}"
        )


def main() -> int:
    """Reads the options and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", type=Path)
    parser.add_argument("--scripts", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    ours = [sys.executable, "-m", "jobsafety_lint"]
    check = [*ours, "check", "--isolated", "--no-cache", "--no-respect-gitignore", "--output-format", "json"]
    if options.python:
        count = sum(1 for _ in options.python.rglob("*.py"))
        size = sum(path.stat().st_size for path in options.python.rglob("*.py"))
        ruff = (
            shutil.which("ruff", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
            or "ruff"
        )
        commands = {
            "ruff check -n": [
                ruff,
                "check",
                "-n",
                "--isolated",
                "--no-respect-gitignore",
                str(options.python),
            ],
            "jobsafety-lint check": [*check, str(options.python)],
        }
        show(f"{count} Python files, {size / 1e6:.1f} MB", compare(commands, options.runs), "ruff check -n")
    if options.scripts:
        files = [path for path in options.scripts.rglob("*.sh") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as listing:
            listing.write("\0".join(str(path) for path in files))
        shell = ["sh", "-c", f"xargs -0 -n 20 -P {os.cpu_count()} shellcheck -f gcc < {listing.name}"]
        commands = {"ShellCheck": shell, "jobsafety-lint check": [*check, str(options.scripts)]}
        show(f"{len(files)} scripts, {size / 1e6:.1f} MB", compare(commands, options.runs), "ShellCheck")
    start = compare({"python -c pass": [sys.executable, "-c", "pass"], "--version": [*ours, "--version"]}, 10)
    show("start-up", start, "python -c pass")
    return 0


if __name__ == "__main__":
    sys.exit(main())
