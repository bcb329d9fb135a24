"""mise TOML: the shell text of tasks, with exact positions through TOML's escapes and Tera's templates.

Source: mise's documentation of tasks (`docs/tasks/*.md`): `run` is a string, or an array of strings and tables;
`tasks.a = "cmd"` is short for it; files in a task folder hold the tables without the `tasks.` prefix.
"""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobsafety_lint.mise_config import TASK_FOLDERS, TaskScope, task_name
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
_TASK_TABLES = ("tasks", "task_templates")
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
    """What a file says of a task besides its shell text. `parallel` are the tasks that it starts together.

    `depends` run before it, `after` (`depends_post`) when it has ended, `wait_for` it lets end if they run. `extends`
    names the table of `[task_templates]` that it takes what it does not say itself from; such a table is a task with
    `is_template`.
    """

    name: str
    span: Span
    is_template: bool = False
    depends: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    wait_for: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    """Those that have ended well before this task's own commands run: `depends`, tasks in the tables of `run`."""
    parallel: tuple[str, ...] = ()
    directory: str | None = None
    shell: str | None = None
    file: str | None = None
    extends: str | None = None

    @property
    def title(self) -> str:
        """The name of its table."""
        return f"{'task_templates' if self.is_template else 'tasks'}.{self.name}"

    @property
    def starts(self) -> tuple[str, ...]:
        """The tasks that run because it does, or that it waits for."""
        return (*self.depends, *self.wait_for, *self.after)


@dataclass(eq=False)
class MiseFile(HostFile):
    """What a mise TOML file holds."""

    variables: list[Variable] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)
    templates: dict[str, Task] = field(default_factory=dict)

    def siblings(self, task: str) -> bool:
        """Whether some task starts this one together with others."""
        names = set(self.tasks)
        for starter in self.tasks.values():
            for wanted in (starter.starts, starter.parallel):
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


def read_mise(source: Source, *, task_file: bool, scope: TaskScope | None = None) -> MiseFile:
    """The tasks of a mise file; `task_file` for included files, whose tables have no prefix. `scope` is what the config
    file says that includes it.
    """
    reader = _Reader(source, task_file)
    if scope is not None:
        given = {"dir": scope.directory, "shell": scope.shell}
        reader.defaults = {key: value for key, value in given.items() if value is not None}
    root = _parser().parse(one_byte_each(source.text)).root_node
    reader.document(root)
    return reader.found


_DEFAULT_MODE = ShellMode("sh", errexit=True)
"""`sh -c -o errexit` (mise's `unix_default_inline_shell_args`)."""


