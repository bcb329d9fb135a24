"""Which program a first word names, where it is a variable with a default or is looked up."""

from __future__ import annotations

import re

from jobsafety_lint.meaning.commands import Arg

_NAMED = re.compile(
    r"""\$\{\w+:?[-=](?P<default>[\w./+-]+)\}"""
    r"""|(?:\$\(|`)\s*(?:command\s+-v|which|type\s+-P)\s+(?P<found>[\w./+-]+)\s*(?:2>\s*/dev/null\s*)?[)`]"""
    r"""|(?:shutil\.)?which\(\s*["'](?P<which>[\w./+-]+)["']\s*\)(?:\s+or\s+["'][\w./+-]+["'])?"""
    r"""|(?:os\.)?(?:environ\.get|getenv)\(\s*["']\w+["']\s*,\s*["'](?P<environment>[\w./+-]+)["']\s*\)"""
)
"""`${PUEUE:-pueue}`, `$(command -v pueue)`, `shutil.which("pueue")`, `os.environ.get("PUEUE", "pueue")`."""


def program_of(word: Arg) -> str:
    """The name of the program without its folder; empty if it is not known."""
    if word.text is not None:
        return word.text.rpartition("/")[2]
    if len(word.pattern.parts) != 1 or not word.pattern.holes:
        return ""
    named = _NAMED.fullmatch(word.pattern.holes[0].text.strip('"'))
    return next((name for name in named.groups() if name), "").rpartition("/")[2] if named else ""
