"""The project: the links of all files, and the questions that need more than one file.

A question may ask for another look at a file; then it is read and outlined, once. Only files that mention what is asked
for are looked at.
"""

from __future__ import annotations

import ast
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from jobsafety_lint.cache import codec
from jobsafety_lint.config import ConfigError, Settings, read_toml
from jobsafety_lint.meaning.project.answers import Answer, Answers, Question
from jobsafety_lint.meaning.project.links import QUIET_ROLES, FileLinks, RunLink, TaskLink
from jobsafety_lint.meaning.project.mentions import Texts, index_of, may_come_from_elsewhere
from jobsafety_lint.meaning.python.index import CallSite, Module
from jobsafety_lint.readers.python.outline import Outline
from jobsafety_lint.source import Source, vocabulary_of
from jobsafety_lint.surroundings import Look, note

Kind = TypeVar("Kind")
Read = Callable[[str], Source | None]


_INDEXED: dict[tuple[str, str], Module] = {}
"""The modules that were looked at last, for the next run of the same process: an editor's server makes one a keystroke."""
_MOST_INDEXED = 4_000_000
"""Code points of their texts; their trees take some thirty times as many bytes."""
_FROM = re.compile(r"^(?:\.{0,2}/)+")
"""How a path begins that is relative to somewhere."""
_FEW_SEARCHES = 16
"""After how many searches through all texts an index of the names that they mention is made, if their words are not known yet."""
_SILENT = frozenset({"test", "vendored"})
"""Roles of Python files whose texts say nothing."""


