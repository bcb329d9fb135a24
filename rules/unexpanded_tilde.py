"""JOB606: a `~` where the shell does not expand it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.files import Check
from jobsafety_lint.meaning.fixing import is_verbatim
from jobsafety_lint.meaning.project.links import ExpandsHomeLink, TildeLink
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.meaning.queue import grammar as queue
from jobsafety_lint.meaning.tildes import python_script, tilde_in_option
from jobsafety_lint.meaning.wrappers import SHELLS
from jobsafety_lint.model import Confidence, Edit, Fix, Mark, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB606",
    "unexpanded-tilde",
    "`--working-directory=~/x` or a quoted `~`",
    Severity.ERROR,
    Confidence.HIGH,
    references=("AP-11",),
    fix="safe",
)

_QUOTED = re.compile(r"([\"'])(~(?:/[^\"']*)?)\1(.*)", re.DOTALL)
_SETTING = re.compile(r"(?:\w+\s+)?\w+=([\"'])(~(?:/[^\"']*)?)\1.*", re.DOTALL)

_EXPAND_THEMSELVES = SHELLS | frozenset(
    [
        "ssh",
        "scp",
        "sftp",
        "rsync",
        "git",
        "ansible",
        "ansible-playbook",
        "eval",
        "echo",
        "printf",
        "grep",
        "egrep",
        "fgrep",
        "rg",
        "sed",
        "awk",
        "log",
        "info",
        "warn",
        "die",
        "fail",
        "error",
        "usage",
        "read",
        "gpg",
        "vim",
        "nvim",
        "tmux",
        "alias",
        "complete",
        "osascript",
        "xargs",
        "parallel",
        "trap",
        "docker-compose",
        "cmake",
        "emacs",
        "mutt",
        "env",
    ]
)
_PATH_PROGRAMS = frozenset(
    [
        "cd",
        "pushd",
        "mkdir",
        "rmdir",
        "rm",
        "cp",
        "mv",
        "ls",
        "cat",
        "touch",
        "ln",
        "find",
        "source",
        ".",
        "test",
        "[",
        "tar",
        "chmod",
        "chown",
        "head",
        "tail",
        "wc",
        "tee",
        "du",
        "df",
        "zcat",
        "gzip",
        "gunzip",
        "unzip",
        "install",
        "realpath",
        "stat",
        "cmp",
        "diff",
        "sort",
        "md5sum",
        "sha256sum",
        "python",
        "python3",
        "node",
        "perl",
        "ruby",
        "Rscript",
        "julia",
        "make",
        "bash",
        "sh",
        "less",
        "file",
        "dd",
        "basename",
        "dirname",
        "pueue",
        "uv",
        "chdir",
    ]
)
_PATH_OPTIONS = re.compile(
    r"-w|-C|--(?:working-directory|directory|dir|project|cwd|chdir|output|out|output-dir|config|data-dir|prefix|path|file|root|cache-dir|log-dir|target)"
)


@RULE.on(Command)
def tilde_in_words(command: Command, context: Context) -> Iterator[Draft]:
    """Words of a command that begin with a `~` in quotes, or hold one behind an option's `=`."""
    if command.language != "shell" or (command.execution.daemon == "systemd" and not command.execution.shell):
        return  # nothing at all is expanded in a unit: JOB608 says so
    for at, arg in enumerate(_own_words(command)):
        if "~" not in arg.place.text and not arg.pattern.literal.startswith("~"):
            continue
        before = command.args[at - 1].text if at else None
        yield from _word(command, arg, before)
    for _, target in command.redirects:
        if _QUOTED.fullmatch(target.place.text):
            yield _draft(target, _QUOTED.fullmatch(target.place.text), command.name)


@RULE.on(Check)
def tilde_in_check(check: Check, context: Context) -> Iterator[Draft]:
    """`[[ -d "~/x" ]]`."""
    match = _QUOTED.fullmatch(check.path_place.text)
    if match and check.language == "shell":
        arg = Arg(check.path_place, check.path, check.path)
        yield _draft(arg, match, "[[" if "[[" in check.by else "[")


