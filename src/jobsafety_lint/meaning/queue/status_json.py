"""What code expects of the JSON of `pueue status --json`: which shape of a task's status, and of which major version.

v3 has strings (`"Running"`) and `{"Done": "Success"}`, with the times on the task; v4 always has objects
(`{"Running": {…}}`, `{"Done": {"result": "Success", "start": …}}`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.readers.python.nodes import walk
from jobsafety_lint.source import Place

STATES = frozenset(
    {"Queued", "Running", "Paused", "Stashed", "Locked", "Done", "Success", "Failed", "Killed", "Errored"}
)
_ENDS = frozenset({"Done", "Success", "Failed", "Killed", "Errored"})


@dataclass(frozen=True)
class Shape:
    """One expectation. `kind`:

    - `string`: the status is a string (v3; never for a finished task, so `state` tells which one is meant);
    - `done-string`: what is below `Done` is the result itself (v3);
    - `task-time`: start and end stand on the task (v3);
    - `object`: the status is an object with one key (v4);
    - `done-result`: the result stands in `.Done.result` (v4);
    - `unfinished`: a task that has no result counts as one that has failed (wrong in both);
    - `task-id`: one task is picked by its literal id, in `state`.
    """

    kind: str
    text: str
    state: str = ""


@dataclass(frozen=True, eq=False)
class StatusFilter:
    """Code that reads the JSON of `pueue status`: where, by what (`jq`, `python`), and what it expects."""

    place: Place
    by: str
    shapes: tuple[Shape, ...]


# --- jq --------------------------------------------------------------------------------------------------------------

_EITHER = re.compile(r"\btype\b|\bobjects\b|\bstrings\b|\btostring\b|\bscalars\b|\btojson\b")
_STRING = re.compile(
    r"\.status\s*(?:==|!=)\s*\(?\s*\"(\w+)\"|\"(\w+)\"\s*(?:==|!=)\s*[.\w\[\]]*\.status\b(?!\.)"
    r"|\.status\s*\|\s*(?:IN|test|match|startswith|contains|inside|ascii_downcase)\(?\s*\"?\^?\(?(\w+)"
    r"|\.status\s*(?:\||\)\s*\|\s*map\()\s*select\(\s*\.\s*(?:==|!=)\s*\"(\w+)\""
)
_DONE_STRING = re.compile(
    r"\.status\.Done\??\s*(?:==|!=)\s*\"(\w+)\"|\.status\.Done\??\.(Failed|Success)\b|\.status\.Done\??\s*\|\s*has\(\"(\w+)\""
)
_OBJECT = re.compile(
    r"\.status\s*\|\s*(?:has\(|keys|to_entries)|\.status\.(?:Running|Queued|Paused|Stashed|Locked)\b(?!\?)"
)
_RESULT = re.compile(r"\.status\.Done\??\.(?:result|start|end|enqueued_at)\b")
_UNFINISHED = re.compile(
    r"\.status\.Done(?:\??\.result)?\??\s*(?:!=\s*\"Success\"|==\s*\"Success\"\s*\)?\s*\|\s*not\b)"
)
_GUARD = re.compile(r"has\(\"Done\"\)|\.status\.Done\??\s*(?:and\b|\)|!=\s*null|//)|\.status\.Done\?\s*\|")
_SELECT = re.compile(r"select\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
"""What picks some of the tasks, and leaves them what they are."""
_TASK_ID = re.compile(r"\.tasks\s*\.(\d+)\b|\.(?:id|key)\s*==\s*[\"']?(\d+)")
_TIME = re.compile(
    r"(?:\.value|\.tasks\[\]\??)\.(start|end|enqueued_at)\b|(?<=[\s(|{,:])\.(start|end|enqueued_at)\b"
)


def jq_shapes(program: str) -> tuple[Shape, ...]:
    """What a jq program expects of a task's status."""
    text = re.sub(r"\.?\[\s*\"(\w+)\"\s*\]|\.\"(\w+)\"", lambda m: f".{m[1] or m[2]}", program)
    return tuple(_jq_shapes(text))