@dataclass(eq=False)
class _Text:
    """A shell text of a task, on the way to a snippet: the task's other keys may come after it."""

    task: Task
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
        for task in self.found.tasks.values():
            base = self.found.templates.get(task.extends or "", task)
            task.directory = task.directory or base.directory or self.defaults.get("dir")
            task.shell = task.shell or base.shell
        self.found.snippets = [self._finished(text) for text in self.texts]

    def _finished(self, text: _Text) -> Snippet:
        task = text.task
        written = task.shell or self.defaults.get("shell")
        mode = (mode_of(written.split()) if written else None) or _DEFAULT_MODE
        shebang = text.source.text.partition("\n")[0] if text.source.text.startswith("#!") else ""
        if shebang:
            mode = mode_of(shebang.removeprefix("#!").split()) or ShellMode("")
        elif written and mode_of(written.split()) is None:
            mode = ShellMode("")  # `node -e`, `python -c`: no shell
        directory = task.directory or self.defaults.get("dir") or "{{config_root}}"
        return Snippet(
            task.title,
            text.source,
            text.span,
            mode.shell,
            mode.errexit,
            mode.pipefail,
            directory=None if _CALLERS.fullmatch(directory) else directory,
            environment={
                v.name: v.text
                for v in self.found.variables
                if v.task in {"", task.name} and v.form in {"literal", "template"}
            },
            concurrent="mise runs it beside its sibling tasks" if self.found.siblings(task.name) else "",
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
        elif path[0] in _TASK_TABLES and len(path) > 3 and path[2] == "env":
            self._variable(path[3:], value, span, path[1])
        elif value.type == "inline_table":
            for child in value.children:
                if child.type == "pair":
                    self._pair(child, path[1:] if self.task_file else path)
        elif path[0] == "task_config" and len(path) == 2:
            self.defaults[path[1]] = self._value(value)
        elif path[:2] == ("settings", "unix_default_inline_shell_args"):
            self.defaults.setdefault("shell", " ".join(self._value(n) for n in _strings(value)))
        elif path[0] in _TASK_TABLES and len(path) > 1:
            self._task(self._known(path[0], path[1], span), path[2:], value, span)

    def _known(self, table: str, name: str, span: Span) -> Task:
        """The task or template of that name; a new one where it is named for the first time."""
        if table == "tasks":
            return self.found.tasks.setdefault(name, Task(name, span))
        return self.found.templates.setdefault(name, Task(name, span, is_template=True))

    def _task(self, task: Task, keys: tuple[str, ...], value: Node, span: Span) -> None:
        match keys:
            case () | ("run",):
                for node in _strings(value):
                    self.texts.append(_Text(task, self._snippet(node), span))
                for table in _tables(value):
                    for child in table.children:
                        if child.type == "pair":
                            where = (task.name,) if self.task_file else tuple(task.title.split(".", 1))
                            self._pair(child, (*where, "run"))
            case ("depends",):
                task.depends = (*task.depends, *self._names(value))
                task.before = (*task.before, *task.depends)
            case ("depends_post",):
                task.after = (*task.after, *self._names(value))
            case ("wait_for",):
                task.wait_for = (*task.wait_for, *self._names(value))
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
            case ("extends",):
                task.extends = self._value(value)

    def _names(self, value: Node) -> tuple[str, ...]:
        """The tasks that a list names: `"build"`, `"TARGET=x build --fast"`, `["build", "--fast"]`, `{ task = "build" }`."""
        found = []
        for entry in value.children if value.type == "array" else [value]:
            node = (
                next(_strings(entry), entry) if entry.type == "array" else entry
            )  # a name and its arguments
            if node.type == "string":
                words = [word for word in self._value(node).split() if "=" not in word]
                found += words[:1]
            for child in node.children if node.type == "inline_table" else ():
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

_TASK_FOLDER = re.compile(
    rf"(?P<folder>(?:^|.*/)(?:{'|'.join(map(re.escape, TASK_FOLDERS))}))/(?P<name>[^.][^:]*)$"
)
_HEADER = re.compile(r"^(?:#|//|::)[ \t]*(?:MISE|\[MISE\])[ \t]+(?P<toml>.*)$", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class FileTask:
    """A script that is a task of mise by its place or by `#MISE` lines: its name, directory, variables, and the tasks
    that run before and after it or that it waits for.
    """

    name: str
    directory: str | None
    environment: dict[str, str]
    depends: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    wait_for: tuple[str, ...] = ()


def file_task(source: Source, path: Path | None = None, scope: TaskScope | None = None) -> FileTask | None:
    """The task that a script is; None if it is none.

    `path` is where the script lies and `scope` what the config file around it says, if they are known.
    """
    headers = [match["toml"] for match in _HEADER.finditer(source.text)]
    name = _name_by_place(source.file.path, path, scope)
    if name is None and not headers:
        return None
    said = _said(headers)
    directory, env = said.get("dir") or (scope.directory if scope else None), said.get("env")
    variables = {k: v for k, v in env.items() if isinstance(v, str)} if isinstance(env, dict) else {}
    where = directory if isinstance(directory, str) else "{{config_root}}"
    return FileTask(
        name or re.sub(r"\.\w+$", "", source.file.path.rpartition("/")[2]),
        None if _CALLERS.fullmatch(where) else where,
        variables,
        *(tuple(_named(said.get(key))) for key in ("depends", "depends_post", "wait_for")),
    )


def _name_by_place(shown: str, path: Path | None, scope: TaskScope | None) -> str | None:
    place = scope.place_of(path) if scope is not None and path is not None else None
    if place is not None and path is not None and path != place and not path.name.startswith("."):
        return task_name(path, place)
    match = _TASK_FOLDER.match(shown) if scope is None else None
    return task_name(Path(shown), Path(match["folder"])) if match else None


def _said(headers: list[str]) -> dict[str, Any]:
    """The TOML of the header lines, which may go on over several of them; what is none is passed over."""
    with contextlib.suppress(tomllib.TOMLDecodeError):
        return tomllib.loads("\n".join(headers))
    said: dict[str, Any] = {}
    pending = ""
    for header in headers:
        pending = f"{pending}\n{header}" if pending else header
        with contextlib.suppress(tomllib.TOMLDecodeError):
            _merge(said, tomllib.loads(pending))
            pending = ""
    return said


def _merge(said: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(said.get(key), dict):
            _merge(said[key], value)
        else:
            said[key] = value


def _named(written: object) -> Iterator[str]:
    for entry in written if isinstance(written, list) else [written]:
        if isinstance(entry, str):
            words = [word for word in entry.split() if "=" not in word]
            yield from words[:1]
        elif isinstance(entry, list):
            yield from _named(entry[:1])
        elif isinstance(entry, dict):
            yield from _named(entry.get("task"))
