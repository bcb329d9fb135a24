"""The command line from outside: selection, exit status, formats, fixes, suppressions, configuration."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Findings = Callable[..., list[dict[str, Any]]]

KILL = "#!/bin/sh\npueue kill 42\n"
DROP = "from pathlib import Path\n\n\ndef drop(p: Path) -> None:\n    if p.exists():\n        p.unlink()\n"


def test_findings_give_one_and_clean_files_zero(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text(KILL)
    (tmp_path / "b.sh").write_text("echo hello\n")
    assert run("check", "a.sh").returncode == 1
    assert run("check", "b.sh").returncode == 0
    assert run("check", "--fail-on", "error", "a.sh").returncode == 0
    assert run("check", "--exit-zero", "a.sh").returncode == 0


def test_usage_errors_give_two_with_a_remedy(run: Run, tmp_path: Path) -> None:
    (tmp_path / "jobsafety-lint.toml").write_text('selekt = ["ALL"]\n')
    for args, hint in (
        (("check", "missing.sh"), "no such file"),
        (("check", "--select", "check-then-delet"), "check-then-delete"),
        (("check", "--output-format", "jsn"), "json"),
        (("check",), "did you mean `select`"),
        (("rule", "no-such-rule-at-all"), "rule"),
    ):
        done = run(*args)
        assert done.returncode == 2, args
        assert hint in done.stderr, done.stderr
        assert "Traceback" not in done.stderr


def test_an_empty_folder_is_no_error(run: Run) -> None:
    done = run("check")
    assert done.returncode == 0
    assert "nothing to check" in done.stderr


def test_selection_by_code_name_and_family(findings: Findings) -> None:
    files = {"a.sh": KILL, "b.py": DROP}
    assert {f["code"] for f in findings(files)} == {"JOB301", "JOB101"}
    assert {f["code"] for f in findings(files, "--select", "JOB3")} == {"JOB301"}
    assert {f["code"] for f in findings(files, "--select", "check-then-delete")} == {"JOB101"}
    assert {f["code"] for f in findings(files, "--ignore", "JOB301")} == {"JOB101"}


def test_safe_fixes_are_applied_and_stable(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "b.py"
    target.write_bytes(DROP.replace("\n", "\r\n").encode())
    target.chmod(0o755)
    assert run("check", "--fix", "b.py").returncode == 0
    fixed = target.read_bytes()
    assert (
        fixed
        == DROP.replace("if p.exists():\n        p.unlink()", "p.unlink(missing_ok=True)")
        .replace("\n", "\r\n")
        .encode()
    )
    assert target.stat().st_mode & 0o777 == 0o755
    run("check", "--fix", "b.py")
    assert target.read_bytes() == fixed
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.py"]


def test_diff_changes_nothing(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "b.py"
    target.write_text(DROP)
    done = run("check", "--diff", "b.py")
    assert done.returncode == 1
    assert "+    p.unlink(missing_ok=True)" in done.stdout
    assert target.read_text() == DROP


def test_stdin_is_fixed_to_stdout(run: Run) -> None:
    done = run("check", "--fix", "--stdin-filename", "b.py", "-", stdin=DROP)
    assert done.stdout.endswith("    p.unlink(missing_ok=True)\n")


@pytest.mark.parametrize(
    "text",
    [
        "[ -f x ] && rm x  # jobsafety: ignore[check-then-delete] alone\n",
        "# jobsafety: ignore[JOB101] alone\n[ -f x ] && rm x\n",
        "# jobsafety: ignore-file[JOB101] all of it\necho\n[ -f x ] && rm x\n",
        "if [ -f x ]; then\n    rm x  # jobsafety: ignore[JOB101] alone\nfi\n",
        "ssh host '[ -f x ] && rm x'  # jobsafety: ignore[JOB101] in the host's statement\n",
    ],
)
def test_suppressions(text: str, findings: Findings) -> None:
    assert findings({"a.sh": text}) == []


def test_suppression_in_a_mise_task(findings: Findings) -> None:
    task = "[tasks.a]\nrun = '''\nif [ -e x ]; then\n    rm x {}\nfi\n'''\n"
    assert [f["line"] for f in findings({"mise.toml": task.format("")})] == [4]
    assert findings({"mise.toml": task.format("# jobsafety: ignore[JOB101] one task")}) == []


def test_noqa_in_python(findings: Findings) -> None:
    assert findings({"a.py": DROP.replace("p.unlink()", "p.unlink()  # noqa: JOB101, E501")}) == []


def test_a_rule_that_crashes_is_reported_and_the_rest_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from jobsafety_lint.cli import main
    from jobsafety_lint.registry import find

    rule = find("JOB305")
    assert rule is not None

    def broken(*_: object) -> None:
        raise ZeroDivisionError("broken on purpose")

    monkeypatch.setattr(rule, "checks", [(kind, broken) for kind, _ in rule.checks])
    monkeypatch.chdir(tmp_path)
    Path("a.sh").write_text(KILL)
    result = CliRunner().invoke(main, ["check", "--isolated", "--output-format", "json", "a.sh"])
    assert result.exit_code == 3
    report = json.loads(result.stdout)
    assert [f["code"] for f in report["findings"]] == ["JOB301"]
    assert report["summary"]["crashes"] == 1
    assert "broken on purpose" in result.stderr
    Path("b.sh").write_text(KILL)
    both = CliRunner().invoke(main, ["check", "--isolated", "--jobs", "1", "a.sh", "b.sh"])
    assert both.stderr.count("Traceback") == 1  # told once
    assert "at a.sh and 1 more" in both.stderr


def test_fingerprints_do_not_depend_on_path_or_line(findings: Findings) -> None:
    first = findings({"a.sh": KILL})
    second = findings({"a.sh": "echo\n", "deep/b.sh": "#!/bin/sh\n\n\n" + KILL.partition("\n")[2]})
    assert [f["fingerprint"] for f in first] == [f["fingerprint"] for f in second if f["path"] == "deep/b.sh"]
    twice = findings({"a.sh": KILL + "pueue kill 42\n"}, "--extend-exclude", "deep")
    assert len({f["fingerprint"] for f in twice}) == 2


def test_configuration_nearest_wins_and_per_file_ignores(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.jobsafety-lint]\nignore = ["JOB301"]\n\n[tool.jobsafety-lint.per-file-ignores]\n"tools/*.py" = ["check-then-delete"]\n'
    )
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "b.py").write_text(DROP)
    (tmp_path / "a.sh").write_text(KILL)
    assert run("check").returncode == 0
    (tmp_path / "tools" / "jobsafety-lint.toml").write_text("")
    assert run("check").returncode == 1
    assert run("check", "--isolated", "a.sh").returncode == 1


def test_unknown_rule_in_the_configuration_is_reported_at_its_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.jobsafety-lint]\nignore = [\n    "check-then-delet",\n]\n'
    )
    done = run("check", "--output-format", "json")
    (found,) = json.loads(done.stdout)["findings"]
    assert (found["code"], found["line"]) == ("JOB003", 3)
    assert "check-then-delete" in found["message"]


def test_files_that_cannot_be_read_get_a_word(run: Run, tmp_path: Path) -> None:
    (tmp_path / "binary.py").write_bytes(b"\0\1\2")
    (tmp_path / "latin.py").write_bytes("x = 'é'\n".encode("latin-1"))
    (tmp_path / "huge.sh").write_text("echo hello\n" * 100)
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "strange.xyz").write_text("")
    done = run("check", "-v", "--config", "max-file-size = 100", ".", "strange.xyz")
    assert done.returncode == 0
    for hint in ("binary file", "not valid utf-8", "larger than 100", "passed over"):
        assert hint in done.stderr
    assert "Traceback" not in done.stderr


def test_discovery(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("ignored/\n*.gen.sh\n!keep.gen.sh\n")
    for name in ("ignored/a.sh", "node_modules/b.sh", "src/c.py", "x.gen.sh", "keep.gen.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("echo\n")
    (tmp_path / "tool").write_text("#!/usr/bin/env -S bash -eo pipefail\necho\n")
    (tmp_path / "data").write_text("nothing\n")
    for name in ("train.slurm", "build.func", "start.in", "start.sh.j2", "old.bak"):
        (tmp_path / name).write_text("#!/bin/bash\necho\n")
    (tmp_path / "mise.toml").write_text("")
    shown = [line.split()[0] for line in run("check", "--show-files").stdout.splitlines()]
    assert shown == ["build.func", "keep.gen.sh", "mise.toml", "src/c.py", "tool", "train.slurm"]


def test_formats(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ä b.sh").write_text("#!/bin/sh\n: '😀'; pueue kill 42\n")
    lsp = json.loads(run("check", "--output-format", "lsp").stdout)
    ((uri, (diagnostic,)),) = lsp["diagnostics"].items()
    assert uri == (tmp_path / "ä b.sh").as_uri()
    assert diagnostic["range"] == {"start": {"line": 1, "character": 8}, "end": {"line": 1, "character": 21}}
    github = run("check", "--output-format", "github").stdout
    assert github.startswith(
        "::warning file=ä b.sh,line=2,endLine=2,col=8,endColumn=21,title=JOB301 hardcoded-task-id::"
    )
    sarif = json.loads(run("check", "--output-format", "sarif").stdout)
    region = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 2, "startColumn": 8, "endLine": 2, "endColumn": 21}
    concise = run("check", "--output-format", "concise", "--output-format", "json:out.json").stdout
    assert concise.startswith("ä b.sh:2:8: warning[JOB301]")
    assert json.loads((tmp_path / "out.json").read_text())["summary"]["findings"] == 1
    full = run("check").stdout.splitlines()
    mark = next(line for line in full if "^" in line)
    code = next(line for line in full if "pueue kill" in line and "|" in line)
    before = code.partition("|")[2].partition("pueue kill")[0]
    assert len(mark.partition("|")[2].partition("^")[0]) == len(before) + 1  # the emoji is two columns wide


def test_low_confidence_shows_only_on_request(findings: Findings) -> None:
    text = "#!/usr/bin/env bash\nset -o pipefail\nzcat x | head -1\necho\n"
    assert findings({"a.sh": text}, "--select", "JOB4") == []
    assert len(findings({"a.sh": text}, "--select", "JOB4", "--pedantic")) == 1
    assert len(findings({"a.sh": text}, "--select", "JOB401")) == 1


def test_importing_all_rules_loads_no_parser() -> None:
    code = (
        "import sys; from jobsafety_lint.registry import all_rules; all_rules(); "
        "print([m for m in ('libcst', 'bashlex', 'tree_sitter', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_results_do_not_depend_on_the_number_of_processes(run: Run, tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.sh").write_text(KILL)
    one = run("check", "--jobs", "1", "--output-format", "json").stdout
    assert one == run("check", "--jobs", "2", "--output-format", "json").stdout
    assert json.loads(one)["summary"]["files"] == 30


def test_python_in_a_file_that_is_called_sh(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "make.sh").write_text("#!/usr/bin/env python3\nprint(1)\n")
    assert run("check", "--isolated", "--show-files", ".").stdout == "make.sh  (python)\n"


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        ("#!/usr/bin/env python3", "python"),
        ("#!/usr/bin/env -S uv run --script", "python"),
        ("#!/usr/bin/env -S LANG=C bash -eu", "shell, bash"),
        ("#!/usr/bin/awk -f", None),
        ("pueue kill 42", None),
    ],
)
def test_the_first_line_tells_what_a_text_is(
    run: Callable[..., Any], tmp_path: Path, first: str, kind: str | None
) -> None:
    (tmp_path / "job").write_text(f"{first}\n")
    shown = "" if kind is None else f"job  ({kind})\n"
    assert run("check", "--isolated", "--show-files", ".").stdout == shown
    (tmp_path / "job").write_text("#!/bin/nothing\n")  # what is on stdin counts
    options = ("check", "--isolated", "--show-files", "--stdin-filename", "job", "-")
    assert run(*options, stdin=f"{first}\n").stdout == shown


def test_task_folders_are_looked_into_and_blank_lines_of_gitignore_passed_over(
    run: Run, tmp_path: Path
) -> None:
    for name in ("build/a.sh", "mise-tasks/build", "mise-tasks/docs/build/b.sh", "src/build", "logs/c.sh"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("#!/bin/sh\npueue kill 42\n", encoding="utf-8")
    (tmp_path / ".gitignore").write_text("\n# logs\nlogs/\n\n", encoding="utf-8")
    (tmp_path / ".git").mkdir()
    done = run("check", "--isolated", "--show-files", ".")
    shown = [line.split()[0] for line in done.stdout.splitlines()]
    assert shown == ["mise-tasks/build", "mise-tasks/docs/build/b.sh", "src/build"]


@pytest.mark.parametrize(
    ("head", "safe"),
    [
        ("", True),
        ("from __future__ import print_function\n", False),
        ('"""A Python 2/3 library."""\n', False),
        ("import sys\nprint >>sys.stderr, 'x'\n", False),
    ],
)
def test_no_safe_fix_breaks_a_program_for_python_2(run: Run, tmp_path: Path, head: str, safe: bool) -> None:
    text = f"{head}import os\n\nif not os.path.isdir('out'):\n    os.makedirs('out')\n"
    (tmp_path / "make.py").write_text(text)
    run("check", "--isolated", "--no-cache", "--fix", ".")
    assert ("exist_ok" in (tmp_path / "make.py").read_text()) == safe


def test_prose_that_is_called_a_script_is_not_looked_at(run: Run, tmp_path: Path) -> None:
    (tmp_path / "README.patch.sh").write_text("Usage: patch <num> ...\n\nDon't run it twice (see below.\n")
    (tmp_path / "README.run.sh").write_text("#!/bin/sh\npueue kill 42\n")
    done = run("check", "--isolated", "--show-files", ".")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["README.run.sh"]


def test_verbose_names_the_files_that_are_counted_as_unread(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text('import os\nprint "x"\n')
    (tmp_path / "older.py").write_text("import httplib\nmask = 0xffL\n")
    (tmp_path / "z.sh").write_text("#!/bin/zsh\nfor f (*.txt) echo $f\n")
    (tmp_path / "good.sh").write_text("echo good\n")
    done = run("check")
    assert "3 not read (`--verbose` tells why)" in done.stdout
    assert done.stderr == ""
    told = run("check", "--verbose").stderr
    assert "old.py: not read: Python 2" in told
    assert "older.py: not read: Python 2" in told
    assert "z.sh: 1 part not read" in told
    assert "good.sh" not in told


def test_a_command_that_is_none_gets_a_hint(run: Run, tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    for word, hint in (
        (".", "jobsafety-lint check ."),
        ("jobs", "jobsafety-lint check jobs"),
        ("chek", "jobsafety-lint check`"),
        ("zzz", "commands: "),
    ):
        done = run(word)
        assert done.returncode == 2
        assert done.stderr.startswith(f"jobsafety-lint: there is no command `{word}`; ")
        assert hint in done.stderr


def test_a_statement_that_is_reported_as_unread_is_not_counted_twice(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("#!/bin/bash\nrun() {\n  echo never closed\n")
    told = run("check").stdout
    assert "JOB001" in told
    assert "bash -n" in told
    assert "not read (" not in told
    ignored = run("check", "--ignore", "JOB001", "--verbose")
    assert "1 not read" in ignored.stdout
    assert "a.sh: line 2 not read" in ignored.stderr


def test_full_breaks_its_own_words_at_the_width_of_a_terminal(run: Run, tmp_path: Path) -> None:
    from jobsafety_lint.docs.screenshot import on_terminal

    (tmp_path / "a.sh").write_text(KILL)
    command = [sys.executable, "-m", "jobsafety_lint", "check", "a.sh"]
    piped = run("check", "a.sh").stdout
    assert max(map(len, piped.splitlines())) > 100
    _, narrow = on_terminal([*command, "--color", "never"], tmp_path, 70)
    assert [line for line in narrow.splitlines() if len(line) > 70 and " " in line.strip()] == []
    assert [w for w in narrow.split() if w != "|"] == [w for w in piped.split() if w != "|"]
    _, colored = on_terminal([*command, "--color", "always"], tmp_path, 70)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == narrow
    on_terminal([*command, "--output-format", "full:wide.txt"], tmp_path, 70)
    assert (tmp_path / "wide.txt").read_text() == piped, "a file has no width"


@pytest.mark.parametrize("name", ["full", "concise"])
def test_quiet_prints_findings_and_nothing_else(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "a.sh").write_text(KILL)
    (tmp_path / "b.sh").write_text("echo hello\n")
    quiet = run("check", "--quiet", "--output-format", name, "a.sh").stdout
    loud = run("check", "--output-format", name, "a.sh").stdout
    assert loud.startswith(quiet)
    assert loud.removeprefix(quiet).splitlines()[0].startswith("Found 1 finding")
    assert run("check", "--quiet", "--output-format", name, "b.sh").stdout == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", [["check", "job.sh"], ["rule", "--all"], ["--version"]])
def test_output_that_cannot_be_written_is_said_and_gives_three(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "job.sh").write_text("pueue kill 3\n")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "jobsafety_lint", *command], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False
        )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.decode() == "jobsafety-lint: the output cannot be written: No space left on device\n"


@pytest.mark.parametrize("warnings", ["default", "error"])
def test_what_the_compiler_warns_of_is_not_our_business(tmp_path: Path, warnings: str) -> None:
    (tmp_path / "a.py").write_text('import re\n\nPATTERN = re.compile("\\.json")\n')
    (tmp_path / ".gitignore").write_text("*.[[ab]\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / "b.py").write_text(DROP)
    done = subprocess.run(
        [sys.executable, "-W", warnings, "-m", "jobsafety_lint", "check", "--output-format", "concise"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Warning" not in done.stderr
    assert [line.split(" ")[1] for line in done.stdout.splitlines() if line.startswith(("a.py", "b.py"))] == [
        "warning[JOB101]"
    ]


@pytest.mark.parametrize(
    "text",
    [
        '[ -f /etc/motd.d/help ] && rm /etc/motd.d/help\n[ -d "$DESTDIR/usr/meter" ] || mkdir "$DESTDIR/usr/meter"',
        'for part in parts/*; do\n    [ -e "$part" ] && rm "$part"\ndone\n[ -d /etc/meter ] || mkdir /etc/meter',
    ],
)
def test_what_fails_where_nobody_notices_it_is_pedantic(findings: Findings, text: str) -> None:
    script = {"a.sh": f"#!/bin/sh\n{text}\necho done\n"}
    assert findings(script) == []
    assert sorted(f["code"] for f in findings(script, "--pedantic")) == ["JOB101", "JOB102"]
    strict = {"a.sh": f"#!/bin/sh\nset -e\n{text}\necho done\n"}
    assert sorted(f["code"] for f in findings(strict)) == ["JOB101", "JOB102"]


def test_a_link_to_a_file_that_is_looked_at_is_passed_over(findings: Findings, tmp_path: Path) -> None:
    text = "import os\nif os.path.exists('a'):\n    os.remove('a')\n"
    (tmp_path / "again.py").symlink_to("real.py")
    assert [f["path"] for f in findings({"real.py": text})] == ["real.py"]


def test_a_link_to_a_file_that_is_left_out_is_looked_at(findings: Findings, tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "real.py").write_text(DROP)
    (tmp_path / "linked.py").symlink_to("vendor/real.py")
    assert [finding["path"] for finding in findings({"other.py": "x = 1\n"})] == ["linked.py"]


@pytest.mark.parametrize("script", ["debian/feed.postinst", "feed.alpm.script", "snap/hooks/remove"])
def test_what_a_package_manager_runs_is_run_alone(run: Run, tmp_path: Path, script: str) -> None:
    for name in (script, "setup"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(
            "#!/bin/sh\nset -e\nif [ -d /var/feed ]; then rm -r /var/feed; fi\n", encoding="utf-8"
        )
    for options, files in ((), ["setup"]), (("--pedantic",), sorted([script, "setup"])):
        found = json.loads(run("check", "--isolated", "--output-format", "json", *options, ".").stdout)
        assert [finding["path"] for finding in found["findings"]] == files
