"""Settings: what may be set (`keys`), where it is read from (`reading`), what counts for a file (`settings`), where its project
begins (`projects`), and which rules that selects (`selection`).
"""

from jobsafety_lint.config.errors import ConfigError, UsageError
from jobsafety_lint.config.keys import DEFAULT_MAX_SIZE, KEYS, WHOLE, Key
from jobsafety_lint.config.kinds import nearest
from jobsafety_lint.config.projects import look_again, project_root
from jobsafety_lint.config.reading import (
    CONFIG_NAMES,
    TABLE,
    Glob,
    Resolver,
    check,
    globs_of,
    load,
    read_toml,
    table_of,
)
from jobsafety_lint.config.selection import Selection, check_selectors
from jobsafety_lint.config.selectors import is_known, matches
from jobsafety_lint.config.settings import Layer, Mention, Settings, settings_of, size_in_bytes

__all__ = [
    "CONFIG_NAMES", "DEFAULT_MAX_SIZE", "KEYS", "TABLE", "WHOLE", "ConfigError", "Glob", "Key", "Layer", "Mention", "Resolver", "Selection",
    "Settings", "UsageError", "check", "check_selectors", "globs_of", "is_known", "load", "look_again", "matches", "nearest", "project_root",
    "read_toml", "settings_of", "size_in_bytes", "table_of",
]  # fmt: skip
