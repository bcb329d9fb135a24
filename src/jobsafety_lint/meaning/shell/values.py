"""Words to values: what a word is once its variables are followed to what they were set to."""

from __future__ import annotations

import re

from jobsafety_lint.meaning.commands import Arg
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.shell.state import State
from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import Hole, Place, Source

_UNIQUE_VARIABLES = frozenset(
    {"$", "BASHPID", "RANDOM", "SRANDOM", "PPID", "PUEUE_TASK_ID", "SLURM_JOB_ID", "PBS_JOBID"}
)
_UNIQUE_COMMANDS = frozenset({"mktemp", "uuidgen", "uuid", "tempfile"})
_DIGEST_COMMANDS = frozenset(
    {"md5sum", "sha1sum", "sha256sum", "sha512sum", "b2sum", "cksum", "md5", "shasum"}
)


def pieces_of(parts: tuple[sh.Fragment, ...], source: Source, state: State) -> list[tuple[PathPattern, Span]]:
    """The value of fragments, part by part with the span that each comes from."""
    out: list[tuple[PathPattern, Span]] = []
    for part in parts:
        match part:
            case sh.Literal(value=value) | sh.SingleQuoted(value=value):
                out.append((PathPattern.of(value), _content_span(part, source)))
            case sh.DoubleQuoted(parts=inner):
                out += pieces_of(inner, source, state)
            case sh.HoleFragment(index=index):
                out.append((PathPattern((source.holes[index],)), part.span))
            case _:
                out.append((_run_time(part, source, state), part.span))
    return out


def _content_span(part: sh.Fragment, source: Source) -> Span:
    """The span of a literal's text without its quotes, where text and value agree letter by letter."""
    span = part.span
    if isinstance(part, sh.SingleQuoted):
        start = span.start + (2 if part.ansi_c else 1)
        inner = Span(start, max(start, span.end - 1))
        return inner if source.text[inner.start : inner.end] == part.value else span
    return span


def _run_time(part: sh.Fragment, source: Source, state: State) -> PathPattern:
    shown = source.shown(part.span)
    match part:
        case sh.Expansion():
            return _expansion(part, shown, source, state)
        case sh.Substitution(body=body):
            return PathPattern((Hole(shown, names_in(body, source, state), _command_kind(body)),))
        case sh.ProcessSubstitution(body=body):
            return PathPattern((Hole(shown, names_in(body, source, state), "unique"),))
        case sh.ArithmeticExpansion(text=text):
            names = frozenset().union(*(_followed(name, state) for name in re.findall(r"[A-Za-z_]\w*", text)))
            return PathPattern((Hole(shown, names),))
    return PathPattern((Hole(shown),))


def _followed(name: str, state: State) -> frozenset[str]:
    value = state.variables.get(name)
    if value is None or value.pattern.text is not None:
        return frozenset({name})
    return value.pattern.names | ({name} if not value.pattern.names else frozenset())


def _expansion(part: sh.Expansion, shown: str, source: Source, state: State) -> PathPattern:
    name = part.name
    value = state.variables.get("@" if name == "*" else name)
    if name in _UNIQUE_VARIABLES and not part.operator:
        return PathPattern((Hole(shown, frozenset(), "unique"),))
    if value is None:
        if part.operator in {":-", "-"} and part.argument:
            names = frozenset({name})
        else:
            names = frozenset({name}).union(*(names_in(n, source, state) for n in part.nested))
        return PathPattern((Hole(_plain(name, part, shown), names, version=state.versions.get(name, 0)),))
    if part.index in {"@", "*"} and value.elements is not None and not part.operator:
        joined = [piece for element in value.elements for piece in (" ", element)]
        return PathPattern.of(*joined[1:])
    if part.index is not None and part.index not in {"@", "*", "0"}:
        return PathPattern((Hole(shown, value.pattern.names or frozenset({name})),))
    if not part.operator or part.operator in {":-", "-", ":?", "?", ":=", "="}:
        return value.pattern
    names = value.pattern.names or frozenset({name})
    if part.operator.startswith("#") and part.argument == "":
        names = frozenset()
    return PathPattern((Hole(shown, names, version=state.versions.get(name, 0)),))


def _plain(name: str, part: sh.Expansion, shown: str) -> str:
    return f"${name}" if not part.operator and part.index is None else shown


