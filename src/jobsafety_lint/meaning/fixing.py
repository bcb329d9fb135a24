"""Parts of fixes that several rules need."""

from __future__ import annotations

import ast
import re

from jobsafety_lint.model import Edit, Span
from jobsafety_lint.readers.python.parsing import parse_module
from jobsafety_lint.source import Place, Source

OLD_PYTHON = "the file seems to be meant for Python 2 as well, which does not know the argument"
_PYTHON_2 = re.compile(
    r"^#!.*python2|^from __future__ import .*\b(?:print_function|unicode_literals|division|absolute_import)\b"
    r"|^\s*print\s*>>|\bPython 2(?:\.\d)?(?:/3\b| and (?:Python )?3\b)",
    re.MULTILINE,
)


def may_be_python_2(file: Source) -> bool:
    """Whether a Python file says that it is meant for Python 2, alone or as well."""
    return _PYTHON_2.search(file.text) is not None


def import_edits(file: Source, module: str) -> tuple[Edit, ...] | None:
    """The edit that makes `import module` hold in a Python file: none if it does, None if there is no good place.

    It goes among the first imports, where sorting by name puts it if they are sorted.
    """
    try:
        body = parse_module(file.text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    if any(
        alias.name == module and alias.asname is None
        for node in imports
        if isinstance(node, ast.Import)
        for alias in node.names
    ):
        return ()
    imports = [
        node for node in imports if not (isinstance(node, ast.ImportFrom) and node.module == "__future__")
    ]
    if not imports or imports[0].col_offset:
        return None
    line = imports[0].lineno
    for node in imports:
        if not isinstance(node, ast.Import) or node.lineno != line or node.names[0].name > module:
            break
        line = (node.end_lineno or node.lineno) + 1
    start = file.offset(line)
    if file.text[start - 1 : start] not in {"", "\n"}:
        return None
    at = file.location(Span(start, start))
    return (Edit(at, f"import {module}\n"),)


def suppressed(file: Source, statement: Place, code: str) -> tuple[Edit, ...] | None:
    """The edits that put code of one line, in place of a statement, under `contextlib.suppress(FileNotFoundError)`."""
    imports = import_edits(file, "contextlib")
    if imports is None or "\n" in code:
        return None
    text = f"with contextlib.suppress(FileNotFoundError):\n{indentation(statement)}    {code}"
    return (*imports, Edit(statement.location, text))


def stands_alone(statement: Place) -> bool:
    """Whether nothing else stands on the lines of a statement."""
    source, span = statement.source, statement.span
    before = source.text[source.text.rfind("\n", 0, span.start) + 1 : span.start]
    behind = source.text[span.end :].partition("\n")[0].strip()
    return not before.strip() and (not behind or behind.startswith("#"))


def indentation(place: Place) -> str:
    """The blanks before the first character of the line where a place starts."""
    text = place.source.text
    start = text.rfind("\n", 0, place.span.start) + 1
    line = text[start : place.span.start]
    return line if not line.strip() else line[: len(line) - len(line.lstrip())]


def is_verbatim(place: Place) -> bool:
    """Whether the text of a place stands in the file letter by letter: no escape and no hole of a host in between."""
    span, source = place.source.in_file(place.span), place.source
    while source.host is not None:
        source = source.host
    return source.text[span.start : span.end] == place.text
