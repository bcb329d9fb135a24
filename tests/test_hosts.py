"""Readers of host files: what a shell gets, and that every stretch of it stands where the map says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobsafety_lint.discover.kinds import kind_of
from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts.crontab import read_crontab, shortest_gap
from jobsafety_lint.readers.hosts.dockerfile import read_dockerfile
from jobsafety_lint.readers.hosts.justfile import read_justfile
from jobsafety_lint.readers.hosts.makefile import read_makefile
from jobsafety_lint.readers.hosts.snippets import HostFile, Snippet
from jobsafety_lint.readers.hosts.units import read_unit
from jobsafety_lint.source import Source

Findings = Callable[..., list[dict[str, Any]]]
Reader = Callable[[Source], HostFile]


def texts(read: Reader, text: str, path: str = "x") -> list[str]:
    return [shown(snippet) for snippet in read(Source(path, text)).snippets]


def shown(snippet: Snippet) -> str:
    return snippet.source.shown(Span(0, len(snippet.source.text)))


# --- Makefile --------------------------------------------------------------------------------------------------------

MAKEFILE = """\
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
DATA = /srv/data
PY ?= python3
N ?= 4
ITEMS := a
ITEMS += b

all: x ; @echo inline
train: prepare # why
\t@- echo "$$HOME" $(DATA)/in \\
\t  '${X}'
# a comment of make
ifdef N

\t$(PY) train.py -n $(N) $(ITEMS) $@
endif
other: N = 5
\techo no recipe
NOW := $(shell date +%F | head -1)
"""


def test_makefile_lines() -> None:
    read = read_makefile(Source("Makefile", MAKEFILE))
    assert [(s.title, shown(s), s.status) for s in read.snippets] == [
        ("all", "echo inline", "exits"),
        ("train", "echo \"$HOME\" /srv/data/in \\\n  '${X}'", "ignored"),
        ("train", "python3 train.py -n $(N) $(ITEMS) $@", "exits"),
        ("$(shell)", "date +%F | head -1", "masked"),
    ]
    assert {(s.shell, s.errexit, s.pipefail) for s in read.snippets} == {("bash", True, True)}
    assert read.snippets[2].source.holes[0].names == {"N"}


def test_what_make_does_on_windows_only_is_no_shell() -> None:
    text = """\
ifeq ($(OS), Windows_NT)
  $(shell if not exist build mkdir build)
  NAME = a.exe
all:
\tdel build\\*.obj
else
  $(shell mkdir -p build)
