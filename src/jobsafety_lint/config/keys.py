"""The one table of all keys: reading, checking, documentation and the schema come from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jobsafety_lint.config.kinds import (
    Choice,
    Either,
    Field,
    Kind,
    ListOf,
    Record,
    Size,
    TableOf,
    Text,
    Whole,
)

DEFAULT_MAX_SIZE = 1_000_000


@dataclass(frozen=True)
class Key:
    """One key of the configuration: its name, the kind of its value, its default, what it is for, and an example (TOML).

    `merge` says what happens where a file extends another one: the nearer value stands in place of the inherited one
    (`replace`), the lists are put together (`add`), or the tables are, and the nearer entry wins (`by key`). `default_doc`
    describes a default that is not a plain value. `group` is its heading in the documentation.
    """

    name: str
    kind: Kind
    default: Any
    doc: str
    example: str
    merge: str = "replace"
    default_doc: str = ""
    group: str = ""


TEXT = Text()
TEXTS = ListOf(TEXT)
RULES = ListOf(Text(about="rule"))
_GROUP = Record(
    {
        "parallel": Field(Whole(0), "how many jobs the group runs at once"),
        "memory": Field(Size(), "the memory that one of its jobs may take"),
    }
)
_HOST = Record(
    {
        "cores": Field(Whole(1), "the cores of the machine"),
        "memory": Field(Size(), "its memory"),
        "swap": Field(
            Either((Size(zero=True), Choice((False, "none", "off")))), "its swap; `0` says that it has none"
        ),
        "groups": Field(
            TableOf(_GROUP, "a table of groups"), "the groups of its queue, by name: `parallel` and `memory`"
        ),
    }
)
_RULES, _FILES, _PROJECT = "Which rules run", "Which files, and how", "What only your project knows"
KEYS = (
    Key(
        "extend",
        TEXT,
        None,
        "another configuration file (relative to this one) whose settings count where this one says nothing",
        'extend = "../jobsafety-lint.toml"',
        group=_FILES,
    ),
    Key(
        "select",
        RULES,
        None,
        "the rules that run: codes, names, families such as `JOB3`, or `ALL`",
        'select = ["JOB1", "JOB2", "hardcoded-task-id"]',
        default_doc='`["ALL"]`',
        group=_RULES,
    ),
    Key(
        "extend-select",
        RULES,
        (),
        "rules that run besides the selected ones",
        'extend-select = ["unscoped-artifact-glob"]',
        "add",
        group=_RULES,
    ),
    Key(
        "ignore",
        RULES,
        (),
        "rules that do not run; where both name a rule, the more exact one counts, and `ignore` where both are as exact",
        'ignore = ["per-job-env-override"]',
        "add",
        group=_RULES,
    ),
    Key(
        "per-file-ignores",
        TableOf(RULES, "a table whose values are lists of strings"),
        {},
        "a glob of paths, as .gitignore has them -> rules that do not run there",
        '[per-file-ignores]\n"tools/*.py" = ["check-then-delete"]',
        "by key",
        group=_RULES,
    ),
    Key(
        "severity",
        TableOf(Choice(("error", "warning", "info")), "a table whose values are strings", keys="rule"),
        {},
        "a rule or family -> `error`, `warning` or `info`, whatever the rule itself says; the most exact entry counts",
        '[severity]\nmissing-fsync = "warning"\nJOB9 = "info"',
        "by key",
        group=_RULES,
    ),
    Key(
        "exclude",
        TEXTS,
        None,
        "paths that are not looked at (globs, as .gitignore has them), in place of the defaults",
        'exclude = [".venv", "attic/"]',
        default_doc="version control, virtual environments, caches, build results, vendored and generated code",
        group=_FILES,
    ),
    Key(
        "extend-exclude",
        TEXTS,
        (),
        "paths that are not looked at, besides those of `exclude`",
        'extend-exclude = ["legacy/"]',
        "add",
        group=_FILES,
    ),
    Key(
        "max-file-size",
        Size(),
        DEFAULT_MAX_SIZE,
        "files above this size are passed over with a note (bytes, or `2M`)",
        'max-file-size = "2M"',
        group=_FILES,
    ),
    Key(
        "markdown",
        Choice((True, False)),
        False,
        "the fenced shell and Python blocks of Markdown files are checked, each as a script of its own",
        "markdown = true",
        group=_FILES,
    ),
    Key(
        "cache-dir",
        TEXT,
        None,
        "where results are kept for the next run, relative to this file; `--cache-dir` and `JOBSAFETY_LINT_CACHE_DIR` say it, too. "
        "The command line comes first, then this key, then the variable. `--no-cache` neither reads nor writes it, and `jobsafety-lint clean` deletes it. "
        "It may be deleted at any time, also while a check runs",
        'cache-dir = ".cache/jobsafety-lint"',
        default_doc="`jobsafety-lint` in the user's folder for caches (`~/.cache`, on macOS `~/Library/Caches`)",
        group=_FILES,
    ),
    Key(
        "pueue-version",
        Choice((3, 4)),
        4,
        "the major version of pueue that the jobs run on",
        "pueue-version = 3",
        group=_PROJECT,
    ),
    Key(
        "hosts",
        TableOf(_HOST, "a table of tables"),
        {},
        "cores, memory, swap and groups of each ssh destination; `default` for local queues",
        '[hosts.calc1]\ncores = 32\nmemory = "128G"\nswap = 0\ngroups.bars = { parallel = 8, memory = "12G" }',
        "by key",
        group=_PROJECT,
    ),
    Key(
        "checkpoint-functions",
        TEXTS,
        (),
        "functions that return the name of a checkpoint, whatever the name itself looks like",
        'checkpoint-functions = ["progress_file"]',
        group=_PROJECT,
    ),
    Key(
        "state-name-patterns",
        TEXTS,
        (),
        "words in a file's name that mean state which jobs share, besides `checkpoint`, `cursor`, `state` and the like",
        'state-name-patterns = ["bookmark"]',
        group=_PROJECT,
    ),
    Key(
        "job-parameters",
        TEXTS,
        (),
        "parameters that tell jobs apart, though their names do not look like it",
        'job-parameters = ["level"]',
        group=_PROJECT,
    ),
    Key(
        "run-only-parameters",
        TEXTS,
        (),
        "parameters that only say how a job is run, and never tell jobs apart",
        'run-only-parameters = ["shard_count"]',
        group=_PROJECT,
    ),
    Key(
        "category-parameters",
        TEXTS,
        (),
        "parameters that are categories of artifacts, besides `direction`, `strategy` and the like",
        'category-parameters = ["venue"]',
        group=_PROJECT,
    ),
    Key(
        "queue-commands",
        TEXTS,
        (),
        "your own wrappers of `pueue`, with the same arguments",
        'queue-commands = ["pq"]',
        group=_PROJECT,
    ),
    Key(
        "allowed-env-overrides",
        TEXTS,
        (),
        "environment variables that may be set for one job, or for all (globs)",
        'allowed-env-overrides = ["BARS_TRACE", "EXPERIMENT_*"]',
        group=_PROJECT,
    ),
    Key(
        "small-output-commands",
        TEXTS,
        (),
        "commands whose output is known to be short, so that `| head` never closes a pipe on them",
        'small-output-commands = ["job-count"]',
        group=_PROJECT,
    ),
    Key(
        "memory-profiles",
        TableOf(Size(), "a table whose values are sizes"),
        {},
        "a script -> the memory that a run of it is expected to take, where no cap says so",
        '[memory-profiles]\n"populate.py" = "6G"',
        "by key",
        group=_PROJECT,
    ),
    Key(
        "provenance",
        TableOf(TEXT, "a table whose values are strings", keys="rule"),
        {},
        "a rule or family -> the incident that it guards against, shown with its findings",
        '[provenance]\ncheckpoint-name-missing-param = "GH-84"',
        "by key",
        group=_PROJECT,
    ),
)
BY_NAME = {key.name: key for key in KEYS}
WHOLE = Record({key.name: Field(key.kind, key.doc) for key in KEYS})
"""Our whole table."""
