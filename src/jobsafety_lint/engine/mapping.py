"""The map step: one file by itself to its findings and to what other files may need to know of it."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jobsafety_lint import config, discover, suppress, surroundings
from jobsafety_lint.context import Context
from jobsafety_lint.discover import Skipped
from jobsafety_lint.engine.checks import drafts_of, listens, pending_of, rules_for
from jobsafety_lint.engine.config_findings import stale_settings, unknown_rules
from jobsafety_lint.engine.fitting import fitted, python_comments
from jobsafety_lint.engine.sources import source_of
from jobsafety_lint.engine.tasks import Mapped, Options, Task
from jobsafety_lint.meaning.file_facts import FileFacts
from jobsafety_lint.meaning.linting import StaleSetting, UnknownRule, UnreadRegion
from jobsafety_lint.meaning.project.linking import links_of
from jobsafety_lint.meaning.project.links import FileLinks, defined_in
from jobsafety_lint.meaning.reading import read_facts
from jobsafety_lint.model import Crash, Mark, Note, Span
from jobsafety_lint.registry import catalogue, use
from jobsafety_lint.rule import Draft, Where
from jobsafety_lint.rule_index import Listed
from jobsafety_lint.source import Place, Source, SourceFile


def map_file(task: Task, options: Options) -> Mapped:
    """What one file gives by itself. Never raises for what stands in it."""
    use(options.rules_dirs)  # a process of its own knows only what it is told
    item, settings = task.item, task.settings
    mapped = Mapped(item.shown)
    if item.kind not in discover.READ_KINDS:
        return mapped
    source = source_of(task)
    if isinstance(source, Skipped):
        if source.reason and task.given:
            mapped.notes.append(Note(item.shown, source.reason))
            mapped.unread += 1
        return mapped
    if not task.given and item.kind == "python" and not any(m in source.text for m in task.mentions):
        role = task.role
        defined = defined_in(source.text)
        mapped.links = FileLinks(item.path.as_posix(), item.shown, item.kind, role, defined=defined)
        return mapped
    mapped.read = task.given
    with surroundings.noted() as looks:
        try:
            _map_source(source, task, rules_for(item, settings, options), mapped)
        except Exception:  # one file must not end the run: it is reported, and the exit status is 3
            mapped.crashes.append(Crash("engine", item.shown, traceback.format_exc()))
    mapped.looks = frozenset(looks)
    return mapped


@dataclass(frozen=True)
class Reading:
    """What the readers make of a text: how many stretches none can read, and on which lines (from 1) comments stand."""

    unread: int
    comment_lines: frozenset[int]


def reading_of(source: SourceFile, task: Task) -> Reading:
    """How a text of a task's file is read, without a look at what is wrong in it."""
    facts = read_facts(source, task.item.kind, task.item.dialect, pueue_version=task.settings.pueue_version)
    comments = [file.in_file(span) for file, span in facts.comments]
    if task.item.kind == "python":
        comments += python_comments(source)
    unread = facts.silent + len(_unread(facts.facts))
    return Reading(unread, frozenset(source.line_of(span.start) for span in comments))


def _map_source(source: SourceFile, task: Task, rules: Sequence[Listed], mapped: Mapped) -> None:
    item, settings = task.item, task.settings
    role = task.role
    read = functools.partial(
        read_facts,
        source,
        item.kind,
        item.dialect,
        pueue_version=settings.pueue_version,
        queue_commands=settings.words("queue-commands"),
    )
    facts = read()
    if item.kind == "python":
        mapped.vocabulary = source.vocabulary
    if not task.given:
        mapped.links = links_of(facts, item, role)
        return
    crashes: list[Crash] = []
    drafts = drafts_of(rules, facts.facts, Context(source, settings, role, facts.facts), crashes)
    if _confirmed(facts, drafts):
        trees = facts.shell_trees[:1]
        facts = read(trees=trees)
        crashes.clear()
        drafts = drafts_of(rules, facts.facts, Context(source, settings, role, facts.facts), crashes)
    mapped.crashes += crashes
    unread = _unread(facts.facts)
    mapped.unread += facts.silent + len(unread)
    for place in unread:
        mapped.notes.append(Note(item.shown, f"line {place.location.line} not read: JOB001"))
    if facts.silent:
        mapped.notes.append(Note(item.shown, _silently_unread(item.kind, facts.silent)))
    mapped.links = links_of(facts, item, role)
    mapped.suppressions, malformed = _suppressions(facts, noqa=item.kind == "python")
    about: list[object] = [
        *_unknown_rules(mapped.suppressions, malformed, task, source),
        *(stale_settings(task, source) if listens(rules, StaleSetting) else ()),
    ]
    drafts += drafts_of(rules, about, Context(source, settings, "code", about), mapped.crashes)
    drafts = _with_fitting_fixes(_at_exact_places(drafts, facts), facts, item.kind)
    mapped.pending = [
        pending_of(draft, _mark(draft.place, facts), settings)
        for draft in drafts
        if not (isinstance(draft.place, Place) and draft.place.source.file is not source)
    ]


