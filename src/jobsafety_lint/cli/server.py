"""`jobsafety-lint server`: findings in an editor, by the Language Server Protocol."""

from __future__ import annotations

import logging
import sys

import click

from jobsafety_lint.config import UsageError


@click.command()
@click.option("--verbose", "-v", is_flag=True, help="Log what goes on, to stderr.")
def server(*, verbose: bool) -> None:
    """Show findings in an editor (Language Server Protocol over stdin and stdout); see docs/editors.md."""
    try:
        import pygls  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError(
            f"server: {error.name} is not installed; install it with `pip install 'jobsafety-lint[server]'`"
        ) from None
    from jobsafety_lint.server.app import create

    logging.basicConfig(stream=sys.stderr, level=logging.INFO if verbose else logging.ERROR)
    stdout = sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing but messages may reach the editor
    create().start_io(stdout=stdout)
