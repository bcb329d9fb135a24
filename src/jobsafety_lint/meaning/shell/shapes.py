"""Questions about the shape of shell statements: what a redirection replaces, what a loop waits for, who asks `$?`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.shell import file_commands
from jobsafety_lint.meaning.shell.state import State
from jobsafety_lint.meaning.shell.values import args_of
from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import Place, Source


def replaces_input(redirects: Sequence[sh.Redirect]) -> bool:
    """Whether standard input is redirected."""
    if not redirects:
        return False
    return any(r.operator.startswith("<") and r.descriptor in {None, "0"} for r in redirects)


def reads_input(condition: sh.Block) -> bool:
    """Whether a loop's condition is a `read` of standard input."""
    for node in condition.walk():
        if isinstance(node, sh.Command) and node.words and node.words[0].literal == "read":
            words = [w.literal or "" for w in node.words[1:]]
            other = any(re.match(r"-[a-zA-Z]*u", word) for word in words)
            return not other and not replaces_input(node.redirects)
    return False


_SETTING = frozenset({"set", "shopt", "cd", "export", "readonly", "declare", "typeset", "source", "."})


def sets_only(statement: sh.Statement) -> bool:
    """Whether a statement does nothing but change the shell itself: a definition, an assignment, `set`, `cd`, `source`."""
    if isinstance(statement, sh.Command):
        return not statement.words or statement.words[0].literal in _SETTING
    return isinstance(statement, sh.Function)


def asks_status(statement: sh.Statement) -> bool:
    """Whether a statement looks at `$?` of what ran before it."""
    if isinstance(statement, sh.Command):
        words = statement.words
        if words and words[0].literal not in {"[", "test", "exit", "return"}:
            return False
        return any(isinstance(n, sh.Expansion) and n.name == "?" for n in statement.walk())
    match statement:
        case sh.If(branches=(branch, *_)):
            return bool(branch.condition.items) and asks_status(branch.condition.items[0].statement)
        case sh.AndOr(items=(first, *_)) | sh.Pipeline(stages=(first,)):
            return asks_status(first)
        case sh.Case(subject=subject):
            return any(isinstance(n, sh.Expansion) and n.name == "?" for n in subject.walk())
        case sh.Test():
            return any(isinstance(n, sh.Expansion) and n.name == "?" for n in statement.walk())
        case sh.Arithmetic(text=text):
            return "$?" in text
    return False


def knows_signal(statement: sh.Statement) -> bool:
    """Whether the right side of a `||` tells SIGPIPE (141) from other failures."""
    for node in statement.walk():
        if isinstance(node, sh.Word | sh.DoubleQuoted | sh.HereDocument) and any(
            "141" in text for text in _texts_of(node.parts)
        ):
            return True
        if isinstance(node, sh.Arithmetic) and "141" in node.text:
            return True
    return False


def _texts_of(parts: Iterable[sh.Fragment]) -> Iterator[str]:
    """The plain texts among fragments."""
    for part in parts:
        if isinstance(part, sh.Literal | sh.SingleQuoted):
            yield part.value
        elif isinstance(part, sh.DoubleQuoted):
            yield from _texts_of(part.parts)


def keeps_options(body: sh.Group) -> bool:
    """`local -`: the options are set back when the function returns."""
    return any(
        isinstance(item.statement, sh.Command)
        and [w.literal for w in item.statement.words[:2]] == ["local", "-"]
        for item in body.body.items
    )


def stage_head(stage: sh.Statement, at: int) -> sh.Statement | None:
    """The loop or `read` of a stage that sets variables."""
    match stage:
        case sh.While() | sh.For() | sh.ArithmeticFor():
            return stage
        case sh.Group(body=body):
            return next((h for item in body.items if (h := stage_head(item.statement, at)) is not None), None)
        case sh.Command(words=(word, *_)) if at and word.literal in {"read", "mapfile", "readarray"}:
            return stage
    return None


def reads_after(node: sh.Node, name: str, offset: int) -> bool:
    """Whether a variable is read in a node from an offset on."""
    return any(isinstance(n, sh.Expansion) and n.name == name and n.span.start >= offset for n in node.walk())


_LIMITERS = frozenset({"wait", "jobs", "sem", "pgrep", "nproc"})


def _asks_for_job(loop: sh.While, ids: set[str]) -> bool:
    """Whether a loop goes on for as long as a job lives: `while kill -0 "$pid"; do sleep 1; done`."""
    asked = loop.condition.items[-1].statement if loop.condition.items else None
    return (
        isinstance(asked, sh.Command)
        and bool(asked.words)
        and asked.words[0].literal == "kill"
        and not loop.until
        and any(isinstance(node, sh.Expansion) and node.name in ids for node in asked.walk())
    )


