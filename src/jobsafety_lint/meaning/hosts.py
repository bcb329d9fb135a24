"""The machines that the settings describe: `[hosts.NAME]` with cores, memory, swap and the groups of its queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobsafety_lint.config import Settings, size_in_bytes
from jobsafety_lint.meaning.paths import PathPattern


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
