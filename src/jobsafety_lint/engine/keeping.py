"""How a finding is kept: precedence, suppressions, confidence, severity; and what is to be said of the comments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from jobsafety_lint import suppress
from jobsafety_lint.context import Context
from jobsafety_lint.engine.checks import (
    drafts_of,
    location_of,
    pending_of,
    rules_for,
    selection_of,
    with_fingerprints,
    without_silenced,
)
from jobsafety_lint.engine.tasks import Kept, Linked, Mapped, Options, Pending, Task
from jobsafety_lint.meaning.linting import UnusedSuppression
from jobsafety_lint.meaning.project.starters import WHY_NOT
from jobsafety_lint.model import Confidence, Finding, Location, Mark
from jobsafety_lint.registry import catalogue
from jobsafety_lint.rule_index import Listed
from jobsafety_lint.source import Source
from jobsafety_lint.suppress import Suppression

_ABOUT_CODE = re.compile(r"JOB[1-9]\d\d")
_ABOUT_COMMENTS = frozenset({"JOB002", "unused-suppression"})


def keep(task: Task, mapped: Mapped, linked: Linked, options: Options) -> Kept:
    """What of one file no comment suppresses. `linked` is what its project says of it."""
    of_project = linked.pending.get(mapped.path, ())
    if not mapped.pending and not of_project and not mapped.suppressions:
        return Kept()
    untrue = linked.refuted.get(mapped.path, frozenset())
    own = (_doubted(one, one.supposes & untrue) for one in mapped.pending)
    findings = with_fingerprints(without_silenced([*own, *of_project]))
    kept, suppressed = suppress.apply(findings, mapped.suppressions)
    kept = _one_a_span(kept)
    rules = rules_for(task.item, task.settings, options) if mapped.suppressions else []
    unused = [u for s in mapped.suppressions if (u := _unused(s, rules)) is not None]
    if unused:
        context = Context(Source(mapped.path, ""), task.settings, "code", unused)
        drafts = drafts_of(rules, unused, context, mapped.crashes)
        about = [pending_of(d, Mark(location_of(d.place), ""), task.settings) for d in drafts]
        late, more = suppress.apply(with_fingerprints(about), mapped.suppressions)
        kept += late
        suppressed += more
    return Kept(kept, suppressed)


def _doubted(pending: Pending, untrue: frozenset[str]) -> Pending:
    """The finding as one that shows with `--pedantic` only, if something that it supposes is not so; `doubt` in its data says what."""
    if not untrue:
        return pending
    doubt = "; ".join(WHY_NOT[what] for what in sorted(untrue))
    finding = replace(
        pending.finding, confidence=Confidence.LOW, data={**pending.finding.data, "doubt": doubt}
    )
    return replace(pending, finding=finding)


def _one_a_span(findings: Sequence[Finding]) -> list[Finding]:
    """Two rules of the catalogue that the table leaves to speak of the very same words: the graver finding counts (severity,
    confidence, then the lower code); the other one shows when that is settled or suppressed.
    """
    speakers: dict[Location, Finding] = {}
    for one in filter(_takes_part, findings):
        known = speakers.setdefault(one.location, one)
        speakers[one.location] = max(known, one, key=_gravity)
    return [f for f in findings if not _takes_part(f) or speakers[f.location].code == f.code]


def _takes_part(finding: Finding) -> bool:
    """Whether a finding is one about code, and shown by default; those of family 0 are about the linter."""
    return finding.confidence is not Confidence.LOW and _ABOUT_CODE.fullmatch(finding.code) is not None


def _gravity(finding: Finding) -> tuple[int, int, int]:
    return finding.severity.rank, finding.confidence.rank, -int(finding.code.removeprefix("JOB"))


def shown(task: Task, kept: Kept, options: Options) -> Kept:
    """What of it is sure and severe enough to be shown."""
    if not kept.findings:
        return kept
    by_name = selection_of(task.settings, options).by_name
    findings = []
    for finding in kept.findings:
        unsure = finding.confidence is Confidence.LOW and not options.pedantic and finding.code not in by_name
        if not unsure and finding.severity.rank >= options.min_severity.rank:
            findings.append(finding)
    return replace(kept, findings=findings, hidden=len(kept.findings) - len(findings))


def _unused(suppression: Suppression, rules: Sequence[Listed]) -> UnusedSuppression | None:
    """The names of a comment that silence nothing, if every rule that it names has run."""
    known = catalogue()
    names = {*known, *known.values()}
    ran = {rule.code for rule in rules} | {rule.name for rule in rules}
    if not all(name in ran or name not in names for name, _ in suppression.names):
        return None
    idle = [
        (name, location)
        for name, location in suppression.names
        if name not in suppression.used and name in ran and name not in _ABOUT_COMMENTS
    ]
    if not idle:
        return None
    where = suppression.location if len(idle) == len(suppression.names) else idle[0][1]
    gone = tuple(name for name, _ in idle)
    return UnusedSuppression(where, gone, suppression.without(gone))
