"""Sphinx, for the site: `python -m jobsafety_lint.docs --site build/site` makes the pages first, then runs it."""

from __future__ import annotations

from jobsafety_lint import __version__

project = "jobsafety-lint"
author = "The jobsafety-lint authors"
copyright = author  # noqa: A001  # the name that Sphinx asks for
version = release = __version__
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"jobsafety-lint {release}"
html_baseurl = "https://jobsafety-lint.readthedocs.io/"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("catalogue.js", {"defer": "defer"})]
html_show_sourcelink = False
html_copy_source = False
html_permalinks_icon = "#"
pygments_style = "friendly"
pygments_dark_style = "monokai"
suppress_warnings = ["misc.highlighting_failure"]
