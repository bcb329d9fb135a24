"""Words to values: what a word is once its variables are followed to what they were set to."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from jobsafety_lint.meaning.commands import Arg
from jobsafety_lint.meaning.paths import EMPTY, PathPattern
from jobsafety_lint.meaning.shell.state import State, Value
from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import HOLE_FIRST, Hole, Place, Source, is_hole

_UNIQUE_VARIABLES = frozenset(
    {
        "$",
        "BASHPID",
        "RANDOM",
        "SRANDOM",
        "PPID",
        "PUEUE_TASK_ID",
        "SLURM_JOB_ID",
        "PBS_JOBID",
    }
)
_OWN_NAME = re.compile(r"(?:^|_)(?:PID|UUID|TASK_ID|JOB_ID|RUN_ID|JOBID)$")
"""Variables of the environment that differ from process to process or from job to job by their name."""
_UNIQUE_COMMANDS = frozenset({"mktemp", "uuidgen", "uuid", "tempfile", "tmpnam"})
_DIGEST_COMMANDS = frozenset(
    {"md5sum", "sha1sum", "sha256sum", "sha512sum", "b2sum", "cksum", "md5", "shasum"}
)


def pieces_of(parts: tuple[sh.Fragment, ...], source: Source, state: State) -> list[tuple[PathPattern, Span]]:
    """The value of fragments, part by part with the span that each comes from."""
    out: list[tuple[PathPattern, Span]] = []
    for part in parts:
        match part:
            case sh.Literal() | sh.SingleQuoted():
                out += _pieces_of_text((part,), source)
            case sh.DoubleQuoted(parts=inner):
                out += pieces_of(inner, source, state)
            case sh.HoleFragment(index=index):
                out.append((PathPattern((source.holes[index],)), part.span))
            case sh.Substitution(body=body) if (document := _only_document(body)) is not None:
                out += pieces_of(document.parts, source, state)
            case _:
                out.append((_run_time(part, source, state), part.span))
    return out


def set_defaults(words: Iterable[sh.Word], source: Source, state: State) -> None:
    """What `: "${PUEUE:=pueue}"` makes of variables that nobody here has set: still what the environment says, or the default."""
    for word in words:
        for node in word.walk():
            if (
                isinstance(node, sh.Expansion)
                and node.operator in {":=", "="}
                and node.name not in state.variables
            ):
                hole = Hole(source.shown(node.span), frozenset({node.name}))
                state.assign(node.name, Value(PathPattern((hole,)), Place(source, node.span)))


def _only_document(body: sh.Script) -> sh.HereDocument | None:
    """The here-document that a substitution gives as it is: `$(cat <<'X' …)`."""
    statement = body.body.items[0].statement if len(body.body.items) == 1 else None
    if not isinstance(statement, sh.Command) or len(statement.words) != 1 or len(statement.redirects) != 1:
        return None
    return statement.redirects[0].heredoc if statement.words[0].literal == "cat" else None


def _pieces_of_text(parts: tuple[sh.Fragment, ...], source: Source) -> list[tuple[PathPattern, Span]]:
    """As `pieces_of`, for fragments that are plain text or quotes around it."""
    out: list[tuple[PathPattern, Span]] = []
    for part in parts:
        if isinstance(part, sh.Literal):
            value, at = part.value, part.span
            if value and not source.holes and len(value) == at.end - at.start:
                out.append((PathPattern((value,)), at))
                continue
            for pattern, span in _literal_pieces(value, at, source):
                out += _text_pieces(pattern.text or "", span, source)
        elif isinstance(part, sh.SingleQuoted):
            out += _text_pieces(part.value, _content_span(part, source), source)
        elif isinstance(part, sh.DoubleQuoted):
            out += _pieces_of_text(part.parts, source)
    return out


def _text_pieces(value: str, span: Span, source: Source) -> list[tuple[PathPattern, Span]]:
    """Literal text; the holes in it (a template inside single quotes) are still holes."""
    if not source.holes or value.isascii():
        return [(PathPattern((value,)) if value else EMPTY, span)]
    exact = len(value) == span.end - span.start
    out: list[tuple[PathPattern, Span]] = []
    for run in re.finditer("[\ue000-\uf8ff]|[^\ue000-\uf8ff]+", value):
        at = Span(span.start + run.start(), span.start + run.end()) if exact else span
        out.append((_filled(run.group(), source), at))
    return out


def _filled(text: str, source: Source) -> PathPattern:
    if is_hole(text[0]) and ord(text[0]) - HOLE_FIRST < len(source.holes):
        return PathPattern((source.hole(text[0]),))
    return PathPattern.of(text)


def _literal_pieces(value: str, span: Span, source: Source) -> list[tuple[PathPattern, Span]]:
    """A literal with escapes in pieces, so that each letter of its value keeps its place."""
    raw = source.text[span.start : span.end]
    if len(raw) == len(value) or "\\" not in raw:
        return [(PathPattern((value,)) if value else EMPTY, span)]
    out: list[tuple[PathPattern, Span]] = []
    at = done = 0  # in `raw`; what has been put out
    for letter in value:
        while raw.startswith("\\\n", at):  # a continued line
            if at > done:
                out.append((PathPattern.of(raw[done:at]), Span(span.start + done, span.start + at)))
            at = done = at + 2
        escaped = raw.startswith("\\" + letter, at) and (letter == "\\" or raw[at : at + 1] != letter)
        if escaped:
            if at > done:
                out.append((PathPattern.of(raw[done:at]), Span(span.start + done, span.start + at)))
            out.append((PathPattern.of(letter), Span(span.start + at, span.start + at + 2)))
            at = done = at + 2
        elif raw.startswith(letter, at):
            at += 1
        else:
            return [(PathPattern.of(value), span)]
    if at > done:
        out.append((PathPattern.of(raw[done:at]), Span(span.start + done, span.start + at)))
    rest = raw[at:].replace("\\\n", "")
    return [(PathPattern.of(value), span)] if rest else out


def _content_span(part: sh.Fragment, source: Source) -> Span:
    """The span of a literal's text without its quotes, where text and value agree letter by letter."""
    span = part.span
    if isinstance(part, sh.SingleQuoted):
        start = span.start + (2 if part.ansi_c else 1)
        inner = Span(start, max(start, span.end - 1))
        return inner if source.text[inner.start : inner.end] == part.value else span
    return span