def waits_behind(body: sh.Block, item: sh.Item) -> bool:
    """Whether every pass of a loop waits for what this item of its body puts in the background, or ends it: by a `wait`
    for all, or one for a process (`wait $!`), a loop that asks for it, or a `kill` of it, before another is started.
    """
    inside = item.statement.span
    at = next(
        (
            at
            for at, other in enumerate(body.items)
            if other.statement.span.start <= inside.start and inside.end <= other.statement.span.end
        ),
        None,
    )
    if at is None:
        return False
    started_later = body.items[at] is not item  # there may be more of them in the branch
    ids = {"!"}
    for other in body.items[at + 1 :]:
        if other.background:
            started_later = True
            continue
        if isinstance(other.statement, sh.While) and _asks_for_job(other.statement, ids):
            return not started_later
        command = _run_first(other.statement)
        if command is None:
            continue
        words = [word.literal or "" for word in command.words]
        if words[:1] == ["wait"] and not any(word.startswith("-") for word in words[1:]):
            return len(words) == 1 or not started_later
        if words[:1] == ["kill"] and not {"-0", "-l", "-STOP"} & set(words):
            if any(isinstance(n, sh.Expansion) and n.name in ids for n in command.walk()):
                return not started_later
        ids |= _kept_ids(command)
    return False


def _run_first(statement: sh.Statement) -> sh.Command | None:
    """The simple command that a statement runs in any case: the first of a list, of a condition."""
    match statement:
        case sh.Command():
            return statement
        case sh.AndOr(items=(first, *_)) | sh.Pipeline(stages=(first,)):
            return _run_first(first)
        case sh.If(branches=(branch, *_)) if branch.condition.items:
            return _run_first(branch.condition.items[0].statement)
    return None


def _kept_ids(command: sh.Command) -> set[str]:
    """The variables that a command sets to the process id of what was started last (`pid=$!`, `local pid=$!`)."""

    def is_id(word: sh.Node | None) -> bool:
        return word is not None and any(isinstance(n, sh.Expansion) and n.name == "!" for n in word.walk())

    kept = {a.name for a in command.assignments if is_id(a.value)}
    for word in command.words[1:]:
        head = word.parts[0] if word.parts else None
        if isinstance(head, sh.Literal) and "=" in head.value and is_id(word):
            kept.add(head.value.partition("=")[0])
    return kept


def hands_status_on(following: Sequence[sh.Item]) -> bool:
    """Whether what follows a statement only hands on its status: nothing, or a bare `return` or `exit`."""
    match following:
        case ():
            return True
        case (sh.Item(statement=sh.Command(words=(word,))), *_):
            return word.literal in {"return", "exit"}
    return False


def is_all_of_array(word: str) -> bool:
    """Whether a word stands for all elements of an array (`"${pids[@]}"`)."""
    return re.search(r"\$\{\w+\[[@*]\]\}", word) is not None


def asks_status_before(item: sh.Item, text: str) -> bool:
    """Whether a statement looks at the status of the one before it (`[ $? = 1 ] && exit`, `rc=$?`)."""
    return (
        re.search(r"\$\?|PIPESTATUS", text[item.statement.span.start : item.statement.span.end]) is not None
    )


_LONG_SLEEP = re.compile(r"(?:[5-9]|[1-9]\d+)(?:\.\d+)?s?|\d+(?:\.\d+)?[mhd]")
"""Five seconds or more, as sleep(1) takes them."""


def limits(body: sh.Node, functions: dict[str, sh.Function], depth: int = 0) -> bool:
    """Whether a loop's body waits for jobs, counts them or takes a token."""
    for node in body.walk():
        if isinstance(node, sh.Item) and node.background:
            continue
        if isinstance(node, sh.While) and _sleeps(node):
            return True  # until a place is free
        if not isinstance(node, sh.Command) or not node.words:
            continue
        name = (node.words[0].literal or "").rpartition("/")[2]
        if name in _LIMITERS or (
            name == "read" and not reads_input(sh.Block(node.span, (sh.Item(node.span, node, ";"),)))
        ):
            return True
        if name == "kill" and any(map(_is_of_job, node.walk())):
            return True  # it lives as long as its pass
        if name == "parallel" and any((w.literal or "") in {"--semaphore", "--sem"} for w in node.words):
            return True
        if name in functions and depth < 2 and limits(functions[name].body, functions, depth + 1):
            return True
    return False


def paces(body: sh.Block) -> bool:
    """Whether each pass of a loop sleeps for a good while, whatever else it does: what the passes before have started ends
    meanwhile, unless it runs for very long.
    """
    for item in body.items:
        words = item.statement.words if isinstance(item.statement, sh.Command) else ()
        if len(words) == 2 and words[0].literal == "sleep" and not item.background:
            time = _LONG_SLEEP.fullmatch(words[1].literal or "")
            if time is not None:
                return True
    return False


