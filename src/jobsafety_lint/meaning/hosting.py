"""Configuration files that hold shell: their snippets read as commands, their values as facts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from jobsafety_lint import gitlab_includes
from jobsafety_lint.meaning import daemons
from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.configuration import (
    CallbackTemplate,
    ConfiguredVariable,
    Recipe,
    Service,
    TaskDefinition,
    Workflow,
    WorkflowJob,
    WorkflowStep,
)
from jobsafety_lint.meaning.daemons import outermost
from jobsafety_lint.meaning.data.sql import statements
from jobsafety_lint.meaning.execution import Concurrency, Execution, Setting
from jobsafety_lint.meaning.files import FileFact
from jobsafety_lint.meaning.linting import UnreadRegion
from jobsafety_lint.meaning.scripts import filled_in, path_of
from jobsafety_lint.meaning.shell.interpreter import Interpreter
from jobsafety_lint.meaning.shell.state import State, Value
from jobsafety_lint.mise_config import scope_of
from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts import gitlab, mise, workflows, yaml_text
from jobsafety_lint.readers.hosts.compose import read_compose
from jobsafety_lint.readers.hosts.crontab import read_crontab
from jobsafety_lint.readers.hosts.dockerfile import read_dockerfile
from jobsafety_lint.readers.hosts.justfile import read_justfile
from jobsafety_lint.readers.hosts.makefile import read_makefile
from jobsafety_lint.readers.hosts.markdown import read_markdown
from jobsafety_lint.readers.hosts.snippets import HostFile, Snippet
from jobsafety_lint.readers.hosts.yaml_text import YamlFile, entries, get, text_of
from jobsafety_lint.source import Place, Source
from jobsafety_lint.surroundings import data_of

if TYPE_CHECKING:
    from yaml.nodes import Node, ScalarNode

    from jobsafety_lint.meaning.file_facts import FileFacts


def read_hosted(source: Source, kind: str, interpreter: Interpreter, found: FileFacts) -> None:
    """Reads a configuration file of a kind in `HOSTED` into `found`."""
    HOSTED[kind](source, interpreter, found)


def run_snippets(
    host: HostFile, source: Source, interpreter: Interpreter, found: FileFacts, daemon: str = ""
) -> dict[int, list[Command]]:
    """Reads the shell texts of a host file. What each snippet (by its `id`) has run is returned. `daemon` starts them,
    if one does (`cron`, `systemd`).
    """
    found.know(source, host)
    found.comments += [(source, span) for span in host.comments]
    ran: dict[int, list[Command]] = {}
    for title, row in itertools.groupby(host.snippets, key=lambda snippet: snippet.title):
        texts = [snippet for snippet in row if snippet.shell or snippet.style == "argv"]
        if not texts:
            continue
        interpreter.begin()
        for snippet in texts:
            ran[id(snippet)] = interpreter.part(snippet.source, state_of(snippet, daemon), snippet.status)
        place = Place(texts[0].source, Span(0, len(texts[0].source.text)))
        interpreter.end(place, "task", title)
    return ran


def state_of(snippet: Snippet, daemon: str = "") -> State:
    """The state of the shell at a snippet's first word."""
    place = Place(snippet.source, Span(0, len(snippet.source.text)))
    values = {name: filled_in(text) for name, text in snippet.environment.items()}
    execution = Execution(
        shell=snippet.shell if snippet.style == "shell" else "",
        errexit=snippet.errexit,
        pipefail=snippet.pipefail,
        cwd=filled_in(snippet.directory) if snippet.directory else None,
        at_home=snippet.at_home,
        environment=tuple(Setting(name, value, place, "configuration") for name, value in values.items()),
        concurrency=(Concurrency(snippet.concurrent, place),) if snippet.concurrent else (),
        daemon=daemon,
        alone=snippet.alone,
    )
    state = State(execution)
    for name, value in values.items():
        state.assign(name, Value(value))
    return state


