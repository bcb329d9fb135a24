"""JOB405: a variable meant for the job or the host is expanded by the submitter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.fixing import is_verbatim
from jobsafety_lint.meaning.queue.grammar import Launch
from jobsafety_lint.meaning.wrappers import peel
from jobsafety_lint.model import Confidence, Edit, Fix, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Hole, Place, Source, is_hole

RULE = Rule(
    "JOB405",
    "submit-time-expansion",
    "a variable meant for the job or the host is expanded by the submitter",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("AP-11",),
    fix="unsafe",
    unsafe_because="the other side's value is used from now on",
    silent_where=("JOB110",),
)

_OF_THE_JOB = re.compile(
    r"\$\{?PUEUE_\w+\}?|\$\{?BASHPID\}?|\$\$|os\.(?:environ|getenv)\W+PUEUE_\w+.*|os\.getpid\(\)", re.DOTALL
)
"""What exists, or has its meaning, in the job only."""
_OF_THE_HOST = re.compile(
    r"\$\{?(?:HOME|PWD|HOSTNAME|PATH|TMPDIR|SHELL|LD_LIBRARY_PATH|PYTHONPATH|VIRTUAL_ENV|XDG_\w+|UID|EUID|\?|!|PIPESTATUS|SECONDS)(?:\[[^\]]*\]|:?[-%#/][^}]*)?\}?"
    r"|(?:\$\(|`)\s*(?:nproc|hostname(?: -\w+)?|uname[^)`]*|whoami|id -\w+|pwd|free[^)`]*|nvidia-smi[^)`]*|lscpu[^)`]*|getconf[^)`]*|df[^)`]*|pgrep[^)`]*|pidof[^)`]*|"
    r"which [^)`]*|command -v [^)`]*|mktemp[^)`]*|cat /(?:proc|sys|etc|run|tmp)/[^)`]*)\s*(?:\)|`)"
    r"|(?:pathlib\.)?Path\.(?:home|cwd)\(\)|os\.path\.expanduser\(.*|os\.cpu_count\(\)|(?:multiprocessing|mp)\.cpu_count\(\)|socket\.gethostname\(\)|platform\.node\(\)"
    r"|os\.(?:environ|getenv)\W+(?:HOME|PATH|HOSTNAME|TMPDIR|SHELL)\W.*",
    re.DOTALL,
)
"""What has another value on each host, or is about the local machine."""
_NAME = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")


@dataclass(frozen=True)
class _Early:
    """An expansion that comes too early: the place of it, its code, and why it is none of the submitter's."""

    place: Place
    text: str
    why: str
    confidence: Confidence
    word: Place | None = None


@RULE.on(Command, of={"ssh"})
def expanded_before_ssh(command: Command, context: Context) -> Iterator[Draft]:
    """Words and here-documents that go to another host."""
    peeled = peel("ssh", command.args)
    if peeled is None:
        return
    found = list(_in_words(peeled.inner, _remote))
    if command.document is not None:
        found += _in_document(command.document)
    destination = next(iter((*peeled.operands, *command.args)), None)
    where = f"`{destination.place.text}`" if destination is not None else "another host"
    yield from _drafts(found, command.place, f"before ssh sends the text to {where}")


@RULE.on(Launch)
def expanded_before_the_job(launch: Launch, context: Context) -> Iterator[Draft]:
    """Words of a queued job."""
    found = [
        early
        for early in _in_words(launch.call.rest, _job)
        if not is_hole(early.place.source.text[early.place.span.start])
    ]
    yield from _drafts(found, launch.place, "when the job is queued, not when it runs")


def _drafts(found: list[_Early], place: Place, when: str) -> Iterator[Draft]:
    if not found:
        return
    first = found[0]
    shown = list(dict.fromkeys(early.text for early in found))
    names = ", ".join(f"`{text}`" for text in shown)
    best = Confidence.MEDIUM if any(e.confidence is Confidence.MEDIUM for e in found) else Confidence.LOW
    edits = [e for early in found if (e := _escape(early)) is not None]
    fix = Fix("let the other side expand it", tuple(edits), safe=False) if len(edits) == len(found) else None
    yield RULE.found(
        first.place,
        f"{names} {'is' if len(shown) == 1 else 'are'} expanded here, {when}: {first.why}",
        label="put the text in single quotes, or escape the `$`",
        related=((place, "the text that is sent"),) if first.place.span != place.span else (),
        confidence=best,
        fix=fix,
        data={"expansions": shown},
        subject=first.word if first.text == "$$" else None,
    )


