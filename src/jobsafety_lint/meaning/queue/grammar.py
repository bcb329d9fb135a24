"""pueue: the grammar of its command line as data, per major version, and what a command line means to it.

Source: pueue/src/client/cli.rs of v3.4.1 and v4.0.x. Parsing follows clap: long flags take
`--x v` and `--x=v`, short ones `-gv`, `-g v`, `-g=v`; short booleans cluster; `--` ends the options; `add` stops at
its first positional word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.execution import Execution, Setting
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.wrappers import tail
from jobsafety_lint.model import Span
from jobsafety_lint.source import Place, Source


@dataclass(frozen=True)
class Option:
    """An option: its names, whether it takes a value (`*` takes all words up to the next option), since and until
    which major version there is one, and whether its values are task ids.
    """

    names: tuple[str, ...]
    values: str = ""
    ids: bool = False
    versions: tuple[int, ...] = (3, 4)

    @property
    def key(self) -> str:
        """The long name."""
        return max(self.names, key=len)


@dataclass(frozen=True)
class Subcommand:
    """A subcommand: its names, options, and which positional words are task ids (`all`, `first`, `none`)."""

    names: tuple[str, ...]
    options: tuple[Option, ...] = ()
    ids: str = "none"
    trailing: bool = False
    versions: tuple[int, ...] = (3, 4)
    nested: tuple[Subcommand, ...] = ()


def _flag(*names: str, versions: tuple[int, ...] = (3, 4)) -> Option:
    return Option(names, versions=versions)


def _value(*names: str, versions: tuple[int, ...] = (3, 4)) -> Option:
    return Option(names, "1", versions=versions)


_GROUP = _value("-g", "--group")
_ALL = _flag("-a", "--all")
_CHILDREN = _flag("-c", "--children", versions=(3,))

_HELP = _flag("-h", "--help")
GLOBAL_OPTIONS = (
    _flag("-v", "--verbose"),
    _value("--color"),
    _value("-c", "--config"),
    _value("-p", "--profile"),
    _HELP,
    _flag("-V", "--version"),
)

SUBCOMMANDS = (
    Subcommand(
        ("add",),
        (
            _value("-w", "--working-directory"),
            _flag("-e", "--escape"),
            _flag("-i", "--immediate"),
            _flag("--follow", versions=(4,)),
            _flag("-s", "--stashed"),
            _value("-d", "--delay"),
            _GROUP,
            Option(("-a", "--after"), "*", ids=True),
            _value("-o", "--priority"),
            _value("-l", "--label"),
            _flag("-p", "--print-task-id"),
        ),
        trailing=True,
    ),
    Subcommand(("remove", "rm"), ids="all"),
    Subcommand(("switch",), ids="all"),
    Subcommand(
        ("stash",),
        (
            _value("-g", "--group", versions=(4,)),
            _flag("-a", "--all", versions=(4,)),
            _value("-d", "--delay", versions=(4,)),
        ),
        ids="all",
    ),
    Subcommand(
        ("enqueue",),
        (
            _value("-g", "--group", versions=(4,)),
            _flag("-a", "--all", versions=(4,)),
            _value("-d", "--delay"),
        ),
        ids="all",
    ),
    Subcommand(("start",), (_GROUP, _ALL, _CHILDREN), ids="all"),
    Subcommand(
        ("restart", "re"),
        (
            _flag("-a", "--all-failed"),
            _value("-g", "--failed-in-group"),
            _flag("-k", "--immediate", versions=(4,)),
            _flag("-k", "--start-immediately", versions=(3,)),
            _flag("-s", "--stashed"),
            _flag("-i", "--in-place"),
            _flag("--not-in-place"),
            _flag("-e", "--edit"),
            _flag("-p", "--edit-path", versions=(3,)),
            _flag("-l", "--edit-label", versions=(3,)),
            _flag("-o", "--edit-priority", versions=(3,)),
        ),
        ids="all",
    ),
    Subcommand(("pause",), (_GROUP, _ALL, _flag("-w", "--wait"), _CHILDREN), ids="all"),
    Subcommand(("kill",), (_GROUP, _ALL, _value("-s", "--signal"), _CHILDREN), ids="all"),
    Subcommand(("send",), ids="first"),
    Subcommand(
        ("edit",),
        (
            _flag("-c", "--command", versions=(3,)),
            _flag("-p", "--path", versions=(3,)),
            _flag("-l", "--label", versions=(3,)),
            _flag("-o", "--priority", versions=(3,)),
        ),
        ids="all",
    ),
    Subcommand(
        ("env",),
        nested=(
            Subcommand(("set",), ids="first", versions=(4,)),
            Subcommand(("unset",), ids="first", versions=(4,)),
        ),
        versions=(4,),
    ),
    Subcommand(
        ("group",),
        (_flag("-j", "--json"),),
        nested=(Subcommand(("add",), (_value("-p", "--parallel"),)), Subcommand(("remove",))),
    ),
    Subcommand(("status",), (_flag("-j", "--json"), _GROUP)),
    Subcommand(("format-status",), (_GROUP,), versions=(3,)),
    Subcommand(
        ("log",),
        (
            _value("-g", "--group", versions=(4,)),
            _flag("-a", "--all", versions=(4,)),
            _flag("-j", "--json"),
            _value("-l", "--lines"),
            _flag("-f", "--full"),
        ),
        ids="all",
    ),
    Subcommand(("follow", "fo"), (_value("-l", "--lines"),), ids="all"),
    Subcommand(("wait",), (_GROUP, _ALL, _flag("-q", "--quiet"), _value("-s", "--status")), ids="all"),
    Subcommand(("clean", "cleanup", "clear"), (_flag("-s", "--successful-only"), _GROUP)),
    Subcommand(("reset",), (_value("-g", "--groups", versions=(4,)), _flag("-f", "--force"), _CHILDREN)),
    Subcommand(("shutdown",)),
    Subcommand(("completions",)),
    Subcommand(("parallel",), (_GROUP,)),
)


@dataclass(frozen=True, eq=False)
class UnknownOption:
    """An option that the subcommand does not have in this version: its word, its name, and the major versions that
    have it (none if no version does).
    """

    word: Arg
    name: str
    versions: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class GivenOption:
    """An option as it was given: the grammar's entry, the word that names it, and its values."""

    option: Option
    word: Arg
    values: tuple[Arg, ...] = ()


