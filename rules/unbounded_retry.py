"""JOB904: retries for ever, and no error is final."""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.data.api_calls import ApiCall, Argument, AttributeSet
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB904",
    "unbounded-retry",
    "retries for ever, and no error type is non-retryable",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("TE", "INV-3"),
)

_LIMITS = ("schedule_to_close_timeout", "execution_timeout", "run_timeout")


@RULE.on(ApiCall)
def endless_policy(call: ApiCall, context: Context) -> Iterator[Draft]:
    """A policy without `maximum_attempts` (0 means: no limit) and without errors that are final."""
    if not (call.name.startswith("temporalio.") and call.last_name == "RetryPolicy"):
        return
    if context.role in {"test", "docs"} or not call.complete:
        return
    attempts = call.argument("maximum_attempts", 3)
    final = call.argument("non_retryable_error_types", 4)
    if not _is_nothing(attempts) or not _is_nothing(final) or _set_later(call, context):
        return
    users = [
        user
        for user in context.all(ApiCall)
        for a in user.arguments
        if a.name == "retry_policy" and a.written == call.place
    ]
    if users and all(_is_bounded(user) or _has_final_errors(user, context) for user in users):
        return
    if not users and _final_failures(context):
        return
    said = (
        f"`{attempts.place.text}` means no limit"
        if attempts is not None
        else "`maximum_attempts` is not given"
    )
    yield RULE.found(
        call.place,
        f"this policy retries for ever: {said}, and no error type is non-retryable",
        label="give `maximum_attempts`, or name the errors that are final in `non_retryable_error_types`",
        related=tuple((user.place, "used here") for user in users[:2]),
    )


@RULE.on(ApiCall)
def default_policy(call: ApiCall, context: Context) -> Iterator[Draft]:
    """An activity without a policy: the default retries for ever."""
    if not call.name.startswith("temporalio.workflow.") or "activity" not in call.last_name:
        return
    if context.role in {"test", "docs"} or not call.lacks("retry_policy", *_LIMITS):
        return
    if _has_final_errors(call, context):
        return
    yield RULE.found(
        call.place,
        f"`{call.written}` is given no `retry_policy`: the default one retries for ever, whatever the error",
        label="give a `retry_policy` with `maximum_attempts` or `non_retryable_error_types`",
        confidence=Confidence.LOW,
    )


def _is_nothing(argument: Argument | None) -> bool:
    return argument is None or argument.is_nothing


def _set_later(call: ApiCall, context: Context) -> bool:
    return any(change.object in call.result for change in context.all(AttributeSet))


def _is_bounded(user: ApiCall) -> bool:
    """Whether the time for all attempts together is limited."""
    return any((given := user.argument(name)) is not None and not given.is_nothing for name in _LIMITS)


def _final_failures(context: Context) -> set[str]:
    """The functions of this file that raise errors which are marked as final; empty text for one outside of any."""
    found = set()
    for call in context.all(ApiCall):
        mark = call.argument("non_retryable")
        if mark is not None and not mark.is_nothing:
            found.add(call.functions[0].name if call.functions else "")
    return found


def _has_final_errors(user: ApiCall, context: Context) -> bool:
    """Whether the activity says itself which failures are final; one of another file is given the benefit of the doubt."""
    failing = _final_failures(context)
    if not failing:
        return False
    target = user.positional[0] if user.positional else user.argument("activity")
    activities = {
        function.name: function
        for call in context.all(ApiCall)
        for function in call.functions
        if any("activity.defn" in d or d == "defn" for d in function.decorators)
    }
    known = {choice.rpartition(".")[2] for choice in target.choices} if target is not None else set()
    if target is not None and isinstance(target.literal, str):
        known = {target.literal} & {name.rpartition(".")[2] for name in activities}
    names = {name.rpartition(".")[2] for name in failing}
    helpers = failing - activities.keys()
    return bool(known & names) or bool(helpers) or not known