@dataclass(eq=False)
class Project:
    """All files of a project. `root` is its folder, `read` gives the text of a file (None if it cannot be read)."""

    root: Path
    files: Sequence[FileLinks]
    settings: Settings
    read: Read
    answers: Answers = field(default_factory=Answers)
    changed: frozenset[str] = frozenset()
    """The files that have changed since the known answers were given."""
    vocabularies: Mapping[str, str] = field(default_factory=dict)
    """The words of files that have just been read, by their paths; see `Source.vocabulary`."""
    _modules: dict[str, Module | None] = field(default_factory=dict)
    _imports: dict[str, dict[str, str]] = field(default_factory=dict)
    """What each file imports that has been indexed once, kept when its index has gone: most files that call a function of this
    name turn out to mean another one.
    """
    _searches: int = 0
    _callers: dict[tuple[str, str], tuple[tuple[CallSite, ...], frozenset[Question]]] = field(
        default_factory=dict
    )

    def all(self, kind: type[Kind]) -> Iterator[tuple[FileLinks, Kind]]:
        """All links of a kind, each with its file."""
        return ((file, link) for file in self.files for link in file.all(kind))

    def answered(self, subject: object, find: Callable[[], Answer]) -> Answer:
        """What is found about a subject (both plain values), if it is not known already and still holds. The modules that were
        read for it may go afterwards: a large project has more of them than fit into memory.
        """
        answer = self.answers.of(subject, self._holds, find)
        if sum(len(module.source.text) for module in self._modules.values() if module) > _MOST_INDEXED:
            self._modules.clear()
            self._callers.clear()
        return answer

    def _holds(self, question: Question) -> bool:
        """Whether a question is answered as before. The files of the project are the same ones, some have changed."""
        match question:
            case ("module", path):
                return path not in self.changed
            case ("callers", home, name, kind):
                python = [path for path in self.changed if path in self._python]
                if any(path.endswith("/__init__.py") for path in python):
                    return False
                search = self._search(home, name, method=bool(kind)) if python else None
                return search is None or not any(search(path) for path in python)
            case ("only", name, said):
                return (self._defined[name] == 1) is (said == "one")
            case ("runs", path, said):
                return self._said_of_runs(path) == said
        return False

    # --- Python files ----------------------------------------------------------------------------------------------

    @cached_property
    def _python(self) -> dict[str, FileLinks]:
        return {file.path: file for file in self.files if file.kind == "python"}

    @cached_property
    def _texts(self) -> Texts:
        """The texts of the files; those of tests say nothing."""

        def read(path: str) -> str:
            source = None if self._python[path].role in _SILENT else self.read(path)
            return source.text if source is not None else ""

        return Texts(read)

    def module(self, path: str) -> Module | None:
        """The index of a Python file; None if it cannot be read."""
        self.answers.ask("module", path)
        if path not in self._modules:
            self._modules[path] = self._index(path)
        return self._modules[path]

    def _index(self, path: str) -> Module | None:
        source = self.read(path)
        if source is None:
            return None
        dotted = self.dotted(path)
        known = _INDEXED.pop((path, dotted), None)
        if known is None or (known.source.path, known.source.text) != (source.path, source.text):
            try:
                outline = Outline.of(source)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return None
            known = Module(path, dotted, source, outline)
        self._imports[path] = known.outline.imports
        _INDEXED[path, dotted] = known
        while len(_INDEXED) > 1 and sum(len(one.source.text) for one in _INDEXED.values()) > _MOST_INDEXED:
            del _INDEXED[next(iter(_INDEXED))]
        return known

    def class_of(self, module: Module, written: str, depth: int = 0) -> tuple[Module, str] | None:
        """The class of the project that a name means in a module, perhaps by way of re-exports: its module and its name there."""
        if written in module.classes:
            return module, written
        prefix, _, name = module.resolve(written).rpartition(".")
        if not prefix or depth > 3:
            return None
        for path in self.modules_named(prefix)[:2]:
            home = self.module(path)
            found = self.class_of(home, name, depth + 1) if home is not None else None
            if found is not None:
                return found
        return None

    def dotted(self, path: str) -> str:
        """A file's path below the root with dots; a package by its folder."""
        relative = os.path.relpath(path, self.root).removesuffix(".py").removesuffix("/__init__")
        return relative.replace("/", ".")

    def modules_named(self, dotted: str) -> list[str]:
        """The files that `import dotted` may mean: those whose path ends so, the shortest first."""
        wanted = dotted.replace(".", "/")
        ends = (f"/{wanted}.py", f"/{wanted}/__init__.py")
        last = wanted.rpartition("/")[2]
        near = [*self._by_name.get(f"{last}.py", ()), *self._by_name.get("__init__.py", ())]
        return sorted((p for p in near if p in self._python and p.endswith(ends)), key=lambda p: (len(p), p))

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """The files by the last component of their paths."""
        found: dict[str, list[str]] = {}
        for file in self.files:
            found.setdefault(file.path.rpartition("/")[2], []).append(file.path)
        return found

    # --- calls -----------------------------------------------------------------------------------------------------

    def callers(self, module: Module, qualified: str) -> tuple[CallSite, ...]:
        """The calls of a function or method (`Class.method`; `Class.__init__` for making an object) in all code files."""
        key = (module.path, qualified)
        if key not in self._callers:
            with self.answers.noted() as questions:
                found = tuple(self._find_callers(module, qualified))
            self._callers[key] = found, frozenset(questions)
        self.answers.rest_on(self._callers[key][1])
        return self._callers[key][0]

    def _find_callers(self, module: Module, qualified: str) -> Iterator[CallSite]:
        class_name, _, method = qualified.rpartition(".")
        name = class_name if method == "__init__" else method
        is_method = class_name not in {"", name}
        paths: Iterable[str] = (module.path,)
        if not is_method or self._is_only(name):
            self.answers.ask("callers", module.path, name, "method" if is_method else "")
            search = self._search(module.path, name, method=is_method)
            found_in = [path for path in self._mentioning(name) if search(path)]
            paths = found_in if module.path in found_in else [module.path, *found_in]
        for path in paths:
            found = self.module(path)
            if found is None:
                continue
            for site in found.calls(name):
                if self._means(site, found, module, class_name, name):
                    yield site

    def _mentioning(self, name: str) -> Iterable[str]:
        """The Python files that may mention a name of the project: all, until so much is asked that an index pays."""
        self._searches += 1
        known = len(self.vocabularies) * 2 > len(self._python)  # after an edit, those of a file or two
        if not known and self._searches <= _FEW_SEARCHES and not self._texts.are_too_many:
            return self._python
        return self._mentions.get(name, ())

    @cached_property
    def _mentions(self) -> dict[str, Sequence[str]]:
        return index_of(self._defined, self._python, self._vocabulary_of)

    def _vocabulary_of(self, path: str) -> str:
        """The words of a Python file; those of tests say nothing."""
        known = self.vocabularies.get(path, "")
        if known:
            return "" if self._python[path].role in _SILENT else known
        return vocabulary_of(self._texts.of(path))

    def _search(self, home: str, name: str, *, method: bool) -> Callable[[str], bool]:
        """Whether a file may call a function or method of a module, as far as its text tells: it calls it or hands it to
        something, and mentions the module itself or a package that hands the function on.
        """
        doors = {self.dotted(home).rpartition(".")[2]}
        folders = {_folder_of(home)}
        if not method:
            folders |= {_folder_of(path) for path in self._packages if name in self._texts.of(path)}
            doors |= {folder.rpartition("/")[2] for folder in folders}

        modules = doors.union(self.dotted(home).split("."))
        twins = self._twins_of(home)

        def is_of_interest(path: str) -> bool:
            if path == home:
                return True
            text = self._texts.of(path)
            if name not in text or not self._texts.may_call(path, name, method=method):
                return False
            if not method and not self._imports_one_of(path, name, modules):
                return False
            folder = _folder_of(path)
            near = folder in folders or _folder_of(folder) in folders  # `from . import`, `from .. import`
            if not (method or near or any(door in text for door in doors)):
                return False
            # a copy of the package imports its own modules
            return not twins or _nearest(path, (home, *twins)) == home

        return is_of_interest

    def _imports_one_of(self, path: str, name: str, modules: set[str]) -> bool:
        """Whether a file imports a function, or a module or package of one of these names, as far as that is known."""
        imports = self._imports.get(path)
        if imports is None:
            return may_come_from_elsewhere(self._texts.of(path), name)
        if name in imports:
            return True
        return any(full.rpartition(".")[2] in modules for full in imports.values())

    @cached_property
    def _packages(self) -> list[str]:
        return [path for path in self._by_name.get("__init__.py", ()) if path in self._python]

    def _twins_of(self, home: str) -> list[str]:
        """The other files that an `import` of this module may mean as well: of the same name in a folder of the same name."""
        ending = "/" + "/".join(home.split("/")[-2:])
        near = self._by_name.get(home.rpartition("/")[2], ())
        return [path for path in near if path != home and path.endswith(ending)]

    def _means(self, site: CallSite, where: Module, module: Module, class_name: str, name: str) -> bool:
        """Whether a call is one of the function `name` of a module (a method if `class_name`)."""
        written = site.written
        receiver = written.rpartition(".")[0]
        making = class_name == name
        if class_name and not making:
            if receiver in {"self", "cls", "super()"}:
                caller = site.caller.class_name if site.caller is not None else None
                return where is module and (caller == class_name or self._inherits(where, caller, class_name))
            return bool(receiver) and self._is_only(name)
        if not receiver and where is module:
            return name not in where.outline.imports
        full = where.resolve(written)
        return self._defines(full, module, name, depth=0)

    def _inherits(self, module: Module, name: str | None, base: str) -> bool:
        node = module.classes.get(name or "")
        return node is not None and any(base in ast.unparse(b) for b in node.bases)

    def _is_only(self, method: str) -> bool:
        """Whether only one function of the project has this name."""
        only = self._defined[method] == 1
        self.answers.ask("only", method, "one" if only else "several")
        return only

    @cached_property
    def _defined(self) -> Counter[str]:
        """How often a function of each name is defined in the project."""
        return Counter(name for file in self._python.values() for name in file.defined)

    def _defines(self, full: str, module: Module, name: str, depth: int) -> bool:
        """Whether a full dotted name leads to a name of a module, perhaps by way of re-exports."""
        prefix, _, last = full.rpartition(".")
        if last != name or depth > 3:
            return False
        if not prefix:
            return False
        paths = self.modules_named(prefix)
        if module.path in paths:
            return True
        for path in paths[:2]:
            through = self.module(path) if path.endswith("__init__.py") else None
            if through is not None and name in through.outline.imports:
                return self._defines(through.resolve(name), module, name, depth + 1)
        return False

    # --- programs --------------------------------------------------------------------------------------------------

    @cached_property
    def _runs(self) -> dict[str, list[tuple[FileLinks, RunLink, str]]]:
        found: dict[str, list[tuple[FileLinks, RunLink, str]]] = {}
        for file, run in self.all(RunLink):
            if file.role in QUIET_ROLES:
                continue
            for path, function in self.targets(run, file):
                found.setdefault(path, []).append((file, run, function))
            if run.kind == "task":
                for path, function, inner in self._through_task(run):
                    found.setdefault(path, []).append((file, inner, function))
        return found

    def _through_task(self, run: RunLink) -> Iterator[tuple[str, str, RunLink]]:
        """What a run of a task of mise starts: the script, its function, and the run with all arguments."""
        for where, task in self._tasks.get(run.program.rpartition("//")[2].lstrip(":"), ()):
            inner = replace(run, kind=task.kind, program=task.program, words=(*task.words, *run.words))
            if task.kind == "script":
                yield where.path, "", inner
            else:
                yield from ((path, function, inner) for path, function in self.targets(inner, where))

    @cached_property
    def _tasks(self) -> dict[str, list[tuple[FileLinks, TaskLink]]]:
        found: dict[str, list[tuple[FileLinks, TaskLink]]] = {}
        for file, task in self.all(TaskLink):
            found.setdefault(task.name, []).append((file, task))
        return found

    @property
    def started(self) -> Iterable[str]:
        """The files that other files start as programs."""
        return self._runs

    def runs_of(self, path: str) -> list[tuple[FileLinks, RunLink, str]]:
        """Where a script is run, and which of its functions that starts (empty: the script itself)."""
        self.answers.ask("runs", path, self._said_of_runs(path))
        return self._runs.get(path, [])

    def _said_of_runs(self, path: str) -> str:
        return codec.encode([(file.path, run, function) for file, run, function in self._runs.get(path, ())])

    def targets(self, run: RunLink, submitter: FileLinks) -> list[tuple[str, str]]:
        """The files of the project that a run may mean, with the function that it starts."""
        if run.kind == "module":
            paths = self.modules_named(run.program)
            return [(path, "") for path in [*self.modules_named(f"{run.program}.__main__"), *paths][:2]]
        if run.kind == "task":
            return []
        if run.kind == "command":
            entry = self.console_scripts.get(run.program)
            if entry is None:
                return []
            dotted, _, function = entry.partition(":")
            return [(path, function) for path in self.modules_named(dotted)[:1]]
        wanted = _FROM.sub("", run.program.rpartition("\0")[2])
        if not wanted:
            return []
        near = os.path.normpath(Path(submitter.path).parent / run.program)
        same_name = self._by_name.get(wanted.rpartition("/")[2], ())
        fitting = [path for path in same_name if path.endswith(f"/{wanted}")]
        below_root = (self.root / wanted).as_posix()
        for exact in (below_root, near):
            if exact in fitting:
                return [(exact, "")]
        around = _folder_of(submitter.path)
        if not fitting and run.program.startswith("/"):  # where it is installed, from what lies around
            fitting = [path for path in same_name if path.startswith(f"{around}/")]
        if len(fitting) > 1:  # it is started in one of the folders above
            fitting = [path for path in fitting if f"{around}/".startswith(path.removesuffix(wanted))]
            fitting = sorted(fitting, key=len)[-1:]
        return [(path, "") for path in fitting[:1]] if len(fitting) == 1 else []

    @cached_property
    def console_scripts(self) -> dict[str, str]:
        """The commands that pyproject.toml files of the project define: `name` -> `pkg.mod:function`."""
        found: dict[str, str] = {}
        for folder in {
            self.root,
            *(Path(f.path).parent for f in self.files if f.path.endswith("pyproject.toml")),
        }:
            path = folder / "pyproject.toml"
            note(Look("text", path.as_posix()))
            if not path.is_file():
                continue
            try:
                data = read_toml(path)
            except ConfigError:
                continue
            for table in (data.get("project", {}), data.get("tool", {}).get("poetry", {})):
                scripts = table.get("scripts", {}) if isinstance(table, dict) else {}
                found |= {str(k): str(v) for k, v in scripts.items() if isinstance(v, str)}
        return found


def _nearest(path: str, others: Iterable[str]) -> str:
    """That of the files which shares most folders with a path, the first of several."""
    folders = path.split("/")
    return max(others, key=lambda other: _shared(folders, other.split("/")))


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many components two paths have in common from the start on."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _folder_of(path: str) -> str:
    return path.rpartition("/")[0]
