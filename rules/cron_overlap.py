"""JOB609: a frequent cron job that nothing keeps from running beside itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.daemons import CronEntry, script_text
from jobsafety_lint.meaning.queue.grammar import parse
from jobsafety_lint.meaning.wrappers import SUBMITTERS
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RULE = Rule(
    "JOB609",
    "cron-overlap",
    "a frequent cron job without a lock",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-2",),
)

_LOCKING = _words(
    "flock run-one run-this-one keep-one-running setlock lockf lockrun lckdo dotlockfile lockfile solo with-lock-ex chpst "
    "shlock lockfile-create consul-lock semaphore sem"
)
_QUEUES = SUBMITTERS | _words("tsp ts nq at batch")
_LOOKS = _words("pgrep pidof ps")
_ONCE = frozenset({"systemctl", "systemd-run", "service", "initctl", "supervisorctl", "launchctl"})
_SHORT = _words(
    "echo printf date touch logger true false : cd test [ [[ export set sleep curl wget ping nc df free uptime ps kill pkill killall "
    "ntpdate chronyc hwclock sync find rm rmdir mkdir chmod chown cp mv ln cat tail head wc grep sed awk logrotate certbot run-parts "
    "sa1 sa2 sadc debian-sa1 munin-cron munin-node sessionclean crontab nvidia-smi vmstat iostat sensors ip iptables ufw mail sendmail "
    "command type which exit if umask ulimit . source atrun anacron postqueue postsuper vcgencmd notify-send"
)
"""Programs that are done in a moment, or that lock themselves."""
_SHORT_DOCKER = _words(
    "ps rm rmi prune restart stop start cp kill system image container volume logs inspect stats"
)
_LOCKS_ITSELF = re.compile(
    r"\bflock\b|\blockf\b|\bsetlock\b|\brun-one\b|\bfcntl\b|\bfilelock\b|\bportalocker\b|\bFileLock\b|\bfasteners\b|\bpidfile\b"
    r"|mkdir [^\n]*lock|\blockfile\b|\bsingleton\b|\bpg_try_advisory_lock\b|\bset -C\b|\bnoclobber\b|O_EXCL",
    re.IGNORECASE,
)
_SCHEDULERS = re.compile(r"schedule:run|core-cron|\bdrush\b.*\bcron\b|wp\b.*\bcron\b|cron\.php")
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


@RULE.on(CronEntry)
def overlap(entry: CronEntry, context: Context) -> Iterator[Draft]:
    """An entry that cron starts more often than once an hour."""
    if entry.minutes is None or not entry.commands:
        return
    every = "every minute" if entry.minutes == 1 else f"every {entry.minutes} minutes"
    launches = [c for c in entry.commands if (call := parse(c)) is not None and call.subcommand == "add"]
    if any(command.name in _LOCKING or command.execution.lock for command in entry.commands):
        return
    if any(_takes_folder(command, entry) for command in entry.commands):
        return
    if launches:
        if not _looks(entry):
            yield RULE.found(
                entry.schedule_place,
                f"{every} another job is queued, whether or not the last one has run",
                label="look for the label in `pueue status --json` first",
                data={"minutes": entry.minutes},
            )
        return
    work = _work(entry, context)
    if work is None:
        return
    yield RULE.found(
        entry.schedule_place,
        f"cron starts `{_short(work)}` {every}, whether or not the last run has ended: a slow run has a second one beside it",
        label="wrap it in `flock -n`",
        data={"minutes": entry.minutes},
    )


def _takes_folder(command: Command, entry: CronEntry) -> bool:
    """Whether a folder is the lock: `mkdir /tmp/x && { work; rmdir /tmp/x; }`."""
    return (
        command.name == "mkdir"
        and command.status == "branch"
        and len(command.args) == 1
        and any(other.name == "rmdir" and other.words == command.words for other in entry.commands)
    )


def _looks(entry: CronEntry) -> bool:
    """Whether anything asks what is queued or running."""
    for command in entry.commands:
        call = parse(command)
        if command.name in _LOOKS or (call is not None and call.subcommand in {"status", "log", "wait"}):
            return True
    return False


def _work(entry: CronEntry, context: Context) -> Command | None:
    """The command that may take longer than the time between two starts, with nothing to keep the next one away."""
    work: Command | None = None
    wrappers = {id(wrapper) for command in entry.commands for wrapper in command.outer}
    for command in entry.commands:
        if command.name in _LOOKS or command.name in _QUEUES or command.name in _ONCE:
            return None
        if command.name in {"test", "["} and re.search(r"lock|pid", command.place.text):
            return None
        if _is_bounded(command, (entry.minutes or 1) * 60) or command.through("ssh") is not None:
            return None
        if _SCHEDULERS.search(command.place.text):
            return None
        if id(command) in wrappers or _is_short(command) or command.execution.queue:
            continue
        text = script_text(command, context.file)
        if text is not None and _LOCKS_ITSELF.search(text):
            return None
        work = work or command
    return work


def _is_short(command: Command) -> bool:
    if command.name in {"docker", "podman"}:
        return bool(set(command.words[:1]) & _SHORT_DOCKER)
    call = parse(command)
    if call is not None:
        return call.subcommand not in {"wait", "follow"}  # the daemon does the work
    return not command.name or command.name in _SHORT


def _is_bounded(command: Command, seconds: int) -> bool:
    """`timeout 4m …` every five minutes."""
    if command.name != "timeout":
        return False
    for word in command.words:
        duration = _DURATION.fullmatch(word or "")
        if duration:
            return float(duration["number"]) * _SECONDS[duration["unit"]] < seconds
    return False


def _short(command: Command) -> str:
    text = " ".join(command.place.text.split())
    return text if len(text) <= 60 else text[:59] + "…"
