"""JOB505: the groups of a host together may take more than it has, or leave most of it idle."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from jobsafety_lint.config import size_in_bytes
from jobsafety_lint.context import Context
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.meaning.queue.links import JobLink, ParallelLink
from jobsafety_lint.meaning.resources.hosts import Group, Host, HostSettings, host_of, shown_size
from jobsafety_lint.model import Confidence, Mark, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB505",
    "host-overcommitted",
    "parallel x memory cap (or cores) of the groups exceeds the host given in the configuration; or leaves most of it idle",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-6", "INV-7"),
)

_MARGIN = 0.8
"""The share of a host that jobs should take: the rest is for the system, the database and peaks."""
_IDLE = 1 / 3
_OTHER_ROLES = frozenset({"test", "docs", "vendored"})


@dataclass(frozen=True)
class _Load:
    """One group: its jobs at once, and what one takes; `jobs` are some that say so."""

    parallel: int
    memory: int | None = None
    cores: float | None = None
    jobs: tuple[Mark, ...] = ()


@dataclass
class _Queue:
    """The groups of one host as they stand."""

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


# --- what commands set ---------------------------------------------------------------------------------------------------

_Needs = Mapping[tuple[str, str], list[JobLink]]
"""The jobs of the project by host and group."""


@RULE.on(Project)
def set_by_commands(project: Project, context: Context) -> Iterator[Draft]:
    """`pueue parallel N -g G` and `pueue group add G --parallel N`, one after the other in each script."""
    if not project.settings.get("hosts"):
        return
    needs: dict[tuple[str, str], list[JobLink]] = {}
    for file, job in project.all(JobLink):
        host = host_of(project.settings, job.host) if file.role not in _OTHER_ROLES else None
        for group in job.groups if host is not None else ():
            needs.setdefault((host.name if host else "", group), []).append(job)
    highest: dict[tuple[str, str], int] = {}
    for file, link in project.all(ParallelLink):
        host = host_of(project.settings, link.host) if file.role not in _OTHER_ROLES else None
        if host is not None:
            key = (host.name, link.group)
            highest[key] = max(link.count, highest.get(key, 0))
    for file in project.files:
        if file.role not in _OTHER_ROLES:
            links = sorted(file.all(ParallelLink), key=lambda link: link.row)
            for _, row in itertools.groupby(links, key=lambda link: link.row):
                yield from _row(list(row), needs, highest, project)


def _row(
    links: list[ParallelLink], needs: _Needs, highest: Mapping[tuple[str, str], int], project: Project
) -> Iterator[Draft]:
    profiles = project.settings.get("memory-profiles")
    queues: dict[str, _Queue] = {}
    last: dict[str, ParallelLink] = {}
    over: set[str] = set()
    for link in links:
        host = host_of(project.settings, link.host)
        if host is None or link.count == 0:
            continue
        queue = queues.get(host.name) or queues.setdefault(host.name, _described(host, needs, profiles))
        before = queue.groups.get(link.group, _Load(0)).parallel if queue.excess() else None
        queue.groups[link.group] = _load(link.count, link.group, host, needs, profiles)
        last[host.name] = link
        if queue.excess() and (before is None or link.count > before):
            over.add(host.name)
            yield _over(link, queue)
    for name, link in last.items():
        for (host_name, group), count in highest.items():
            if host_name == name and group not in queues[name].groups:  # set by another script
                queues[name].groups[group] = _load(count, group, queues[name].host, needs, profiles)
        if name not in over and queues[name].idle():
            yield _idle(link.mark, queues[name], {"group": link.group, "parallel": link.count})


def _described(host: Host, needs: _Needs, profiles: Mapping[str, str]) -> _Queue:
    """The groups that the settings describe, before any command changes them."""
    known = {name: group.parallel for name, group in host.groups.items() if group.parallel}
    return _Queue(host, {name: _load(count, name, host, needs, profiles) for name, count in known.items()})


def _load(count: int, group: str, host: Host, needs: _Needs, profiles: Mapping[str, str]) -> _Load:
    """A group with what one of its jobs takes at most: by the largest cap, else by the settings."""
    jobs = needs.get((host.name, group), [])
    caps = [size for job in jobs if (size := job.memory or _expected(job, profiles))]
    cores = [job.cores for job in jobs if job.cores]
    memory = max(caps, default=host.groups.get(group, Group()).memory)
    return _Load(count, memory, max(cores, default=None), tuple(job.mark for job in jobs[:3]))


def _expected(job: JobLink, profiles: Mapping[str, str]) -> int | None:
    """The peak that the settings expect of one of the job's scripts."""
    for written in job.scripts:
        for script, size in profiles.items():
            if written == script or written.endswith(f"/{script}"):
                try:
                    return size_in_bytes(size)
                except ValueError:
                    return None
    return None


def _over(link: ParallelLink, queue: _Queue) -> Draft:
    load = queue.groups[link.group]
    others = [name for name in queue.groups if name != link.group]
    together = f" (together with {', '.join(f'`{name}`' for name in others)})" if others else ""
    each = f" of {shown_size(load.memory)} each" if load.memory else ""
    fitting = 0 if others else _fitting(load, queue.host)
    return RULE.found(
        link.mark,
        f"{link.count} jobs of `{link.group}` at once{each} may take {queue.excess()}{together}",
        label=f"{fitting} at once leave a fifth of the host free"
        if fitting
        else "run fewer at once, or cap each job lower",
        related=tuple((job, "a job of the group") for job in load.jobs),
        data={"host": queue.host.name, "group": link.group, "parallel": link.count},
    )


def _fitting(load: _Load, host: Host) -> int:
    """min(0.8 of the memory / that of a job, 0.8 of the cores / those of a job): how many jobs fit with a margin."""
    limits = []
    if load.memory and host.memory:
        limits.append(host.memory * _MARGIN / load.memory)
    if host.cores:
        limits.append(host.cores * _MARGIN / (load.cores or 1))
    return int(min(limits, default=0))


def _idle(mark: Mark, queue: _Queue, data: Mapping[str, object]) -> Draft:
    return RULE.found(
        mark,
        f"the groups of `{queue.host.name}` take {queue.idle()} at most: the rest of the host is idle",
        label="raise it step by step, and look at load and memory after each step",
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM,
        data={"host": queue.host.name, **data},
    )


# --- what the configuration says -----------------------------------------------------------------------------------------


@RULE.on(HostSettings)
def set_by_configuration(settings: HostSettings, context: Context) -> Iterator[Draft]:
    """The groups as the configuration describes them."""
    host = settings.host
    queue = _Queue(host, {name: _Load(g.parallel, g.memory) for name, g in host.groups.items() if g.parallel})
    places = [settings.groups[name] for name in queue.groups if name in settings.groups]
    if not places:
        return
    related = tuple((place, "another group of the host") for place in places[:-1])
    if queue.excess():
        yield RULE.found(
            places[-1],
            f"the groups of `{host.name}` together may take {queue.excess()}",
            label="let fewer jobs run at once, or give each less memory",
            related=related,
            data={"host": host.name},
        )
    elif queue.idle():
        yield RULE.found(
            places[-1],
            f"the groups of `{host.name}` take {queue.idle()} at most: the rest of the host is idle",
            label="raise them step by step, and look at load and memory after each step",
            related=related,
            severity=Severity.INFO,
            confidence=Confidence.MEDIUM,
            data={"host": host.name},
        )
