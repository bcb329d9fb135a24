"""JOB107: temp-and-replace without flush and fsync."""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.careful_reads import is_checked_cache
from jobsafety_lint.meaning.files import Create, Read, Replace
from jobsafety_lint.meaning.fixing import import_edits, indentation
from jobsafety_lint.meaning.paths import words_of
from jobsafety_lint.model import Confidence, Edit, Fix, Severity, Span
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB107",
    "missing-fsync",
    "temp-and-replace without flush and fsync: not durable over power loss",
    Severity.INFO,
    Confidence.MEDIUM,
    references=("INV-4",),
    fix="unsafe",
    unsafe_because="a sync waits for the disk, milliseconds to seconds for each file",
    silent_where=("JOB105", "JOB106"),
)

_IN_MEMORY = re.compile(r"/(?:run|var/run|dev/shm|proc|sys)/")
"""Folders that are gone after a power loss, whatever has been synced."""
_RENAMES = frozenset({"os.replace", "os.rename", "Path.replace", "Path.rename"})
_MADE_AGAIN = frozenset({".py", ".pyi", ".md", ".rst", ".html"})
"""Code and documents that a program makes: they can be made again, and are under version control mostly."""
_DOWNLOADS = frozenset({"download", "downloads", "downloaded", "downloader"})
"""Words of what is fetched once more where it is missing."""


@RULE.on(Replace)
def not_synced(act: Replace, context: Context) -> Iterator[Draft]:
    """A rename over the real file, of a file that was written here and not synced."""
    if act.by not in _RENAMES or act.written is None or act.synced or act.origin is None:
        return
    if context.role in {"test", "temporary"} or act.is_private or act.path.in_temporary_folder:
        return
    if not (act.origin.is_unique or act.origin.says_temporary):
        return
    if _IN_MEMORY.match(act.path.literal) or act.path.suffix in _MADE_AGAIN:
        return
    if any(
        made.what in {"link", "directory"} and made.path.same_object(act.origin)
        for made in context.all(Create)
    ):
        return  # neither a link nor a folder has content
    yield RULE.found(
        act.place,
        f"`{act.path_place.text}` is replaced by a file that was not synced: after a power loss it may be empty",
        label="flush and `os.fsync` the temporary file before the rename",
        related=((act.written, "written here"),),
        confidence=Confidence.LOW if _can_be_had_again(act, context) else None,
        fix=_fix(act, context),
        subject=act.subject,
    )


def _can_be_had_again(act: Replace, context: Context) -> bool:
    """Whether a name says that it is a download (the path, the function, the class), or the code takes a broken entry of a cache for
    a missing one.
    """
    names = (act.path_place.text, *act.execution.functions)
    downloaded = bool(_DOWNLOADS & {*act.path.words, *(word for name in names for word in words_of(name))})
    return downloaded or is_checked_cache(act, context.all(Read))


def _fix(act: Replace, context: Context) -> Fix | None:
    """Flush and sync behind the last call that writes through the handle, if that stands alone in its line."""
    if not act.written_through:
        return None
    use = act.written_through[-1]
    source, end = use.place.source, use.place.span.end
    rest = source.text[end:].partition("\n")[0]
    imports = import_edits(context.file, "os")
    line = source.text[source.text.rfind("\n", 0, use.place.span.start) + 1 : use.place.span.start]
    if rest.strip() or line.strip() or use.loops or imports is None or not use.handle.isidentifier():
        return None
    indent = indentation(use.place)
    text = f"\n{indent}{use.handle}.flush()\n{indent}os.fsync({use.handle}.fileno())"
    return Fix("flush and sync it", (*imports, Edit(source.location(Span(end, end)), text)))
