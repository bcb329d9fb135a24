"""JOB707: a glob deletes every job's checkpoints without asking who owns them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Pipe
from jobsafety_lint.meaning.deployment.changes import asks, looks, shortened
from jobsafety_lint.meaning.deployment.rows import Row, Step
from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.files import Delete, Glob
from jobsafety_lint.meaning.paths import words_of
from jobsafety_lint.meaning.project.starters import COMPANY
from jobsafety_lint.meaning.project.state_paths import is_wide, jobs_state
from jobsafety_lint.meaning.systems import runs_alone
from jobsafety_lint.meaning.wrappers import SUBMITTERS
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB707",
    "shared-state-wiped",
    "a glob deletes every job's checkpoints without asking who owns them",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-2",),
)

_ON_REQUEST = re.compile(r"clean|reset|fresh|force|purge|wipe|clear|scratch", re.IGNORECASE)
_OLD_ONLY = re.compile(r"-(?:mtime|mmin|atime|amin|ctime|cmin|newer|older)\b|! *-newer")
_STOPS = frozenset({"scancel", "qdel", "bkill", "condor_rm"})
_OUTPUT_WORDS = frozenset(
    {"slurm", "sbatch", "pbs", "sge", "condor", "job", "jobs", "log", "logs", "output", "outputs", "results"}
)
_PURGES = re.compile(r"^(?:dist)?clean(?:-?all)?$|clobber|uninstall|teardown", re.IGNORECASE)


@RULE.on(Row)
def in_shell(row: Row, context: Context) -> Iterator[Draft]:
    """Commands that delete by a pattern, or a whole folder of state."""
    if context.role in {"test", "docs"} or _PURGES.search(row.title.rpartition("/")[2].rpartition(".")[2]):
        return
    facts: list[Glob | Delete] = [*context.all(Glob), *context.all(Delete)]
    wiped = {_deleted_at(fact): fact for fact in facts if fact.language == "shell" and _wipes(fact)}
    if not wiped:
        return
    for step in _unlooked(row, context):
        fact = wiped.pop(step.place, None)
        if fact is None or runs_alone(fact.place, fact.execution):
            continue
        if not _OLD_ONLY.search(f"{fact.place.text}\n{step.place.text}"):
            yield _finding(fact, step.place, shortened(step.command), _confidence(step.execution))


def _deleted_at(fact: Glob | Delete) -> Place:
    """The command that deletes: for `for f in ckpt/*; do rm "$f"; done`, that in the loop."""
    return (fact.use("delete") or fact.place) if isinstance(fact, Glob) else fact.place


@RULE.on(Row)
def before_submission(row: Row, context: Context) -> Iterator[Draft]:
    """The folder that jobs write to is emptied, then jobs are queued: those of an earlier submission may still run."""
    if context.role in {"test", "docs"}:
        return
    emptied = {glob.place: glob for glob in context.all(Glob) if glob.language == "shell" and _empties(glob)}
    if not emptied:
        return
    found: list[tuple[Step, Glob]] = []
    for step in _unlooked(row, context):
        glob = emptied.pop(step.place, None)
        if glob is not None and not _confidence(step.execution):
            found.append((step, glob))
        elif found and _submits(step):
            break
    else:
        return
    for act, glob in found:
        folder = glob.path.parent.template
        yield RULE.found(
            act.place,
            f"`{shortened(act.command)}` empties `{folder}`, then jobs are queued: those of an earlier submission may still write there",
            label="use a folder for each submission, or look at what is running first",
            related=((step.place, "queued here"),),
            data={"path": glob.path.template},
            subject=glob.place,
        )


def _unlooked(row: Row, context: Context) -> Iterator[Step]:
    """The steps up to the first that decides by what is running, asks somebody, or stops the jobs."""
    seen = looks(row, context.all(Pipe))
    for at, step in enumerate(row.steps):
        if asks(step) or (at in seen and seen[at].decides):
            return
        if isinstance(step, Step):
            if _stops_jobs(step):
                return
            yield step


def _stops_jobs(step: Step) -> bool:
    stops_all = step.subcommand == "kill" and step.call is not None and step.call.has("-a", "--all")
    return stops_all or step.subcommand == "reset" or step.command.name in _STOPS


def _submits(step: Step) -> bool:
    """Whether a step queues a job and goes on."""
    if step.execution.queue is not None or step.execution.host is not None:
        return False
    if step.command.name in SUBMITTERS:
        return not {"--wait", "-W", "-K", "-sync"} & set(step.command.words)
    return step.launch is not None


def _empties(glob: Glob) -> bool:
    """Whether everything in a folder of the output of jobs is deleted, one that is the same for all submissions."""
    folder = glob.path.parent
    if glob.use("delete") is None or glob.filtered_by or glob.path.name.text != "*":
        return False
    return folder.text is not None and bool(_OUTPUT_WORDS & set(words_of(folder.name.text or "")))


@RULE.on(Glob)
def by_loop(glob: Glob, context: Context) -> Iterator[Draft]:
    """`for p in folder.glob("*.json"): p.unlink()`."""
    yield from _in_python(glob, glob.use("delete") or glob.place, context)


@RULE.on(Delete)
def whole_tree(delete: Delete, context: Context) -> Iterator[Draft]:
    """`shutil.rmtree(folder)`."""
    yield from _in_python(delete, delete.place, context)


def _in_python(fact: Glob | Delete, act: Place, context: Context) -> Iterator[Draft]:
    if fact.language != "python" or context.role in {"test", "docs"} or not _wipes(fact):
        return
    names = fact.execution.functions
    for row in context.all(Row):
        if any(look.decides for look in looks(row, context.all(Pipe)).values()) or any(map(asks, row.steps)):
            return
    confidence = _confidence(fact.execution)
    if any(_ON_REQUEST.search(name) for name in names):
        confidence = Confidence.LOW
    yield _finding(fact, act, " ".join(fact.place.text.split())[:60], confidence)


def _finding(fact: Glob | Delete, act: Place, shown: str, confidence: Confidence | None) -> Draft:
    related = ((fact.place, "what is found here"),) if act.span != fact.place.span else ()
    return RULE.found(
        act,
        f"`{shown}` takes the {jobs_state(fact.path)} of every job, also of those that are running",
        label="delete one job's file, or look at `pueue status --json` first",
        related=related,
        confidence=Confidence.LOW if fact.path.in_temporary_folder else confidence,
        data={"path": fact.path.template},
        subject=fact.place,
        supposes=frozenset({COMPANY}),
    )


def _confidence(execution: Execution) -> Confidence | None:
    """Low where somebody asks for it: `if [ "$1" = --clean ]`."""
    asked = any(_ON_REQUEST.search(arm.statement.text[:80]) for arm in execution.arms)
    return Confidence.LOW if asked else None


def _wipes(fact: Glob | Delete) -> bool:
    """Whether a glob whose finds are deleted, or a tree that is, takes in every job's state."""
    here = fact.execution.cwd
    path = here.joined(fact.path) if here is not None and fact.path.is_relative else fact.path
    if isinstance(fact, Glob):
        deleted = fact.use("delete") is not None and not fact.filtered_by
        if fact.by == "for" and fact.use("read", "move", "merge", "copy") is not None:
            return False  # something is done with each before it goes
        return deleted and is_wide(path, fact.execution)
    return fact.what == "tree" and is_wide(path, fact.execution, tree=True)
