"""What in a command depends on the directory that it starts in: where nobody has set one, the command misses its files."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.source import Place


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DIRECTORY_OPTIONS = re.compile(
    r"(?:--directory|--project|--project-directory|--manifest-path|--chdir|--cwd|--cd|--prefix|--rootdir|--justfile"
    r"|--working-directory|-C|-f|--file)(?:=.*)?"
)
_PROJECT_PROGRAMS = _words(
    "poetry pdm pipenv hatch pixi make gmake just mise npm pnpm yarn bun cargo tox nox docker-compose rake bundle "
    "dvc snakemake dbt task"
)
_PROJECT_VERBS = {
    "uv": frozenset({"run", "sync"}),
    "docker": frozenset({"compose"}),
    "mise": _words("run r exec x"),
    "pixi": frozenset({"run"}),
    "npm": _words("run start test ci install exec"),
}
"""With which subcommand a program looks for a project; programs that are not named here do with any, or none."""
_HADOOP = _words(
    "--config --daemon --buildpaths resourcemanager nodemanager proxyserver timelineserver applicationattempt rmadmin daemonlog "
    "registrydns scmadmin sharedcachemanager"
)
"""What only Hadoop's `yarn` is told, which has no project (hadoop.apache.org, "YARN Commands")."""
_NO_PROJECT = _words("--no-project --script --isolated --version --help -V -h")
_INTERPRETERS = re.compile(
    r"(?:python|pypy)[\d.]*|bash|sh|dash|zsh|ksh|perl|ruby|node|php[\d.]*|Rscript|julia|lua|deno|source|\.|pwsh|java"
)
_CODE_OPTIONS = {
    "python": ("-c", "-m"),
    "perl": ("-e", "-E"),
    "ruby": ("-e",),
    "node": ("-e", "-p"),
    "php": ("-r",),
}
_SHELLS = frozenset({"bash", "sh", "dash", "zsh", "ksh"})
_SUFFIX = re.compile(
    r"[\w\0.@+-]*\.(?:py|sh|bash|sql|toml|ya?ml|json|jsonl|ndjson|csv|tsv|parquet|R|jl|pl|rb|js|ts|ini|cfg|conf|env|db|sqlite3?"
    r"|log|gz|tgz|zip|zst|tar|ipynb|pkl|npy|xml|lock|pid)"
)
_DOTTED = re.compile(r"\.{1,2}(?:/[^\s]*)?")
_SLASHED = re.compile(r"[\w\0.@+-]+/[\w\0./@+*?-]*")
_ZONE = re.compile(r"(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc|US)/.*")
_FILE_PROGRAMS = _words(
    "rm cp mv ls find tar rsync cat du gzip gunzip bzip2 zstd xz mkdir rmdir touch chmod chown tee ln test [ head tail wc "
    "zip unzip stat scp sqlite3 install split sort"
)
_PATH_OPTION = re.compile(
    r"--?[\w-]*(?:dir|path|file|config|conf|out|output|input|log|cache|data|script|env|c|o|i)"
)
_TEXT_PROGRAMS = _words(
    "echo printf logger mail mailx sendmail docker podman kubectl helm git gh sed awk gawk grep egrep fgrep rg jq yq curl wget ssh "
    "psql mysql clickhouse clickhouse-client redis-cli systemctl service apt apt-get yum dnf apk brew pip pip3 pkill pgrep killall "
    "date tr cut expr basename dirname export set unset declare local trap sleep true false exit return read su sudo env timeout "
    "nice flock crontab hostname useradd huggingface-cli ollama aws gsutil terraform ansible nohup : exec command type which "
    "run-parts pueue systemd-run mise uv time ionice xargs for"
)
"""Programs whose words are text, names of other things, or a command that is looked at for itself."""


@dataclass(frozen=True)
class Relative:
    """A part of a command that depends on the working directory. `text` as written.

    `kind`: `program` (`./x`), `script` (what an interpreter is given), `project` (a tool that looks for its project
    upwards from there), `file`, `output` (a redirection's target).
    """

    text: str
    kind: str
    place: Place


def depends_on_directory(command: Command) -> Relative | None:
    """The first thing in a command that depends on where it is started; None as well where it has said where (`-C`)."""
    if command.execution.cwd is not None:
        return None
    return next(_parts(command), None)


def is_relative(arg: Arg) -> bool:
    """Whether a word that is known to be a path certainly depends on the working directory."""
    first = arg.pattern.parts[0] if arg.pattern.parts else ""
    return (
        isinstance(first, str)
        and not first.startswith(("/", "~", "-", "%", "$"))
        and "://" not in first
        and bool(first)
    )


