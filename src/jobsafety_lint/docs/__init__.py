"""The documents that are made from the code: `python -m jobsafety_lint.docs` writes them into a checkout.

A test compares the files with what is made, so that neither can drift. `pages` makes the pages of the site, `screenshot` the
picture in the README.
"""

from __future__ import annotations

import json

from jobsafety_lint import config, registry
from jobsafety_lint.config import Key
from jobsafety_lint.config.kinds import Record, TableOf, toml
from jobsafety_lint.rule import Rule
from jobsafety_lint.rule_index import written
from jobsafety_lint.schemas import configuration_schema, report_schema

FAMILIES = {
    "JOB0": "The linter itself",
    "JOB1": "Files: races on the file system",
    "JOB2": "Names: which job owns which artifact",
    "JOB3": "Queue: what pueue is told",
    "JOB4": "Shell: streams and strict mode",
    "JOB5": "Resources",
    "JOB6": "Environment",
    "JOB7": "Deployment",
    "JOB8": "Data stores",
    "JOB9": "Workflow engine (Temporal)",
}
"""The families of rules, by the beginning of their codes."""

_HEAD = """# Rules

Made from the rules by `python -m jobsafety_lint.docs`. Each rule is a module and a page with one name; `jobsafety-lint rule NAME` shows the page.
Confidence is that of a typical finding; those of low confidence show only with `--pedantic`.
"""


def rule_index() -> str:
    """The index of all rules, as Markdown."""
    parts = [_HEAD]
    for family, title in FAMILIES.items():
        rules = [rule for rule in registry.built_in_rules() if rule.code.startswith(family)]
        if rules:
            parts.append(
                f"\n## {family[3:]}xx {title}\n\n| code | name | severity | confidence | fix | finds |\n|---|---|---|---|---|---|\n"
            )
            parts += [_row(rule) for rule in rules]
    return "".join(parts)


def _row(rule: Rule) -> str:
    page = rule.name.replace("-", "_") + ".md"
    cells = (
        rule.code,
        f"[{rule.name}]({page})",
        rule.severity.value,
        rule.confidence.value,
        rule.fix or "no",
        rule.summary.replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |\n"


_CONFIGURATION_HEAD = """# Configuration

Made from the table of keys by `python -m jobsafety_lint.docs`.

## Where it stands

`[tool.jobsafety-lint]` in `pyproject.toml`, or the same keys without a table in `jobsafety-lint.toml` or `.jobsafety-lint.toml`. For each file the nearest
configuration above it counts, alone: a `pyproject.toml` without our table is passed over, and nothing is inherited unless the file says
`extend`. In one folder `.jobsafety-lint.toml` comes first, then `jobsafety-lint.toml`, then `pyproject.toml`.

`--config FILE` names one file for everything, `--config 'key = value'` (TOML) sets a value above all files, `--isolated` reads no file.
What the command line says (`--select`, `--ignore`, …) comes before all of them; with `--select`, neither `select` nor `extend-select`
nor `ignore` of a file counts.

The folder of the configuration is also the project: facts of all files below it are linked.

`jobsafety-lint config show FILE` prints every value that counts for a file, with the file and line that it comes from (`--output-format json` for
programs). `jobsafety-lint config schema` prints the JSON schema, which is also
[in this folder](schemas/jobsafety-lint.schema.json); editors with a TOML language server complete and check by it:

```toml
#:schema https://jobsafety-lint.readthedocs.io/schemas/jobsafety-lint.schema.json
```

A key that does not exist, or a value of the wrong kind, is an error at its file and line, and the exit status is 2. A rule that does not exist is reported as
JOB003, a glob that matches nothing as JOB004, both at their place in the file.

## `extend`

A file may extend another one, and that one a third. As in ruff:

- Plain values and lists of the nearer file stand *in place of* the inherited ones.
- `extend-select`, `ignore` and `extend-exclude` are *put together*. But where the nearer file has a `select`, selection begins anew: the inherited
  `extend-select` and `ignore` no longer count.
- Tables are put together by key, and the nearer entry wins. A host counts as one entry.
- Globs are relative to the folder of the file that they stand in, inherited ones too. (With `--config FILE`: to the working directory.)

## Globs

They are those of `.gitignore`: `*.py` matches in every folder, `tools/*.py` from the file's folder, `legacy/` a folder with all that is in it, and `!` takes back.
"""


def configuration_page() -> str:
    """The documentation of all keys, as Markdown."""
    parts = [_CONFIGURATION_HEAD]
    for group in dict.fromkeys(key.group for key in config.KEYS):
        parts.append(f"\n## {group}\n")
        parts += [_key(key) for key in config.KEYS if key.group == group]
    return "".join(parts)


_MERGES = {
    "replace": "replaces the inherited value",
    "add": "adds to the inherited list",
    "by key": "adds to the inherited table",
}


def _key(key: Key) -> str:
    default = key.default_doc or f"`{toml(key.default)}`"
    facts = [
        f"{key.kind.says}",
        f"default: {default if key.default is not None or key.default_doc else 'none'}",
    ]
    facts += [_MERGES[key.merge]] if key.name != "extend" else []
    doc = key.doc[0].upper() + key.doc[1:]
    return (
        f"\n### `{key.name}`\n\n{doc}.\n\n*{_plain(facts)}.*\n\n```toml\n{key.example}\n```\n{_fields(key)}"
    )


def _plain(facts: list[str]) -> str:
    text = "; ".join(facts)
    return text[0].upper() + text[1:]


def _fields(key: Key) -> str:
    """The known keys of the tables in a table."""
    inner = key.kind.kind if isinstance(key.kind, TableOf) else None
    if not isinstance(inner, Record):
        return ""
    rows = [f"| `{name}` | {field.kind.says} | {field.doc} |\n" for name, field in inner.fields.items()]
    return "\n| key | value | meaning |\n|---|---|---|\n" + "".join(rows)


def documents() -> dict[str, str]:
    """All documents that are made, by their path in a checkout."""
    return {
        "rules/README.md": rule_index(),
        "rules/index.json": written(registry.imported()),
        "docs/configuration.md": configuration_page(),
        "docs/schemas/jobsafety-lint.schema.json": json.dumps(configuration_schema(), indent=2) + "\n",
        "docs/schemas/report-v1.schema.json": report_schema(),
    }
