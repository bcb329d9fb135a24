"""The command line."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jobsafety_lint import __version__, config, discover, fix, registry, report
from jobsafety_lint.config import ConfigError, Resolver, UsageError
from jobsafety_lint.discover import Discovered, Discovery
from jobsafety_lint.model import Note, Report, Severity
from jobsafety_lint.rule import Rule

if TYPE_CHECKING:
    from jobsafety_lint import engine  # the readers and meanings: only where files are checked

_ROUNDS = 10
_PATIENCE = 1.5
"""Seconds after which a progress bar appears on a terminal."""

_SEVERITIES = click.Choice([severity.value for severity in (Severity.INFO, Severity.WARNING, Severity.ERROR)])


class _Group(click.Group):
    """Turns our own errors into exit status 2 with one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (ConfigError, UsageError) as error:
            click.echo(f"jobsafety-lint: {error}", err=True)
            ctx.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jobsafety-lint")
def main() -> None:
    """Finds what goes wrong when two jobs run at once."""


def _selectors(text: tuple[str, ...]) -> list[str]:
    return [part.strip() for value in text for part in value.split(",") if part.strip()]


@main.command()
@click.argument("paths", nargs=-1)
@click.option("--select", multiple=True, help="Rules that run: codes, names, families such as JOB3, or ALL.")
@click.option("--extend-select", multiple=True, help="Rules that run besides the selected ones.")
@click.option("--ignore", multiple=True, help="Rules that do not run.")
@click.option("--exclude", multiple=True, help="Globs of paths to leave out, in place of the defaults.")
@click.option("--extend-exclude", multiple=True, help="Globs of paths to leave out, besides the defaults.")
@click.option("--force-exclude", is_flag=True, help="Exclude also what is named on the command line.")
@click.option("--no-respect-gitignore", is_flag=True, help="Look also at what git ignores.")
@click.option("--pedantic", is_flag=True, help="Show findings of low confidence too.")
@click.option(
    "--min-severity", type=_SEVERITIES, default="info", show_default=True, help="Hide findings below."
)
@click.option(
    "--fail-on", type=_SEVERITIES, default="warning", show_default=True, help="Exit 1 from this severity on."
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 even with findings.")
@click.option("--fix", "do_fix", is_flag=True, help="Apply the safe fixes.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: the unsafe ones too.")
@click.option("--diff", "show_diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option(
    "--output-format",
    "formats",
    multiple=True,
    metavar="FORMAT[:FILE]",
    help=f"One of {', '.join(report.FORMATS)}.",
)
@click.option("--config", "configs", multiple=True, help="A configuration file, or `key = value`.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache (there is none yet).")
@click.option("--jobs", type=click.IntRange(min=0), default=0, help="Processes (default: one a core).")
@click.option("--stdin-filename", help="The name of the text on stdin, with `-` as the path.")
@click.option("--show-files", is_flag=True, help="List the files that would be looked at, with their kinds.")
@click.option("--statistics", is_flag=True, help="Count the findings of each rule in place of listing them.")
@click.option("--verbose", "-v", is_flag=True, help="Say also what was not read.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings only.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.pass_context
def check(ctx: click.Context, /, paths: tuple[str, ...], **given: Any) -> None:
    """Check files and folders (default: the current folder)."""
    from jobsafety_lint import engine

    known = registry.catalogue()
    cli: dict[str, list[str]] = {}
    for option in ("select", "extend_select", "ignore"):
        cli[option.replace("_", "-")] = _selectors(given[option])
        config.check_selectors(cli[option.replace("_", "-")], known, f"--{option.replace('_', '-')}")
    outputs = _outputs(given["formats"])
    resolver = Resolver.from_options(given["configs"], isolated=given["isolated"])
    options = engine.Options(cli, given["pedantic"], Severity(given["min_severity"]), given["jobs"])
    tasks, notes = _tasks(paths, given, resolver)
    if given["show_files"]:
        for task in (task for task in tasks if task.given):
            click.echo(
                f"{task.item.shown}  ({task.item.kind}{', ' + task.item.dialect if task.item.dialect else ''})"
            )
        return
    if not tasks and not notes:
        click.echo("warning: nothing to check here", err=True)
    with _progress(len(tasks)) as progress:
        found = engine.run(tasks, options, progress)
    texts: dict[str, str] = {}
    if given["do_fix"] or given["show_diff"]:
        found = _fixed(tasks, options, found, given, texts)
    found = replace(found, notes=(*notes, *found.notes))
    _print(found, tasks, outputs, given, texts)
    ctx.exit(_status(found, given))


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
    paths: Sequence[str], given: dict[str, Any], resolver: Resolver
) -> tuple[list[engine.Task], tuple[Note, ...]]:
    from jobsafety_lint import engine

    if tuple(paths) == ("-",):
        name = given["stdin_filename"]
        if not name:
            raise UsageError(
                "-: give the text a name with `--stdin-filename NAME`, so that its kind is known"
            )
        path = Path(os.path.abspath(name))
        data = sys.stdin.buffer.read()
        kind = (
            discover.kind_of(path, name) or ("shell", "sh")
            if data.startswith(b"#!")
            else discover.kind_of(path, name)
        )
        if kind is None:
            return [], (Note(name, "passed over: not a kind of file that is checked"),)
        item = Discovered(path, discover.shown_path(path), *kind)
        task = engine.Task(item, resolver.for_folder(path.parent), data)
        return [task, *_rest_of_project([task], resolver, given)], ()
    files = discover.Options(
        _selectors(given["exclude"]),
        _selectors(given["extend_exclude"]),
        given["force_exclude"],
        not given["no_respect_gitignore"],
    )
    discovery = Discovery(resolver, files)
    items = discovery.find([Path(path) for path in paths or (".",)])
    tasks = [engine.Task(item, resolver.for_folder(item.path.parent)) for item in items]
    return [*tasks, *_rest_of_project(tasks, resolver, given)], tuple(discovery.notes)


def _rest_of_project(
    tasks: Sequence[engine.Task], resolver: Resolver, given: dict[str, Any]
) -> list[engine.Task]:
    """The other files of the projects that the given files belong to: their facts count, nothing is reported there."""
    from jobsafety_lint import engine

    roots = {config.project_root(task.item.path.parent, task.settings) for task in tasks}
    known = {task.item.path for task in tasks}
    files = discover.Options(respect_gitignore=not given["no_respect_gitignore"])
    rest: dict[Path, engine.Task] = {}
    for root in sorted(roots):
        if root in {Path.home(), Path(root.anchor)} or not any(root in path.parents for path in known):
            continue
        for item in Discovery(resolver, files).find([root]):
            if item.path not in known:
                settings = resolver.for_folder(item.path.parent)
                rest[item.path] = engine.Task(item, settings, given=False)
    return list(rest.values())


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None] | None]:
    """A progress bar on a terminal, once the run takes long enough."""
    if not sys.stderr.isatty():
        yield None
        return
    started = time.monotonic()
    bar: Any = None
    task: Any = None

    def tell(done: int) -> None:
        nonlocal bar, task
        if bar is None:
            if time.monotonic() - started < _PATIENCE:
                return
            from rich.console import Console  # only for runs that take long
            from rich.progress import Progress

            bar = Progress(console=Console(stderr=True), transient=True)
            task = bar.add_task("Checking", total=total)
            bar.start()
        bar.update(task, completed=done)

    try:
        yield tell
    finally:
        if bar is not None:
            bar.stop()


