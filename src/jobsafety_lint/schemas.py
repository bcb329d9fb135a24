"""JSON Schemas (draft 2020-12): of the configuration, made from the table of keys, and of a report."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jobsafety_lint import config, registry

SCHEMA_URL = "https://jobsafety-lint.readthedocs.io/schemas/jobsafety-lint.schema.json"


def configuration_schema() -> dict[str, Any]:
    """The schema of `jobsafety-lint.toml`, which is also that of `[tool.jobsafety-lint]` in `pyproject.toml`.

    It names the rules that come with the linter for completion; names of own rules are valid, too.
    """
    table = config.WHOLE.schema()
    for key in config.KEYS:
        described = table["properties"][key.name]
        described["description"] = described["description"][0].upper() + described["description"][1:] + "."
        if key.default not in (None, (), {}):
            described["default"] = key.default
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_URL,
        "title": "jobsafety-lint",
        "description": "Configuration of jobsafety-lint, a linter for job scripts and pipeline code.",
        **table,
        "$defs": {"rule": _rule()},
    }


def _rule() -> dict[str, Any]:
    ours = registry.built_in_rules()
    families = sorted({rule.code[:4] for rule in ours})
    known = ["ALL", *families, *(rule.code for rule in ours), *(rule.name for rule in ours)]
    return {
        "description": "A rule by its code or name, a family of rules such as `JOB3`, or `ALL`.",
        "anyOf": [{"enum": known}, {"type": "string"}],
    }


def report_schema() -> str:
    """The schema of what `check --output-format json` prints, as a text."""
    path = files("jobsafety_lint.report").joinpath("schema").joinpath("report-v1.schema.json")
    return path.read_text(encoding="utf-8")
