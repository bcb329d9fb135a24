"""JOB203: the name of a derived artifact leaves out a category that the code has in hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.commands import Arg, Command, Condition
from jobsafety_lint.meaning.execution import Execution, Loop
from jobsafety_lint.meaning.files import Act, Append, Delete, Read, Replace, Write
from jobsafety_lint.meaning.functions import ArtifactName, Call, ScriptArgument
from jobsafety_lint.meaning.paths import STATE_WORDS, PathPattern
from jobsafety_lint.meaning.project.categories import left_out_categories
from jobsafety_lint.meaning.project.parameters import SHAPES_RESULT, is_category
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule
from jobsafety_lint.source import Place

RULE = Rule(
    "JOB203",
    "artifact-name-missing-category",
    "a derived artifact's name leaves out a category (direction, strategy, generation) that the code has in hand",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-9", "AP-17"),
    silent_where=("JOB201", "JOB110"),
)

_MADE = frozenset({"write", "replace"})
_SCRATCH = frozenset(
    {"tmp", "temp", "scratch", "log", "logs", "null", "pid", "lock", "readme", "config", "conf"}
)
_OF_NOW = frozenset({"status", "current", "latest", "last", "best", "index", "report", "summary"})
"""Words of a file that always holds what is so now, whatever it was made for."""
_USED = SHAPES_RESULT | {"passed"}
_VARIABLE = re.compile(r"[\"']?\$\{?(\w+)\}?[\"']?")
_OUTPUT_OPTION = re.compile(r"-o|--(?:out|save|dest|result|write).*|--to(?:[=_-].*)?", re.DOTALL)


@RULE.on(ArtifactName)
def in_python(name: ArtifactName, context: Context) -> Iterator[Draft]:
    """A file that is written in a loop over categories, or by a function that is told the category."""
    if name.language != "python" or not _is_artifact(name.pattern, context):
        return
    acts = [
        act
        for act in (*context.all(Write), *context.all(Replace))
        if act.execution.functions == name.execution.functions
        and act.path.same_object(name.pattern)
        and not act.execution.is_in_other_arm(name.execution)
    ]
    if not name.roles & _MADE and not acts and not name.returned:
        return
    if acts and all(_is_changed_in_place(name, act) for act in acts):
        return
    around = [*name.execution.loops, *(loop for act in acts for loop in act.execution.loops)]
    loops = {loop.place: loop for loop in around}
    for loop in loops.values():
        category = _category_of(loop, name.pattern, name.execution, context)
        if category and not name.returned and not _is_keyed_by_other(loop, name.pattern, category):
            why = f"this loop goes over every `{category}`"
            sure = (
                Confidence.LOW if _is_from_data(loops.values(), name.pattern, category) else Confidence.MEDIUM
            )
            yield _found(name, category, loop.place, why, context, confidence=sure)
            return
    yield from _of_parameter(name, context)


def _is_changed_in_place(name: ArtifactName, act: Act) -> bool:
    """Whether a file is put over one that the same code has used before: the name is that of an input."""
    if not isinstance(act, Replace) or not name.variable or act.place.source is not name.place.source:
        return False
    between = act.place.source.text[name.place.span.end : act.place.span.start]
    return re.search(rf"[(,=]\s*{re.escape(name.variable)}\s*[,)]", between) is not None


def _is_artifact(pattern: PathPattern, context: Context) -> bool:
    if context.role in {"test", "docs", "temporary"} or pattern.is_unique or pattern.has_digest:
        return False
    return not pattern.name.words & _SCRATCH


def _category_of(loop: Loop, path: PathPattern, execution: Execution, context: Context) -> str:
    """The category that a loop goes over and that a path leaves out, though it may have any value here."""
    for variable in loop.variables:
        if variable in execution.settled:
            continue
        if is_category(variable, context.settings) and variable not in path.names:
            if loop.values is None or len(set(loop.values)) > 1:
                return variable
    return ""


def _is_keyed_by_other(loop: Loop, path: PathPattern, category: str) -> bool:
    """Whether the path holds another variable of the same loop, which may tell the categories apart."""
    return any(variable in path.names for variable in loop.variables if variable != category)


def _is_from_data(loops: Iterable[Loop], path: PathPattern, category: str) -> bool:
    """Whether a part of the name comes out of what is read for the category: such keys are often the data's own."""
    return any(
        category in loop.made_from and not path.names.isdisjoint(loop.variables)
        for loop in loops
        if category not in loop.variables
    )


