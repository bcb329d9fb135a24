"""The shell tree that both readers lower to, and that all analysis sees. Spans are code-point offsets of one `Source`.

Both readers must build the same tree for the same text, spans included:

- The span of a node runs from its first to its last character, without surrounding blanks, comments, terminators
  (`;`, `&`, newline) or a trailing backslash-newline. A compound command ends with its closing word, or with its
  last redirection. The text of a here-document is not part of any span but its own `HereDocument.body_span`.
- A pipeline of one command that is neither negated nor timed is that command; an and-or list of one pipeline is that
  pipeline. Nested and-or lists and pipelines are flattened.
- Words are cut into fragments by `words.py` alone, which also reads the bodies of substitutions (as `Script`s whose
  spans are offsets of the same source).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from jobsafety_lint.model import Span


@functools.cache
def _fields_of(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a kind of node that hold nodes: each a node, a tuple of nodes, or None."""
    return tuple(one.name for one in fields(kind) if one.name != "span" and one.type not in _PLAIN)


@functools.cache
def _from_last_field(kind: type[Node]) -> tuple[str, ...]:
    return _fields_of(kind)[::-1]  # type: ignore[arg-type]  # a class is hashable, whatever its instances are


_PLAIN = frozenset({"str", "bool", "int", "str | None", "Span", "tuple[str, ...]"})


@dataclass(slots=True)
class Node:
    """A part of a script."""

    span: Span

    def children(self) -> Iterator[Node]:
        """The nodes directly below, in the order of the text as far as the fields follow it."""
        for name in _fields_of(type(self)):  # type: ignore[arg-type]  # a class is hashable, whatever its instances are
            value = getattr(self, name)
            if value.__class__ is tuple:
                yield from value
            elif value is not None:
                yield value

    def below(self) -> list[Node]:
        """The nodes directly below, the last one first: as `children`, for stacks."""
        found: list[Node] = []
        for name in _from_last_field(self.__class__):  # type: ignore[arg-type]  # a class is hashable, whatever its instances are
            value = getattr(self, name)
            if value.__class__ is tuple:
                found += value[::-1]
            elif value is not None:
                found.append(value)
        return found

    def walk(self) -> Iterator[Node]:
        """This node and all below it, parents first. Plain text (`Literal`, `SingleQuoted`) is left out: words tell it."""
        stack: list[Node] = [self]
        pop = stack.pop
        while stack:
            node = pop()
            kind = node.__class__
            if kind is Literal or kind is SingleQuoted:
                continue
            yield node
            if kind is Word and node.literal is not None:  # type: ignore[attr-defined]  # a `Word`
                continue
            stack += node.below()

    def substitutions(self) -> list[Substitution | ProcessSubstitution]:
        """The substitutions in it that are not inside of another one."""
        found: list[Substitution | ProcessSubstitution] = []
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            kind = node.__class__
            if kind is Literal or kind is SingleQuoted:
                continue
            if isinstance(node, _SUBSTITUTIONS):
                found.append(node)
                continue
            stack += node.below()
        return found


# --- words -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Fragment(Node):
    """A part of a word."""


@dataclass(slots=True)
class Literal(Fragment):
    """Unquoted text; `value` has the backslash escapes taken away. Glob characters and `~` stay in it."""

    value: str


@dataclass(slots=True)
class SingleQuoted(Fragment):
    """`'…'` (or `$'…'`, escapes decoded); `value` is the text between the quotes."""

    value: str
    ansi_c: bool = False


@dataclass(slots=True)
class DoubleQuoted(Fragment):
    """`"…"` (or `$"…"`): literals, expansions and substitutions. A `Literal` inside has only `\\$`, `\\``, `\\"`,
    `\\\\` and backslash-newline taken away.
    """

    parts: tuple[Fragment, ...]


@dataclass(slots=True)
class Expansion(Fragment):
    """`$x`, `${x:-word}`, `${#x}`, `${!x}`, `${a[@]}`, `$1`, `$@`, …

    `name` is the parameter (`x`, `1`, `@`), `index` what stands in `[…]`, `operator` the rest as written without the
    word (`:-`, `##`, `//`, `^^`, `#` for the length (as a prefix), `!` for indirection), `argument` the text after
    the operator, as written.
    """

    name: str
    index: str | None = None
    operator: str = ""
    argument: str = ""
    nested: tuple[Fragment, ...] = ()
    """Expansions and substitutions inside `index` and `argument`."""


@dataclass(slots=True)
class Substitution(Fragment):
    """`$(…)`, or backticks; `body` is what is run."""

    body: Script
    backticks: bool = False


@dataclass(slots=True)
class ProcessSubstitution(Fragment):
    """`<(…)` or `>(…)`."""

    body: Script
    direction: str


_SUBSTITUTIONS = (Substitution, ProcessSubstitution)


@dataclass(slots=True)
class ArithmeticExpansion(Fragment):
    """`$((…))`."""

    text: str
    nested: tuple[Fragment, ...] = ()


@dataclass(slots=True)
class HoleFragment(Fragment):
    """A part that the host file fills in at run time; `index` into the source's holes."""

    index: int


@dataclass(slots=True)
class Word(Node):
    """A word: what the shell makes one argument of (more than one where an expansion is not quoted)."""

    parts: tuple[Fragment, ...]
    literal: str | None = field(init=False, repr=False, compare=False)
    """The word's value if nothing in it depends on run time, else None."""

    def __post_init__(self) -> None:
        parts = self.parts
        only = parts[0] if len(parts) == 1 else None
        self.literal = only.value if isinstance(only, Literal) else _text_of(parts)

    @property
    def is_quoted(self) -> bool:
        """Whether any part of the word stands in quotes."""
        return not _QUOTED.isdisjoint(map(type, self.parts))