def _fixed(
    tasks: list[engine.Task],
    options: engine.Options,
    found: Report,
    given: dict[str, Any],
    texts: dict[str, str],
) -> Report:
    """Applies fixes until nothing changes any more; `texts` gets what a file has become if it is not written."""
    from jobsafety_lint import engine

    by_path = {task.item.shown: at for at, task in enumerate(tasks)}
    originals: dict[str, str] = {}
    total = 0
    for _ in range(_ROUNDS):
        changed: list[int] = []
        for path in sorted({finding.location.path for finding in found.findings}):
            mine = [f for f in found.findings if f.location.path == path]
            fixes = fix.wanted(mine, unsafe=given["unsafe_fixes"])
            at = by_path.get(path)
            if not fixes or at is None:
                continue
            task = tasks[at]
            file = _source_of(task)
            if file is None:
                continue
            text, count = fix.apply(file, fixes)
            if text == file.text or (task.item.kind == "python" and fix.breaks_python(file.text, text)):
                continue
            originals.setdefault(path, file.text)
            total += count
            changed.append(at)
            if given["show_diff"] or task.data is not None:
                texts[path] = text
                tasks[at] = replace(task, data=text.replace("\n", file.newline).encode(file.encoding))
            else:
                fix.write(file, text)
        if not changed:
            break
        again = engine.run(tasks, options)
        found = replace(again, summary=again.summary)
    if given["show_diff"]:
        for path, before in sorted(originals.items()):
            click.echo(fix.diff(path, before, texts[path]), nl=False)
    return replace(found, summary=replace(found.summary, fixed=total))


