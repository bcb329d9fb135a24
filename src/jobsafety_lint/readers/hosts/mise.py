"""mise TOML: the shell text of tasks, with exact positions through TOML's escapes and Tera's templates.

Source: mise's documentation of tasks (`docs/tasks/*.md`): `run` is a string, or an array of strings and tables;
`tasks.a = "cmd"` is short for it; files in a task folder hold the tables without the `tasks.` prefix.
"""

from __future__ import annotations

import fnmatch
import functools
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts.ci_shells import ShellMode, mode_of
from jobsafety_lint.readers.hosts.snippets import HostFile, Snippet
from jobsafety_lint.readers.shell.treesitter_reader import one_byte_each
from jobsafety_lint.source import Hole, SnippetBuilder, Source

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\s*\n\s*|.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "e": "\x1b", '"': '"', "\\": "\\"}
_CALLERS = re.compile(r"\{\{\s*cwd\s*\}\}")
_TERA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True, eq=False)
class Variable:
    """A variable of `[env]`, or of a task's `env`. `form` says what its value is: `literal`, `template`, `default` (used
    where nothing else sets it), `required`, `encrypted`, `unset`, `other`. `task` is the task's name, or empty.
    """

    name: str
    span: Span
    value_span: Span
    form: str
    text: str = ""
    task: str = ""


@dataclass(eq=False)
class Task:
    """What a file says of a task besides its shell text. `parallel` are the tasks that it starts together."""

    name: str
    span: Span
    depends: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    """Those that have ended well before this task's own commands run: `depends`, tasks in the tables of `run`."""
    parallel: tuple[str, ...] = ()
    directory: str | None = None
    shell: str | None = None
    file: str | None = None


@dataclass(eq=False)
class MiseFile(HostFile):
    """What a mise TOML file holds."""

    variables: list[Variable] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)

    def siblings(self, task: str) -> bool:
        """Whether some task starts this one together with others."""
        names = set(self.tasks)
        for starter in self.tasks.values():
            for wanted in (starter.depends, starter.parallel):
                if any(fnmatch.fnmatch(task, pattern) for pattern in wanted):
                    matched = {name for name in names for p in wanted if fnmatch.fnmatch(name, p)}
                    if len(matched | set(wanted)) > 1:
                        return True
        return False


@functools.cache
def _parser() -> Parser:
    import tree_sitter_toml  # only when a TOML file is read
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_toml.language()))


def read_mise(source: Source, *, task_file: bool) -> MiseFile:
    """The tasks of a mise file; `task_file` for the files in a task folder, whose tables have no prefix."""
    reader = _Reader(source, task_file)
    root = _parser().parse(one_byte_each(source.text)).root_node
    reader.document(root)
    return reader.found


_DEFAULT_MODE = ShellMode("sh", errexit=True)
"""`sh -c -o errexit` (mise's `unix_default_inline_shell_args`)."""


@dataclass(eq=False)
class _Text:
    """A shell text of a task, on the way to a snippet: the task's other keys may come after it."""

    task: str
    source: Source
    span: Span