def _is_of_job(node: sh.Node) -> bool:
    """Whether an expansion gives the id of a background job: `$!`, `$server_pid`."""
    return isinstance(node, sh.Expansion) and (node.name == "!" or node.name.lower().endswith("pid"))


def _sleeps(loop: sh.While) -> bool:
    """Whether a loop waits for something by asking again and again."""
    return any(
        isinstance(node, sh.Command) and node.words and node.words[0].literal == "sleep"
        for node in loop.walk()
    )


def _prints_what_is_known(word: sh.Word, source: Source, state: State) -> bool:
    """`$(echo "$rates")`, where the variable holds a text that is written out."""
    inner = [n for n in word.walk() if isinstance(n, sh.Substitution)]
    items = inner[0].body.body.items if len(inner) == 1 else ()
    command = items[0].statement if len(items) == 1 else None
    if not isinstance(command, sh.Command) or not command.words:
        return False
    return command.words[0].literal in {"echo", "printf"} and all(
        arg.text is not None for said in command.words[1:] for arg in args_of(said, source, state)
    )


def _range_of_arguments(state: State) -> str:
    """What `"$@"` stands for: the arguments of the script, or those of a call in it."""
    given = state.variables["@"].elements if state.call_depth and "@" in state.variables else None
    if not given or any(hole.text in {"$@", "$*"} for element in given for hole in element.holes):
        return "arguments"
    return "literals" if all(element.text is not None for element in given) else "array"


def range_of_word(word: sh.Word, source: Source, state: State) -> str:
    """What one word of a `for` gives the loop to go over (see `pipes.Background.over`)."""
    args = args_of(word, source, state)
    text = source.shown(word.span)
    if any(isinstance(n, sh.Substitution) for n in word.walk()):
        if re.search(r"[(`]\s*seq\b", text):
            return "range"
        return "literals" if _prints_what_is_known(word, source, state) else "command"
    if any(file_commands.glob_pattern(arg) is not None for arg in args):
        return "glob"
    expansions = [n for n in word.walk() if isinstance(n, sh.Expansion)]
    if any(n.name in {"@", "*"} for n in expansions):
        return _range_of_arguments(state)
    if re.search(r"\{[^{}]*\.\.[^{}]*\}", text):
        return "range"
    if expansions and all(arg.text is not None for arg in args):
        return "literals"
    if any(n.index in {"@", "*"} for n in expansions):
        return "array"
    return "variable" if expansions else "literals"


def program_of(statement: sh.Statement) -> str:
    """The program of a simple command; `=` for an assignment."""
    if isinstance(statement, sh.Command):
        if not statement.words:
            return "="
        return (statement.words[0].literal or "").rpartition("/")[2]
    if isinstance(statement, sh.Group) and len(statement.body.items) == 1:
        return program_of(statement.body.items[0].statement)
    return ""


def tolerates(stage: sh.Statement) -> bool:
    """Whether a stage takes care of its own failure: `(w || true)`, `{ w || [ $? -eq 141 ]; }`."""
    if not isinstance(stage, sh.Group | sh.Subshell) or not stage.body.items:
        return False
    last = stage.body.items[-1].statement
    if isinstance(last, sh.AndOr):
        return last.operators[-1] == "||"
    return program_of(last) in {"true", ":"} if isinstance(last, sh.Command) else False


def variables_read(condition: sh.Block) -> tuple[str, ...]:
    """The variables that a `read` in a loop's condition sets."""
    names: list[str] = []
    for node in condition.walk():
        if isinstance(node, sh.Command) and node.words and node.words[0].literal == "read":
            names += [w.literal for w in node.words[1:] if w.literal and w.literal.isidentifier()]
    return tuple(names)


def reads_options(condition: sh.Block) -> bool:
    """Whether a loop goes over the options of the script, not over work: `while getopts …`."""
    return bool(condition.items) and program_of(condition.items[0].statement) == "getopts"


def arithmetic_loop(statement: sh.ArithmeticFor, source: Source) -> Loop:
    """`for ((i = 0; i < n; i++))`; without any condition it is a `while` that never ends."""
    if statement.text.replace(" ", "") != ";;":
        return Loop("for", Place(source, statement.span))
    start = source.text.index("((", statement.span.start)
    end = source.text.index("))", start) + 2
    return Loop("while", Place(source, Span(start, end)))


def header(statement: sh.For, source: Source) -> Place:
    """`for x in a b`, without `do`."""
    before = (
        source.text[statement.span.start : statement.body.span.start]
        .rstrip()
        .removesuffix("do")
        .rstrip(" \t\n;")
    )
    return Place(source, Span(statement.span.start, statement.span.start + len(before)))
