"""GitLab CI: the shell texts of its jobs.

A job's `before_script` and `script` are one shell, its `after_script` is another. The runner starts each with
`set -o errexit`, and with `set -o pipefail` where the shell has it (shells/bash.go of gitlab-runner): in practice
always, since it prefers bash and busybox's sh knows pipefail too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts import yaml_text
from jobsafety_lint.readers.hosts.snippets import HostFile, Snippet
from jobsafety_lint.readers.hosts.yaml_text import YamlFile, entries, get, text_of
from jobsafety_lint.source import Source

if TYPE_CHECKING:
    from yaml.nodes import Node, ScalarNode

INPUT = re.compile(r"\$\[\[.*?\]\]", re.DOTALL)
_NO_JOBS = frozenset(
    {
        "default", "include", "stages", "types", "variables", "workflow", "image", "services", "cache", "spec",
        "before_script", "after_script", "script",
    }
)  # fmt: skip


def read_gitlab(source: Source, others: Sequence[Source] = ()) -> HostFile:
    """The jobs of a GitLab CI file. `others` are the files that it is included with: what jobs extend may stand there."""
    file = yaml_text.read_yaml(source)
    found = HostFile()
    if file.problem:
        found.broken.append((Span(0, 0), file.problem))
        return found
    found.comments = list(file.comments())
    found.statements = list(file.statements())
    beside = [root for other in others for root in yaml_text.read_yaml(other).roots]
    for root in file.roots:
        found.snippets += _Reader(file, root, beside).read()
    return found


@dataclass(eq=False)
class _Reader:
    file: YamlFile
    root: Node
    beside: Sequence[Node] = ()
    """The roots of the other files: their variables, tags and templates count, their texts are read where they stand."""
    _read: set[tuple[int, ...]] = field(default_factory=set)

    def read(self) -> Iterator[Snippet]:
        for name, (_, job) in entries(self.root).items():
            if name in _NO_JOBS or not yaml_text.is_mapping(job) or self._is_windows(job):
                continue
            script = self._inherited(job, "script")
            if script or get(job, "before_script") is not None:
                yield from self._snippet(name, job, [*self._inherited(job, "before_script"), *script])
            yield from self._snippet(name, job, self._flat(get(job, "after_script")))
        for level in (self.root, get(self.root, "default")):
            for key in ("before_script", "after_script"):
                nodes = self._flat(get(level, key))
                if any((id(node),) not in self._read for node in nodes):
                    yield from self._snippet(key, self.root, nodes)

    def _snippet(self, title: str, job: Node, nodes: list[ScalarNode]) -> Iterator[Snippet]:
        identity = tuple(id(node) for node in nodes)
        if not nodes or identity in self._read:
            return
        self._read |= {identity, *((id(node),) for node in nodes)}
        variables: dict[str, str] = {}
        for level in [*self.beside, self.root, *reversed(list(self._extended(job)))]:
            variables |= self._variables(level)
        yield Snippet(
            title,
            yaml_text.snippet(self.file, nodes, INPUT),
            self.file.span(nodes[-1]),
            "bash",
            errexit=True,
            pipefail=True,
            environment=variables,
            alone=self._is_in_container(job),
        )

    def _is_in_container(self, job: Node) -> bool:
        """Whether the job, what it extends, or the file names an image: a runner that makes containers makes one for each job
        (https://docs.gitlab.com/runner/executors/docker/).
        """
        levels = [*self._extended(job), get(self.root, "default"), self.root, *self.beside]
        return any(get(level, "image") is not None for level in levels if level is not None)

    def _variables(self, level: Node) -> dict[str, str]:
        found = {}
        for name, (_, value) in entries(get(level, "variables")).items():
            text = text_of(get(value, "value")) if yaml_text.is_mapping(value) else text_of(value)
            if text is not None:
                found[name] = text
        return found

    def _inherited(self, job: Node, key: str) -> list[ScalarNode]:
        """The job's own lines of a key, else those of what it extends, else the file's default."""
        defaults = [] if key == "script" else [get(self.root, "default"), self.root]
        for level in [*self._extended(job), *defaults]:
            node = get(level, key)
            if node is not None:
                return self._flat(node)
        return []

    def _flat(self, node: Node | None, depth: int = 0) -> list[ScalarNode]:
        """The lines of a script that stand in this file, `!reference [job, key]` replaced by what it names."""
        if depth > 10:
            return []
        if yaml_text.is_sequence(node):
            if node.tag == "!reference":
                path = [text_of(item) or "" for item in node.value]
                return self._flat(get(self.root, *path), depth + 1) if path else []
            return [scalar for item in node.value for scalar in self._flat(item, depth + 1)]
        mine = yaml_text.is_scalar(node) and (not self.beside or id(node) in self._own)
        return [node] if mine and yaml_text.is_scalar(node) and text_of(node) is not None else []

    @functools.cached_property
    def _own(self) -> set[int]:
        return {id(node) for node in yaml_text.walk(self.file.roots)}

    def _extended(self, job: Node, depth: int = 0) -> Iterator[Node]:
        yield job
        if depth > 10:
            return
        for node in reversed(list(yaml_text.flat(get(job, "extends")))):
            name = text_of(node) or ""
            parent = next(
                (found for root in [self.root, *self.beside] if (found := get(root, name)) is not None), None
            )
            if parent is not None:
                yield from self._extended(parent, depth + 1)

    def _is_windows(self, job: Node) -> bool:
        tags = [
            text_of(node) or ""
            for level in self._extended(job)
            for node in yaml_text.flat(get(level, "tags"))
        ]
        return any(re.search(r"windows|powershell|pwsh", tag, re.IGNORECASE) for tag in tags)
