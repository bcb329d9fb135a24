"""Which files are looked at (`walking`, `ignoring`), what kind each is (`kinds`, `roles`), and reading them (`texts`)."""

from jobsafety_lint.discover.ignoring import DEFAULT_EXCLUDES, unmatched
from jobsafety_lint.discover.kinds import READ_KINDS, kind_of, markdown_kind, passed_over
from jobsafety_lint.discover.roles import role_of
from jobsafety_lint.discover.texts import Skipped, decode, encoded, read
from jobsafety_lint.discover.walking import Discovered, Discovery, Options, shown_path

__all__ = [
    "DEFAULT_EXCLUDES", "READ_KINDS", "Discovered", "Discovery", "Options", "Skipped", "decode", "encoded", "kind_of", "markdown_kind", "passed_over", "read",
    "role_of", "shown_path", "unmatched",
]  # fmt: skip
