"""Options that several commands share, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jobsafety_lint import config, discover, registry
from jobsafety_lint.cli import completion
from jobsafety_lint.config import Resolver, UsageError
from jobsafety_lint.model import Report, Severity

if TYPE_CHECKING:
    from jobsafety_lint import engine  # the readers and meanings: only where files are checked
    from jobsafety_lint.workspace import Workspace

Command = TypeVar("Command", bound=Callable[..., Any])

SEVERITIES = click.Choice([severity.value for severity in (Severity.INFO, Severity.WARNING, Severity.ERROR)])

rules_dir_option = click.option(
    "--rules-dir",
    "rules_dirs",
    multiple=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    is_eager=True,
    help="A folder of own rules, besides those that come with the linter.",
)
"""Folders of own rules; see `own_rules`."""
_SELECTING = (
    click.option(
        "--select",
        multiple=True,
        shell_complete=completion.rules,
        help="Rules that run: codes, names, families such as JOB3, or ALL.",
    ),
    click.option(
        "--extend-select",
        multiple=True,
        shell_complete=completion.rules,
        help="Rules that run besides the selected ones.",
    ),
    click.option("--ignore", multiple=True, shell_complete=completion.rules, help="Rules that do not run."),
    rules_dir_option,
    click.option("--pedantic", is_flag=True, help="Show findings of low confidence too."),
    click.option(
        "--min-severity", type=SEVERITIES, default="info", show_default=True, help="Hide findings below."
    ),
)
_FILES = (
    click.option("--exclude", multiple=True, help="Globs of paths to leave out, in place of the defaults."),
    click.option(
        "--extend-exclude", multiple=True, help="Globs of paths to leave out, besides the defaults."
    ),
    click.option("--force-exclude", is_flag=True, help="Exclude also what is named on the command line."),
    click.option("--no-respect-gitignore", is_flag=True, help="Look also at what git ignores."),
)
_CONFIGURATION = (
    click.option(
        "--config",
        "configs",
        multiple=True,
        shell_complete=completion.configuration,
        help="A configuration file, or `key = value`.",
    ),
    click.option("--isolated", is_flag=True, help="Read no configuration file."),
)
_RUNNING = (
    click.option("--no-cache", is_flag=True, help="Neither read nor write the cache."),
    click.option(
        "--cache-dir", type=click.Path(), help="Where the cache is kept (default: the user's caches)."
    ),
    click.option("--jobs", type=click.IntRange(min=0), default=0, help="Processes (default: one a core)."),
)
_KEEPING = (
    click.option("--baseline", metavar="FILE", help="Report only what this file does not hold."),
    click.option(
        "--diff-base",
        metavar="REV",
        help="Report only what stands on lines that were changed since the merge base with REV.",
    ),
)


def _group(options: Sequence[Callable[[Command], Command]]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


selecting_options = _group(_SELECTING)
"""Which rules run and which of their findings count."""
file_options = _group(_FILES)
"""Which files are looked at."""
configuration_options = _group(_CONFIGURATION)
"""Which configuration counts."""
running_options = _group(_RUNNING)
"""How the run is made."""
keeping_options = _group(_KEEPING)
"""What counts as new."""


def words(text: Sequence[str]) -> list[str]:
    """The values of an option that may be repeated and may hold several, separated by commas."""
    return [part.strip() for value in text for part in value.split(",") if part.strip()]


def resolver_of(given: Mapping[str, Any]) -> Resolver:
    """Where settings come from.

    Raises:
        ConfigError: a configuration cannot be used.
    """
    return Resolver.from_options(given["configs"], isolated=given["isolated"])


def workspace_of(given: Mapping[str, Any]) -> Workspace:
    """The files and settings that the options speak of.

    Raises:
        ConfigError: a configuration cannot be used.
    """
    from jobsafety_lint.workspace import Workspace

    files = discover.Options(
        words(given["exclude"]),
        words(given["extend_exclude"]),
        given["force_exclude"],
        not given["no_respect_gitignore"],
    )
    return Workspace(resolver_of(given), files)


def run_options_of(given: Mapping[str, Any]) -> engine.Options:
    """What a run is asked for.

    Raises:
        UsageError: an option names a rule that does not exist.
        ConfigError: an own rule cannot be used.
    """
    from jobsafety_lint import engine

    registry.use(given["rules_dirs"])
    cli = {option: words(given[option.replace("-", "_")]) for option in ("select", "extend-select", "ignore")}
    if given["rules_dirs"] or any(cli.values()):  # only then must the rules be known already
        known = registry.catalogue()
        for option, selectors in cli.items():
            config.check_selectors(selectors, known, f"--{option}")
    severity = Severity(given["min_severity"])
    return engine.Options(cli, given["pedantic"], severity, given["jobs"], given["rules_dirs"])


def keeping_of(given: Mapping[str, Any], options: engine.Options) -> engine.Options:
    """The options of a run with what counts as new.

    Raises:
        UsageError: the baseline cannot be read, or the revision is empty.
    """
    from jobsafety_lint import baseline

    entries = baseline.load(Path(given["baseline"]), "--baseline") if given["baseline"] is not None else ()
    if given["diff_base"] == "":
        raise UsageError("--diff-base: name a branch, a tag or a commit")
    return replace(options, baseline=entries, diff_base=given["diff_base"] or "")


def stale_warning(found: Report, file: str) -> str:
    """What is said of entries of a baseline that match nothing any more."""
    count = len(found.baseline.stale)
    entries, match = ("entry", "matches") if count == 1 else ("entries", "match")
    return f"warning: {file}: {count} {entries} {match} nothing any more; `jobsafety-lint baseline --prune --output {file}` takes {'it' if count == 1 else 'them'} out"
