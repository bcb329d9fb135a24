"""The machines that the settings describe: `[hosts.NAME]` with cores, memory, swap and the groups of its queue."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobsafety_lint.config import TABLE, Settings, size_in_bytes
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.model import Span
from jobsafety_lint.source import Place, Source

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Group:
    """A group of a host's queue: how many jobs it runs at once, and the memory that one of them may take."""

    parallel: int | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Host:
    """A machine. `memory` in bytes; `swap` in bytes, None where nothing is said."""

    name: str
    cores: int | None = None
    memory: int | None = None
    swap: int | None = None
    groups: Mapping[str, Group] = field(default_factory=dict)


def hosts_of(settings: Settings) -> dict[str, Host]:
    """All hosts of the settings by name. A value that is no number or size counts as not given."""
    found: dict[str, Host] = {}
    for name, table in settings.get("hosts").items():
        groups = table.get("groups", {})
        found[name] = Host(
            name,
            _count(table.get("cores")),
            _size(table.get("memory")),
            _size(table.get("swap")),
            {
                group: Group(_count(said.get("parallel")), _size(said.get("memory")))
                for group, said in (groups.items() if isinstance(groups, dict) else ())
                if isinstance(said, dict)
            },
        )
    return found


def host_of(settings: Settings, destination: PathPattern | None) -> Host | None:
    """The host that an ssh destination names (with or without `user@`), `default` for this machine; None if unknown."""
    hosts = hosts_of(settings)
    if destination is None:
        return hosts.get("default")
    written = destination.text
    if written is None:
        return None
    return hosts.get(written) or hosts.get(written.rpartition("@")[2])


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _size(value: Any) -> int | None:
    if isinstance(value, bool):
        return None if value else 0
    try:
        return size_in_bytes(value) if isinstance(value, int | str) else None
    except ValueError:
        return 0 if value in {"none", "off"} else None


def shown_size(size: float) -> str:
    """Bytes as people write them: `64G`, `1.5G`, `512M`."""
    for factor, letter in ((1024**4, "T"), (1024**3, "G"), (1024**2, "M"), (1024, "K")):
        if size >= factor:
            return f"{round(size / factor, 1):g}{letter}"
    return f"{size:g}"


# --- the settings as a text --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class HostSettings:
    """A configuration file describes a host. `groups` are the places where it says how many jobs a group runs."""

    place: Place
    host: Host
    groups: Mapping[str, Place] = field(default_factory=dict)


def host_settings(source: Source) -> Iterator[HostSettings]:
    """The hosts that a configuration file describes, with the places of their groups."""
    table = _own_table(source)
    hosts = table.get("hosts") if table else None
    if not isinstance(hosts, dict) or not all(isinstance(said, dict) for said in hosts.values()):
        return
    lines = dict(_keys(source))
    for name, host in hosts_of(Settings({"hosts": hosts})).items():
        places = {}
        for group in host.groups:
            whole = ("hosts", name, "groups", group, "parallel")
            paths = [whole[:length] for length in (5, 4, 3, 2, 1)]
            found = next((lines[path] for path in paths if path in lines), None)
            if found is not None:
                places[group] = Place(source, found)
        start = lines.get(("hosts", name), lines.get(("hosts",), Span(0, 0)))
        yield HostSettings(Place(source, start), host, places)


def _own_table(source: Source) -> Mapping[str, Any] | None:
    if "hosts" not in source.text:
        return None
    try:
        data = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError:
        return None
    if source.path.rpartition("/")[2] != "pyproject.toml":
        return data
    table = data.get("tool", {}).get(TABLE)
    return table if isinstance(table, dict) else None


def _keys(source: Source) -> Iterator[tuple[tuple[str, ...], Span]]:
    """Every table header and key with its whole path below our table, and the line that it stands on."""
    prefix: tuple[str, ...] = ()
    offset = 0
    for line in source.text.splitlines(keepends=True):
        span = Span(offset + len(line) - len(line.lstrip()), offset + len(line.rstrip()))
        offset += len(line)
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        key = re.match(
            r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=", line
        )
        if header:
            prefix = _path(header[1])
            if prefix[:2] == ("tool", TABLE):
                prefix = prefix[2:]
            yield prefix, span
        elif key:
            yield (*prefix, *_path(key[1])), span


def _path(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[\w-]+", dotted))
