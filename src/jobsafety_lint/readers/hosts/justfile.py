"""justfiles: the shell text of recipe lines, shebang and script recipes and backticks; `{{ … }}` are holes.

A justfile is read line by line: a recipe is a header in the first column with an indented body. (No grammar of it is on
PyPI with wheels of its own.)

Source: just's manual: every line of a recipe is run by `sh -cu` (`set shell := […]` changes that) unless the body begins
with a shebang or the recipe has the attribute `[script]`; a line that ends with a backslash goes on in the next one;
`@` and `-` before a line are just's own; `{{{{` is a literal brace pair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts.lines import is_continued, lines_of, shebang, shell_named, strictness
from jobsafety_lint.readers.hosts.snippets import HostFile, Snippet
from jobsafety_lint.source import Hole, SnippetBuilder, Source

_SETTING = re.compile(r"set\s+(?P<name>[\w-]+)(?:\s*:=\s*(?P<value>.*))?$", re.DOTALL)
_ASSIGNMENT = re.compile(r"(?P<export>export\s+)?(?P<name>[A-Za-z_][\w-]*)\s*:=\s*(?P<value>.*)$", re.DOTALL)
_HEADER = re.compile(
    r"@?(?P<name>[A-Za-z_][\w-]*)(?P<parameters>(?:[^:=#'\"`]|'[^']*'|\"[^\"]*\"|`[^`]*`|=(?!=))*?):(?!=)"
)
_ATTRIBUTE = re.compile(r"\[(?P<inside>.*)\]\s*$")
_OTHER = re.compile(r"(?:alias|import\??|mod\??|export|unexport)\s")
_LITERAL = re.compile(r"'(?P<single>[^']*)'|\"(?P<double>[^\"\\]*)\"")
_STRINGS = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_MULTILINE = re.compile(r"'''|\"\"\"|```")
_EXPRESSION = re.compile(r"\{\{\{\{|\{\{(?P<code>.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_ARGUMENTS = re.compile(r"(?<=[\w-])\s[^()]*(?=\))")
"""What a dependency is called with: `(push "main" branch)`."""
_MARKS = re.compile(r"[@-]*[ \t]*")


@dataclass(eq=False)
class _Recipe:
    """A recipe: its name, parameters, attributes, and the lines of its body."""

    name: str
    parameters: frozenset[str]
    attributes: str
    lines: list[Span] = field(default_factory=list)


@dataclass(eq=False)
class _Reader:
    source: Source
    found: HostFile = field(default_factory=HostFile)
    values: dict[str, str | None] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    recipes: list[_Recipe] = field(default_factory=list)
    backticks: list[Span] = field(default_factory=list)
    shell: list[str] = field(default_factory=lambda: ["sh", "-cu"])
    interpreter: list[str] = field(default_factory=lambda: ["sh", "-eu"])

    def __post_init__(self) -> None:
        self.text = self.source.text
        self.lines = lines_of(self.source)

    def _slice(self, span: Span) -> str:
        return self.text[span.start : span.end]

    # --- lines -----------------------------------------------------------------------------------------------------

    def read(self) -> HostFile:
        recipe: _Recipe | None = None
        attributes = ""
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            text = self._slice(line)
            if text[:1] in {" ", "\t"} or not text.strip():
                if recipe is not None:
                    recipe.lines.append(line)
                at += 1
                continue
            recipe = None
            if text.startswith("#"):
                self.found.comments.append(line)
                at += 1
                continue
            end = self._logical(at)
            span = Span(line.start, self.lines[end].end)
            attribute = _ATTRIBUTE.fullmatch(self._slice(span))
            if attribute:
                attributes += " " + attribute["inside"]
            else:
                recipe = self._item(span, attributes)
                attributes = ""
            at = end + 1
        self._snippets()
        return self.found

    def _logical(self, at: int) -> int:
        """The last line of an item: strings of three quotes and brackets may run over several."""
        text = self._slice(self.lines[at])
        mark = _MULTILINE.search(text)
        while mark and text.count(mark.group()) % 2 and at + 1 < len(self.lines):
            at += 1
            text += "\n" + self._slice(self.lines[at])
        while is_continued(text) and at + 1 < len(self.lines):
            at += 1
            text = self._slice(self.lines[at])
        return at

    def _item(self, span: Span, attributes: str) -> _Recipe | None:
        text = self._slice(span)
        self.found.statements.append((span, ()))
        comment = re.search(r"(?:^|\s)#[^'\"`]*$", text)
        if comment:
            start = span.start + comment.start() + text[comment.start() :].index("#")
            self.found.comments.append(Span(start, span.end))
            text = text[: comment.start()]
        if setting := _SETTING.match(text):
            self._setting(setting["name"], setting["value"] or "true")
        elif assignment := _ASSIGNMENT.match(text):
            self._assignment(assignment, span.start + assignment.start("value"))
        elif not _OTHER.match(text) and (header := _HEADER.match(text)):
            parameters = frozenset(_NAME.findall(re.sub(r"=\s*\S+", "", header["parameters"])))
            recipe = _Recipe(header["name"], parameters, attributes)
            self.recipes.append(recipe)
            before = tuple(_NAME.findall(_ARGUMENTS.sub("", text[header.end() :].partition("&&")[0])))
            self.found.recipes.append((span, recipe.name, before))
            return recipe
        return None

    def _setting(self, name: str, value: str) -> None:
        words = [single or double for single, double in _STRINGS.findall(value)]
        if name == "shell" and words:
            self.shell = words
        elif name == "script-interpreter" and words:
            self.interpreter = words

    def _assignment(self, assignment: re.Match[str], start: int) -> None:
        value = assignment["value"].strip()
        literal = _LITERAL.fullmatch(value)
        name = assignment["name"]
        known = None if literal is None else literal["single"] or literal["double"] or ""
        self.values[name] = None if name in self.values else known
        if assignment["export"]:
            self.exported.add(name)
        for match in re.finditer(r"(?<!`)`([^`]+)`(?!`)", assignment["value"]):
            self.backticks.append(Span(start + match.start(1), start + match.end(1)))

    # --- shell -----------------------------------------------------------------------------------------------------

    def _snippets(self) -> None:
        for recipe in self.recipes:
            while recipe.lines and not self._slice(recipe.lines[-1]).strip():
                recipe.lines.pop()
            body = [line for line in recipe.lines if self._slice(line).strip()]
            if not body:
                continue
            self.found.statements.append((Span(body[0].start, body[-1].end), (recipe.name,)))
            if self._slice(body[0]).lstrip().startswith("#!"):
                first = shebang(self._slice(body[0]).lstrip())
                if first is not None and first[0]:
                    self._whole(recipe, *first)
            elif script := re.search(r"(?<![\w-])script(?:\((.*)\)|:\s*(.*))?", recipe.attributes):
                words = [s or d for s, d in _STRINGS.findall(script[1] or script[2] or "")]
                name, options = shell_named(words or self.interpreter)
                if name:
                    self._whole(recipe, name, strictness(options))
            else:
                self._lines(recipe)
        shell, said = self._shell()
        for span in self.backticks if shell else ():
            builder = SnippetBuilder(self.source)
            self._expand(builder, span, frozenset())
            self._add(builder, span, "`…`", shell, said, "masked", {})

    def _shell(self) -> tuple[str, dict[str, bool]]:
        name, options = shell_named(self.shell)
        return name, strictness(options)

    def _indent(self, recipe: _Recipe) -> int:
        first = next(self._slice(line) for line in recipe.lines if self._slice(line).strip())
        return len(first) - len(first.lstrip())

    def _whole(self, recipe: _Recipe, shell: str, said: dict[str, bool]) -> None:
        """A recipe that is one script."""
        indent = self._indent(recipe)
        builder = SnippetBuilder(self.source)
        for at, line in enumerate(recipe.lines):
            if at:
                builder.add("\n", Span(line.start - 1, line.start))
            start = (
                min(line.start + indent, line.end) if not self._slice(line)[:indent].strip() else line.start
            )
            self._expand(builder, Span(start, line.end), recipe.parameters)
        span = Span(recipe.lines[0].start, recipe.lines[-1].end)
        self._add(builder, span, recipe.name, shell, said, "exits", self._environment())

    def _lines(self, recipe: _Recipe) -> None:
        shell, said = self._shell()
        if not shell:
            return
        indent = self._indent(recipe)
        at = 0
        while at < len(recipe.lines):
            first = at
            builder = SnippetBuilder(self.source)
            status = "exits"
            while True:
                line = recipe.lines[at]
                start = min(line.start + indent, line.end)
                if at == first:
                    marks = _MARKS.match(self.text, start, line.end)
                    start = marks.end() if marks else start
                    status = "ignored" if marks and "-" in marks.group() else "exits"
                else:
                    builder.add("\n", Span(line.start - 1, line.start))
                self._expand(builder, Span(start, line.end), recipe.parameters)
                at += 1
                if not is_continued(self._slice(line)) or at >= len(recipe.lines):
                    break
            span = Span(recipe.lines[first].start, recipe.lines[at - 1].end)
            self.found.statements.append((span, (recipe.name,)))
            self._add(builder, span, recipe.name, shell, said, status, self._environment())

    def _environment(self) -> dict[str, str]:
        return {name: value for name in self.exported if (value := self.values.get(name)) is not None}

    def _expand(self, builder: SnippetBuilder, span: Span, parameters: frozenset[str]) -> None:
        at = span.start
        for match in _EXPRESSION.finditer(self.text, span.start, span.end):
            builder.add(self.text[at : match.start()], Span(at, match.start()))
            at = match.end()
            where = Span(match.start(), match.end())
            if match["code"] is None:
                builder.add("{{", where)
                continue
            code = match["code"].strip()
            value = None if code in parameters else self.values.get(code)
            if value is not None:
                builder.add(value, where)
            else:
                names = frozenset(_NAME.findall(re.sub(r"'[^']*'|\"[^\"]*\"", "", code)))
                builder.add_hole(Hole(match.group(), names, "template"), where)
        builder.add(self.text[at : span.end], Span(at, span.end))

    def _add(
        self,
        builder: SnippetBuilder,
        span: Span,
        title: str,
        shell: str,
        said: dict[str, bool],
        status: str,
        environment: dict[str, str],
    ) -> None:
        if not "".join(builder.parts).strip():
            return
        snippet = Snippet(
            title,
            builder.build(),
            span,
            shell,
            said.get("errexit", False),
            said.get("pipefail", False),
            environment=environment,
            status=status,
        )
        self.found.snippets.append(snippet)


def read_justfile(source: Source) -> HostFile:
    """The recipes of a justfile."""
    return _Reader(source).read()
