"""JOB801: a ReplacingMergeTree table is written, then read with its duplicates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.data.sql import same_table
from jobsafety_lint.meaning.project.links import QUIET_ROLES, SqlLink
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB801",
    "replacing-read-without-dedup",
    "a ReplacingMergeTree table is written, then read without FINAL or a dedup step",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("SPEC-5", "DT"),
)


@RULE.on(Project)
def reads_duplicates(project: Project, context: Context) -> Iterator[Draft]:
    """A SELECT that takes every version of a row that no merge has removed yet. The table may be made, and written to, in other
    files than the one that reads it.
    """
    said = [(file, link) for file, link in project.all(SqlLink) if file.role not in QUIET_ROLES]
    everywhere = [link for _, link in said]
    deduplicated = {file.path for file, link in said if link.use.kind == "setting" and link.use.final}
    for file, read in said:
        if read.use.kind != "select" or read.use.final or read.use.dedups:
            continue
        if file.kind != "sql" and file.path not in deduplicated:
            yield from _judged(read, list(file.all(SqlLink)), everywhere)


def _judged(read: SqlLink, own: list[SqlLink], everywhere: list[SqlLink]) -> Iterator[Draft]:
    table, group_by = read.use.table, read.use.group_by
    made = _made(table, own) or _made(table, everywhere)
    if made is None or (made.use.key and set(made.use.key) <= set(group_by)):
        return
    tables = (table, made.use.table)
    about = [link for link in everywhere if any(same_table(link.use.table, one) for one in tables)]
    writes = [link for link in about if link.use.kind == "insert"]
    if not writes or any(link.use.kind == "optimize" for link in about):
        return
    written = next((link for link in writes if link in own), writes[0])
    grouped = (
        f"; GROUP BY {', '.join(group_by)} is coarser than its key ({', '.join(made.use.key)})"
        if group_by and made.use.key
        else ""
    )
    yield RULE.found(
        read.mark,
        f"`{table}` is a {made.use.engine} table: until a merge happens, this read sees every version of a row that was written again{grouped}",
        label="add FINAL behind the table's name, or take the last version with argMax … GROUP BY its key",
        related=((written.mark, "rows are written here"), (made.mark, f"made as {made.use.engine} here")),
        subject=(table, read.mark.location),
    )


def _made(table: str, statements: Sequence[SqlLink]) -> SqlLink | None:
    """How a table was made, if it replaces rows: itself, or the one that a Distributed table stands before. None where several
    statements give tables of that name different engines.
    """
    makings = [link for link in statements if link.use.kind == "create" and same_table(link.use.table, table)]
    for made in makings:
        if made.use.over:
            return _made(made.use.over, [link for link in statements if link is not made])
    replaces = ["replacing" in made.use.engine.lower() for made in makings]
    return makings[0] if makings and all(replaces) else None