def _unread(facts: Sequence[object]) -> list[Place]:
    """Every stretch that no reader could read, those of one block too."""
    regions = [fact for fact in facts if isinstance(fact, UnreadRegion)]
    return [place for region in regions for place in (region.place, *region.more)]


def _silently_unread(kind: str, count: int) -> str:
    """Why stretches of a file are counted as unread and not reported."""
    if kind == "python":
        return "not read: Python 2, a template, or syntax that is too new to be read"
    parts = "1 part" if count == 1 else f"{count} parts"
    return f"{parts} not read: a template, another shell than bash and sh, or text that its host cuts or fills in"


def _at_exact_places(drafts: Sequence[Draft], facts: FileFacts) -> list[Draft]:
    """Lets libcst read the Python statements that hold findings: it has the last word on where something stands."""
    if facts.source.language != "python" or not any(_is_python(draft, facts) for draft in drafts):
        return list(drafts)
    exact = facts.exact_reader()
    found = []
    for draft in drafts:
        node = exact.node_at(draft.place.span) if exact is not None and _is_python(draft, facts) else None  # type: ignore[union-attr]  # a Place
        found.append(replace(draft, place=Place(facts.source, node)) if node is not None else draft)
    return found


def _is_python(draft: Draft, facts: FileFacts) -> bool:
    return isinstance(draft.place, Place) and draft.place.source is facts.source


def _with_fitting_fixes(drafts: Sequence[Draft], facts: FileFacts, kind: str) -> list[Draft]:
    """The drafts without the fixes that cannot be written where they are to stand."""
    if not any(draft.fix for draft in drafts):
        return list(drafts)
    comments = [source.in_file(span) for source, span in facts.comments]
    if kind == "python":
        comments += python_comments(facts.source)
    return [
        replace(draft, fix=fitted(draft.fix, draft.place, kind, comments))
        if draft.fix is not None and isinstance(draft.place, Place)
        else draft
        for draft in drafts
    ]


def _mark(where: Where, facts: FileFacts) -> Mark:
    if isinstance(where, Mark):
        return where
    return facts.mark(where) if isinstance(where, Place) else Mark(where, "")


def _confirmed(facts: FileFacts, drafts: Sequence[Draft]) -> bool:
    """Lets bashlex read the shell statements that hold findings; whether that has changed a tree of the file itself."""
    changed = False
    for tree in facts.shell_trees[:1]:
        if tree.source.host is None:
            spans = [d.place.source.in_file(d.place.span) for d in drafts if isinstance(d.place, Place)]
            changed = tree.confirm(spans) or changed
    return changed


# --- comments that name rules -----------------------------------------------------------------------------------------


def _suppressions(
    facts: FileFacts, *, noqa: bool
) -> tuple[list[suppress.Suppression], list[suppress.Malformed]]:
    by_source: dict[int, tuple[Source, list[Span]]] = {}
    for source, span in facts.comments:
        by_source.setdefault(id(source), (source, []))[1].append(span)
    found: dict[object, suppress.Suppression] = {}
    malformed: list[suppress.Malformed] = []
    for source, spans in by_source.values():
        more, wrong = suppress.parse(source, spans, noqa=noqa)
        for suppression in more:
            found.setdefault(suppression.location, suppression)
        malformed += wrong
    return list(found.values()), malformed


def _unknown_rules(
    suppressions: Sequence[suppress.Suppression],
    malformed: Sequence[suppress.Malformed],
    task: Task,
    source: Source,
) -> list[UnknownRule]:
    known = catalogue()
    names = {*known, *known.values()}
    about = [UnknownRule(m.location, "this comment", "", None, m.problem) for m in malformed]
    for suppression in suppressions:
        for name, location in suppression.names:
            if name not in names and not suppression.noqa:
                about.append(UnknownRule(location, "this suppression", name, config.nearest(name, names)))
    return [*about, *unknown_rules(task, source, known)]
