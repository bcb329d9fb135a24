"""The flow of a script that uses pueue: what follows what, which loop a job is queued in, what a look at the queue is.

A *look* is a call that asks pueue for its tasks (`status`, `wait`). It is an *audit* if what it says decides anything. What
it asks for is read from the filters behind it: jq programs, grep patterns, query words, the literals of a Python file.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from jobsafety_lint.config import Settings
from jobsafety_lint.meaning.commands import Arg, Command, Condition, Pipe, Sequence
from jobsafety_lint.meaning.execution import Loop, same_host
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.queue.grammar import QueueCommand, parse
from jobsafety_lint.model import Span
from jobsafety_lint.source import Hole, Place, Source

Kind = TypeVar("Kind")

UNFINISHED = frozenset({"running", "queued", "stashed", "paused", "locked"})
FINISHED = frozenset({"done", "success", "failed", "killed", "errored", "dependencyfailed", "failedtospawn"})
_STATE = re.compile(rf"(?<![\w$])({'|'.join(sorted(UNFINISHED | FINISHED))})(?!\w)", re.IGNORECASE)
_NEGATED = re.compile(
    r"!=(?!\s*null)|<>|\bnot\b|\bindex\b.*null|(?:^|\s)-v\b|--invert-match|\|\s*all\b|\ball\("
)
_PRINTS = frozenset(
    {"echo", "printf", "logger", "cat", "tee", "notify-send", "wall", "mail", "curl", "print"}
)
_HELPER = re.compile(
    r"audit|queued|enqueued|submitted|pending|in_?flight|in_?queue|is_?running|is_?active|already|dedup",
    re.IGNORECASE,
)


class File(Protocol):
    """What is asked of the file that a sequence belongs to; a rule's `Context` is one."""

    file: Source
    settings: Settings

    def all(self, kind: type[Kind]) -> Iterable[Kind]:
        """All facts of a kind."""

    def __hash__(self) -> int: ...


# --- words of a call ---------------------------------------------------------------------------------------------------


def option_value(call: QueueCommand, *names: str) -> PathPattern | None:
    """The value of an option, without the option itself where the two are one word (`--group=g`, `-gg`)."""
    given = [g for g in call.options if set(names) & set(g.option.names) and g.values]
    if not given:
        return None
    last, arg = given[-1], given[-1].values[-1]
    if arg is not last.word:
        return arg.pattern
    first = arg.pattern.parts[0] if arg.pattern.parts else ""
    if not isinstance(first, str):
        return arg.pattern
    rest = first.partition("=")[2] if first.startswith("--") else first[2:].removeprefix("=")
    return PathPattern.of(rest, *arg.pattern.parts[1:])


def group_of(call: QueueCommand) -> str:
    """The group that a call names, as people write it; `default` where it names none."""
    given = option_value(call, "-g", "--group", "--groups", "--failed-in-group")
    return given.template if given is not None and given.parts else "default"


def label_of(call: QueueCommand) -> PathPattern | None:
    """The label of a job."""
    return option_value(call, "-l", "--label")


def has_unknown_words(call: QueueCommand) -> bool:
    """Whether some words of a call are not known: `$opts`, `"${args[@]}"`, `*options`, what xargs puts behind it."""
    if call.subcommand != "add" and is_fed(call):
        return True
    words = call.command.args
    job = {id(arg) for arg in call.rest} if call.subcommand == "add" else set()
    if any(arg.splits and not arg.pattern.literal.strip("\0") for arg in words if id(arg) not in job):
        return True
    first = call.rest[0] if call.rest else None
    return call.subcommand == "add" and first is not None and first.splits and first.pattern.literal == "\0"


def is_fed(call: QueueCommand) -> bool:
    """Whether xargs or parallel puts more words behind those that are written."""
    return bool(call.command.outer) and call.command.outer[0].name in {"xargs", "parallel"}


def job_text(call: QueueCommand) -> str:
    """The words of a queued job as they are written, on one line."""
    return " ".join(arg.pattern.template for arg in call.rest)


def mentions(arg: Arg) -> frozenset[str]:
    """Every variable that a word is made from, or that is written in it."""
    written = (name for hole in arg.written.holes for name in re.findall(r"[A-Za-z_]\w*", hole.text))
    return arg.pattern.names | arg.written.names | frozenset(written)


