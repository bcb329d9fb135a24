"""Comparisons of numbers in shell tests: `[ "$n" -ne 300 ]`, `[[ $n != 300 ]]`, `(( n < 300 ))`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.source import Hole, Place

OPERATORS = {
    "-eq": "==", "-ne": "!=", "-lt": "<", "-le": "<=", "-gt": ">", "-ge": ">=",
    "=": "==", "==": "==", "!=": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">=",
}  # fmt: skip
_ARITHMETIC = re.compile(r"^(?P<left>.+?)\s*(?P<operator>==|!=|<=|>=|<|>)\s*(?P<right>.+)$", re.DOTALL)
_SUBSTITUTION = re.compile(r"\$\([^()]*\)")
_PRODUCT = re.compile(r"^\$?\(?\(?\s*(\d+(?:\s*[*+]\s*\d+)*)\s*\)?\)?$")


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two values are compared as numbers or texts. `operator` is one of `==`, `!=`, `<`, `<=`, `>`, `>=`."""

    place: Place
    left: PathPattern
    operator: str
    right: PathPattern
    left_names: frozenset[str] = frozenset()
    right_names: frozenset[str] = frozenset()

    @property
    def sides(self) -> Iterator[tuple[PathPattern, frozenset[str], int | None]]:
        """Both sides, each with its names and the fixed number that the other one is."""
        yield self.left, self.left_names, fixed_number(self.right)
        yield self.right, self.right_names, fixed_number(self.left)


def fixed_number(pattern: PathPattern) -> int | None:
    """The number that a text is written as: `300`, `$((3 * 100))`."""
    text = pattern.text
    if text is None and len(pattern.parts) == 1:
        text = pattern.holes[0].text
    match = _PRODUCT.match((text or "").strip())
    if match is None:
        return None
    total = 0
    for term in match[1].split("+"):
        product = 1
        for factor in term.split("*"):
            product *= int(factor)
        total += product
    return total


def of_command(command: Command) -> Comparison | None:
    """The comparison that `[ … ]` or `test …` makes, where it is nothing else."""
    if command.name not in {"[", "test"}:
        return None
    args = [arg for arg in command.args if arg.text != "]"]
    if args and args[0].text == "!":
        args = args[1:]
    if len(args) != 3 or (args[1].text or "") not in OPERATORS:
        return None
    left, operator, right = args
    return Comparison(
        command.place, left.pattern, OPERATORS[operator.text or ""], right.pattern,
        left.written.names | left.pattern.names, right.written.names | right.pattern.names,
    )  # fmt: skip


def of_arithmetic(text: str, place: Place) -> Comparison | None:
    """The comparison inside of `((…))`, its variables as they are written."""
    masked = _SUBSTITUTION.sub(lambda found: "\0" * len(found.group()), text)
    match = _ARITHMETIC.match(masked.strip())
    if match is None:
        return None
    shift = len(masked) - len(masked.lstrip())
    left, right = (_operand(text[match.start(n) + shift : match.end(n) + shift]) for n in ("left", "right"))
    return Comparison(
        place, left, match["operator"], right, _variables(match["left"]), _variables(match["right"])
    )


def _operand(text: str) -> PathPattern:
    """One side of an arithmetic comparison: a hole where a substitution stands in it."""
    return PathPattern((Hole(text),)) if "$(" in text else PathPattern.of(text)


def _variables(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[A-Za-z_]\w*", text))


def comparisons(facts: Sequence[object]) -> list[Comparison]:
    """The comparisons of all test commands."""
    found = [of_command(fact) for fact in facts if isinstance(fact, Command)]
    return [comparison for comparison in found if comparison is not None]