def _jq_shapes(text: str) -> Iterator[Shape]:
    for match in _TASK_ID.finditer(text):
        shown = f'.tasks["{match[1]}"]' if match[1] else match.group()
        yield Shape("task-id", shown, match[1] or match[2])
    for match in _UNFINISHED.finditer(text):
        if not _GUARD.search(text[: match.start()]):
            yield Shape("unfinished", match.group())
    if _EITHER.search(text):
        return
    for match in _STRING.finditer(text):
        if not _of_groups(text, match.start()):
            state = next((group for group in match.groups() if group), "")
            yield Shape("string", match.group(), state if state in STATES else "")
    for kind, pattern in (("done-string", _DONE_STRING), ("object", _OBJECT), ("done-result", _RESULT)):
        for match in pattern.finditer(text):
            if not _of_groups(text, match.start()):
                yield Shape(kind, match.group())
    other = ".status" in _SELECT.sub("", text).replace(".status ==", "").replace(".status==", "")
    for match in _TIME.finditer(text):
        named = match[1] is not None and not re.search(r"\.(status|Done)\s*\|\s*to_entries", text)
        if ".tasks" in text[: match.end()] and (named or not other):
            yield Shape("task-time", match.group())


def _of_groups(text: str, at: int) -> bool:
    """Whether the nearest thing before is the groups (their status is a string in both versions)."""
    before = text[:at]
    return before.rfind(".groups") > before.rfind(".tasks")


def keeps_tasks(program: str) -> bool:
    """Whether a jq program prints whole tasks, environment included."""
    if "envs" in program:
        return False
    text = program.strip()
    while text[:1] in {"[", "("} and text[-1:] in {"]", ")"}:
        text = text[1:-1].strip()
    last = _stages(text)[-1].strip()
    if re.fullmatch(
        r"\.|\.tasks(\[\]\??)?|\.\[\]\??|\.value|to_entries|(to_entries)?\[\]|\.tasks\.?\[?[^|]*\]", last
    ):
        return True
    return (
        re.match(r"(select|map\(select|sort_by|map_values\(select|first|last|limit)\b|\.\s*$", last)
        is not None
    )


