"""JOB505: the groups of a host together may take more than it has, or leave most of it idle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from jobsafety_lint.config import size_in_bytes
from jobsafety_lint.context import Context
from jobsafety_lint.meaning.capacity import Need, ParallelSetting, needs_of, parallel_settings, scripts_of
from jobsafety_lint.meaning.hosts import Group, Host, HostSettings, host_of, shown_size
from jobsafety_lint.meaning.queue import Launch
from jobsafety_lint.meaning.rows import Row
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB505",
    "host-overcommitted",
    "parallel × memory cap (or cores) of the groups exceeds the host given in the configuration; or leaves most of it idle",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-6", "INV-7"),
)

_MARGIN = 0.8
"""The share of a host that jobs should take: the rest is for the system, the database and peaks."""
_IDLE = 1 / 3


@dataclass(frozen=True)
class _Load:
    """One group: its jobs at once, and what one takes."""

    parallel: int
    memory: int | None = None
    cores: float | None = None


@dataclass
class _Queue:
    """The groups of one host as they stand at a point of a row."""

    host: Host
    groups: dict[str, _Load] = field(default_factory=dict)

    @property
    def memory(self) -> int:
        return sum(load.parallel * load.memory for load in self.groups.values() if load.memory)

    @property
    def cores(self) -> float:
        return sum(load.parallel * (load.cores or 1) for load in self.groups.values())

    def excess(self) -> str:
        """What the groups may take and the host does not have; empty if all fits."""
        if self.host.memory and self.memory > self.host.memory:
            return f"{shown_size(self.memory)} of memory on a host with {shown_size(self.host.memory)}"
        if self.host.cores and self.cores > self.host.cores:
            return f"{self.cores:g} cores on a host with {self.host.cores}"
        return ""

    def idle(self) -> str:
        """How little the groups take of the host, where that is known for all of them; empty if it is enough."""
        if not self.host.memory or not self.memory or any(not load.memory for load in self.groups.values()):
            return ""
        share = max(self.memory / self.host.memory, self.cores / self.host.cores if self.host.cores else 0)
        if share >= _IDLE:
            return ""
        more = f" and {self.cores:g} of {self.host.cores} cores" if self.host.cores else ""
        return f"{shown_size(self.memory)} of {shown_size(self.host.memory)}{more}"


@RULE.on(Row)
def set_by_commands(row: Row, context: Context) -> Iterator[Draft]:
    """`pueue parallel N -g G` and `pueue group add G --parallel N`, one after the other."""
    if not context.settings.get("hosts") or context.role in {"test", "docs"}:
        return
    needs = _needs(context)
    queues: dict[str, _Queue] = {}
    last: dict[str, ParallelSetting] = {}
    over: set[str] = set()
    for step in row.commands:
        for setting in parallel_settings(step.call) if step.call else ():
            host = host_of(context.settings, step.execution.host)
            if host is None or setting.count == 0:
                continue
            queue = queues.setdefault(host.name, _described(host, needs.get(host.name, {})))
            before = queue.excess()
            queue.groups[setting.group] = _load(setting, host, needs.get(host.name, {}))
            last[host.name] = setting
            if queue.excess() and not before:
                over.add(host.name)
                yield _over(setting, queue, needs[host.name] if host.name in needs else {})
    for name, setting in last.items():
        if name not in over and queues[name].idle():
            yield _idle(setting, queues[name])


@RULE.on(HostSettings)
def set_by_configuration(settings: HostSettings, context: Context) -> Iterator[Draft]:
    """The groups as the configuration describes them."""
    queue = _described(settings.host, {})
    places = [settings.groups[name] for name in queue.groups if name in settings.groups]
    if not places:
        return
    host, related = settings.host.name, tuple((place, "another group of the host") for place in places[:-1])
    if queue.excess():
        yield RULE.found(
            places[-1],
            f"the groups of `{host}` together may take {queue.excess()}",
            label="let fewer jobs run at once, or give each less memory",
            related=related,
            data={"host": host},
        )
    elif queue.idle():
        yield RULE.found(
            places[-1],
            f"the groups of `{host}` take {queue.idle()} at most: the rest of the host is idle",
            label="raise them step by step, and look at load and memory after each",
            related=related,
            severity=Severity.INFO,
            confidence=Confidence.MEDIUM,
            data={"host": host},
        )


def _needs(context: Context) -> dict[str, dict[str, list[Need]]]:
    """What the jobs of this file take, by host and group."""
    found: dict[str, dict[str, list[Need]]] = {}
    for need in needs_of(context.all(Launch)):
        host = host_of(context.settings, need.launch.execution.host)
        if host is not None:
            expected = _expected(need.launch, context.settings.get("memory-profiles"))
            known = need if need.memory is not None else replace(need, memory=expected)
            found.setdefault(host.name, {}).setdefault(need.group, []).append(known)
    return found


def _expected(launch: Launch, profiles: Mapping[str, str]) -> int | None:
    """The peak that the settings expect of one of the job's scripts."""
    for written in scripts_of(launch.commands):
        for script, size in profiles.items():
            if written == script or written.endswith(f"/{script}"):
                try:
                    return size_in_bytes(size)
                except ValueError:
                    return None
    return None


