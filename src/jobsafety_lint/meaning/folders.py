"""What the code of a function shows of the folders that it works in."""

from __future__ import annotations

from collections.abc import Iterable

from jobsafety_lint.meaning.files import Act, Create, Delete, FileFact
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
        and set(made.execution.arms) <= set(act.execution.arms)
        and made.precedes(act)
        and act.path.is_below(made.path)
        for made in created
    )


def is_in_emptied_folder(act: Act, deleted: Iterable[Delete], created: Iterable[Create]) -> bool:
    """Whether the same code has deleted the folder around with all that was in it and made it anew: no old content is there."""
    made = [
        one
        for one in created
        if one.what == "directory" and one.precedes(act) and act.path.is_below(one.path)
    ]
    return any(
        gone.what == "tree" and gone.path.same_object(one.path) and gone.precedes(one)
        for gone in deleted
        for one in made
    )


def is_used_as_folder(path: PathPattern, act: Act, others: Iterable[FileFact]) -> bool:
    """Whether the function that acts has to do with a file in it, too: the path is that of a folder."""
    return any(
        other.path.is_below(path) and other.execution.functions == act.execution.functions for other in others
    )
