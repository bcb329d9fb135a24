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

_OF_THE_SHELL = frozenset(
    {
        "eval",
        "trap",
        "source",
        ".",
        "exec",
        "command",
        "builtin",
        "set",
        "cd",
        "wait",
        "read",
        "export",
        "local",
    }
)
"""Builtins: a program of such a name in a folder (`./eval`) is none."""


def program_of(word: Arg) -> str:
    """The name of the program without its folder, unless that is what a builtin is called; empty if it is not known."""
    if word.text is not None:
        name = word.text.rpartition("/")[2]
        return word.text if name in _OF_THE_SHELL and name != word.text else name
    if len(word.pattern.parts) != 1 or not word.pattern.holes:
        return ""
    if word.pattern.holes[0].text == "sys.executable":
        return "python"
    named = _NAMED.fullmatch(word.pattern.holes[0].text.strip('"'))
    return next((name for name in named.groups() if name), "").rpartition("/")[2] if named else ""
