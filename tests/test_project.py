"""What only the project as a whole can tell: callers in other files, command lines, the jobs that are queued."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from jobsafety_lint.meaning.project import project
from jobsafety_lint.meaning.project.mentions import Texts

Findings = Callable[..., list[dict[str, Any]]]

PATHS = """
    from pathlib import Path

    def checkpoint_path(symbol: str, start: str) -> Path:
        return Path("state") / f"{symbol}_{start}.json"
"""
WORK = """
    from etl.paths import checkpoint_path

    def populate(symbol: str, start: str, threshold: int, rows) -> int:
        path = checkpoint_path(symbol, start)
        done = int(path.read_text()) if path.exists() else 0
        return sum(row > threshold for row in rows[done:])
"""
ARGPARSE = """
    import argparse
    from etl.work import populate

    def main() -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--symbol", required=True)
        parser.add_argument("--start", default="2020")
        parser.add_argument("--thr", dest="limit", type=int, default=5)
        args = parser.parse_args()
        print(populate(args.symbol, args.start, args.limit, []))

    if __name__ == "__main__":
        main()
"""
CLICK = """
    import click
    from etl.work import populate

    @click.command()
    @click.option("--symbol", required=True)
    @click.option("--start", default="2020")
    @click.option("--thr", "limit", default=5)
    def main(symbol, start, limit):
        print(populate(symbol, start, limit, []))

    if __name__ == "__main__":
        main()
"""
TYPER = """
    import typer
    from etl.work import populate

    app = typer.Typer()

    @app.command()
    def main(symbol: str, start: str = "2020", thr: int = 5):
        print(populate(symbol, start, threshold=thr, rows=[]))

    if __name__ == "__main__":
        app()
"""
ARGV = """
    import sys
    from etl.work import populate

    print(populate(sys.argv[1], "2020", int(sys.argv[2]), []))
"""
LOOP = """
    #!/usr/bin/env bash
    for s in BTC ETH; do
        for t in 5 10; do
            pueue add --label "$s@$t" -- {command}
        done
    done
