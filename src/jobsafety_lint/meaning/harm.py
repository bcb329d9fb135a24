"""How sure it is that it does harm when an act on a file fails because another job was first."""

from __future__ import annotations

import re

from jobsafety_lint.meaning.files import Act
from jobsafety_lint.meaning.paths import in_folder_of_run, is_of_system
from jobsafety_lint.meaning.running_alone import runs_alone
from jobsafety_lint.model import Confidence
from jobsafety_lint.source import Hole

_ENTRY_POINT = re.compile(r"(?i)(?:^|/)(?:docker[-_])?entrypoint(?:\.\w+)?$")
"""Start scripts of images, by their names."""
_OWN_FOLDER = re.compile(r"/(?:tmp|run|var/run|etc|usr)/")
"""Folders of which each container of an image has its own."""
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_BELOW_VARIABLE = re.compile(r"\"?\$\{?(\w+)\}?\"?/")
_MAKES_ROOTS = r"\b(?:pacstrap|debootstrap|mmdebstrap|systemd-nspawn|(?:arch-)?chroot)\b"
"""Programs that are given the root folder of a system."""
_KNOWN_FOLDER = re.compile(r"\b(?:HOME|XDG_\w+|BASH_SOURCE|dirname|pwd|PWD|git rev-parse)\b|\$0")
"""What gives the home folder, or that of a script or its repository."""
_MUTED = re.compile(r"[^;&|\n]*(?:2|&)>[ \t]*/dev/null")


def certainty(act: Act, *, concurrent: bool) -> Confidence:
    """How sure it is that harm is done; `concurrent`: jobs are seen to run at once, or share the file by its name.

    Where nobody hears of the failure (see `Act.is_unheard`) it is little; nothing at all where not even a message is left, or
    where nobody else is in the file's folder.
    """
    if runs_alone(act.place, act.execution):
        return Confidence.LOW
    if not act.execution.concurrency and _is_of_new_container(act):
        return Confidence.LOW
    if not concurrent and (_is_in_given_folder(act) or _is_in_image(act)):
        return Confidence.LOW
    if concurrent or not act.is_unheard:
        return Confidence.HIGH
    harmless = _is_of_one_run(act) or _is_match(act) or _is_muted(act) or _is_somewhere(act)
    return Confidence.LOW if harmless else Confidence.MEDIUM


def _is_of_one_run(act: Act) -> bool:
    """Whether it is a file of the system, or one of this run: in a folder for that, or with the time in its name."""
    here = act.execution.cwd
    whole = here.joined(act.path) if here is not None and act.path.is_relative else act.path
    timed = any(hole.kind == "time" for hole in act.path.holes)
    return timed or is_of_system(whole) or in_folder_of_run(act.path)


def _is_in_given_folder(act: Act) -> bool:
    """Whether it lies in a folder that a script goes to and that its environment names (`cd "$DATA"`), mostly one that whoever
    starts the script has made for this run.
    """
    here = act.execution.cwd
    if (
        act.language != "shell"
        or here is None
        or not act.path.is_relative
        or not len(here.parts) == len(here.holes) == 1
    ):
        return False
    name = _VARIABLE.fullmatch(here.holes[0].text)
    if name is None:
        return False
    sets = rf"\b{name[1]}:?=|\b(?:read|for)\b[^\n;]*\b{name[1]}\b"
    return re.search(sets, act.place.source.file.text) is None


def _is_in_image(act: Act) -> bool:
    """Whether it lies below a folder that a script makes the root of a system: `pacstrap "$root"`, `chroot "$root"`."""
    root = _BELOW_VARIABLE.match(act.path_place.text) if act.language == "shell" else None
    if root is None:
        return False
    made = rf"{_MAKES_ROOTS}[^\n|;&]*\$\{{?{root[1]}\b"
    return re.search(made, act.place.source.file.text) is not None


def _is_somewhere(act: Act) -> bool:
    """Whether a script does not say where the file lies: below what a variable holds that it does not set, or what it is
    given. Nothing shows then that two runs have it in common.
    """
    here = act.execution.cwd
    whole = here.joined(act.path) if here is not None and act.path.is_relative else act.path
    first = whole.parts[0] if whole.parts else ""
    return isinstance(first, Hole) and _KNOWN_FOLDER.search(first.text) is None


def _is_of_new_container(act: Act) -> bool:
    """Whether it lies in a folder that a container has for itself, while that starts and nothing else runs in it."""
    return (
        _ENTRY_POINT.search(act.place.source.file.path) is not None
        and _OWN_FOLDER.match(act.path.literal) is not None
    )


def _is_muted(act: Act) -> bool:
    """Whether nobody sees what a command of a shell says of its failure: `rmdir d 2> /dev/null`."""
    return _MUTED.match(act.place.source.text, act.place.span.start) is not None


def _is_match(act: Act) -> bool:
    """Whether the path is a match of the pattern that a shell's loop goes over: `for f in dir/*; do [ -e "$f" ] && …`."""
    loop = act.execution.loops[-1] if act.execution.loops else None
    return (
        loop is not None
        and "*" in loop.place.text
        and len(act.path.parts) == len(act.path.holes) == 1
        and act.path.holes[0].names <= frozenset(loop.variables)
    )
