"""GitHub workflows and composite actions: the shell texts of their steps, and what the steps use.

Sources: GitHub's workflow syntax (`defaults.run`, `shell`, `working-directory`, `env` at three levels) and its metadata
syntax for composite actions. Forgejo and Gitea read the same files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts import yaml_text
from jobsafety_lint.readers.hosts.ci_shells import github_mode
from jobsafety_lint.readers.hosts.snippets import HostFile, Snippet
from jobsafety_lint.readers.hosts.yaml_text import YamlFile, entries, get, items, text_of
from jobsafety_lint.source import Source

if TYPE_CHECKING:
    from yaml.nodes import Node

EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_WINDOWS = re.compile(r"windows|(?:^|[._-])win(?:[._-]|\d|$)", re.IGNORECASE)
_HOSTED = re.compile(
    r"(?:ubuntu|macos|windows)-(?:latest|slim|\d[\w.]*)(?:-(?:arm|intel|large|xlarge))*", re.IGNORECASE
)
_ON_WINDOWS = re.compile(r"(?:==|startsWith|contains)[^&|]*windows|windows[^&|]*==", re.IGNORECASE)
_NOT_WINDOWS = re.compile(r"!=|!\s*(?:startsWith|contains)")


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a job: an action that it uses, or a shell text. `options` are the values of `with`."""

    span: Span
    title: str
    uses: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    snippet: Snippet | None = None


@dataclass(frozen=True, eq=False)
class Job:
    """One job: its name, the jobs that it waits for, and its steps in order."""

    name: str
    span: Span
    needs: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(eq=False)
class WorkflowFile(HostFile):
    """What a workflow or a composite action holds. `unread` counts steps for shells that are not read."""

    jobs: list[Job] = field(default_factory=list)
    services: list[tuple[str, Node, Node]] = field(default_factory=list)
    """The service containers of the jobs: name, key and value."""
    unread: int = 0
    file: YamlFile | None = None


def read_workflow(source: Source) -> WorkflowFile:
    """The jobs of a workflow, or the steps of a composite action."""
    file = yaml_text.read_yaml(source)
    found = WorkflowFile(file=file)
    if file.problem:
        found.broken.append((Span(0, 0), file.problem))
        return found
    found.comments = list(file.comments())
    found.statements = list(file.statements())
    reader = _Reader(file, found)
    root = file.root
    for name, (key, job) in entries(get(root, "jobs")).items():
        found.jobs.append(reader.job(name, key, job, root))
        found.services += [(at, *both) for at, both in entries(get(job, "services")).items()]
    runs = get(root, "runs")
    if text_of(get(runs, "using")) == "composite":
        steps = tuple(reader.steps(get(runs, "steps"), "runs", [], {}, container=False, windows=False))
        found.jobs.append(Job("runs", file.span(runs) if runs is not None else Span(0, 0), (), steps))
    return found


def texts(node: Node | None) -> dict[str, str]:
    """The scalars of a mapping."""
    return {
        name: text_of(value) or "" for name, (_, value) in entries(node).items() if yaml_text.is_scalar(value)
    }


