"""Output formats, each read by someone else: the official SARIF schema, a JUnit parser, an HTML parser."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import junitparser
import pytest

from jobsafety_lint import report
from jobsafety_lint.model import (
    Confidence,
    Crash,
    Edit,
    Finding,
    Fix,
    Location,
    Note,
    Related,
    Report,
    Severity,
    Summary,
)
from jobsafety_lint.report import RenderOptions

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = Path(__file__).resolve().parents[1]
SCHEMAS = ROOT / "tests" / "fixtures" / "schemas"
EXAMPLES = ROOT / "examples"
HOSTILE = '<script>alert("x")</script> & ]]> \x1b[31m \x00 \ud7ff🙂'


def hostile_report() -> Report:
    """Everything that a report may hold, with the worst texts."""
    at = Location("dir/ä & <b>.py", 2, 3, 2, 7)
    error = Finding(
        "JOB101",
        "check-then-delete",
        Severity.ERROR,
        Confidence.HIGH,
        HOSTILE,
        at,
        HOSTILE,
        (Related(Location("/elsewhere/b c.sh", 1, 1, 1, 2), HOSTILE),),
        Fix(HOSTILE, (Edit(at, HOSTILE),), safe=True),
        ("INV-3",),
        {"incident": HOSTILE},
        fingerprint="0123456789abcdef",
    )
    own = Finding(
        "ACME001", "own-rule", Severity.INFO, Confidence.LOW, "again", at, fingerprint="0123456789abcdef"
    )
    crashes = (Crash("JOB305", "a.sh", f"Traceback\n{HOSTILE}"), Crash("engine", "b.sh", ""))
    return Report((error, own, own), Summary(3, 1, 1, 1, 1, 1), crashes, (Note("n.bin", "not read"),))


def render(name: str, found: Report, **more: Any) -> str:
    texts = {"dir/ä & <b>.py": f"x\n  {HOSTILE}\ny\n"}
    return report.renderer(name)(found, RenderOptions(texts.get, Path("/work dir"), version="1.2.3", **more))


def examples(run: Run, output: str) -> str:
    done = run("check", "--output-format", output, ".", cwd=EXAMPLES)
    assert done.returncode == 1, done.stderr
    return done.stdout


@pytest.mark.parametrize("found", [Report(), hostile_report()], ids=["empty", "hostile"])
@pytest.mark.parametrize("name", report.FORMATS)
def test_every_format_renders_everything(name: str, found: Report) -> None:
    assert isinstance(render(name, found), str)
    assert render(name, found) == render(name, found)


# --- json ------------------------------------------------------------------------------------------------------------


def test_json_is_as_its_schema_says(run: Run) -> None:
    schema = json.loads(run("config", "schema", "report").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for text in (examples(run, "json"), render("json", hostile_report()), render("json", Report())):
        validator.validate(json.loads(text))
    counted = json.loads(render("json", hostile_report(), statistics=True))
    validator.validate(counted)
    assert counted["findings"] == []
    assert counted["statistics"][0] == {"code": "ACME001", "name": "own-rule", "count": 2, "fixable": 0}
    broken = json.loads(examples(run, "json"))
    broken["findings"][0]["severity"] = "fatal"
    assert not validator.is_valid(broken)


# --- sarif -----------------------------------------------------------------------------------------------------------


def sarif_validator() -> jsonschema.Draft4Validator:
    schema = json.loads((SCHEMAS / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def test_sarif_is_valid_by_the_official_schema(run: Run) -> None:
    validator = sarif_validator()
    for text in (examples(run, "sarif"), render("sarif", hostile_report()), render("sarif", Report())):
        validator.validate(json.loads(text))
    broken = json.loads(examples(run, "sarif"))
    broken["runs"][0]["results"][0]["level"] = "fatal"
    assert not validator.is_valid(broken)


def test_sarif_has_what_code_scanning_shows(run: Run) -> None:
    data = json.loads(examples(run, "sarif"))["runs"][0]
    assert data["columnKind"] == "unicodeCodePoints"
    assert data["invocations"][0]["executionSuccessful"] is True
    rules = data["tool"]["driver"]["rules"]
    for result in data["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["help"]["markdown"].startswith(f"# {rule['name']} ({rule['id']})")
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
        assert len(result["partialFingerprints"]["jobsafetyLint/v1"]) == 16
    assert any(result.get("relatedLocations") for result in data["results"])
    assert any(result.get("fixes") for result in data["results"])
    same = {f["fingerprint"] for f in json.loads(examples(run, "json"))["findings"]}
    assert same == {result["partialFingerprints"]["jobsafetyLint/v1"] for result in data["results"]}


def test_sarif_tells_of_crashes_and_escapes_paths() -> None:
    data = json.loads(render("sarif", hostile_report()))["runs"][0]
    assert data["invocations"][0]["executionSuccessful"] is False
    crashed = data["invocations"][0]["toolExecutionNotifications"][0]
    assert crashed["associatedRule"] == {"id": "JOB305"}
    location = data["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert location == {"uri": "dir/%C3%A4%20%26%20%3Cb%3E.py", "uriBaseId": "%SRCROOT%"}
    related = data["results"][0]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]
    assert related == {"uri": "file:///elsewhere/b%20c.sh"}
    assert data["originalUriBaseIds"]["%SRCROOT%"]["uri"] == "file:///work%20dir/"


# --- gitlab ----------------------------------------------------------------------------------------------------------


def test_gitlab_report_is_as_documented(run: Run) -> None:
    validator = jsonschema.Draft202012Validator(
        json.loads((SCHEMAS / "gitlab-code-quality.json").read_text())
    )
    shown = json.loads(examples(run, "gitlab"))
    validator.validate(shown)
    validator.validate(json.loads(render("gitlab", hostile_report())))
    findings = json.loads(examples(run, "json"))["findings"]
    assert [issue["location"]["lines"]["begin"] for issue in shown] == [f["line"] for f in findings]
    assert [issue["fingerprint"] for issue in shown] == [f["fingerprint"] for f in findings]
    severities = {"error": "critical", "warning": "major", "info": "info"}
    assert [issue["severity"] for issue in shown] == [severities[f["severity"]] for f in findings]


def test_gitlab_fingerprints_are_unique(run: Run, tmp_path: Path) -> None:
    for name in ("a.sh", "b.sh", "c.sh"):
        (tmp_path / name).write_text("#!/bin/sh\npueue kill 42\npueue kill 42\n")
    shown = json.loads(run("check", "--output-format", "gitlab").stdout)
    before = [issue["fingerprint"] for issue in shown]
    assert len(before) == len(set(before)) == 6
    (tmp_path / "b.sh").write_text("#!/bin/sh\necho\n\n\npueue kill 42\npueue kill 42\n")
    moved = [issue["fingerprint"] for issue in json.loads(run("check", "--output-format", "gitlab").stdout)]
    assert moved == before


# --- junit -----------------------------------------------------------------------------------------------------------


def test_junit_is_read_by_a_parser(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "out.xml"
    path.write_text(examples(run, "junit"), encoding="utf-8")
    xml = junitparser.JUnitXml.fromfile(str(path))
    findings = json.loads(examples(run, "json"))["findings"]
    cases = [case for suite in xml for case in suite]
    assert xml.tests == xml.failures == len(cases) == len(findings)
    assert xml.errors == 0
    assert [case.result[0].message for case in cases] == [f["message"] for f in findings]
    assert {suite.name for suite in xml} == {f["path"] for f in findings}


def test_junit_of_crashes_and_of_nothing() -> None:
    crashed = junitparser.JUnitXml.fromstring(render("junit", hostile_report()).encode())
    assert (crashed.tests, crashed.failures, crashed.errors) == (5, 3, 2)
    clean = junitparser.JUnitXml.fromstring(render("junit", Report()).encode())
    assert (clean.tests, clean.failures, clean.errors) == (1, 0, 0)
    assert [case.is_passed for suite in clean for case in suite] == [True]


# --- html ------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a page holds: tags with their attributes, and its text without scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "input", "link", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["script"], ["style"]):
            self.text += data


def test_html_is_one_page_that_loads_nothing(run: Run) -> None:
    text = examples(run, "html")
    page = Page(text)
    assert page.open == []
    assert not [tag for tag, given in page.tags if tag in {"link", "img", "iframe"} or "src" in given]
    assert "@import" not in text
    findings = json.loads(examples(run, "json"))["findings"]
    articles = [given for tag, given in page.tags if tag == "article"]
    assert [(a["data-rule"], a["data-severity"]) for a in articles] == [
        (f["code"], f["severity"]) for f in findings
    ]
    assert all(finding["message"] in page.text for finding in findings)
    assert {given["value"] for tag, given in page.tags if tag == "option"} == {
        "",
        *(f["code"] for f in findings),
    }
    assert 'STATE / f"{symbol}.checkpoint.json"' in page.text


def test_html_escapes_everything() -> None:
    page = Page(render("html", hostile_report()))
    assert page.open == []
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert page.text.count('<script>alert("x")</script>') >= 4


# --- where they go -----------------------------------------------------------------------------------------------------


def test_several_formats_at_once_and_files_in_one_step(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("#!/bin/sh\npueue kill 42\n")
    old = tmp_path / "old.json"
    old.write_text("{}")
    old.chmod(0o600)
    (tmp_path / "link.xml").symlink_to("target.xml")
    options = [
        f"--output-format={text}" for text in ("concise", "json:old.json", "junit:link.xml", "html:new.html")
    ]
    done = run("check", *options)
    assert done.stdout.startswith("a.sh:2:1: warning[JOB301]")
    assert json.loads(old.read_text())["summary"]["findings"] == 1
    assert old.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "link.xml").is_symlink()
    assert "JOB301" in (tmp_path / "target.xml").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.sh",
        "link.xml",
        "new.html",
        "old.json",
        "target.xml",
    ]


@pytest.mark.parametrize(
    ("formats", "says"),
    [
        (["json", "sarif"], "at most one format can go to stdout"),
        (["json", "sarif:-"], "at most one format can go to stdout"),
        (["json:x.json", "sarif:x.json"], "two formats go to"),
        (["json:no/such/x.json"], "there is no folder no/such; make it first"),
        (["json:."], "is a folder"),
        (["json:"], "name a file behind the colon"),
        (["jnuit"], "did you mean `junit`"),
    ],
)
def test_outputs_that_cannot_be(formats: list[str], says: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("#!/bin/sh\npueue kill 42\n")
    done = run("check", *(f"--output-format={text}" for text in formats))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x.json").exists()


def test_a_format_may_go_to_an_open_stream(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("#!/bin/sh\npueue kill 42\n")
    done = run("check", "--output-format=json", "--output-format=concise:/dev/stderr")
    assert json.loads(done.stdout)["summary"]["findings"] == 1
    assert done.stderr.startswith("a.sh:2:1: warning[JOB301]")


def test_annotations_inside_github_actions(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.sh").write_text("#!/bin/sh\npueue kill 42\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert "\n::warning file=a.sh,line=2" in run("check").stdout
    assert "::warning" not in run("check", "--output-format", "concise").stdout


def test_statistics(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("#!/bin/sh\npueue kill 42\npueue kill 43\n[ -f x ] && rm x\n")
    done = run("check", "--statistics", "--output-format=full", "--output-format=json:out.json")
    assert done.stdout.splitlines() == [
        "     2  JOB301  hardcoded-task-id",
        "     1  JOB101  check-then-delete  (1 with a fix)",
    ]
    data = json.loads((tmp_path / "out.json").read_text())
    assert [entry["count"] for entry in data["statistics"]] == [2, 1]
    assert data["summary"]["findings"] == 3
