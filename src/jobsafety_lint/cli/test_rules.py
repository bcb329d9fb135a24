"""`jobsafety-lint test-rules`: tests a folder of own rules by the blocks of their pages."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from jobsafety_lint import own_rules, registry
from jobsafety_lint.config import ConfigError


@click.command(name="test-rules")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def test_rules(folder: Path) -> None:
    """Test the rules of DIR by the fenced blocks of their pages. Exits with 1 if one does not hold."""
    from jobsafety_lint import testing  # the engine: only here

    rules = [loaded.rule for loaded in own_rules.load_folder(folder)]
    registry.use([folder])
    registry.all_rules()  # says what clashes
    failed = 0
    for rule in rules:
        for problem in testing.page_problems(rule, folder):
            failed += 1
            click.echo(problem)
    try:
        blocks = testing.blocks(folder)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    for block in blocks:
        with tempfile.TemporaryDirectory() as scratch:
            for problem in testing.problems(block, Path(scratch), rules_dirs=[folder]):
                failed += 1
                click.echo(f"{block.page}:{block.line}: {problem}")
    counted = f"{len(rules)} rule{'s' * (len(rules) != 1)}, {len(blocks)} block{'s' * (len(blocks) != 1)}"
    click.echo(f"{counted}: {f'{failed} problem' + 's' * (failed != 1) if failed else 'all hold'}.")
    if failed or not rules:
        click.get_current_context().exit(1)
