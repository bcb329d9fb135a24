"""How sure it is that it does harm when an act on a file fails because another job was first."""

from __future__ import annotations

import re

from jobsafety_lint.meaning.files import Act
from jobsafety_lint.meaning.one_rank import holds_in_one_rank
from jobsafety_lint.meaning.paths import PathPattern, in_folder_of_run, is_of_system
from jobsafety_lint.meaning.systems import has_own_folder, runs_alone
from jobsafety_lint.model import Confidence
from jobsafety_lint.source import Hole

_ENTRY_POINT = re.compile(r"(?i)(?:^|/)(?:docker[-_])?entrypoint(?:\.\w+)?$")
"""Start scripts of images, by their names."""
_OWN_FOLDER = re.compile(r"/(?:tmp|run|var/run|etc|usr)/")
"""Folders of which each container of an image has its own."""
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_BELOW_VARIABLE = re.compile(r"\"?\$\{?(\w+)\}?\"?/")
_BY_HAND = re.compile(
    r"(?:^|/)(?:configure|noxfile|fabfile|conanfile|hatch_build)\.py$|(?:^|[/_.-])install(?:er)?\.py$"
    r"|(?:^|/)release/[^/]*$|(?:^|[/_.-])release(?:[_-][\w-]+)?\.(?:py|sh)$"
)
"""Build scripts, installers and release tools: one person runs them, or one build."""
_BUILDS = {
    "setup.py": re.compile(r"\bsetup\("),
    "conf.py": re.compile(r"^(?:extensions|html_theme)\s*=", re.MULTILINE),
}
"""Names that build scripts have, and others; what tells."""
_ASKS_PERSON = re.compile(
    r"(?<![.\w])(?:raw_)?input\(|\b(?:click|typer)\.(?:confirm|prompt)\(|(?<![.\w])confirm\(|\bConfirm\.ask\("
    r"|\bquestionary\.\w+\(|\bread\s+(?:-\w+\s+)*-\w*p\b|(?:^|[;&|!]|\bif\b)[ \t]*confirm[ \t]+[\"']"
)
"""How a program asks whoever sits before it."""
_BEGINS_FUNCTION = re.compile(r"\s*(?:async\s+)?def\s|\s*(?:function\s+)?[\w-]+\s*\(\)\s*\{?\s*$")
_LINES_BEFORE = 40
"""How many lines before an act a person may be asked."""
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
    if not concurrent and any(is_alone(act) for is_alone in _ALONE):
        return Confidence.LOW
    if concurrent or not act.is_unheard:
        return Confidence.HIGH
    harmless = _is_of_one_run(act) or _is_match(act) or _is_muted(act) or _is_somewhere(act)
    return Confidence.LOW if harmless else Confidence.MEDIUM


def _is_of_one_run(act: Act) -> bool:
    """Whether it is a file of the system, or one of this run: in a folder for that, or with the time in its name."""
    timed = any(hole.kind == "time" for hole in act.path.holes)
    return timed or is_of_system(_whole(act)) or in_folder_of_run(act.path)


def _whole(act: Act) -> PathPattern:
    """The path from the folder on that a script has gone to."""
    here = act.execution.cwd
    return here.joined(act.path) if here is not None and act.path.is_relative else act.path


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
    first = next(iter(_whole(act).parts), "")
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


def _is_by_hand(act: Act) -> bool:
    """Whether a person runs the code: a build script, or one that asks before it acts."""
    source = act.place.source
    path = source.file.path
    tells = _BUILDS.get(path.rpartition("/")[2])
    if _BY_HAND.search(path) or (tells is not None and tells.search(source.file.text)):
        return True
    before = source.text[: act.place.span.start].rsplit("\n", _LINES_BEFORE)[1:]
    begins = max((at for at, line in enumerate(before) if _BEGINS_FUNCTION.match(line)), default=0)
    return any(_ASKS_PERSON.search(line) for line in before[begins:])


def _is_in_own_folder(act: Act) -> bool:
    """Whether it lies in a working folder that each run of the code has for itself."""
    return not act.path.is_absolute and has_own_folder(act.place.source.file)


def _is_of_one_rank(act: Act) -> bool:
    """Whether one process of a distributed job does it for all of them."""
    return act.language == "python" and any(map(holds_in_one_rank, act.execution.conditions))


def _is_of_log_handler(act: Act) -> bool:
    """Whether it is in the rollover of a log's handler, as the standard library has it: `emit` holds the handler's lock, and
    handles whatever goes wrong (`logging.handlers.BaseRotatingHandler`).
    """
    return any(function.endswith(".doRollover") for function in act.execution.functions[-1:])


_ALONE = (
    _is_in_given_folder,
    _is_in_image,
    _is_by_hand,
    _is_in_own_folder,
    _is_of_one_rank,
    _is_of_log_handler,
)
"""What tells that no other process comes to the same place, where none is seen."""
