"""Applies all fixes to copies of real trees and checks that nothing is broken: `bench/fixes.py [--unsafe | --suppress] --into DIR TREE…`.

For every tree: a copy with a git history of its own, one run of `check --fix` (or `--add-suppressions`), then
- every changed file still parses in its own format (`ast`, `bash -n` where it could before, TOML, YAML),
- the patch that `--diff` had printed makes the very same change (`git apply`),
- a second run changes nothing, and no finding with an applicable fix is left,
- encodings, line endings and modes are what they were.
The change of each tree is left in `DIR/NAME.patch` to be read. Exit status 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def run(folder: Path, *words: str, statuses: tuple[int, ...] = (0,)) -> bytes:
    """What a program prints.

    Raises:
        RuntimeError: it ends with another status.
    """
    done = subprocess.run(words, cwd=folder, capture_output=True, check=False)
    if done.returncode not in statuses:
        raise RuntimeError(f"{' '.join(words[:4])}: exit {done.returncode}: {done.stderr.decode()[-400:]}")
    return done.stdout


def git(folder: Path, *words: str) -> bytes:
    """What git prints, whatever its user has configured."""
    options = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "core.autocrlf=false")
    return run(folder, "git", *options, "-c", "commit.gpgSign=false", "-c", "core.quotePath=false", *words)


def linter(folder: Path, *words: str) -> bytes:
    """What the linter prints."""
    return run(folder, sys.executable, "-m", "jobsafety_lint", "check", "--isolated", *words, statuses=(0, 1))


def problem(name: str, data: bytes) -> str | None:
    """Why a file does not parse in its own format; None if it does, or nobody can say."""
    try:
        if name.endswith(".py"):
            ast.parse(data)
        elif name.endswith(".toml"):
            tomllib.loads(data.decode())
        elif name.endswith((".yml", ".yaml")):
            list(yaml.compose_all(data.decode(), Loader=yaml.SafeLoader))
        elif name.endswith((".sh", ".bash")) or data.startswith((b"#!/bin/bash", b"#!/usr/bin/env bash")):
            done = subprocess.run(["bash", "-n"], input=data, capture_output=True, check=False)
            return done.stderr.decode(errors="replace")[:200] if done.returncode else None
    except (SyntaxError, ValueError, yaml.YAMLError) as error:
        return str(error)
    return None


def try_tree(tree: Path, into: Path, action: tuple[str, ...]) -> tuple[Counter[str], list[str]]:
    """How many findings of which rule were dealt with in a copy of a tree, and what is wrong."""
    copy = into / tree.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(tree, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    git(copy, "init", "-q")
    git(copy, "add", "-A", "-f")
    git(copy, "commit", "-q", "-m", "before", "--allow-empty")
    wrong: list[str] = []
    found = findings(copy, action)
    patch = linter(copy, "--diff", *action, ".")
    if git(copy, "status", "--porcelain"):
        wrong.append("--diff has changed files")
    linter(copy, *action, ".")
    wrong += [f"{f['path']}:{f['line']}: {f['code']} is still there" for f in findings(copy, action)]
    change = git(copy, "diff")
    (into / f"{tree.name}.patch").write_bytes(change)
    for name in filter(None, git(copy, "diff", "--name-only", "-z").decode().split("\0")):
        wrong += [f"{name}: {text}" for text in judge(tree / name, copy / name)]
    linter(copy, *action, ".")
    if git(copy, "diff") != change:
        wrong.append("a second run changes something")
    git(copy, "stash", "-q")
    if patch:
        (into / "applied.patch").write_bytes(patch)
        git(copy, "apply", str((into / "applied.patch").resolve()))
        if git(copy, "diff") != change:
            wrong.append("the patch of --diff makes another change")
    return Counter(
        f"{f['code']}{' (unsafe)' if f['fix'] and not f['fix']['safe'] else ''}" for f in found
    ), wrong


def findings(copy: Path, action: tuple[str, ...]) -> list[dict[str, Any]]:
    """The findings that an action deals with."""
    found: list[dict[str, Any]] = json.loads(linter(copy, "--output-format", "json", "."))["findings"]
    if "--fix" not in action:
        return found
    return [f for f in found if f["fix"] and (f["fix"]["safe"] or "--unsafe-fixes" in action)]


def judge(before: Path, after: Path) -> list[str]:
    """What is wrong with a changed file."""
    old, new = before.read_bytes(), after.read_bytes()
    wrong = []
    now = problem(before.name, new)
    if now is not None and problem(before.name, old) is None:
        wrong.append(f"does not parse any more: {now}")
    if before.stat().st_mode != after.stat().st_mode:
        wrong.append("has another mode")
    bare_old, bare_new = (len(re.findall(rb"(?<!\r)\n", data)) for data in (old, new))
    if (b"\r\n" in old and bare_new > bare_old) or (b"\r\n" in new and b"\r\n" not in old):
        wrong.append("has other line endings")
    if old.endswith(b"\n") != new.endswith(b"\n"):
        wrong.append("ends in another way")
    return wrong


def main() -> int:
    """Tries every tree and says what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--into", type=Path, required=True, help="the folder for copies and patches")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--unsafe", action="store_true", help="apply the unsafe fixes too")
    which.add_argument("--suppress", action="store_true", help="write suppression comments instead")
    given = parser.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    action = ("--add-suppressions",) if given.suppress else ("--fix", *["--unsafe-fixes"][: given.unsafe])
    total: Counter[str] = Counter()
    bad = 0
    for tree in given.trees:
        counts, wrong = try_tree(tree.resolve(), given.into, action)
        total += counts
        bad += len(wrong)
        print(f"{tree.name}: {sum(counts.values())} findings", *(f"\n  {text}" for text in wrong), flush=True)
    print(
        "total:", ", ".join(f"{code} {count}" for code, count in sorted(total.items())), f"; {bad} problems"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
