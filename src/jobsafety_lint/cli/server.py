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
        from jobsafety_lint.server.app import create
    except ImportError as error:  # not there, or of an older version
        if (error.name or "").partition(".")[0] not in {"pygls", "lsprotocol"}:
            raise
        raise UsageError(
            "server: it needs pygls 2 or newer; install it with `pip install 'jobsafety-lint[server]'`"
        ) from None
    registry.use(rules_dirs)
    registry.catalogue()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if verbose else logging.ERROR)
    stdout = sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing but messages may reach the editor
    create(rules_dirs).start_io(stdout=stdout)