_CALLED = re.compile(r"[\w.]+(?=\()")
"""The function of a call in Python."""


@dataclass(frozen=True, eq=False)
class QueueCommand:
    """A call of pueue. `subcommand` is the main name (`restart`, `add`, `group add`); `ids` are the words that pueue
    takes as task ids; `rest` the words of a job (`add`) or the other positional words.
    """

    command: Command
    subcommand: str
    options: tuple[GivenOption, ...]
    ids: tuple[Arg, ...]
    rest: tuple[Arg, ...]
    subcommand_word: Arg | None = None
    unknown: tuple[UnknownOption, ...] = ()
    grammar: Subcommand | None = None
    """The subcommand's entry in the table, of whichever version."""
    more: tuple[Arg, ...] = ()
    """Words before the job that may be any number of further options (`$opts`, `*options`)."""

    @property
    def place(self) -> Place:
        """The command."""
        return self.command.place

    @property
    def execution(self) -> Execution:
        """Where the client runs."""
        return self.command.execution

    def has(self, *names: str) -> bool:
        """Whether one of these options is given, by any of its names."""
        return self.given(*names) is not None

    def given(self, *names: str) -> GivenOption | None:
        """The first of these options that is given."""
        return next((given for given in self.options if set(names) & set(given.option.names)), None)

    def value(self, *names: str) -> Arg | None:
        """The (last) value of an option."""
        given = [g for g in self.options if set(names) & set(g.option.names) and g.values]
        return given[-1].values[-1] if given else None

    @property
    def swallowed(self) -> Arg | None:
        """The first word that `--after` takes for a task id though it is none: it belongs to the job."""
        for given in self.options:
            if "--after" not in given.option.names:
                continue
            for value in given.values:
                if value.text is not None:
                    if value.text and not value.text.isdigit():
                        return value
                elif value is given.values[-1] is not given.values[0] and not self.rest and not value.splits:
                    return value
        return None

    @property
    def helper(self) -> str:
        """The function of Python that is called here and brings `pueue` itself: `queue` of `queue("eu")`; empty for a command
        that stands here.
        """
        program = self.command.program
        if program is None or not self.in_python:
            return ""
        file, span = program.place.source.file, program.place.source.in_file(program.place.span)
        called = _CALLED.match(file.text, span.start)
        return called[0].rpartition(".")[2] if called is not None and called.end() == span.end else ""

    def brought_by(self, calls: Iterable[QueueCommand]) -> QueueCommand | None:
        """The call inside of the helper, among all of the file, that this one is made from."""
        name = self.helper
        return next(
            (
                call
                for call in calls
                if name
                and call.subcommand == self.subcommand
                and call.execution.functions
                and call.execution.functions[-1].rpartition(".")[2] == name
            ),
            None,
        )

    @property
    def in_python(self) -> bool:
        """Whether Python code runs it."""
        file = self.place.source.file
        first = file.text.partition("\n")[0]
        return file.path.endswith((".py", ".pyw")) or (first.startswith("#!") and "python" in first)

    @property
    def head(self) -> Place:
        """The program with its subcommand: `pueue add` of `pueue add --label x -- cmd`."""
        return self.through(self.subcommand_word)

    @property
    def verb(self) -> Place:
        """The word that says what is done, for findings that are about no other word: `add` of `pueue add`. Where that does not
        stand in the line where the call begins (Python), it is the name of the function that is called there.
        """
        word, whole = self.subcommand_word, self.place
        if word is None:
            return self.head
        if word.place.source is whole.source and word.place.location.line == whole.location.line:
            if word.place.span != whole.span:
                return word.place
        name = _CALLED.match(whole.source.text, whole.span.start) if self.in_python else None
        return Place(whole.source, Span(*name.span())) if name is not None else self.head

    def through(self, word: Arg | None) -> Place:
        """From the start of the command to the end of one of its words."""
        whole = self.place
        if word is None or word.place.source is not whole.source:
            return whole
        end = word.place.span.end
        inside = whole.span.start < end <= whole.span.end
        return Place(whole.source, Span(whole.span.start, end)) if inside else whole


