"""What changes the ground under queued jobs, and what looks at them first: the notions that the rules on deployment share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jobsafety_lint.meaning.commands import Called, Command, Condition, Pipe
from jobsafety_lint.meaning.deployment.rows import Row, Step
from jobsafety_lint.meaning.execution import Execution, same_host
from jobsafety_lint.meaning.paths import PathPattern, words_of
from jobsafety_lint.meaning.queue.flow import follows, option_value

FIRST_TIME = re.compile(r"setup|bootstrap|provision|install|init(?!d)|create|first[-_]run", re.IGNORECASE)
"""Titles of scripts that make a host ready: there is nothing yet to look at."""
STARTS = frozenset({"add", "restart", "start", "enqueue"})
"""What makes pueue run jobs."""

_AUDIT_WORDS = frozenset(
    {"audit", "audited", "preflight", "drain", "drained", "quiesce", "idle", "busy", "running", "active", "inflight"}
)  # fmt: skip
_TESTERS = frozenset(
    {"grep", "egrep", "fgrep", "rg", "awk", "gawk", "perl", "python", "python3", "test", "["}
)
_QUESTIONS = frozenset({"input", "click.prompt", "typer.prompt"})
_ASKING = frozenset({"whiptail", "dialog", "gum", "zenity", "kdialog"})
_PROCESS_LOOKS = frozenset(
    {"pgrep", "pidof", "ps", "fuser", "lsof", "squeue", "sacct", "qstat", "bjobs", "condor_q"}
)


# --- looking and waiting ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """A look at what runs: the step, and whether anything depends on what it says."""

    step: Step
    decides: bool


def looks(row: Row, pipes: Iterable[Pipe] = ()) -> dict[int, Look]:
    """The looks of a row, by the index of their step."""
    found: dict[int, Look] = {}
    if not row.runs(_LOOKS):
        return found
    known = list(pipes)
    for at, step in enumerate(row.steps):
        if isinstance(step, Step) and step.execution.queue is None and _is_look(step):
            found[at] = Look(step, _decides(step, row, known))
    return found


_LOOKS = _PROCESS_LOOKS | {"pueue"}


def _is_look(step: Step) -> bool:
    if step.call is not None:
        return step.subcommand in {"status", "wait", "follow", "log", "group"}
    return step.command.name in _PROCESS_LOOKS


def _decides(step: Step, row: Row, pipes: list[Pipe]) -> bool:
    """Whether what the look says decides anything: it waits, picks a branch, or ends the script."""
    command = step.command
    if step.subcommand in {"wait", "follow"} or command.status == "branch":
        return True
    if command.output_use == "branch" or command.output_to & row.decisive:
        return True
    around = [pipe for pipe in pipes if any(command.place == c.place for stage in pipe.stages for c in stage)]
    return any(
        _tests(pipe.stages[-1]) and (_is_last(pipe) if pipe.negated else pipe.status in {"exits", "result"})
        for pipe in around
    )


def _is_last(pipe: Pipe) -> bool:
    """Whether a pipeline is the end of its text, whose status it gives: `! pueue status | grep -q Running`."""
    return not pipe.place.source.text[pipe.place.span.end :].strip()


def _tests(stage: tuple[Command, ...]) -> bool:
    """Whether the last stage of a pipeline fails because of what it reads."""
    return any(c.name in _TESTERS or (c.name in {"jq", "gojq"} and "-e" in c.words) for c in stage)


def asks(step: Step | Condition) -> bool:
    """A question to a person, or a check of the project's own that is named like one (`assert_idle`, `./audit.sh`)."""
    if isinstance(step, Called):
        return step.written in _QUESTIONS or step.written.rpartition(".")[2] in {"confirm", "ask"}
    if isinstance(step, Condition):
        return any(_says_audit(name) for name in step.names if not name.startswith("args"))
    command = step.command
    if command.name in _ASKING or (
        command.name == "read" and any((w or "").startswith("-") and "p" in (w or "") for w in command.words)
    ):
        return True
    if step.call is not None or command.status not in {"branch", "exits"} or command.name in _NO_CHECKS:
        return False
    words = command.words
    shown = [
        command.name,
        *(w or "" for w in words if (w or "").endswith((".sh", ".py")) or "/" in (w or "")),
    ]
    return any(_says_audit(text.rpartition("/")[2]) for text in shown)