def _stages(program: str) -> list[str]:
    """The program cut at the pipes that stand in no bracket and no string."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, char in enumerate(program):
        if char == '"' and program[at - 1 : at] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (char in "([{") - (char in ")]}")
            if char == "|" and depth == 0:
                parts.append(program[start:at])
                start = at + 1
    return [*parts, program[start:]]


# --- Python ----------------------------------------------------------------------------------------------------------


def python_shapes(body: list[ast.AST]) -> Iterator[tuple[Shape, ast.expr]]:
    """What one function (all of its nodes) expects of the status of tasks, with the places."""
    if any(isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance" for node in body):
        return  # it tells strings and objects apart
    reader = _Reader(body)
    said: set[int] = set()
    for node in body:
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            for found in reader.compared(node):
                said |= {id(inner) for inner in walk(node)}
                yield found
    for node in body:
        if isinstance(node, ast.Subscript | ast.Call) and id(node) not in said:
            yield from reader.taken(node)


class _Reader:
    """Follows tasks and their status through the names of one function."""

    def __init__(self, body: list[ast.AST]) -> None:
        self.tasks: set[str] = set()
        self.tables: set[str] = set()
        self.status: set[str] = set()
        self.done: set[str] = set()
        self.asks_done = any(
            isinstance(node, ast.Compare)
            and isinstance(node.left, ast.Constant)
            and node.left.value == "Done"
            and isinstance(node.ops[0], ast.In | ast.NotIn)
            for node in body
        )
        for _ in range(2):  # names may be used before the walk has come to where they are set
            for node in body:
                self._bind(node)

    def _bind(self, node: ast.AST) -> None:
        match node:
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                if "tasks" in ast.unparse(value) and "groups" not in ast.unparse(value):
                    self.tasks |= {n.id for n in walk(target) if isinstance(n, ast.Name)}
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.NamedExpr(target=ast.Name(id=name), value=value)
            ):
                if _item(value)[1] == "tasks":
                    self.tables.add(name)
                elif self.is_status(value):
                    self.status.add(name)
                elif self.is_done(value):
                    self.done.add(name)
                elif self._is_task(value):
                    self.tasks.add(name)
            case ast.arg(arg=name):
                if name in {"task", "t"} or name.endswith("_task"):
                    self.tasks.add(name)

    def _is_task(self, node: ast.expr) -> bool:
        """Whether an expression is a task: a name that holds one, or an entry of `…["tasks"]`."""
        if isinstance(node, ast.Name):
            return node.id in self.tasks
        base, key = _item(node)
        return base is not None and key != "tasks" and self._is_table(base)

    def _is_table(self, node: ast.expr) -> bool:
        """Whether an expression holds all tasks by their ids: `…["tasks"]`, a variable of that, a function called for it."""
        if isinstance(node, ast.Name):
            return node.id in self.tables
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return re.fullmatch(r"(?:\w*_)?tasks", node.func.id) is not None
        return _item(node)[1] == "tasks"

    def is_status(self, node: ast.expr) -> bool:
        """Whether an expression is the status of a task."""
        if isinstance(node, ast.Name):
            return node.id in self.status
        base, key = _item(node)
        return base is not None and key == "status" and self._is_task(base)

    def is_done(self, node: ast.expr) -> bool:
        """Whether an expression is what stands below `Done`."""
        if isinstance(node, ast.Name):
            return node.id in self.done
        base, key = _item(node)
        return base is not None and key == "Done" and self.is_status(base)

    def compared(self, node: ast.Compare) -> Iterator[tuple[Shape, ast.expr]]:
        """`status == "Running"`, `status in ("Queued", "Running")`, `done["result"] != "Success"`."""
        left, right = node.left, node.comparators[0]
        if self.is_status(right) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            left, right = right, left
        texts = [n.value for n in walk(right) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        shown = ast.unparse(node)
        if not set(texts) & STATES:
            return
        if self.is_status(left) and isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
            yield Shape("string", shown, texts[0]), node
        elif self.is_done(left) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            yield Shape("done-string", shown), node
        base, key = _item(left)
        if key == "result" and base is not None and self.is_done(base):
            unfinished = isinstance(node.ops[0], ast.NotEq) and texts == ["Success"] and not self.asks_done
            if unfinished and isinstance(left, ast.Call):
                yield Shape("unfinished", shown), node

    def taken(self, node: ast.Subscript | ast.Call) -> Iterator[tuple[Shape, ast.expr]]:
        """`task["start"]`, `status["Running"]`, `done["result"]`."""
        base, key = _item(node)
        if base is None or key is None:
            return
        if key.isdigit() and self._is_table(base):
            yield Shape("task-id", ast.unparse(node), key), node
        elif key in {"start", "end", "enqueued_at"} and self._is_task(base):
            yield Shape("task-time", ast.unparse(node)), node
        elif key in {"result", "start", "end"} and self.is_done(base):
            yield Shape("done-result", ast.unparse(node)), node
        elif key in {"Running", "Queued", "Paused"} and self.is_status(base):
            yield Shape("object", ast.unparse(node)), node


def _item(node: ast.expr) -> tuple[ast.expr | None, str | None]:
    """What is looked up where: `x["k"]`, `x.get("k")`; the key is "" where it is no literal."""
    match node:
        case ast.Subscript(value=base, slice=ast.Constant(value=str() as key)):
            return base, key
        case ast.Subscript(value=base):
            return base, ""
        case ast.Call(
            func=ast.Attribute(value=base, attr="get"), args=[ast.Constant(value=str() as key), *_]
        ):
            return base, key
        case ast.Call(func=ast.Attribute(value=base, attr="get")):
            return base, ""
    return None, None