all:
\trm -f build/*.o
ifneq ($(OS),Windows_NT)
\techo unix
endif
endif
clean:
\techo both
"""
    assert sorted(texts(read_makefile, text)) == [
        "echo both",
        "echo unix",
        "mkdir -p build",
        "rm -f build/*.o",
    ]


def test_makefile_one_shell() -> None:
    text = ".ONESHELL:\nSHELL = /bin/bash -o pipefail\na:\n\t@x=1\n\techo $$x\nb:\n\techo b\n"
    assert texts(read_makefile, text) == ["x=1\necho $x", "echo b"]
    assert read_makefile(Source("Makefile", text)).snippets[0].pipefail


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('NAME="meter"\n\nmake_target() {\n\techo "a : b" >x\n}\n', "shell"),
        ("NAME = meter\n\nall: a\n\techo\n", "makefile"),
        ("define RUN\nrun() {\n:\n}\nendef\n", "makefile"),
        ('NAME="meter"\n', "makefile"),
    ],
)
def test_a_script_called_mk(text: str, kind: str) -> None:
    assert (kind_of(Path("package.mk"), data=text.encode()) or ("",))[0] == kind


def test_makefile_of_another_language() -> None:
    assert not texts(read_makefile, "SHELL := python3\na:\n\tprint(1)\n")


def test_makefile_canned_recipe_and_prefix() -> None:
    text = ".RECIPEPREFIX = >\ndefine go\n@echo $(1)\nendef\na:\n> $(call go,x)\n> echo \\\n> b\n"
    assert texts(read_makefile, text) == ["$(call go,x)", "echo $(1)", "echo \\\n b"]


# --- Dockerfile ------------------------------------------------------------------------------------------------------

DOCKERFILE = """\
# syntax=docker/dockerfile:1
FROM debian AS base
SHELL ["/bin/bash", "-eo", "pipefail", "-c"]
ENV ROOT=/srv MODE="x y"
WORKDIR /srv/app
RUN --mount=type=cache,target=/c \\
    apt-get update \\
    # why

    && apt-get install -y x
RUN <<EOF
set -e
echo "a" > $ROOT/b
EOF
RUN cat <<'END' > f && echo done
body $x
END
FROM base
RUN echo again
FROM alpine
RUN ["sh", "-c", "echo \\"it's\\" | head -1"]
CMD pueue add -- ./x
"""


def test_dockerfile() -> None:
    read = read_dockerfile(Source("Dockerfile", DOCKERFILE))
    found = [(shown(s), s.shell, s.pipefail, s.directory) for s in read.snippets]
    bash = ("bash", True, "/srv/app")
    assert found == [
        ("apt-get update \\\n    && apt-get install -y x", *bash),
        ('set -e\necho "a" > $ROOT/b', *bash),
        ("cat <<'END' > f && echo done\nbody $x\nEND", *bash),
        ("echo again", *bash),
        ("sh -c 'echo \"it'\\''s\" | head -1'", "", False, None),
        ("pueue add -- ./x", "sh", False, None),
    ]
    assert read.snippets[0].environment == {"ROOT": "/srv", "MODE": "x y"}
    assert [read.snippets[at].style for at in (3, 4)] == ["shell", "argv"]


@pytest.mark.parametrize(
    "head",
    [
        "# escape=`\nFROM x",
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022",
        "FROM mcr.microsoft.com/dotnet/framework/sdk:4.8",
        "ARG BASE=mcr.microsoft.com/windows/nanoserver:1809\nFROM ${BASE}",
    ],
)
def test_dockerfile_of_windows(head: str) -> None:
    assert not texts(read_dockerfile, f"{head}\nRUN dir `\n c:\\\n")


# --- justfile --------------------------------------------------------------------------------------------------------

JUSTFILE = """\
set shell := ["bash", "-euo", "pipefail", "-c"]
data := '/srv'
today := `date +%F`

# trains
[no-cd]
train symbol year="2024": (prepare symbol)
    @-echo {{ data }}/{{symbol}} {{{{literal}}
    uv run \\
        x.py

whole:
    #!/bin/sh -e
    if true; then
        echo {{ uppercase(today) }}
    fi
"""


def test_justfile() -> None:
    read = read_justfile(Source("justfile", JUSTFILE))
    assert [(s.title, shown(s), s.shell, s.status) for s in read.snippets] == [
        ("train", "echo /srv/{{symbol}} {{literal}}", "bash", "ignored"),
        ("train", "uv run \\\n    x.py", "bash", "exits"),
        ("whole", "#!/bin/sh -e\nif true; then\n    echo {{ uppercase(today) }}\nfi", "sh", "exits"),
        ("`…`", "date +%F", "bash", "masked"),
    ]
    assert read.snippets[0].pipefail
    assert not read.snippets[2].pipefail
    assert read.snippets[2].errexit


# --- units -----------------------------------------------------------------------------------------------------------


def test_unit_words() -> None:
    text = (
        "[Service]\nEnvironment=A=/srv B='x y'\n"
        "ExecStart=@-/bin/sh name -c 'echo $$x' ${A}/f $B %%h %h/x $C \\\n# comment\n  \"it's\" \\x41 ; /bin/true\n"
    )
    assert texts(read_unit, text) == [
        "/bin/sh -c 'echo $x' /srv/f x y %h %h/x $C 'it'\\''s' A",
        "/bin/true",
    ]


def test_unit_like_files_are_left_alone() -> None:
    assert not read_unit(Source("x.service", "[D-BUS Service]\nName=x\nExec=/bin/x\n")).sections
    assert not read_unit(Source("x.service", "<?xml version='1.0'?>\n<service-group>\n")).broken


def test_unit_sections() -> None:
    read = read_unit(Source("x.service", "[Unit]\nA=1\n\n[Service]\nMemoryMax=1G\nMemoryMax=\n"))
    assert [section.name for section in read.sections] == ["Unit", "Service"]
    assert read.sections[1].value("MemoryMax") is None
    assert read.definitions(30) == ("Service",)


# --- crontab ---------------------------------------------------------------------------------------------------------


def test_crontab() -> None:
    text = "SHELL=/bin/bash\nHOME = /srv\n*/5 * * * 1-5  echo 50\\% | cat%in%put\n@daily x # why\n0 1 * *\n"
    read = read_crontab(Source("crontab", text))
    assert [(shown(s), s.shell, s.directory) for s in read.snippets] == [
        ("echo 50% | cat", "bash", "/srv"),
        ("x # why", "bash", "/srv"),
    ]
    assert [text[span.start : span.end] for span, _ in read.broken] == ["0 1 * *"]
    assert read.entries[0].cut is not None


