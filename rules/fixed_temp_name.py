"""JOB110: a temp path with a constant name, in code that runs as several jobs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.execution import Concurrency, Execution
from jobsafety_lint.meaning.files import Append, Create, Read, Write
from jobsafety_lint.meaning.fixing import import_edits
from jobsafety_lint.meaning.functions import ArtifactName
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.queue.grammar import Launch
from jobsafety_lint.model import Confidence, Edit, Fix, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB110",
    "fixed-temp-name",
    "a temp path with a constant name, in code that runs as several jobs",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-1",),
    fix="unsafe",
    unsafe_because="the name is made in the job's shell now, so whatever else uses the submitter's name has to follow",
)

_SAME_FOR_ALL = frozenset({"USER", "LOGNAME", "HOME", "HOSTNAME", "HOST", "UID", "EUID", "TMPDIR"})
_MEANT_TO_BE_SHARED = frozenset({".lock", ".pid", ".sock", ".socket", ".lck"})
_READERS = frozenset(
    {
        "cat",
        "ls",
        "rm",
        "grep",
        "[",
        "test",
        "head",
        "tail",
        "wc",
        "stat",
        "cd",
        "find",
        "flock",
        "mkdir",
        "export",
        "source",
        ".",
    }
)


@dataclass(frozen=True)
class _Name:
    """A temporary path where it is built or used. `weight`: 2 if it is certainly written there, 1 if perhaps."""

    place: Place
    path: PathPattern
    execution: Execution
    weight: int
    code: str


@RULE.on(Write, Create, Append, ArtifactName, Command)
def constant(fact: object, context: Context) -> Iterator[Draft]:
    """A temporary file of a constant name that several jobs write."""
    if context.role in {"test", "temporary"} or not fact.execution.concurrency:  # type: ignore[attr-defined]  # all of these kinds have one
        return
    for name in _names(fact):
        group = [
            other for other in _all(context) if other.path.parts == name.path.parts and _one_job(name, other)
        ]
        reason = _reason(name, context)
        first = min(group, key=lambda other: other.place.location)
        certain = sum(other.weight for other in group) + _is_read_later(name, context)
        if reason is None or first.place.span != name.place.span or certain < 2:
            continue
        once = any(hole.kind == "shared" for hole in name.path.holes)
        what = "is made once, before the jobs part" if once else "has the same name in all of them"
        yield RULE.found(
            name.place,
            f"the temporary file `{name.code}` {what}: jobs that run at once overwrite each other's ({reason.reason})",
            label="`mktemp`, or a name that has the job in it"
            if name.place.source.language == "shell" or once
            else "`tempfile.mkstemp()`, or a name that has the job in it",
            related=((reason.place, reason.reason),) if reason.place is not None else (),
            fix=_made_anew(name, context),
            subject=_subject(name, context),
        )


def _is_read_later(name: _Name, context: Context) -> bool:
    """Whether Python reads what a program that it has run before was told the name of: that program has written it."""
    return name.weight == 1 and any(
        read.language == "python"
        and read.path.parts == name.path.parts
        and read.execution.functions == name.execution.functions
        and read.place.span.start > name.place.span.end
        for read in context.all(Read)
    )


_LITERAL = re.compile(r"""(["'])[^"'\\]*/(?P<stem>[\w-]+)(?P<suffix>(?:\.\w+)*)\1""")


def _made_anew(name: _Name, context: Context) -> Fix | None:
    """A name from `tempfile` for a constant that one variable of a function gets."""
    source, span = name.place.source, name.place.span
    literal = _LITERAL.fullmatch(source.text[span.start : span.end])
    line = source.text[source.text.rfind("\n", 0, span.start) + 1 : span.start]
    if literal is None or source is not context.file or source.text.count(literal[0]) > 1:
        return None
    if not re.fullmatch(r"[ \t]+\w+ = ", line) or source.text[span.end : span.end + 1] not in {"\n", ""}:
        return None
    imports = import_edits(context.file, "tempfile")
    if imports is None or not name.execution.functions:
        return None
    suffix = f', suffix="{literal["suffix"]}"' if literal["suffix"] else ""
    made = f'tempfile.NamedTemporaryFile(prefix="{literal["stem"]}-"{suffix}, delete=False).name'
    reason = "nobody deletes the file any more, unless the code does, and other programs do not find it by its name"
    return Fix("let `tempfile` make the name", (*imports, Edit(name.place.location, made)), reason=reason)


def _subject(name: _Name, context: Context) -> object:
    """The place where the name is built, which is what a rule on names speaks of; else the path."""
    built = (
        fact.place
        for fact in context.all(ArtifactName)
        if fact.pattern.parts == name.path.parts and fact.execution.functions == name.execution.functions
    )
    return next(built, name.path)


def _all(context: Context) -> Iterator[_Name]:
    for kind in (Write, Create, Append, ArtifactName, Command):
        for fact in context.all(kind):
            yield from _names(fact)


def _names(fact: object) -> Iterator[_Name]:
    match fact:
        case Create(what="directory", exclusive=True):
            pass
        case Write() | Create():
            if _is_constant(fact.path) and not fact.execution.lock:
                yield _Name(fact.place, fact.path, fact.execution, 2, fact.path_place.text)
        case ArtifactName(language="python"):
            if _is_constant(fact.pattern) and not fact.execution.lock:
                yield _Name(fact.place, fact.pattern, fact.execution, 0, fact.place.text)
        case Command():
            if fact.name in _READERS or fact.execution.lock:
                return
            for arg in fact.args:
                if _is_constant(arg.pattern):
                    yield _Name(arg.place, arg.pattern, fact.execution, 1, arg.place.text)


def _is_constant(path: PathPattern) -> bool:
    """Whether a path is a temporary one that is the same in every job."""
    if path.text is not None and not path.is_absolute:
        return False
    if path.is_unique or path.suffix in _MEANT_TO_BE_SHARED or not path.parts:
        return False
    shared = [hole for hole in path.holes if hole.kind == "shared"]
    others = [hole for hole in path.holes if hole.kind not in {"shared", "tempdir"}]
    if any(not hole.names or not hole.names <= _SAME_FOR_ALL for hole in others):
        return False
    if "*" in path.literal or " " in path.literal or "{" in path.literal:
        return False
    if path.in_temporary_folder:
        return bool(shared) or len(path.literal.replace("\0", "").strip("/").split("/")) > (
            0 if path.holes else 1
        )
    return bool(shared) or (
        path.text is not None and path.is_absolute and path.says_temporary and bool(path.suffix)
    )


def _one_job(name: _Name, other: _Name) -> bool:
    return other.execution.functions == name.execution.functions and _root(other.place) is _root(name.place)


def _root(place: Place) -> object:
    return place.source


def _reason(name: _Name, context: Context) -> Concurrency | None:
    """Why several jobs use it at once; for sibling tasks and queued jobs another one must use it too, or a loop queue them."""
    for reason in name.execution.concurrency:
        elsewhere = any(
            other.place.source is not name.place.source and other.path.parts == name.path.parts
            for other in _all(context)
        )
        if "sibling" in reason.reason:
            if elsewhere:
                return reason
        elif "as a job" in reason.reason:
            if name.execution.loops or elsewhere:
                return reason
        else:
            return reason
    return None


@RULE.on(Launch)
def submitter_pid(launch: Launch, context: Context) -> Iterator[Draft]:
    """`$$` in the text of a job that the submitting shell has expanded."""
    if not launch.execution.loops or context.role in {"test", "temporary"}:
        return
    variables = launch.execution.loop_variables
    for arg in launch.call.rest:
        for word in _words(arg):
            names = frozenset().union(*(pattern.names for pattern, _ in word))
            pid = next(
                (span for pattern, span in word if any(_is_pid(hole.text) for hole in pattern.holes)), None
            )
            unique = any(
                hole.kind == "unique" and not _is_pid(hole.text)
                for pattern, _ in word
                for hole in pattern.holes
            )
            if pid is None or unique or names & variables:
                continue
            place = Place(arg.place.source, pid)
            written = place.text if "$$" in place.text else arg.place.text
            yield RULE.found(
                place,
                f"`{written}` is expanded by the shell that queues the jobs: `$$` is its pid, the same for every job of the loop",
                label="let the job's own shell expand it: `\\$$`, single quotes, or `mktemp` in the job",
                related=((launch.execution.loops[-1].place, "every job of this loop gets it"),),
                severity=Severity.ERROR,
                subject=arg.place,
                fix=_escaped(place),
            )


def _escaped(place: Place) -> Fix | None:
    source = place.source
    inside = source.text[: place.span.start].count('"') % 2 == 1
    if place.text != "$$" or not inside:
        return None
    return Fix(
        "let the job expand it", (Edit(source.location(Span(place.span.start, place.span.start)), "\\"),)
    )


def _is_pid(text: str) -> bool:
    return text in {"$$", "${$}", "$BASHPID", "${BASHPID}", "$PPID"}


def _words(arg: Arg) -> Iterator[list[tuple[PathPattern, Span]]]:
    """The words of the job's text: pieces between blanks."""
    word: list[tuple[PathPattern, Span]] = []
    for pattern, span in arg.pieces:
        text = pattern.text
        if text is not None and any(blank in text for blank in " \n\t"):
            head, *_, tail = text.replace("\n", " ").replace("\t", " ").split(" ")
            word.append((PathPattern.of(head), span))
            yield word
            word = [(PathPattern.of(tail), span)]
        else:
            word.append((pattern, span))
    yield word