@dataclass(eq=False)
class _Reader:
    file: YamlFile
    found: WorkflowFile

    def job(self, name: str, key: Node, job: Node, root: Node | None) -> Job:
        runs_on = get(job, "runs-on")
        defaults = [get(job, "defaults", "run"), get(root, "defaults", "run")]
        environment = {**texts(get(root, "env")), **texts(get(job, "env"))}
        steps = self.steps(
            get(job, "steps"),
            f"jobs.{name}",
            defaults,
            environment,
            container=get(job, "container") is not None,
            windows=_all_windows(runs_on, job) or self._is_named_windows(runs_on, job),
            thrown_away=_all_hosted(runs_on, job) or get(job, "container") is not None,
        )
        needs = tuple(text for node in yaml_text.flat(get(job, "needs")) if (text := text_of(node)))
        return Job(name, self.file.span(key), needs, tuple(steps))

    def _is_named_windows(self, runs_on: Node | None, job: Node) -> bool:
        """Whether a reusable workflow is called one for Windows, where its callers say what it runs on."""
        labels, _ = _labels(runs_on, job)
        given = len(labels) == 1 and labels[0].startswith("${{")
        return given and _WINDOWS.search(self.file.source.path.rpartition("/")[2]) is not None

    def steps(
        self,
        steps: Node | None,
        title: str,
        defaults: list[Node | None],
        environment: dict[str, str],
        *,
        container: bool,
        windows: bool,
        parallel: bool = False,
        thrown_away: bool = False,
    ) -> Iterator[Step]:
        """The steps of a job. `thrown_away`: it runs in a container, or on a machine of GitHub's own, that is made for this job and
        thrown away with all its files.
        """
        for at, step in enumerate(items(steps)):
            name = text_of(get(step, "name")) or text_of(get(step, "id")) or f"steps[{at}]"
            span = self._place(step)
            together = get(step, "parallel")
            if together is not None:
                yield from self.steps(
                    together,
                    title,
                    defaults,
                    environment,
                    container=container,
                    windows=windows,
                    parallel=True,
                    thrown_away=thrown_away,
                )
                continue
            run = get(step, "run")
            if not yaml_text.is_scalar(run):
                uses = text_of(get(step, "uses")) or ""
                yield Step(span, name, uses, texts(get(step, "with")))
                continue
            written = _first("shell", step, *defaults)
            condition = text_of(get(step, "if")) or ""
            on_windows = windows or bool(_ON_WINDOWS.search(condition) and not _NOT_WINDOWS.search(condition))
            mode = github_mode(written, container=container, windows=on_windows)
            if mode is None:
                self.found.unread += 1
                yield Step(span, name)
                continue
            snippet = Snippet(
                title,
                yaml_text.snippet(self.file, [run], EXPRESSION),
                self.file.span(run),
                mode.shell,
                mode.errexit,
                mode.pipefail,
                directory=_first("working-directory", step, *defaults),
                environment={**environment, **texts(get(step, "env"))},
                concurrent="it runs beside the other steps of `parallel`" if parallel else "",
                alone=thrown_away,
            )
            self.found.snippets.append(snippet)
            yield Step(span, name, snippet=snippet)

    def _place(self, step: Node) -> Span:
        """The `uses` or `run` key with its value's first line, else the step."""
        for name in ("uses", "run"):
            if name in entries(step):
                key, value = entries(step)[name]
                start, end = self.file.span(key).start, self.file.span(value).end
                line_end = self.file.source.text.find("\n", start)
                return Span(start, min(end, line_end) if line_end >= 0 and start < end else max(start, end))
        return self.file.span(step)


def _first(name: str, *levels: Node | None) -> str | None:
    return next((text for level in levels if (text := text_of(get(level, name))) is not None), None)


def _all_windows(runs_on: Node | None, job: Node) -> bool:
    """Whether the job runs on Windows only."""
    labels, each = _labels(runs_on, job)
    found = [_WINDOWS.search(label) for label in labels]
    return bool(labels) and (all(found) if each else any(_WINDOWS.match(label) for label in labels))


def _all_hosted(runs_on: Node | None, job: Node) -> bool:
    """Whether the job runs on machines of GitHub's own only."""
    labels, _ = _labels(runs_on, job)
    return bool(labels) and all(_HOSTED.fullmatch(label) for label in labels)


def _labels(runs_on: Node | None, job: Node) -> tuple[list[str], bool]:
    """The labels of the machines that a job may run on; whether each is a machine of its own (a matrix)."""
    labels = [text_of(node) or "" for node in yaml_text.flat(get(runs_on, "labels") or runs_on)]
    match = re.fullmatch(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}", labels[0]) if len(labels) == 1 else None
    if match:
        matrix = get(job, "strategy", "matrix")
        labels = [text_of(node) or "" for node in yaml_text.flat(get(matrix, match[1]))]
        labels += [text_of(get(item, match[1])) or "" for item in items(get(matrix, "include"))]
        return [label for label in labels if label], True
    return labels, False