@dataclass(frozen=True, eq=False)
class Launch:
    """A job is queued. `text` is what pueue hands to `sh -c` (its words joined by blanks), `commands` what that runs.

    `settings` are the variables set for this job alone (`env K=V`, `K=V cmd`). `execution` is the client's.
    """

    call: QueueCommand
    text: Source
    commands: tuple[Command, ...]
    settings: tuple[Setting, ...] = ()
    working_directory: Arg | None = None
    label: PathPattern | None = None
    group: PathPattern | None = None

    @property
    def place(self) -> Place:
        """The submitting command."""
        return self.call.place

    @property
    def execution(self) -> Execution:
        """Where the client runs."""
        return self.call.execution


def has_subcommand(words: Iterable[Arg]) -> bool:
    """Whether one of these words of a call of pueue names a subcommand."""
    return any(word.text in _BY_NAME for word in words)


_BY_NAME = {name: sub for sub in SUBCOMMANDS for name in sub.names}


@dataclass
class _Parser:
    """Reads the words after the program's name, as clap does."""

    words: list[Arg]
    version: int
    at: int = 0
    options: list[GivenOption] = field(default_factory=list)
    unknown: list[UnknownOption] = field(default_factory=list)
    more: list[Arg] = field(default_factory=list)
    positional: list[Arg] = field(default_factory=list)
    option_ids: list[Arg] = field(default_factory=list)

    def read(self, options: tuple[Option, ...], *, stop_at_word: bool) -> None:
        """Reads options and words; with `stop_at_word` it ends before the first positional word."""
        while self.at < len(self.words):
            word = self.words[self.at]
            text = word.text if word.text is not None else word.pattern.literal
            if text == "--":
                self.at += 1
                if stop_at_word:
                    return
                self.positional += self.words[self.at :]
                self.at = len(self.words)
            elif text.startswith("-") and len(text) > 1:
                self.at += 1
                self._option(word, text, options)
            elif stop_at_word and self._may_be_options(word):
                self.at += 1
                self.more.append(word)
            elif stop_at_word:
                return
            else:
                self.at += 1
                self.positional.append(word)

    def _may_be_options(self, word: Arg) -> bool:
        """Whether a word that may be several, or none, stands where options still follow: `pueue add $opts -- cmd`."""
        if not word.splits or word.pattern.literal.strip("\0"):
            return False
        return any(later.text == "--" for later in self.words[self.at + 1 :])

    def _find(self, name: str, options: tuple[Option, ...]) -> Option | None:
        """The option of this name, that of this version first."""
        fitting = [option for option in options if name in option.names]
        mine = [option for option in fitting if self.version in option.versions]
        return next(iter(mine or fitting), None)

    def _know(self, option: Option | None, word: Arg, name: str) -> bool:
        """Whether there is such an option at all; one that this version does not have is noted."""
        if (option is None or self.version not in option.versions) and "\0" not in name:
            self.unknown.append(UnknownOption(word, name, option.versions if option else ()))
        return option is not None

    def _option(self, word: Arg, text: str, options: tuple[Option, ...]) -> None:
        if text.startswith("--"):
            name, equals, _ = text.partition("=")
            option = self._find(name, options)
            if self._know(option, word, name) and option is not None:
                self._give(option, word, tail(word, len(name) + 1) if equals else None)
            return
        for at, letter in enumerate(text[1:], 1):
            option = self._find("-" + letter, options)
            if not self._know(option, word, "-" + letter) or option is None:
                return
            if option.values:
                skip = at + 2 if text[at + 1 : at + 2] == "=" else at + 1
                self._give(option, word, tail(word, skip) if at + 1 < len(text) else None)
                return
            self._give(option, word, None)

    def _give(self, option: Option, word: Arg, attached: Arg | None) -> None:
        """Notes an option; `attached` is a value in the same word, which then is the only one."""
        values: list[Arg] = []
        if option.values and attached is not None:
            values.append(attached)
        elif option.values == "1":
            values += self.words[self.at : self.at + 1]
            self.at += 1
        elif option.values == "*":
            while self.at < len(self.words):
                text = self.words[self.at].text
                if text is not None and text.startswith("-"):
                    break
                values.append(self.words[self.at])
                self.at += 1
        self.options.append(GivenOption(option, word, tuple(values)))
        if option.ids:
            self.option_ids += values