def _run_time(part: sh.Fragment, source: Source, state: State) -> PathPattern:
    if isinstance(part, sh.Expansion) and not part.operator and part.index is None:
        value = state.variables.get("@" if part.name == "*" else part.name)
        if value is not None and part.name not in _UNIQUE_VARIABLES:
            return value.pattern
    shown = source.shown(part.span)
    match part:
        case sh.Expansion():
            return _expansion(part, shown, source, state)
        case sh.Substitution(body=body):
            made = _temporary_of(body, shown, part.span, source, state)
            if made is not None:
                return made
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


_VALUE = re.compile(r"[^\s;]*")
_NOT_IN_NAME = re.compile(r"[^\w$]?\Z")
_MADE = re.compile(r"[\"']?(?:\$\(|`)mktemp\b")


@functools.lru_cache(maxsize=256)
def _is_made_by_mktemp(text: str, name: str) -> bool:
    """Whether all that a script ever sets a variable to is a file of mktemp's: what a trap sees at the end."""
    if "mktemp" not in text or not name.isidentifier():
        return False
    made = False
    at = text.find(f"{name}=")
    while at >= 0:
        end = at + len(name) + 1
        value = _VALUE.match(text, end)
        if value is not None and _NOT_IN_NAME.match(text[at - 1 : at]) and value[0].strip("\"'"):
            if not _MADE.match(value[0]):
                return False
            made = True
        at = text.find(f"{name}=", end)
    return made


