"""The site: what is made of the documents and the rules, its links, the filter of the catalogue in a real browser, the picture."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest

import replay
from jobsafety_lint import config, registry
from jobsafety_lint.docs import pages, rule_page, screenshot

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; warnings are errors."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "jobsafety_lint.docs", "--site", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


class _Page(HTMLParser):
    """The places that a page has, and those that it leads to; the rows of its tables with whether they are shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.form_shown = False
        self.said = ""
        self.rows: list[tuple[str, bool]] = []
        self._row: tuple[list[str], bool] | None = None
        self._in_output = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.add(str(given["id"]))
        self.links += [str(given[key]) for key in ("href", "src") if given.get(key)]
        if tag == "form" and given.get("id") == "catalogue":
            self.form_shown = "hidden" not in given
        if tag == "tr":
            self._row = ([], "hidden" not in given)
        self._in_output = tag == "output"

    def handle_data(self, data: str) -> None:
        if self._in_output:
            self.said += data
        elif self._row is not None:
            self._row[0].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "output":
            self._in_output = False
        if tag == "tr" and self._row is not None:
            code = re.match(r"\s*(JOB\d{3})", "".join(self._row[0]))
            if code:
                self.rows.append((code[1], self._row[1]))
            self._row = None


def test_every_link_leads_somewhere(site: Path) -> None:
    read = {path: _Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    assert len(read) > len(registry.built_in_rules())
    dead = []
    for path, page in read.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or not (parts.path or parts.fragment):
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not there.is_file():
                dead.append(f"{path.relative_to(site)}: {link}")
            elif parts.fragment and there in read and unquote(parts.fragment) not in read[there].ids:
                dead.append(f"{path.relative_to(site)}: {link}: no such place")
    assert dead == []


def test_what_findings_point_to_is_there(site: Path) -> None:
    from jobsafety_lint.model import Confidence, Finding, Location, Severity

    at = Location("a.sh", 1, 1, 1, 2)
    for rule in registry.built_in_rules():
        url = Finding(rule.code, rule.name, Severity.INFO, Confidence.HIGH, "", at).url
        assert url.startswith(pages.HOME), url
        page = (site / url.removeprefix(pages.HOME) / "index.html").read_text(encoding="utf-8")
        assert f"{rule.name} ({rule.code})" in page
        assert "error: JOB" not in page, rule.name


def test_the_schemas_are_where_their_ids_say(site: Path) -> None:
    import json

    found = list((site / "schemas").glob("*.json"))
    assert {path.name for path in found} == {path.name for path in (ROOT / "docs" / "schemas").glob("*.json")}
    for path in found:
        assert json.loads(path.read_text(encoding="utf-8"))["$id"] == f"{pages.HOME}schemas/{path.name}"


def _filtered(site: Path, filters: str, profile: Path) -> _Page:
    address = (site / "rules" / "index.html").as_uri() + filters
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
         "--virtual-time-budget=4000", "--dump-dom", address],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return _Page(done.stdout)


@pytest.mark.tool("chromium")
@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ("", lambda rule: True),
        ("#1xx-files-races-on-the-file-system", lambda rule: True),
        ("#severity=error&fix=any", lambda rule: rule.severity.value == "error" and rule.fix),
        ("#family=JOB4", lambda rule: rule.code.startswith("JOB4")),
        ("#confidence=low&fix=no", lambda rule: rule.confidence.value == "low" and not rule.fix),
        ("#fix=safe", lambda rule: "safe" in rule.fix.split(" or ")),
        ("#text=JOB101", lambda rule: rule.code == "JOB101"),
        ("#text=lock+pid", lambda rule: all(w in f"{rule.name} {rule.summary}" for w in ("lock", "pid"))),
        ("#text=no+such+rule", lambda rule: False),
    ],
)  # fmt: skip
def test_the_filter(site: Path, tmp_path: Path, filters: str, wanted: object) -> None:
    assert callable(wanted)
    page = _filtered(site, filters, tmp_path)
    rules = registry.built_in_rules()
    expected = {rule.code for rule in rules if wanted(rule)}
    assert page.form_shown
    assert {code for code, _ in page.rows} == {rule.code for rule in rules}
    assert {code for code, shown in page.rows if shown} == expected
    assert str(len(expected) or "No rule") in page.said


