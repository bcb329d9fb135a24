"""JOB324: a callback of pueue.yml that never runs, or runs what a job puts into it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.configuration import CallbackTemplate
from jobsafety_lint.model import Confidence, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB324",
    "broken-callback",
    "a pueue.yml callback with an unknown variable, at the wrong level, or open to injection",
    Severity.ERROR,
    Confidence.HIGH,
)

_VARIABLES = (
    "id", "command", "path", "group", "result", "start", "end", "output", "output_path", "exit_code", "queued_count",
    "stashed_count",
)  # fmt: skip
"""What pueue's daemon hands to the template (callbacks.rs)."""
_OF_THE_JOB = {
    "command": "the job's command line",
    "output": "what the job has printed",
    "path": "the job's directory",
}
_EXPRESSION = re.compile(r"(?<!\\)\{\{\{?(?P<inner>!--.*?--|.*?)\}\}\}?", re.DOTALL)
_TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|@?[A-Za-z_][\w./-]*=?|[()]|[^\s()]+")
_KEYWORDS = frozenset({"else", "this", "true", "false", "null", "undefined", "as"})
_HELPERS = frozenset(
    {
        "if",
        "unless",
        "each",
        "with",
        "lookup",
        "log",
        "eq",
        "ne",
        "gt",
        "gte",
        "lt",
        "lte",
        "and",
        "or",
        "not",
        "len",
    }
)
_SCOPES = frozenset({"each", "with"})


@RULE.on(CallbackTemplate)
def callback(template: CallbackTemplate, context: Context) -> Iterator[Draft]:
    """The template's level, and each of its expressions."""
    if template.level[-1:] != ("daemon",):
        at = f"under `{'.'.join(template.level)}`" if template.level else "at the top level"
        yield RULE.found(
            template.key_place,
            f"this callback stands {at}, where pueue does not look: it never runs",
            label="move it under `daemon:`",
            data={"problem": "level"},
        )
    inside = 0
    told: set[str] = set()
    for match in _EXPRESSION.finditer(template.text.text):
        inner = match["inner"].strip("~ \t\n")
        inside += _opens_scope(inner)
        place = Place(template.text, Span(match.start(), match.end()))
        for name in () if inside else _names(inner):
            if name not in _VARIABLES:
                yield RULE.found(
                    place,
                    f"pueue has no variable `{name}` for callbacks: the template fails, and the callback never runs",
                    label=f"there are {', '.join(_VARIABLES)}",
                    data={"problem": "variable", "variable": name},
                    subject=name,
                )
            elif name in _OF_THE_JOB and name not in told and not inner.startswith(("#", "^", "/", "else")):
                told.add(name)
                yield RULE.found(
                    place,
                    f"{_OF_THE_JOB[name]} is pasted into a shell command, unescaped: a quote or `$(…)` in it is run by the daemon's user",
                    label="hand over `{{ id }}` or `{{ output_path }}`, and let the called script look up the rest",
                    data={"problem": "injection", "variable": name},
                    subject=name,
                )


def _opens_scope(inner: str) -> int:
    """+1 where a block begins in which names mean something else (`#each`, `#with`), -1 where it ends."""
    word = (inner[1:].split(maxsplit=1) or [""])[0]
    if word not in _SCOPES:
        return 0
    return {"#": 1, "/": -1}.get(inner[0], 0)


def _names(inner: str) -> Iterator[str]:
    """The variables that an expression reads."""
    if inner.startswith(("!", "/", ">")):
        return
    tokens = [match.group() for match in _TOKEN.finditer(inner.lstrip("#^&").lstrip("* "))]
    called = inner[:1] in {"#", "^"} or len([t for t in tokens if t not in "()"]) > 1
    for at, token in enumerate(tokens):
        name = token.removeprefix("this.").removeprefix("@root.")
        first = at == 0 or tokens[at - 1] == "("
        if not re.match(r"[A-Za-z_]", name) or name in _KEYWORDS or name.endswith("="):
            continue
        if token in _HELPERS and ((first and called) or (at and tokens[at - 1] == "else")):
            continue
        yield re.split(r"[./]", name)[0]
