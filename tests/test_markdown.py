"""Fenced blocks of Markdown files, on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Findings = Callable[..., list[dict[str, Any]]]
TEXT = """\
# Jobs

```bash
pueue kill 42
pueue kill 43  # jobsafety: ignore[JOB301] an example
# jobsafety: ignore[JOB301] also one
pueue kill 44
```

- a list

  ```{.sh .numbers}
  cd /srv
  pueue kill 45
  ```

```console
$ pueue kill 46
pueue kill 47
# a comment of the host
```

```text
pueue kill 48
```

    pueue kill 49

```sh
pueue kill {{ id }} <task> | if
set -o pipefail
```

```sh
git log -p | head -1
```

````
```sh
pueue kill 50
```
````
"""


def lines(found: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(f["line"], f["column"]) for f in found]


def test_only_on_request(findings: Findings) -> None:
    assert findings({"a.md": TEXT}, "--no-cache") == []
    found = findings({}, "--no-cache", "--config", "markdown = true")
    assert lines(found) == [(4, 1), (14, 3), (18, 3)]
    assert {f["code"] for f in found} == {"JOB301"}


def test_each_block_is_a_script_of_its_own(findings: Findings) -> None:
    text = "```sh\nset -eo pipefail\n```\n\n```sh\ngit log -p | head -1\n```\n\n```sh\nset -eo pipefail\ngit log -p | head -1\n```\n"
    found = findings({"a.markdown": text}, "--config", "markdown = true", "--select", "JOB401", "--pedantic")
    assert lines(found) == [(11, 14)]


def test_a_named_file_says_how(run: Callable[..., Any], tmp_path: Any) -> None:
    (tmp_path / "a.md").write_text(TEXT, encoding="utf-8")
    done = run("check", "--isolated", "-v", "a.md")
    assert done.returncode == 0
    assert "markdown = true" in done.stdout + done.stderr
    done = run(
        "check",
        "--isolated",
        "--config",
        "markdown = true",
        "--output-format",
        "concise",
        "--stdin-filename",
        "a.md",
        "-",
        stdin=TEXT,
    )
    assert done.returncode == 1
    assert "a.md:4:1" in done.stdout


def test_fixes_change_the_block_alone(run: Callable[..., Any], tmp_path: Any) -> None:
    text = "- x\n\n  ```sh\n  id=$(pueue add -- ./x)\n  ```\n"
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    run("check", "--isolated", "--config", "markdown = true", "--select", "JOB315", "--fix", "a.md")
    assert (tmp_path / "a.md").read_text(encoding="utf-8") == text.replace(
        "pueue add", "pueue add --print-task-id"
    )