@pytest.mark.parametrize(
    ("path", "line", "user", "command"),
    [
        ("etc/cron.d/x", "0 1 * * * app /x.sh", "app", "/x.sh"),
        ("crontab", "0 1 * * * root /x.sh", "root", "/x.sh"),
        ("crontab", "0 1 * * * run-one /x.sh", "", "run-one /x.sh"),
        ("crontab", "0 1 * jan-mar mon,fri python3 x.py", "", "python3 x.py"),
    ],
)
def test_crontab_users(path: str, line: str, user: str, command: str) -> None:
    read = read_crontab(Source(path, line + "\n"))
    assert [(entry.user, shown(entry.snippet)) for entry in read.entries] == [(user, command)]


@pytest.mark.parametrize(
    ("schedule", "gap"),
    [
        ("* * * * *", 1),
        ("*/7 * * * *", 4),
        ("*/7 3 * * *", 7),
        ("0,30 * * * *", 30),
        ("59 * * * *", None),
        ("1-59/10 * * * *", 10),
        ("50,10 */2 * * *", 40),
        ("5 4 * * *", None),
        ("@hourly", None),
        ("H/15 * * * *", 15),
    ],
)
def test_shortest_gap(schedule: str, gap: int | None) -> None:
    assert shortest_gap(tuple(schedule.split())) == gap


# --- positions -------------------------------------------------------------------------------------------------------

_LETTERS = "ab $%{}()\\\"'#;|&>~é"
_command = st.text(alphabet=_LETTERS, min_size=1, max_size=24).filter(lambda text: text.strip() != "")
_lines = st.lists(_command, min_size=1, max_size=4)


def stands_where_it_is_said(snippet: Snippet, decoded: Callable[[str], str]) -> None:
    """Stretches that the map takes letter by letter are the same in the host, the others decode to what they are."""
    source = snippet.source
    assert source.host is not None
    assert source.offsets is not None
    for segment in source.offsets.segments:
        here = source.text[segment.start : segment.start + segment.length]
        there = source.host.text[segment.host_start : segment.host_start + segment.host_length]
        if any(0xE000 <= ord(letter) <= 0xF8FF for letter in here):
            assert source.shown(Span(segment.start, segment.start + segment.length)) == there
        elif segment.length != segment.host_length:
            assert decoded(there) == here
        else:
            assert there == here
    for start in range(len(source.text)):
        for end in (start + 1, len(source.text)):
            where = source.in_host(Span(start, end))
            assert snippet.span.start <= where.start <= where.end <= snippet.span.end


@given(_lines)
@settings(max_examples=150, deadline=None)
def test_makefile_positions(lines: list[str]) -> None:
    text = "a:\n" + "".join(f"\t{line}\n" for line in lines) + "\nb: a ; x$$\n"
    for snippet in read_makefile(Source("Makefile", text)).snippets:
        stands_where_it_is_said(snippet, lambda there: "$" if there == "$$" else "make")


@given(_lines)
@settings(max_examples=150, deadline=None)
def test_dockerfile_positions(lines: list[str]) -> None:
    text = "FROM x\nRUN " + " \\\n # c\n".join(lines) + "\nCMD y\n"
    for snippet in read_dockerfile(Source("Dockerfile", text)).snippets:
        stands_where_it_is_said(snippet, lambda there: there)