def test_without_a_browser_the_form_is_hidden_and_all_rules_show(site: Path) -> None:
    page = _Page((site / "rules" / "index.html").read_text(encoding="utf-8"))
    assert not page.form_shown
    assert {code for code, shown in page.rows if shown} == {rule.code for rule in registry.built_in_rules()}


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loaded = re.compile(
        r'<(?:script|img|iframe)[^>]*\bsrc="(?:https?:)?//|<link[^>]*rel="stylesheet"[^>]*href="(?:https?:)?//'
    )
    assert [path for path in site.rglob("*.html") if loaded.search(path.read_text(encoding="utf-8"))] == []


def test_marks_are_shown_as_people_read_them() -> None:
    text = "a\nrm x  # error: JOB101\n    # error: JOB102\n    mkdir y\n0 * * * * z  error: JOB607\n"
    assert rule_page.marked(text) == (
        "a\nrm x  # ← JOB101\n    # ↓ JOB102\n    mkdir y\n0 * * * * z  # ← JOB607\n",
        [2, 4, 5],
    )


def test_a_dead_link_stops_the_build(tmp_path: Path) -> None:
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("docs", "rules", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    assert pages.site_pages(tmp_path)
    (tmp_path / "docs" / "hosts.md").rename(tmp_path / "docs" / "gone.md")
    with pytest.raises(pages.DeadLink, match=r"hosts\.md"):
        pages.site_pages(tmp_path)


def test_every_document_is_in_the_navigation() -> None:
    made = pages.site_pages(ROOT)
    listed = set(re.findall(r"^([\w/-]+)$", made["index.md"], re.MULTILINE))
    top = {name.removesuffix(".md") for name in made if name.endswith(".md") and name.count("/") == 0}
    assert top - listed == {"index"}


def test_the_picture_shows_what_is_printed_today() -> None:
    drawn = (ROOT / screenshot.PICTURE).read_text(encoding="utf-8")
    assert screenshot.text_in(drawn) == screenshot.printed(ROOT, color=False), (
        "run `python -m jobsafety_lint.docs.screenshot`"
    )
    assert screenshot.PICTURE in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_picture_holds_its_text_and_loads_nothing() -> None:
    text = "error[JOB101] a <b> & c\n\n   ::: \x1b[31mred\x1b[0m  end\n"
    drawn = screenshot.picture(text)
    assert screenshot.text_in(drawn) == "error[JOB101] a <b> & c\n\n   ::: red  end\n"
    ET.fromstring(drawn)
    assert "@font-face" not in drawn
    assert "url(http" not in drawn


def test_the_tutorial_prints_what_it_shows(tmp_path: Path) -> None:
    folder = tmp_path / "pipeline"
    shutil.copytree(ROOT / "examples" / "pipeline", folder)
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    typed = [t for piece in replay.played(text, folder, tmp_path) if isinstance(piece, list) for t in piece]
    assert len(typed) > 10
    wrong = [f"$ {t.command}\n{t.printed}" for t in typed if not t.same]
    assert wrong == [], "run `python tests/replay.py docs/tutorial.md`"


def test_the_readme_names_commands_and_counts_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    count = re.search(r"\[(\d+) rules\]", text)
    assert count is not None
    assert int(count[1]) == len(registry.built_in_rules())
    from jobsafety_lint.cli import main

    commands = set(re.findall(r"^jobsafety-lint ([a-z-]+)", text, re.MULTILINE)) | set(
        re.findall(r"`jobsafety-lint ([a-z-]+)", text)
    )
    assert commands <= set(main.list_commands(None)), commands  # type: ignore[arg-type]


def test_configuration_and_ci_say_how_to_keep_the_cache() -> None:
    key = next(key for key in config.KEYS if key.name == "cache-dir")
    assert "--no-cache" in key.doc
    assert "JOBSAFETY_LINT_CACHE_DIR" in (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
