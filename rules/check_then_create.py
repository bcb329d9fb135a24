"""JOB102: a path is tested, then created."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.files import Create, Guard, Write
from jobsafety_lint.meaning.fixing import OLD_PYTHON, is_verbatim, may_be_python_2
from jobsafety_lint.meaning.folders import is_in_new_folder
from jobsafety_lint.meaning.harm import certainty
from jobsafety_lint.meaning.paths import is_lock_name
from jobsafety_lint.meaning.project.starters import ABSENCE, COMPANY
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB102",
    "check-then-create",
    "a path is tested, then created: another job may create it in between",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-3",),
    fix="safe or unsafe",
    unsafe_because="what else is done for a new folder is done by every job now that did not find it",
    silent_where=("JOB103",),
)

_EXISTENCE = frozenset({"exists", "file", "directory", "listed"})
_STATE = frozenset(
    ["cache", "checkpoint", "ckpt", "cursor", "state", "manifest", "progress", "ledger", "index", "registry"]
)
_PAGES = frozenset({".html", ".htm", ".php", ".js", ".ts", ".css", ".md", ".rst"})
"""Suffixes of what is called index because people or browsers begin there."""
_CACHES = frozenset(["cache", "caches", "cached"])
_CACHE_OF = re.compile(r"cache|torch_home|hub\.get_dir", re.IGNORECASE)
"""Code that gives the folder of a cache."""
_SYSTEM = re.compile(r"/(?:(?:var/)?(?:tmp|run)|mnt|media|proc|sys|dev(?:/shm)?|var/lock|var/log|etc|opt)/?")
"""Folders of the system: where one is missing, an image is being built."""
_MADE_ANYWAY = re.compile(r"[ \t]*(?:\d?>+&?[ \t]*[^\s<>]+[ \t]*)*\|\|[ \t]*mkdir[ \t]+-\w*p")
"""`mkdir d 2> /dev/null || mkdir -p d`: what stands behind it for the case that it fails takes an existing folder."""
_RANDOM = re.compile(r"\b(?:random|secrets|uuid\d?|RANDOM|uuidgen|urandom)\b")


def _guard(act: Create | Write, context: Context) -> Guard | None:
    """The check that has let the act through because nothing was there."""
    if context.role in {"test", "temporary"} or act.tolerates_existing or act.is_handed_on:
        return None
    if act.is_locked or act.is_private or is_in_new_folder(act, context.all(Create)):
        return None
    return next((g for g in act.guards if not g.holds and g.certain and g.check.test in _EXISTENCE), None)


@RULE.on(Create)
def check_then_create(act: Create, context: Context) -> Iterator[Draft]:
    """A mkdir, or an exclusive creation, that a check of the same path has let through."""
    guard = _guard(act, context)
    if guard is None or not act.exclusive or act.what == "link":
        return
    if (act.status == "branch" and not act.has_alternative) or is_lock_name(act.path):  # taken in one step
        return
    if act.what == "file" and act.language == "shell":
        return
    if _MADE_ANYWAY.match(act.place.source.text, act.place.span.end):
        return
    if _SYSTEM.fullmatch(act.path.text or "") or _is_drawn(act, guard):
        return
    if act.checked and guard.gives_up:
        return  # the loser of the race gets an error either way
    yield RULE.found(
        act.place,
        f"`{act.path_place.text}` is tested by `{guard.check.by}`, then made by `{act.by}`: if another job makes it in between, this `{act.by}` fails",
        label="make it without asking, and do not mind if it is there",
        related=((guard.check.place, "tested here"),),
        confidence=certainty(act, concurrent=bool(act.execution.concurrency)),
        fix=_fix(act, guard),
        subject=act.subject,
        supposes=_supposed(act),
    )


def _supposed(act: Create) -> frozenset[str]:
    """What must be so in other files: jobs meet, and a folder that is given to the script as a whole is not there yet."""
    company = set() if act.execution.concurrency else {COMPANY}
    given = len(act.path.parts) == len(act.path.holes) == 1
    return frozenset(company | ({ABSENCE} if given else set()))


def _is_drawn(act: Create, guard: Guard) -> bool:
    """Whether the check is that of a loop which draws a random name until one is free."""
    text, start = act.place.source.text, guard.check.place.span.start
    line = text[text.rfind("\n", 0, start) + 1 : start]
    drawn = text[start : act.place.span.start]
    return re.match(r"\s*(?:while|until)\b", line) is not None and _RANDOM.search(drawn) is not None


@RULE.on(Write)
def check_then_write(act: Write, context: Context) -> Iterator[Draft]:
    """A file that is written because it was not there, in code that several jobs run."""
    guard = _guard(act, context)
    reasons = act.execution.concurrency
    cached = act.content == "download" and (
        bool(act.path.words & _CACHES) or any(_CACHE_OF.search(hole.text) for hole in act.path.holes)
    )
    state = _STATE - {"index"} if act.path.suffix in _PAGES else _STATE
    if guard is None or not (reasons or cached or act.path.name.words & state) or act.moved_to is not None:
        return
    why = f" ({reasons[0].reason})" if reasons else ""
    yield RULE.found(
        act.place,
        f"`{act.path_place.text}` is written because `{guard.check.by}` did not find it: another job may be writing it at the same time, or take the half-written file for a whole one{why}",
        label='create it with mode "x", or write a temporary file and rename it',
        related=((guard.check.place, "tested here"),),
        confidence=Confidence.MEDIUM,
        subject=act.subject,
    )


def _fix(act: Create, guard: Guard) -> Fix | None:
    text = act.place.text
    if act.what != "directory" or act.status == "branch" or "\n" in text or not is_verbatim(act.place):
        return None
    alone = guard.sole and guard.only_check
    at = guard.statement.location if alone else act.place.location
    if act.language == "shell":
        if act.by != "mkdir" or text != act.place.text.strip() or not text.startswith("mkdir"):
            return None
        return Fix("make it with `mkdir -p`", (Edit(at, re.sub(r"^mkdir\b", "mkdir -p", text)),), alone)
    if act.by == "os.mkdir" and text.startswith("os.mkdir(") and "dir_fd" not in text:
        text = "os.makedirs" + text[len("os.mkdir") :]
    elif act.by not in {"os.makedirs", "Path.mkdir"}:
        return None
    if "exist_ok" in text or not text.endswith(")"):
        return None
    comma = "" if text.endswith(("()", "( )")) else ", "
    made = f"{text[:-1].rstrip().removesuffix(',')}{comma}exist_ok=True)"
    old = may_be_python_2(act.place.source.file)
    return Fix(
        "make it with `exist_ok=True`", (Edit(at, made),), alone and not old, OLD_PYTHON if old else ""
    )
