"""Phases of a pipeline, told by their names: `phase1` and `phase2`, `01_fetch.sh` and `02_clean.sh`, extract and load."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBERED = re.compile(
    r"(?<![a-z])(?P<word>phase|stage|step|pass)[-_ .:]?(?P<number>\d{1,2}|[abc])(?![\da-z])", re.IGNORECASE
)
_PREFIXED = re.compile(r"(?:^|[/\s])(?P<number>\d{1,2})[-_](?P<name>[a-z]\w*)", re.IGNORECASE)

_STAGES: tuple[frozenset[str], ...] = (
    frozenset({"download", "fetch", "extract", "crawl", "ingest", "pull", "collect", "acquire"}),
    frozenset({"clean", "transform", "preprocess", "prepare", "tokenize", "tokenise", "normalize", "normalise", "convert", "parse"}),
    frozenset({"process", "populate", "backfill", "build", "compute", "train", "simulate", "index", "load", "fit"}),
    frozenset({"merge", "aggregate", "combine", "optimize", "optimise", "postprocess", "compact", "dedup", "deduplicate"}),
    frozenset({"validate", "evaluate", "eval", "verify", "report", "summarize", "summarise", "score"}),
    frozenset({"publish", "upload", "deploy", "export", "notify"}),
)  # fmt: skip
"""What comes before what. Two words of one row are no phases of each other."""


@dataclass(frozen=True)
class Phase:
    """A phase as its name tells: the kind of name, where it stands in the order, and the rest of the name, which must
    not contradict (`phase1:a` is no phase before `phase2:b`).
    """

    kind: str
    order: int
    shown: str
    subject: str = ""


def phase_of(text: str, *, command: bool = False) -> Phase | None:
    """The phase that a label or the command of a job names; None if it names none."""
    found = _NUMBERED.search(text)
    if found:
        number = found["number"].lower()
        order = int(number) if number.isdigit() else ord(number) - ord("a") + 1
        rest = text[: found.start()] + "#" + text[found.end() :] if not command else ""
        return Phase(found["word"].lower(), order, found.group() if command else text, rest)
    found = _PREFIXED.search(text)
    if found:
        return Phase("number", int(found["number"]), found.group().strip(" /"))
    words = _words(_program_words(text) if command else text)
    for at, row in enumerate(_STAGES):
        named = [word for word in words if word in row]
        if named:
            rest = "" if command else text.lower().replace(named[0], "#", 1)
            return Phase("verb", at, text if not command else named[0], rest)
    return None


def _words(text: str) -> list[str]:
    text = re.sub(r"\{[^}]*\}", " ", text)
    return [word.lower() for word in re.findall(r"[A-Za-z]+", text.replace("post-process", "postprocess"))]


def _program_words(text: str) -> str:
    """The script or subcommand that a job runs: its words without options and without what follows them."""
    words: list[str] = []
    for word in text.split():
        if word.startswith("-") and word not in {"-m", "-c"}:
            if words:
                break
            continue
        words.append(word.rpartition("/")[2])
    return " ".join(words[:6])


def later_than(second: Phase, first: Phase) -> bool:
    """Whether one phase comes after another of the same kind, for the same thing."""
    if second.kind != first.kind or second.order <= first.order:
        return False
    return not _contradict(first.subject, second.subject)


def _contradict(first: str, second: str) -> bool:
    """Whether what is left of two labels names two different things: `#:a` and `#:b`."""
    if not first or not second:
        return False
    one, other = set(_things(first)), set(_things(second))
    return bool(one) and bool(other) and not (one <= other or other <= one)


def _things(text: str) -> list[str]:
    return [word for word in re.findall(r"\{[^}]*\}|\w+", text) if word != "all"]


def phase_in_values(values: Sequence[str]) -> bool:
    """Whether the values of a loop are phases in their order: `extract transform load`, `phase1 phase2`."""
    phases = [phase_of(value) for value in values]
    known = [phase for phase in phases if phase is not None]
    if len(known) < 2 or len(known) < len(values):
        return False
    return all(b.kind == a.kind and b.order > a.order for a, b in itertools.pairwise(known))
