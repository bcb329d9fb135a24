"""The command as a process: `jobsafety-lint` and `python -m jobsafety_lint`."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from jobsafety_lint.cli import main


def run() -> NoReturn:
    """Runs the command and ends the process at once: to take thousands of trees apart one by one, only for the memory to be
    given back all the same, costs a sixth of a long run (mypy ends likewise, `mypy.util.hard_exit`).
    """
    try:
        status = _status_of_main()
        sys.stdout.flush()
    except OSError as error:
        what = f"{error.filename}: " if error.filename is not None else "the output cannot be written: "
        click.echo(f"jobsafety-lint: {what}{error.strerror or error}", err=True)
        status = 3
    os._exit(status)


def _status_of_main() -> int:
    try:
        main()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    return 0


if __name__ == "__main__":
    run()