def _of_parameter(name: ArtifactName, context: Context) -> Iterator[Draft]:
    function = name.function
    if function is None or not name.pattern.holes:
        return
    for parameter in function.parameters:
        if not is_category(parameter.name, context.settings):
            continue
        ignored = name.returned and bool(name.calls) and not parameter.uses
        if not parameter.uses & _USED and not ignored:
            continue
        if "counted" in parameter.uses:
            continue  # a number of parts
        if parameter.name in name.pattern.names or parameter.annotation in {"bool", "float"}:
            continue
        if parameter.name in name.execution.settled:
            continue  # the name is that of one category
        calls = [call for call in name.calls if parameter.name in dict(call.bound)]
        if calls and all(_path_says(call, parameter.name, name.pattern) for call in calls):
            continue
        if not calls and not any(hole.names for hole in name.template.holes):
            continue
        never_given = bool(name.calls) and not calls and bool(parameter.default)
        decided = any(
            parameter.name in c.names and c.place.span in function.place.span for c in context.all(Condition)
        )
        loop = next((loop for call in calls for loop in call.loops), None)
        told = {given.text for call in calls if (given := dict(call.bound).get(parameter.name)) is not None}
        varied = loop is not None or len(told - {None}) > 1
        works = ignored or bool(parameter.uses & SHAPES_RESULT)
        yield _found(
            name,
            parameter.name,
            parameter.place,
            f"parameter `{parameter.name}` of {function.name}()",
            context,
            more=((loop.place, "varied by this loop"),) if loop is not None else (),
            confidence=Confidence.MEDIUM
            if varied or (works and not decided and not never_given)
            else Confidence.LOW,
        )
        return


def _path_says(call: Call, category: str, path: PathPattern) -> bool:
    """Whether a call hands over a folder or name that already depends on the category."""
    bound = dict(call.bound)
    given = bound[category]
    around = [pattern for parameter, pattern in bound.items() if parameter in path.names]
    if given.names and any(given.names & pattern.names for pattern in around):
        return True
    text = given.text
    return text is not None and any(text in pattern.literal for pattern in around)


@RULE.on(Project)
def far_from_its_name(project: Project, context: Context) -> Iterator[Draft]:
    """A file whose name a helper or an object builds without the category that the code which writes it has in hand."""
    for name, left_out in left_out_categories(project):
        if name.pattern.name.words & _SCRATCH:
            continue
        yield RULE.found(
            name.mark,
            f"`{name.template.template}` leaves out `{left_out.category}`, though it is at hand where the file is written: "
            f"the file of one `{left_out.category}` replaces that of another",
            label=f"put `{left_out.category}` into the name",
            related=((left_out.mark, left_out.where), *((call, "called here") for call in left_out.calls)),
            data={"missing": [left_out.category], "template": name.template.template},
        )


@RULE.on(Write)
def one_name(act: Write, context: Context) -> Iterator[Draft]:
    """A file with one and the same name that Python writes in a loop over categories."""
    if act.language != "python" or act.path.text is None or not _is_artifact(act.path, context):
        return
    if act.guards or act.moved_to is not None or not act.path.name.words.isdisjoint(_OF_NOW | STATE_WORDS):
        return
    for loop in act.execution.loops:
        category = _category_of(loop, act.path, act.execution, context)
        if category and loop.values is not None and not _is_used_up(act.path, act.place, loop, context):
            yield _replaced(act.path_place, act.path, category, loop)
            return


@RULE.on(Write)
def in_shell(act: Write, context: Context) -> Iterator[Draft]:
    """A redirection in a loop over categories."""
    if act.language != "shell" or not _is_artifact(act.path, context) or not _has_name(act.path):
        return
    commands = [command for command in context.all(Command) if _together(command, act)]
    yield from _without_what_is_taken(act.path, act.path_place, act.place, commands, act.execution, context)


@RULE.on(Command)
def as_option(command: Command, context: Context) -> Iterator[Draft]:
    """`--out "out/$corpus.jsonl"` of a command that also takes the category."""
    if command.language != "shell":
        return
    for before, arg in zip(command.args, command.args[1:], strict=False):
        if not _OUTPUT_OPTION.fullmatch(before.text or "") or not _has_name(arg.pattern):
            continue
        if _is_artifact(arg.pattern, context):
            yield from _without_what_is_taken(
                arg.pattern, arg.place, command.place, [command], command.execution, context
            )