_NO_CHECKS = frozenset(
    {"git", "rsync", "scp", "cd", "uv", "pip", "echo", "printf", "cp", "mv", "rm", "ln", "ssh", "mkdir", "tee", "systemctl", "bash", "sh", "curl"}
)  # fmt: skip


def _says_audit(name: str) -> bool:
    return not _AUDIT_WORDS.isdisjoint(words_of(name))


def audited_before(row: Row) -> bool:
    """Whether a task that runs first, and is not in this file, is named like a look (`depends = ["audit"]`)."""
    return any(_says_audit(name) or "check" in name for name in row.depends)


# --- changes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """What jobs run on is replaced. `what`: `tree` (git, rsync, an archive), `environment` (uv sync, pip install),
    `queue` (`kill --all`, `reset`, a restart of the daemon). `directory` is where, None for the caller's; `host` None is here.
    """

    step: Step
    what: str
    directory: PathPattern | None
    host: PathPattern | None

    @property
    def short(self) -> str:
        """The command as it can be quoted in a message."""
        return shortened(self.step.command)


def shortened(command: Command, length: int = 60) -> str:
    """A command's text on one line, cut to a length."""
    text = " ".join(command.place.text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def change_of(step: Step) -> Change | None:
    """The change that a command makes, if it makes one; what is done to a fresh temporary directory is none."""
    change = _change_of(step)
    fresh = change is not None and change.directory is not None and change.directory.is_unique
    return None if fresh else change


def is_clone(step: Step) -> bool:
    """Whether a command brings a tree that was not there before, on every way through the script."""
    return step.command.name == "git" and "clone" in step.command.words[:3] and not step.execution.arms


_CHANGING = frozenset(
    {
        *("git", "rsync", "scp", "tar", "unzip", "systemctl", "service", "pueue"),
        *("uv", "poetry", "pdm", "pip", "pip3", "pixi", "conda", "mamba", "npm", "python", "python3"),
    }
)
"""The programs that may make a change."""


def _change_of(step: Step) -> Change | None:
    command, execution = step.command, step.execution
    if command.name not in _CHANGING:
        return None
    words = [word or "" for word in command.words]
    if execution.queue is not None or any(w in {"--help", "-h", "--dry-run", "-n"} for w in words[:4]):
        return None
    match command.name:
        case "git":
            return _git(step, words)
        case "rsync" | "scp":
            return _copied(step)
        case "tar" | "unzip" if execution.host is not None and _extracts(command.name, words):
            option = _following(command, "-C", "--directory", "-d")
            return Change(step, "tree", _below(execution, option), execution.host)
        case (
            "uv"
            | "poetry"
            | "pdm"
            | "pip"
            | "pip3"
            | "pixi"
            | "conda"
            | "mamba"
            | "npm"
            | "python"
            | "python3"
        ):
            if _installs(command.name, words):
                option = _following(command, "--directory", "--project", "-C", "--prefix")
                return Change(step, "environment", _below(execution, option), execution.host)
        case "systemctl" | "service":
            if any(w in {"restart", "stop", "kill"} for w in words) and any("pueue" in w for w in words):
                return Change(step, "queue", None, execution.host)
        case "pueue":
            call = step.call
            if call is not None and (
                call.subcommand in {"reset", "shutdown"}
                or (call.subcommand == "kill" and call.has("-a", "--all"))
            ):
                return Change(step, "queue", None, execution.host)
    return None


def _git(step: Step, words: list[str]) -> Change | None:
    directory, verb, rest = None, "", []
    at = 0
    while at < len(words):
        if words[at] in {"-C", "--work-tree", "--git-dir", "-c", "--namespace"}:
            if words[at] in {"-C", "--work-tree"} and at + 1 < len(words):
                directory = step.command.args[at + 1].pattern
            at += 2
        elif words[at].startswith("-"):
            at += 1
        else:
            verb, rest = words[at], words[at + 1 :]
            break
    replaces = (
        verb in {"pull", "merge", "rebase", "switch"}
        or (verb == "reset" and "--hard" in rest)
        or (verb == "checkout" and _switches(rest))
        or (verb == "clean" and any(w.startswith("-") and "f" in w for w in rest))
    )
    if not replaces or {"--abort", "--continue"} & set(rest):
        return None
    return Change(step, "tree", _below(step.execution, directory), step.execution.host)


def _switches(rest: list[str]) -> bool:
    """Whether `git checkout` takes another state of the whole tree: not `-b new`, not `-- file`, not `HEAD file`."""
    if "--" in rest and rest.index("--") + 1 < len(rest):
        return rest[-1] == "."
    if {"-b", "-B", "--orphan", "-p", "--patch"} & set(rest):
        return bool({"-B"} & set(rest))
    return bool([w for w in rest if not w.startswith("-")] or rest)


def _copied(step: Step) -> Change | None:
    command = step.command
    operands = [arg for arg in command.args if not arg.pattern.literal.startswith("-")]
    if len(operands) < 2:
        return None
    target = operands[-1].pattern
    host, path = _remote(target)
    if host is None:
        return (
            None
            if target.is_unique
            else Change(step, "copy", _below(step.execution, target), step.execution.host)
        )
    single = command.name == "scp" and len(operands) == 2 and "-r" not in command.words
    code = re.search(r"\.(?:py|sh|toml|lock|tar|gz|zip|whl|R|jl)$", operands[0].pattern.literal)
    return None if single and not code else Change(step, "tree", path, host)


def _remote(target: PathPattern) -> tuple[PathPattern | None, PathPattern | None]:
    """The host and the path of `user@host:path`."""
    for at, part in enumerate(target.parts):
        if isinstance(part, str) and ":" in part:
            before, _, after = part.partition(":")
            if "/" in before:
                return None, None
            host = PathPattern.of(*target.parts[:at], before)
            return (host, PathPattern.of(after, *target.parts[at + 1 :])) if host.parts else (None, None)
        if isinstance(part, str) and "/" in part:
            return None, None
    return None, None


def _extracts(name: str, words: list[str]) -> bool:
    return name == "unzip" or any("x" in w for w in words[:1]) or "--extract" in words


def _installs(name: str, words: list[str]) -> bool:
    plain = [w for w in words if not w.startswith("-")]
    match name:
        case "uv":
            return plain[:1] == ["sync"] or plain[:2] in (["pip", "install"], ["pip", "sync"])
        case "pip" | "pip3":
            return plain[:1] == ["install"]
        case "python" | "python3":
            return words[:3] == ["-m", "pip", "install"]
        case "poetry" | "pdm" | "pixi":
            return plain[:1] in (["install"], ["sync"], ["update"])
        case "conda" | "mamba":
            return plain[:1] in (["install"], ["update"]) or plain[:2] == ["env", "update"]
        case "npm":
            return plain[:1] in (["ci"], ["install"])
    return False


def _following(command: Command, *names: str) -> PathPattern | None:
    for at, arg in enumerate(command.args):
        if arg.text in names and at + 1 < len(command.args):
            return command.args[at + 1].pattern
        first = arg.pattern.parts[0] if arg.pattern.parts else ""
        for name in names:
            if isinstance(first, str) and name.startswith("--") and first.startswith(f"{name}="):
                return PathPattern.of(first[len(name) + 1 :], *arg.pattern.parts[1:])
    return None


def _below(execution: Execution, directory: PathPattern | None) -> PathPattern | None:
    """A directory that a command names, from where it runs."""
    if directory is None or not directory.parts:
        return execution.cwd
    return execution.cwd.joined(directory) if execution.cwd is not None else directory


def replaced(row: Row, pipes: Iterable[Pipe]) -> Iterator[tuple[Change, Step, bool]]:
    """The changes of a tree from which the same row has queued a job, with the job; True where only the next round of a
    loop comes to the change again. A wait or a look that decides in between makes it good.
    """
    if not row.runs(frozenset({"pueue"})):
        return
    jobs = {at: step for at, step in enumerate(row.steps) if isinstance(step, Step) and _runs_later(step)}
    if not jobs:
        return
    waits = [at for at, look in looks(row, pipes).items() if look.decides]
    waits += [at for at, step in enumerate(row.steps) if asks(step)]
    told: set[tuple[int, PathPattern | None]] = set()
    for at, step in enumerate(row.steps):
        change = change_of(step) if isinstance(step, Step) else None
        if change is None or change.what == "queue":
            continue
        earlier = [
            job
            for begun, job in jobs.items()
            if begun < at
            and not any(begun < wait < at for wait in waits)
            and not excludes(job, change.step)
            and _uses(change, job)
        ]
        again = [job for begun, job in jobs.items() if begun > at and _next_round(change, job, row, waits)]
        job = earlier[-1] if earlier else again[0] if again else None
        if job is not None and (id(job), change.directory) not in told:
            told.add((id(job), change.directory))
            yield change, job, not earlier


def _runs_later(step: Step) -> bool:
    launch = step.launch
    if launch is None or step.execution.queue is not None or launch.call.has("-s", "--stashed"):
        return False
    where = directory_of_job(step)
    return where is None or not where.is_unique


def _uses(change: Change, job: Step) -> bool:
    return same_host(change.host, job.execution.host) and same_tree(change.directory, directory_of_job(job))


def _next_round(change: Change, job: Step, row: Row, waits: list[int]) -> bool:
    """Whether a loop around both comes back to the change with the job still queued, in one and the same tree."""
    loops = [loop for loop in change.step.execution.loops if loop in job.execution.loops]
    if not loops or not _uses(change, job) or excludes(change.step, job):
        return False
    where = change.directory
    if where is not None and where.names & set(loops[-1].variables):
        return False
    return not any(
        not isinstance(step := row.steps[at], Step) or loops[-1] in step.execution.loops for at in waits
    )


# --- where -----------------------------------------------------------------------------------------------------------


def excludes(first: Step, later: Step) -> bool:
    """Whether a step that stands later never runs after the first one: in another arm of one `if`, behind an `exit`."""
    return not follows(first.command, later.command)


def directory_of_job(step: Step) -> PathPattern | None:
    """The directory that a queued job runs in: `-w`, the job's own `cd`, else that of the client; None for the caller's."""
    launch = step.launch
    if launch is not None:
        if launch.working_directory is not None:
            return option_value(launch.call, "-w", "--working-directory")
        for command in launch.commands:
            if command.execution.cwd is not None and command.execution.cwd != step.execution.cwd:
                return command.execution.cwd
    return step.execution.cwd


def same_tree(first: PathPattern | None, second: PathPattern | None) -> bool:
    """Whether one of two directories certainly lies in the other, or both are the caller's."""
    if first is None or second is None:
        return first is second
    one, other = _path(first), _path(second)
    return one == other or one.is_below(other) or other.is_below(one)


def _path(pattern: PathPattern) -> PathPattern:
    parts = list(pattern.parts)
    if parts and isinstance(parts[-1], str):
        parts[-1] = parts[-1].rstrip("/") or parts[-1]
    if parts and isinstance(parts[0], str) and parts[0].startswith("./"):
        parts[0] = parts[0][2:]
    home = parts[0] if parts and not isinstance(parts[0], str) else None
    if home is not None and home.text in {"$HOME", "${HOME}"}:
        parts[0] = "~"
    return PathPattern.of(*parts)


def mentions(step: Step, path: PathPattern) -> bool:
    """Whether a job runs in a directory, or some word of it is a path in there."""
    if step.launch is None:
        return False
    where = _path(path)
    for command in step.launch.commands:
        words = [_path(arg.pattern) for arg in command.args]
        cwd = command.execution.cwd
        if any(word == where or word.is_below(where) for word in words) or (cwd and _path(cwd) == where):
            return True
    literal = where.text
    return literal is not None and len(literal) > 1 and f"{literal}/" in step.launch.text.text


def touches(change: Change, step: Step) -> bool:
    """Whether what a change replaces may well be what a later command of the queue makes jobs run on."""
    if not same_host(change.host, step.execution.host):
        return False
    if change.what == "queue":
        return same_group(change.step, step)
    job = directory_of_job(step)
    if change.what == "copy":
        return job is not None and change.directory is not None and same_tree(change.directory, job)
    if change.directory is None or job is None:
        if change.directory is not None and step.subcommand == "add":
            return change.host is not None or mentions(step, change.directory)
        return change.directory is None or change.host is not None or step.subcommand != "add"
    if same_tree(change.directory, job) or mentions(step, change.directory):
        return True
    return step.subcommand != "add" or not _certain(change.directory) or not _certain(job)


def _certain(path: PathPattern) -> bool:
    return path.text is not None and path.is_absolute


def same_group(kill: Step, step: Step) -> bool:
    """Whether a command of the queue may be about the group of another one."""
    if kill.call is None or step.call is None:
        return True
    mine, theirs = (
        option_value(kill.call, "-g", "--group", "--groups"),
        option_value(step.call, "-g", "--group", "--failed-in-group"),
    )
    if mine is None:
        bare = kill.subcommand == "kill" and not kill.call.has("-a", "--all") and not kill.call.ids
        return not bare or theirs is None or theirs.text == "default"
    if theirs is None:
        return step.subcommand != "add" or mine.text == "default"
    return mine == theirs or mine.text is None or theirs.text is None