class _Reader:
    def __init__(self, source: Source, task_file: bool) -> None:
        self.source = source
        self.task_file = task_file
        self.found = MiseFile()
        self.texts: list[_Text] = []
        self.defaults: dict[str, str] = {}

    def text(self, node: Node) -> str:
        return self.source.text[node.start_byte : node.end_byte]

    def document(self, root: Node) -> None:
        for node in root.children:
            self._comments(node)
            if node.type == "ERROR":
                self.found.broken.append((Span(node.start_byte, node.end_byte), "not TOML"))
            elif node.type == "pair":
                self._pair(node, ())
            elif node.type in {"table", "table_array_element"}:
                key = next(
                    (c for c in node.children if c.type in {"bare_key", "dotted_key", "quoted_key"}), None
                )
                path = tuple(self._key(key)) if key is not None else ()
                for child in node.children:
                    if child.type == "pair":
                        self._pair(child, path)
        self.found.snippets = [self._finished(text) for text in self.texts]

    def _finished(self, text: _Text) -> Snippet:
        task = self.found.tasks[text.task]
        written = task.shell or self.defaults.get("shell")
        mode = (mode_of(written.split()) if written else None) or _DEFAULT_MODE
        shebang = text.source.text.partition("\n")[0] if text.source.text.startswith("#!") else ""
        if shebang:
            mode = mode_of(shebang.removeprefix("#!").split()) or ShellMode("")
        elif written and mode_of(written.split()) is None:
            mode = ShellMode("")  # `node -e`, `python -c`: no shell
        directory = task.directory or self.defaults.get("dir") or "{{config_root}}"
        return Snippet(
            f"tasks.{text.task}",
            text.source,
            text.span,
            mode.shell,
            mode.errexit,
            mode.pipefail,
            directory=None if _CALLERS.fullmatch(directory) else directory,
            environment={
                v.name: v.text
                for v in self.found.variables
                if v.task in {"", text.task} and v.form in {"literal", "template"}
            },
            concurrent="mise runs it beside its sibling tasks" if self.found.siblings(text.task) else "",
        )

    def _comments(self, node: Node) -> None:
        stack = [node]
        while stack:
            inner = stack.pop()
            if inner.type == "comment":
                self.found.comments.append(Span(inner.start_byte, inner.end_byte))
            stack.extend(inner.children)

    def _key(self, node: Node) -> Iterator[str]:
        if node.type == "dotted_key":
            for child in node.children:
                if child.is_named:
                    yield from self._key(child)
        else:
            yield self.text(node).strip("\"'")

    def _pair(self, node: Node, table: tuple[str, ...]) -> None:
        named = [child for child in node.children if child.is_named and child.type != "comment"]
        if len(named) < 2:
            return
        path = (*table, *self._key(named[0]))
        value = named[1]
        span = Span(node.start_byte, node.end_byte)
        self.found.statements.append((span, (".".join(table),) if table else ()))
        if self.task_file:
            path = ("tasks", *path)
        if path[0] == "env" and len(path) > 1:
            self._variable(path[1:], value, span, "")
        elif path[0] == "tasks" and len(path) > 3 and path[2] == "env":
            self._variable(path[3:], value, span, path[1])
        elif value.type == "inline_table":
            for child in value.children:
                if child.type == "pair":
                    self._pair(child, path[1:] if self.task_file else path)
        elif path[0] == "task_config" and len(path) == 2:
            self.defaults[path[1]] = self._value(value)
        elif path[:2] == ("settings", "unix_default_inline_shell_args"):
            self.defaults["shell"] = " ".join(self._value(n) for n in _strings(value))
        elif path[0] == "tasks" and len(path) > 1:
            self._task(path[1], path[2:], value, span)

    def _task(self, name: str, keys: tuple[str, ...], value: Node, span: Span) -> None:
        task = self.found.tasks.setdefault(name, Task(name, span))
        match keys:
            case () | ("run",):
                for node in _strings(value):
                    self.texts.append(_Text(name, self._snippet(node), span))
                for table in _tables(value):
                    for child in table.children:
                        if child.type == "pair":
                            self._pair(child, (*(() if self.task_file else ("tasks",)), name, "run"))
            case ("depends" | "wait_for" | "depends_post",):
                task.depends = (*task.depends, *self._names(value))
                if keys == ("depends",):
                    task.before = (*task.before, *self._names(value))
            case ("run", "tasks"):
                task.parallel = self._names(value)
                task.before = (*task.before, *task.parallel)
            case ("run", "task"):
                task.before = (*task.before, *self._names(value))
            case ("dir",):
                task.directory = self._value(value)
            case ("shell",):
                task.shell = self._value(value)
            case ("file",):
                task.file = self._value(value)

    def _names(self, value: Node) -> tuple[str, ...]:
        """The tasks that a list names: `"build"`, `"TARGET=x build --fast"`, `{ task = "build" }`."""
        found = []
        for node in _strings(value):
            words = [word for word in self._value(node).split() if "=" not in word]
            found += words[:1]
        for table in _tables(value):
            for child in table.children:
                if child.type == "pair" and [*self._key(child.children[0])] == ["task"]:
                    found += [self._value(child.children[-1]).partition(" ")[0]]
        return tuple(found)

    def _variable(self, path: tuple[str, ...], value: Node, span: Span, task: str) -> None:
        name, option = path[0], path[1] if len(path) > 1 else ""
        if name in {"_", "mise"}:
            return
        if value.type == "inline_table":
            for child in value.children:
                named = [c for c in child.children if c.is_named] if child.type == "pair" else []
                if len(named) == 2:
                    self._variable((name, *self._key(named[0])), named[1], span, task)
            return
        value_span = Span(value.start_byte, value.end_byte)
        text = self._value(value) if value.type == "string" else self.text(value)
        form = {"": "literal", "value": "literal", "default": "default", "required": "required"}.get(option)
        if form is None:
            if option not in {"redact", "tools"}:
                self.found.variables.append(Variable(name, span, value_span, "encrypted", "", task))
            return
        if form == "literal" and value.type == "boolean" and text == "false":
            form = "unset"
        elif form == "literal" and _TERA.search(text):
            form = "template"
        self.found.variables.append(Variable(name, span, value_span, form, text, task))

    def _value(self, node: Node) -> str:
        """A string's value, templates as they are written."""
        return self._snippet(node, templates=False).text if node.type == "string" else self.text(node)

    def _snippet(self, node: Node, *, templates: bool = True) -> Source:
        """The string's value as shell text: escapes decoded, templates as holes."""
        raw = self.text(node)
        quote = raw[:3] if raw[:3] in {'"""', "'''"} else raw[:1]
        start = node.start_byte + len(quote)
        end = node.end_byte - len(quote)
        if len(quote) == 3 and self.source.text.startswith("\n", start):
            start += 1
        builder = SnippetBuilder(self.source)
        at = start
        while at < end:
            stop = end
            tera = _TERA.match(self.source.text, at, end) if templates else None
            if tera:
                builder.add_hole(Hole(tera.group(), kind="template"), Span(at, tera.end()))
                at = tera.end()
                continue
            escape = _ESCAPE.match(self.source.text, at, end) if quote[0] == '"' else None
            if escape:
                builder.add(_decoded(escape[1]), Span(at, escape.end()))
                at = escape.end()
                continue
            for mark in ("{", "\\"):
                found = self.source.text.find(mark, at + 1, end)
                if 0 <= found < stop:
                    stop = found
            builder.add(self.source.text[at:stop], Span(at, stop))
            at = stop
        return builder.build()


