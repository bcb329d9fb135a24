"""`jobsafety-lint map`: what the jobs of a project are, and which files they share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from jobsafety_lint.cli.caching import memory_of
from jobsafety_lint.cli.options import (
    configuration_options,
    file_options,
    run_options_of,
    running_options,
    selecting_options,
    workspace_of,
)
from jobsafety_lint.model import Location

if TYPE_CHECKING:
    from jobsafety_lint.project_map import Artifact, ProjectMap, Start, Sweep


@click.command("map")
@click.argument("paths", nargs=-1)
@selecting_options
@file_options
@configuration_options
@running_options
@click.option(
    "--output-format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def map_command(paths: tuple[str, ...], output: str, **given: Any) -> None:
    """Show which programs are started as jobs, what tells them apart, and which files they share.

    This is what the rules of the project (JOB201, JOB202, …) see: where a finding surprises, or is missing, look here.
    """
    from jobsafety_lint.project_map import maps_of

    workspace = workspace_of(given)
    tasks, _ = workspace.tasks(paths or (".",))
    with memory_of(given, workspace.resolver) as memory:
        found = maps_of(tasks, run_options_of(given), memory)
    if output == "json":
        click.echo(json.dumps({"version": 1, "projects": [_object(one) for one in found]}, indent=2))
        return
    for one in found:
        click.echo("\n".join(_lines(one)))


def _object(one: ProjectMap) -> dict[str, Any]:
    return {**asdict(one), "root": one.root.as_posix()}


def _lines(one: ProjectMap) -> Iterator[str]:
    yield f"project {one.root}"
    yield f"\nprograms that are started ({len(one.starts)})"
    yield from map(_start, one.starts)
    yield f"\nnames of files that are built ({len(one.artifacts)})"
    yield from map(_artifact, one.artifacts)
    yield f"\nglobs whose files are deleted, moved or merged ({len(one.sweeps)})"
    yield from map(_sweep, one.sweeps)


def _at(location: Location) -> str:
    return f"  {location.path}:{location.line}"


def _start(start: Start) -> str:
    said = [start.program]
    if start.starts and start.starts != (start.program,):
        said.append(f"-> {', '.join(start.starts)}")
    if start.varies:
        said.append("varies " + ", ".join(f"{name} (line {loop.line})" for name, loop in start.varies))
    if start.label is not None:
        said.append(f"label of {', '.join(start.label) or 'constants'}")
    if start.together:
        said.append("several at once")
    return f"{_at(start.location)}  {'  '.join(said)}"


def _artifact(artifact: Artifact) -> str:
    where = f"  in {artifact.function}()" if artifact.function else ""
    roles = f"  {', '.join(artifact.roles)}" if artifact.roles else ""
    return f"{_at(artifact.location)}  {artifact.template}{where}{roles}"


def _sweep(sweep: Sweep) -> str:
    takes = f"  takes {', '.join(sweep.takes)}" if sweep.takes else ""
    return f"{_at(sweep.location)}  {sweep.pattern}  {', '.join(sweep.does)}{takes}"