_COMPARISONS = frozenset({"=", "==", "!=", "<", ">"})


def _next_is_comparison(command: Command, arg: Arg) -> bool:
    at = command.args.index(arg) + 1
    return at < len(command.args) and command.args[at].text in _COMPARISONS


def _own_words(command: Command) -> tuple[Arg, ...]:
    """The words that this program takes itself, without those that another shell reads."""
    if command.name in _EXPAND_THEMSELVES:
        return ()
    if command.name == "pueue":
        call = queue.parse(command)
        if call is not None and call.rest:
            return tuple(arg for arg in command.args if arg not in call.rest)
    return command.args


def _word(command: Command, arg: Arg, before: str | None) -> Iterator[Draft]:
    if arg.place.source.language == "python":
        return
    text = arg.place.text
    if tilde_in_option(text) is not None:
        if not python_script(command):
            yield _in_option(arg.place, text, command.name, verbatim=is_verbatim(arg.place))
        return
    quoted = _QUOTED.fullmatch(text)
    if command.name in {"[", "test"} and (before in _COMPARISONS or _next_is_comparison(command, arg)):
        return  # compared with the letter
    takes_paths = command.name in _PATH_PROGRAMS or bool(before and _PATH_OPTIONS.fullmatch(before))
    if quoted and takes_paths:
        yield _draft(arg, quoted, command.name)
    elif takes_paths and arg.pattern.literal.startswith("~") and not arg.written.literal.startswith("~"):
        set_at = arg.origin
        match = _SETTING.fullmatch(set_at.text) if set_at is not None else None
        if set_at is not None and match:
            yield RULE.found(
                arg.place,
                f"`{text}` begins with a `~` that no shell expands: it was set in quotes, so `{command.name}` gets a folder named `~`",
                label="write `$HOME`",
                related=((set_at, "the tilde is quoted here"),),
                fix=_setting_fix(set_at, match),
                subject=set_at,
            )


@RULE.on(Project)
def tilde_for_script(project: Project, context: Context) -> Iterator[Draft]:
    """An option with a tilde for a script of Python, unless one of that name in the project expands it itself."""
    expanding = {link.name for _, link in project.all(ExpandsHomeLink)}
    for _, link in project.all(TildeLink):
        if link.script not in expanding:
            yield _in_option(link.mark, link.mark.text, link.program, verbatim=link.verbatim)


def _in_option(where: Place | Mark, text: str, program: str, *, verbatim: bool) -> Draft:
    found = tilde_in_option(text)
    fixed = _home(found[1]) if found is not None and verbatim else None
    edits = (Edit(where.location, f"{found[0]}{fixed}"),) if found is not None and fixed else ()
    return RULE.found(
        where,
        f"`{text}` reaches `{program}` as it stands: a shell expands `~` at the start of a word only, not behind an option's `=`",
        label="write `$HOME`",
        fix=Fix("write `$HOME`", edits, safe=True) if edits else None,
    )


def _draft(arg: Arg, match: re.Match[str] | None, program: str) -> Draft:
    text = arg.place.text
    message = f"`{text}` is a folder named `~` to `{program}`: a `~` in quotes is not expanded"
    replacement = _home(match[2]) if match is not None and not match[3] else None
    fix = (
        Fix("write `$HOME`", (Edit(arg.place.location, replacement),), safe=True)
        if replacement and is_verbatim(arg.place)
        else None
    )
    return RULE.found(arg.place, message, label="write `$HOME`", fix=fix)


def _home(path: str) -> str | None:
    """`~/x` as `"$HOME/x"`; None where the text needs another kind of quoting."""
    if re.search(r"[`\\!]", path) or "$(" in path:
        return None
    return f'"$HOME{path[1:]}"'


def _setting_fix(place: Place, match: re.Match[str]) -> Fix | None:
    fixed = _home(match[2])
    if fixed is None or not is_verbatim(place) or (match[1] == "'" and "$" in match[2]):
        return None
    text = place.text
    start = match.start(1)
    end = match.end(2) + 1
    return Fix("write `$HOME`", (Edit(place.location, text[:start] + fixed + text[end:]),), safe=True)