def _decoded(escape: str) -> str:
    if escape[0] in "uU" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    if not escape.strip():
        return ""
    return _LETTERS.get(escape, escape)


def _strings(value: Node) -> Iterator[Node]:
    if value.type == "string":
        yield value
    elif value.type == "array":
        for child in value.children:
            yield from _strings(child)


def _tables(value: Node) -> Iterator[Node]:
    if value.type == "inline_table":
        yield value
    elif value.type == "array":
        for child in value.children:
            yield from _tables(child)


# --- file tasks ------------------------------------------------------------------------------------------------------

_TASK_FOLDER = re.compile(r"(?:^|/)(?:\.?mise-tasks|\.?mise/tasks|\.config/mise/tasks)/(?P<name>[^.][^:]*)$")
_HEADER = re.compile(r"^(?:#|//|::)(?:MISE| ?\[MISE\]) (?P<toml>.*)$", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class FileTask:
    """A script that is a task of mise by its place or by `#MISE` lines: its name, directory and variables."""

    name: str
    directory: str | None
    environment: dict[str, str]


def file_task(source: Source) -> FileTask | None:
    """The task that a script is; None if it is none. `# MISE` with a blank is no header (mise passes it over)."""
    folder = _TASK_FOLDER.search(source.file.path)
    headers = [match["toml"] for match in _HEADER.finditer(source.text)]
    if folder is None and not headers:
        return None
    said: dict[str, object] = {}
    for header in headers:
        try:
            said |= tomllib.loads(header)
        except tomllib.TOMLDecodeError:
            continue  # an array over several lines: nothing that is asked for here
    path = folder["name"] if folder else source.file.path.rpartition("/")[2]
    directory, env = said.get("dir"), said.get("env")
    variables = {k: v for k, v in env.items() if isinstance(v, str)} if isinstance(env, dict) else {}
    where = directory if isinstance(directory, str) else "{{config_root}}"
    return FileTask(
        re.sub(r"\.\w+$", "", path).replace("/", ":"), None if _CALLERS.fullmatch(where) else where, variables
    )