"""


@pytest.mark.parametrize(
    ("cli", "command"),
    [
        (ARGPARSE, 'uv run python -m etl.cli --symbol "$s" --thr "$t"'),
        (ARGPARSE, 'python3 etl/cli.py --symbol "$s" --thr="$t"'),
        (ARGPARSE, '.venv/bin/python etl/cli.py --thr "$t" --symbol "$s"'),
        (ARGPARSE, "\"bash -c 'cd /srv/p && uv run etl/cli.py --symbol $s --thr $t'\""),
        (CLICK, 'uv run python -m etl.cli --symbol "$s" --thr "$t"'),
        (TYPER, 'uv run etl/cli.py "$s" --thr "$t"'),
        (ARGV, 'python etl/cli.py "$s" "$t"'),
    ],
)
def test_a_queueing_loop_varies_an_option(cli: str, command: str, findings: Findings) -> None:
    files = {
        "etl/paths.py": PATHS,
        "etl/work.py": WORK,
        "etl/cli.py": cli,
        "queue.sh": LOOP.format(command=command),
    }
    found = findings({n: dedent(t).lstrip() for n, t in files.items()}, "--select", "JOB201")
    assert [(f["path"], f["line"], f["confidence"]) for f in found] == [("etl/paths.py", 4, "high")]
    assert found[0]["data"]["missing"] == ["threshold"]
    places = [(r["path"], r["line"]) for r in found[0]["related"]]
    assert places == [("etl/work.py", 3), ("etl/work.py", 4), ("queue.sh", 3), ("queue.sh", 4)]


@pytest.mark.parametrize(
    ("file", "task", "command"),
    [
        ("mise.toml", '[tasks.etl]\nfile = "etl/cli.py"\n', 'mise run etl --symbol "$s" --thr "$t"'),
        (
            "mise.toml",
            '[tasks."etl:run"]\nrun = "uv run python -m etl.cli"\n',
            'mise run -q etl:run -- --symbol "$s" --thr "$t"',
        ),
        (
            "mise.toml",
            '[tasks.etl]\nrun = ["echo start", "python etl/cli.py --symbol all"]\n',
            'mise -C . r etl --thr "$t"',
        ),
        ("more/tasks.toml", '[etl]\nrun = "etl/cli.py"\n', 'mise run etl --symbol "$s" --thr "$t"'),
    ],
)
def test_a_queueing_loop_varies_an_option_of_a_mise_task(
    file: str, task: str, command: str, findings: Findings
) -> None:
    files = {
        "etl/paths.py": PATHS,
        "etl/work.py": WORK,
        "etl/cli.py": ARGPARSE,
        file: task,
        "queue.sh": LOOP.format(command=command),
    }
    if file != "mise.toml":
        files["mise.toml"] = f'[task_config]\nincludes = ["{file}"]\n'
    found = findings({n: dedent(t).lstrip() for n, t in files.items()}, "--select", "JOB201")
    assert [(f["path"], f["line"], f["confidence"]) for f in found] == [("etl/paths.py", 4, "high")]
    assert ("queue.sh", 4) in [(r["path"], r["line"]) for r in found[0]["related"]]


def test_a_script_that_is_a_mise_task(findings: Findings) -> None:
    files = {
        "etl/paths.py": PATHS,
        "etl/work.py": WORK,
        "mise-tasks/etl/_default": "#!/usr/bin/env python3\n" + dedent(ARGPARSE).lstrip(),
        "queue.sh": LOOP.format(command='mise run etl --symbol "$s" --thr "$t"'),
    }
    found = findings({n: dedent(t).lstrip() for n, t in files.items()}, "--select", "JOB201")
    assert [(f["path"], f["line"]) for f in found] == [("etl/paths.py", 4)]


def test_one_value_for_all_jobs_is_none(findings: Findings) -> None:
    loop = LOOP.replace("5 10", "5").format(command='python etl/cli.py --symbol "$s" --thr "$t"')
    files = {"etl/paths.py": PATHS, "etl/work.py": WORK, "etl/cli.py": ARGPARSE, "queue.sh": loop}
    assert findings({n: dedent(t).lstrip() for n, t in files.items()}, "--select", "JOB201") == []


def test_submissions_that_differ(findings: Findings) -> None:
    queue = """
        pueue add -- python etl/cli.py --symbol BTC --thr 5
        pueue add -- python etl/cli.py --symbol BTC --thr 10
    """
    files = {"etl/paths.py": PATHS, "etl/work.py": WORK, "etl/cli.py": ARGPARSE, "queue.sh": queue}
    found = findings({n: dedent(t).lstrip() for n, t in files.items()}, "--select", "JOB201")
    assert [(f["line"], f["confidence"], f["data"]["missing"]) for f in found] == [(4, "high", ["threshold"])]


def test_a_re_exported_helper_and_a_method_that_calls_it(findings: Findings) -> None:
    files = {
        "etl/__init__.py": "from .paths import checkpoint_path\n",
        "etl/paths.py": PATHS,
        "etl/job.py": """
            import etl

            class Job:
                def __init__(self, symbol: str, start: str, threshold: int):
                    self.symbol, self.start = symbol, start
                    self.threshold = threshold

                def run(self, rows):
                    path = etl.checkpoint_path(self.symbol, self.start)
                    return [row for row in rows if row > self.threshold], path
        """,
    }
    found = findings({n: dedent(t).lstrip() for n, t in files.items()}, "--select", "JOB201")
    assert [(f["path"], f["line"], f["data"]["missing"]) for f in found] == [
        ("etl/paths.py", 4, ["threshold"])
    ]


@pytest.fixture(params=["searched", "indexed"])
def mentions(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers are looked for in texts, or in the index of what they mention."""
    monkeypatch.setattr(project, "_FEW_SEARCHES", 1_000_000 if request.param == "searched" else 0)


@pytest.mark.usefixtures("mentions")
def test_callers_are_found_by_search_and_by_index(findings: Findings) -> None:
    queue = "for thr in 1 2; do\n  pueue add -- python -m etl.cli --symbol a --thr $thr\ndone\n"
    files = {"etl/paths.py": PATHS, "etl/work.py": WORK, "etl/cli.py": ARGPARSE, "submit.sh": queue}
    found = findings({n: dedent(t).lstrip() for n, t in files.items()}, "--select", "JOB201")
    assert [(f["path"], f["confidence"], f["data"]["missing"]) for f in found] == [
        ("etl/paths.py", "high", ["threshold"])
    ]


