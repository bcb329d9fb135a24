"""`jobsafety-lint server`: findings in an editor, by the Language Server Protocol."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from jobsafety_lint import registry
from jobsafety_lint.cli.options import rules_dir_option
from jobsafety_lint.config import UsageError


@click.command()
@rules_dir_option
@click.option("--verbose", "-v", is_flag=True, help="Log what goes on, to stderr.")
def server(*, rules_dirs: tuple[Path, ...], verbose: bool) -> None:
    """Show findings in an editor (Language Server Protocol over stdin and stdout); see docs/editors.md."""
    try:
        import pygls  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            f"server: {error.name} is not installed; install it with `pip install 'jobsafety-lint[server]'`"
        ) from None
    from jobsafety_lint.server.app import create

    registry.use(rules_dirs)
    registry.catalogue()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if verbose else logging.ERROR)
    stdout = sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing but messages may reach the editor
    create(rules_dirs).start_io(stdout=stdout)
