"""Running the checks of rules over facts, and making findings of what they say."""

from __future__ import annotations

import hashlib
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from jobsafety_lint import config
from jobsafety_lint.config import Selection, Settings
from jobsafety_lint.context import Context
from jobsafety_lint.discover import Discovered
from jobsafety_lint.engine.tasks import Options, Pending
from jobsafety_lint.model import Confidence, Crash, Finding, Location, Mark, Related, Severity
from jobsafety_lint.registry import catalogue, listed
from jobsafety_lint.rule import Draft, Rule, Where
from jobsafety_lint.rule_index import Listed, kind_name
from jobsafety_lint.source import Place, Source

_MOST = 1000


def selection_of(settings: Settings, options: Options) -> Selection:
    """Which rules the settings and the command line select."""
    return _selected(settings, options)[0]


def rules_for(item: Discovered, settings: Settings, options: Options) -> list[Listed]:
    """The rules that run on a file."""
    rules = selected_rules(settings, options)
    off = settings.ignored_in(item.path)
    if not off:
        return rules
    return [rule for rule in rules if not any(config.matches(name, rule.code, rule.name) for name in off)]


def selected_rules(settings: Settings, options: Options) -> list[Listed]:
    """The rules that settings and options select, whatever the file."""
    return _selected(settings, options)[1]


_SELECTED: dict[tuple[str, str], tuple[Selection, list[Listed]]] = {}
"""What settings and options have come to."""


def _selected(settings: Settings, options: Options) -> tuple[Selection, list[Listed]]:
    key = (settings.digest, options.selecting)
    known = _SELECTED.get(key)
    if known is None:
        if len(_SELECTED) > _MOST:
            _SELECTED.clear()
        selection = Selection.of(catalogue(), settings, options.cli)
        rules = [rule for rule in listed() if rule.code in selection.codes]
        known = _SELECTED[key] = (selection, rules)
    return known


def listens(rules: Iterable[Listed], kind: type) -> bool:
    """Whether one of the rules listens to a kind of fact."""
    name = kind_name(kind)
    return any(name in rule.kinds for rule in rules)


_Listener = tuple[Rule, Callable[..., Iterator[Draft]], frozenset[str] | None]


def drafts_of(
    rules: Sequence[Listed], facts: Sequence[object], context: Context, crashes: list[Crash]
) -> list[Draft]:
    """What the checks that listen to these facts have to say, at its worst where a rule says two things of one place.
    A check that raises becomes a crash. Only rules that listen to one of the facts are imported.
    """
    occurring = {kind_name(kind) for kind in {type(fact) for fact in facts}}
    listeners: dict[type, list[_Listener]] = {}
    for one in rules:
        if not occurring.isdisjoint(one.kinds):
            for kind, check in one.rule.checks:
                listeners.setdefault(kind, []).append((one.rule, check, one.rule.programs.get(check)))
    kept: dict[tuple[str, Location], Draft] = {}
    for fact in facts:
        for rule, check, programs in listeners.get(type(fact), ()):
            if programs is not None and not fact.runs(programs):  # type: ignore[attr-defined]  # see `Rule.on`
                continue
            try:
                for draft in check(fact, context):
                    if not _is_in(draft.place, context.file):
                        continue
                    at = (rule.code, location_of(draft.place))
                    if at not in kept or draft.severity.rank > kept[at].severity.rank:
                        kept[at] = draft
            except Exception:  # a rule's bug: reported as a crash, the rest goes on
                crashes.append(Crash(rule.code, context.file.path, traceback.format_exc()))
    return list(kept.values())


def _is_in(where: Where, file: Source) -> bool:
    """Whether a finding stands in the file at hand: what is wrong in a sourced file is reported with that one."""
    return not isinstance(where, Place) or where.source.file is file.file


def location_of(where: Where) -> Location:
    """Where something stands, as lines and columns."""
    return where if isinstance(where, Location) else where.location


def pending_of(draft: Draft, mark: Mark, settings: Settings) -> Pending:
    """A draft as a finding on its way; `mark` is its place as plain values."""
    rule = draft.rule
    severity = settings.for_rule("severity", rule.code, rule.name)
    incident = settings.for_rule("provenance", rule.code, rule.name)
    fix = draft.fix
    if fix is not None and not fix.safe and not fix.reason:
        fix = replace(fix, reason=rule.unsafe_because)
    finding = Finding(
        rule.code,
        rule.name,
        Severity(severity) if severity else draft.severity,
        draft.confidence,
        draft.message,
        mark.location,
        draft.label,
        tuple(Related(place.location, text) for place, text in draft.related),
        fix,
        rule.references,
        {**draft.data, "incident": incident} if incident else dict(draft.data),
        mark.anchors,
    )
    identity = (rule.code, mark.statement or draft.message, *mark.definitions)
    return Pending(finding, identity, _key(draft), rule.silent_where, str(draft.subject), draft.supposes)


def _key(draft: Draft) -> object:
    """What a draft is about, as a plain value that compares across rules and files."""
    subject = draft.place if draft.subject is None else draft.subject
    return subject.location if isinstance(subject, Place | Mark) else subject


def without_silenced(pending: Sequence[Pending]) -> list[Pending]:
    """Drops what another rule says in its place (the precedence table). What is said with low confidence, and so not shown
    as a rule, takes nobody's place that is surer.
    """
    spoken: dict[tuple[str, object], bool] = {}
    for one in pending:
        about = (one.finding.code, one.key)
        spoken[about] = spoken.get(about, False) or one.finding.confidence is not Confidence.LOW
    return [one for one in pending if not _is_said(one, spoken)]


def _is_said(one: Pending, spoken: Mapping[tuple[str, object], bool]) -> bool:
    """Whether a rule that takes its place speaks of the same thing; `spoken` tells which are sure."""
    unsure = one.finding.confidence is Confidence.LOW
    return any(
        spoken.get((code, one.key), False) or (unsure and (code, one.key) in spoken)
        for code in one.silent_where
    )


def with_fingerprints(pending: Iterable[Pending]) -> list[Finding]:
    """The findings in the order of the text, each with its fingerprint."""
    ordinals: Counter[tuple[str, ...]] = Counter()
    findings = []
    for one in sorted(pending, key=lambda p: (p.finding.location, p.finding.code, p.subject)):
        ordinals[one.identity] += 1
        text = "\0".join((*one.identity, str(ordinals[one.identity])))
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        findings.append(replace(one.finding, fingerprint=digest))
    return findings
