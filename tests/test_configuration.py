"""The configuration: hierarchy, `extend`, errors with file and line, the schema, and where values come from."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobsafety_lint import config, docs
from jobsafety_lint.config import ConfigError
from jobsafety_lint.schemas import configuration_schema
from jobsafety_lint.toml_places import places_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Run = Callable[..., "subprocess.CompletedProcess[str]"]
KILL = "#!/bin/sh\npueue kill 42\n"
DROP = "from pathlib import Path\n\n\ndef drop(p: Path) -> None:\n    if p.exists():\n        p.unlink()\n"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def found(done: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    assert done.returncode in (0, 1), done.stderr
    return [(f["code"], f["path"]) for f in json.loads(done.stdout)["findings"]]


# --- errors ----------------------------------------------------------------------------------------------------------

WRONG = [
    ('selekt = ["ALL"]\n', 1, "did you mean `select`"),
    ('select = "ALL"\n', 1, "must be a list of strings"),
    ('ignore = [\n  "JOB301",\n  3,\n]\n', 3, "`ignore[1]` must be a string"),
    ("pueue-version = 5\n", 1, "must be 3 or 4"),
    ("max-file-size = '2X'\n", 1, "must be a number of bytes or a size"),
    ("max-file-size = 0\n", 1, "above zero"),
    ("[severity]\nJOB301 = 'warnin'\n", 2, "did you mean `warning`"),
    ("[per-file-ignores]\n'a' = 'JOB3'\n", 2, "must be a list of strings"),
    ("[hosts.calc1]\ncores = 8\nmemroy = '64G'\n", 3, "did you mean `memory`"),
    ("[hosts.calc1]\ncores = '8'\n", 2, "must be a whole number from 1"),
    ("[hosts.'u@h']\nswap = 'some'\n", 2, '`hosts."u@h".swap` must be'),
    ("[hosts.calc1.groups.bars]\nparallell = 8\n", 2, "did you mean `parallel`"),
    ("[hosts]\ncalc1 = { groups = { bars = 8 } }\n", 2, "`hosts.calc1.groups.bars` must be a table"),
    ("[memory-profiles]\n'a.py' = 'much'\n", 2, "must be a number of bytes or a size"),
    ("[provenance]\nJOB301 = 84\n", 2, "must be a string"),
    ("extend = 'missing.toml'\n", 1, "missing.toml, which is no file"),
]


@pytest.mark.parametrize(("text", "line", "says"), WRONG, ids=[says for _, _, says in WRONG])
@pytest.mark.parametrize("name", ["jobsafety-lint.toml", "pyproject.toml"])
def test_what_is_wrong_is_an_error_at_its_line(
    text: str, line: int, says: str, name: str, tmp_path: Path, run: Run
) -> None:
    if name == "pyproject.toml":
        text = "[project]\nselect = 1\n\n[tool.jobsafety-lint]\n" + text.replace(
            "[", "[tool.jobsafety-lint.", 1 if text.startswith("[") else 0
        )
        line += 4
    write(tmp_path, {name: text, "a.sh": KILL})
    done = run("check")
    assert done.returncode == 2
    assert done.stderr.startswith(f"jobsafety-lint: {tmp_path / name}:{line}: "), done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--config", "selekt = []"), "--config 'selekt = []': unknown key `selekt`; did you mean `select`?"),
        (("--config", "hosts.a.cores = 0"), "`hosts.a.cores` must be a whole number from 1, not 0"),
        (("--config", "no.toml"), "no such file"),
        (("--config", "a.toml", "--config", "a.toml"), "only one file can be given"),
    ],
)
def test_errors_of_the_option(options: tuple[str, ...], says: str, tmp_path: Path, run: Run) -> None:
    write(tmp_path, {"a.toml": "", "a.sh": KILL})
    done = run("check", *options, "a.sh")
    assert done.returncode == 2
    assert says in done.stderr


def test_a_circle_of_extensions_is_an_error(tmp_path: Path, run: Run) -> None:
    write(
        tmp_path, {"jobsafety-lint.toml": "extend = 'b.toml'\n", "b.toml": "extend = 'jobsafety-lint.toml'\n"}
    )
    done = run("check")
    assert done.returncode == 2
    assert "circle" in done.stderr
    assert done.stderr.count("b.toml") == 1


# --- hierarchy -------------------------------------------------------------------------------------------------------


def test_values_are_replaced_lists_added_and_tables_put_together(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.toml": """
select = ["JOB1"]
extend-select = ["JOB401"]
ignore = ["JOB102"]
queue-commands = ["far"]
pueue-version = 3
[severity]
JOB101 = "info"
JOB102 = "info"
""",
            "middle.toml": 'extend = "base.toml"\nextend-select = ["JOB501"]\nextend-exclude = ["a/"]\n',
            "near/jobsafety-lint.toml": """
