"""JOB801: a ReplacingMergeTree table is written, then read with its duplicates."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.data.sql import SqlStatement, same_table
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


@RULE.on(SqlStatement)
def reads_duplicates(read: SqlStatement, context: Context) -> Iterator[Draft]:
    """A SELECT that takes every version of a row that no merge has removed yet."""
    if read.kind != "select" or read.final or read.dedups or context.role in {"test", "docs"}:
        return
    others = list(context.all(SqlStatement))
    made = _made(read.table, others)
    if made is None or any(s.kind == "setting" and s.final for s in others):
        return
    if made.key and set(made.key) <= set(read.group_by):
        return
    tables = {read.table, made.table}
    writes = [s for s in others if s.kind == "insert" and any(s.names(table) for table in tables)]
    if not writes or any(s.kind == "optimize" and any(s.names(table) for table in tables) for s in others):
        return
    grouped = (
        f"; GROUP BY {', '.join(read.group_by)} is coarser than its key ({', '.join(made.key)})"
        if read.group_by and made.key
        else ""
    )
    yield RULE.found(
        read.place,
        f"`{read.table}` is a {made.engine} table: until a merge happens, this read sees every version of a row that was written again{grouped}",
        label="add FINAL behind the table's name, or take the last version with argMax … GROUP BY its key",
        related=((writes[0].place, "rows are written here"), (made.place, f"made as {made.engine} here")),
        subject=(read.table, read.place.location),
    )


def _made(table: str, statements: list[SqlStatement]) -> SqlStatement | None:
    """How a table was made, if it replaces rows: itself, or the one that a Distributed table stands before."""
    for statement in statements:
        if statement.kind != "create" or not same_table(statement.table, table):
            continue
        if "replacing" in statement.engine.lower():
            return statement
        if statement.over and statement.over != table:
            return _made(statement.over, statements)
    return None