def job_names(call: QueueCommand) -> frozenset[str]:
    """The variables that the words of a queued job are made from."""
    return frozenset().union(*(mentions(arg) for arg in call.rest))


def shown(place: Place, limit: int = 60) -> str:
    """Code on one line, shortened."""
    text = " ".join(place.text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


# --- what follows what ---------------------------------------------------------------------------------------------------


def follows(first: Command | QueueCommand, second: Command | QueueCommand) -> bool:
    """Whether a command that stands later can run after one that stands earlier: not in another arm of the same `if`
    or `case`, and not behind an `exit` of the first one's arm.
    """
    before, after = first.execution, second.execution
    if before.is_in_other_arm(after):
        return False
    for arm in before.arms:
        if arm in after.arms:
            continue
        if arm.leaves == "script":
            return False
        if arm.leaves == "function" and after.functions[: len(before.functions)] == before.functions:
            return False
        if (
            arm.leaves in {"loop", "break"}
            and after.loops[: len(before.loops)] == before.loops
            and before.loops
        ):
            return False
    return True


def on_one_host(first: Command | QueueCommand, second: Command | QueueCommand) -> bool:
    """Whether two commands may well run on the same host."""
    return same_host(first.execution.host, second.execution.host)


# --- loops ---------------------------------------------------------------------------------------------------------------


def varies_host(loop: Loop, call: Command | QueueCommand) -> bool:
    """Whether the loop goes over hosts: its variable is the destination of the call's ssh."""
    host = call.execution.host
    return host is not None and bool(host.names & set(loop.variables))


def job_loops(call: Command | QueueCommand) -> tuple[Loop, ...]:
    """The loops around a call that queue one job after the other, outermost first: not those over hosts, and not those
    with a single value.
    """
    return tuple(
        loop
        for loop in call.execution.loops
        if not varies_host(loop, call) and (loop.kind != "for" or loop_count(loop) not in {0, 1})
    )


def header(loop: Loop) -> str:
    """The line of a loop as people know it, shortened: `for day in $(…)`, `while read -r x`."""
    if loop.kind in _OF_ONE_PLACE:
        return shown(loop.place, 50)
    text = whole_header(loop)
    return text if len(text) <= 60 else text[:59] + "…"


_OF_ONE_PLACE = frozenset({"xargs", "parallel", "find", "comprehension", "pool"})


def whole_header(loop: Loop) -> str:
    """All of the line of a loop that says what it goes over."""
    source, span = loop.place.source, loop.place.span
    if loop.kind in _OF_ONE_PLACE:
        return " ".join(loop.place.text.split())
    line = source.line_span(source.line_of(span.start))
    text = source.shown(Span(line.start, line.end)).strip()
    text = re.sub(r"\s*(?:;\s*do\b.*|\bdo|:\s*(?:#.*)?)$", "", text)
    at = re.search(r"\b(?:for|while|until|async for)\b.*", text)
    return " ".join((at.group() if at else text).split())


_RANGE = re.compile(r"\{(-?\d+)\.\.(-?\d+)(?:\.\.-?\d+)?\}")
_SEQ = re.compile(r"\bseq(?:\s+-w)?\s+(?:(-?\d+)\s+)?(?:-?\d+\s+)?(\d+)\b")
_PY_RANGE = re.compile(r"\brange\(\s*(?:(-?\d+)\s*,\s*)?(\d+)")
_FROM_OUTSIDE = re.compile(
    r"\$\(|`|<\s*\(|[*?]|\bfind\b|\bglob\(|iterdir|listdir|scandir|read_csv|readlines|\bopen\(|read_text|splitlines"
)


def loop_count(loop: Loop) -> int | None:
    """How often a loop runs, where that can be read off its header."""
    values = " ".join(loop.values or ())
    if loop.values is not None and not _RANGE.search(values) and "*" not in values:
        return len(loop.values)
    text = whole_header(loop)
    if "product(" in text and len(ranges := _PY_RANGE.findall(text)) > 1:
        return math.prod(int(high) - int(low or 0) for low, high in ranges)
    for pattern in (_RANGE, _SEQ, _PY_RANGE):
        found = pattern.search(text)
        if found:
            low, high = int(found[1] or (0 if pattern is _PY_RANGE else 1)), int(found[2])
            return abs(high - low) + (0 if pattern is _PY_RANGE else 1)
    return None


def is_open_ended(loop: Loop) -> bool:
    """Whether a loop goes over what is found at run time: files, lines, the output of a command."""
    if loop.kind in {"xargs", "parallel", "find"}:
        return True
    if loop_count(loop) is not None:
        return False
    if loop.kind == "while":
        return True
    text = whole_header(loop)
    return _FROM_OUTSIDE.search(text) is not None or _is_filled_list(text, loop)


_ARRAY = re.compile(r"\$\{(\w+)\[[@*]\]\}")


def _is_filled_list(text: str, loop: Loop) -> bool:
    """Whether a loop goes over an array that is filled with files or lines: `files=(gen/*.sql)`, `mapfile -t files`."""
    name = _ARRAY.search(text)
    if name is None:
        return False
    filled = rf"\b{name[1]}\+?=\([^)\n]*(?:[*?]|\$\()|\b(?:mapfile|readarray)\b[^\n|;&]*\b{name[1]}\b"
    return re.search(filled, loop.place.source.text) is not None


MANY = 100
"""Jobs: from here on a submission is a bulk one."""


def is_bulk(call: QueueCommand) -> bool:
    """Whether the loops around a call queue very many jobs, or as many as there are files or lines."""
    loops = job_loops(call)
    if any(is_open_ended(loop) for loop in loops):
        return True
    product = 1
    for loop in loops:
        product *= loop_count(loop) or 1
    return product > MANY


# --- looks at the queue ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Look:
    """A call that asks for tasks. `filters` are the commands that read what it says, `variables` those that take it up.

    `decides`: a condition depends on it. `states` are the names of states in the filters, `negated` if those are left out.
    `first_filter` is the first command whose words name a state.
    """

    at: int
    call: QueueCommand
    filters: tuple[Command, ...]
    variables: frozenset[str]
    decides: bool
    states: frozenset[str]
    negated: bool
    naming: Command | None = None

    @property
    def command(self) -> Command:
        """The command itself."""
        return self.call.command

    @property
    def asks_finished_only(self) -> bool:
        """Whether it asks for what has ended, so that it says nothing about what is queued or running."""
        return bool(self.states) and self.states <= FINISHED and not self.negated

    @property
    def asks_running_only(self) -> bool:
        """Whether it asks for what runs and leaves out what waits."""
        return "running" in self.states and self.states <= {"running", "paused"} and not self.negated

    @property
    def is_audit(self) -> bool:
        """Whether what is queued or running decides something."""
        return self.call.subcommand == "wait" or (self.decides and not self.asks_finished_only)


@dataclass(eq=False)
class Flow:
    """The calls of pueue in one sequence, in order, each with its index among the steps."""

    sequence: Sequence
    calls: tuple[tuple[int, QueueCommand], ...]
    looks: tuple[Look, ...] = ()

    def of(self, *subcommands: str) -> list[tuple[int, QueueCommand]]:
        """The calls of these subcommands."""
        return [(at, call) for at, call in self.calls if call.subcommand in subcommands]


@functools.lru_cache(maxsize=8)
def flow_of(sequence: Sequence, file: File) -> Flow:
    """The flow of a sequence; without any calls if pueue is not used."""
    version = file.settings.pueue_version
    calls = []
    for at, step in enumerate(sequence.steps):
        if isinstance(step, Command) and step.name == "pueue" and not step.execution.queue:
            call = parse(step, version)
            if call is not None and not call.has("-h", "--help", "-V", "--version"):
                calls.append((at, call))
    flow = Flow(sequence, tuple(calls))
    if calls:
        flow.looks = tuple(_looks(flow, file))
    return flow


def _looks(flow: Flow, file: File) -> Iterator[Look]:
    pipes = _pipes(file)
    for at, call in flow.of("status", "wait"):
        filters, variables, decides = _readers(flow.sequence, at, call.command, pipes)
        if _is_python(call):
            states, negated, naming = _python_states(file), False, None
        else:
            naming = next((c for c in (call.command, *filters) if _states_in(_words(c))), None)
            text = " ".join(_words(command) for command in (call.command, *filters))
            states, negated = _states_in(text), _NEGATED.search(text) is not None
        yield Look(at, call, filters, variables, decides, states, negated, naming)


def _is_python(call: QueueCommand) -> bool:
    return (
        call.place.source.file.path.endswith((".py", ".pyw")) or call.place.source.file.language == "python"
    )


_PY_STATE = re.compile(
    rf"""(?P<q>["'])(?P<state>{"|".join(sorted(UNFINISHED | FINISHED))})(?P=q)""", re.IGNORECASE
)


_PY_LEFT_OUT = re.compile(r"\s+not\s+in\b|\s*!=|[^\n]*:\s*continue\b")
"""What stands behind a state that is named to leave it out: `"Done" not in s`, `if "Done" in s: continue`."""


_OF_ALL = re.compile(r"\ball\((?:[^()]|\([^()]*\))*\Z")
"""What stands before a state that all tasks must have: `all("Done" in s for s in states)`, where no other one is left."""


def _is_denied(before: str) -> bool:
    """Whether what stands before a state in its line denies it: `s != "Done"`, `not (d and "Done" in s)`, but not
    `not force and "Done" in s`.
    """
    *head, behind = re.split(r"\bnot\b", before)
    if before.rstrip().endswith("!="):
        return True
    within = behind.lstrip().startswith("(") and behind.count("(") > behind.count(")")
    return bool(head) and (within or re.search(r"\b(?:and|or)\b", behind) is None)


def _python_states(file: File) -> frozenset[str]:
    """The states that a Python file names anywhere; none if it names some only to leave them out."""
    found = set()
    for match in _PY_STATE.finditer(file.file.text):
        line = file.file.text.rfind("\n", 0, match.start()) + 1
        before = file.file.text[line : match.start()]
        if _is_denied(before) or _OF_ALL.search(before) or _PY_LEFT_OUT.match(file.file.text, match.end()):
            return frozenset()
        found.add(match["state"].lower())
    return frozenset(found)


def python_state_place(file: File, state: str) -> Place | None:
    """Where a Python file first names a state: the comparison around the literal."""
    for match in _PY_STATE.finditer(file.file.text):
        if match["state"].lower() == state:
            return Place(file.file, Span(match.start(), match.end()))
    return None


def _words(command: Command) -> str:
    return " ".join(arg.pattern.literal for arg in command.args)


def _states_in(text: str) -> frozenset[str]:
    return frozenset(match.lower() for match in _STATE.findall(text))


_Key = tuple[int, int, int]


def _key(place: Place) -> _Key:
    return id(place.source), place.span.start, place.span.end


@functools.lru_cache(maxsize=4)
def _pipes(file: File) -> dict[_Key, tuple[Pipe, int]]:
    """The pipeline that each command stands in, and its stage there; the innermost one."""
    found: dict[_Key, tuple[Pipe, int]] = {}
    for pipe in file.all(Pipe):
        for at, stage in enumerate(pipe.stages):
            for command in stage:
                known = found.get(_key(command.place))
                if known is None or _size(pipe.place) < _size(known[0].place):
                    found[_key(command.place)] = (pipe, at)
    return found


def _size(place: Place) -> int:
    return place.span.end - place.span.start


def behind(command: Command, file: File) -> tuple[Command, ...]:
    """The commands that read what a command writes into its pipeline."""
    return _behind(command, _pipes(file))


def _behind(command: Command, pipes: dict[_Key, tuple[Pipe, int]]) -> tuple[Command, ...]:
    found = pipes.get(_key(command.place))
    if found is None:
        return ()
    pipe, at = found
    return tuple(c for stage in pipe.stages[at + 1 :] for c in stage)


def reads(command: Command) -> frozenset[str]:
    """The variables that a command gets in its words or in a here-string."""
    words = frozenset().union(*(arg.written.names for arg in command.args))
    return words.union(*(arg.written.names for operator, arg in command.redirects if operator == "<<<"))


def _readers(
    sequence: Sequence, at: int, look: Command, pipes: dict[_Key, tuple[Pipe, int]]
) -> tuple[tuple[Command, ...], frozenset[str], bool]:
    """The commands that read a look's output, the variables that take it up, and whether it decides anything."""
    filters = list(_behind(look, pipes))
    variables = set(look.output_to).union(*(f.output_to for f in filters))
    files = {
        arg.pattern
        for command in (look, *filters)
        for operator, arg in command.redirects
        if operator.endswith((">", ">|")) and "/dev/" not in arg.pattern.literal
    }
    for step in sequence.steps[at + 1 :]:
        if not isinstance(step, Command) or any(step is known for known in filters):
            continue
        if (variables & reads(step)) or files & {arg.pattern for arg in step.args}:
            more = [step, *_behind(step, pipes)]
            if step.name in _PRINTS and len(more) == 1:
                continue
            filters += more
            variables.update(*(command.output_to for command in more))
    decides = (
        look.output_use in {"branch", "decides"}
        or any(f.output_use in {"branch", "decides"} or f.status == "branch" for f in filters)
        or bool(variables & sequence.decisive)
        or _given_to_a_command(sequence, look)
        or _feeds_a_loop(look, pipes)
        or any(f.name == "xargs" or (f.name == "pueue" and reads(f) & variables) for f in filters)
    )
    return tuple(filters), frozenset(variables), decides


def _given_to_a_command(sequence: Sequence, look: Command) -> bool:
    """Whether the output is in the words of a command that does more than print it: `mapfile -t x < <(…)`."""
    if look.output_use != "argument":
        return False
    span, source = look.place.span, look.place.source
    around = [
        step
        for step in sequence.commands
        if step.place.source is source
        and step.place.span != span
        and step.place.span.start <= span.start
        and span.end <= step.place.span.end
    ]
    return not any(step.name in _PRINTS for step in around)


def _feeds_a_loop(look: Command, pipes: dict[_Key, tuple[Pipe, int]]) -> bool:
    found = pipes.get(_key(look.place))
    if found is None:
        return False
    pipe, at = found
    return any(re.match(r"(?:while|until|for)\b", place.text) for place in pipe.stage_places[at + 1 :])


def audits(flow: Flow, launch: QueueCommand, at: int) -> bool:
    """Whether something has asked what is queued or running before a job is queued: pueue itself, a helper whose name
    says so, or a ledger of its own that names what has been submitted.
    """
    for look in flow.looks:
        if look.is_audit and on_one_host(look.call, launch) and (look.at < at or _shares_loop(look, launch)):
            return True
    return any(_asks_by_other_means(step, flow, launch) for step in flow.sequence.steps[:at])


def _asks_by_other_means(step: Command | Condition, flow: Flow, launch: QueueCommand) -> bool:
    if isinstance(step, Condition):
        return _HELPER.search(step.place.text) is not None
    if _HELPER.search(step.name):
        return step.status in {"branch", "exits"} or bool(step.output_to & flow.sequence.decisive)
    return step.name == "pueue" and "reset" in step.words and on_one_host(step, launch)


def _shares_loop(look: Look, launch: QueueCommand) -> bool:
    return bool(set(look.call.execution.loops) & set(launch.execution.loops))


# --- groups ------------------------------------------------------------------------------------------------------------


def named_groups(calls: Iterable[QueueCommand]) -> dict[str, QueueCommand]:
    """The groups other than `default` that calls name, each with the first call that does."""
    found: dict[str, QueueCommand] = {}
    for call in calls:
        if call.subcommand == "group add" and call.rest:
            found.setdefault(call.rest[0].pattern.template, call)
        elif option_value(call, "-g", "--group", "--groups", "--failed-in-group") is not None:
            found.setdefault(group_of(call), call)
    found.pop("default", None)
    return found


def slots_of(group: str, calls: Iterable[QueueCommand]) -> int | None:
    """How many jobs of a group may run at once, as far as these calls say; None if they do not."""
    slots = None
    for call in calls:
        value: Arg | None = None
        if call.subcommand == "group add" and call.rest and call.rest[0].pattern.template == group:
            given = option_value(call, "-p", "--parallel")
            slots = 1 if given is None else _number(given.text)
        elif call.subcommand == "parallel" and group_of(call) == group:
            value = next(iter(call.rest), None)
            slots = _number(value.text) if value is not None else 0
    return slots


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdigit() else 0


# --- labels ------------------------------------------------------------------------------------------------------------


def label_gap(call: QueueCommand) -> tuple[str, ...] | None:
    """The loop variables that the job takes and its label leaves out; all of them, perhaps none, where there is no label.
    None if nothing is to be said.
    """
    loops = job_loops(call)
    variables = [name for loop in loops for name in loop.variables]
    used = [name for name in dict.fromkeys(variables) if name in job_names(call)]
    if has_unknown_words(call):
        return None
    label = label_of(call)
    if label is None:
        return tuple(used)
    if any(hole.kind in {"unique", "digest"} for hole in label.holes):
        return None
    named = label.names | _names_in_text(label.holes)
    missing = tuple(name for name in used if name not in named)
    unknown = [hole for hole in label.holes if not hole.names & set(variables)]
    if missing and any(_is_opaque(hole) for hole in unknown):
        return None
    return missing or None


def _names_in_text(holes: Iterable[Hole]) -> frozenset[str]:
    return frozenset(name for hole in holes for name in re.findall(r"[A-Za-z_]\w*", hole.text))


def _is_opaque(hole: Hole) -> bool:
    """Whether a hole of a label is made by a command or call whose words are not known."""
    return hole.kind == "command" and not hole.names


# --- what is done with the output of a look ------------------------------------------------------------------------------

_SHELL_PART = re.compile(
    r"""(?P<in>\$\{?\w+\}?|"\$\{?\w+(?:\[[@*]\])?\}?")\s*(?:==?|!=)\s*(?P<glob>(?:\*|"\*")\S*?(?P<what>\$\{?\w+\}?)\S*\*"?)"""
    r"""|(?P<in2>\$\{?\w+\}?|"\$\{?\w+(?:\[[@*]\])?\}?")\s*=~\s*(?P<regex>\S*\$\{?\w+\}?\S*)"""
)


_SUBSTITUTED_PART = re.compile(
    r"""\)"?\s*(?:(?:==?|!=)\s*(?P<glob>(?:\*|"\*")\S*?\$\{?\w+\}?\S*\*"?)|=~\s*(?P<regex>\S*\$\{?\w+\}?\S*))"""
)
"""What stands behind a substitution: `$(…) == *"$label"*`."""


def substring_tests(sequence: Sequence, look: Look, file: File) -> Iterator[tuple[Place, str, str]]:
    """Conditions that look for a text inside of what a look has said: `[[ $labels == *"$label"* ]]`, `label in out`.

    Each with the text that is looked for and what it is looked for in, as written.
    """
    if _is_python(look.call):
        yield from _python_tests(sequence, look, file)
        return
    source, span = look.call.place.source, look.call.place.span
    if re.search(r"\bcase\s+\"?\$\(\s*$", source.text[: span.start]):
        yield from _case_patterns(source, span.end, "what pueue says")
    for step in sequence.steps[look.at + 1 :]:
        if not isinstance(step, Condition):
            continue
        if step.place.source is source and span in step.place.span:
            match = _SUBSTITUTED_PART.search(step.place.text, span.end - step.place.span.start)
            if match is not None and not _is_held(match["glob"] or "", match["regex"] or ""):
                wanted = (match["glob"] or match["regex"]).strip('"*')
                yield step.place, wanted.replace('"', ""), "what pueue says"
        elif step.names & look.variables:
            before = step.place.source.text[: step.place.span.start].rstrip()
            if before.endswith("case"):
                shown = step.place.text.strip('"')
                yield from _case_patterns(step.place.source, step.place.span.end, f"`{shown}`")
            match = _SHELL_PART.search(step.place.text)
            if match is None:
                continue
            inside = (match["in"] or match["in2"]).strip('"')
            wanted = (match["glob"] or match["regex"]).strip('"*')
            name = re.sub(r"\W.*", "", inside.strip("${"))
            if name not in look.variables or _is_held(match["glob"] or "", match["regex"] or ""):
                continue
            yield step.place, wanted.replace('"', ""), f"`{inside}`"


_CASE = re.compile(r"""(?P<glob>\*(?P<inner>[^\s()]*\$[^\s()]*)\*)\s*\)""")


def _case_patterns(source: Source, start: int, where: str) -> Iterator[tuple[Place, str, str]]:
    """`case $labels in *"$label"*)`, from the end of its subject."""
    end = source.text.find("esac", start)
    for match in _CASE.finditer(source.text, start, end if end >= 0 else len(source.text)):
        if not _is_held(match["glob"], ""):
            place = Place(source, Span(match.start("glob"), match.end("glob")))
            yield place, match["inner"].replace('"', ""), where


def _is_held(glob: str, regex: str) -> bool:
    """Whether what is looked for has something on both of its sides that ends a label: a blank, a comma, a newline."""
    if regex:
        return (
            regex.startswith(("^", "(^", '"^')) and regex.rstrip('"').endswith(("$", "$)"))
        ) or "\\b" in regex
    inner = glob.strip('"').strip("*").replace('"', "")
    return bool(re.match(r"[\s,:|;]|\$'", inner)) and bool(re.search(r"[\s,:|;]$|\\n'$", inner))


_PY_TEXT = re.compile(
    r"""(?P<what>f?["'][^"']*["']|[\w.]+(?:\[["']\w+["']\])?)\s+(?:not\s+)?in\s+"""
    r"""(?P<inside>\(?\w+(?:\.get\(\s*["']label["'][^)]*\)|\[["']label["']\]|\.label)(?:\s*or\s*["']{2}\s*\))?|[\w.]+\.stdout|[A-Za-z_]\w*)"""
)
_PY_START = re.compile(
    r"""(?P<inside>\(?\w+(?:\.get\(\s*["']label["'][^)]*\)|\[["']label["']\]|\.label)(?:\s*or\s*["']{2}\s*\))?)"""
    r"""\.startswith\(\s*(?P<what>f["'][^"']*["']|[\w.]*label\w*)\s*\)"""
)
_PY_REGEX = re.compile(
    r"""re\.(?:search|match|findall)\(\s*(?P<what>[^,()\s][^,()]*(?:\([^()]*\))?)\s*,\s*(?P<inside>[^()]*?label[^()]*(?:\([^()]*\))?|[\w.]+)\)"""
)
_TEXT_OUTPUT = re.compile(
    r"\.stdout(?:\.(?:decode|strip)\([^)]*\))*\s*$|\.stdout\b|check_output|getoutput|popen"
)


def _python_tests(sequence: Sequence, look: Look, file: File) -> Iterator[tuple[Place, str, str]]:
    texts = _texts_of_output(file)
    conditions = [step.place for step in sequence.steps if isinstance(step, Condition)]
    told: list[Span] = []
    for place in (*conditions, *_deciding_values(sequence, look, file)):
        text = place.text
        if any(span in place.span for span in told):
            continue
        for pattern in (_PY_TEXT, _PY_START, _PY_REGEX):
            match = pattern.search(text)
            if match is None:
                continue
            inside, what = match["inside"].strip("( "), match["what"].strip()
            of_label = "label" in inside and re.search(r"\[|\.get|\.label", inside) is not None
            if re.match(r"[rbRB]?[\"']", what) or not (
                of_label or inside.endswith(".stdout") or inside in texts
            ):
                continue
            if (
                pattern is _PY_REGEX
                and not of_label
                and not re.match(r"(?:f|rf|fr)[\"'].*\{|re\.escape\(", what)
            ):
                continue
            if pattern is _PY_REGEX and ("fullmatch" in text or re.search(r"\$[\"']|\\[bZ][\"']", what)):
                continue
            if pattern is _PY_START and re.search(r"[^\w}][\"']$", what):
                continue  # `startswith(f"{symbol}@")`: all jobs of a symbol, whose end is written
            told.append(place.span)
            yield place, what, f"`{inside}`"
            break


_VALUE = re.compile(r"^[ \t]*(?:return\b|(?P<name>\w+)\s*(?::[^=\n]+)?=(?!=))[ \t]*(?=\S)", re.MULTILINE)
_DEFINITION = re.compile(r"^[ \t]*(?:async[ \t]+)?(?:def|class)\b", re.MULTILINE)


def _deciding_values(sequence: Sequence, look: Look, file: File) -> Iterator[Place]:
    """What a function gives back after a look, or keeps in a variable that a condition asks for: `return any(…)`."""
    text, start = file.file.text, look.call.place.source.in_file(look.call.place.span).end
    following = _DEFINITION.search(text, start)
    for match in _VALUE.finditer(text, start, following.start() if following else len(text)):
        if match["name"] is None or match["name"] in sequence.decisive:
            yield Place(
                file.file, Span(match.end(), match.end() + len(_statement(text, match.end()).rstrip()))
            )


def _texts_of_output(file: File) -> frozenset[str]:
    """The variables of a Python file that hold the output of `pueue status` as one text."""
    found = set()
    for match in re.finditer(r"^[ \t]*(\w+)\s*(?::\s*str\s*)?=\s*(.+?)$", file.file.text, re.MULTILINE):
        start = match.start(2)
        statement = _statement(file.file.text, start)
        if (
            "pueue" not in statement
            or "loads" in statement
            or "splitlines" in statement
            or ".split(" in statement
        ):
            continue
        if _TEXT_OUTPUT.search(statement):
            found.add(match[1])
    results = {
        match[1]
        for match in re.finditer(r"^[ \t]*(\w+)\s*=\s*subprocess\.run\(", file.file.text, re.MULTILINE)
        if "pueue" in _statement(file.file.text, match.end() - 1)
    }
    for match in re.finditer(
        r"^[ \t]*(\w+)\s*=\s*(\w+)\.stdout(?:\.(?:decode|strip)\([^)]*\))*[ \t]*$",
        file.file.text,
        re.MULTILINE,
    ):
        if match[2] in results:
            found.add(match[1])
    return frozenset(found)


def _statement(text: str, start: int) -> str:
    """The text from here to the end of the brackets that open on the way."""
    depth = 0
    for at in range(start, min(len(text), start + 600)):
        char = text[at]
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "\n" and depth <= 0:
            return text[start:at]
    return text[start : start + 600]


# --- waiting -----------------------------------------------------------------------------------------------------------


def waits_for_a_slot(flow: Flow, look: Look, launch: QueueCommand) -> bool:
    """Whether a look is asked again and again until something has ended, so that it holds a submission back and is no
    check for duplicates: a `sleep` in a loop around it, or in the loop whose condition it is, that does not queue.
    """
    around = set(look.call.execution.loops) - set(launch.execution.loops)
    if _is_python(look.call):
        return any(loop.kind == "while" for loop in around)
    for step in flow.sequence.commands:
        if step.name == "sleep" or (step.name == "pueue" and "wait" in step.words):
            for loop in step.execution.loops:
                if loop not in launch.execution.loops and (loop in around or _in_header(look.call, loop)):
                    return True
    return False


def _in_header(call: QueueCommand, loop: Loop) -> bool:
    """Whether a call stands in the condition of a loop, perhaps in a function that is called there."""
    span, inner = loop.place.span, call.place.span
    if loop.place.source is call.place.source and span.start <= inner.start and inner.end <= span.end:
        return True
    words = set(re.findall(r"[\w-]+", loop.place.text)) if loop.kind == "while" else set()
    return bool(words & set(call.execution.functions))


# --- ids that a look has given -----------------------------------------------------------------------------------------


def loops_over(call: QueueCommand, look: Look) -> bool:
    """Whether a call stands in a loop over what a look has said."""
    for loop in call.execution.loops:
        if loop.kind in {"xargs", "parallel"} and any(f.place == loop.place for f in look.filters):
            return True
        text = whole_header(loop)
        if any(
            re.search(rf"\$\{{?{re.escape(name)}\b|\bin {re.escape(name)}\b", text) for name in look.variables
        ):
            return True
        span, inner = loop.place.span, look.call.place.span
        if (
            loop.place.source is look.call.place.source
            and span.start <= inner.start
            and inner.end <= span.end
        ):
            return True
        if set(loop.variables) & look.variables:
            return True
    return False


def ids_come_from(look: Look, call: QueueCommand) -> bool:
    """Whether the ids of a call come from what a look has said: a variable, a loop, a substitution, a pipe."""
    names = frozenset().union(*(mentions(arg) for arg in call.ids))
    if names & look.variables or loops_over(call, look):
        return True
    if any(call.command.place == command.place for command in look.filters):
        return True
    inside = look.call.place
    return any(
        arg.place.source is inside.source
        and arg.place.span.start <= inside.span.start
        and inside.span.end <= arg.place.span.end
        for arg in call.ids
    )


def filter_text(look: Look, file: File) -> str:
    """What picks tasks out of a look's output: the words of its filters, or the text of a Python file."""
    if _is_python(look.call):
        return file.file.text
    return " ".join(_words(command) for command in look.filters)


def words_naming(look: Look, call: QueueCommand) -> bool:
    """Whether the filters of a look pick the very task that a call names."""
    ids = {hole for arg in call.ids for hole in arg.pattern.holes}
    return any(ids & set(arg.pattern.holes) for f in look.filters if f.name != "pueue" for arg in f.args)
