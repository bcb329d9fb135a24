"""The command line: one module a command. A module is imported only when its command is called."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import click

from jobsafety_lint import __version__
from jobsafety_lint.config import ConfigError, UsageError, nearest

_COMMANDS = {
    "clean": ("caching", "clean", "Delete the caches."),
    "baseline": ("baseline", "baseline", "Write down what is found now, to report only what is new."),
    "check": ("check", "check", "Check files and folders."),
    "config": ("configuration", "config_group", "Show what is configured."),
    "map": ("map", "map_command", "Show jobs, and the files that they share."),
    "rule": ("rule", "rule", "Show a rule's page, or list all rules."),
    "server": ("server", "server", "Show findings in an editor (LSP)."),
    "test-rules": ("test_rules", "test_rules", "Test a folder of own rules by their pages."),
}
"""Command -> its module here, the name in it, and one line of help."""


class _Group(click.Group):
    """Imports commands when they are called, and turns our own errors into exit status 2 with one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name, _ = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"{__name__}.{module}"), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in _COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        meant = f"check {name}" if Path(name).exists() else nearest(name, _COMMANDS)
        hint = (
            f"did you mean `jobsafety-lint {meant}`?"
            if meant
            else f"commands: {', '.join(sorted(_COMMANDS))}"
        )
        raise UsageError(f"there is no command `{name}`; {hint}")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, _, help_) in sorted(_COMMANDS.items())])

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