@given(_lines)
@settings(max_examples=150, deadline=None)
def test_justfile_positions(lines: list[str]) -> None:
    text = "a x:\n" + "".join(f"  {line}\n" for line in lines) + "\nb:\n  {{x}} {{{{\n"
    for snippet in read_justfile(Source("justfile", text)).snippets:
        stands_where_it_is_said(snippet, lambda there: "{{" if there == "{{{{" else "?")


@given(_lines)
@settings(max_examples=150, deadline=None)
def test_crontab_positions(lines: list[str]) -> None:
    text = "".join(f"0 1 * * * {line}\n" for line in lines)
    for snippet in read_crontab(Source("crontab", text)).snippets:
        stands_where_it_is_said(snippet, lambda there: there.removeprefix("\\"))


@given(_lines.filter(lambda lines: not re.search(r"[%$][\"'\\]", "".join(lines))))
@settings(max_examples=150, deadline=None)
def test_unit_positions(lines: list[str]) -> None:
    text = "[Service]\n" + "".join(f"ExecStart=/bin/x {line}\n" for line in lines) + "ExecStop=/bin/y\n"
    escapes = {"$$": "$", "%%": "%"}
    for snippet in read_unit(Source("x.service", text)).snippets:
        stands_where_it_is_said(
            snippet, lambda there: escapes.get(there) or re.sub(r"\\(.|\n)", _letter, there)
        )


def _letter(match: re.Match[str]) -> str:
    return {"a": "\a", "b": "\b", "\n": " "}.get(match[1], match[1])


# --- what the rules see ----------------------------------------------------------------------------------------------


