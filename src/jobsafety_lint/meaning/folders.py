"""What the code of a function shows of the folders that it works in."""

from __future__ import annotations

from collections.abc import Iterable

from jobsafety_lint.meaning.files import Act, Create, FileFact
from jobsafety_lint.meaning.paths import PathPattern


def is_in_new_folder(act: Act, created: Iterable[Create]) -> bool:
    """Whether the same function has made the folder around before, and fails if that is there already: no other run has it.
    `created` is what the file makes.
    """
    return any(
        made.what == "directory"
        and made.exclusive
        and made.checked
        and not made.guards
        and not made.tolerates_existing
        and not made.execution.arms
        and made.precedes(act)
        and act.path.is_below(made.path)
        for made in created
    )


def is_used_as_folder(path: PathPattern, act: Act, others: Iterable[FileFact]) -> bool:
    """Whether the function that acts has to do with a file in it, too: the path is that of a folder."""
    return any(
        other.path.is_below(path) and other.execution.functions == act.execution.functions for other in others
    )