extend = "../middle.toml"
ignore = ["JOB103"]
queue-commands = ["near"]
extend-exclude = ["b/"]
[severity]
JOB101 = "error"
""",
        },
    )
    loaded = config.load(tmp_path / "near" / "jobsafety-lint.toml")
    assert loaded is not None
    assert loaded.get("select") == ["JOB1"]
    assert loaded.get("extend-select") == ["JOB401", "JOB501"]
    assert loaded.get("ignore") == ["JOB102", "JOB103"]
    assert loaded.get("queue-commands") == ["near"]
    assert loaded.pueue_version == 3
    assert loaded.get("severity") == {"JOB101": "error", "JOB102": "info"}
    assert loaded.exclusions(["x"]) == [
        (tmp_path / "near", ["x"]),
        (tmp_path, ["a/"]),
        (tmp_path / "near", ["b/"]),
    ]


def test_a_nearer_select_begins_anew(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "base.toml": 'extend-select = ["JOB401"]\nignore = ["JOB1"]\n',
            "a.toml": 'extend = "base.toml"\nselect = ["JOB1"]\n',
        },
    )
    loaded = config.load(tmp_path / "a.toml")
    assert loaded is not None
    assert list(loaded.get("extend-select")) == []
    assert list(loaded.get("ignore")) == []


def test_globs_are_relative_to_the_file_they_stand_in(tmp_path: Path, run: Run) -> None:
    write(
        tmp_path,
        {
            "jobsafety-lint.toml": 'extend-exclude = ["legacy/*.sh"]\n[per-file-ignores]\n"sub/tools/*.py" = ["JOB101"]\n',
            "sub/jobsafety-lint.toml": 'extend = ".."\n'.replace("..", "../jobsafety-lint.toml")
            + '[per-file-ignores]\n"jobs/*.py" = ["JOB101"]\n',
            "sub/tools/a.py": DROP,
            "sub/jobs/b.py": DROP,
            "sub/c.py": DROP,
            "legacy/d.sh": KILL,
            "sub/legacy/e.sh": KILL,
        },
    )
    shown = ("--output-format", "json", "--ignore", "JOB004")
    everything = [("JOB101", "sub/c.py"), ("JOB301", "sub/legacy/e.sh")]
    assert found(run("check", *shown)) == everything
    assert found(run("check", *shown, cwd=tmp_path / "sub")) == [
        (c, p.removeprefix("sub/")) for c, p in everything
    ]


def test_a_named_file_counts_for_the_working_directory(tmp_path: Path, run: Run) -> None:
    write(
        tmp_path,
        {
            "ci/lint.toml": '[per-file-ignores]\n"a.py" = ["JOB101"]\n',
            "a.py": DROP,
            "b/a.py": DROP,
            "b/c.py": DROP,
        },
    )
    (tmp_path / "ci" / "lint.toml").write_text('[per-file-ignores]\n"/a.py" = ["JOB101"]\n')
    done = run("check", "--config", "ci/lint.toml", "--output-format", "json")
    assert found(done) == [("JOB101", "b/a.py"), ("JOB101", "b/c.py")]


def test_the_command_line_comes_first(tmp_path: Path, run: Run) -> None:
    write(
        tmp_path,
        {
            "jobsafety-lint.toml": 'ignore = ["JOB101"]\nextend-select = ["JOB3"]\n',
            "a.py": DROP,
            "b.sh": KILL,
        },
    )
    assert found(run("check", "--output-format", "json", "--select", "JOB1")) == [("JOB101", "a.py")]
    assert found(run("check", "--output-format", "json", "--config", "ignore = []")) == [("JOB301", "b.sh")]
    assert found(run("check", "--output-format", "json", "--isolated")) == [
        ("JOB101", "a.py"),
        ("JOB301", "b.sh"),
    ]


def test_the_longer_family_is_more_exact(findings: Callable[..., list[dict[str, Any]]]) -> None:
    files = {"a.sh": KILL}
    assert findings(files, "--select", "JOB30", "--ignore", "JOB3") != []
    assert findings(files, "--select", "JOB3", "--ignore", "JOB30") == []


def test_the_project_is_the_folder_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, {"part/jobsafety-lint.toml": "", "part/a.sh": KILL})
    loaded = config.Resolver().for_folder(tmp_path / "part")
    assert config.project_root(tmp_path / "part", loaded) == tmp_path / "part"


# --- what is stale -----------------------------------------------------------------------------------------------------


def test_unknown_rules_and_stale_globs_stand_at_their_place(tmp_path: Path, run: Run) -> None:
    text = """[tool.other]
