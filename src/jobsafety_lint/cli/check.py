"""`jobsafety-lint check`: the main command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jobsafety_lint import __version__, report
from jobsafety_lint.cli import completion
from jobsafety_lint.cli.caching import memory_of
from jobsafety_lint.cli.options import (
    SEVERITIES,
    configuration_options,
    file_options,
    keeping_of,
    keeping_options,
    run_options_of,
    running_options,
    selecting_options,
    stale_warning,
    workspace_of,
)
from jobsafety_lint.cli.outputs import outputs_of
from jobsafety_lint.cli.outputs import write as write_outputs
from jobsafety_lint.cli.progress import progress
from jobsafety_lint.config import UsageError
from jobsafety_lint.model import Note, Report, Severity
from jobsafety_lint.report import RenderOptions

if TYPE_CHECKING:
    from jobsafety_lint import engine  # the readers and meanings: only where files are checked
    from jobsafety_lint.fixing import Fixed
    from jobsafety_lint.workspace import Workspace


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@selecting_options
@file_options
@configuration_options
@running_options
@click.option(
    "--fail-on", type=SEVERITIES, default="warning", show_default=True, help="Exit 1 from this severity on."
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 even with findings.")
@click.option("--fix", "do_fix", is_flag=True, help="Apply the safe fixes.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: the unsafe ones too.")
@click.option("--diff", "show_diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option(
    "--add-suppressions", is_flag=True, help="Write a suppression comment for every finding that is shown."
)
@click.option("--reason", default="", metavar="TEXT", help="With --add-suppressions: why they are let be.")
@keeping_options
@click.option(
    "--output-format",
    "formats",
    multiple=True,
    metavar="FORMAT[:FILE]",
    shell_complete=completion.formats,
    help=f"One of {', '.join(report.FORMATS)}.",
)
@click.option("--stdin-filename", help="The name of the text on stdin, with `-` as the path.")
@click.option("--show-files", is_flag=True, help="List the files that would be looked at, with their kinds.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule in place of listing them.")
@click.option("--verbose", "-v", is_flag=True, help="Say also what was not read.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings and nothing else.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.pass_context
def check(ctx: click.Context, /, paths: tuple[str, ...], **given: Any) -> None:
    """Check files and folders (default: the current folder)."""
    from jobsafety_lint import engine

    options = keeping_of(given, run_options_of(given))
    if given["reason"] and not given["add_suppressions"]:
        raise UsageError("--reason: it goes with `--add-suppressions`")
    outputs = outputs_of(given["formats"])
    workspace = workspace_of(given)
    tasks, notes = _tasks(paths, given["stdin_filename"], workspace)
    if given["show_files"]:
        _show_files(tasks)
        return
    if not tasks and not notes:
        click.echo("warning: nothing to check here", err=True)
    changing = given["do_fix"] or given["show_diff"] or given["add_suppressions"]
    done: Fixed | None = None
    with memory_of(given, workspace.resolver) as memory:
        with progress(len(tasks)) as told:
            found = engine.run(tasks, options, told, memory)
        if changing and found.findings:
            from jobsafety_lint.cli.changing import changed

            done = changed(tasks, options, found, given, memory)
            found = done.report
    found = replace(found, notes=(*notes, *found.notes))
    _tell(found, given)
    if given["show_diff"]:
        if done is not None:
            from jobsafety_lint.cli.changing import show_diff

            show_diff(done)
    elif (given["do_fix"] or given["add_suppressions"]) and tuple(paths) == ("-",):
        _show_text(tasks, done)
    else:
        text_of = _text_finder(tasks, done.after if done is not None else {})
        rendering = RenderOptions(
            text_of, Path.cwd(), version=__version__, statistics=given["statistics"], quiet=given["quiet"]
        )
        write_outputs(found, outputs, rendering, colored=_colored(given["color"]))
    ctx.exit(_status(found, given, changes=done is not None and bool(done.changes)))


def _tasks(
    paths: Sequence[str], stdin_filename: str | None, workspace: Workspace
) -> tuple[list[engine.Task], tuple[Note, ...]]:
    if tuple(paths) != ("-",):
        return workspace.tasks(paths or (".",))
    if not stdin_filename:
        raise UsageError("-: give the text a name with `--stdin-filename NAME`, so that its kind is known")
    return workspace.text_task(stdin_filename, sys.stdin.buffer.read())


def _show_files(tasks: Sequence[engine.Task]) -> None:
    for item in (task.item for task in tasks if task.given):
        click.echo(f"{item.shown}  ({item.kind}{', ' + item.dialect if item.dialect else ''})")


def _show_text(tasks: Sequence[engine.Task], done: Fixed | None) -> None:
    """The text of stdin, with its fixes."""
    if tasks:
        shown = tasks[0].item.shown
        changes = done.changes if done is not None else {}
        click.echo(changes[shown].after if shown in changes else tasks[0].data, nl=False)


def _text_of(task: engine.Task) -> str | None:
    from jobsafety_lint.discover import Skipped
    from jobsafety_lint.engine.sources import source_of

    source = source_of(task)
    return None if isinstance(source, Skipped) else source.text


_MOST_NOTES = 3
"""A commit hook names every file that has changed, whatever it is: more notes than these become one."""


def _tell(found: Report, given: Mapping[str, Any]) -> None:
    """What is no finding, on stderr."""
    passed_over = [note for note in found.notes if note.message.startswith("passed over")]
    if len(passed_over) > _MOST_NOTES and not given["verbose"] and not given["quiet"]:
        click.echo(f"note: {len(passed_over)} files were passed over (`--verbose` names them)", err=True)
        passed_over = []
    for note in found.notes:
        if given["verbose"] or (note in passed_over and not given["quiet"]):
            click.echo(f"note: {note.path}: {note.message}", err=True)
    if found.baseline.stale and not found.crashes and not given["quiet"]:
        click.echo(stale_warning(found, given["baseline"]), err=True)
    same: dict[tuple[str, str], list[str]] = {}
    for crash in found.crashes:
        same.setdefault((crash.code, crash.traceback), []).append(crash.path)
    for (code, traceback), (first, *rest) in same.items():
        also = f" and {len(rest)} more" if rest else ""
        click.echo(f"internal error in {code} at {first}{also}; please report it:\n{traceback}", err=True)


def _text_finder(tasks: Sequence[engine.Task], fixed: Mapping[str, str]) -> Callable[[str], str | None]:
    """Gives a file's text by its path as shown; None if it is gone."""
    by_path = {task.item.shown: task for task in tasks}

    def text_of(path: str) -> str | None:
        return fixed[path] if path in fixed else _text_of(by_path[path]) if path in by_path else None

    return text_of


def _colored(choice: str) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def _status(found: Report, given: dict[str, Any], *, changes: bool) -> int:
    if found.crashes:
        return 3
    if given["exit_zero"]:
        return 0
    if given["show_diff"]:
        return 1 if changes else 0
    limit = Severity(given["fail_on"]).rank
    return 1 if any(finding.severity.rank >= limit for finding in found.findings) else 0