def _in_words(
    words: Sequence[Arg], judge: Callable[[Hole, str], tuple[str, Confidence] | None]
) -> Iterator[_Early]:
    before = ""
    for arg in words:
        for pattern, span in arg.pieces:
            place = Place(arg.place.source, span)
            code = place.text
            if arg.place.source.language == "python":
                for part in pattern.parts:
                    if isinstance(part, Hole) and (
                        verdict := judge(Hole(part.text.strip("{}"), version=1), before)
                    ):
                        yield _Early(place, part.text.strip("{}"), *verdict)
                    before += part if isinstance(part, str) else "\0"
                continue
            as_written = pattern.text == code  # in single quotes
            if not is_verbatim(place):  # the value of a variable, pasted by `eval`
                before += pattern.literal
                continue
            if as_written or (not code.startswith(("$", "`")) and not _is_one_hole(place)):
                before += pattern.literal
                continue
            value = pattern.holes[0] if len(pattern.parts) == 1 and pattern.holes else None
            unset = value is not None and value.text == code and not value.version
            verdict = judge(Hole(code, version=0 if unset or _is_one_hole(place) else 1), before)
            if verdict is not None:
                yield _Early(place, code, *verdict, arg.place)
            before += "\0"
        before += " "


def _is_one_hole(place: Place) -> bool:
    text = place.source.text[place.span.start : place.span.end]
    return len(text) == 1 and is_hole(text)


def _in_document(document: Source) -> Iterator[_Early]:
    for at, char in enumerate(document.text):
        if is_hole(char):
            hole = document.hole(char)
            verdict = _remote(hole, document.text[:at])
            if verdict is not None:
                yield _Early(Place(document, Span(at, at + 1)), hole.text, *verdict)


def _remote(hole: Hole, before: str) -> tuple[str, Confidence] | None:
    """Why an expansion is meant for the other host; None if it is not."""
    if hole.text == "$$" and re.search(r"[\w./\0-]$", before):
        return None  # part of a name: as good a mark of this run as the other side's
    if _OF_THE_JOB.fullmatch(hole.text):
        return "it is empty, or means another process, here", Confidence.MEDIUM
    if _OF_THE_HOST.fullmatch(hole.text):
        goes_there = re.search(r"\bcd\s+[\"']?$", before) and re.search(r"(?i)pwd", hole.text)
        local = re.search(
            r"(?:[A-Z_]*(?:LOCAL|CLIENT|FROM|SRC|SUBMIT|CALLER|ORIGIN)\w*=|--(?:from|client|submitter)[= ])[\"']?$",
            before,
        )
        part_of_name = re.search(r"[\w./\0-]$", before) and re.search(r"(?i)hostname", hole.text)
        name = _NAME.match(hole.text)
        handed_over = name is not None and re.search(rf"(?:^|[\s;&|\"'(]){name[1]}=[\"']?$", before)
        drawn = "mktemp" in hole.text  # a name that nobody else has, wherever it comes from
        if goes_there or local or part_of_name or handed_over or drawn:
            return "the remote side gets this machine's value", Confidence.LOW
        return "the remote side gets this machine's value", Confidence.MEDIUM
    if re.fullmatch(r"\$\d", hole.text) and re.search(r"\bg?awk\s+(?:-F\s*\S+\s+)?'[^']*$", before):
        return "it is a field of awk's, not a parameter of this script", Confidence.MEDIUM
    match = _NAME.fullmatch(hole.text)
    if match and not hole.version and _set_in(match[1], before):
        return f"`{match[1]}` is set in the text itself, and is empty here", Confidence.MEDIUM
    return None


def _job(hole: Hole, before: str) -> tuple[str, Confidence] | None:
    """Why an expansion is meant for the job, on the same host; None if it is not."""
    if _OF_THE_JOB.fullmatch(hole.text):
        return "it is empty, or means another process, here", Confidence.MEDIUM
    if re.fullmatch(r"\$\d", hole.text) and re.search(r"\bg?awk\s+(?:-F\s*\S+\s+)?'[^']*$", before):
        return "it is a field of awk's, not a parameter of this script", Confidence.MEDIUM
    match = _NAME.fullmatch(hole.text)
    if match and not hole.version and _set_in(match[1], before):
        return f"`{match[1]}` is set in the text itself, and is empty here", Confidence.MEDIUM
    return None


def _set_in(name: str, text: str) -> bool:
    """Whether a shell text has set a variable: `for x in`, `x=`, `read x`; not in the word that ends it (`x=$x`)."""
    return bool(
        re.search(
            rf"(?:^|[\s;&|(){{}}])(?:for\s+{name}\s+in\b|(?:export\s+|local\s+)?{name}=\S*(?=[\s;&|])|read\s+(?:-\w+\s+)*(?:\w+\s+)*{name}\b)",
            text,
        )
    )


def _escape(early: _Early) -> Edit | None:
    """The expansion with a backslash, in a shell file (other hosts have escapes of their own)."""
    source, span = early.place.source, early.place.span
    if source.host is not None:
        if not _is_one_hole(early.place):
            return None
        source, span = source.host, source.in_host(span)  # a here-document of the file
    text = source.text[span.start : span.end]
    if source.host is not None or source.language == "python":
        return None
    if text.startswith("$"):
        return Edit(Place(source, span).location, "\\" + text)
    if text.startswith("`") and text.endswith("`") and len(text) > 1:
        return Edit(Place(source, span).location, "\\$(" + text[1:-1] + ")")
    return None