def _without_what_is_taken(
    path: PathPattern,
    place: Place,
    written: Place,
    commands: list[Command],
    execution: Execution,
    context: Context,
) -> Iterator[Draft]:
    """A name that leaves out the category which the commands that write the file take: that of a loop, or an argument of the
    script.
    """
    taken = [arg for command in commands for arg in command.args]
    for loop in execution.loops:
        category = _category_of(loop, path, execution, context)
        if not category or not any(category in arg.pattern.names for arg in taken):
            category = _handed_on(loop, path, taken, context)
        if category and not _is_used_up(path, written, loop, context):
            yield _replaced(place, path, category, loop)
            return
    for argument in context.all(ScriptArgument):
        if not is_category(argument.variable, context.settings) or argument.names & path.names:
            continue
        if path.name.names and any(_is_only(argument, arg) for arg in taken):
            yield _left_out(place, path, argument.variable, argument.place, "an argument of the script")
            return


def _is_only(argument: ScriptArgument, word: Arg) -> bool:
    """Whether a word is what an argument of the script is, and no more: `"$direction"`, but not `"$split.tsv"`."""
    written = _VARIABLE.fullmatch(word.place.text)
    return written is not None and (written[1] == argument.variable or written[1] in argument.names)


def _handed_on(loop: Loop, path: PathPattern, taken: list[Arg], context: Context) -> str:
    """The category under whose name a function takes what a loop goes over: `for d in long short; do build "$d"`."""
    if loop.values is not None and len(set(loop.values)) < 2:
        return ""
    own = frozenset(loop.variables)
    if own & path.names:
        return ""
    for arg in taken:
        written = _VARIABLE.fullmatch(arg.place.text)
        if written is not None and own & arg.pattern.names and is_category(written[1], context.settings):
            return written[1]
    return ""


def _together(command: Command, act: Write) -> bool:
    """Whether a command is the one that writes, or one of the same statement (a pipeline)."""
    if command.place.source is not act.place.source:
        return False
    return command.place.span.overlaps(act.place.span) or (
        act.statement is not None and command.statement == act.statement
    )


def _has_name(path: PathPattern) -> bool:
    return bool(path.suffix) or "/" in path.literal


def _is_used_up(path: PathPattern, written: Place, loop: Loop, context: Context) -> bool:
    """Whether the loop itself takes the file further: reads, moves, appends or deletes it, so that it is scratch."""
    for kind in (Read, Replace, Delete, Append):
        if any(a.path == path and loop in a.execution.loops for a in context.all(kind)):
            return True
    return any(
        arg.pattern == path and loop in command.execution.loops
        for command in context.all(Command)
        if command.place != written
        for arg in command.args
    )


def _replaced(place: Place, path: PathPattern, category: str, loop: Loop) -> Draft:
    return RULE.found(
        place,
        f"`{path.name.template}` leaves out `{category}`, which this loop varies: each one replaces the file of the one before",
        label=f"put `{category}` into the name or the folder",
        related=((loop.place, f"varied by this loop: {', '.join(loop.variables)}"),),
        data={"missing": [category], "template": path.name.template},
        subject=place,
    )


def _found(
    name: ArtifactName,
    category: str,
    where: Place,
    why: str,
    context: Context,
    *,
    more: tuple[tuple[Place, str], ...] = (),
    confidence: Confidence = Confidence.MEDIUM,
) -> Draft:
    return _left_out(name.place, name.template, category, where, why, more=more, confidence=confidence)


def _left_out(
    place: Place,
    template: PathPattern,
    category: str,
    where: Place,
    why: str,
    *,
    more: tuple[tuple[Place, str], ...] = (),
    confidence: Confidence = Confidence.MEDIUM,
) -> Draft:
    shown = template.name.template
    return RULE.found(
        place,
        f"`{shown}` leaves out `{category}`, though it is at hand: the file of one `{category}` replaces that of another",
        label=f"put `{category}` into the name",
        related=((where, why), *more),
        confidence=confidence,
        data={"missing": [category], "template": shown},
        subject=place,
    )
