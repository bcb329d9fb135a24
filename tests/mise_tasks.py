"""The tasks of a repository as mise lists them and as the linter reads them.

`python tests/mise_tasks.py DIR…` compares the two for repositories (mise must be installed) and says where they differ.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jobsafety_lint import config, discover
from jobsafety_lint.mise_config import CONFIG_FILES, TASK_FOLDERS, scope_of
from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts.mise import FileTask, MiseFile, Task, file_task, read_mise
from jobsafety_lint.source import SourceFile


@dataclass(frozen=True)
class Listed:
    """A task, in words that both can say. `runs` are the shell texts, one a shell; `file` the script that it is."""

    name: str
    runs: tuple[str, ...] = ()
    directory: str = ""
    shell: str | None = None
    file: str | None = None
    depends: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    wait_for: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()


Tasks = dict[tuple[str, str], Listed]
"""By the file that defines it and by name."""


# --- mise ------------------------------------------------------------------------------------------------------------


def listed_by_mise(root: Path) -> Tasks:
    """The tasks that mise finds in a repository, from each folder that has a config file or a task folder."""
    found: Tasks = {}
    for folder in _config_folders(root):
        before = {path for path, _ in found}
        for task in _ls(folder):
            source = Path(task["source"])
            if root in source.parents and source.relative_to(root).as_posix() not in before:
                found[source.relative_to(root).as_posix(), task["name"]] = _of_mise(task, root, folder)
    return found


def _config_folders(root: Path) -> list[Path]:
    names = (*CONFIG_FILES, *TASK_FOLDERS)
    known = {
        Path(folder) for folder, _, _ in os.walk(root) if any(Path(folder, name).exists() for name in names)
    }
    return [root, *sorted(folder for folder in known if folder != root and folder.name != ".config")]


def _ls(folder: Path) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "MISE_OFFLINE": "1",
            "MISE_TRUSTED_CONFIG_PATHS": str(folder.anchor),
        }
        done = subprocess.run(
            ["mise", "tasks", "ls", "--local", "--hidden", "--json"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        print(f"{folder}: mise refuses it: {done.stderr.strip().splitlines()[:1]}", file=sys.stderr)
        return []
    tasks: list[dict[str, Any]] = json.loads(done.stdout)
    return tasks


def _of_mise(task: Mapping[str, Any], root: Path, folder: Path) -> Listed:
    runs = tuple(run for run in task["run"] if isinstance(run, str))
    file = task["file"]
    return Listed(
        task["name"],
        runs,
        os.path.relpath(task["dir"] or folder, root),
        task["shell"],
        os.path.relpath(file, root) if file and Path(file).is_absolute() else file,
        tuple(map(_name, task["depends"])),
        tuple(map(_name, task["depends_post"])),
        tuple(map(_name, task["wait_for"])),
        tuple(sorted(task["env"])),
    )


def _name(depend: object) -> str:
    if isinstance(depend, dict):
        return _name(depend["task"])
    text = str(depend[0]) if isinstance(depend, list) else str(depend)
    return next((word for word in text.split() if "=" not in word), "")


# --- the linter ------------------------------------------------------------------------------------------------------


def read_by_us(root: Path) -> Tasks:
    """The tasks that the linter's readers find in the files that the linter takes."""
    settings = config.Resolver(isolated=True)
    found: Tasks = {}
    for item in discover.Discovery(settings, discover.Options(respect_gitignore=False)).find([root]):
        source = discover.read(item.path, item.path.relative_to(root).as_posix(), 10_000_000)
        if not isinstance(source, SourceFile):
            continue
        scope = scope_of(item.path)
        if item.kind in {"mise", "mise-tasks"}:
            task_file = item.kind == "mise-tasks"
            home = scope.root if scope is not None and task_file else _config_root(item.path)
            read = read_mise(source, task_file=task_file, scope=scope if task_file else None)
            for task in read.tasks.values():
                found[source.path, task.name] = _of_reader(task, read, home, root)
        elif scope is not None and (script := file_task(source, item.path, scope)) is not None:
            found[source.path, script.name] = _of_script(script, source.path, scope.root, root)
    return found


def _config_root(path: Path) -> Path:
    folder = path.parent
    while folder.name in {"mise", ".mise", ".config", "conf.d"}:
        folder = folder.parent
    return folder


def _of_reader(task: Task, read: MiseFile, home: Path, root: Path) -> Listed:
    base = read.templates.get(task.extends or "", task)
    snippets = [snippet for snippet in read.snippets if snippet.title == task.title]
    snippets = snippets or [snippet for snippet in read.snippets if snippet.title == base.title]
    owners = {task.name} | ({base.name} if base.is_template else set())
    return Listed(
        task.name,
        tuple(snippet.source.shown(Span(0, len(snippet.source.text))) for snippet in snippets),
        _directory(task.directory, home, root),
        task.shell,
        task.file,
        task.depends,
        task.after,
        task.wait_for,
        tuple(sorted(f"{v.name}={v.text}" for v in read.variables if v.task in owners)),
    )


def _of_script(task: FileTask, path: str, home: Path, root: Path) -> Listed:
    return Listed(
        task.name,
        directory=_directory(task.directory, home, root),
        file=path,
        depends=task.depends,
        after=task.after,
        wait_for=task.wait_for,
        environment=tuple(sorted(f"{name}={value}" for name, value in task.environment.items())),
    )


def _directory(written: str | None, home: Path, root: Path) -> str:
    path = re.sub(r"\{\{\s*(?:config_root|cwd)\s*\}\}", str(home), written or "")
    return os.path.relpath(os.path.normpath(home / path), root)


# --- the comparison --------------------------------------------------------------------------------------------------


def differences(root: Path) -> Iterator[str]:
    """Where the two differ, a line each.

    Left out: scripts in languages that the linter does not read; scripts that cannot be executed, and tasks that another
    of the same name hides, which mise does not list.
    """
    theirs, ours = listed_by_mise(root), read_by_us(root)
    names = {name for _, name in theirs}
    for key in sorted(theirs.keys() | ours.keys()):
        where = " ".join(key)
        if key not in ours:
            if discover.kind_of(root / key[0]) is not None:
                yield f"{where}: only mise has it"
        elif key not in theirs:
            is_script = ours[key].file == key[0]
            if key[1] not in names and (not is_script or os.access(root / key[0], os.X_OK)):
                yield f"{where}: only the linter has it"
        else:
            said, read = asdict(theirs[key]), asdict(ours[key])
            for field in said:
                if said[field] != read[field]:
                    yield f"{where}: {field}: mise {said[field]!r}, the linter {read[field]!r}"


if __name__ == "__main__":
    for given in sys.argv[1:]:
        top = Path(given).resolve()
        found = list(differences(top))
        print(f"{top.name}: {len(listed_by_mise(top))} tasks, {len(found)} differences")
        print(*(f"  {line}" for line in found), sep="\n")
