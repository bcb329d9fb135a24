"""Inputs that are validated after the work that has used them."""

from __future__ import annotations

import ast
import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobsafety_lint.literals import Literals
from jobsafety_lint.meaning.data.datasets import LateCheck
from jobsafety_lint.meaning.paths import words_of
from jobsafety_lint.meaning.python.definitions import FileNames, Position, Site, Unit
from jobsafety_lint.readers.python.nodes import dotted, walk
from jobsafety_lint.readers.python.outline import FunctionNode, Outline
from jobsafety_lint.source import Source

_MENTIONS = re.compile(
    r"\b(?:validate|verify|ensure|assert|check|gate)_\w+\(|\bvalidate\(|\braise (?:Value|Type)Error"
)
_VERBS = frozenset(
    {
        "fetch", "download", "query", "execute", "insert", "upload", "store", "train", "fit", "compute", "backfill", "populate", "scrape", "crawl",
        "ingest", "publish", "transcode", "simulate", "optimize", "migrate",
    }
)  # fmt: skip
_LIBRARIES = ("requests.", "httpx.", "read_parquet", "read_csv", "read_sql", "read_json", "read_table", "urlopen", "urlretrieve", "to_parquet",
              "to_sql", "load_dataset")  # fmt: skip
_WORK_TEXTS = Literals((*sorted(_VERBS), *_LIBRARIES))
_WORDS = re.compile(rf"(?:{'|'.join(sorted(_VERBS))})\w*\(|{'|'.join(map(re.escape, _LIBRARIES))}")
_CHECK_TEXTS = Literals(
    (
        "validate",
        "verify_",
        "ensure_",
        "assert_",
        "check_",
        "gate_",
        "raise ValueError",
        "raise TypeError",
    )
)
_CHECKS = frozenset({"validate", "verify", "ensure", "assert", "check", "gate"})
_WORK = _VERBS | {"sync", "post", "put", "render"}
_CHEAP = frozenset(
    [
        "num",
        "number",
        "size",
        "length",
        "offset",
        "hash",
        "path",
        "name",
        "names",
        "key",
        "id",
        "duration",
        "index",
        "shape",
        "url",
        "count",
    ]
)
_WORK_METHODS = frozenset(
    {"read_parquet", "read_csv", "read_sql", "read_json", "read_table", "scan_parquet", "get_object", "put_object",
     "download_file", "upload_file", "download_fileobj", "upload_fileobj", "urlopen", "urlretrieve", "to_parquet", "to_sql",
     "insert_df", "insert_many", "executemany", "load_dataset", "snapshot_download"}
)  # fmt: skip
_HTTP = re.compile(
    r"^(requests|httpx|session|self\.session|client|http)\.(get|post|put|patch|delete|request)$"
)
_NO_INPUT = frozenset(
    [
        "path",
        "paths",
        "file",
        "files",
        "filename",
        "dest",
        "destination",
        "target",
        "out",
        "output",
        "outdir",
        "outfile",
        "dir",
        "directory",
        "folder",
        "root",
        "checksum",
        "digest",
        "hash",
        "md5",
        "sha256",
        "result",
        "results",
        "response",
        "resp",
        "status",
        "self",
        "cls",
        "client",
        "session",
        "conn",
        "connection",
        "cursor",
        "db",
        "engine",
    ]
)
_OF_STATE = frozenset(
    [
        "call",
        "output",
        "result",
        "results",
        "response",
        "status",
        "exists",
        "dir",
        "directory",
        "path",
        "file",
        "files",
        "checksum",
        "hash",
        "digest",
        "integrity",
        "connection",
        "connected",
        "table",
        "tables",
        "schema",
        "called",
        "installed",
        "complete",
        "completed",
        "count",
        "health",
        "alive",
        "running",
        "written",
        "saved",
        "stored",
        "uploaded",
        "download",
        "downloaded",
        "after",
    ]
)


def is_mentioned(outline: Outline) -> bool:
    """Whether a function of a file may hold a check behind work."""
    source = outline.source
    if not (_CHECK_TEXTS.any_in(source) and _WORK_TEXTS.any_in(source)):
        return False  # most files, at a fraction of what an expression takes
    text = source.text
    checks = sorted(_places_of_checks(source))
    for definition in outline.functions if checks else ():
        span = definition.span
        last = checks[bisect.bisect_left(checks, span.end) - 1]
        if span.start < last < span.end and _WORDS.search(text, text.find(":", span.start), last):
            return True
    return False


def _places_of_checks(source: Source) -> Iterator[int]:
    """Where a check may stand: each begins with a literal, which is found at a fraction of what the expression takes."""
    text = source.text
    for literal in _CHECK_TEXTS.those_in(source):
        at = text.find(literal)
        while at >= 0:
            if _MENTIONS.match(text, at):
                yield at
            at = text.find(literal, at + 1)


