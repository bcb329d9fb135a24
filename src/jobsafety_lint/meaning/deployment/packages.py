"""Python packages: which commands install them from an index, and which publish one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobsafety_lint.meaning.commands import Arg, Command, Sequence

_REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*?)\s*(?:\[[^\]]*\])?\s*(===?|[<>~!]=?|@|$)")
_VALUES = frozenset(
    {
        "-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-t",
        "--target", "--prefix", "--root", "--python", "-p", "--index", "--default-index", "--group", "--extra", "--upgrade-package",
        "-P", "--refresh-package", "--reinstall-package", "--with", "--from", "--cache-dir", "--timeout", "--retries", "--platform",
        "--python-version", "--implementation", "--abi", "--src", "--log", "--proxy", "--trusted-host", "--progress-bar",
        "--upgrade-strategy", "--resolution", "--prerelease", "--exclude-newer", "--link-mode", "--directory", "--project",
        "--optional", "--script", "--override", "--keyring-provider", "--config-file", "--color", "--package", "--env-file",
    }
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Requirement:
    """A package that is asked for. `operator` is `==`, `>=`, … or empty; `version` may hold a hole's NUL."""

    name: str
    operator: str
    version: str
    arg: Arg


@dataclass(frozen=True, eq=False)
class Installation:
    """A command that installs packages. `tool`: `pip`, `uv`, `pipx`. `verb` is the word behind which options may stand."""

    command: Command
    tool: str
    verb: Arg | None
    options: frozenset[str]
    requirements: tuple[Requirement, ...] = ()

    def has(self, *options: str) -> bool:
        """Whether one of these options is given."""
        return not self.options.isdisjoint(options)

    @property
    def upgrades(self) -> bool:
        """Whether it takes the newest version of what it names."""
        return self.has("-U", "--upgrade") or any(r.version == "latest" for r in self.requirements)


def canonical(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


_INSTALLERS = ("pip", "py", "uv")
"""What the names of programs that install packages begin with."""


def may_install(sequence: Sequence) -> bool:
    """Whether a command of a sequence may be an installation."""
    return any(name.startswith(_INSTALLERS) for name in sequence.programs)


def installation_of(command: Command) -> Installation | None:
    """The installation that a command is; None if it is none."""
    if not command.name.startswith(_INSTALLERS):
        return None
    words = [word or "" for word in command.words]
    name = re.sub(r"^pip3?(\.\d+)?$", "pip", command.name)
    match name:
        case "pip" if "install" in words[:3]:
            return _installation(command, "pip", words.index("install"))
        case _ if (
            re.fullmatch(r"python[\d.]*|py", name) and words[:2] == ["-m", "pip"] and "install" in words[2:4]
        ):
            return _installation(command, "pip", words.index("install"))
        case "uv":
            return _uv(command, words)
        case "uvx":
            return _installation(command, "uv", -1)
        case "pipx" if words[:1] in (["install"], ["upgrade"]):
            return _installation(command, "pipx", 0)
    return None


def _uv(command: Command, words: list[str]) -> Installation | None:
    plain = [at for at, word in enumerate(words) if not word.startswith("-")][:2]
    verbs = tuple(words[at] for at in plain)
    if verbs in {("pip", "install"), ("tool", "install"), ("tool", "upgrade")}:
        return _installation(command, "uv", plain[1])
    if verbs[:1] in {("add",), ("sync",), ("lock",)}:
        return _installation(command, "uv", plain[0])
    return None


def _installation(command: Command, tool: str, verb: int) -> Installation:
    options: set[str] = set()
    requirements: list[Requirement] = []
    args = command.args[verb + 1 :]
    skip = ""
    only_first = command.name == "uvx"
    for arg in args:
        text = arg.pattern.literal
        if skip:
            if skip in {"-P", "--upgrade-package", "--with", "--from"}:
                requirements += [r for r in [_requirement(arg, text)] if r is not None]
            skip = ""
            continue
        if text.startswith("-") and len(text) > 1:
            option, equals, _ = text.partition("=")
            options.add(option)
            if len(option) > 2 and option[1] != "-":
                options.update(f"-{letter}" for letter in option[1:])
            skip = option if option in _VALUES and not equals else ""
            continue
        found = _requirement(arg, text)
        if found is not None:
            requirements.append(found)
        if only_first:
            break
    where = command.args[verb] if 0 <= verb < len(command.args) else None
    return Installation(command, tool, where, frozenset(options), tuple(requirements))


def _requirement(arg: Arg, text: str) -> Requirement | None:
    if command_version := re.fullmatch(r"([A-Za-z0-9][\w.-]*)@([\w.\0]+)", text):
        operator = "" if command_version[2] == "latest" else "=="
        return Requirement(canonical(command_version[1]), operator, command_version[2], arg)
    match = _REQUIREMENT.match(text)
    if match is None or "/" in match[1] or match[1].endswith((".whl", ".txt", ".gz", ".")):
        return None
    return Requirement(canonical(match[1]), match[2], text[match.end() :].strip(), arg)


def may_publish(sequence: Sequence) -> bool:
    """Whether a command of a sequence may upload a package."""
    return any(_may_publish(name) for name in sequence.programs)


def _may_publish(name: str) -> bool:
    return name in _PUBLISHERS or name.startswith("python")


def publishes(command: Command) -> bool:
    """Whether a command uploads a package to an index."""
    if not _may_publish(command.name):
        return False
    words = [word or "" for word in command.words]
    verbs = [word for word in words if not word.startswith("-")][:2]
    if "--dry-run" in words or "-n" in words[:1]:
        return False
    match command.name:
        case "uv" | "poetry" | "flit" | "hatch" | "pdm" | "rye" | "maturin":
            return verbs[:1] == ["publish"] or (command.name == "maturin" and verbs[:1] == ["upload"])
        case "twine":
            return verbs[:1] == ["upload"]
        case "gh":
            return verbs == ["release", "create"]
        case "semantic-release":
            return verbs[:1] in (["publish"], ["version"])
    if re.fullmatch(r"python[\d.]*", command.name):
        return words[:3] == ["-m", "twine", "upload"] or words[:3] in (
            ["-m", "flit", "publish"],
            ["-m", "poetry", "publish"],
        )
    return False


_PUBLISHERS = frozenset(
    {"uv", "poetry", "flit", "hatch", "pdm", "rye", "maturin", "twine", "gh", "semantic-release"}
)
PUBLISHING_ACTIONS = frozenset(
    {
        "pypa/gh-action-pypi-publish", "pypa/gh-action-pip-publish", "jrubics/poetry-publish", "code-specialist/pypi-poetry-publish",
        "etils-actions/pypi-auto-publish", "pyo3/maturin-action/publish",
    }
)  # fmt: skip
"""Actions that upload a package."""