def with_subcommand(words: Sequence[Arg]) -> Sequence[Arg]:
    """The words of a project's own wrapper: one that names no subcommand of pueue is taken to add a job."""
    parser = _Parser(list(words[1:]), 4)
    parser.read(GLOBAL_OPTIONS, stop_at_word=True)
    named = parser.words[parser.at].text if parser.at < len(parser.words) else None
    if len(words) < 2 or (named in _BY_NAME and not parser.unknown):
        return words
    pattern = PathPattern.of("add")
    return [words[0], Arg(words[0].place, pattern, pattern), *words[1:]]


def parse(command: Command, version: int = 4) -> QueueCommand | None:
    """What a call of pueue means to the given major version; None if it is no call of pueue."""
    if command.name != "pueue":
        return None
    parser = _Parser(list(command.args), version)
    parser.read(GLOBAL_OPTIONS, stop_at_word=True)
    if parser.at >= len(parser.words):
        return QueueCommand(command, "status", (), (), (), None, tuple(parser.unknown))
    parser.options.clear()
    word = parser.words[parser.at]
    found = _BY_NAME.get(word.text or "")
    if found is None:
        return None
    parser.at += 1
    title = found.names[0]
    if found.nested:
        parser.read((*found.options, _HELP), stop_at_word=True)
        inner = parser.words[parser.at].text if parser.at < len(parser.words) else None
        nested = next((sub for sub in found.nested if inner in sub.names), None)
        if nested is not None:
            word = parser.words[parser.at]
            parser.at += 1
            title, found = f"{title} {nested.names[0]}", nested
    parser.read((*found.options, _HELP), stop_at_word=found.trailing)
    rest = parser.positional + parser.words[parser.at :]
    ids = list(parser.option_ids)
    if found.ids == "all":
        ids += rest
    elif found.ids == "first":
        ids += rest[:1]
    return QueueCommand(
        command, title, tuple(parser.options), tuple(ids), tuple(rest), word, tuple(parser.unknown), found,
        tuple(parser.more),
    )  # fmt: skip
