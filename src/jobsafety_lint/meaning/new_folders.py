"""Files in a folder that the code has just made, and that was not there before."""

from __future__ import annotations

from collections.abc import Iterable

from jobsafety_lint.meaning.files import Act, Create


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
        and made.execution.functions == act.execution.functions
        and made.place.source is act.place.source
        and made.place.span.start < act.place.span.start
        and made.path.parts != act.path.parts
        and act.path.starts_with(made.path)
        for made in created
    )