def late_checks(names: FileNames) -> Iterator[LateCheck]:
    """Every check of a parameter behind work that has used it."""
    by_unit: dict[int, list[Site]] = {}
    for site in names.sites:
        by_unit.setdefault(id(site.position.unit), []).append(site)
    for unit in names.units:
        if unit.is_function:
            reader = _Reader(names, unit, by_unit.get(id(unit), []))
            yield from reader.read()


@dataclass(frozen=True, eq=False)
class _Check:
    node: ast.stmt | ast.expr
    by: str
    parameters: frozenset[str]
    at: Position


@dataclass(eq=False)
class _Reader:
    names: FileNames
    unit: Unit
    sites: list[Site]

    def read(self) -> Iterator[LateCheck]:
        """The late checks of one function."""
        parameters = {
            name
            for name, bindings in self.unit.bindings.items()
            if len(bindings) == 1 and bindings[0].kind == "parameter" and not set(words_of(name)) & _NO_INPUT
        }
        if not parameters:
            return
        work = [(site, name) for site in self.sites if (name := self._work(site))]
        checks = list(self._checks(parameters))
        seen: set[str] = set()
        for check in checks:
            for parameter in sorted(check.parameters - seen):
                first = min(c.at.order for c in checks if parameter in c.parameters)
                if first != check.at.order:
                    continue
                for site, name in work:
                    if (
                        site.position.order < check.at.order
                        and check.at.may_follow(site.position)
                        and site.node is not check.node
                        and parameter in self._given(site.node)
                    ):
                        function = self.names.function_of(self.unit)
                        yield LateCheck(
                            self.names.place(check.node),
                            check.by,
                            parameter,
                            self.names.place(site.node),
                            name,
                            function,
                        )
                        seen.add(parameter)
                        break

    def _work(self, site: Site) -> str:
        """What expensive or lasting work a call is, as a person names it; empty for any other call."""
        func = site.node.func
        name = dotted(func) or (func.attr if isinstance(func, ast.Attribute) else "")
        last = name.rpartition(".")[2]
        first = next(words_of(last), "")
        if first in _CHECKS:
            return ""
        if (
            (first in _WORK and not set(words_of(last)) & _CHEAP)
            or last in _WORK_METHODS
            or _HTTP.match(name)
        ):
            return name
        return ""

    def _given(self, call: ast.Call) -> set[str]:
        """The names that a call's arguments mention, by way of variables set just for it too."""
        found: set[str] = set()
        for argument in (*call.args, *(k.value for k in call.keywords)):
            for node in walk(argument):
                if isinstance(node, ast.Name):
                    found.add(node.id)
                    for binding in self.unit.bindings.get(node.id, ()):
                        if binding.kind == "assign" and isinstance(
                            binding.node, ast.JoinedStr | ast.BinOp | ast.Name
                        ):
                            found |= {n.id for n in walk(binding.node) if isinstance(n, ast.Name)}
        return found

    def _checks(self, parameters: set[str]) -> Iterator[_Check]:
        """The calls and `if …: raise` that validate nothing but parameters."""
        found: list[_Check] = []
        for site in self.sites:
            name = dotted(site.node.func)
            words = list(words_of(name.rpartition(".")[2]))
            if words[:1] and words[0] in _CHECKS and not set(words[1:]) & _OF_STATE and not site.targets:
                used = self._only(parameters, [*site.node.args, *(k.value for k in site.node.keywords)])
                if used and isinstance(site.position.statement, ast.Expr | ast.If | ast.Assert):
                    found.append(_Check(site.node, f"{name}()", used, site.position))
        assert isinstance(self.unit.node, FunctionNode)
        for node in walk(self.unit.node):
            at = self.names.where.get(id(node))
            if at is None or at.unit is not self.unit:
                continue
            if isinstance(node, ast.Assert):
                used = self._only(parameters, [node.test])
                if used:
                    found.append(_Check(node, "assert", used, at))
            if isinstance(node, ast.If) and not node.orelse and _raises(node.body):
                used = self._only(parameters, [node.test])
                if used and not any(
                    isinstance(n, ast.Call) and dotted(n.func).startswith(("os.", "Path"))
                    for n in walk(node.test)
                ):
                    found.append(_Check(node.test, "if …: raise", used, at))
        return iter(sorted(found, key=lambda check: check.at.order))

    def _only(self, parameters: set[str], nodes: list[ast.expr]) -> frozenset[str]:
        """The parameters that expressions mention, if they mention no other variable of the function."""
        used: set[str] = set()
        for node in nodes:
            for inner in walk(node):
                if isinstance(inner, ast.Name):
                    if inner.id in parameters:
                        used.add(inner.id)
                    elif inner.id in self.unit.bindings:
                        return frozenset()
        return frozenset(used)


def _raises(body: list[ast.stmt]) -> bool:
    last = body[-1]
    if not isinstance(last, ast.Raise) or last.exc is None or len(body) > 2:
        return False
    name = dotted(last.exc.func) if isinstance(last.exc, ast.Call) else dotted(last.exc)
    return name in {
        "ValueError",
        "TypeError",
        "argparse.ArgumentTypeError",
        "click.BadParameter",
        "typer.BadParameter",
    }
