"""systemd units and drop-ins: sections, directives, and the words of the commands in ExecStart and its kin.

No shell runs these commands. Their words are given as text that the shell's reader reads back unchanged (`words.py`), so
that `sh -c '…'`, wrappers and queue calls in them are seen by the same code as everywhere.

Source: systemd.syntax(7), systemd.service(5) "Command lines": a line that ends with a backslash goes on in the next one,
comment lines between are passed over; an empty assignment resets a list; the prefixes `@ - : + ! |`; quotes and C escapes;
`%` specifiers; `${X}` anywhere and `$X` as a word of its own are replaced, `$$` is a dollar; `;` as a word separates commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts.lines import is_continued, lines_of
from jobsafety_lint.readers.hosts.snippets import HostFile, Snippet
from jobsafety_lint.readers.hosts.words import Piece, Word, add_words
from jobsafety_lint.source import Hole, SnippetBuilder, Source

_SECTION = re.compile(r"\[(?P<name>[^\]]+)\]\s*$")
_DIRECTIVE = re.compile(r"\s*(?P<name>[A-Za-z][\w-]*)\s*=[ \t]*")
_EXEC = re.compile(r"Exec(?:Start|StartPre|StartPost|Condition|Reload|Stop|StopPre|StopPost)$")
_STARTS = frozenset({"ExecCondition", "ExecStartPre", "ExecStart"})
"""What runs one after the other; `ExecReload` and `ExecStop` run while the unit does."""
_PREFIX = re.compile(r"[@:+!|-]*")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " "}
_NUMBER = re.compile(r"x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}")
_WHOLE_VARIABLE = re.compile(r"\$(?P<name>[A-Za-z_]\w*)")
_INSTANCE = frozenset("iIjJ")

Letter = tuple[str, int, int]
"""A letter and the stretch of the file that it stands for (longer than one for an escape)."""


@dataclass(frozen=True, eq=False)
class Directive:
    """`name=value`, with continued lines joined by blanks."""

    name: str
    value: str
    span: Span
    value_span: Span


@dataclass(frozen=True, eq=False)
class ExecLine:
    """A command of a directive. `words` as the program gets them, each with the letters it begins with in the file."""

    directive: Directive
    prefix: str
    words: tuple[Word, ...]
    snippet: Snippet


@dataclass(eq=False)
class Section:
    """A section: its header's place and its directives, in order."""

    name: str
    span: Span
    directives: list[Directive] = field(default_factory=list)

    def value(self, name: str) -> Directive | None:
        """The last assignment of a directive; None where there is none or the last one resets it."""
        last = next((d for d in reversed(self.directives) if d.name == name), None)
        return last if last is not None and last.value else None


@dataclass(eq=False)
class UnitFile(HostFile):
    """What a unit or drop-in holds."""

    sections: list[Section] = field(default_factory=list)
    commands: list[ExecLine] = field(default_factory=list)


def read_unit(source: Source, directory: str | None = "") -> UnitFile:
    """The sections and commands of a unit; nothing of a file that only has a unit's suffix (D-Bus, XML).

    `directory` is the working directory that other files of the same unit set: empty if they set none, None if there
    are others that are not known.
    """
    found = UnitFile()
    letters: dict[int, list[Letter]] = {}
    for chars, span in _logical_lines(source, found):
        text = _text(chars)
        if header := _SECTION.match(text):
            found.sections.append(Section(header["name"], span))
        elif not found.sections:
            return UnitFile()
        elif directive := _DIRECTIVE.match(text):
            value = chars[directive.end() :]
            while value and value[-1][0] in " \t":
                value.pop()
            start = value[0][1] if value else span.end
            name = directive["name"]
            known = Directive(name, _text(value), span, Span(start, value[-1][2] if value else start))
            found.sections[-1].directives.append(known)
            found.statements.append((span, (found.sections[-1].name,)))
            letters[id(known)] = value
        else:
            found.broken.append((span, "it is neither a section nor an assignment"))
    if any(section.name.startswith("D-BUS") for section in found.sections):
        return UnitFile()
    for section in found.sections:
        if section.name in {"Service", "Socket", "Mount", "Swap"}:
            _commands(source, section, letters, directory, found)
    return found


