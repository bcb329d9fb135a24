"""Micro-benchmarks of the steps of a run, on the repository's own sources and the examples of its pages:

    python -m pytest bench/micro.py [--benchmark-compare]

The readers, the sieve, the walk, the whole map step, and the link. Nothing here is a test of time.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobsafety_lint import testing
from jobsafety_lint.engine.linking import link
from jobsafety_lint.engine.mapping import map_file
from jobsafety_lint.engine.tasks import Options
from jobsafety_lint.meaning.python.reading import PythonFile
from jobsafety_lint.meaning.python.sieve import Sieve
from jobsafety_lint.meaning.reading import read_facts
from jobsafety_lint.meaning.shell.interpreter import Interpreter
from jobsafety_lint.readers.hosts.mise import read_mise
from jobsafety_lint.readers.hosts.workflows import read_workflow
from jobsafety_lint.readers.python.outline import Outline
from jobsafety_lint.readers.shell.reader import read_shell
from jobsafety_lint.source import Source
from jobsafety_lint.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
PYTHON = [
    Source(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    for folder in ("src", "rules", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
EXAMPLES = [
    Source(name, text)
    for block in testing.blocks(ROOT / "rules")
    if block.stem != "unread_source"
    for name, text in block.files.items()
]
Benchmark = Callable[..., Any]


def examples(*endings: str) -> list[Source]:
    """The examples of all pages whose names end like this."""
    return [source for source in EXAMPLES if source.path.endswith(endings)]


def fresh(sources: list[Source]) -> list[Source]:
    """The same texts, nothing known of them."""
    return [Source(source.path, source.text) for source in sources]


def interpreter() -> Interpreter:
    """What reads the commands of a file."""
    return Interpreter(read=read_shell, queue_commands=frozenset())


def test_reader_python(benchmark: Benchmark) -> None:
    outlines = benchmark(lambda: [Outline.of(source) for source in fresh(PYTHON)])
    assert sum(len(outline.functions) for outline in outlines) > 1000


def test_reader_shell(benchmark: Benchmark) -> None:
    trees = benchmark(lambda: [read_shell(source) for source in fresh(examples(".sh"))])
    assert sum(len(tree.units) for tree in trees) > 500


@pytest.mark.parametrize(
    ("read", "endings"),
    [
        (lambda source: read_mise(source, task_file=False), ("mise.toml",)),
        (read_workflow, (".github/workflows/release.yml", ".github/workflows/deploy.yml", "ci.yml")),
    ],
    ids=["mise", "workflow"],
)
def test_reader_host(
    benchmark: Benchmark, read: Callable[[Source], object], endings: tuple[str, ...]
) -> None:
    sources = examples(*endings)
    assert sources
    benchmark(lambda: [read(source) for source in fresh(sources)])


def test_sieve(benchmark: Benchmark) -> None:
    outlines = [Outline.of(source) for source in fresh(PYTHON)]
    wanted = benchmark(lambda: [Sieve(outline, interpreter().may_queue).wanted() for outline in outlines])
    assert (
        0
        < sum(len(functions) for functions, _ in wanted)
        < sum(len(outline.functions) for outline in outlines)
    )


def test_walk_python(benchmark: Benchmark) -> None:
    outlines = [Outline.of(source) for source in fresh(examples(".py"))]
    facts = benchmark(
        lambda: [PythonFile(outline.source, outline, interpreter()).read() for outline in outlines]
    )
    assert sum(map(len, facts)) > 200


def test_walk_shell(benchmark: Benchmark) -> None:
    trees = {source.text: read_shell(source) for source in fresh(examples(".sh"))}

    def walk() -> int:
        count = 0
        for tree in trees.values():
            found = read_facts(tree.source, "shell", "bash", pueue_version=4, trees=[tree])
            count += len(found.facts)
        return count

    assert benchmark(walk) > 1000


def test_map(benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    tasks, _ = Workspace().tasks(["src/jobsafety_lint/meaning"])
    given = [task for task in tasks if task.given]
    mapped = benchmark.pedantic(lambda: [map_file(task, Options()) for task in given], rounds=3)  # type: ignore[attr-defined]
    assert all(one.links is not None for one in mapped)


def test_link(benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    tasks, _ = Workspace().tasks(["src"])
    given = [task for task in tasks if task.given]
    mapped = {task.item.shown: map_file(task, Options()) for task in given}
    found, crashes = benchmark.pedantic(lambda: link(given, mapped, Options()), rounds=3)  # type: ignore[attr-defined]
    assert not found.pending
    assert crashes == []
