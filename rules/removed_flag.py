"""JOB320: an option or subcommand that the configured pueue does not have."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.queue.grammar import QueueCommand, UnknownOption
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB320",
    "removed-flag",
    "a pueue option or subcommand that the configured version does not have",
    Severity.ERROR,
    Confidence.HIGH,
)

_INSTEAD = {
    (4, "--children"): "leave it out: every process of a task is signalled anyway",
    (4, "-c"): "leave it out: every process of a task is signalled anyway",
    (4, "--start-immediately"): "it is called `--immediate` (`-k`) now",
    (4, "--edit-path"): "`--edit` opens all properties in one file",
    (4, "--edit-label"): "`--edit` opens all properties in one file",
    (4, "--edit-priority"): "`--edit` opens all properties in one file",
    (3, "--immediate"): "it is called `--start-immediately` (`-k`) there",
    (4, "format-status"): "`pueue status --json` with jq gives what it formatted",
}
_ALSO = {("restart", "--group"): "it is called `--failed-in-group` (`-g`)"}


@RULE.on(QueueCommand)
def version(call: QueueCommand, context: Context) -> Iterator[Draft]:
    """What the parser of the configured version refuses."""
    major = context.settings.pueue_version
    grammar = call.grammar
    if grammar is not None and major not in grammar.versions:
        name = call.subcommand.partition(" ")[0]
        yield RULE.found(
            call.head,
            f"`pueue {name}` exists in pueue {_listed(grammar.versions)}, not in pueue {major}, so this fails",
            label=_INSTEAD.get(
                (major, name), f"set `pueue-version = {grammar.versions[0]}` if that is what runs here"
            ),
            data={"subcommand": name, "versions": list(grammar.versions)},
        )
        return
    swallowed = call.swallowed
    for option in call.unknown:
        if swallowed not in call.command.args[: call.command.args.index(option.word)]:
            yield _option(call, option, major)
        return  # pueue stops at the first one, too


def _option(call: QueueCommand, option: UnknownOption, major: int) -> Draft:
    if option.versions:
        what = f"exists in pueue {_listed(option.versions)}, not in pueue {major}"
        label = (
            _INSTEAD.get((major, option.name))
            or f"set `pueue-version = {option.versions[0]}` if that is what runs here"
        )
    else:
        what = "does not exist"
        label = _ALSO.get(
            (call.subcommand, option.name), f"`pueue {call.subcommand} --help` lists what there is"
        )
    return RULE.found(
        call.through(option.word),
        f"`{option.name}` of `pueue {call.subcommand}` {what}, so the command is refused",
        label=label,
        confidence=Confidence.HIGH if option.versions else Confidence.MEDIUM,
        data={"option": option.name, "versions": list(option.versions)},
    )


def _listed(versions: tuple[int, ...]) -> str:
    return " and ".join(str(version) for version in versions)