def _text(letters: list[Letter]) -> str:
    return "".join(letter for letter, _, _ in letters)


def _logical_lines(source: Source, found: UnitFile) -> Iterator[tuple[list[Letter], Span]]:
    """Lines with their continuations (the joint is a blank). Comment lines are gathered, wherever they stand."""
    chars: list[Letter] = []
    start: int | None = None
    for line in lines_of(source):
        text = source.text[line.start : line.end]
        stripped = text.lstrip()
        if stripped[:1] in {"#", ";"}:
            found.comments.append(Span(line.end - len(stripped), line.end))
            continue
        if start is None:
            if not stripped:
                continue
            start = line.start + len(text) - len(stripped)
        at = start if not chars else line.start
        continued = is_continued(text)
        end = line.end - continued
        chars += [(source.text[n], n, n + 1) for n in range(at, end)]
        if continued:
            chars.append((" ", end, min(end + 2, len(source.text))))
            continue
        yield chars, Span(start, line.end)
        chars, start = [], None
    if chars and start is not None:
        yield chars, Span(start, len(source.text))


# --- words -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Raw:
    """A word with quotes and escapes resolved; the stretch of the file that it stands in, quotes included."""

    letters: list[Letter]
    quoted: bool
    span: Span

    @property
    def text(self) -> str:
        return _text(self.letters)


def _split(chars: list[Letter]) -> list[_Raw]:
    words: list[_Raw] = []
    at = 0
    while at < len(chars):
        if chars[at][0] in " \t\n":
            at += 1
            continue
        word: list[Letter] = []
        first, quoted, quote = at, False, ""
        while at < len(chars):
            char = chars[at][0]
            if char == "\\" and quote != "'" and at + 1 < len(chars):
                decoded, length = _escape(_text(chars[at + 1 : at + 10]))
                word += (
                    [(decoded, chars[at][1], chars[at + length][2])]
                    if len(decoded) == 1
                    else chars[at : at + 1 + length]
                )
                at += 1 + length
                continue
            if quote and char == quote:
                quote = ""
            elif not quote and char in "\"'":
                quote, quoted = char, True
            elif not quote and char in " \t\n":
                break
            else:
                word.append(chars[at])
            at += 1
        words.append(_Raw(word, quoted, Span(chars[first][1], chars[at - 1][2])))
    return words


def _escape(rest: str) -> tuple[str, int]:
    """What stands for an escape, and how many letters behind the backslash it has."""
    if number := _NUMBER.match(rest):
        digits = number.group()
        code = int(digits[1:], 16) if digits[0] in "xuU" else int(digits, 8)
        return (chr(code) if 0 < code < 0x110000 else "\ufffd"), len(digits)
    if rest[:1] in _ESCAPES:
        return _ESCAPES[rest[0]], 1
    if rest[:1] in {"\\", '"', "'", ";"}:
        return rest[0], 1
    return "\\" + rest[:1], 1


def _commands(
    source: Source, section: Section, letters: dict[int, list[Letter]], around: str | None, found: UnitFile
) -> None:
    environment = _environment(section, letters)
    where = section.value("WorkingDirectory")
    path = where.value.removeprefix("-") if where is not None else around or ""
    directory = path if path.startswith(("/", "~", "%")) else None
    at_home = directory is None and around is not None
    for directive in section.directives:
        if not _EXEC.fullmatch(directive.name):
            continue
        command: list[_Raw] = []
        words = _split(letters[id(directive)])
        for number, word in enumerate(words):
            separates = word.text == ";" and not word.quoted and word.span.end - word.span.start == 1
            if not separates:
                command.append(word)
            if command and (separates or number + 1 == len(words)):
                built = _argv(command, environment)
                if built[1]:
                    _add_command(source, directive, *built, environment, directory, found, at_home=at_home)
                command = []


