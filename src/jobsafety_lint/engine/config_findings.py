"""What is wrong with a configuration file that is linted itself: rules that do not exist, globs that match nothing."""

from __future__ import annotations

from collections.abc import Mapping

from jobsafety_lint import config, discover
from jobsafety_lint.engine.tasks import Task
from jobsafety_lint.meaning.linting import StaleSetting, UnknownRule
from jobsafety_lint.model import Location, Span
from jobsafety_lint.source import Source
from jobsafety_lint.toml_places import TomlPlaces, places_of


def unknown_rules(task: Task, source: Source, known: Mapping[str, str]) -> list[UnknownRule]:
    """The rules that a configuration file names and that do not exist, at the place of the name."""
    if task.item.kind != "config":
        return []
    try:
        settings = config.load(task.item.path)
    except config.ConfigError:
        return []
    unknown = [m for m in settings.mentions if not config.is_known(m.name, known)] if settings else []
    places = places_of(source.text) if unknown else None
    found = []
    for mention in unknown:
        assert places is not None
        close = config.nearest(mention.name, [*known, *known.values()])
        at = _location(source, places, mention.keys)
        found.append(UnknownRule(at, f"`{mention.key}`", mention.name, close))
    return found


def stale_settings(task: Task, source: Source) -> list[StaleSetting]:
    """The globs of a configuration file that match nothing."""
    if task.item.kind != "config":
        return []
    path = task.item.path
    try:
        globs = config.globs_of(path)
    except config.ConfigError:
        return []
    if not globs:
        return []
    root = next((layer.root for layer in task.settings.layers if layer.path == path), path.parent)
    idle = set(discover.unmatched([glob.glob for glob in globs], root))
    places = places_of(source.text) if idle else None
    return [
        StaleSetting(_location(source, places, glob.keys), glob.key, glob.glob)
        for glob in globs
        if places is not None and glob.glob in idle
    ]


def _location(source: Source, places: TomlPlaces, keys: tuple[str | int, ...]) -> Location:
    """Where a value of our table stands; of a key with a value, the key."""
    ours: tuple[str | int, ...] = ("tool", config.TABLE)
    span = places.span((*ours, *keys) if ours in places.spans else keys) or Span(0, 0)
    if isinstance(keys[-1], str):
        text = source.text[span.start : span.end]
        head = text.partition("=")[0].rstrip() if not text.startswith(('"', "'")) else _quoted(text)
        span = Span(span.start, span.start + len(head))
    return source.location(span)


def _quoted(text: str) -> str:
    end = text.find(text[0], 1)
    return text[: end + 1] if end > 0 else text