def _expansion(part: sh.Expansion, shown: str, source: Source, state: State) -> PathPattern:
    name = part.name
    value = state.variables.get("@" if name == "*" else name)
    if name in _UNIQUE_VARIABLES and not part.operator:
        kind = "shared" if name == "$" and state.forked else "unique"
        return PathPattern((Hole(shown, frozenset(), kind),))
    if value is None and not part.operator and _OWN_NAME.search(name):
        return PathPattern((Hole(shown, frozenset({name}), "unique"),))
    plain = not part.operator or (part.operator in {":-", "-"} and not part.argument)
    if value is None and plain and _is_made_by_mktemp(source.file.text, name):
        return PathPattern((Hole(shown, frozenset({name}), "unique"),))
    if value is None and name in {"TMPDIR", "TEMPDIR"}:
        return PathPattern((Hole(shown, frozenset(), "tempdir"),))
    if value is None:
        if part.operator in {":-", "-"} and part.argument:
            names = frozenset({name})
        else:
            names = frozenset({name}).union(*(names_in(n, source, state) for n in part.nested))
        names |= _choosing(part, state)
        return PathPattern((Hole(_plain(name, part, shown), names, version=state.versions.get(name, 0)),))
    if part.index in {"@", "*"} and value.elements is not None and not part.operator:
        joined = [piece for element in value.elements for piece in (" ", element)]
        return PathPattern.of(*joined[1:])
    if part.index is not None and part.index not in {"@", "*", "0"}:
        return PathPattern(
            (Hole(shown, _choosing(part, state) | (value.pattern.names or frozenset({name}))),)
        )
    if not part.operator or part.operator in {":-", "-", ":?", "?", ":=", "="}:
        return value.pattern
    names = value.pattern.names or frozenset({name})
    if part.operator.startswith("#") and part.argument == "":
        names = frozenset()
    return PathPattern((Hole(shown, names, version=state.versions.get(name, 0)),))


def _choosing(part: sh.Expansion, state: State) -> frozenset[str]:
    """The variables that pick an element: `${NAMES[$i]}`."""
    if not part.index:
        return frozenset()
    words = re.findall(r"[A-Za-z_]\w*|(?<=\$)\d", part.index)
    return frozenset().union(*(_followed(word, state) for word in words))


def _temporary_of(
    body: sh.Script, shown: str, span: Span, source: Source, state: State
) -> PathPattern | None:
    """The path that `$(mktemp …)` makes: a name of its own in the folder that the template or `-p` says."""
    items = body.body.items
    command = items[0].statement if len(items) == 1 else None
    if isinstance(command, sh.AndOr):
        command = command.items[0]
    if not isinstance(command, sh.Command) or not command.words or command.words[0].literal != "mktemp":
        return None
    own = Hole(shown, names_in(body, source, state), "unique", span.start + 1)
    shared = PathPattern((Hole("${TMPDIR:-/tmp}", kind="tempdir"),))
    folder: PathPattern | None = None
    template = PathPattern((own,))
    below = False
    words = iter(command.words[1:])
    for word in words:
        value = value_of(word, source, state)
        text = value.literal
        if text in {"-p", "--suffix"}:
            given = next(words, None)
            if text == "-p" and given is not None:
                folder = value_of(given, source, state)
        elif text.startswith("--tmpdir="):
            first = value.parts[0]
            folder = PathPattern.of(str(first)[len("--tmpdir=") :], *value.parts[1:])
        elif text in {"--tmpdir", "-t"}:
            below = True
        elif not text.startswith("-") and text:
            template = PathPattern.of(
                *(
                    re.sub(r"X{3,}", "\1", p).partition("\1")[0] if isinstance(p, str) else p
                    for p in value.parts
                ),
                own,
            )
            if folder is None and not below:
                return template
    return (folder or shared).joined(template)


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
    pieces = pieces_of(word.parts, source, state)
    return pieces[0][0] if len(pieces) == 1 else PathPattern.of(*(pattern for pattern, _ in pieces))


def written(word: sh.Word, source: Source) -> PathPattern:
    """The value of a word as it is written: a hole for every expansion."""
    return PathPattern.of(*_written_parts(word.parts, source))


