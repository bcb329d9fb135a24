"""JOB805: the ClickHouse image is started without a word about a password."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.configuration import Service
from jobsafety_lint.model import Confidence, Edit, Fix, Severity, Span
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB805",
    "clickhouse-without-password",
    "the ClickHouse image started without a password setting",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("G-2",),
    fix="unsafe",
    unsafe_because="the variable has to be set where the container is started, and the clients have to send it",
)

_IMAGE = re.compile(
    r"^(?:\S+/)?(?:clickhouse|yandex|altinity)/clickhouse-server(?:[:@].*)?$"
    r"|^(?:(?:docker\.io/)?library/|docker\.io/)?clickhouse(?:[:@].*)?$"
)
_SETTINGS = frozenset({"CLICKHOUSE_PASSWORD", "CLICKHOUSE_PASSWORD_FILE", "CLICKHOUSE_SKIP_USER_SETUP"})
_USERS_FILES = re.compile(
    r"users\.d|users\.(?:xml|ya?ml)|/etc/clickhouse-server(?:/?$|/?:)|default-user|/entrypoint"
)
_FLAGS = frozenset(
    {
        "-d", "--detach", "-i", "--interactive", "-t", "--tty", "--rm", "--init", "--privileged", "-P", "--publish-all", "--read-only",
        "-q", "--quiet", "--no-healthcheck", "--oom-kill-disable", "--sig-proxy", "--replace", "--rmi", "--no-hosts", "--tls-verify",
        "--disable-content-trust", "--use-api-socket",
    }
)  # fmt: skip
"""Options of `docker run` and `podman run` without a value; all others take one."""
_GIVES_ELSEWHERE = frozenset({"--env-file", "--entrypoint", "--volumes-from", "--secret", "--env-host"})
_DOCKERS = frozenset({"docker", "podman", "nerdctl"})
_LABEL = "set CLICKHOUSE_PASSWORD, or say CLICKHOUSE_SKIP_USER_SETUP=1 if it is meant to be open"


@RULE.on(Command, of=_DOCKERS)
def container(command: Command, context: Context) -> Iterator[Draft]:
    """`docker run … clickhouse/clickhouse-server`."""
    verbs = [word or "" for word in command.words[:2]]
    if not {"run", "create"} & set(verbs):
        return
    start = verbs.index("run") if "run" in verbs else verbs.index("create")
    options, rest = _split(command.args[start + 1 :])
    if not rest or not _IMAGE.match(rest[0].pattern.literal) or not _starts_server(rest[1:]):
        return
    names: set[str] = set()
    for option, value in options:
        text = value.pattern.literal if value is not None else ""
        if option in _GIVES_ELSEWHERE or (
            option in {"-v", "--volume", "--mount"} and _USERS_FILES.search(text)
        ):
            return
        if option in {"-e", "--env"}:
            names.add(text.partition("=")[0])
        if option == "" or "\0" in _decisive(option, text):
            return  # a variable that may hold anything
    if names & _SETTINGS:
        return
    image = rest[0]
    fix = None
    far = command.execution.host is not None or command.through("sudo") is not None
    if (
        not far
        and command.language == "shell"
        and image.place.source.text[image.place.span.start : image.place.span.end] == image.text
    ):
        at = Place(image.place.source, Span(image.place.span.start, image.place.span.start))
        fix = Fix("take the password from the environment", (Edit(at.location, "-e CLICKHOUSE_PASSWORD "),))
    yield _found(command.place, names, fix)


@RULE.on(Service)
def service(entry: Service, context: Context) -> Iterator[Draft]:
    """A service of a compose file."""
    if not _IMAGE.match(entry.image) or entry.environment_files or entry.variables.keys() & _SETTINGS:
        return
    if {"entrypoint", "extends", "secrets", "env_file", "<<"} & entry.settings.keys():
        return
    mounted = (*entry.settings.get("volumes", ()), *entry.settings.get("configs", ()))
    command = entry.settings.get("command", ())
    if any(_USERS_FILES.search(text) for text in mounted) or (command and not command[0].startswith("--")):
        return
    yield _found(entry.place, set(entry.variables), _compose_fix(entry))


def _decisive(option: str, text: str) -> str:
    """The part of an option's value on which it depends whether it says something of the users: the name of a variable of the
    environment, the place of a folder in the container.
    """
    if option in {"-e", "--env"}:
        return text.partition("=")[0]
    if option in {"-v", "--volume"}:
        return text.partition(":")[2] or text
    if option == "--mount":
        target = re.search(r"(?:target|dst|destination)=([^,]*)", text)
        return target[1] if target is not None else text
    return ""


def _found(place: Place, names: set[str], fix: Fix | None) -> Draft:
    if "CLICKHOUSE_USER" in names or "CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT" in names:
        what = "its user gets an empty password, and may log in from everywhere"
    else:
        what = "newer images then shut the user `default` off from the network, older ones let everybody in"
    return RULE.found(
        place, f"ClickHouse is started without a password setting: {what}", label=_LABEL, fix=fix
    )


def _split(args: Sequence[Arg]) -> tuple[list[tuple[str, Arg | None]], Sequence[Arg]]:
    """The options of `docker run` with their values, and the image with what follows it."""
    options: list[tuple[str, Arg | None]] = []
    at = 0
    while at < len(args):
        text = args[at].pattern.literal
        if args[at].splits and text.startswith("\0"):
            options.append(("", args[at]))
        elif not text.startswith("-"):
            break
        elif "=" in text and text.startswith("--"):
            options.append((text.partition("=")[0], _value(args[at], text.index("=") + 1)))
        elif text in _FLAGS or re.fullmatch(r"-[ditPq]{2,}", text):
            options.append((text, None))
        elif (
            text[:2] in {"-e", "-v", "-p", "-w", "-u", "-h", "-m", "-l"} and len(text) > 2 and text[1] != "-"
        ):
            options.append((text[:2], _value(args[at], 2)))
        else:
            cluster = re.fullmatch(r"-[ditPq]+([a-zA-Z])", text)
            at += 1
            options.append((f"-{cluster[1]}" if cluster else text, args[at] if at < len(args) else None))
        at += 1
    return options, args[at:]


def _value(arg: Arg, skip: int) -> Arg:
    from jobsafety_lint.meaning.wrappers import tail

    return tail(arg, skip)


def _starts_server(rest: Sequence[Arg]) -> bool:
    """Whether the image's own command is run: nothing behind it, or options of the server."""
    return not rest or rest[0].pattern.literal.startswith("--")


def _compose_fix(entry: Service) -> Fix | None:
    """A line more in the service's environment, in the style that it has."""
    file = entry.place.source
    where = entry.environment_place
    if entry.host != "compose":
        return None
    anchor = next(iter(entry.variables.values())).place if entry.variables else entry.place
    line = file.line_span(file.line_of(anchor.span.start))
    before = file.text[line.start : anchor.span.start]
    value = "${CLICKHOUSE_PASSWORD:?}"
    if where is not None and entry.variables and re.fullmatch(r"[ ]*", before):
        text = f"{before}CLICKHOUSE_PASSWORD: {value}\n"
    elif where is not None and entry.variables and re.fullmatch(r"[ ]*-[ ]+", before):
        text = f"{before}CLICKHOUSE_PASSWORD={value}\n"
    elif where is None and entry.image and re.fullmatch(r"[ ]*", before):
        text = f"{before}environment:\n{before}  CLICKHOUSE_PASSWORD: {value}\n"
    else:
        return None
    at = Place(file, Span(line.start, line.start)).location
    return Fix("ask for the password", (Edit(at, text),))
