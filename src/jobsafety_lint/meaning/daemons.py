"""What cron and systemd are told: the entries of crontabs, the sections and commands of units, and what stands beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts.crontab import Crontab
from jobsafety_lint.readers.hosts.snippets import HostFile, Snippet
from jobsafety_lint.readers.hosts.units import ExecLine, Section, UnitFile, read_unit
from jobsafety_lint.readers.hosts.words import Word
from jobsafety_lint.source import Place, Source, SourceFile
from jobsafety_lint.surroundings import data_of, kind_of, names_in

DEFAULT_SLICES = frozenset(
    {
        "-.slice",
        "system.slice",
        "user.slice",
        "machine.slice",
        "app.slice",
        "session.slice",
        "background.slice",
    }
)
"""Slices that systemd brings along, without limits."""


@dataclass(frozen=True, eq=False)
class UnitSetting:
    """`name=value` of a unit; `place` is the whole assignment."""

    name: str
    value: str
    place: Place
    value_place: Place


@dataclass(frozen=True, eq=False)
class UnitSection:
    """A section of a unit or a drop-in.

    `unit` is the unit's name (for a drop-in the one that its folder names), `around` the same section in the unit's
    other files and drop-ins that stand beside this file, `known` whether the unit itself is among them.
    """

    place: Place
    unit: str
    name: str
    settings: tuple[UnitSetting, ...]
    around: tuple[UnitSection, ...] = ()
    known: bool = True

    def own(self, *names: str) -> UnitSetting | None:
        """The last assignment of one of these settings in this file; None where there is none or it resets it."""
        last = next((s for s in reversed(self.settings) if s.name in names), None)
        return last if last is not None and last.value else None

    def setting(self, *names: str) -> UnitSetting | None:
        """The same, with what the unit's other files say."""
        found = self.own(*names)
        for section in self.around:
            found = found or section.own(*names)
        return found


@dataclass(frozen=True, eq=False)
class UnitCommand:
    """A command of a unit, as systemd reads it: `words` with their places; `commands` are what it runs in turn."""

    place: Place
    setting: str
    prefix: str
    words: tuple[Word, ...]
    commands: tuple[Command, ...]
    user_unit: bool = False

    def word_place(self, word: Word) -> Place:
        """Where a word stands."""
        return Place(self.place.source, word.span)


@dataclass(frozen=True, eq=False)
class CronEntry:
    """An entry of a crontab. `schedule` are its fields (or `@daily`); `minutes` is the shortest time between two starts
    where it is under an hour; `several_a_day`: it starts more than once on a day; `cut` is an unescaped `%`, which ends the
    command.
    """

    place: Place
    schedule: tuple[str, ...]
    schedule_place: Place
    user: str
    minutes: int | None
    several_a_day: bool
    text: Place
    commands: tuple[Command, ...]
    cut: Place | None = None


def started_by(read: HostFile) -> str:
    """The daemon that runs what a host file holds, if one does."""
    if isinstance(read, Crontab):
        return "cron"
    return "systemd" if isinstance(read, UnitFile) else ""


def facts_of(source: Source, read: HostFile, facts: Iterable[object]) -> list[object]:
    """The facts of a crontab or unit; nothing for other files. `facts` are those of the commands in it."""
    if not isinstance(read, Crontab | UnitFile):
        return []
    by_snippet: dict[int, list[Command]] = {}
    for fact in facts:
        if isinstance(fact, Command):
            by_snippet.setdefault(id(outermost(fact.place.source)), []).append(fact)

    def commands_of(snippet: Snippet) -> tuple[Command, ...]:
        return tuple(by_snippet.get(id(snippet.source), ()))

    if isinstance(read, Crontab):
        return [
            CronEntry(
                Place(source, entry.span),
                entry.schedule,
                Place(source, entry.schedule_span),
                entry.user,
                entry.minutes,
                entry.several_a_day,
                Place(entry.snippet.source, Span(0, len(entry.snippet.source.text))),
                commands_of(entry.snippet),
                Place(source, entry.cut) if entry.cut else None,
            )
            for entry in read.entries
        ]
    sections: list[object] = list(_sections(source, read))
    user_unit = _is_user_unit(source, read)
    return sections + [_command(source, line, commands_of(line.snippet), user_unit) for line in read.commands]


def outermost(source: Source) -> Source:
    """The snippet that stands in the file itself and holds a source."""
    while source.host is not None and source.host.host is not None:
        source = source.host
    return source


def _command(source: Source, line: ExecLine, commands: tuple[Command, ...], user_unit: bool) -> UnitCommand:
    first, last = line.words[0].span, line.words[-1].span
    place = Place(source, Span(first.start, max(first.end, last.end)))
    return UnitCommand(place, line.directive.name, line.prefix, line.words, commands, user_unit)


def _is_user_unit(source: Source, read: UnitFile) -> bool:
    if "/user/" in source.path or source.path.startswith("user/"):
        return True
    wanted = [
        d.value for s in read.sections if s.name == "Install" for d in s.directives if d.name == "WantedBy"
    ]
    return "default.target" in wanted


# --- files beside ------------------------------------------------------------------------------------------------------


