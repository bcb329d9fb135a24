"""`--output-format`: which formats are asked for, where each of them goes, and writing them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from jobsafety_lint import atomic, config, report
from jobsafety_lint.config import UsageError
from jobsafety_lint.model import Report
from jobsafety_lint.report import RenderOptions

_NARROWEST = 60
"""Below this many columns the terminal itself breaks the lines."""


@dataclass(frozen=True)
class Output:
    """A format, and the file that it goes to; None for stdout."""

    format: str
    file: Path | None = None


def outputs_of(given: Sequence[str]) -> list[Output]:
    """The outputs of the options as given (`sarif:report.sarif`); inside GitHub Actions `github` besides the default one.

    Raises:
        UsageError: there is no such format, its file cannot be made, or two outputs go to one place.
    """
    outputs = [_output(text) for text in given or ["full"]]
    if sum(output.file is None for output in outputs) > 1:
        raise UsageError(
            "--output-format: at most one format can go to stdout; write FORMAT:FILE for the others"
        )
    files = [output.file.absolute() for output in outputs if output.file is not None]
    for file in files:
        if files.count(file) > 1:
            raise UsageError(f"--output-format: two formats go to {file}; name a file for each")
    if not given and os.environ.get("GITHUB_ACTIONS") == "true":
        outputs.append(Output("github"))
    return outputs


def _output(text: str) -> Output:
    name, colon, file = text.partition(":")
    if name not in report.FORMATS:
        close = config.nearest(name, report.FORMATS)
        hint = f"; did you mean `{close}`?" if close else ""
        raise UsageError(f"--output-format: there is no format `{name}` ({', '.join(report.FORMATS)}){hint}")
    if not colon or file == "-":
        return Output(name)
    if not file:
        raise UsageError(
            f"--output-format {text}: name a file behind the colon, or leave the colon out for stdout"
        )
    path = Path(file)
    if path.is_dir():
        raise UsageError(f"--output-format {text}: {file} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"--output-format {text}: there is no folder {path.parent}; make it first")
    return Output(name, path)


def write(found: Report, outputs: Sequence[Output], options: RenderOptions, *, colored: bool) -> None:
    """Renders every output and writes it; only what goes to stdout is coloured, and only if `colored`.

    Raises:
        UsageError: a file cannot be written.
    """
    for output in outputs:
        color = colored and output.file is None
        width = _width() if output.file is None else None
        told = replace(options, color=color, width=width)
        text = report.renderer(output.format)(found, told)
        if output.file is None:
            click.echo(text, nl=False, color=color)
            continue
        try:
            atomic.write_text(output.file, text)
        except OSError as error:
            raise UsageError(
                f"--output-format {output.format}:{output.file}: it cannot be written: {error.strerror or error}"
            ) from error


def _width() -> int | None:
    """The columns of the terminal that stdout is; None if it is none. (`COLUMNS` alone proves no terminal: readline sets it.)"""
    return max(shutil.get_terminal_size().columns, _NARROWEST) if sys.stdout.isatty() else None