def _written_parts(parts: tuple[sh.Fragment, ...], source: Source) -> list[str | Hole]:
    out: list[str | Hole] = []
    for part in parts:
        match part:
            case sh.Literal(value=value) | sh.SingleQuoted(value=value):
                for pattern, _ in _text_pieces(value, part.span, source):
                    out += pattern.parts
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
    if word.literal is not None:
        return [_written_out(word, source)]
    only = _list_of(word)
    elements = _elements_of(only, state)
    place = Place(source, word.span)
    origin = _origin(word, state)
    if elements is not None:
        return [Arg(place, e, e, True, False, origin, ((e, word.span),)) for e in elements]
    pieces = tuple(pieces_of(word.parts, source, state))
    unquoted = only is not None or any(isinstance(part, _RUN_TIME) for part in word.parts)
    pattern = pieces[0][0] if len(pieces) == 1 else PathPattern.of(*(p for p, _ in pieces))
    if unquoted and len(word.parts) == 1 and (pattern.text or "").strip(" ").count(" "):
        return _split(place, pattern.text or "", origin)
    return [Arg(place, pattern, written(word, source), word.is_quoted, unquoted, origin, pieces)]


def handed_on(words: tuple[sh.Word, ...], state: State) -> tuple[Arg, ...]:
    """The caller's own words, where a command of a function ends with them: `"$@"`, or one that is a text (`"$1"`)."""
    listed, only = _list_of(words[-1]), _sole_expansion(words[-1])
    if listed is not None and listed.index is None:
        same = tuple(arg.pattern for arg in state.given) == _elements_of(listed, state)
        return state.given if same else ()
    if only is None or only.operator or only.name not in {str(at + 1) for at in range(len(state.given))}:
        return ()
    given, value = state.given[int(only.name) - 1], state.variables.get(only.name)
    return (given,) if value is not None and value.pattern == given.pattern else ()


_RUN_TIME = (sh.Expansion, sh.Substitution)


def _written_out(word: sh.Word, source: Source) -> Arg:
    """The argument that a word becomes in which nothing depends on run time."""
    span, text = word.span, word.literal
    if text and not source.holes and len(text) == span.end - span.start and len(word.parts) == 1:
        whole = PathPattern((text,))  # as most words are: nothing but letters
        return Arg(Place(source, span), whole, whole, pieces=((whole, span),))
    pieces = tuple(_pieces_of_text(word.parts, source))
    pattern = pieces[0][0] if len(pieces) == 1 else PathPattern.of(*(p for p, _ in pieces))
    return Arg(Place(source, word.span), pattern, pattern, word.is_quoted, False, None, pieces)


def _split(place: Place, text: str, origin: Place | None) -> list[Arg]:
    """An unquoted variable with blanks in its known value is several words."""
    patterns = [PathPattern.of(piece) for piece in text.split()]
    whole = PathPattern((Hole(place.text),))
    return [Arg(place, p, whole, False, True, origin, ((p, place.span),)) for p in patterns]


_TEXT = (sh.Literal, sh.SingleQuoted)


def _origin(word: sh.Word, state: State) -> Place | None:
    for part in word.parts:
        for node in part.walk() if not isinstance(part, _TEXT) else ():
            if isinstance(node, sh.Expansion) and (value := state.variables.get(node.name)) and value.origin:
                return value.origin
    return None


def _list_of(word: sh.Word) -> sh.Expansion | None:
    """The expansion, where a word is nothing but one that gives a word for each element: `"${a[@]}"`, `"$@"`, `$*`."""
    only = _sole_expansion(word)
    if only is None:
        return None
    quoted = isinstance(word.parts[0], sh.DoubleQuoted)
    listed = only.index if only.index is not None else only.name
    return only if not only.operator and listed in ({"@"} if quoted else {"@", "*"}) else None


def _sole_expansion(word: sh.Word) -> sh.Expansion | None:
    """The expansion that a word consists of, in quotes or not."""
    parts = word.parts
    if len(parts) == 1 and isinstance(parts[0], sh.DoubleQuoted):
        parts = parts[0].parts
    only = parts[0] if len(parts) == 1 else None
    return only if isinstance(only, sh.Expansion) else None


def _elements_of(only: sh.Expansion | None, state: State) -> tuple[PathPattern, ...] | None:
    if only is None:
        return None
    value = state.variables.get("@" if only.index is None else only.name)
    return value.elements if value else None
