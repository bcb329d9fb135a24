"""JOB801: a ReplacingMergeTree table is written, then read with its duplicates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
    files = [file for file in project.files if file.role not in QUIET_ROLES and any(file.all(SqlLink))]
    everywhere = [said for file in files for said in file.all(SqlLink)]
    for file in files:
        own = list(file.all(SqlLink))
        if file.kind == "sql" or any(said.kind == "setting" and said.final for said in own):
            continue
        for read in own:
            if read.kind == "select" and not read.final and not read.dedups:
                yield from _judged(read, own, everywhere)


def _judged(read: SqlLink, own: list[SqlLink], everywhere: list[SqlLink]) -> Iterator[Draft]:
    made = _made(read.table, own) or _made(read.table, everywhere)
    if made is None or (made.key and set(made.key) <= set(read.group_by)):
        return
    about = [said for said in everywhere if any(same_table(said.table, t) for t in (read.table, made.table))]
    writes = [said for said in about if said.kind == "insert"]
    if not writes or any(said.kind == "optimize" for said in about):
        return
    written = next((said for said in writes if said in own), writes[0])
    grouped = (
        f"; GROUP BY {', '.join(read.group_by)} is coarser than its key ({', '.join(made.key)})"
        if read.group_by and made.key
        else ""
    )
    yield RULE.found(
        read.mark,
        f"`{read.table}` is a {made.engine} table: until a merge happens, this read sees every version of a row that was written again{grouped}",
        label="add FINAL behind the table's name, or take the last version with argMax … GROUP BY its key",
        related=((written.mark, "rows are written here"), (made.mark, f"made as {made.engine} here")),
        subject=(read.table, read.mark.location),
    )


def _made(table: str, statements: Iterable[SqlLink]) -> SqlLink | None:
    """How a table was made, if it replaces rows: itself, or the one that a Distributed table stands before. None where another
    statement gives a table of that name another engine.
    """
    makings = [said for said in statements if said.kind == "create" and same_table(said.table, table)]
    for made in makings:
        if made.over and made.over != table:
            return _made(made.over, statements)
    if any("replacing" not in made.engine.lower() for made in makings):
        return None
    return makings[0] if makings else None