def _source_of(task: engine.Task) -> Any:
    item = task.item
    if task.data is not None:
        source = discover.decode(task.data, item.path, item.shown)
    else:
        source = discover.read(item.path, item.shown, task.settings.max_file_size)
    return None if isinstance(source, discover.Skipped) else source


def _print(
    found: Report,
    tasks: Sequence[engine.Task],
    outputs: Sequence[tuple[str, str | None]],
    given: dict[str, Any],
    texts: dict[str, str],
) -> None:
    for note in found.notes:
        if given["verbose"] or (note.message.startswith("passed over") and not given["quiet"]):
            click.echo(f"note: {note.path}: {note.message}", err=True)
    for crash in found.crashes:
        click.echo(
            f"internal error in {crash.code} at {crash.path}; please report it:\n{crash.traceback}", err=True
        )
    if given["show_diff"]:
        return
    by_path = {task.item.shown: task for task in tasks}

    def text_of(path: str) -> str | None:
        if path in texts:
            return texts[path]
        source = _source_of(by_path[path]) if path in by_path else None
        return source.text if source is not None else None

    if given["do_fix"] and any(task.data is not None for task in tasks):
        source = _source_of(tasks[0])
        click.echo(source.text if source is not None else "", nl=False)
        return
    if given["statistics"]:
        _statistics(found)
        return
    for name, file in outputs:
        to_terminal = file is None
        options = report.RenderOptions(
            text_of, Path.cwd(), to_terminal and _colored(given["color"]), __version__
        )
        shown = replace(found, summary=found.summary)
        text = report.renderer(name)(shown, options)
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


def _status(found: Report, given: dict[str, Any]) -> int:
    if found.crashes:
        return 3
    if given["exit_zero"]:
        return 0
    if given["show_diff"]:
        return 1 if found.summary.fixed else 0
    limit = Severity(given["fail_on"]).rank
    return 1 if any(finding.severity.rank >= limit for finding in found.findings) else 0


@main.command()
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="List all rules.")
@click.option("--output-format", "output", type=click.Choice(["text", "json"]), default="text")
def rule(name: str | None, every: bool, output: str) -> None:
    """Show a rule's page, or list all rules."""
    if not name and not every:
        raise UsageError("rule: name a rule, or give --all")
    if every:
        rules = registry.all_rules()
        if output == "json":
            click.echo(json.dumps([_rule_object(r) for r in rules], indent=2))
        else:
            for r in rules:
                click.echo(f"{r.code}  {r.name:32} {r.severity.value:8} {r.summary}")
        return
    found = registry.find(name or "")
    if found is None:
        config.check_selectors([name or ""], registry.catalogue(), "rule")
        raise UsageError(f"rule: `{name}` is no single rule; `jobsafety-lint rule --all` lists them")
    click.echo(
        json.dumps(_rule_object(found), indent=2) if output == "json" else registry.page(found),
        nl=output == "json",
    )


def _rule_object(r: Rule) -> dict[str, Any]:
    return {
        "code": r.code,
        "name": r.name,
        "summary": r.summary,
        "severity": r.severity.value,
        "confidence": r.confidence.value,
        "fix": r.fix,
        "references": list(r.references),
    }


@main.group(name="config")
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
