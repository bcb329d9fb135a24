"""The calls of the Temporal SDK in a Python file, behind imports, aliases, `partial` and `**options`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.literals import Literals
from jobsafety_lint.meaning.data.api_calls import UNKNOWN, ApiCall, Argument, AttributeSet, Record
from jobsafety_lint.meaning.functions import Parameter
from jobsafety_lint.meaning.python import expressions
from jobsafety_lint.meaning.python.definitions import FileNames, Position, Site
from jobsafety_lint.meaning.python.expressions import Expressions, Given
from jobsafety_lint.readers.python.nodes import dotted
from jobsafety_lint.readers.python.outline import Outline

_MENTIONS = Literals(("temporalio", "start_workflow(", "execute_workflow(", "execute_activity("))
_CLASSES = frozenset(
    [
        "RetryPolicy",
        "Worker",
        "ApplicationError",
        "WithStartWorkflowOperation",
        "ScheduleActionStartWorkflow",
        "SchedulePolicy",
    ]
)
_CLIENT_METHODS = frozenset({"start_workflow", "execute_workflow", "signal_with_start_workflow"})
_WORKFLOW = "temporalio.workflow."
_ACTIVITIES = tuple(
    f"{verb}_{kind}activity{form}"
    for verb in ("execute", "start")
    for kind in ("", "local_")
    for form in ("", "_method", "_class")
)
_CHILDREN = ("execute_child_workflow", "start_child_workflow")
_POLICIES = frozenset({"maximum_attempts", "non_retryable_error_types"})


def is_mentioned(outline: Outline) -> bool:
    """Whether a file may hold such a call."""
    return _MENTIONS.any_in(outline.source)


def api_calls(names: FileNames) -> Iterator[ApiCall | Record | AttributeSet]:
    """The calls of a file that rules ask about, and what is needed to read them."""
    reader = _Reader(names, Expressions(names))
    found = [call for site in names.sites if (call := reader.call(site)) is not None]
    if not found:
        return
    yield from found
    yield from reader.records()
    yield from reader.attributes_set()


@dataclass(eq=False)
class _Reader:
    names: FileNames
    expressions: Expressions

    def call(self, site: Site) -> ApiCall | None:
        """What a call is, if rules ask about it."""
        node, at = site.node, site.position
        given = self.expressions.keywords(node, at)
        positional = list(node.args)
        func, where = node.func, at
        origin, origin_at = self.expressions.follow(func, at)
        if isinstance(origin, ast.Call) and self._is_partial(origin, origin_at):
            func, where = origin.args[0], origin_at
            before = self.expressions.keywords(origin, origin_at)
            given = Given({**before.entries, **given.entries}, given.complete and before.complete)
            positional = [*origin.args[1:], *positional]
        name = self._name(func, where, given)
        if not name:
            return None
        complete = given.complete and not any(isinstance(arg, ast.Starred) for arg in positional)
        arguments = [self._argument("", arg, at) for arg in positional if not isinstance(arg, ast.Starred)]
        arguments += [self._argument(key, value, point) for key, (value, point) in given.entries.items()]
        return ApiCall(
            self.names.place(node),
            name,
            dotted(node.func) or self.names.text(node.func),
            tuple(arguments),
            complete,
            self.names.functions_around(at),
            at.loops,
            site.targets,
        )

    def _is_partial(self, call: ast.Call, at: Position) -> bool:
        return bool(call.args) and self.expressions.resolve(call.func, at) in {"functools.partial", "partial"}

    def _name(self, func: ast.expr, at: Position, given: Given) -> str:
        name = self.expressions.resolve(func, at)
        last = func.attr if isinstance(func, ast.Attribute) else name.rpartition(".")[2]
        if name.startswith(_WORKFLOW) and last in {*_ACTIVITIES, *_CHILDREN}:
            return name
        if name.startswith("temporalio.") and last in _CLASSES:
            return name
        if last in _CLIENT_METHODS and isinstance(func, ast.Attribute) and not name.startswith(_WORKFLOW):
            if "task_queue" in given.entries or "id" in given.entries or not given.complete:
                return f"temporalio.client.Client.{last}"
        if "non_retryable" in given.entries:
            return "temporalio.exceptions.ApplicationError"
        return ""

    def _argument(self, name: str, node: ast.expr, at: Position) -> Argument:
        written, _ = self.expressions.follow(node, at)
        literal = self.expressions.literal(node, at)
        choices = tuple(
            found
            for alternative, where in self.expressions.alternatives(node, at)
            if (found := self.expressions.resolve(alternative, where))
        )
        return Argument(
            name,
            self.names.place(node),
            self.names.place(written),
            self.expressions.pattern(node, at),
            self.expressions.names_in(node, at),
            UNKNOWN if literal is expressions.UNKNOWN else literal,
            choices,
        )

    def records(self) -> Iterator[Record]:
        """The classes of the file that have annotated fields."""
        for unit in self.names.units:
            if not isinstance(unit.node, ast.ClassDef):
                continue
            fields = tuple(
                Parameter(
                    statement.target.id,
                    self.names.place(statement.target),
                    ast.unparse(statement.annotation),
                    ast.unparse(statement.value) if statement.value is not None else None,
                )
                for statement in unit.node.body
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
            )
            if fields:
                yield Record(unit.node.name, self.names.place(unit.node), fields)

    def attributes_set(self) -> Iterator[AttributeSet]:
        """`policy.maximum_attempts = 3`."""
        for unit in self.names.units:
            for bindings in unit.bindings.values():
                for binding in bindings:
                    owner, dot, attribute = binding.name.rpartition(".")
                    if dot and attribute in _POLICIES and isinstance(binding.node, ast.expr):
                        yield AttributeSet(self.names.place(binding.node), owner, attribute)