def lines(found: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    return [(f["code"], f["path"], f["line"]) for f in found]


def test_shell_rules_in_host_files(findings: Findings) -> None:
    files = {
        "Makefile": "SHELL = bash\n.SHELLFLAGS = -eo pipefail -c\na:\n\tgit log $$x | head -1\n",
        "Dockerfile": 'FROM x\nSHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN true \\\n # c\n && git log | head -1\n',
        "justfile": "set shell := ['bash', '-euo', 'pipefail', '-c']\na x:\n  git log {{x}} | head -1\n",
        "x.service": "[Service]\nExecStart=/bin/bash -eo pipefail -c 'git log | head -1'\n",
        "crontab": "SHELL=/bin/bash\n0 1 * * * set -eo pipefail; git log | head -1\n",
    }
    found = findings(files, "--select", "JOB401", "--no-cache", "--pedantic")
    assert [(f["path"], f["line"], f["column"]) for f in found] == [
        ("Dockerfile", 5, 15),
        ("Makefile", 4, 16),
        ("crontab", 2, 39),
        ("justfile", 3, 19),
        ("x.service", 2, 48),
    ]


def test_suppressions_in_host_files(findings: Findings) -> None:
    said = "# jobsafety: ignore[JOB401] why"
    capped = f"{said.replace('401', '501')}\nMemoryMax=1G\n"
    strict = "SHELL = bash\n.SHELLFLAGS = -eo pipefail -c\n"
    files = {
        "Makefile": f"{strict}a:\n{said}\n\tgit log | head -1\n\tgit log | head -1 {said}\n",
        "Dockerfile": f'FROM x\nSHELL ["/bin/bash", "-eo", "pipefail", "-c"]\n{said}\nRUN true && git log | head -1\n',
        "justfile": f"set shell := ['bash', '-euo', 'pipefail', '-c']\na x:\n  {said}\n  git log | head -1\n",
        "x.service": f"[Service]\n{said}\nExecStart=/bin/bash -eo pipefail -c 'git log | head -1'\n{capped}",
        "crontab": "*/5 * * * * /srv/x.sh # jobsafety: ignore[JOB609] why\n"
        "# jobsafety: ignore[JOB608] why\n0 1 * * * ./x.sh\n",
    }
    found = findings(files, "--select", "JOB002,JOB003,JOB401,JOB501,JOB608,JOB609", "--no-cache")
    assert not lines(found)


def test_drop_ins_and_slices_beside(findings: Findings) -> None:
    files = {
        "a.service": "[Service]\nExecStart=/bin/python3 x.py\nMemoryMax=1G\n",
        "a.service.d/swap.conf": "[Service]\nMemorySwapMax=0\nWorkingDirectory=/srv\n",
        "b.service": "[Service]\nWorkingDirectory=/srv\nMemorySwapMax=0\n",
        "b.service.d/mem.conf": "[Service]\nMemoryMax=1G\nExecStart=\nExecStart=/bin/python3 x.py\n",
        "c@.service": "[Service]\nWorkingDirectory=/srv\nMemorySwapMax=1G\n",
        "c@7.service.d/mem.conf": "[Service]\nMemoryMax=1G\nExecStart=/bin/python3 x.py\n",
        "d.service": "[Service]\nSlice=jobs-heavy.slice\nMemoryMax=1G\n",
        "jobs.slice": "[Slice]\nMemorySwapMax=0\n",
        "jobs-heavy.slice": "[Slice]\nMemoryMax=2G\n",
        "e.service": "[Service]\nSlice=open.slice\nMemoryMax=1G\n",
        "open.slice": "[Slice]\nCPUQuota=100%\n",
        "other.service.d/x.conf": "[Service]\nExecStart=/bin/python3 x.py\nMemoryMax=1G\n",
    }
    found = findings(files, "--select", "JOB501,JOB608", "--no-cache")
    assert lines(found) == [("JOB501", "e.service", 3), ("JOB501", "other.service.d/x.conf", 3)]


def test_entry_has_one_of_603_and_608(findings: Findings) -> None:
    files = {"crontab": "0 1 * * * pueue add -- ./x.sh >> add.log\n0 2 * * * pueue add -- /x.sh >> add.log\n"}
    found = findings(files, "--select", "JOB603,JOB608", "--no-cache")
    assert lines(found) == [("JOB603", "crontab", 1), ("JOB608", "crontab", 2)]


def test_script_beside_takes_a_lock(findings: Findings) -> None:
    files = {
        "ops/crontab": "*/5 * * * * /srv/app/jobs/a.sh\n*/5 * * * * /srv/app/jobs/b.sh\n",
        "jobs/a.sh": "exec 9> /run/a.lock\nflock -n 9 || exit 0\nwork\n",
        "jobs/b.sh": "work\n",
        ".git/HEAD": "",
    }
    found = findings(files, "--select", "JOB609", "--no-cache")
    assert lines(found) == [("JOB609", "ops/crontab", 2)]


def test_nothing_races_on_a_machine_that_is_thrown_away(findings: Findings) -> None:
    def workflow(machine: str, command: str) -> str:
        return f"on: push\njobs:\n  a:\n    runs-on: {machine}\n    steps:\n      - run: {command}\n"

    test = "test -f /srv/x.json && rm /srv/x.json"
    many = "for i in a b; do { [ -f /srv/x.json ] && rm /srv/x.json; } & done; wait"
    files = {
        ".github/workflows/hosted.yml": workflow("ubuntu-latest", test),
        ".github/workflows/hosted2.yml": workflow("[macos-14-xlarge]", test),
        ".github/workflows/own.yml": workflow("[self-hosted, linux]", test),
        ".github/workflows/large.yml": workflow("big-machine", test),
        ".github/workflows/remote.yml": workflow("ubuntu-24.04", f'ssh h "{test}"'),
        ".github/workflows/many.yml": workflow("ubuntu-latest", f'"{many}"'),
        "action.yml": f"runs:\n  using: composite\n  steps:\n    - shell: bash\n      run: {test}\n",
    }
    found = findings(files, "--select", "JOB101", "--no-cache")
    assert [f["path"].rpartition("/")[2] for f in found] == [
        "large.yml",
        "many.yml",
        "own.yml",
        "remote.yml",
        "action.yml",
    ]


def test_nothing_races_in_an_image_build(findings: Findings) -> None:
    run = "[ -f /tmp/x ] && rm /tmp/x; [ -f /srv/job.lock ] || touch /srv/job.lock; git log | head -1"
    files = {"Dockerfile": f"FROM x\nRUN {run}\nCMD {run}\n", "Makefile": f"a:\n\t{run}\n"}
    found = findings(files, "--select", "JOB1", "--no-cache")
    assert {(f["path"], f["line"]) for f in found} == {("Dockerfile", 3), ("Makefile", 2)}