def _command_kind(body: sh.Script) -> str:
    for node in body.walk():
        if isinstance(node, sh.Command) and node.words:
            name = (node.words[0].literal or "").rpartition("/")[2]
            if name in _UNIQUE_COMMANDS:
                return "unique"
            if name in _DIGEST_COMMANDS:
                return "digest"
            if name == "date":
                return "time"
    return "command"


def names_in(node: sh.Node, source: Source, state: State) -> frozenset[str]:
    """Every variable that a piece of code reads, followed to what it was made from."""
    found: set[str] = set()
    for inner in node.walk():
        if isinstance(inner, sh.Expansion):
            found |= _followed(inner.name, state)
        elif isinstance(inner, sh.HoleFragment):
            found |= source.holes[inner.index].names
        elif isinstance(inner, sh.Arithmetic | sh.ArithmeticExpansion):
            for name in re.findall(r"[A-Za-z_]\w*", inner.text):
                found |= _followed(name, state)
    return frozenset(found)


def value_of(word: sh.Word, source: Source, state: State) -> PathPattern:
    """The value of a word, variables followed."""
    return PathPattern.of(*(pattern for pattern, _ in pieces_of(word.parts, source, state)))


def written(word: sh.Word, source: Source) -> PathPattern:
    """The value of a word as it is written: a hole for every expansion."""
    return PathPattern.of(*_written_parts(word.parts, source))


def _written_parts(parts: tuple[sh.Fragment, ...], source: Source) -> list[str | Hole]:
    out: list[str | Hole] = []
    for part in parts:
        match part:
            case sh.Literal(value=value) | sh.SingleQuoted(value=value):
                out.append(value)
            case sh.DoubleQuoted(parts=inner):
                out += _written_parts(inner, source)
            case sh.HoleFragment(index=index):
                out.append(source.holes[index])
            case sh.Expansion(name=name):
                shown = source.shown(part.span)
                out.append(Hole(_plain(name, part, shown), frozenset({name})))
            case _:
                out.append(Hole(source.shown(part.span), kind="command"))
    return out


def args_of(word: sh.Word, source: Source, state: State) -> list[Arg]:
    """The arguments that a word becomes: one, or the elements of an array that is known (`"${cmd[@]}"`)."""
    elements = _array_elements(word, state)
    place = Place(source, word.span)
    if elements is not None:
        origin = _origin(word, state)
        return [Arg(place, e, e, True, False, origin, ((e, word.span),)) for e in elements]
    pieces = tuple(pieces_of(word.parts, source, state))
    unquoted = any(isinstance(part, sh.Expansion | sh.Substitution) for part in word.parts) or (
        _list_of(word) is not None
    )
    pattern = PathPattern.of(*(p for p, _ in pieces))
    if unquoted and (pattern.text or "").strip(" ").count(" ") and len(word.parts) == 1:
        return _split(place, pattern.text or "", _origin(word, state))
    return [
        Arg(place, pattern, written(word, source), word.is_quoted, unquoted, _origin(word, state), pieces)
    ]


def _split(place: Place, text: str, origin: Place | None) -> list[Arg]:
    """An unquoted variable with blanks in its known value is several words."""
    patterns = [PathPattern.of(piece) for piece in text.split()]
    whole = PathPattern((Hole(place.text),))
    return [Arg(place, p, whole, False, True, origin, ((p, place.span),)) for p in patterns]


def _origin(word: sh.Word, state: State) -> Place | None:
    for part in word.parts:
        for node in part.walk():
            if isinstance(node, sh.Expansion) and (value := state.variables.get(node.name)) and value.origin:
                return value.origin
    return None


def _list_of(word: sh.Word) -> sh.Expansion | None:
    """The expansion, where a word is nothing but one that gives a word for each element: `"${a[@]}"`, `"$@"`, `$*`."""
    parts = word.parts
    quoted = len(parts) == 1 and isinstance(parts[0], sh.DoubleQuoted)
    if quoted and isinstance(parts[0], sh.DoubleQuoted):
        parts = parts[0].parts
    if len(parts) != 1 or not isinstance(parts[0], sh.Expansion):
        return None
    only = parts[0]
    listed = only.index if only.index is not None else only.name
    return only if not only.operator and listed in ({"@"} if quoted else {"@", "*"}) else None


def _array_elements(word: sh.Word, state: State) -> tuple[PathPattern, ...] | None:
    only = _list_of(word)
    if only is None:
        return None
    value = state.variables.get("@" if only.index is None else only.name)
    return value.elements if value else None
