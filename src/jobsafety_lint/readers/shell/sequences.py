"""And-or lists and pipelines from a flat row of commands and operators, as the grammar of the shell has it.

Both readers nest these in ways of their own; the flat row is what they agree on.
"""

from __future__ import annotations

from jobsafety_lint.model import Span
from jobsafety_lint.plain_values import plain_value
from jobsafety_lint.readers.shell import tree as sh


class NotTaken(Exception):
    """A reader's tree fails one of its self-checks. `check` names it, `at` is where."""

    def __init__(self, check: str, at: int) -> None:
        super().__init__(check)
        self.check = check
        self.at = at


@plain_value(frozen=True, slots=True)
class Operator:
    """`&&`, `||`, `|`, `|&` or `!`."""

    text: str
    span: Span


Row = list[sh.Statement | Operator]


def assemble(row: Row) -> sh.Statement:
    """The statement that a row makes.

    Raises:
        NotTaken: commands and operators do not alternate.
    """
    items: list[sh.Statement] = []
    operators: list[str] = []
    start = 0
    for at, part in enumerate(row):
        if isinstance(part, Operator) and part.text in {"&&", "||"}:
            items.append(_pipeline(row[start:at], part.span.start))
            operators.append(part.text)
            start = at + 1
    end = row[-1].span.end if row else 0
    items.append(_pipeline(row[start:], end))
    if len(items) == 1:
        return items[0]
    return sh.AndOr(Span(items[0].span.start, items[-1].span.end), tuple(items), tuple(operators))


def _pipeline(row: Row, at: int) -> sh.Statement:
    negated = False
    start: int | None = None
    stages: list[sh.Statement] = []
    operators: list[str] = []
    wants_command = True
    for part in row:
        if isinstance(part, Operator):
            if part.text == "!" and wants_command and not stages:
                negated = not negated
                start = part.span.start if start is None else start
            elif part.text in {"|", "|&"} and not wants_command:
                operators.append(part.text)
                wants_command = True
            else:
                raise NotTaken("operators", part.span.start)
        elif wants_command:
            stages.append(part)
            wants_command = False
        else:
            raise NotTaken("operators", part.span.start)
    if wants_command:
        raise NotTaken("operators", at)
    if len(stages) == 1 and not negated:
        return stages[0]
    first = stages[0].span.start if start is None else start
    return sh.Pipeline(Span(first, stages[-1].span.end), tuple(stages), tuple(operators), negated)