@pytest.mark.usefixtures("mentions")
def test_a_copy_of_a_package_calls_its_own_functions(findings: Findings) -> None:
    queue = "for thr in 1 2; do\n  pueue add -- python two/etl/cli.py --symbol a --thr $thr\ndone\n"
    package = {"etl/paths.py": PATHS, "etl/work.py": WORK, "etl/cli.py": ARGPARSE}
    files = {f"{copy}/{name}": text for copy in ("one", "two") for name, text in package.items()}
    files["one/etl/work.py"] = WORK.replace("row > threshold", "row")
    files["one/etl/cli.py"] = ARGPARSE.replace("args.limit", "5")
    files["submit.sh"] = queue
    found = findings({n: dedent(t).lstrip() for n, t in files.items()}, "--select", "JOB201")
    assert [f["path"] for f in found] == ["two/etl/paths.py"]


def test_texts_that_are_too_many_are_read_again() -> None:
    asked: list[str] = []

    def read(path: str) -> str:
        asked.append(path)
        return path * 10

    texts = Texts(read, kept=25)
    assert [texts.of(path) for path in ("a", "b", "a", "c", "b", "a")] == [
        p * 10 for p in ("a", "b", "a", "c", "b", "a")
    ]
    assert asked == ["a", "b", "c", "a"], "`a` went when `c` came, `b` had room"


def test_a_class_that_names_its_checkpoint(findings: Findings) -> None:
    text = """
        from dataclasses import dataclass
        from pathlib import Path

        @dataclass
        class Job:
            symbol: str
            threshold: int
            verbose: bool = False

            @property
            def checkpoint(self) -> Path:
                return Path("state") / f"{self.symbol}.ckpt"

            def run(self, rows):
                return [row for row in rows if row > self.threshold]
    """
    found = findings({"job.py": dedent(text).lstrip()}, "--select", "JOB201")
    assert [(f["line"], f["data"]["missing"]) for f in found] == [(12, ["threshold"])]


def test_workers_of_a_pool(findings: Findings) -> None:
    text = """
        from concurrent.futures import ProcessPoolExecutor
        from pathlib import Path

        def work(symbol, threshold):
            path = Path("state") / f"{symbol}.checkpoint"
            path.write_text(str(threshold))

        def main(symbols, thresholds):
            with ProcessPoolExecutor() as pool:
                for s in symbols:
                    for t in thresholds:
                        pool.submit(work, s, t)
    """
    found = findings({"job.py": dedent(text).lstrip()}, "--select", "JOB201")
    assert [(f["line"], f["confidence"], f["data"]["missing"]) for f in found] == [(5, "high", ["threshold"])]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ('SYM=$1\nTHR=$2\nCKPT="state/${SYM}.ckpt"\n./work "$CKPT" "$THR"\n', '"$s" "$t"'),
        (
            'while [ $# -gt 0 ]; do\n  case "$1" in\n    --sym) SYM=$2; shift 2 ;;\n    --thr) THR=$2; shift 2 ;;\n  esac\ndone\n'
            'CKPT="state/${SYM}.ckpt"\n./work "$CKPT" "$THR"\n',
            '--sym "$s" --thr "$t"',
        ),
        (
            'while getopts "s:t:" o; do\n  case $o in\n    s) SYM=$OPTARG ;;\n    t) THR=$OPTARG ;;\n  esac\ndone\n'
            'CKPT="state/${SYM}.ckpt"\n./work "$CKPT" "$THR"\n',
            '-s "$s" -t "$t"',
        ),
    ],
)
def test_a_queued_shell_script(script: str, words: str, findings: Findings) -> None:
    files = {"job.sh": script, "queue.sh": dedent(LOOP).lstrip().format(command=f"./job.sh {words}")}
    found = findings(files, "--select", "JOB201")
    assert [(f["path"], f["confidence"], f["data"]["missing"]) for f in found] == [
        ("job.sh", "high", ["THR"])
    ]
    assert [(r["path"], r["line"]) for r in found[0]["related"]][1:] == [("queue.sh", 3), ("queue.sh", 4)]


def test_python_that_queues(findings: Findings) -> None:
    submit = """
        import subprocess

        for s in ("BTC", "ETH"):
            for t in (5, 10):
                subprocess.run(["pueue", "add", "--", "python", "etl/cli.py", "--symbol", s, "--thr", str(t)], check=True)
    """
    files = {"etl/paths.py": PATHS, "etl/work.py": WORK, "etl/cli.py": ARGPARSE, "submit.py": submit}
    found = findings({n: dedent(t).lstrip() for n, t in files.items()}, "--select", "JOB201")
    assert [(f["path"], f["confidence"], f["data"]["missing"]) for f in found] == [
        ("etl/paths.py", "high", ["threshold"])
    ]


