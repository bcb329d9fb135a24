"""From files to a report: read, dispatch facts to the checks that listen, keep what is to be kept."""

from __future__ import annotations

import functools
import gc
import hashlib
import os
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from jobsafety_lint import config, discover, suppress
from jobsafety_lint.config import Mention, Selection, Settings
from jobsafety_lint.context import Context
from jobsafety_lint.discover import Discovered, Skipped
from jobsafety_lint.meaning.linting import UnknownRule, UnreadRegion, UnusedSuppression
from jobsafety_lint.meaning.reading import FileFacts, read_facts
from jobsafety_lint.model import (
    Confidence,
    Crash,
    Finding,
    Location,
    Note,
    Related,
    Report,
    Severity,
    Span,
    Summary,
)
from jobsafety_lint.registry import all_rules, catalogue
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place, Source, SourceFile

_FEW = 24
"""Below this many files, starting processes costs more than it brings."""


@dataclass(frozen=True)
class Options:
    """What a run is asked for. `cli` holds the selectors of the command line."""

    cli: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pedantic: bool = False
    min_severity: Severity = Severity.INFO
    jobs: int = 0


@dataclass(frozen=True)
class Task:
    """A file with the settings that count for it. `text` is given where the file is not on disk (stdin)."""

    item: Discovered
    settings: Settings
    data: bytes | None = None


