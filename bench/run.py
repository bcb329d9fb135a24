#!/usr/bin/env python3
"""Times `jobsafety-lint check` beside its peers, as ratios in one run: commands take turns, every run is a fresh process.

    bench/corpus.py DIR                    # once: brings the pinned corpus
    python3 -m venv PEERS && PEERS/bin/pip install -r bench/peers.txt
    bench/run.py --corpus DIR --peers PEERS/bin [--runs 5] [cold] [warm] [small] [scale]

`cold`: all rules and no cache, beside ruff, ast-grep and semgrep (one rule each), Fixit, flake8-bugbear and bandit on the Python tree,
and beside ShellCheck on the scripts, on as many processes as there are cores. `warm`: nothing changed, one file changed, ten files
as a commit hook gives them, with and without an edit of another file. `small`: `--version`, one small script. `scale`: the trees again and again with changed text.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from measure import Runs, alternating, show

HERE = Path(__file__).resolve().parent
OURS = [sys.executable, "-m", "jobsafety_lint"]
CHECK = [*OURS, "check", "--isolated", "--no-respect-gitignore", "--output-format", "concise"]
SCALES = (1_000, 4_000, 40_000)


def files_below(folder: Path, suffix: str) -> list[Path]:
    """The files with a suffix, in order."""
    return sorted(path for path in folder.rglob(f"*{suffix}") if path.is_file())


def size_of(files: list[Path]) -> str:
    """How many files, how many megabytes."""
    return f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB"


def cold(corpus: Path, peers: Path, runs: int) -> None:
    """Everything is read."""
    tree = str(corpus / "python")
    commands = {
        "ruff check, default rules": [str(peers / "ruff"), "check", "--no-cache", "--isolated", "--output-format=concise", tree],
        "jobsafety-lint, all rules": [*CHECK, "--no-cache", tree],
        "ast-grep, one rule": [str(peers / "ast-grep"), "run", "--lang=python", "--pattern=os.remove($X)", tree],
        "semgrep, one rule": [str(peers / "semgrep"), "scan", "--quiet", "--metrics=off", "--disable-version-check", "--no-git-ignore",
                              f"--config={HERE / 'semgrep.yml'}", tree],
        "bandit": [str(peers / "bandit"), "--quiet", "--recursive", tree],
        "flake8 with bugbear": [str(peers / "flake8"), "--select=B", tree],
        "fixit": [str(peers / "fixit"), "lint", tree],
    }  # fmt: skip
    commands = {name: command for name, command in commands.items() if shutil.which(command[0])}
    title = f"cold, Python ({size_of(files_below(corpus / 'python', '.py'))})"
    # in the tree: whoever stands elsewhere has the folder around it for a project, whose other files are read for the link
    show(title, alternating(commands, runs, cwd=corpus / "python"), "ruff check, default rules")
    scripts = corpus / "scripts"
    shell = (
        f"find {scripts} -name '*.sh' -print0 | xargs -0 -n 40 -P {os.cpu_count()} shellcheck --format=gcc"
    )
    both = {
        "ShellCheck": ["sh", "-c", shell],
        "jobsafety-lint, all rules": [*CHECK, "--no-cache", str(scripts)],
    }
    show(
        f"cold, scripts ({size_of(files_below(scripts, '.sh'))})",
        alternating(both, min(runs, 3), cwd=scripts),
        "ShellCheck",
    )


def warm(corpus: Path, peers: Path, runs: int) -> None:
    """The cache knows all, or all but one file."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder) / "corpus"
        shutil.copytree(corpus, here)
        os.chdir(here)
        cached = [*CHECK, "--cache-dir", str(Path(folder) / "cache")]
        whole = [*cached, "."]
        changed = files_below(here / "python", ".py")[100]
        quiet = [
            str(path.relative_to(here))
            for path in files_below(here / "python", ".py")
            if path.name == "__init__.py"
        ][:10]
        commands = {
            "ruff check, its cache warm": [str(peers / "ruff"), "check", "--isolated", "--output-format=concise", "python"],
            "nothing changed": whole,
            "one file changed": whole,
            "ten files, an edit elsewhere": [*cached, *quiet],
            "ten files, nothing changed": [*cached, *quiet],
        }  # fmt: skip

        def before(name: str) -> None:
            if name in {"one file changed", "ten files, an edit elsewhere"}:
                changed.write_text(changed.read_text() + "# once more\n")
            elif name != "ruff check, its cache warm":
                subprocess.run(commands[name], stdout=subprocess.DEVNULL, check=False)

        for name, command in commands.items():
            alternating({name: command}, 1)
        _wait_until_settled()
        alternating({"": whole}, 1)
        show("warm, both trees", alternating(commands, runs, before), "ruff check, its cache warm")


def _wait_until_settled() -> None:
    """What was written just now is not trusted by its time alone."""
    import time

    time.sleep(2.5)


def small(_corpus: Path, _peers: Path, runs: int) -> None:
    """Start-up."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "job.sh"
        script.write_text("#!/bin/bash\nset -euo pipefail\npueue add -- ./populate.sh\n")
        os.chdir(folder)
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "--version": [*OURS, "--version"],
            "one small script, no cache": [*CHECK, "--no-cache", "job.sh"],
        }
        show("small", alternating(commands, runs * 3), "python -c pass")


def scale(corpus: Path, _peers: Path, _runs: int) -> None:
    """The same trees again and again, each time with another text in every file."""
    sources = [*files_below(corpus / "python", ".py"), *files_below(corpus / "scripts", ".sh")]
    found: dict[str, Runs] = {}
    for count in SCALES:
        with tempfile.TemporaryDirectory() as folder:
            for number in range(count):
                source = sources[number % len(sources)]
                copy = number // len(sources)
                target = Path(folder) / f"copy{copy}" / source.relative_to(corpus)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes() + f"\n# copy {copy}\n".encode())
            name = f"{count} files"
            os.chdir(folder)  # the project is what lies there, and nothing beside it
            found |= alternating({name: [*CHECK, "--no-cache", "."]}, 1)
            os.chdir(HERE)
    show("scale", found, f"{SCALES[1]} files")


PARTS: dict[str, Callable[[Path, Path, int], None]] = {
    "cold": cold,
    "warm": warm,
    "small": small,
    "scale": scale,
}


def main() -> None:
    """Reads the options and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--peers", type=Path, default=Path(sys.executable).parent)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    options = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}, cores: {os.cpu_count()}")
    for part in options.parts or ["cold", "warm", "small"]:
        PARTS[part](options.corpus.resolve(), options.peers.resolve(), options.runs)


if __name__ == "__main__":
    main()