@pytest.mark.parametrize(
    "name",
    [
        'f"{symbol}_{start}_{threshold}.json"',
        'f"{threshold}/{symbol}_{start}.json"',
        'hashlib.sha1(f"{symbol}{start}{threshold}".encode()).hexdigest() + ".json"',
        'f"{symbol}_{start}_{os.getpid()}.json"',
    ],
)
def test_names_that_have_it_all(name: str, findings: Findings) -> None:
    text = f"""
        import hashlib, os
        from pathlib import Path

        def populate(symbol: str, start: str, threshold: int, rows) -> int:
            checkpoint = Path("state") / ({name})
            done = int(checkpoint.read_text())
            return sum(row > threshold for row in rows[done:])
    """
    assert findings({"job.py": dedent(text).lstrip()}, "--select", "JOB201") == []


def test_a_derived_parameter_is_carried(findings: Findings) -> None:
    text = """
        from pathlib import Path

        def work(symbol: str, interval: str, seconds: int, rows):
            path = Path("state") / f"{symbol}_{interval}.checkpoint"
            return [row // seconds for row in rows], path

        def main(symbol: str, interval: str, rows):
            return work(symbol, interval, to_seconds(interval), rows)
    """
    assert findings({"job.py": dedent(text).lstrip()}, "--select", "JOB201") == []


def test_the_same_whether_all_is_read_or_one_file_is_given(
    tmp_path: Path, findings: Findings, run: Callable[..., Any]
) -> None:
    loop = LOOP.format(command='python etl/cli.py --symbol "$s" --thr "$t"')
    files = {"etl/paths.py": PATHS, "etl/work.py": WORK, "etl/cli.py": ARGPARSE, "queue.sh": loop}
    whole = findings({n: dedent(t).lstrip() for n, t in files.items()}, "--select", "JOB201")
    import json

    one = run("check", "--isolated", "--select", "JOB201", "--output-format", "json", "etl/paths.py")
    assert json.loads(one.stdout)["findings"] == whole
    other = run(
        "check", "--isolated", "--select", "JOB201", "--output-format", "json", "queue.sh", "etl/cli.py"
    )
    assert json.loads(other.stdout)["findings"] == []


def test_a_glob_of_another_file(findings: Findings) -> None:
    files = {
        "rain/write.py": """
            from pathlib import Path

            def piece(root: Path, season: str, basin: str) -> Path:
                return root / f"piece_{season}_{basin}.parquet"
        """,
        "rain/clean.py": """
            def clean(root, season):
                for old in root.glob("piece_*.parquet"):
                    old.unlink(missing_ok=True)
        """,
    }
    found = findings({n: dedent(t).lstrip() for n, t in files.items()}, "--select", "JOB202")
    assert [(f["path"], f["line"], f["data"]["missing"]) for f in found] == [("rain/clean.py", 2, ["season"])]
    assert [(r["path"], r["line"]) for r in found[0]["related"]] == [
        ("rain/write.py", 4),
        ("rain/clean.py", 3),
    ]


READS = """
    import sys
    from pathlib import Path

    def note(folder: str, name: str) -> None:
        (Path(folder) / (name + ".state")).write_text(name)

    def resume(folder: str, name: str, threshold: int) -> int:
        state = Path(folder) / (name + "{ending}")
        return len(state.read_text()) // threshold

    note(sys.argv[1], sys.argv[2])
    print(resume(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


@pytest.mark.parametrize(("ending", "missing"), [(".state", []), (".cursor", [["threshold"]])])
def test_a_file_that_another_function_writes_is_judged_there(
    ending: str, missing: list[list[str]], findings: Findings
) -> None:
    text = dedent(READS).lstrip().replace("{ending}", ending)
    found = findings({"job.py": text}, "--select", "JOB201")
    assert [f["data"]["missing"] for f in found] == missing


def test_a_function_that_reads_and_calls_the_writer_is_judged(findings: Findings) -> None:
    text = dedent(READS).lstrip().replace("{ending}", ".state")
    text = text.replace("    return len", "    note(folder, name)\n    return len")
    found = findings({"job.py": text}, "--select", "JOB201")
    assert [f["data"]["missing"] for f in found] == [["threshold"]]
