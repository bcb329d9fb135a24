"""What a stage of a pipeline does in vain: it runs in a subshell, so that its variables, and its `exit`, end with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from jobsafety_lint.meaning.shell import lost_variables, shapes
from jobsafety_lint.meaning.shell.frames import Frames
from jobsafety_lint.meaning.shell.once import Once
from jobsafety_lint.meaning.shell.pipes import LostInPipe, LostVariable
from jobsafety_lint.meaning.shell.state import State
from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import Place, Source


@dataclass(slots=True)
class PipeLosses:
    """Looks for them; what pieces of code read is found out once."""

    _names_read: Once[frozenset[str]] = field(default_factory=lambda: Once(lost_variables.names_read))

    def in_stage(
        self, statement: sh.Pipeline, at: int, source: Source, state: State, status: str, frames: Frames
    ) -> LostInPipe | None:
        """What a stage of a pipeline sets for nobody, or leaves in vain; None if it does not. `status` is what becomes of that
        of the pipeline.
        """
        stage = statement.stages[at]
        last = at == len(statement.stages) - 1
        head = shapes.stage_head(stage, at)
        shell = state.execution.shell
        if head is None or (shell in {"zsh", "ksh"} and last) or (last and state.execution.lastpipe):
            return None
        functions = state.functions
        stage_reads = set(shapes.variables_read(head.condition)) if isinstance(head, sh.While) else set()
        broken = any(
            isinstance(n, sh.Command) and n.words and n.words[0].literal == "break"
            for n in lost_variables.own_statements(stage)
        )
        first: dict[str, lost_variables.Written] = {}
        all_writes = list(lost_variables.writes(stage, functions, source.text))
        for written in all_writes:
            if written.name in stage_reads and not broken:
                continue
            first.setdefault(written.name, written)
        found = []
        for name, written in first.items():
            read, counted = self._read_later(name, functions, frames)
            if read is not None:
                used = (
                    shapes.reads_after(written.function.body, name, 0)
                    if written.function is not None
                    else shapes.reads_after(stage, name, written.node.span.end)
                )
                by_function = written.function is not None  # a global of what is called
                scratch = counted or (not written.grows and (used or by_function))
                found.append(LostVariable(name, Place(source, written.node.span), read, scratch))
        leaving = _leaves_in_vain(stage, source, state, status, frames) if last else ()
        if not found and not leaving:
            return None
        return LostInPipe(
            Place(source, _head_span(head, source)),
            Place(source, stage.span),
            Place(source, statement.span),
            state.execution,
            {sh.While: "while", sh.For: "for"}.get(type(head), "read"),
            last,
            tuple(found),
            leaving,
            isinstance(stage, sh.Compound) and shapes.replaces_input(stage.redirects),
            not (statement.negated or statement.timed),
        )

    def _read_later(
        self, name: str, functions: dict[str, sh.Function], frames: Frames
    ) -> tuple[Place | None, bool]:
        """Where a variable is read next, and whether only loops of pipes do so that count on by themselves."""
        counted: Place | None = None
        for items, frame in frames.following():
            search = lost_variables.NextUse(name, functions, self._names_read)
            use = search.of_items(items)
            if counted is None and search.counted is not None:
                counted = Place(frame.source, search.counted.span)
            if use == "set":
                break
            if use is None and frame.loop:
                loop = frames.loop_of(frame)
                if isinstance(loop, sh.For) and loop.variable == name:
                    break  # the next pass begins with a value of its own
                if search.of_items(frame.block.items[: frame.at]) == "read":
                    use = "read"
                elif isinstance(loop, sh.While):
                    asked = search.of_items(loop.condition.items)
                    use = "read" if asked == "read" else None
            if use == "read" and search.read_at is not None:
                return Place(frame.source, search.read_at.span), False
            if frame.function is not None and name in lost_variables.local_names(frame.function):
                break
        return counted, counted is not None


def _leaves_in_vain(
    stage: sh.Statement, source: Source, state: State, status: str, frames: Frames
) -> tuple[tuple[str, Place], ...]:
    """The `exit` and `return` of a piped loop after which the script or function goes on all the same."""
    if status == "branch":
        return ()  # it says which way the code goes on: `… | { while read -r x; do …; return 0; done; return 1; } && return`
    in_function = frames.in_function
    following = list(frames.following())
    next_items, next_frame = next((pair for pair in following if pair[0]), ((), None))
    if next_frame is not None and shapes.asks_status_before(next_items[0], next_frame.source.text):
        return ()
    within = next(
        (at + 1 for at, (_, frame) in enumerate(following) if frame.function is not None), len(following)
    )
    after_in_function = any(
        frame.loop or not shapes.hands_status_on(items) for items, frame in following[:within]
    )
    after = after_in_function or any(not shapes.hands_status_on(items) for items, _ in following[within:])
    stops = bool(state.execution.errexit) and not state.execution.errexit_suspended
    found = []
    for node in lost_variables.own_statements(stage):
        if not isinstance(node, sh.Command) or not node.words:
            continue
        word = node.words[0].literal
        if word not in {"exit", "return"} or (word == "return" and not in_function):
            continue
        code = node.words[1].literal if len(node.words) > 1 else None
        failing = len(node.words) > 1 and code != "0"
        if failing and (stops or status in {"branch", "exits", "masked", "result"}):
            continue
        if after_in_function if word == "return" else after:
            found.append((word, Place(source, node.span)))
    return tuple(found)


def _head_span(head: sh.Statement, source: Source) -> Span:
    if isinstance(head, sh.While):
        return Span(head.span.start, head.condition.span.end)
    if isinstance(head, sh.For):
        return shapes.header(head, source).span
    return head.span
