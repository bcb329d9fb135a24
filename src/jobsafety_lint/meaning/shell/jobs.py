"""Background jobs of a shell: what is started with `&`, and the `wait` for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.shell import shapes
from jobsafety_lint.meaning.shell.frames import Frames
from jobsafety_lint.meaning.shell.pipes import Background, BareWait
from jobsafety_lint.meaning.shell.state import State
from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import Place, Source

_SETTING_UP = frozenset({"eval", "exec", "cd", "set", "trap", "export", "unset", "local", "shift", "umask"})
"""What a background job begins with that is not its work."""
_QUIET = frozenset(
    ["echo", "printf", "exit", "return", "true", ":", "log", "info", "trap", "date", "unset", "=", "fi"]
)
"""What does no more than print, set or leave."""


@dataclass(slots=True)
class Jobs:
    """The background jobs of one shell that nothing has waited for yet."""

    _started: list[Background] = field(default_factory=list)

    @contextmanager
    def of_subshell(self) -> Iterator[None]:
        """What is read inside runs in a shell of its own, with jobs of its own."""
        outer, self._started = self._started, []
        try:
            yield
        finally:
            self._started = outer

    def start(
        self, item: sh.Item, source: Source, state: State, ran: Sequence[Command], frames: Frames
    ) -> Background:
        """A command that is started with `&`, and what limits how many of them run. `ran` are the commands in it."""
        what = next((c.name for c in ran if c.name and c.name not in _SETTING_UP), "")
        around = frames.loop if state.execution.loops else None
        loop = state.execution.loops[-1] if around else None
        over, text = _range_of(around[0], source, state) if around else ("", "")
        limited = around is not None and (
            shapes.limits(around[1], state.functions) or shapes.paces(around[1])
        )
        ampersand = source.text.find("&", item.statement.span.end)
        end = ampersand + 1 if 0 <= ampersand <= item.statement.span.end + 4 else item.statement.span.end
        place = Place(source, Span(item.statement.span.start, end))
        records = _records_failure(item.statement)
        job = Background(place, state.execution, what, loop, over, text, limited, records)
        self._started.append(job)
        return job

    def waited_for(self, wait: Command, frames: Frames) -> BareWait | None:
        """A `wait` that waits for all background jobs at once, or for several; None if it is no such one."""
        started = tuple(self._started)
        self._started.clear()
        operands = [w for w in wait.words if w is None or not w.startswith("-")]
        several = len(operands) > 1 or any(shapes.is_all_of_array(arg.place.text) for arg in wait.args)
        if not started or not (several or not operands) or "-n" in wait.words:
            return None
        last = all(
            shapes.program_of(item.statement) in _QUIET for items in frames.until_left() for item in items
        )
        behind, frame = next(frames.following(), ((), None))
        kept = bool(behind) and frame is not None and shapes.asks_status_before(behind[0], frame.source.text)
        return BareWait(wait.place, wait.execution, started, last, wait.status, kept, several)


def _range_of(statement: sh.Statement, source: Source, state: State) -> tuple[str, str]:
    """What a loop goes over (see `pipes.Background.over`), and that as written."""
    if isinstance(statement, sh.While):
        text = source.shown(statement.condition.span)
        return ("input" if shapes.variables_read(statement.condition) else "condition"), text
    if isinstance(statement, sh.ArithmeticFor):
        return "range", statement.text
    if not isinstance(statement, sh.For):
        return "", ""
    if statement.words is None:
        return "arguments", '"$@"'
    text = " ".join(source.shown(word.span) for word in statement.words)
    kinds = {shapes.range_of_word(word, source, state) for word in statement.words}
    for kind in ("glob", "command", "arguments", "array", "variable", "range"):
        if kind in kinds:
            return kind, text
    return "literals", text


def _records_failure(statement: sh.Statement) -> bool:
    """Whether a background command keeps its own failure: `… || touch failed`, `… || echo x >> errors`."""
    for node in statement.walk():
        if (
            isinstance(node, sh.AndOr)
            and "||" in node.operators
            and shapes.program_of(node.items[-1]) not in {"true", ":"}
        ):
            return True
        if isinstance(node, sh.If):
            return True
        if isinstance(node, sh.Expansion) and node.name == "?":
            return True
    return False
