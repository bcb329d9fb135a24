"""JOB204: merged artifacts are used without a look at the column that says which category they are of."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.data.datasets import Merge
from jobsafety_lint.meaning.files import Glob
from jobsafety_lint.meaning.project.parameters import is_category
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB204",
    "merge-without-category-check",
    "merged artifacts are used without asserting the category column",
    Severity.INFO,
    Confidence.LOW,
    references=("INV-9",),
    silent_where=("JOB202",),
)


@RULE.on(Glob)
def unchecked(glob: Glob, context: Context) -> Iterator[Draft]:
    """Files of one category, found by a pattern and joined: nothing says that their rows are of that category."""
    at = glob.use("merge")
    if at is None or glob.language != "python" or context.role in {"test", "docs"}:
        return
    categories = sorted(n for n in glob.path.names | glob.scope if is_category(n, context.settings))
    if not categories or not glob.filtered_by.isdisjoint(categories):
        return
    merge = next((m for m in context.all(Merge) if m.place.span == at.span), None)
    if merge is None or merge.checked or any(name in merge.columns for name in categories):
        return
    category = next((n for n in categories if n in glob.path.names), categories[0])
    yield RULE.found(
        at,
        f"what `{glob.path.name.template}` finds is merged and used without a check that it is all of one `{category}`",
        label=f"assert that the column of `{category}` holds this one value and no other",
        related=((glob.place, "found here"),),
        subject=glob.place,
    )
