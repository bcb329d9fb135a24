"""JOB401: under pipefail, a reader that stops early kills the writer, and the pipeline fails."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Pipe
from jobsafety_lint.meaning.shell import output_sizes, streams
from jobsafety_lint.meaning.shell.leaving import fails_next
from jobsafety_lint.meaning.shell.output_sizes import Size
from jobsafety_lint.model import Confidence, Edit, Fix, Severity, Span
from jobsafety_lint.rule import Draft, Rule, edit
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB401",
    "pipefail-early-close",
    "under pipefail a reader that stops early (`head`, `grep -q`, `sed q`, …) kills the writer",
    Severity.WARNING,
    Confidence.HIGH,
    references=("AP-13", "G-13"),
    fix="safe or unsafe",
)

_ASKS_AGAIN = re.compile(r"\s*\|\|\s*[^|&;\n]*\|\s*(?:e|f)?grep\b")
"""`… | grep -q X || … | grep -q X`: somebody else is asked for the same."""
_HIDES = "`|| true` hides the writer's own errors, too"
_NOT_ON_THE_PIPE = frozenset({"xargs", "parallel", "find", "ssh", "pueue", "flock"})
_MESSAGES = frozenset({"echo", "printf", "log", "warn", "info", "logger", "cat"})
_DECIDING_READERS = frozenset({"grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ggrep", "read"})


@RULE.on(Pipe)
def early_close(pipe: Pipe, context: Context) -> Iterator[Draft]:
    """A pipeline with a reader that stops before its input ends."""
    if pipe.execution.pipefail is not True or pipe.status == "masked":
        return
    for at in range(1, len(pipe.stages)):
        fed = next((r for c in pipe.stages[at] if (r := _early_reader(c.feeds, ""))), None)
        reader = fed or _early_reader(pipe.stages[at], pipe.stage_places[at].text)
        if reader is None:
            continue
        size = _size_before(pipe, at, context)
        wants_one = streams.wants_one_line(reader) and any(map(output_sizes.finds_by_name, pipe.stages[0]))
        if wants_one and size is Size.LARGE:
            size = Size.UNKNOWN  # whoever takes the first expects one
        dies = None if size is Size.SMALL else at if fed else _dying_stage(pipe, at, context)
        if dies is None:
            continue
        severity, consequence, confidence = _consequence(pipe, reader)
        if severity is None:
            return
        if severity is Severity.ERROR and _ASKS_AGAIN.match(pipe.place.source.text, pipe.place.span.end):
            confidence = (
                Confidence.LOW
            )  # the wrong way is taken only if the other question is answered wrongly, too
        if size is Size.UNKNOWN and confidence is Confidence.HIGH:
            writers = [c for stage in pipe.stages[:at] for c in streams.leaves_of(stage)]
            known = all(output_sizes.is_known(c) for c in writers)
            decides = (
                severity is Severity.ERROR
            )  # a wrong branch is worth a word where an unlikely exit is not
            confidence = Confidence.MEDIUM if known and decides else Confidence.LOW
        writer = pipe.stage_places[dies].text.split("\n")[0].strip()
        yield RULE.found(
            _act(reader),
            f"`{_short(reader.place.text)}` stops reading early; under pipefail `{_short(writer)}` is then killed by SIGPIPE and {consequence}",
            label="read to the end, or take the writer's status out",
            related=((pipe.stage_places[dies], "this writer dies"),),
            severity=severity,
            confidence=confidence,
            fix=None if fed else _fix(pipe, at, reader),
            data={"reader": reader.name, "output": size.value},
        )
        return


def _dying_stage(pipe: Pipe, reader: int, context: Context) -> int | None:
    """The stage before the reader that is killed with nobody to take care of it; None if there is none.

    The death goes upstream: a stage that streams, and is itself taken care of, leaves the stage before it without a reader.
    """
    for at in range(reader - 1, -1, -1):
        if not pipe.tolerated[at]:
            return at
        last = streams.leaves_of(pipe.stages[at])[-1:]
        streams_on = bool(last) and last[0].name in output_sizes.STREAMS
        if not streams_on or _size_before(pipe, at, context) is Size.SMALL:
            return None
    return None


def _act(reader: Command) -> Place:
    """The program with the options before its pattern: `grep -q`; the whole command where it is no grep."""
    end = reader.place.span.end
    if (
        reader.name in _DECIDING_READERS
        and reader.args
        and reader.args[0].place.source is reader.place.source
    ):
        options = list(itertools.takewhile(lambda arg: (arg.text or "").startswith("-"), reader.args))
        end = options[-1].place.span.end if options else end
    return Place(reader.place.source, Span(reader.place.span.start, max(end, reader.place.span.start + 1)))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 48 else line[:47] + "…"


def _consequence(pipe: Pipe, reader: Command) -> tuple[Severity | None, str, Confidence]:
    decides = reader.name in _DECIDING_READERS
    if pipe.status == "branch":
        if pipe.alternative in _MESSAGES and not decides:
            return None, "", Confidence.LOW
        if decides:
            return (
                Severity.ERROR,
                "the branch is taken the wrong way just when there is a match",
                Confidence.HIGH,
            )
        return (
            Severity.ERROR,
            "the branch is taken the wrong way, though the reader was content",
            Confidence.HIGH,
        )
    if pipe.status == "exits" and _fails_anyway(pipe):
        return None, "", Confidence.LOW
    if pipe.status == "exits":
        return Severity.WARNING, "errexit ends the script", Confidence.HIGH
    if pipe.execution.errexit_suspended and pipe.status == "ignored":
        return None, "", Confidence.LOW
    at_end = pipe.status == "result" and not pipe.execution.functions
    return Severity.INFO, "the pipeline's status is 141", Confidence.MEDIUM if at_end else Confidence.LOW


def _fails_anyway(pipe: Pipe) -> bool:
    """Whether the script fails at this place in any case: `exit 1` is next, or a writer that fails where it has something to print."""
    compared = streams.leaves_of(pipe.stages[0])[-1:]
    return fails_next(pipe.place) or any(command.name in {"diff", "cmp"} for command in compared)


def _early_reader(stage: Sequence[Command], text: str) -> Command | None:
    """The command of a stage that stops reading the pipe before its end, with nothing behind it that reads the rest."""
    here = {id(c) for c in stage}
    reading = [c for c in stage if not any(w.name in _NOT_ON_THE_PIPE and id(w) in here for w in c.outer)]
    if not reading:
        return None
    if re.match(r"\s*(?:\{\s*|\(\s*)?(?:while|until)\b[^;\n]*\bread\b", text) or any(
        map(_asks_loop, reading)
    ):
        return _leaves_loop(reading)
    if any(c.name == "read" and c.execution.loops != reading[0].execution.loops for c in reading):
        return None
    if any(
        streams.reads_input(c) and not streams.stops_early(c) and c.name not in streams_wrappers(reading)
        for c in reading
    ):
        return None
    if len(reading) == 1 and reading[0].name in {"true", ":"}:
        return reading[0]
    return next((c for c in reversed(reading) if streams.stops_early(c)), None)


def _asks_loop(command: Command) -> bool:
    """Whether a command is the `read` of a `while`, of a function that the stage calls."""
    before = command.place.source.text[: command.place.span.start].rpartition("\n")[2]
    return command.name == "read" and re.search(r"\b(?:while|until)\b[^;]*$", before) is not None


def streams_wrappers(stage: Sequence[Command]) -> set[str]:
    """The programs of a stage that only run another one (`ssh`, `bash -c`)."""
    return {wrapper.name for c in stage for wrapper in c.outer}


def _leaves_loop(commands: Sequence[Command]) -> Command | None:
    """The `break`, or the successful `exit` or `return`, by which a `while read` leaves lines unread."""
    read = next((c for c in commands if c.name == "read"), None)
    if read is None or streams.reads_file_instead(read):
        return None
    inside = len(read.execution.loops) + 1
    for c in commands:
        if c.name == "break" and (len(c.execution.loops) == inside or c.words):
            return c
        if c.name == "return" and c.execution.functions != read.execution.functions:
            continue  # it leaves a function that the loop calls
        if c.name in {"exit", "return"} and c.words[:1] in ([], ["0"]) and len(c.execution.loops) >= inside:
            return c
    return None


def _size_before(pipe: Pipe, at: int, context: Context) -> Size:
    """How much reaches a stage: what the writers print, as far as the stages between keep it."""
    small_programs = frozenset(context.settings.words("small-output-commands"))
    size = Size.UNKNOWN
    first = streams.leaves_of(pipe.stages[0])
    for number, stage in enumerate(pipe.stages[:at]):
        leaves = streams.leaves_of(stage)
        if not leaves:
            return Size.SMALL if stage and not number and all(map(_prints_little, stage)) else Size.UNKNOWN
        own = [output_sizes.output_size(c, small_programs) for c in leaves]
        passes_on = number and leaves[-1].name in output_sizes.KEEPS_SIZE
        if passes_on and not streams.reads_file_instead(leaves[-1]):
            if own[-1] is Size.SMALL and (
                leaves[-1].name not in {"sed", "jq", "yq"} or output_sizes.picks_one(leaves[-1], first)
            ):
                size = Size.SMALL
            elif size is Size.LARGE and (
                output_sizes.narrows(leaves[-1])
                or output_sizes.picks_from_page(pipe.stages[: number + 1])
                or output_sizes.picks_from_answer(pipe.stages[: number + 1])
            ):
                size = Size.UNKNOWN
            continue
        size = Size.LARGE if Size.LARGE in own else Size.UNKNOWN if Size.UNKNOWN in own else Size.SMALL
        if size is Size.LARGE and output_sizes.picks_from_answer([leaves[:-1], leaves[-1:]]):
            size = Size.UNKNOWN  # a function that asks and picks
        if size is Size.SMALL and any(len(c.execution.loops) > len(pipe.execution.loops) for c in leaves):
            size = Size.UNKNOWN  # a little, many times
    return size


def _prints_little(command: Command) -> bool:
    """Whether a command that changes the shell's state prints next to nothing: `declare -F`, the names of a script's functions."""
    return command.name in {":", "true"} or (command.name in {"declare", "typeset"} and "-F" in command.words)


def _fix(pipe: Pipe, at: int, reader: Command) -> Fix | None:
    """The same command reading to its end; where that does not go, the status taken out of the pipeline."""
    writers = [c for stage in pipe.stages[:at] for c in streams.leaves_of(stage)]
    endless = any(output_sizes.may_never_end(c) for c in writers)
    safe = all(output_sizes.is_finite(c) for c in writers)
    if not endless and len(pipe.stages[at]) == 1:
        rewritten = _grep_to_the_end(reader, last=at == len(pipe.stages) - 1) or _lines_to_the_end(reader)
        if rewritten is not None:
            reason = "" if safe else "the writer now runs to its end, and nobody knows that it has one"
            return Fix(rewritten.title, rewritten.edits, safe, reason)
    if pipe.status != "exits" or pipe.negated:
        return None
    end = Place(pipe.place.source, Span(pipe.place.span.end, pipe.place.span.end))
    return Fix("do not look at the pipeline's status", (edit(end, " || true"),), reason=_HIDES)


def _grep_to_the_end(reader: Command, *, last: bool) -> Fix | None:
    """`grep -q P` to `grep P >/dev/null`: GNU grep reads a pipe to its end then, and its status is the same."""
    if reader.name not in {"grep", "egrep", "fgrep"} or not last or reader.language != "shell":
        return None
    edits: list[Edit] = []
    for arg in reader.args:
        text = arg.place.text
        if text in {"--quiet", "--silent"} or re.fullmatch(r"-q+", text):
            edits.append(edit(_with_blank(arg.place), ""))
        elif re.fullmatch(r"-[a-zA-Z]*q[a-zA-Z]*", text) and not re.search(r"[mlL]", text):
            edits.append(edit(arg.place, text.replace("q", "")))
        elif re.match(r"--max-count|--files|-[a-zA-Z]*[mlL]", text):
            return None
    if not edits:
        return None
    if not streams.prints_nowhere(reader):
        end = max([reader.place.span.end, *(target.place.span.end for _, target in reader.redirects)])
        edits.append(edit(Place(reader.place.source, Span(end, end)), " >/dev/null"))
    return Fix("let grep read to the end", tuple(edits))


def _with_blank(place: Place) -> Place:
    """The place with one blank before it."""
    before = place.source.text[place.span.start - 1 : place.span.start]
    return Place(place.source, Span(place.span.start - (before == " "), place.span.end))


def _lines_to_the_end(reader: Command) -> Fix | None:
    """`head -n 5` and `sed 5q` to `sed -n '1,5p'`: the same lines, and all of the input is read."""
    words = [arg.place.text for arg in reader.args]
    match (reader.name, words):
        case ("head" | "ghead", []):
            count = 10
        case ("head" | "ghead", ["-n" | "--lines", number]) if number.isdigit():
            count = int(number)
        case ("head" | "ghead", [option]) if found := re.fullmatch(r"-n?(\d+)|--lines=(\d+)", option):
            count = int(found[1] or found[2])
        case ("sed", [script]) if found := re.fullmatch(r"[\"']?(\d*)q[\"']?", script):
            count = int(found[1] or 1)
        case _:
            return None
    if count < 1:
        return None
    script = f"1,{count}p" if count > 1 else "1p"
    quoted = script if reader.place.source.host is not None else f"'{script}'"
    end = reader.args[-1].place.span.end if reader.args else reader.place.span.start + len(reader.name)
    place = Place(reader.place.source, Span(reader.place.span.start, end))
    if not reader.args and place.text != reader.name:
        return None
    return Fix("print the lines with sed, which reads to the end", (edit(place, f"sed -n {quoted}"),))
