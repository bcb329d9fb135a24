"""`jobsafety-lint baseline`: what is found now is written down, so that `check --baseline` reports only what is new."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from jobsafety_lint import baseline as baselines
from jobsafety_lint.cli.options import (
    configuration_options,
    file_options,
    run_options_of,
    running_options,
    selecting_options,
    workspace_of,
)
from jobsafety_lint.cli.progress import progress
from jobsafety_lint.config import UsageError
from jobsafety_lint.model import Accepted


@click.command()
@click.argument("paths", nargs=-1)
@selecting_options
@file_options
@configuration_options
@running_options
@click.option(
    "--output", default=baselines.DEFAULT_NAME, show_default=True, metavar="FILE", help="The file to write."
)
@click.option("--prune", is_flag=True, help="Only take out what is not found any more; add nothing.")
@click.pass_context
def baseline(ctx: click.Context, /, paths: tuple[str, ...], output: str, prune: bool, **given: Any) -> None:
    """Write down what is found now (default: in the current folder), so that `check --baseline` reports what is new.

    Where the file is there already, entries of files and rules that this run does not look at stay.
    """
    from jobsafety_lint import engine

    file = Path(output)
    if prune and not file.exists():
        raise UsageError(f"--prune: there is no {file}; write it with `jobsafety-lint baseline` first")
    known = baselines.load(file, "--output") if file.exists() else ()
    tasks, _ = workspace_of(given).tasks(paths or (".",))
    options = replace(run_options_of(given), baseline=known)
    with progress(len(tasks)) as told:
        found = engine.run(tasks, options, told)
    for crash in found.crashes:
        click.echo(f"internal error in {crash.code} at {crash.path}:\n{crash.traceback}", err=True)
    if found.crashes:
        click.echo(f"{file}: not written, for the run was not complete", err=True)
        ctx.exit(3)
    matched = found.baseline
    new = () if prune else baselines.of_findings(found.findings)
    others = [e for e in matched.not_looked_for if not _is_gone(e, paths or (".",))]
    entries = [*matched.accepted, *new, *others]
    if set(entries) != set(known) or not file.exists():
        baselines.save(file, entries)
    removed = len(set(known)) - len(matched.accepted) - len(others)
    click.echo(
        f"{file}: {len(entries)} finding{'' if len(entries) == 1 else 's'} ({len(new)} new, {removed} taken out)"
    )


def _is_gone(entry: Accepted, paths: Sequence[str]) -> bool:
    """Whether the file of an entry that nothing matches was in one of the checked folders and is not there any more."""
    path = Path(entry.path)
    folders = {Path(os.path.abspath(folder)) for folder in paths}
    return not path.exists() and any(folder in path.parents for folder in folders)
