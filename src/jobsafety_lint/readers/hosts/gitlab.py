"""GitLab CI: the shell texts of its jobs.

A job's `before_script` and `script` are one shell, its `after_script` is another. The runner starts each with
`set -o errexit`, and with `set -o pipefail` where the shell has it (shells/bash.go of gitlab-runner): in practice
always, since it prefers bash and busybox's sh knows pipefail too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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


def read_gitlab(source: Source) -> HostFile:
    """The jobs of a GitLab CI file."""
    file = yaml_text.read_yaml(source)
    found = HostFile()
    if file.problem:
        found.broken.append((Span(0, 0), file.problem))
        return found
    found.comments = list(file.comments())
    found.statements = list(file.statements())
    for root in file.roots:
        found.snippets += _Reader(file, root).read()
    return found


@dataclass(eq=False)
class _Reader:
    file: YamlFile
    root: Node
    _read: set[tuple[int, ...]] = field(default_factory=set)

    def read(self) -> Iterator[Snippet]:
        for name, (_, job) in entries(self.root).items():
            if name in _NO_JOBS or not yaml_text.is_mapping(job) or self._is_windows(job):
                continue
            script = list(yaml_text.flat(get(job, "script")))
            if script:
                yield from self._snippet(name, job, [*self._inherited(job, "before_script"), *script])
            elif get(job, "before_script") is not None:
                yield from self._snippet(name, job, list(yaml_text.flat(get(job, "before_script"))))
            yield from self._snippet(name, job, list(yaml_text.flat(get(job, "after_script"))))
        for level in (self.root, get(self.root, "default")):
            for key in ("before_script", "after_script"):
                nodes = list(yaml_text.flat(get(level, key)))
                if any((id(node),) not in self._read for node in nodes):
                    yield from self._snippet(key, self.root, nodes)

    def _snippet(self, title: str, job: Node, nodes: list[ScalarNode]) -> Iterator[Snippet]:
        identity = tuple(id(node) for node in nodes)
        if not nodes or identity in self._read:
            return
        self._read |= {identity, *((id(node),) for node in nodes)}
        variables = {**self._variables(self.root), **self._variables(job)}
        yield Snippet(
            title,
            yaml_text.snippet(self.file, nodes, INPUT),
            self.file.span(nodes[-1]),
            "bash",
            errexit=True,
            pipefail=True,
            environment=variables,
        )

    def _variables(self, level: Node) -> dict[str, str]:
        found = {}
        for name, (_, value) in entries(get(level, "variables")).items():
            text = text_of(get(value, "value")) if yaml_text.is_mapping(value) else text_of(value)
            if text is not None:
                found[name] = text
        return found

    def _inherited(self, job: Node, key: str) -> list[ScalarNode]:
        """The job's own `before_script`, else that of what it extends, else the file's default."""
        for level in [*self._extended(job), get(self.root, "default"), self.root]:
            node = get(level, key)
            if node is not None:
                return list(yaml_text.flat(node))
        return []

    def _extended(self, job: Node, depth: int = 0) -> Iterator[Node]:
        yield job
        if depth > 10:
            return
        for node in reversed(list(yaml_text.flat(get(job, "extends")))):
            parent = get(self.root, text_of(node) or "")
            if parent is not None:
                yield from self._extended(parent, depth + 1)

    def _is_windows(self, job: Node) -> bool:
        tags = [
            text_of(node) or ""
            for level in self._extended(job)
            for node in yaml_text.flat(get(level, "tags"))
        ]
        return any(re.search(r"windows|powershell|pwsh", tag, re.IGNORECASE) for tag in tags)