_QUOTED: frozenset[type] = frozenset({SingleQuoted, DoubleQuoted})


def _text_of(parts: tuple[Fragment, ...]) -> str | None:
    out: list[str] = []
    for part in parts:
        match part:
            case Literal(value=value) | SingleQuoted(value=value):
                out.append(value)
            case DoubleQuoted(parts=inside):
                for inner in inside:
                    if not isinstance(inner, Literal):
                        return None
                    out.append(inner.value)
            case _:
                return None
    return "".join(out)


# --- commands --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class HereDocument(Node):
    """The text after a `<<` redirection. `span` is the delimiter word, `body_span` the lines up to the delimiter's line.

    `parts` are the fragments of the body (one `Literal` if `quoted`); `strip_tabs` for `<<-`.
    """

    delimiter: str
    quoted: bool
    strip_tabs: bool
    body_span: Span
    parts: tuple[Fragment, ...] = ()


@dataclass(slots=True)
class Redirect(Node):
    """A redirection: `operator` (`>`, `>>`, `<`, `<&`, `>&`, `&>`, `&>>`, `>|`, `<>`, `<<`, `<<-`, `<<<`), its file
    descriptor as written (`2`, `{fd}`, or None), and a target word or a here-document.
    """

    operator: str
    descriptor: str | None
    target: Word | None
    heredoc: HereDocument | None = None


@dataclass(slots=True)
class ArrayValue(Node):
    """`(…)` on the right of an assignment: elements; `[key]=value` elements keep their key in the word."""

    elements: tuple[Word, ...]


@dataclass(slots=True)
class Assignment(Node):
    """`name=value`, `name+=value`, `name[index]=value`; an empty value is None."""

    name: str
    value: Word | ArrayValue | None
    append: bool = False
    index: str | None = None


@dataclass(slots=True)
class Statement(Node):
    """Anything that may stand where a command is expected."""


@dataclass(slots=True)
class Command(Statement):
    """A simple command: assignments before it, words, redirections. Also `declare`, `local`, `export`, …, whose
    `name=value` arguments are words; an array value there is in `assignments` after all of the words.
    """

    assignments: tuple[Assignment, ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...] = ()


@dataclass(slots=True)
class Pipeline(Statement):
    """`a | b |& c`, possibly `! …` or `time …`; `operators` are those between the stages."""

    stages: tuple[Statement, ...]
    operators: tuple[str, ...]
    negated: bool = False
    timed: bool = False


@dataclass(slots=True)
class AndOr(Statement):
    """`a && b || c`: items and the operators between them, flat."""

    items: tuple[Statement, ...]
    operators: tuple[str, ...]


@dataclass(slots=True)
class Item(Node):
    """One element of a list, with what ends it: `;`, `&` or a newline (also the end of the text)."""

    statement: Statement
    terminator: str

    @property
    def background(self) -> bool:
        """Whether it is started with `&`."""
        return self.terminator == "&"


@dataclass(slots=True)
class Block(Node):
    """A list of statements."""

    items: tuple[Item, ...]


@dataclass(slots=True)
class Compound(Statement):
    """A compound command; redirections after it belong to it."""

    redirects: tuple[Redirect, ...]


@dataclass(slots=True)
class Group(Compound):
    """`{ …; }`."""

    body: Block


@dataclass(slots=True)
class Subshell(Compound):
    """`( … )`."""

    body: Block


@dataclass(slots=True)
class Branch(Node):
    """`if`/`elif` condition and what follows `then`."""

    condition: Block
    body: Block


@dataclass(slots=True)
class If(Compound):
    """`if … then … elif … else … fi`."""

    branches: tuple[Branch, ...]
    otherwise: Block | None


@dataclass(slots=True)
class While(Compound):
    """`while`/`until … do … done`."""

    until: bool
    condition: Block
    body: Block


@dataclass(slots=True)
class For(Compound):
    """`for x in words; do … done`, or `select`; `words` is None where the positional parameters are meant."""

    variable: str
    words: tuple[Word, ...] | None
    body: Block
    select: bool = False


@dataclass(slots=True)
class ArithmeticFor(Compound):
    """`for ((init; test; step)); do … done`; `text` is what stands between the parentheses."""

    text: str
    body: Block


@dataclass(slots=True)
class Clause(Node):
    """One clause of a `case`: patterns, body, and how it ends (`;;`, `;&`, `;;&` or nothing)."""

    patterns: tuple[Word, ...]
    body: Block
    terminator: str


@dataclass(slots=True)
class Case(Compound):
    """`case word in … esac`."""

    subject: Word
    clauses: tuple[Clause, ...]


@dataclass(slots=True)
class Test(Compound):
    """`[[ … ]]`: the words between the brackets, operators included (as words)."""

    words: tuple[Word, ...]


@dataclass(slots=True)
class Arithmetic(Compound):
    """`((…))`."""

    text: str


@dataclass(slots=True)
class Function(Compound):
    """`name() { … }`."""

    name: str
    body: Statement


@dataclass(slots=True)
class Coproc(Compound):
    """`coproc [NAME] command`."""

    name: str | None
    body: Statement


# --- the whole -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Comment(Node):
    """A comment, from `#` to the end of its line; `text` includes the `#`."""

    text: str


@dataclass(slots=True)
class Unread(Node):
    """A stretch that no reader could read, with the reason."""

    reason: str


@dataclass(slots=True)
class Script(Node):
    """A whole text, or the body of a substitution."""

    body: Block
    comments: tuple[Comment, ...] = ()
    unread: tuple[Unread, ...] = ()
