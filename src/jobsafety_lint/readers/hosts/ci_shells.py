"""Which shell a CI system runs a text with, and what is in force at its first word."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SHELLS = frozenset({"bash", "sh", "dash", "ash", "ksh", "zsh"})


@dataclass(frozen=True)
class ShellMode:
    """A shell's name and its strict mode."""

    shell: str
    errexit: bool = False
    pipefail: bool = False


def mode_of(words: list[str]) -> ShellMode | None:
    """What a command line such as `bash --noprofile --norc -eo pipefail {0}` or `sh -c -o errexit` means.

    The shell may stand behind other words (`nix develop -c bash -e {0}`). None if no shell is among them.
    """
    names = [word.rpartition("/")[2].removesuffix(".exe") for word in words]
    at = next((i for i in range(len(names) - 1, -1, -1) if names[i] in _SHELLS), None)
    if at is None:
        return None
    said = {"errexit": False, "pipefail": False}
    rest = iter(words[at + 1 :])
    for word in rest:
        if word[:1] not in {"-", "+"} or word.startswith("--"):
            continue
        for letter in word[1:]:
            if letter == "e":
                said["errexit"] = word[0] == "-"
            elif letter == "o":
                name = next(rest, "")
                if name in said:
                    said[name] = word[0] == "-"
    return ShellMode(names[at], said["errexit"], said["pipefail"])


def github_mode(written: str | None, *, container: bool, windows: bool) -> ShellMode | None:
    """The shell of a step of a GitHub workflow; None if it is none that is read here (PowerShell, Python, unknown).

    Without `shell` it is `bash -e {0}`, in a container `sh -e {0}`, on Windows PowerShell; `shell: bash` is
    `bash --noprofile --norc -eo pipefail {0}`.
    """
    if written is None:
        if windows:
            return None
        return ShellMode("sh" if container else "bash", errexit=True)
    match written.strip():
        case "bash":
            return ShellMode("bash", errexit=True, pipefail=True)
        case "sh":
            return ShellMode("sh", errexit=True)
        case text if "${{" in text:
            return _of_expression(text)
        case text:
            return mode_of(text.split()) if "{0}" in text else None


def _of_expression(text: str) -> ShellMode | None:
    """`${{ inputs.shell || 'bash' }}`: the literal, if all of them mean one shell."""
    modes = {github_mode(name, container=False, windows=False) for name in re.findall(r"'([^']+)'", text)}
    return modes.pop() if len(modes) == 1 else None
