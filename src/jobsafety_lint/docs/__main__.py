"""`python -m jobsafety_lint.docs`: writes the documents of a checkout; with `--site DIR` it builds the site, too."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from jobsafety_lint import atomic
from jobsafety_lint.docs import documents, pages

ROOT = Path(__file__).resolve().parents[3]
"""The checkout that this module lies in."""
SOURCES = ROOT / "build" / "pages"
"""Where the pages of the site are put before they become HTML."""


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Writes what has changed, so that the generator builds no page again in vain."""
    for name, text in texts.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != text.encode():
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic.write_text(path, text)


def build(site: Path) -> int:
    """Makes the pages and the site; warnings are errors. Returns the exit status of Sphinx.

    Raises:
        pages.DeadLink: a document names a file that is not there.
    """
    made = pages.site_pages(ROOT)
    for path in SOURCES.rglob("*"):
        if path.is_file() and path.relative_to(SOURCES).as_posix() not in made:
            path.unlink(missing_ok=True)
    write(SOURCES, made)
    command = ["-m", "sphinx", "--builder", "html", "--conf-dir", str(ROOT / "docs")]
    command += [
        "--fail-on-warning",
        "--keep-going",
        "--nitpicky",
        "--quiet",
        "--write-all",
        str(SOURCES),
        str(site),
    ]
    status = subprocess.run([sys.executable, *command], check=False).returncode
    schemas = {name: text for name, text in documents().items() if name.startswith("docs/schemas/")}
    write(site, {name.removeprefix("docs/"): text for name, text in schemas.items()})
    return status


def main() -> int:
    """Writes the documents, and builds the site if one is asked for."""
    parser = argparse.ArgumentParser(prog="python -m jobsafety_lint.docs", description=__doc__)
    parser.add_argument("--site", type=Path, metavar="DIR", help="build the site into this folder")
    given = parser.parse_args()
    if not (ROOT / "rules").is_dir():
        parser.error(f"{ROOT} is no checkout; install with `pip install --editable '.[docs]'` first")
    write(ROOT, documents())
    if given.site is None:
        return 0
    try:
        return build(given.site)
    except pages.DeadLink as error:
        print(f"dead link: {error}", file=sys.stderr)  # noqa: T201  # a program of its own
        return 1


if __name__ == "__main__":
    sys.exit(main())
