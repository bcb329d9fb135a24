"""The cache of a run, and `jobsafety-lint clean`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jobsafety_lint import config
from jobsafety_lint.cli.options import configuration_options, resolver_of
from jobsafety_lint.config import Resolver, UsageError

if TYPE_CHECKING:
    from jobsafety_lint.cache.memory import Memory


def folder_of(given: Mapping[str, Any], resolver: Resolver) -> Path:
    """The folder of the cache: of the command line, of the configuration, of the user.

    Raises:
        RuntimeError: there is none.
    """
    from jobsafety_lint.cache import place

    if given.get("cache_dir"):
        return Path(given["cache_dir"]).absolute()
    settings = resolver.for_folder(Path.cwd())
    if settings.get("cache-dir"):
        return settings.root / Path(settings.get("cache-dir")).expanduser()
    return place.default_folder()


@contextmanager
def memory_of(given: Mapping[str, Any], resolver: Resolver) -> Iterator[Memory | None]:
    """What the run remembers of earlier ones, written at its end; None with `--no-cache`, or where there is no place."""
    if given["no_cache"]:
        yield None
        return
    from jobsafety_lint.cache import place
    from jobsafety_lint.cache.memory import Memory
    from jobsafety_lint.cache.store import Store
    from jobsafety_lint.cache.tool import tool_digest

    try:
        folder = folder_of(given, resolver)
    except RuntimeError:
        yield None
        return
    here = Path.cwd()
    store = Store(place.file_for(folder, config.project_root(here, resolver.for_folder(here))))
    memory = Memory.of(store, tool_digest(given["rules_dirs"]))
    try:
        yield memory
        memory.save()
    finally:
        store.close()


@click.command()
@configuration_options
@click.option("--cache-dir", type=click.Path(), help="Where the cache is kept.")
def clean(**given: Any) -> None:
    """Delete the caches of all projects."""
    from jobsafety_lint.cache import place

    try:
        folder = folder_of(given, resolver_of(given))
    except RuntimeError as error:
        raise UsageError(f"clean: {error}") from error
    files = place.caches_in(folder)
    for path in files:
        path.unlink(missing_ok=True)
    click.echo(f"{len(files)} files deleted in {folder}")
