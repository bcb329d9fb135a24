"""`jobsafety-lint config`: what is configured and where it comes from, and what may be configured."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jobsafety_lint import config
from jobsafety_lint.cli.options import configuration_options
from jobsafety_lint.config import Resolver, Settings, UsageError
from jobsafety_lint.config.kinds import shown, toml

if TYPE_CHECKING:
    from jobsafety_lint.config.origins import Entry


@click.group(name="config")
def config_group() -> None:
    """Show what is configured, and what may be."""


@config_group.command()
@click.argument("file", required=False, type=click.Path())
@configuration_options
@click.option("--output-format", "output", type=click.Choice(["text", "json"]), default="text")
def show(file: str | None, output: str, configs: tuple[str, ...], isolated: bool, **_: Any) -> None:
    """Show the settings that count for FILE (default: the current folder), and where each of them comes from."""
    from jobsafety_lint.config.origins import entries_of

    path = Path(os.path.abspath(file or "."))
    if not path.exists():
        raise UsageError(f"{file}: no such file or directory")
    folder = path if path.is_dir() else path.parent
    settings = Resolver.from_options(configs, isolated=isolated).for_folder(folder)
    project = config.project_root(folder, settings)
    entries = list(entries_of(settings))
    if output == "json":
        click.echo(json.dumps(_as_json(path, project, settings, entries), indent=2, ensure_ascii=False))
        return
    files = [layer.path for layer in settings.layers if layer.path is not None]
    click.echo(f"# for {path}")
    click.echo(f"# project: {project}")
    click.echo(f"# configuration: {', extends '.join(str(file) for file in files) or 'the defaults'}")
    defaults = {key.name: key.default_doc for key in config.KEYS}
    for entry in entries:
        known = defaults[entry.keys[0]]
        default = f"default: {known}" if known else "default"
        origin = default if entry.origin is None else entry.origin.shown()
        click.echo(f"{shown(entry.keys)} = {toml(entry.value)}  # {origin}")


@config_group.command()
@click.argument("which", type=click.Choice(["configuration", "report"]), default="configuration")
def schema(which: str) -> None:
    """Print the JSON schema of the configuration, or of a report (`--output-format json`)."""
    from jobsafety_lint.schemas import configuration_schema, report_schema

    if which == "report":
        click.echo(report_schema(), nl=False)
    else:
        click.echo(json.dumps(configuration_schema(), indent=2))


def _as_json(path: Path, project: Path, settings: Settings, entries: Sequence[Entry]) -> dict[str, Any]:
    return {
        "version": 1,
        "file": str(path),
        "project": str(project),
        "configuration": [str(layer.path) for layer in settings.layers if layer.path is not None],
        "values": {key.name: settings.get(key.name) for key in config.KEYS},
        "entries": [
            {
                "keys": list(entry.keys),
                "value": entry.value,
                "origin": "default"
                if entry.origin is None
                else "file"
                if entry.origin.file
                else "command line",
                "file": str(entry.origin.file) if entry.origin and entry.origin.file else None,
                "line": entry.origin.line if entry.origin else None,
            }
            for entry in entries
        ],
    }
