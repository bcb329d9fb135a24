"""Makefiles: the shell text of recipe lines, `$(shell …)` and `!=`, with positions through `$$` and make's variables.

Make reads lines, and so does this reader: every line is a recipe line, a directive, an assignment or a rule. (The grammar
tree-sitter-make 1.1 rejects 9 of 140 real Makefiles, for `$(shell …)` with brackets, quotes or `$((…))` in it, and one
ERROR swallows the rules that follow; a reader of lines has no such thing as a syntax error.)

Source: GNU make's manual, chapters 3.8, 5 and 6; measured with make 4.3: each recipe line is a shell of its own, a
continued line keeps backslash and newline and loses the next line's recipe prefix, `SHELL` may hold options.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts.lines import (
    closing,
    is_continued,
    lines_of,
    shell_named,
    shell_words,
    strictness,
)
from jobsafety_lint.readers.hosts.snippets import HostFile, Snippet
from jobsafety_lint.source import Hole, SnippetBuilder, Source

_CONDITIONAL = re.compile(r"[ \t]*(ifeq|ifneq|ifdef|ifndef|else|endif)\b(.*)", re.DOTALL)
_WINDOWS = re.compile(r"\s*[(\"'].*\$[({]OS[)}].*\bWindows_NT\b")
"""What asks whether make runs on Windows: there a recipe is no text of a shell that we know."""
_DEFINE = re.compile(r"[ \t]*(?:(?:override|export)[ \t]+)*define[ \t]+(?P<name>[^\s=:+?!]+)")
_ENDEF = re.compile(r"[ \t]*endef\b")
_INCLUDE = re.compile(r"[ \t]*(?:-?include|sinclude|vpath|unexport|undefine)\b")
_NAME = re.compile(r"[ \t]*(?P<modifiers>(?:(?:override|export|private)[ \t]+)*)(?P<name>[^\s$()]+)[ \t]*$")
_PLAIN = re.compile(r"[^\s$():=#,]+")
_CALL = re.compile(r"[\s@+-]*\$[({](?:call[ \t]+)?(?P<name>[^\s(){}$,:]+)[^\n]*[)}]\s*$")
_AUTOMATIC = re.compile(r"[@<^*?+|%][DF]?")
_COMMAND_POSITION = re.compile(r"(?:^|[;&|({]|\b(?:then|do|else|exec|sudo|time|env))[ \t]*$")
_OPERATOR = re.compile(r":{1,3}=|[?+!]=|=")
_MARKS = re.compile(r"[ \t@+-]*")
_LONGEST_VALUE = 2000

Piece = str | Hole


@dataclass(eq=False)
class _Variable:
    """What is known of a variable: how often and how it is set, and its value."""

    values: list[tuple[str, Span]] = field(default_factory=list)
    exported: bool = False


@dataclass(eq=False)
class _Recipe:
    """A recipe line with its continuations: from behind the recipe prefix to the end of the last line."""

    target: str
    span: Span
    rule: int


@dataclass(eq=False)
class _Reader:
    source: Source
    found: HostFile = field(default_factory=HostFile)
    variables: dict[str, _Variable] = field(default_factory=dict)
    own: dict[tuple[str, str], str] = field(default_factory=dict)
    """Variables of one target: (target, name) to the value as written."""
    defined: dict[str, list[Span]] = field(default_factory=dict)
    recipes: list[_Recipe] = field(default_factory=list)
    shells: list[tuple[str, Span]] = field(default_factory=list)
    commands: list[tuple[str, Span, str]] = field(default_factory=list)
    """What is run outside of recipes: title, stretch, what becomes of its status."""
    done: set[tuple[str, Span, str]] = field(default_factory=set)
    special: set[str] = field(default_factory=set)
    prefix: str = "\t"
    target: str | None = None
    rules: int = 0
    systems: list[str] = field(default_factory=list)
    """For each conditional around, outermost first, for which systems its branch is: `any`, `windows`, `others`."""

    def __post_init__(self) -> None:
        self.text = self.source.text
        self.lines = lines_of(self.source)

    # --- lines -----------------------------------------------------------------------------------------------------

    def read(self) -> HostFile:
        at = 0
        while at < len(self.lines):
            at = self._line(at)
        self._snippets()
        return self.found

    def _joined(self, at: int) -> int:
        """The number of the last line that continues the line `at`."""
        while at + 1 < len(self.lines) and is_continued(self._slice(self.lines[at])):
            at += 1
        return at

    def _slice(self, span: Span) -> str:
        return self.text[span.start : span.end]

    def _line(self, at: int) -> int:
        first = self.lines[at]
        last = self._joined(at)
        span = Span(first.start, self.lines[last].end)
        raw = self._slice(span)
        in_recipe = self.target is not None and raw.startswith(self.prefix)
        conditional = None if in_recipe else _CONDITIONAL.match(raw)
        if conditional is not None:
            self._enter_or_leave(conditional[1], conditional[2])
        elif "windows" in self.systems:
            self._stands(span, self.target)
        elif in_recipe and self.target is not None:
            self._recipe(Span(span.start + 1, span.end), self.target)
            self._stands(span, self.target)
        elif define := _DEFINE.match(raw):
            return self._define(define["name"], at)
        else:
            self._make(span)
        return last + 1

    def _enter_or_leave(self, directive: str, condition: str) -> None:
        """A conditional directive: which of the branches around are for Windows only."""
        if directive == "endif":
            if self.systems:
                self.systems.pop()
        elif directive == "else":
            if self.systems:
                self.systems[-1] = {"windows": "any", "others": "windows"}.get(self.systems[-1], "any")
        else:
            asked = _WINDOWS.match(condition) is not None
            self.systems.append(
                {"ifeq": "windows", "ifneq": "others"}.get(directive, "any") if asked else "any"
            )

    def _stands(self, span: Span, target: str | None) -> None:
        self.found.statements.append((span, (target,) if target else ()))

    def _recipe(self, span: Span, target: str) -> None:
        if self._slice(span).strip():
            self.recipes.append(_Recipe(target, span, self.rules))

    def _define(self, name: str, at: int) -> int:
        depth, last = 1, at
        while depth and last + 1 < len(self.lines):
            last += 1
            text = self._slice(self.lines[last])
            depth += bool(_DEFINE.match(text)) - bool(_ENDEF.match(text))
        body: list[Span] = []
        inner = at + 1
        while inner < last:
            end = min(self._joined(inner), last - 1)
            line = Span(self.lines[inner].start, self.lines[end].end)
            body.append(Span(line.start + self.text.startswith(self.prefix, line.start), line.end))
            self._stands(line, name)
            inner = end + 1
        self.defined[name] = body
        self.variables.setdefault(name, _Variable()).values += [("define", Span(0, 0))] * 2
        return last + 1

    def _make(self, span: Span) -> None:
        """A line that make reads itself: an assignment, a rule, a directive, a comment."""
        code = self._without_comment(span)
        text = self._slice(code).replace("\\\n", "  ")
        if not text.strip():
            return
        self._stands(span, None)
        if _INCLUDE.match(text):
            return
        where, operator = _separator(text, 0)
        if operator == ":":
            self._rule(code, text, where)
        elif operator:
            self.target = None
            self._assignment(text[:where], operator, Span(code.start + where + len(operator), code.end))
        self._shell_functions(code)

    def _without_comment(self, span: Span) -> Span:
        at = span.start
        while at < span.end:
            char = self.text[at]
            if char == "\\":
                at += 2
            elif char == "$" and self.text[at + 1 : at + 2] in {"(", "{"}:
                at = closing(self.text, at + 1, span.end)
            elif char == "#":
                self.found.comments.append(Span(at, span.end))
                return Span(span.start, at)
            else:
                at += 1
        return span

    def _assignment(self, left: str, operator: str, value: Span) -> None:
        name = _NAME.match(left)
        if name is None:
            return
        value = self._stripped(value)
        if name["name"] == ".RECIPEPREFIX":
            self.prefix = (self._slice(value) or "\t")[0]
        elif name["name"] in {"SHELL", ".SHELLFLAGS"}:
            self.shells.append((name["name"], value))
        variable = self.variables.setdefault(name["name"], _Variable())
        variable.values.append((operator, value))
        variable.exported = variable.exported or "export" in name["modifiers"]
        if operator == "!=" and value.end > value.start:
            self.commands.append((name["name"], value, "masked"))

    def _stripped(self, span: Span) -> Span:
        text = self._slice(span)
        start = span.start + len(text) - len(text.lstrip())
        return Span(start, max(start, span.start + len(text.rstrip())))

    def _rule(self, code: Span, text: str, colon: int) -> None:
        targets = text[:colon].strip().removesuffix("&").split()
        self.special |= {target for target in targets if target.startswith(".")}
        self.target = targets[0] if targets else ""
        self.rules += 1
        rest = colon + (2 if text.startswith("::", colon) else 1)
        where, operator = _separator(text, rest)
        semicolon = _semicolon(text, rest)
        if operator not in {"", ":"} and (semicolon < 0 or where < semicolon):
            name = _NAME.match(text[rest:where])
            if name:
                for target in targets:
                    self.own[target, name["name"]] = text[where + len(operator) :].strip()
                self.target = None
                return
        end = next((at for at in (where, semicolon) if at >= 0), len(text))
        before = tuple(word for word in text[rest:end].split() if word != "|")
        self.found.recipes += [(code, target, before) for target in targets]
        if semicolon >= 0:
            self._recipe(Span(code.start + semicolon + 1, code.end), self.target)

    # --- shell -----------------------------------------------------------------------------------------------------

    def _shell(self, target: str | None) -> tuple[str, dict[str, bool]]:
        """The shell of a recipe and what it is started with; an empty name if it is none."""
        program, flags = "/bin/sh", ""
        for name, value in self.shells:
            if name == "SHELL":
                program = self._plain(value)
            else:
                flags = self._plain(value)
        program = self.own.get((target or "", "SHELL"), program)
        flags = self.own.get((target or "", ".SHELLFLAGS"), flags)
        name, options = shell_named(shell_words(program))
        if not name and "$(" in program:  # `$(shell which bash)`
            name = next((shell for shell in ("bash", "zsh") if re.search(rf"\b{shell}\b", program)), "")
        said = strictness([*options, *shell_words(flags)])
        if ".POSIX" in self.special and not flags:
            said.setdefault("errexit", True)
        return name, said

    def _plain(self, span: Span) -> str:
        pieces = self._value_of(self._slice(span), 0)
        return "".join(piece if isinstance(piece, str) else piece.text for piece in pieces)

    def _snippets(self) -> None:
        together = ".ONESHELL" in self.special
        row: list[Span] = []
        for at, recipe in enumerate(self.recipes):
            row.append(recipe.span)
            following = self.recipes[at + 1].rule if at + 1 < len(self.recipes) else -1
            if together and following == recipe.rule:
                continue
            self._snippet(recipe.target, row, "exits", recipe.target)
            row = []
            canned = _CALL.fullmatch(self._slice(recipe.span))
            if canned and canned["name"] in self.defined:
                for line in self.defined.pop(canned["name"]):
                    self._snippet(recipe.target, [line], "exits", recipe.target)
        while self.commands:
            title, span, status = self.commands.pop(0)
            self._snippet(title, [span], status, None)

    def _snippet(self, title: str, spans: list[Span], status: str, target: str | None) -> None:
        """The lines as one text for a shell."""
        shell, said = self._shell(target)
        if not shell:
            return
        builder = SnippetBuilder(self.source)
        for number, span in enumerate(spans):
            start = span.start
            if target is not None:
                marks = _MARKS.match(self.text, start, span.end)
                prefix = marks.group() if marks else ""
                start += len(prefix)
                if "-" in prefix and len(spans) == 1:
                    status = "ignored"
            if number:
                builder.add("\n", Span(spans[number - 1].end, spans[number - 1].end + 1))
            self._expand(builder, start, span.end)
            self._shell_functions(Span(start, span.end))
        if not "".join(builder.parts).strip():
            return
        self.found.snippets.append(
            Snippet(
                title,
                builder.build(),
                Span(spans[0].start, spans[-1].end),
                shell,
                said.get("errexit", False),
                said.get("pipefail", False),
                environment=self._environment(),
                status=status,
            )
        )

    def _environment(self) -> dict[str, str]:
        values = {}
        for name, variable in self.variables.items():
            if variable.exported and name.isidentifier():
                pieces = self._value(name, 0)
                if pieces is not None and all(isinstance(piece, str) for piece in pieces):
                    values[name] = "".join(str(piece) for piece in pieces)
        return values

    def _shell_functions(self, span: Span) -> None:
        """The commands of `$(shell …)`."""
        at = span.start
        while (at := self.text.find("$(shell", at, span.end)) >= 0:
            end = closing(self.text, at + 1, span.end)
            inner = self._stripped(Span(at + len("$(shell"), end - 1))
            if self.text[at - 1 : at] != "$" and inner.end > inner.start and self.text[at + 7].isspace():
                command = ("$(shell)", inner, "masked")
                if command not in self.done:
                    self.done.add(command)
                    self.commands.append(command)
            at = end

    # --- make's own expansion --------------------------------------------------------------------------------------

    def _expand(self, builder: SnippetBuilder, at: int, end: int) -> None:
        """Adds a stretch as the shell gets it."""
        text = self.text
        while at < end:
            dollar = text.find("$", at, end)
            newline = text.find("\n", at, end)
            stop = min((where for where in (dollar, newline) if where >= 0), default=end)
            if stop > at:
                builder.add(text[at:stop], Span(at, stop))
            if stop == end:
                return
            if text[stop] == "\n":
                builder.add("\n", Span(stop, stop + 1))
                at = stop + 1 + text.startswith(self.prefix, stop + 1)
                continue
            at = self._reference(builder, stop, end)

    def _reference(self, builder: SnippetBuilder, at: int, end: int) -> int:
        """Adds what a `$` begins and returns where it ends."""
        following = self.text[at + 1 : at + 2]
        if following == "$":
            builder.add("$", Span(at, at + 2))
            return at + 2
        stop = closing(self.text, at + 1, end) if following in {"(", "{"} else min(at + 2, end)
        span = Span(at, stop)
        command = bool(_COMMAND_POSITION.search("".join(builder.parts)[-40:]))
        for piece in self._pieces(self._slice(span), 0, command=command):
            if isinstance(piece, str):
                builder.add(piece, span)
            else:
                builder.add_hole(piece, span)
        return stop

    def _pieces(self, reference: str, depth: int, *, command: bool = False) -> list[Piece]:
        """What a reference such as `$(X)` stands for."""
        name = reference[2:-1] if reference[1:2] in {"(", "{"} else reference[1:]
        if name == "MAKE":
            return ["make"]
        if _PLAIN.fullmatch(name) and not _AUTOMATIC.fullmatch(name):
            value = self._value(name, depth, command=command)
            return [Hole(reference, frozenset({name}), "template")] if value is None else value
        names = {m.strip("$({") for m in re.findall(r"\$[({]?[\w.@<^*?%+-]+", reference)}
        return [Hole(reference, frozenset(names - {"shell"} or {name}), "template")]

    def _value(self, name: str, depth: int, *, command: bool = False) -> list[Piece] | None:
        """A variable's value where it is set once and for all; a default (`?=`) only where it names the program."""
        variable = self.variables.get(name)
        if variable is None or len(variable.values) != 1 or depth > 8:
            return None
        operator, span = variable.values[0]
        if operator in {"+=", "!="} or (operator == "?=" and not command):
            return None
        text = self._slice(span)
        if "\n" in text or len(text) > _LONGEST_VALUE:
            return None
        pieces = self._value_of(text, depth + 1, command=command)
        return pieces if sum(len(p) for p in pieces if isinstance(p, str)) <= _LONGEST_VALUE else None

    def _value_of(self, text: str, depth: int, *, command: bool = False) -> list[Piece]:
        pieces: list[Piece] = []
        at = 0
        while at < len(text):
            dollar = text.find("$", at)
            stop = dollar if dollar >= 0 else len(text)
            if stop > at:
                pieces.append(text[at:stop])
            if stop == len(text):
                break
            following = text[stop + 1 : stop + 2]
            if following == "$":
                pieces.append("$")
                at = stop + 2
            else:
                at = closing(text, stop + 1, len(text)) if following in {"(", "{"} else stop + 2
                pieces += self._pieces(text[stop:at], depth, command=command and not pieces)
        return pieces


def _separator(text: str, at: int) -> tuple[int, str]:
    """The first assignment operator or colon outside of references, and where it stands."""
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 2
        elif char == "$":
            at = closing(text, at + 1, len(text)) if text[at + 1 : at + 2] in {"(", "{"} else at + 2
        elif operator := _OPERATOR.match(text, at):
            return at, operator.group()
        elif char == ":":
            return at, ":"
        else:
            at += 1
    return -1, ""


def _semicolon(text: str, at: int) -> int:
    while at < len(text):
        if text[at] == "$" and text[at + 1 : at + 2] in {"(", "{"}:
            at = closing(text, at + 1, len(text))
        elif text[at] == ";":
            return at
        else:
            at += 1
    return -1


def read_makefile(source: Source) -> HostFile:
    """The recipes of a Makefile."""
    return _Reader(source).read()
