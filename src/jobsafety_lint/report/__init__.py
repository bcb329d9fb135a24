"""Output formats: each is one pure function from a `Report` to text."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jobsafety_lint.model import Report


@dataclass(frozen=True)
class RenderOptions:
    """What a format may want to know: `text_of` gives a file's text by its shown path (None if it is gone); `statistics`:
    the formats full, concise and json count the findings of each rule in place of listing them. `width`: the columns of the
    terminal that `full` may break its own words at (None: it breaks nothing, as suits a file). `quiet`: `full` and `concise` leave the closing lines out.
    """

    text_of: Callable[[str], str | None]
    root: Path
    color: bool = False
    version: str = ""
    statistics: bool = False
    width: int | None = None
    quiet: bool = False


Renderer = Callable[[Report, RenderOptions], str]

_MODULES = {
    "full": "full",
    "concise": "concise",
    "json": "json_format",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "lsp": "lsp",
    "html": "html_page",
}
FORMATS = tuple(_MODULES)
"""The names of all formats; each is the `render` function of a module here."""


def renderer(name: str) -> Renderer:
    """The function of a format (its module is imported only now)."""
    render: Renderer = importlib.import_module(f"{__name__}.{_MODULES[name]}").render
    return render
