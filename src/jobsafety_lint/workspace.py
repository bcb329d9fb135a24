"""From paths to tasks: the files that are given, and the other files of the projects that they belong to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jobsafety_lint import config, discover, engine
from jobsafety_lint.config import Resolver
from jobsafety_lint.discover import Discovered, Discovery
from jobsafety_lint.model import Note


@dataclass
class Workspace:
    """Which files there are and which settings count for them."""

    resolver: Resolver = field(default_factory=Resolver)
    files: discover.Options = field(default_factory=discover.Options)

    def tasks(self, paths: Sequence[str | Path]) -> tuple[list[engine.Task], tuple[Note, ...]]:
        """The files below the paths, with the rest of their projects, and what was passed over.

        Raises:
            UsageError: a path does not exist.
            ConfigError: a configuration cannot be used.
        """
        config.look_again()
        discovery = Discovery(self.resolver, self.files)
        items = discovery.find([Path(path) for path in paths])
        tasks = [engine.Task(item, self.resolver.for_folder(item.path.parent)) for item in items]
        narrowed = self.files.exclude or self.files.extend_exclude
        walked = [] if narrowed else [Path(os.path.abspath(path)) for path in paths]
        return [*tasks, *self._rest_of_projects(tasks, walked)], tuple(discovery.notes)

    def text_task(self, name: str, data: bytes) -> tuple[list[engine.Task], tuple[Note, ...]]:
        """A text that is not on disk (as it is), under a name, with the rest of the project that it would belong to.

        Raises:
            ConfigError: a configuration cannot be used.
        """
        path = Path(os.path.abspath(name))
        settings = self.resolver.for_folder(path.parent)
        kind = discover.kind_of(path, name, data) or discover.markdown_kind(path, settings)
        if kind is None:
            return [], (Note(name, discover.passed_over(path)),)
        item = Discovered(path, discover.shown_path(path), *kind)
        task = engine.Task(item, settings, data)
        return [task, *self._rest_of_projects([task])], ()

    def _rest_of_projects(
        self, tasks: Sequence[engine.Task], walked: Sequence[Path] = ()
    ) -> list[engine.Task]:
        """The other files of the projects that the given files belong to: their facts count, nothing is reported there.
        Below the folders that were `walked` there are no others.
        """
        roots = [
            root
            for root in projects_of(tasks)
            if not any(root == folder or folder in root.parents for folder in walked)
        ]
        known = {task.item.shown for task in tasks} if roots else set()
        rest: dict[str, engine.Task] = {}
        for root in roots:
            for task in self.project_files(root):
                if task.item.shown not in known:
                    rest[task.item.shown] = task
        return list(rest.values())

    def project_files(self, root: Path) -> list[engine.Task]:
        """All files of a project, none of them given.

        Raises:
            ConfigError: a configuration cannot be used.
        """
        files = discover.Options(respect_gitignore=self.files.respect_gitignore)
        items = Discovery(self.resolver, files).find([root])
        return [engine.Task(item, self.resolver.for_folder(item.path.parent), given=False) for item in items]


def projects_of(tasks: Sequence[engine.Task]) -> list[Path]:
    """The folders of the projects that files belong to; a home folder and `/` are none."""
    roots = {id(task.root): task.root for task in tasks}  # a few objects for thousands of files
    known = [task.item.path for task in tasks]
    return [
        root
        for root in sorted(set(roots.values()))
        if root not in {Path.home(), Path(root.anchor)} and any(root in path.parents for path in known)
    ]
