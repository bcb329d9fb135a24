"""The pages of the site, as MyST Markdown: the documents of a checkout with links that hold on the site, the catalogue of the
rules, and a page for each rule at `rules/NAME/`, which is where `Finding.url` points to.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from jobsafety_lint import registry
from jobsafety_lint.docs import catalogue, markdown, rule_page

HOME = "https://jobsafety-lint.readthedocs.io/"
"""Where the site is."""
SOURCE = "https://github.com/jobsafety-lint/jobsafety-lint/blob/main/"
"""Where files are that are no pages of the site."""

_TOP = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
_INDEX = "rules/README.md"
_LINK = re.compile(r"(?P<head>\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")
_URL = re.compile(r"[a-z]+:|#")
_CONTENTS = """
```{toctree}
:hidden:
:caption: Use it

tutorial
adopting
ci
editors
formats
configuration
shell-completion
```

```{toctree}
:hidden:
:caption: Know it

rules/index
hosts
limitations
stability
```

```{toctree}
:hidden:
:caption: Extend it

own-rules
contributing
architecture
performance
changelog
```
"""


class DeadLink(Exception):
    """A document names a file that is not there; says which one and where."""


def site_pages(root: Path) -> dict[str, str]:
    """All pages of the site of a checkout, by their path below the site.

    Raises:
        DeadLink: a document names a file that is not there.
        OSError: a document cannot be read.
    """
    placed = _placed(root)
    pages = {
        placed[name]: _with_links((root / name).read_text(encoding="utf-8"), name, root, placed)
        for name in placed
        if name.endswith(".md") and not name.startswith("rules/")
    }
    pages |= {
        there: (root / name).read_text(encoding="utf-8")
        for name, there in placed.items()
        if name.endswith(".svg")
    }
    pages["index.md"] += _CONTENTS
    pages["rules/index.md"] = catalogue.page()
    for rule in registry.built_in_rules():
        text = _with_links(registry.page(rule), f"rules/{_stem(rule.name)}.md", root, placed)
        pages[f"rules/{rule.name}/index.md"] = rule_page.page(rule, text)
    return pages


def _placed(root: Path) -> dict[str, str]:
    """Where the files of a checkout are on the site, by their path in the checkout."""
    placed = dict(_TOP)
    placed[_INDEX] = "rules/index.md"
    placed |= {f"docs/{path.name}": path.name for path in sorted((root / "docs").glob("*.md"))}
    placed |= {
        f"rules/{_stem(rule.name)}.md": f"rules/{rule.name}/index.md" for rule in registry.built_in_rules()
    }
    placed |= {
        f"docs/images/{path.name}": f"images/{path.name}"
        for path in sorted((root / "docs" / "images").glob("*.svg"))
    }
    for path in sorted((root / "docs" / "schemas").glob("*.json")):
        placed[f"docs/schemas/{path.name}"] = f"{HOME}schemas/{path.name}"
    return placed


def _stem(name: str) -> str:
    return name.replace("-", "_")


def _with_links(text: str, name: str, root: Path, placed: dict[str, str]) -> str:
    """A document with its links as they hold on the site; links outside of fenced blocks only."""
    here = posixpath.dirname(placed.get(name, name))

    def moved(match: re.Match[str]) -> str:
        target, anchor = match["target"], match["anchor"] or ""
        if _URL.match(target):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        if not (root / path).exists():
            raise DeadLink(f"{name}: {target}")
        path = f"{path}/README.md" if f"{path}/README.md" in placed else path
        there = placed.get(path)
        if there is None:
            return f"{match['head']}{SOURCE}{path}{anchor})"
        if not there.startswith(HOME):
            there = posixpath.relpath(there, here or ".")
        return f"{match['head']}{there}{anchor})"

    return markdown.change_prose(text, lambda prose: _LINK.sub(moved, prose))