def read_unit_beside(source: Source) -> UnitFile:
    """A unit, its commands in the working directory that drop-ins beside it (or the unit that it adds to) give."""
    beside = _beside(source)
    directory: str | None = ""
    for other in beside.files:
        for section in read_unit(other).sections:
            if section.name == "Service" and (said := section.value("WorkingDirectory")):
                directory = said.value.removeprefix("-")
    if not directory and not beside.known:
        directory = None
    return read_unit(source, directory)


@dataclass(frozen=True)
class _Beside:
    """The other files of a unit: its name, those that are there, and whether the unit itself is known."""

    unit: str
    files: tuple[Source, ...]
    known: bool


def _beside(source: Source) -> _Beside:
    path = source.location_on_disk if isinstance(source, SourceFile) else Path(source.path)
    path = Path(path if str(path) != "." else source.path)
    folder = path.parent
    is_drop_in = folder.name.endswith(".d") and path.suffix == ".conf"
    unit = folder.name.removesuffix(".d") if is_drop_in else path.name
    home = folder.parent if is_drop_in else folder
    names = {unit, _template(unit)}
    candidates = [home / name for name in sorted(names)]
    for name in sorted(names):
        candidates += names_in(home / f"{name}.d", "*.conf")
    files = tuple(text for other in candidates if other != path and (text := _text(other)) is not None)
    known = not is_drop_in or any(kind_of(home / name) == "file" for name in names)
    return _Beside(unit, files, known)


def _template(unit: str) -> str:
    """`job@7.service` is made from `job@.service`."""
    stem, dot, suffix = unit.rpartition(".")
    name, at, _ = stem.partition("@")
    return f"{name}@{dot}{suffix}" if at else unit


def _text(path: Path) -> Source | None:
    data = data_of(path)
    if data is None:
        return None
    return Source(path.as_posix(), data.decode(errors="replace").replace("\r\n", "\n"))


def _sections(source: Source, read: UnitFile) -> Iterator[UnitSection]:
    beside = _beside(source)
    others = [
        _section(other, section, beside.unit, (), known=True)
        for other in beside.files
        for section in read_unit(other).sections
    ]
    for section in read.sections:
        around = tuple(other for other in others if other.name == section.name)
        yield _section(source, section, beside.unit, around, known=beside.known)


def _section(
    source: Source, section: Section, unit: str, around: tuple[UnitSection, ...], *, known: bool
) -> UnitSection:
    settings = tuple(
        UnitSetting(d.name, d.value, Place(source, d.span), Place(source, d.value_span))
        for d in section.directives
    )
    return UnitSection(Place(source, section.span), unit, section.name, settings, around, known)


def slice_setting(source: Source, slice_name: str, *names: str) -> bool | None:
    """Whether a slice, or one that it is part of, has one of these settings; None where no file of it is beside."""
    path = source.file.location_on_disk if isinstance(source.file, SourceFile) else Path(source.path)
    folder = path.parent.parent if path.parent.name.endswith(".d") else path.parent
    stem = slice_name.removesuffix(".slice")
    parts = stem.split("-")
    seen = False
    for count in range(len(parts), 0, -1):
        unit = "-".join(parts[:count]) + ".slice"
        for other in (folder / unit, *names_in(folder / f"{unit}.d", "*.conf")):
            text = _text(other)
            if text is None:
                continue
            seen = True
            for section in read_unit(text).sections:
                if section.name == "Slice" and any(section.value(name) for name in names):
                    return True
    return False if seen else None


def entry_around(place: Place, facts: Iterable[object]) -> Place:
    """The crontab entry or the command of a unit that a place stands in; the place itself if it stands in none."""
    file, span = place.source.file, place.source.in_file(place.span)
    for fact in facts:
        if (
            isinstance(fact, CronEntry | UnitCommand)
            and fact.place.source is file
            and span in fact.place.span
        ):
            return fact.place
    return place


def script_text(command: Command, source: Source) -> str | None:
    """The text of the script that a command starts, if a file of the project is likely to be it.

    A crontab names files where they are installed (`/srv/lake/jobs/compact.py`); in the project the same file stands
    under the end of that path (`jobs/compact.py`), seen from the crontab's folder or one above it.
    """
    words = [command.program, *command.args[:2]]
    paths = [word.pattern.literal for word in words if word is not None and "/" in word.pattern.literal]
    origin = source.location_on_disk if isinstance(source, SourceFile) else Path(source.path)
    for path in paths:
        parts = [part for part in path.split("/") if part not in {"", ".", "~"} and "\0" not in part]
        for folder in _project_folders(origin.parent):
            for at in range(len(parts)):
                candidate = folder.joinpath(*parts[at:])
                if (
                    ".." not in parts
                    and kind_of(candidate) == "file"
                    and (text := _text(candidate)) is not None
                ):
                    return text.text
    return None


def _project_folders(folder: Path) -> list[Path]:
    """A folder and those above it up to the top of its work tree; only itself if it is in none."""
    above = [folder, *folder.parents]
    top = next((at for at, one in enumerate(above) if (one / ".git").exists()), 0)
    return above[: min(top, 5) + 1]