@dataclass
class Result:
    """What came out of one file."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    crashes: list[Crash] = field(default_factory=list)
    suppressed: int = 0
    hidden: int = 0
    unread: int = 0
    read: bool = False


def run(tasks: Sequence[Task], options: Options, progress: Callable[[int], None] | None = None) -> Report:
    """Checks the files and puts together the report. `progress` is told how many files are done."""
    results: list[Result] = []
    for result in _results(tasks, options):
        results.append(result)
        if progress is not None:
            progress(len(results))
    findings = sorted((f for r in results for f in r.findings), key=lambda f: f.sort_key)
    summary = Summary(
        files=sum(r.read for r in results),
        suppressed=sum(r.suppressed for r in results),
        hidden=sum(r.hidden for r in results),
        unread=sum(r.unread for r in results),
    )
    crashes = tuple(c for r in results for c in r.crashes)
    return Report(tuple(findings), summary, crashes, tuple(n for r in results for n in r.notes))


def _results(tasks: Sequence[Task], options: Options) -> Iterator[Result]:
    jobs = options.jobs or os.cpu_count() or 1
    if jobs == 1 or len(tasks) < _FEW:
        gc.freeze()
        for task in tasks:
            yield check_file(task, options)
        return
    largest_first = sorted(tasks, key=lambda task: -_size(task.item.path))
    chunk = max(1, min(32, len(tasks) // (jobs * 4)))
    with ProcessPoolExecutor(jobs, initializer=gc.freeze) as pool:
        yield from pool.map(functools.partial(check_file, options=options), largest_first, chunksize=chunk)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def check_file(task: Task, options: Options) -> Result:
    """Everything that is found in one file."""
    item, settings = task.item, task.settings
    result = Result()
    if item.kind not in discover.READ_KINDS:
        return result
    if task.data is not None:
        source = discover.decode(task.data, item.path, item.shown)
    else:
        source = discover.read(item.path, item.shown, settings.max_file_size)
    if isinstance(source, Skipped):
        if source.reason:
            result.notes.append(Note(item.shown, source.reason))
            result.unread += 1
        return result
    result.read = True
    try:
        _check_source(source, task, options, result)
    except Exception:  # one file must not end the run: it is reported, and the exit status is 3
        result.crashes.append(Crash("engine", item.shown, traceback.format_exc()))
    return result


def _check_source(source: SourceFile, task: Task, options: Options, result: Result) -> None:
    item, settings = task.item, task.settings
    known = catalogue()
    selection = Selection.of(known, settings, options.cli)
    off = settings.ignored_in(item.path)
    rules = [
        rule for rule in all_rules() if rule.code in selection.codes and not off & {rule.code, rule.name}
    ]
    if not any(any(config.matches(name, rule.code, rule.name) for name in off) for rule in rules):
        active = rules
    else:
        active = [r for r in rules if not any(config.matches(name, r.code, r.name) for name in off)]
    role = discover.role_of(item.path, settings)
    facts = read_facts(source, item.kind, item.dialect, pueue_version=settings.pueue_version)
    drafts = _drafts(active, facts, Context(source, settings, role, facts.facts), result)
    if _confirmed(facts, drafts):
        trees = facts.shell_trees[:1]
        facts = read_facts(source, item.kind, item.dialect, pueue_version=settings.pueue_version, trees=trees)
        result.crashes.clear()
        drafts = _drafts(active, facts, Context(source, settings, role, facts.facts), result)
    result.unread += facts.silent + sum(isinstance(fact, UnreadRegion) for fact in facts.facts)
    findings = _findings(drafts, facts, settings)
    findings += _about_comments(findings, facts, task, active, known, result)
    for finding in findings:
        if (
            finding.confidence is Confidence.LOW
            and not options.pedantic
            and finding.code not in selection.by_name
        ) or finding.severity.rank < options.min_severity.rank:
            result.hidden += 1
        else:
            result.findings.append(finding)


def _drafts(rules: Sequence[Rule], facts: FileFacts, context: Context, result: Result) -> list[Draft]:
    listeners: dict[type, list[tuple[Rule, Callable[..., Iterator[Draft]]]]] = {}
    for rule in rules:
        for kind, check in rule.checks:
            listeners.setdefault(kind, []).append((rule, check))
    drafts: list[Draft] = []
    for fact in facts.facts:
        for rule, check in listeners.get(type(fact), ()):
            try:
                drafts += check(fact, context)
            except Exception:  # a rule's bug: reported as a crash, the rest goes on
                result.crashes.append(Crash(rule.code, context.file.path, traceback.format_exc()))
    drafts = [draft for draft in drafts if _is_in(draft, facts.source)]
    spoken = {(draft.rule.code, _key(draft)) for draft in drafts}
    kept: dict[tuple[str, Location, str], Draft] = {}
    for draft in drafts:
        if any((code, _key(draft)) in spoken for code in draft.rule.silent_where):
            continue
        at = draft.place.location if isinstance(draft.place, Place) else draft.place
        kept.setdefault((draft.rule.code, at, str(draft.subject)), draft)
    return list(kept.values())


def _is_in(draft: Draft, source: Source) -> bool:
    """Whether a finding stands in the file at hand: what is wrong in a sourced file is reported with that one."""
    return not isinstance(draft.place, Place) or draft.place.source.file is source.file


def _key(draft: Draft) -> object:
    return draft.subject if draft.subject is not None else draft.place


def _confirmed(facts: FileFacts, drafts: Sequence[Draft]) -> bool:
    """Lets bashlex read the shell statements that hold findings; whether that has changed a tree of the file itself."""
    changed = False
    for tree in facts.shell_trees[:1]:
        if tree.source.host is None:
            spans = [d.place.source.in_file(d.place.span) for d in drafts if isinstance(d.place, Place)]
            changed = tree.confirm(spans) or changed
    return changed


def _findings(drafts: Sequence[Draft], facts: FileFacts, settings: Settings) -> list[Finding]:
    prepared = []
    for draft in drafts:
        if isinstance(draft.place, Place):
            location, anchors = draft.place.location, facts.anchors(draft.place)
            text, names = facts.statement_text(draft.place), facts.definitions(draft.place)
        else:
            location, anchors, text, names = draft.place, (), draft.message, ()
        prepared.append((location, draft, anchors, (draft.rule.code, text, *names)))
    prepared.sort(key=lambda entry: (entry[0], entry[1].rule.code))
    ordinals: Counter[tuple[str, ...]] = Counter()
    findings = []
    for location, draft, anchors, identity in prepared:
        ordinals[identity] += 1
        digest = hashlib.sha256("\0".join((*identity, str(ordinals[identity]))).encode()).hexdigest()[:16]
        findings.append(_finding(draft, location, anchors, digest, settings))
    return findings


def _finding(
    draft: Draft,
    location: Location,
    anchors: tuple[tuple[int, int], ...],
    fingerprint: str,
    settings: Settings,
) -> Finding:
    rule = draft.rule
    severities = settings.get("severity")
    severity = severities.get(rule.code) or severities.get(rule.name)
    provenance = settings.get("provenance")
    incident = provenance.get(rule.code) or provenance.get(rule.name)
    data = {**draft.data, "incident": incident} if incident else dict(draft.data)
    return Finding(
        rule.code,
        rule.name,
        Severity(severity) if severity else draft.severity,
        draft.confidence,
        draft.message,
        location,
        draft.label,
        tuple(Related(place.location, text) for place, text in draft.related),
        draft.fix,
        rule.references,
        data,
        anchors,
        fingerprint,
    )


def _about_comments(
    findings: list[Finding],
    facts: FileFacts,
    task: Task,
    rules: Sequence[Rule],
    known: Mapping[str, str],
    result: Result,
) -> list[Finding]:
    """Applies the suppressions to `findings` (in place) and returns what is to be said of the comments themselves."""
    suppressions, malformed = _suppressions(facts, noqa=task.item.kind == "python")
    lines = facts.source.text.split("\n")
    about: list[object] = [UnknownRule(m.location, "this comment", "", None, m.problem) for m in malformed]
    names = {*known, *known.values()}
    for suppression in suppressions:
        for name, location in suppression.names:
            if name not in names and not suppression.noqa:
                about.append(UnknownRule(location, "this suppression", name, config.nearest(name, names)))
    about += _mentions(task, facts.source, known)
    context = Context(facts.source, task.settings, "code", about)
    mine = _findings(_drafts(rules, _only(facts, about), context, result), facts, task.settings)
    both, count = suppress.apply([*findings, *mine], suppressions, lines)
    findings[:] = [f for f in both if f in findings]
    mine = [f for f in both if f in mine]
    result.suppressed += count
    ran = {rule.code for rule in rules} | {rule.name for rule in rules}
    unused: list[object] = []
    for suppression in suppressions:
        idle = [
            (name, location)
            for name, location in suppression.names
            if name not in suppression.used
            and name in names
            and name in ran
            and name not in {"JOB002", "unused-suppression"}
        ]
        if idle and all(name in ran or name not in names for name, _ in suppression.names):
            edit = suppress.removal(suppression, [name for name, _ in idle])
            where = suppression.location if len(idle) == len(suppression.names) else idle[0][1]
            unused.append(UnusedSuppression(where, tuple(name for name, _ in idle), edit))
    drafts = _drafts(
        rules, _only(facts, unused), Context(facts.source, task.settings, "code", unused), result
    )
    late, more = suppress.apply(_findings(drafts, facts, task.settings), suppressions, lines)
    result.suppressed += more
    return [*mine, *late]


def _only(facts: FileFacts, about: list[object]) -> FileFacts:
    return replace(facts, facts=about)


def _suppressions(
    facts: FileFacts, *, noqa: bool
) -> tuple[list[suppress.Suppression], list[suppress.Malformed]]:
    by_source: dict[int, tuple[Source, list[Span]]] = {}
    for source, span in facts.comments:
        by_source.setdefault(id(source), (source, []))[1].append(span)
    found: list[suppress.Suppression] = []
    malformed: list[suppress.Malformed] = []
    seen: set[Location] = set()
    for source, spans in by_source.values():
        more, wrong = suppress.parse(source, spans, noqa=noqa)
        found += [s for s in more if s.location not in seen]
        seen |= {s.location for s in more}
        malformed += wrong
    return found, malformed


def _mentions(task: Task, source: Source, known: Mapping[str, str]) -> list[object]:
    """The rules that a configuration file names and that do not exist, at the place of the name."""
    if task.item.kind != "config":
        return []
    found: list[object] = []
    for mention in _mentions_in(task.item.path):
        if config.is_known(mention.name, known):
            continue
        at = _find_name(source, mention.name)
        close = config.nearest(mention.name, [*known, *known.values()])
        found.append(UnknownRule(source.location(at), f"`{mention.key}`", mention.name, close))
    return found


def _mentions_in(path: Path) -> tuple[Mention, ...]:
    try:
        settings = config.load(path)
    except config.ConfigError:
        return ()
    return settings.mentions if settings else ()


def _find_name(source: Source, name: str) -> Span:
    for quoted in (f'"{name}"', f"'{name}'", name):
        at = source.text.find(quoted)
        if at >= 0:
            return Span(at, at + len(quoted))
    return Span(0, 0)
