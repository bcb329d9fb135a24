"""`jobsafety-lint check`: the main command."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jobsafety_lint import __version__, config, report
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
from jobsafety_lint.cli.progress import progress
from jobsafety_lint.config import UsageError
from jobsafety_lint.model import Note, Report, Severity

if TYPE_CHECKING:
    from jobsafety_lint import engine  # the readers and meanings: only where files are checked
    from jobsafety_lint.fixing import Fixed
    from jobsafety_lint.workspace import Workspace


@click.command()
@click.argument("paths", nargs=-1)
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
    help=f"One of {', '.join(report.FORMATS)}.",
)
@click.option("--stdin-filename", help="The name of the text on stdin, with `-` as the path.")
@click.option("--show-files", is_flag=True, help="List the files that would be looked at, with their kinds.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule in place of listing them.")
@click.option("--verbose", "-v", is_flag=True, help="Say also what was not read.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings only.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.pass_context
def check(ctx: click.Context, /, paths: tuple[str, ...], **given: Any) -> None:
    """Check files and folders (default: the current folder)."""
    from jobsafety_lint import engine, fixing

    options = keeping_of(given, run_options_of(given))
    if given["reason"] and not given["add_suppressions"]:
        raise UsageError("--reason: it goes with `--add-suppressions`")
    outputs = _outputs(given["formats"])
    tasks, notes = _tasks(paths, given["stdin_filename"], workspace_of(given))
    if given["show_files"]:
        _show_files(tasks)
        return
    if not tasks and not notes:
        click.echo("warning: nothing to check here", err=True)
    with progress(len(tasks)) as told:
        found = engine.run(tasks, options, told)
    done = fixing.Fixed(found)
    if given["do_fix"] or (given["show_diff"] and not given["add_suppressions"]):
        write = not given["show_diff"]
        done = fixing.until_stable(tasks, options, found, unsafe=given["unsafe_fixes"], write=write)
    if given["add_suppressions"]:
        done = _add_suppressions(tasks, options, done, given)
    found = replace(done.report, notes=(*notes, *done.report.notes))
    _tell(found, given)
    if given["show_diff"]:
        _show_diff(done)
    elif (given["do_fix"] or given["add_suppressions"]) and tuple(paths) == ("-",):
        _show_text(tasks, done)
    elif given["statistics"]:
        _statistics(found)
    else:
        _print(found, tasks, outputs, given, done.after)
    ctx.exit(_status(found, given, changes=bool(done.changes)))


def _add_suppressions(
    tasks: Sequence[engine.Task], options: engine.Options, done: Fixed, given: Mapping[str, Any]
) -> Fixed:
    """Comments for what is left; what was fixed before stays fixed."""
    from jobsafety_lint import suppressing

    reason = " ".join(given["reason"].split())
    now = [
        replace(task, data=done.changes[task.item.shown].after)
        if task.item.shown in done.changes and (given["show_diff"] or task.data is not None)
        else task
        for task in tasks
    ]
    added = suppressing.add(now, options, done.report, reason=reason, write=not given["show_diff"])
    for finding in added.unreachable:
        at = finding.location
        click.echo(
            f"note: {at.path}:{at.line}: no comment can be put for {finding.name}; "
            "use a baseline, or `per-file-ignores` in the configuration",
            err=True,
        )
    if not given["quiet"]:
        count, files = added.silenced, len(added.fixed.changes)
        click.echo(
            f"{count} finding{'' if count == 1 else 's'} suppressed by comments in {files} file{'' if files == 1 else 's'}",
            err=True,
        )
    return added.fixed.after_those_of(done)


def _outputs(formats: Sequence[str]) -> list[tuple[str, str | None]]:
    outputs = []
    for text in formats or ["full"]:
        name, colon, file = text.partition(":")
        if name not in report.FORMATS:
            close = config.nearest(name, report.FORMATS)
            hint = f"; did you mean `{close}`?" if close else ""
            raise UsageError(
                f"--output-format: there is no format `{name}` ({', '.join(report.FORMATS)}){hint}"
            )
        outputs.append((name, file if colon else None))
    if sum(file is None for _, file in outputs) > 1:
        raise UsageError(
            "--output-format: at most one format can go to stdout; write FORMAT:FILE for the others"
        )
    if not formats and os.environ.get("GITHUB_ACTIONS") == "true":
        outputs.append(("github", "-"))
    return outputs


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


def _show_diff(done: Fixed) -> None:
    from jobsafety_lint import fix

    for path, change in sorted(done.changes.items()):
        click.echo(fix.patch(path, change.before, change.after), nl=False)


def _show_text(tasks: Sequence[engine.Task], done: Fixed) -> None:
    """The text of stdin, with its fixes."""
    if tasks:
        shown = tasks[0].item.shown
        click.echo(done.changes[shown].after if shown in done.changes else tasks[0].data, nl=False)


def _text_of(task: engine.Task) -> str | None:
    from jobsafety_lint.discover import Skipped
    from jobsafety_lint.engine.mapping import source_of

    source = source_of(task)
    return None if isinstance(source, Skipped) else source.text


def _tell(found: Report, given: Mapping[str, Any]) -> None:
    """What is no finding, on stderr."""
    for note in found.notes:
        if given["verbose"] or (note.message.startswith("passed over") and not given["quiet"]):
            click.echo(f"note: {note.path}: {note.message}", err=True)
    if found.baseline.stale and not found.crashes and not given["quiet"]:
        click.echo(stale_warning(found, given["baseline"]), err=True)
    for crash in found.crashes:
        click.echo(
            f"internal error in {crash.code} at {crash.path}; please report it:\n{crash.traceback}", err=True
        )


def _print(
    found: Report,
    tasks: Sequence[engine.Task],
    outputs: Sequence[tuple[str, str | None]],
    given: Mapping[str, Any],
    fixed: Mapping[str, str],
) -> None:
    by_path = {task.item.shown: task for task in tasks}

    def text_of(path: str) -> str | None:
        return fixed[path] if path in fixed else _text_of(by_path[path]) if path in by_path else None

    for name, file in outputs:
        colored = file is None and _colored(given["color"])
        options = report.RenderOptions(text_of, Path.cwd(), colored, __version__)
        text = report.renderer(name)(found, options)
        if file is None or file == "-":
            click.echo(text, nl=False, color=options.color)
        else:
            Path(file).write_text(text, encoding="utf-8")


def _colored(choice: str) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def _statistics(found: Report) -> None:
    counts: dict[tuple[str, str], int] = {}
    for finding in found.findings:
        counts[finding.code, finding.name] = counts.get((finding.code, finding.name), 0) + 1
    for (code, name), count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])):
        click.echo(f"{count:6}  {code}  {name}")


def _status(found: Report, given: dict[str, Any], *, changes: bool) -> int:
    if found.crashes:
        return 3
    if given["exit_zero"]:
        return 0
    if given["show_diff"]:
        return 1 if changes else 0
    limit = Severity(given["fail_on"]).rank
    return 1 if any(finding.severity.rank >= limit for finding in found.findings) else 0
