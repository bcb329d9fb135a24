"""JOB304: labels of queued jobs are compared by a search for a substring."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command, Sequence
from jobsafety_lint.meaning.queue.flow import Look, flow_of, shown, substring_tests
from jobsafety_lint.model import Confidence, Edit, Fix, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB304",
    "label-substring-match",
    "labels compared by a search for a substring: `BTC@25` matches `BTC@250`",
    Severity.WARNING,
    Confidence.HIGH,
    references=("INV-2",),
    fix="unsafe",
    unsafe_because="it is right only where every line is one whole label",
)

_GREPS = frozenset({"grep", "egrep", "fgrep", "zgrep", "rg", "ggrep", "ag"})
_JQS = frozenset({"jq", "gojq", "jaq"})
_VALUE_OPTIONS = frozenset({"-m", "-A", "-B", "-C", "-f", "--max-count", "--context", "--file", "-d"})


@RULE.on(Sequence, of={"pueue"})
def labels_compared(sequence: Sequence, context: Context) -> Iterator[Draft]:
    """Filters behind `pueue status` that look for a label, and what is done in the shell with its output."""
    if context.role in {"test", "docs"}:
        return
    flow = flow_of(sequence, context)
    for look in flow.looks:
        if look.call.subcommand != "status" or not (look.decides or look.call.in_python):
            continue
        for command in look.filters if look.decides else ():
            if command.name in _GREPS:
                yield from _grep(command, look)
            elif command.name in _JQS:
                yield from _jq(command)
        if look.decides:
            yield from _query(look)
        for place, wanted, where in substring_tests(sequence, look, context):
            yield RULE.found(
                place,
                f"`{wanted}` is looked for as a part of {where}: it is also found inside a longer label",
                label="compare whole labels",
                related=((look.call.place, "the labels come from here"),),
            )


def _grep(command: Command, look: Look) -> Iterator[Draft]:
    pattern, options = _pattern_of(command)
    if pattern is None or not pattern.pattern.holes or not _is_label(pattern):
        return
    short = "".join(o[1:] for o in options if not o.startswith("--"))
    if (
        "x" in short
        or "--line-regexp" in options
        or "w" in short
        or "--word-regexp" in options
        or "f" in short
    ):
        return
    if _is_anchored(pattern.pattern.literal, fixed="F" in short or "--fixed-strings" in options):
        return
    yield RULE.found(
        command.place,
        f"`{command.name}` looks for `{pattern.pattern.template}` anywhere in a line: it is also found inside a longer label",
        label="compare whole lines: `grep -Fx`",
        related=((look.call.place, "the labels come from here"),),
        fix=_fix(command, short, look),
        data={"pattern": pattern.pattern.template},
    )


def _pattern_of(command: Command) -> tuple[Arg | None, list[str]]:
    """The pattern of a grep, and its options."""
    options: list[str] = []
    words = iter(command.args)
    given: Arg | None = None
    for arg in words:
        text = arg.text if arg.text is not None else arg.pattern.literal
        if text == "--":
            return given or next(words, None), options
        if text in {"-e", "--regexp"} or re.fullmatch(r"-[a-zA-Z]*e", text):
            options.append(text.removesuffix("e"))
            given = next(words, None)
        elif text.startswith("-") and len(text) > 1:
            options.append(text)
            if text in _VALUE_OPTIONS:
                next(words, None)
        elif given is None:
            given = arg
    return given, options


def _is_label(pattern: Arg) -> bool:
    """Whether what is looked for may be a label: not a number of a task, not the name of a group alone."""
    names = {name.lower() for name in pattern.pattern.names | pattern.written.names}
    return not names or not all(
        re.search(r"(?:^|_)(?:id|ids|pid|group|groups|state|status)$", n) for n in names
    )


def _is_anchored(text: str, *, fixed: bool) -> bool:
    """Whether both ends of the text are held: by `^…$`, quotes, or whatever else stands around a whole label."""
    if text.startswith(('"', '\\"', "'", "|", " ", "\t")) and text.endswith(
        ('"', '\\"', "'", "|", " ", "\t", "$")
    ):
        return True
    if '"\0' in text and '\0"' in text:
        return True
    if fixed:
        return False
    start = text.startswith(("^", "(^", "\\b", "\\<")) or '"' in text.partition("\0")[0]
    end = text.endswith(("$", "$)", "\\b", "\\>")) or '"' in text.rpartition("\0")[2]
    return start and end


def _fix(command: Command, short: str, look: Look) -> Fix | None:
    """`-Fx` is right where the lines are labels: behind `jq -r … .label`."""
    if not any(f.name in _JQS and ".label" in _program(f) and "\\(" not in _program(f) for f in look.filters):
        return None
    if command.name != "grep":
        return None
    name = command.place.source.text[command.place.span.start :]
    if not name.startswith("grep "):
        return None
    letters = "x" if "F" in short else "Fx"
    start = command.place.span.start
    at = command.place.source.location(type(command.place.span)(start, start + 4))
    return Fix("compare whole lines", (Edit(at, f"grep -{letters}"),))


def _program(command: Command) -> str:
    return " ".join(arg.pattern.literal for arg in command.args)


_JQ_PART = re.compile(
    r"\.label[^|;]*?\|\s*(?:ascii_downcase\s*\|\s*)?(?P<how>contains|test|inside|match|index|startswith|endswith)\s*\((?P<what>[^()]*(?:\([^()]*\))?[^()]*)\)"
)


def _jq(command: Command) -> Iterator[Draft]:
    program = _program(command)
    found = _JQ_PART.search(program)
    if found is None or not (re.search(r"\$\w|\0|env\.", found["what"])):
        return
    what = found["what"]
    if re.search(r"\^", what) and "$" in what.rpartition("\\")[2].rstrip('") ')[-1:]:
        return
    if found["how"] == "test" and "^" in what and re.search(r"\$\s*\"", what):
        return
    yield RULE.found(
        command.place,
        f"`{found['how']}` compares a part of `.label`: it also holds for a longer label",
        label="compare with `.label == …`",
    )


def _query(look: Look) -> Iterator[Draft]:
    """`pueue status label%=…`: the query's own "contains"."""
    for arg in look.call.rest:
        if re.match(r"label\s*%=\s*.*\0", arg.pattern.literal):
            yield RULE.found(
                look.call.place,
                f"`{shown(arg.place)}` asks for labels that contain it: a longer label does, too",
                label="`label=…` compares the whole label",
            )