def _load(setting: ParallelSetting, host: Host, needs: Mapping[str, list[Need]]) -> _Load:
    mine = needs.get(setting.group, [])
    memory = max((need.memory for need in mine if need.memory), default=None)
    cores = max((need.cores for need in mine if need.cores), default=None)
    return _Load(setting.count, memory or host.groups.get(setting.group, Group()).memory, cores)


def _described(host: Host, needs: Mapping[str, list[Need]]) -> _Queue:
    """The groups that the settings describe, before any command changes them."""
    queue = _Queue(host)
    for name, group in host.groups.items():
        if group.parallel:
            mine = needs.get(name, [])
            memory = max((need.memory for need in mine if need.memory), default=None)
            cores = max((need.cores for need in mine if need.cores), default=None)
            queue.groups[name] = _Load(group.parallel, memory or group.memory, cores)
    return queue


def _over(setting: ParallelSetting, queue: _Queue, needs: Mapping[str, list[Need]]) -> Draft:
    load = queue.groups[setting.group]
    others = [name for name in queue.groups if name != setting.group]
    together = f" (together with {', '.join(f'`{name}`' for name in others)})" if others else ""
    each = f" of {shown_size(load.memory)} each" if load.memory else ""
    related: list[tuple[Place, str]] = [
        (need.launch.place, f"a job of the group, capped at {shown_size(need.memory)}" if need.memory else "a job of the group")
        for need in needs.get(setting.group, [])[:3]
    ]
    fitting = _fitting(load, queue.host)
    return RULE.found(
        setting.place,
        f"{setting.count} jobs of `{setting.group}` at once{each} may take {queue.excess()}{together}",
        label=f"{fitting} would leave a fifth of the host free" if fitting else "run fewer at once, or cap each job lower",
        related=tuple(related),
        data={"host": queue.host.name, "group": setting.group, "parallel": setting.count},
    )


def _fitting(load: _Load, host: Host) -> int:
    """min(memory × 0.8 / memory of a job, cores × 0.8 / cores of a job): how many jobs fit with a margin."""
    limits = []
    if load.memory and host.memory:
        limits.append(host.memory * _MARGIN / load.memory)
    if host.cores:
        limits.append(host.cores * _MARGIN / (load.cores or 1))
    return int(min(limits, default=0))


def _idle(setting: ParallelSetting, queue: _Queue) -> Draft:
    return RULE.found(
        setting.place,
        f"the groups of `{queue.host.name}` take {queue.idle()} at most: the rest of the host is idle",
        label="raise it step by step, and look at load and memory after each",
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM,
        data={"host": queue.host.name, "group": setting.group, "parallel": setting.count},
    )