# --- mise ------------------------------------------------------------------------------------------------------------


def _mise(source: Source, interpreter: Interpreter, found: FileFacts, *, task_file: bool = False) -> None:
    path = path_of(source)
    scope = scope_of(path) if task_file and path is not None else None
    read = mise.read_mise(source, task_file=task_file, scope=scope)
    ran = run_snippets(read, source, interpreter, found)
    last = {snippet.title: ran.get(id(snippet), []) for snippet in read.snippets}
    for variable in read.variables:
        found.facts.append(
            ConfiguredVariable(
                Place(source, variable.span),
                variable.name,
                variable.text,
                Place(source, variable.value_span),
                "mise",
                variable.form,
                variable.task,
            )
        )
    for task in read.tasks.values():
        found.facts.append(
            TaskDefinition(
                Place(source, task.span),
                task.name,
                task.starts,
                task.parallel,
                task.file,
                task.directory,
                task.before,
                tuple(last.get(task.title, ())),
            )
        )


def _mise_tasks(source: Source, interpreter: Interpreter, found: FileFacts) -> None:
    _mise(source, interpreter, found, task_file=True)


# --- YAML ------------------------------------------------------------------------------------------------------------


def _workflow(source: Source, interpreter: Interpreter, found: FileFacts) -> None:
    read = workflows.read_workflow(source)
    found.silent += len(read.broken) + read.unread
    ran = run_snippets(read, source, interpreter, found)
    jobs = []
    for job in read.jobs:
        steps = tuple(
            WorkflowStep(
                Place(source, step.span),
                step.title,
                step.uses,
                step.options,
                tuple(ran.get(id(step.snippet), ())),
            )
            for step in job.steps
        )
        jobs.append(WorkflowJob(Place(source, job.span), job.name, job.needs, steps))
    alone = {id(snippet.source) for snippet in read.snippets if snippet.alone}
    own = {id(snippet.source) for snippet in read.snippets}
    _without_races(interpreter, alone, own)
    for name, key, node in read.services:
        if read.file is not None and yaml_text.is_mapping(node):
            found.facts.append(_service(read.file, name, key, node, "workflow"))
    found.facts.append(Workflow(Place(source, Span(0, 0)), tuple(jobs)))


def _gitlab(source: Source, interpreter: Interpreter, found: FileFacts) -> None:
    read = gitlab.read_gitlab(source, _included_with(source))
    found.silent += len(read.broken)
    run_snippets(read, source, interpreter, found)
    if "services:" in source.text:
        found.facts += _gitlab_services(yaml_text.read_yaml(source))


def _gitlab_services(file: YamlFile) -> Iterator[Service]:
    """The services beside jobs: `- image`, or `- name: image` with variables of their own; they get those of their job, too
    (https://docs.gitlab.com/ci/services/).
    """
    top = entries(file.root)
    everywhere = get(file.root, "variables")
    for name, (_, job) in (("", (None, file.root)), *top.items()):
        for item in yaml_text.items(get(job, "services")):
            image = item if yaml_text.is_scalar(item) else get(item, "name")
            if image is None:
                continue
            given = (everywhere, get(job, "variables") if name else None, get(item, "variables"))
            variables = {v.name: v for node in given for v in _variables(file, name, node)}
            settings = {
                key: tuple(_scalars(value))
                for key, (_, value) in entries(item).items()
                if key not in {"name", "alias", "variables"}
            }
            yield Service(
                Place(file.source, file.span(image)),
                name,
                text_of(image) or "",
                variables,
                False,
                settings,
                None,
                "gitlab",
            )


def _included_with(source: Source) -> list[Source]:
    """The other files of the same GitLab pipeline."""
    path = path_of(source)
    root = gitlab_includes.root_of(path) if path is not None else None
    if root is None:
        return []
    others = sorted({root / ".gitlab-ci.yml", *gitlab_includes.included_files(root)} - {path})
    found = [(other, data_of(other)) for other in others]
    return [Source(str(other), data.decode("utf-8", errors="replace")) for other, data in found if data]


