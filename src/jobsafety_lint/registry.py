"""Which rules there are: every module of the rules folder that holds a `RULE`."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from pathlib import Path

from jobsafety_lint import rules
from jobsafety_lint.rule import Rule


@functools.cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, by code.

    Raises:
        RuntimeError: a module of the folder has no rule, or two rules share a code or a name.
    """
    found: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(rules.__path__):
        rule = getattr(importlib.import_module(f"{rules.__name__}.{module.name}"), "RULE", None)
        if not isinstance(rule, Rule):
            raise RuntimeError(f"rules/{module.name}.py holds no RULE")
        for key in (rule.code, rule.name):
            if key in found:
                raise RuntimeError(f"two rules are called {key}")
            found[key] = rule
    return tuple(sorted({rule.code: rule for rule in found.values()}.values(), key=lambda rule: rule.code))


def find(name: str) -> Rule | None:
    """The rule of this code or name."""
    return next((rule for rule in all_rules() if name in {rule.code, rule.name}), None)


def page(rule: Rule) -> str:
    """The text of a rule's page (Markdown).

    Raises:
        FileNotFoundError: the page is missing; a test says that none is.
    """
    stem = rule.name.replace("-", "_") + ".md"
    for folder in rules.__path__:
        candidate = Path(folder) / stem
        if candidate.is_file():
            return candidate.read_text(encoding="utf-8")
    raise FileNotFoundError(f"rules/{stem}")


def catalogue() -> dict[str, str]:
    """Code to name of all rules that a setting or suppression may speak of: those that are there and those to come."""
    return {**PLANNED, **{rule.code: rule.name for rule in all_rules()}}


PLANNED = {
    "JOB004": "stale-setting",
    "JOB102": "check-then-create",
    "JOB103": "lockfile-check-then-create",
    "JOB106": "non-atomic-replace",
    "JOB107": "missing-fsync",
    "JOB108": "shared-append-unlocked",
    "JOB109": "lock-file-removed",
    "JOB110": "fixed-temp-name",
    "JOB111": "pid-file-check",
    "JOB203": "artifact-name-missing-category",
    "JOB204": "merge-without-category-check",
    "JOB205": "resume-state-deleted",
    "JOB206": "ambiguous-name-join",
    "JOB302": "blind-queue-loop",
    "JOB303": "running-check-ignores-queued",
    "JOB304": "label-substring-match",
    "JOB306": "restart-all-failed",
    "JOB307": "log-after-restart",
    "JOB308": "phases-queued-without-after",
    "JOB309": "manual-postprocessing",
    "JOB310": "monolithic-date-range",
    "JOB311": "bulk-add-without-clean",
    "JOB312": "ssh-per-job",
    "JOB313": "add-loses-quoting",
    "JOB314": "add-split-by-operator",
    "JOB315": "add-id-not-captured",
    "JOB316": "after-swallows-command",
    "JOB317": "wait-ignores-failure",
    "JOB318": "status-json-mismatch",
    "JOB319": "status-json-leaks-env",
    "JOB320": "removed-flag",
    "JOB321": "default-group-assumed",
    "JOB322": "kill-leaves-group-paused",
    "JOB323": "group-add-not-idempotent",
    "JOB324": "broken-callback",
    "JOB325": "job-label-missing-param",
    "JOB326": "start-bypasses-limits",
    "JOB327": "retry-without-classification",
    "JOB402": "while-read-in-pipe",
    "JOB403": "ssh-eats-loop-stdin",
    "JOB404": "xargs-unsafe-substitution",
    "JOB405": "submit-time-expansion",
    "JOB406": "unbounded-background-loop",
    "JOB502": "job-without-memory-cap",
    "JOB503": "systemd-run-detached",
    "JOB504": "cap-on-client",
    "JOB505": "host-overcommitted",
    "JOB506": "parallel-jump",
    "JOB507": "unlimited-parallelism",
    "JOB508": "force-refresh-in-parallel",
    "JOB602": "global-env-override",
    "JOB604": "secret-in-mise-env",
    "JOB605": "daemon-job-needs-mise-env",
    "JOB606": "unexpanded-tilde",
    "JOB607": "dotenv-directory-assumed",
    "JOB608": "relative-path-in-daemon",
    "JOB609": "cron-overlap",
    "JOB702": "install-after-publish",
    "JOB703": "upgrade-of-editable-project",
    "JOB704": "kill-then-requeue",
    "JOB705": "pull-under-running-jobs",
    "JOB706": "system-pip-install",
    "JOB707": "shared-state-wiped",
    "JOB801": "replacing-read-without-dedup",
    "JOB802": "validate-after-expensive",
    "JOB803": "fixed-line-count-check",
    "JOB804": "datetime-int64-division",
    "JOB805": "clickhouse-without-password",
    "JOB901": "random-workflow-id",
    "JOB902": "workflow-id-missing-param",
    "JOB903": "activity-without-timeout",
    "JOB904": "unbounded-retry",
    "JOB905": "unbounded-worker",
    "JOB906": "terminate-existing",
}
"""Codes and names that are given away already, so that a setting may speak of them before the rule is there.

An entry whose rule has come does no harm: the rule's own name counts, and a test says that the two agree."""
