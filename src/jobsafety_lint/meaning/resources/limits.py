"""What limits a program: the memory, processors and time that wrappers such as `systemd-run` grant it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from jobsafety_lint.config import size_in_bytes
from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.wrappers import Peeled, peel, tail

_BLOCKING = ("--scope", "--wait", "--pipe", "--pty", "--shell", "-t", "-P", "-S")
_SCHEDULED = re.compile(r"--on-\w|--(?:timer|path|socket)-property")
_MEMORY_PROPERTIES = ("MemoryMax", "MemoryLimit", "MemoryHigh")
_THREADS = re.compile(
    r"--(?:threads|num[-_]threads|n[-_]?threads|max[-_]threads|cores|cpus|num[-_]cpus|n[-_]?cpus|nproc)"
)
_WRITTEN_SIZE = re.compile(r"\d+(?:\.\d+)?\s*[KMGTkmgt]?i?[Bb]?")


@dataclass(frozen=True, eq=False)
class SystemdRun:
    """A call of systemd-run. `properties` are those of the unit, the last of a name; `given` holds the words that set them."""

    peeled: Peeled
    properties: dict[str, Arg]
    given: dict[str, Arg]

    def has(self, *names: str) -> bool:
        """Whether one of these options is given; long ones may be abbreviated, as getopt_long has it."""
        return any(
            option in names or any(_abbreviates(option, name) for name in names)
            for option, _ in self.peeled.options
        )

    @property
    def blocks(self) -> bool:
        """Whether it returns only when the program has ended."""
        return self.has(*_BLOCKING)

    @property
    def scheduled(self) -> bool:
        """Whether it only sets up a timer, a path or a socket that starts the program later."""
        return any(_SCHEDULED.match(option) for option, _ in self.peeled.options)

    @property
    def runs_something(self) -> bool:
        """Whether a program is given."""
        return bool(self.peeled.inner)


def _abbreviates(option: str, name: str) -> bool:
    return name.startswith("--") and len(option) > 4 and name.startswith(option)


def systemd_run(command: Command) -> SystemdRun | None:
    """What a command says to systemd-run; None for another program."""
    if command.name != "systemd-run":
        return None
    peeled = peel("systemd-run", command.args)
    if peeled is None:
        return None
    properties: dict[str, Arg] = {}
    given: dict[str, Arg] = {}
    for option, value in peeled.options:
        if value is not None and (option == "-p" or re.fullmatch(r"--prop(?:e|er|ert|erty)?", option)):
            name = value.pattern.literal.partition("=")[0]
            properties[name] = tail(value, len(name) + 1)
            given[name] = value
    return SystemdRun(peeled, properties, given)


def is_unlimited(value: Arg) -> bool:
    """Whether a property's value sets no limit."""
    return value.text in {"infinity", "", "max", "100%"}


def memory_cap(commands: Iterable[Command]) -> Arg | None:
    """The memory that a job's wrappers allow it at most, as written; None where nothing limits it."""
    for command in commands:
        run = systemd_run(command)
        if run is not None:
            for name in _MEMORY_PROPERTIES:
                if name in run.properties and not is_unlimited(run.properties[name]):
                    return run.properties[name]
        if command.name in {"docker", "podman", "nerdctl"}:
            value = _option(command, "-m", "--memory")
            if value is not None:
                return value
        if command.name == "srun" and (value := _option(command, "--mem")) is not None:
            return value
        if command.name == "prlimit" and (value := _option(command, "--as", "--rss")) is not None:
            return value
        if (
            command.name == "ulimit"
            and command.words[:1]
            and re.fullmatch(r"-[SH]*[vmd]", command.words[0] or "")
        ):
            return command.args[1] if len(command.args) > 1 else None
    return None


def bytes_of(value: Arg) -> int | None:
    """A memory size that is written out, in bytes."""
    text = value.text
    if text is None or not _WRITTEN_SIZE.fullmatch(text.strip()):
        return None
    return size_in_bytes(text)


def cores_of(commands: Iterable[Command]) -> float | None:
    """How many processors a job says it will use: `CPUQuota=400%`, `OMP_NUM_THREADS=4`, `--threads 4`."""
    found: list[float] = []
    for command in commands:
        run = systemd_run(command)
        quota = run.properties.get("CPUQuota") if run else None
        if quota is not None and (match := re.fullmatch(r"(\d+)%", quota.text or "")):
            return int(match[1]) / 100
        threads = [s.value.text or "" for s in command.execution.environment if s.name == "OMP_NUM_THREADS"]
        found += [float(text) for text in threads if text.isdigit()]
        for at, arg in enumerate(command.args):
            name, equals, value = (arg.text or "").partition("=")
            if not _THREADS.fullmatch(name):
                continue
            if not equals and at + 1 < len(command.args):
                value = command.args[at + 1].text or ""
            if value.isdigit() and int(value):
                found.append(float(value))
    return max(found, default=None)


def _option(command: Command, *names: str) -> Arg | None:
    for at, arg in enumerate(command.args):
        text = arg.pattern.literal
        for name in names:
            if text == name and at + 1 < len(command.args):
                return command.args[at + 1]
            if name.startswith("--") and text.startswith(f"{name}="):
                return tail(arg, len(name) + 1)
    return None