def _yaml(source: Source, found: FileFacts) -> tuple[YamlFile, HostFile]:
    """A YAML file of values, with its statements and comments."""
    file = yaml_text.read_yaml(source)
    if file.problem:
        found.silent += 1
    return file, HostFile(statements=list(file.statements()), comments=list(file.comments()))


def _compose(source: Source, interpreter: Interpreter, found: FileFacts) -> None:
    file, host = _yaml(source, found)
    host.snippets = list(read_compose(file))
    run_snippets(host, source, interpreter, found)
    for name, (key, service) in entries(get(file.root, "services")).items():
        if yaml_text.is_mapping(service):
            read = _service(file, name, key, service)
            found.facts += [*read.variables.values(), read]


def _service(file: YamlFile, name: str, key: Node, service: Node, host: str = "compose") -> Service:
    image = get(service, "image")
    environment = get(service, "environment" if host == "compose" else "env")
    variables = {v.name: v for v in _variables(file, name, environment)}
    where = entries(service).get("image")
    place = file.span(key)
    if where is not None:
        place = Span(file.span(where[0]).start, file.span(where[1]).end)
    return Service(
        Place(file.source, place),
        name,
        text_of(image) or "",
        variables,
        get(service, "env_file") is not None,
        {
            key: tuple(_scalars(value))
            for key, (_, value) in entries(service).items()
            if key not in {"image", "environment"}
        },
        Place(file.source, file.span(environment)) if environment is not None else None,
        host,
    )


def _scalars(node: Node) -> Iterator[str]:
    return (text_of(each) or "" for each in yaml_text.walk([node]) if yaml_text.is_scalar(each))


def _variables(file: YamlFile, owner: str, node: Node | None) -> Iterator[ConfiguredVariable]:
    """`NAME: value` or `- NAME=value`; a name alone is taken from where compose runs."""
    for name, (key, value) in entries(node).items():
        span = file.span(value)
        whole = Span(file.span(key).start, max(span.end, file.span(key).end))
        yield _variable(file, owner, name, text_of(value), whole, span)
    for item in yaml_text.items(node):
        text = text_of(item)
        if text:
            name, equals, given = text.partition("=")
            yield _variable(file, owner, name, given if equals else None, file.span(item), file.span(item))


def _variable(
    file: YamlFile, owner: str, name: str, value: str | None, whole: Span, span: Span
) -> ConfiguredVariable:
    form = "inherited" if value is None else "template" if "$" in value else "literal"
    return ConfiguredVariable(
        Place(file.source, whole), name, value or "", Place(file.source, span), "compose", form, owner
    )


def _pueue(source: Source, interpreter: Interpreter, found: FileFacts) -> None:
    file, host = _yaml(source, found)
    run_snippets(host, source, interpreter, found)
    for level, section in _sections(file.root):
        for key, value in _callbacks(section):
            text = yaml_text.snippet(file, [value])
            found.facts.append(
                CallbackTemplate(Place(source, file.span(value)), Place(source, file.span(key)), level, text)
            )
            if level[-1:] == ("daemon",):
                shell = yaml_text.snippet(file, [value], _HANDLEBARS)
                interpreter.begin()
                interpreter.part(shell, State(Execution(shell="sh")), "ignored")
                interpreter.end(
                    Place(shell, Span(0, len(shell.text))), "task", ".".join((*level, "callback"))
                )


_HANDLEBARS = re.compile(r"\{\{\{?.*?\}\}\}?", re.DOTALL)


def _sections(root: Node | None) -> Iterator[tuple[tuple[str, ...], Node]]:
    """The mappings of a pueue.yml in which somebody may put a callback."""
    if root is None:
        return
    yield (), root
    for name in ("daemon", "client", "shared"):
        section = get(root, name)
        if section is not None:
            yield (name,), section
    for profile, (_, node) in entries(get(root, "profiles")).items():
        for level, section in _sections(node):
            if level[:1] != ("profiles",):
                yield ("profiles", profile, *level), section


