"""What an editor may ask for, and settings that never stop the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobsafety_lint import config, engine, registry
from jobsafety_lint.config import ConfigError, Resolver, Settings
from jobsafety_lint.model import Severity


@dataclass(frozen=True)
class EditorOptions:
    """The `initializationOptions`. `configuration` is a file that counts in place of those that would be found,
    `baseline` one with findings that pass.
    """

    run: engine.Options = field(default_factory=lambda: engine.Options(jobs=1))
    configuration: str | None = None
    baseline: str | None = None
    workspace_diagnostics: bool = True


_SELECTORS = {"select": "select", "extendSelect": "extend-select", "ignore": "ignore"}
_KEYS = (*_SELECTORS, "pedantic", "minSeverity", "configuration", "baseline", "workspaceDiagnostics")


def read_options(given: object, rules_dirs: tuple[Path, ...] = ()) -> tuple[EditorOptions, list[str]]:
    """The options, and what is wrong with them: a value that cannot be used is left out. `rules_dirs` are the folders of
    own rules: they are named where the server is started, never by what it reads.
    """
    problems: list[str] = []
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        return EditorOptions(engine.Options(jobs=1, rules_dirs=rules_dirs)), [
            f"initializationOptions must be an object, not {given!r}"
        ]
    for key in given:
        if key not in _KEYS:
            close = config.nearest(str(key), _KEYS)
            hint = f"; did you mean `{close}`?" if close else f"; known ones: {', '.join(_KEYS)}"
            problems.append(f"initializationOptions: unknown key `{key}`{hint}")

    def value(key: str, kind: str, fits: Callable[[Any], bool]) -> Any:
        found = given.get(key)
        if found is None or fits(found):
            return found
        problems.append(f"initializationOptions: `{key}` must be {kind}, not {found!r}")
        return None

    cli: dict[str, list[str]] = {}
    known = registry.catalogue()
    for key, option in _SELECTORS.items():
        names = value(
            key, "a list of rules", lambda v: isinstance(v, list) and all(isinstance(n, str) for n in v)
        )
        cli[option] = []
        for name in names or ():
            if config.is_known(name, known):
                cli[option].append(name)
            else:
                close = config.nearest(name, [*known, *known.values()])
                hint = f"; did you mean `{close}`?" if close else ""
                problems.append(f"initializationOptions: `{key}`: there is no rule `{name}`{hint}")
    severities = [severity.value for severity in Severity]
    lowest = value("minSeverity", f"one of {', '.join(severities)}", lambda v: v in severities)
    pedantic = value("pedantic", "true or false", lambda v: isinstance(v, bool))
    everything = value("workspaceDiagnostics", "true or false", lambda v: isinstance(v, bool))
    configuration = value("configuration", "the path of a file", lambda v: isinstance(v, str))
    accepted = value("baseline", "the path of a file", lambda v: isinstance(v, str))
    run = engine.Options(cli, bool(pedantic), Severity(lowest or "info"), 1, rules_dirs)
    return EditorOptions(run, configuration, accepted, everything is not False), problems


@dataclass
class ForgivingResolver(Resolver):
    """Finds settings as the command line does. Where a configuration cannot be used, the defaults count and `problems`
    says why.
    """

    problems: list[str] = field(default_factory=list)
    _broken: dict[Path, Settings] = field(default_factory=dict)

    def for_folder(self, folder: Path) -> Settings:
        """The settings for the files of a folder. Never raises."""
        if folder in self._broken:
            return self._broken[folder]
        try:
            return super().for_folder(folder)
        except ConfigError as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))
            found = self._broken[folder] = Settings()
            return found


def resolver_for(options: EditorOptions) -> ForgivingResolver:
    """The resolver of a folder (the working directory, which the configuration's path is relative to)."""
    if options.configuration is None:
        return ForgivingResolver()
    try:
        found = Resolver.from_options([str(Path(options.configuration).expanduser())], isolated=False)
    except ConfigError as error:
        return ForgivingResolver(problems=[str(error)])
    return ForgivingResolver(found.isolated, found.override, found.inline)
