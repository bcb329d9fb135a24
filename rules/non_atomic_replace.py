"""JOB106: the last step of an atomic write is a copy, or may become one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.files import Check, Delete, Read, Replace
from jobsafety_lint.meaning.fixing import import_edits, is_verbatim
from jobsafety_lint.meaning.folders import is_used_as_folder
from jobsafety_lint.meaning.paths import (
    PathPattern,
    is_of_system,
    names_folder,
    same_file_system,
    same_folder,
    words_of,
)
from jobsafety_lint.meaning.systems import is_beside_temporary_files
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB106",
    "non-atomic-replace",
    "temp file on another file system, or a copy as the last step of an atomic write",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-4",),
    fix="unsafe",
    unsafe_because="`os.replace` raises across file systems, and does not move into a folder",
    silent_where=("JOB105",),
)

_MAKERS = re.compile(r"mk(?:s|d|)temp\b|TemporaryFile|TemporaryDirectory")
_SET_FOLDER = re.compile(r"tempfile\.tempdir\s*=|^\s*(?:export\s+)?TMPDIR=", re.MULTILINE)
_FAILING = frozenset({"os.replace", "os.rename", "Path.replace", "Path.rename"})
_DATA = frozenset(
    {".json", ".jsonl", ".yml", ".yaml", ".toml", ".db", ".sqlite", ".parquet", ".csv", ".state", ".pkl"}
)
_LISTS = re.compile(r"[^\n]*\b(?:listdir|iterdir|scandir|r?glob|walk)\(")
"""How a loop over the entries of a folder begins."""
_COPIES = frozenset({"shutil.copy", "shutil.copy2", "shutil.copyfile", "cp", "install"})


@RULE.on(Replace)
def replaced(act: Replace, context: Context) -> Iterator[Draft]:
    """A temporary file that is put in place of the real one."""
    origin = act.origin
    if origin is None or context.role in {"test", "temporary"} or act.execution.host is not None:
        return
    if act.is_handed_on:
        return
    if _SET_FOLDER.search(context.file.text):
        return  # the program says itself where temporary files lie
    made = any(_MAKERS.search(hole.text) for hole in origin.holes if hole.kind == "unique")
    temporary = origin.is_unique or origin.says_temporary or origin.in_temporary_folder
    made = made or (act.written is not None and temporary)
    beside = is_beside_temporary_files(act.path, context.file)
    if not made or beside or act.is_private or _is_folder(act, context):
        return
    code = act.path_place.text
    if _is_renamed_later(act, context):
        return
    if (
        _is_named_after_origin(act)
        or _is_filed_away(act)
        or _is_moved_into(act)
        or _is_made_anew(act, context)
    ):
        return
    if _is_put_back(act, context):
        return
    if act.by in _COPIES:
        if _replaces(act) and not _is_scratch(act, context):
            yield _found(
                act,
                f"`{act.by}` writes `{code}` in place: a reader or a crash in between finds half of it",
                "rename it over the target: `os.replace`, `mv -f`",
                fix=_moved(act, context) if same_file_system(origin, act.path, code) else None,
            )
    elif origin.in_temporary_folder and (
        act.by in _FAILING or act.written is not None or _is_file_of_its_own(origin)
    ):
        moves = "fails where it is another one" if act.by in _FAILING else "then copies"
        yield _found(
            act,
            f"the temporary file lies in the folder for temporary files, `{code}` perhaps on another file system: `{act.by}` {moves}",
            "make the temporary file in the folder of the target",
            confidence=Confidence.LOW if act.language == "shell" and is_of_system(act.path) else None,
        )
    elif act.by == "shutil.move":
        certain = same_file_system(origin, act.path, code) or _is_made_beside(origin, act.path)
        into = f"moves into `{code}` where that is a folder"
        if not certain:
            into = f"renames only where both are on one file system, else it copies; and where `{code}` is a folder, it moves into it"
        yield _found(
            act,
            f"`shutil.move` {into}",
            "`os.replace`",
            severity=Severity.INFO if certain else Severity.WARNING,
            confidence=Confidence.LOW if certain else Confidence.MEDIUM,
            fix=_fix(act, context) if certain else None,
        )


def _is_made_beside(origin: PathPattern, target: PathPattern) -> bool:
    """Whether the temporary folder is made in the one of the target: `TemporaryDirectory(dir="/srv/feed")`."""
    given = (_DIR.search(hole.text) for hole in origin.holes)
    folders = [found[2].rstrip("/") + "/" for found in given if found is not None]
    return any(target.literal.startswith(folder) for folder in folders)


def _is_renamed_later(act: Replace, context: Context) -> bool:
    """Whether the target is a temporary file too, which the same code renames when it is there as a whole."""
    return any(
        later.origin is not None
        and later.atomic
        and act.precedes(later)
        and later.origin.same_object(act.path)
        for later in context.all(Replace)
    )


def _is_named_after_origin(act: Replace) -> bool:
    """Whether the target is the name of the temporary file with another ending, and so in its folder:
    `mv "$t" "${t%.*}.txt"`.
    """
    if act.origin_place is None or act.language != "shell":
        return False
    origin = re.fullmatch(r"\"?\$\{?(\w+)\}?\"?", act.origin_place.text)
    target = act.path_place.text.strip('"')
    return origin is not None and re.match(rf"\$\{{{origin[1]}%%?[^/}}]*\}}[^/]*$", target) is not None


def _is_moved_into(act: Replace) -> bool:
    """Whether a loop moves all entries of a folder into another one: `for name in os.listdir(a): move(a / name, b)`."""
    loop = act.execution.loops[-1] if act.execution.loops else None
    if loop is None or act.origin is None or act.by != "shutil.move":
        return False
    moving = frozenset(loop.variables)
    listed = _LISTS.match(loop.place.source.text, loop.place.span.start) is not None
    return listed and bool(act.origin.names & moving) and not act.path.names & moving


def _is_filed_away(act: Replace) -> bool:
    """Whether a loop moves many files under the names that they have: `for name in os.listdir(a): move(a / name, b / name)`."""
    name = act.path.name
    return (
        act.origin is not None
        and act.origin.name.parts == name.parts
        and len(name.parts) == len(name.holes) == 1
        and bool(name.names & act.execution.loop_variables)
    )


def _is_made_anew(act: Replace, context: Context) -> bool:
    """Whether there is no old content to protect: the statement before deletes it and nothing else asks for the file, or
    make deletes what a failed recipe leaves.
    """
    source = act.place.source
    if ".DELETE_ON_ERROR:" in source.file.text and re.search(r"\$+(?:@|\(@[FD]\))", act.path_place.text):
        return True
    if any(check.path.same_object(act.path) for check in context.all(Check)):
        return False
    return any(
        before.path.same_object(act.path)
        and before.place.source is source
        and before.place.span.end <= act.place.span.start
        and not re.sub(r"#.*", "", source.text[before.place.span.end : act.place.span.start]).strip(" \t\n;&")
        for before in context.all(Delete)
    )


_DIR = re.compile(r"\bdir=([\"'])(/[^\"']+)\1")
_KEPT = frozenset({"bak", "backup", "orig", "original", "saved", "save", "old", "prev", "previous"})


def _is_put_back(act: Replace, context: Context) -> bool:
    """Whether the temporary file is a copy of the target that was kept: `cp app.ini /tmp/app.ini.bak`, and back later."""
    origin = act.origin
    if origin is None or act.origin_place is None:
        return False
    kept = [
        copy
        for copy in context.all(Replace)
        if copy.by in _COPIES
        and copy.origin is not None
        and copy.origin.same_object(act.path)
        and copy.path.same_object(origin)
        and copy.place.source is act.place.source
        and copy.place.span.end < act.place.span.start
    ]
    if not kept:
        return False
    name = act.origin_place.text
    if not _KEPT.isdisjoint({*words_of(name), *origin.words}):
        return True
    between = act.place.source.text[kept[-1].place.span.end : act.place.span.start]
    return name.strip("\"'") not in between  # else it may have been changed


def _is_scratch(act: Replace, context: Context) -> bool:
    """Whether the copy is no last step: the same function goes on with the temporary file (reads it, or asks whether
    something is in it), or deletes the copy again.
    """
    if _is_compared(act, context):
        return True
    used = [check for check in context.all(Check) if check.test == "nonempty"]
    return any(act.precedes(fact) and fact.path.same_object(act.path) for fact in context.all(Delete)) or any(
        act.precedes(fact) and act.origin is not None and fact.path.same_object(act.origin)
        for fact in (*used, *context.all(Read))
    )


def _is_compared(act: Replace, context: Context) -> bool:
    """Whether the same two files are compared elsewhere: the copy takes a new result for the expected one."""
    if act.origin is None or act.origin_place is None:
        return False
    both = ((act.origin, act.origin_place.text), (act.path, act.path_place.text))
    return any(
        command.name in {"diff", "cmp", "colordiff"}
        and all(
            any(arg.pattern.same_object(path) or arg.place.text == written for arg in command.args)
            for path, written in both
        )
        for command in context.all(Command)
    )


def _is_file_of_its_own(path: PathPattern) -> bool:
    """Whether the temporary file itself has a name of its own (not the folder that it lies in)."""
    return path.name.is_unique


def _replaces(act: Replace) -> bool:
    """Whether a copy of a temporary file is the last step of writing a file that others read."""
    origin = act.origin or act.path
    if origin.name.is_unique:
        return True
    if act.written is None:
        return False
    data = act.path.suffix in _DATA or act.path.says_state
    return data or (same_folder(origin, act.path) and origin.name.starts_with(act.path.name))


def _is_folder(act: Replace, context: Context) -> bool:
    """Whether the target is certainly a folder to move into: that is filing away, not replacing; or a copy of a folder."""
    if act.language == "shell" and re.match(r"cp\s+(?:-\S+\s+)*-[a-zA-Z]*[rRa]", act.place.text):
        return True
    if act.path.literal.endswith("/") or (act.language == "shell" and names_folder(act.path_place.text)):
        return True
    return is_used_as_folder(act.path, act, context.all(Check))


def _found(
    act: Replace,
    message: str,
    label: str,
    *,
    severity: Severity | None = None,
    confidence: Confidence | None = None,
    fix: Fix | None = None,
) -> Draft:
    place = act.written or act.origin_place
    related = ((place, "the temporary file"),) if place is not None else ()
    return RULE.found(
        act.place,
        message,
        label=label,
        related=related,
        severity=severity,
        confidence=confidence,
        fix=fix,
        subject=act.subject,
    )


def _moved(act: Replace, context: Context) -> Fix | None:
    """A rename in place of a copy with two operands."""
    text = act.place.text
    reason = "the temporary file is gone afterwards, and its owner and mode become the target's"
    if act.language == "shell":
        match = re.fullmatch(r"cp(?: -f)?( [^-\s]\S* \S+)", text)
        if match is None or not is_verbatim(act.place):
            return None
        return Fix("rename it", (Edit(act.place.location, f"mv -f{match[1]}"),), reason=reason)
    match = re.fullmatch(r"shutil\.copy(?:2|file)?\(([^()*=]+, [^()*=]+)\)", text)
    imports = import_edits(context.file, "os")
    if match is None or imports is None:
        return None
    edits = (*imports, Edit(act.place.location, f"os.replace({match[1]})"))
    return Fix("rename it", edits, reason=reason)


def _fix(act: Replace, context: Context) -> Fix | None:
    text = act.place.text
    imports = import_edits(context.file, "os")
    if imports is None or not text.startswith("shutil.move("):
        return None
    return Fix("rename it", (*imports, Edit(act.place.location, "os.replace(" + text[len("shutil.move(") :])))
