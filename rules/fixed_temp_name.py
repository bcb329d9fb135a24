"""JOB110: a temp path with a constant name, in code that runs as several jobs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.execution import Concurrency
from jobsafety_lint.meaning.files import Append, Create, Write
from jobsafety_lint.meaning.fixing import import_edits
from jobsafety_lint.meaning.functions import ArtifactName
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.project.links import QUIET_ROLES, TemporaryLink
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.meaning.project.together import run_at_once
from jobsafety_lint.meaning.queue.grammar import Launch
from jobsafety_lint.meaning.temporaries import TemporaryName, temporary_names, written_names
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


@RULE.on(Write, Create, Append, ArtifactName, Command)
def constant(fact: object, context: Context) -> Iterator[Draft]:
    """A temporary file of a constant name that several jobs write."""
    if context.role in {"test", "temporary"} or not fact.execution.concurrency:  # type: ignore[attr-defined]  # all of these kinds have one
        return
    for name in temporary_names(fact):
        is_first = any(group[0].place == name.place for group in written_names(context.facts))
        reason = _reason(name, context) if is_first else None
        if reason is None:
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


_LITERAL = re.compile(r"""(["'])[^"'\\]*/(?P<stem>[\w-]+)(?P<suffix>(?:\.\w+)*)\1""")


def _made_anew(name: TemporaryName, context: Context) -> Fix | None:
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


def _subject(name: TemporaryName, context: Context) -> object:
    """The place where the name is built, which is what a rule on names speaks of; else the path."""
    built = (
        fact.place
        for fact in context.all(ArtifactName)
        if fact.pattern.parts == name.path.parts and fact.execution.functions == name.execution.functions
    )
    return next(built, name.path)


def _reason(name: TemporaryName, context: Context) -> Concurrency | None:
    """Why several jobs use it at once; for sibling tasks and queued jobs another one must use it too, or a loop queue them."""
    for reason in name.execution.concurrency:
        elsewhere = any(
            other.place.source is not name.place.source and other.path.parts == name.path.parts
            for fact in context.facts
            for other in temporary_names(fact)
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


@RULE.on(Project)
def in_other_file(project: Project, context: Context) -> Iterator[Draft]:
    """A temporary file of a constant name in a script or function that another file runs several times at once."""
    for file, name in project.all(TemporaryLink):
        if file.role in QUIET_ROLES:
            continue
        several = run_at_once(project, file, name.function)
        if several is not None:
            yield RULE.found(
                name.mark,
                f"the temporary file `{name.code}` has the same name in all of them: jobs that run at once overwrite each other's "
                f"({several.reason})",
                label="a name from `mktemp` or `tempfile`, or one that has the job in it",
                related=((several.mark, several.reason),),
            )


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