def _parts(command: Command) -> Iterator[Relative]:
    program = command.program
    if program is not None:
        text = program.pattern.literal
        if "/" in text and is_relative(program):
            yield _found(program, "program")
    words = [word or "" for word in command.words]
    if command.name in _PROJECT_PROGRAMS or command.name in _PROJECT_VERBS:
        if command.name == "yarn" and not _HADOOP.isdisjoint(words[:1]):
            return
        if project := _project(command.name, words):
            yield Relative(project, "project", command.place)
    elif script := _script(command):
        yield _found(script, "script")
    elif command.name not in _TEXT_PROGRAMS and not (command.name == "tar" and "-C" in words):
        yield from _files(command)
    for operator, target in command.redirects:
        if (operator.endswith((">", ">>", ">|")) or operator == "<") and is_relative(target):
            literal = target.pattern.literal
            if not literal.isdigit() and not literal.startswith("&"):
                yield _found(target, "output" if ">" in operator else "file")


def _found(arg: Arg, kind: str) -> Relative:
    return Relative(arg.pattern.template, kind, arg.place)


def _project(name: str, words: list[str]) -> str | None:
    """A tool that looks for its project where it is started, unless an option says where it is."""
    if _NO_PROJECT & set(words) or any(_DIRECTORY_OPTIONS.fullmatch(word) for word in words):
        return None
    verbs = _PROJECT_VERBS.get(name)
    operands = [word for word in words if not word.startswith("-")]
    if verbs is not None and (not operands or operands[0] not in verbs):
        return None
    if name == "mise" and operands[0] in {"exec", "x"} and any("@" in word for word in operands[1:2]):
        return None
    if name == "uv" and operands[1:2] and operands[1].endswith(".py") and operands[1].startswith("/"):
        return None  # it may say itself what it needs
    return f"{name} {operands[0]}" if verbs else name


def _script(command: Command) -> Arg | None:
    """The relative script that an interpreter is given."""
    if command.name == "java":
        jar = next((a for o, a in itertools.pairwise(command.args) if o.text == "-jar"), None)
        return jar if jar is not None and is_relative(jar) else None
    if not _INTERPRETERS.fullmatch(command.name):
        return None
    code = next((options for name, options in _CODE_OPTIONS.items() if command.name.startswith(name)), ())
    shell = command.name in _SHELLS
    args = iter(command.args)
    for arg in args:
        text = arg.pattern.literal
        if text in code or (command.name in _SHELLS and (text == "-s" or re.match(r"-[a-z]*c$", text))):
            return None
        if (shell and re.fullmatch(r"[-+][a-zA-Z]*[oO]", text)) or (
            not shell and text in {"-W", "-X", "-I", "-d", "-r", "--require", "--import", "-C", "-L"}
        ):
            next(args, None)
        elif not text.startswith(("-", "+")) or text == "-":
            return arg if text != "-" and is_relative(arg) and not arg.pattern.holes[:1] else None
    return None


def _files(command: Command) -> Iterator[Relative]:
    """Words that are files by their looks: a suffix, a slash, or an option before them that says so."""
    option = ""
    interpreted = bool(_INTERPRETERS.fullmatch(command.name))
    for arg in command.args:
        literal = arg.pattern.literal
        name, equals, value = literal.partition("=")
        if literal.startswith("-"):
            option = literal
            if equals and _PATH_OPTION.fullmatch(name) and _looks_like_file(value):
                yield _found(arg, "file")
            continue
        after = option
        option = ""
        if (
            not is_relative(arg)
            or "=" in literal
            or "," in literal
            or ":" in literal
            or _ZONE.fullmatch(literal)
        ):
            continue
        by_option = bool(after) and not after.partition("=")[1] and bool(_PATH_OPTION.fullmatch(after))
        if command.name in _FILE_PROGRAMS:
            named = after in {
                "-name",
                "-iname",
                "-path",
                "-exclude",
                "--exclude",
                "--include",
                "-iregex",
                "-regex",
            }
            if not named and (
                _SLASHED.fullmatch(literal) or _DOTTED.fullmatch(literal) or _SUFFIX.fullmatch(literal)
            ):
                yield _found(arg, "file")
        elif (
            (_DOTTED.fullmatch(literal) and "/" in literal)
            or (_SLASHED.fullmatch(literal) and (by_option or _SUFFIX.fullmatch(literal.rpartition("/")[2])))
            or (_SUFFIX.fullmatch(literal) and (by_option or interpreted or not after))
        ):
            yield _found(arg, "file")


def _looks_like_file(value: str) -> bool:
    if value.startswith(("/", "~", "\0", "$", "%")) or "://" in value or _ZONE.fullmatch(value):
        return False
    return bool(_SLASHED.fullmatch(value) or _DOTTED.fullmatch(value) or _SUFFIX.fullmatch(value))