def _environment(section: Section, letters: dict[int, list[Letter]]) -> dict[str, str]:
    """What `Environment=` sets; nothing if there is a file that may set any of them, as it counts more."""
    values: dict[str, str] = {}
    for directive in section.directives:
        if directive.name == "EnvironmentFile" and directive.value:
            return {}
        if directive.name == "Environment":
            if not directive.value:
                values.clear()
            for word in _split(letters[id(directive)]):
                name, equals, value = word.text.partition("=")
                if equals and "%" not in value:
                    values[name] = value
    return values


def _argv(command: list[_Raw], environment: dict[str, str]) -> tuple[str, list[Word]]:
    """The prefix of a command and its words as the program gets them."""
    first = command[0]
    prefix = _PREFIX.match(first.text)
    marks = prefix.group() if prefix else ""
    program = _Raw(first.letters[len(marks) :], first.quoted, first.span)
    rest = command[2:] if "@" in marks else command[1:]  # `@`: a word with the name that the program is told
    words = [_word(program, expands=False, environment={})]
    for raw in rest:
        whole = _WHOLE_VARIABLE.fullmatch(raw.text) if ":" not in marks else None
        inner = Span(raw.letters[0][1], raw.letters[-1][2]) if raw.letters else raw.span
        if whole and whole["name"] in environment:
            words += [Word(value, inner) for value in environment[whole["name"]].split()]
        elif whole:
            hole = Hole(raw.text, frozenset({whole["name"]}))
            words.append(Word("", inner, [(hole, inner)], raw.quoted))
        else:
            words.append(_word(raw, expands=":" not in marks, environment=environment))
    return marks, words if program.letters else []


def _add_command(
    source: Source,
    directive: Directive,
    marks: str,
    words: list[Word],
    environment: dict[str, str],
    directory: str | None,
    found: UnitFile,
    *,
    at_home: bool,
) -> None:
    builder = SnippetBuilder(source)
    add_words(builder, words)
    snippet = Snippet(
        "commands",
        builder.build(),
        directive.span,
        "",
        style="argv",
        directory=directory,
        at_home=at_home,
        environment=environment,
        status="ignored" if "-" in marks else "result",
        alone=directive.name in _STARTS and "@" not in source.path.rpartition("/")[2],
    )
    found.snippets.append(snippet)
    found.commands.append(ExecLine(directive, marks, tuple(words), snippet))


def _word(raw: _Raw, *, expands: bool, environment: dict[str, str]) -> Word:
    """A word with specifiers and variables resolved, piece by piece."""
    pieces: list[Piece] = []
    letters, text = raw.letters, raw.text
    at = 0

    def plain(upto: int) -> None:
        nonlocal at
        while at < upto:
            stop = at + 1
            while (
                stop < upto
                and _single(letters[stop - 1])
                and _single(letters[stop])
                and (letters[stop][1] == letters[stop - 1][2])
            ):
                stop += 1
            pieces.append((text[at:stop], Span(letters[at][1], letters[stop - 1][2])))
            at = stop

    for match in re.finditer(r"%(.)|\$\$|\$\{(\w+)\}", text):
        plain(match.start())
        span = Span(letters[match.start()][1], letters[match.end() - 1][2])
        at = match.end()
        if match[1] == "%":
            pieces.append(("%", span))
        elif match[1] is not None:
            names = frozenset({match.group()}) if match[1] in _INSTANCE else frozenset()
            pieces.append((Hole(match.group(), names, "template"), span))
        elif not expands:
            pieces.append((match.group(), span))
        elif match.group() == "$$":
            pieces.append(("$", span))
        elif match[2] in environment:
            pieces.append((environment[match[2]], span))
        else:
            pieces.append((Hole(match.group(), frozenset({match[2]})), span))
    plain(len(letters))
    return Word("".join(p for p, _ in pieces if isinstance(p, str)), raw.span, pieces, raw.quoted)


def _single(letter: Letter) -> bool:
    return letter[2] - letter[1] == 1