ignore = ["JOB999", "gone/"]

[tool.jobsafety-lint]
extend-exclude = ["here/", "gone/"]
ignore = ["JOB999"]

[tool.jobsafety-lint.per-file-ignores]
"away/*.py" = ["check-then-delet"]

[tool.jobsafety-lint.severity]
hardcoded-task-ids = "info"
"""
    write(tmp_path, {"pyproject.toml": text, "here/a.sh": KILL})
    report = json.loads(run("check", "--output-format", "json").stdout)
    places = [(f["code"], f["line"], f["column"], f["end_column"]) for f in report["findings"]]
    assert places == [
        ("JOB004", 5, 28, 35),
        ("JOB003", 6, 11, 19),
        ("JOB004", 9, 1, 12),
        ("JOB003", 9, 16, 34),
        ("JOB003", 12, 1, 19),
    ]


def test_tables_without_a_header_of_ours_have_places_too(tmp_path: Path, run: Run) -> None:
    text = '[project]\nname = "a"\n\n[tool.jobsafety-lint.per-file-ignores]\n"gone.py" = ["JOB999"]\n'
    write(tmp_path, {"pyproject.toml": text})
    report = json.loads(run("check", "--output-format", "json").stdout)
    assert [(f["code"], f["line"]) for f in report["findings"]] == [("JOB004", 5), ("JOB003", 5)]
    (tmp_path / "pyproject.toml").write_text(text.replace('["JOB999"]', "1"))
    assert "pyproject.toml:5: " in run("check").stderr
    places = places_of("[a.b]\n[a]\nc = 1\n[[d]]\n[[d]]\n")
    assert [places.line(path) for path in (("a",), ("a", "b"), ("a", "c"), ("d",), ("d", 1))] == [
        2,
        1,
        3,
        4,
        5,
    ]


# --- config show and config schema -----------------------------------------------------------------------------------


def test_show_names_the_file_and_line_of_every_value(tmp_path: Path, run: Run) -> None:
    write(
        tmp_path,
        {
            "base.toml": '# ours\nignore = ["JOB1"]\n\n[hosts.calc1]\ncores = 8\n',
            "pyproject.toml": '[tool.jobsafety-lint]\nextend = "base.toml"\nignore = ["JOB2"]\n[tool.jobsafety-lint.severity]\nJOB301 = "info"\n',
            "a.sh": KILL,
        },
    )
    text = run("config", "show", "a.sh", "--config", "pueue-version = 3").stdout
    lines = text.splitlines()
    for line in (
        'ignore = ["JOB1"]  # base.toml:2',
        'ignore = ["JOB2"]  # pyproject.toml:3',
        "hosts.calc1 = { cores = 8 }  # base.toml:4",
        'severity.JOB301 = "info"  # pyproject.toml:5',
        "pueue-version = 3  # --config",
        "max-file-size = 1000000  # default",
        '(none)  # default: `["ALL"]`',
    ):
        assert any(shown.endswith(line) for shown in lines), (line, text)
    data = json.loads(run("config", "show", "a.sh", "--output-format", "json").stdout)
    assert data["configuration"] == [str(tmp_path / "pyproject.toml"), str(tmp_path / "base.toml")]
    assert data["values"]["ignore"] == ["JOB1", "JOB2"]
    assert {
        "keys": ["severity", "JOB301"],
        "value": "info",
        "origin": "file",
        "file": str(tmp_path / "pyproject.toml"),
        "line": 5,
    } in data["entries"]
    assert set(data["values"]) == {key.name for key in config.KEYS}
    assert run("config", "show", "no-such-file").returncode == 2


@functools.cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(configuration_schema())


def _is_valid(table: dict[str, Any]) -> bool:
    return _validator().is_valid(table)


def _is_taken(table: dict[str, Any]) -> bool:
    try:
        config.check(table, "test")
    except ConfigError:
        return False
    return True


def test_the_schema_is_one_and_is_printed(run: Run) -> None:
    jsonschema.Draft202012Validator.check_schema(configuration_schema())
    assert json.loads(run("config", "schema").stdout) == configuration_schema()


@pytest.mark.parametrize("key", config.KEYS, ids=lambda key: key.name)
def test_the_examples_are_good(key: config.Key) -> None:
    table = tomllib.loads(key.example)
    assert set(table) == {key.name}
    assert _is_valid(table)
    assert _is_taken(table)


@pytest.mark.parametrize("text", [text for text, _, says in WRONG if "no file" not in says])
def test_the_schema_refuses_what_is_wrong(text: str) -> None:
    assert not _is_valid(tomllib.loads(text))


_scalars = st.one_of(
    st.booleans(),
    st.integers(-2, 10),
    st.sampled_from(
        ["", "error", "none", "off", "64G", "1.5 MiB", "0", "0M", "2 x", "JOB3", "G", "2M\n", "٣M"]
    ),
    st.text("aJOB01 ä", max_size=5),
)
_hosts = st.dictionaries(
    st.sampled_from(["a", "u@h"]),
    st.dictionaries(
        st.sampled_from(["cores", "memory", "swap", "groups", "core"]),
        _scalars
        | st.dictionaries(
            st.just("g"),
            st.dictionaries(st.sampled_from(["parallel", "memory", "x"]), _scalars, max_size=2) | _scalars,
            max_size=1,
        ),
        max_size=3,
    )
    | _scalars,
    max_size=2,
)
_values = st.one_of(
    _scalars,
    st.lists(_scalars, max_size=3),
    st.dictionaries(st.text("aJ3", max_size=3), _scalars | st.lists(_scalars, max_size=2), max_size=2),
    _hosts,
)
_names = st.sampled_from([*(key.name for key in config.KEYS), "hosts", "hosts", "selekt"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_names, _values, max_size=3))
def test_the_schema_and_the_check_agree(table: dict[str, Any]) -> None:
    assert _is_valid(table) == _is_taken(table)


@pytest.mark.parametrize("name", docs.documents())
def test_the_documents_are_those_of_the_code(name: str) -> None:
    written = (Path(__file__).resolve().parents[1] / name).read_text(encoding="utf-8")
    assert written == docs.documents()[name], "run `python -m jobsafety_lint.docs`"


# --- places in TOML ----------------------------------------------------------------------------------------------------

_keys = st.text("ab.-ä\"'🙂 ", min_size=1, max_size=4)
_trees = st.recursive(
    st.integers(0, 9) | st.text('x"\\ä', max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_keys, _trees, max_size=4))
def test_every_value_has_a_place(table: dict[str, Any]) -> None:
    from jobsafety_lint.config.kinds import toml

    text = "".join(f"{json.dumps(k, ensure_ascii=False)} = {_toml(v)}\n" for k, v in table.items())
    assert tomllib.loads(text) == table
    places = places_of(text)
    for number, (name, value) in enumerate(table.items(), 1):
        assert places.line((name,)) == number
        if isinstance(value, list):
            for position, entry in enumerate(value):
                span = places.spans[name, position]
                assert tomllib.loads(f"x = {text[span.start : span.end]}")["x"] == entry
    assert toml(1) == "1"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {_toml(v)}" for k, v in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def test_a_broken_file_of_somebody_else_ends_no_run(run: Run, tmp_path: Path) -> None:
    """A pyproject.toml that does not name the linter configures nothing, so what is wrong in it is not the linter's business."""
    broken = "[tool.versioneer]\nVCS = git\n"
    write(tmp_path, {"a.sh": KILL, "docs/b.sh": KILL, "docs/pyproject.toml": broken})
    done = run("check", "--output-format", "concise", "--no-cache", ".")
    assert done.returncode == 1, done.stderr
    assert "a.sh:2:1: warning[JOB301]" in done.stdout
    write(tmp_path, {"docs/pyproject.toml": broken + "[tool.jobsafety-lint]\n"})
    done = run("check", "--no-cache", ".")
    assert done.returncode == 2
    assert "docs/pyproject.toml: not valid TOML" in done.stderr
