"""JOB401: under pipefail, a reader that stops early kills the writer, and the pipeline fails."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command, Pipe
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB401",
    "pipefail-early-close",
    "under pipefail a reader that stops early (`head`, `grep -q`, `sed q`, …) kills the writer",
    Severity.WARNING,
    Confidence.HIGH,
    references=("AP-13", "G-13"),
)

_NOT_ON_THE_PIPE = frozenset({"xargs", "parallel", "find", "ssh", "pueue", "flock"})
_SED_QUIT = re.compile(r"(?:^|[;{}\s\d/!,])[qQ]\s*\d*\s*(?:;|\}|$)")
_AWK_END = re.compile(r"END\s*\{[^}]*\}")
_MESSAGES = frozenset({"echo", "printf", "log", "warn", "info", "logger"})
_DECIDING_READERS = frozenset({"grep", "egrep", "fgrep", "zgrep", "rg", "ag"})

_SMALL = frozenset(
    [
        "basename",
        "dirname",
        "date",
        "uname",
        "hostname",
        "pwd",
        "id",
        "whoami",
        "groups",
        "stat",
        "wc",
        "readlink",
        "realpath",
        "which",
        "type",
        "command",
        "nproc",
        "getconf",
        "tput",
        "uptime",
        "lsb_release",
        "arch",
        "tty",
        "umask",
        "md5sum",
        "sha1sum",
        "sha256sum",
        "sha512sum",
        "cksum",
        "sum",
        "true",
        "false",
        "test",
        "[",
        "expr",
        "bc",
        "seq-small",
        "nvidia-smi",
        "free",
        "df",
        "getent",
        "file",
        "locale",
        "sw_vers",
        "pgrep",
        "ip",
        "ifconfig",
        "route",
        "mktemp",
        "jobs",
        "ulimit",
        "shasum",
        "sysctl",
        "lscpu",
        "lsof-small",
        "printenv",
        "timedatectl",
        "hostnamectl",
        "loginctl",
        "pidof",
        "getopt",
        "tr-small",
        "xdg-user-dir",
        "pkg-config",
        "java",
        "javac",
        "node",
        "npm-small",
        "rustc",
        "go-small",
        "gcc",
        "g++",
        "clang",
        "cc",
        "ldconfig-small",
        "arch",
        "dmidecode",
        "ulimit",
        "openssl",
        "ssh-keygen",
        "fdupes-small",
        "mountpoint",
        "findmnt",
        "blkid",
    ]
)
"""Programs that print a few lines: what they write fits into one write(2), before the reader can be gone."""

_SMALL_WORDS = frozenset({"--version", "-V", "-version", "version", "--help", "-h", "help", "info"})
_SMALL_GIT = frozenset(
    {
        "rev-parse",
        "describe",
        "config",
        "symbolic-ref",
        "remote",
        "merge-base",
        "worktree",
        "stash",
        "submodule",
    }
)
_SMALL_FILE = re.compile(
    r"(/proc/(?!.*kmsg)|/sys/|/etc/).*|.*(VERSION|version(\.\w+)?|\.pid|\.toml|\.cfg|\.ini|\.conf|\.env|\.gitignore|package\.json|setup\.py|Dockerfile|Makefile)$"
)
"""Files that are a few lines, or a page, long."""
_KEEPS_SIZE = frozenset(
    [
        "grep",
        "egrep",
        "fgrep",
        "sed",
        "awk",
        "gawk",
        "mawk",
        "cut",
        "tr",
        "sort",
        "uniq",
        "rev",
        "tac",
        "cat",
        "column",
        "paste",
        "nl",
        "fold",
        "expand",
        "unexpand",
        "jq",
        "xargs",
        "tee",
        "perl",
        "iconv",
        "base64",
        "zcat",
        "gunzip",
        "strings",
        "shuf",
        "fmt",
        "stdbuf",
    ]
)
_STREAMS = frozenset({"grep", "egrep", "fgrep", "sed", "awk", "cat", "cut", "tr", "tee"})
_SHRINKS = frozenset({"wc", "md5sum", "sha1sum", "sha256sum", "head", "tail", "cksum"})


@RULE.on(Pipe)
def early_close(pipe: Pipe, context: Context) -> Iterator[Draft]:
    """A pipeline with a reader that stops before its input ends."""
    if pipe.execution.pipefail is not True or pipe.status == "masked":
        return
    for at in range(1, len(pipe.stages)):
        reader = _early_reader(pipe.stages[at])
        if reader is None:
            continue
        dies = _dying_stage(pipe, at, context)
        if dies is None:
            return
        severity, consequence = _consequence(pipe, reader)
        if severity is None:
            return
        writer = pipe.stage_places[dies].text.split("\n")[0].strip()
        confidence = Confidence.HIGH if severity is not Severity.INFO else Confidence.LOW
        yield RULE.found(
            reader.place,
            f"`{_short(reader.place.text)}` stops reading early; under pipefail `{_short(writer)}` is then killed by SIGPIPE and {consequence}",
            label="read to the end, or take the writer's status out",
            related=((pipe.stage_places[dies], "this writer dies"),),
            severity=severity,
            confidence=confidence,
        )
        return


def _dying_stage(pipe: Pipe, reader: int, context: Context) -> int | None:
    """The stage before the reader that is killed with nobody to take care of it; None if there is none.

    The death goes upstream: a stage that streams, and is itself taken care of, leaves the stage before it without a reader.
    """
    if _output_is_small(pipe, reader, context):
        return None
    for at in range(reader - 1, -1, -1):
        if not pipe.tolerated[at]:
            return at
        if (
            not pipe.stages[at]
            or _leaves(pipe.stages[at])[-1:] == []
            or _leaves(pipe.stages[at])[-1].name not in _STREAMS
        ):
            return None
        if _output_is_small(pipe, at, context):
            return None
    return None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 48 else line[:47] + "…"


def _consequence(pipe: Pipe, reader: Command) -> tuple[Severity | None, str]:
    if pipe.status == "branch":
        harmless = pipe.alternative in _MESSAGES and reader.name not in _DECIDING_READERS
        if harmless:
            return None, ""
        return Severity.ERROR, "the branch is taken the wrong way, though the reader was content"
    if pipe.status == "exits":
        return Severity.WARNING, "errexit ends the script"
    if pipe.execution.errexit_suspended:
        return None, ""
    return Severity.INFO, "the pipeline's status is 141"


def _early_reader(stage: Sequence[Command]) -> Command | None:
    """The command of a stage that stops reading the pipe before its end."""
    reading = [c for c in stage if not any(w.name in _NOT_ON_THE_PIPE for w in c.outer)]
    if not reading:
        return None
    names = [c.name for c in reading]
    loops = {len(c.execution.loops) for c in reading if c.name == "read"}
    if "read" in names and len(loops) == 1 and "break" in names:
        return reading[names.index("break")]
    last = reading[-1]
    if last.name == "read" and len(reading) == 1:
        return None  # one line of a short text, nearly always
    return last if stops_early(last) else None


def stops_early(command: Command) -> bool:  # one case a program
    """Whether a program, called like this, stops reading its input before the end."""
    if any(operator == "<" for operator, _ in command.redirects):
        return False
    words = [word if word is not None else "\0" for word in command.words]
    options = [word for word in words if word.startswith("-") and len(word) > 1]
    operands = [word for word in words if not word.startswith("-")]
    match command.name:
        case "head" | "ghead":
            return not any(
                re.match(r"-[nc]\s*-\d|--(?:lines|bytes)=-", w) for w in _joined(words)
            ) and _no_file(words)
        case "grep" | "egrep" | "fgrep" | "zgrep" | "rg" | "ag":
            clusters = "".join(word[1:] for word in options if not word.startswith("--"))
            long = {word.partition("=")[0] for word in options}
            early = bool(set(clusters) & set("qml")) or bool(
                long & {"--quiet", "--silent", "--max-count", "--files-with-matches"}
            )
            with_value = sum(1 for w in options if w in {"-m", "-A", "-B", "-C", "-e", "-f", "--max-count"})
            given_pattern = "-e" in options or "-f" in options
            files = len(operands) - with_value - (0 if given_pattern else 1)
            return early and files <= 0
        case "sed" | "gsed":
            script = next((word for word in operands), "")
            return (
                "-i" not in options
                and bool(_SED_QUIT.search(script.replace("$q", "")))
                and len(operands) <= 1
            )
        case "awk" | "gawk" | "mawk":
            program = next((w for w in operands if "{" in w or "exit" in w), "")
            return bool(re.search(r"\bexit\b", _AWK_END.sub("", program)))
        case "jq":
            return any(re.search(r"\bfirst\(inputs?\)|\blimit\(", word) for word in words)
    return False


def _joined(words: Sequence[str]) -> Iterator[str]:
    """Words, and each option together with the word behind it: `-n` `-5` as `-n-5`."""
    yield from words
    for option, value in itertools.pairwise(words):
        if option in {"-n", "-c"}:
            yield option + value


def _no_file(words: Sequence[str]) -> bool:
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in {"-n", "-c", "--lines", "--bytes"}:
            skip = True
        elif not word.startswith("-"):
            return False
    return True


def _output_is_small(pipe: Pipe, at: int, context: Context) -> bool:
    """Whether what reaches the reader is known to be a few lines, which the writer has written at once."""
    small = False
    for number, stage in enumerate(pipe.stages[:at]):
        commands = [c for c in stage if not c.outer or c is stage[-1]]
        if not commands:
            return False
        last = _innermost(stage)
        if number and last.name in _KEEPS_SIZE:
            continue
        small = all(_is_small(c, context) for c in _leaves(stage))
    return small


def _innermost(stage: Sequence[Command]) -> Command:
    return stage[-1]


def _leaves(stage: Sequence[Command]) -> list[Command]:
    """The commands of a stage that run nothing further themselves."""
    wrappers = {id(w) for c in stage for w in c.outer}
    return [
        c
        for c in stage
        if id(c) not in wrappers and c.name not in {"cd", "set", "local", "export", "declare", ":", "true"}
    ]


def _is_small(command: Command, context: Context) -> bool:  # one case a program
    words = [word if word is not None else "\0" for word in command.words]
    operands = [word for word in words if not word.startswith("-")]
    name = command.name
    if name in context.settings.words("small-output-commands") or name in _SMALL:
        return True
    if (
        name
        and name not in {"cat", "ls", "find", "echo", "printf"}
        and (set(words[:1]) | set(words[-1:])) & _SMALL_WORDS
    ):
        return True
    match name:
        case "echo" | "printf":
            return not any(_holds_much(arg.pattern.holes) for arg in command.args)
        case "git":
            verbs = [w for w in operands if w in _SMALL_GIT]
            return bool(verbs) or ("branch" in operands and "--show-current" in words)
        case "ls":
            return any("d" in w[1:] for w in words if w.startswith("-") and not w.startswith("--"))
        case "find":
            return "-quit" in words or (
                "-maxdepth" in words
                and words[words.index("-maxdepth") + 1 : words.index("-maxdepth") + 2] == ["0"]
            )
        case "tail" | "head":
            return any(
                re.fullmatch(r"-\d{1,2}|-n\d{1,2}|\d{1,2}|--lines=\d{1,2}", w) for w in words
            ) or not any(w.startswith("-") for w in words)
        case "seq":
            last = operands[-1] if operands else ""
            return last.isdigit() and int(last) <= 200
        case "cat":
            return bool(operands) and all(_SMALL_FILE.fullmatch(w) for w in operands)
        case "grep" | "egrep" | "fgrep" | "zgrep":
            return _matches_few(words, operands)
        case "sed" | "awk" | "gawk" | "cut" | "tr" | "sort":
            ranged = name == "sed" and any(re.fullmatch(r"\S{0,12},\S{0,12}p|\S{1,8}p", w) for w in operands)
            return ranged or (len(operands) > 1 and bool(_SMALL_FILE.fullmatch(operands[-1])))
        case "jq":
            return not any(
                "[]" in w or "to_entries" in w or w == "." or "keys" in w for w in operands
            ) and bool(operands)
        case "curl":
            return any(
                w in {"-I", "--head", "-sI", "-sSI", "-Is", "-sIL"} for w in words
            ) or "%{http_code}" in " ".join(words)
        case "dpkg" | "rpm" | "pip" | "pip3" | "conda":
            return any(w in {"-s", "-q", "show", "-V", "--show"} for w in words)
        case "docker" | "podman":
            return any(w in {"inspect", "port", "version", "info"} for w in words[:2]) or (
                "ps" in words[:2] or "images" in words[:2]
            )
        case "systemctl":
            return any(w in {"is-active", "is-enabled", "show", "status", "is-failed"} for w in words)
        case "":
            return False
    return False


def _matches_few(words: Sequence[str], operands: Sequence[str]) -> bool:
    """Whether a grep in named files prints a few lines, as the search for a setting does; one through a tree or a log
    may print many.
    """
    if any(word in {"-c", "--count", "-m1"} or word.startswith("-m") for word in words):
        return True
    recursive = any(
        re.match(r"-[a-zA-Z]*[rR]", word) or word in {"--recursive", "--include"} for word in words
    )
    files = operands[1:]
    return (
        bool(files)
        and not recursive
        and not any(re.search(r"\.log|\.jsonl?|\.csv|\*", file) for file in files)
    )


def _holds_much(holes: Sequence[object]) -> bool:
    """Whether a printed variable may hold the output of a command that prints much."""
    for hole in holes:
        text = getattr(hole, "text", "")
        if (
            getattr(hole, "kind", "") == "command"
            and re.search(
                r"\$\(\s*(cat|ls|find|git (log|ls-files|diff|status)|journalctl|docker logs|ps|pueue|kubectl|zcat|tar|sort)\b",
                text,
            )
            and not re.search(r"\|\s*(head|tail|wc|grep -c)|basename|dirname", text)
        ):
            return True
    return False