def _callbacks(section: Node) -> Iterator[tuple[Node, ScalarNode]]:
    found = entries(section).get("callback")
    if found is not None and yaml_text.is_scalar(found[1]) and text_of(found[1]):
        yield found[0], found[1]


# --- lines: make, docker, just, units, cron ----------------------------------------------------------------------------


def _lines(read: Callable[[Source], HostFile]) -> Callable[[Source, Interpreter, FileFacts], None]:
    """How a file of lines is read whose reader gives a plain `HostFile`."""

    def hosted(source: Source, interpreter: Interpreter, found: FileFacts) -> None:
        host = read(source)
        found.facts += [UnreadRegion(Place(source, span), "host", reason) for span, reason in host.broken]
        run_snippets(host, source, interpreter, found, daemons.started_by(host))
        found.facts += [Recipe(Place(source, span), name, before) for span, name, before in host.recipes]
        found.facts += daemons.facts_of(source, host, interpreter.facts)

    return hosted


def _dockerfile(source: Source, interpreter: Interpreter, found: FileFacts) -> None:
    """An image is built by itself: in its RUN lines nobody else sees the files, so that nothing races for them."""
    host = read_dockerfile(source)
    run_snippets(host, source, interpreter, found)
    _without_races(interpreter, {id(s.source) for s in host.snippets if s.title.endswith("RUN")})


def _without_races(
    interpreter: Interpreter, alone: Collection[int], own: Collection[int] = frozenset()
) -> None:
    """Leaves out what some texts (by the `id` of their sources) do to files on a machine that nothing else runs on, and what
    those with a folder of their `own` do below it: a runner works on one job at a time
    (https://docs.github.com/en/actions/concepts/runners/self-hosted-runners).
    """

    def is_private(fact: object) -> bool:
        if not isinstance(fact, FileFact):
            return False
        text, execution = id(outermost(fact.place.source)), fact.execution
        if text not in alone and not (text in own and _is_below_start(fact)):
            return False
        return execution.host is None and not execution.concurrency and not execution.background

    interpreter.facts = [fact for fact in interpreter.facts if not is_private(fact)]


def _is_below_start(fact: FileFact) -> bool:
    """Whether a path certainly begins at the folder that the text is started in."""
    here = fact.execution.cwd
    return fact.path.is_relative and (here is None or here.is_relative)


# --- Markdown --------------------------------------------------------------------------------------------------------


def _markdown(source: Source, interpreter: Interpreter, found: FileFacts) -> None:
    read = read_markdown(source)
    run_snippets(read, source, interpreter, found)
    if read.python:
        from jobsafety_lint.meaning.python import reading  # its own world, loaded on demand

        for block in read.python:
            if reading.is_python(block.text):
                reading.read_python(block, interpreter, found)
            else:
                found.silent += 1


_REPLACING = re.compile(r"Replacing\w*MergeTree", re.IGNORECASE)


def _sql(source: Source, _interpreter: Interpreter, found: FileFacts) -> None:
    """A file of SQL: what it says of tables whose engine replaces rows."""
    if _REPLACING.search(source.text) is not None:
        found.facts += statements(source)


HOSTED: dict[str, Callable[[Source, Interpreter, FileFacts], None]] = {
    "mise": _mise,
    "mise-tasks": _mise_tasks,
    "workflow": _workflow,
    "gitlab-ci": _gitlab,
    "compose": _compose,
    "pueue-yml": _pueue,
    "makefile": _lines(read_makefile),
    "dockerfile": _dockerfile,
    "justfile": _lines(read_justfile),
    "unit": _lines(daemons.read_unit_beside),
    "crontab": _lines(read_crontab),
    "markdown": _markdown,
    "sql": _sql,
}
"""How each kind of configuration file is read."""
