"""`jobsafety-lint config`: what is configured, and where it comes from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from jobsafety_lint import config
from jobsafety_lint.config import Resolver


@click.group(name="config")
def config_group() -> None:
    """Show what is configured."""


@config_group.command()
@click.argument("file", required=False)
@click.option("--config", "configs", multiple=True)
@click.option("--isolated", is_flag=True)
def show(file: str | None, configs: tuple[str, ...], isolated: bool) -> None:
    """Show the settings that count for FILE (default: the current folder), and where they come from."""
    path = Path(os.path.abspath(file or "."))
    settings = Resolver.from_options(configs, isolated=isolated).for_folder(
        path if path.is_dir() else path.parent
    )
    click.echo(
        f"# from {settings.source or 'the defaults'}; project root {config.project_root(path.parent if path.is_file() else path, settings)}"
    )
    for key in config.KEYS:
        value = settings.get(key.name)
        origin = "" if key.name in settings.values else "  # default"
        click.echo(f"{key.name} = {json.dumps(list(value) if isinstance(value, tuple) else value)}{origin}")
