"""Which Python calls do what to files: the table, and reading one call by it."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.files import (
    Act,
    Append,
    Check,
    Create,
    Delete,
    Glob,
    Lock,
    Read,
    Replace,
    Write,
)
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.python.values import ITERDIR, LISTING, Scope, Value, lower
from jobsafety_lint.readers.python.nodes import arguments, dotted, is_constant, keyword, positional

CHECKS = {
    "os.path.exists": "exists",
    "os.path.lexists": "exists",
    "os.path.isfile": "file",
    "os.path.isdir": "directory",
    "os.path.islink": "link",
    "pathlib.Path.exists": "exists",
    "pathlib.Path.is_file": "file",
    "pathlib.Path.is_dir": "directory",
    "os.access": "access",
}
CHECK_METHODS = {"exists": "exists", "is_file": "file", "is_dir": "directory", "is_symlink": "link"}
_DELETES = {
    "os.remove": "file",
    "os.unlink": "file",
    "os.rmdir": "directory",
    "os.removedirs": "directory",
    "shutil.rmtree": "tree",
}
_DELETE_METHODS = {"unlink": "file", "rmdir": "directory"}
_LINK_METHODS = frozenset({"symlink_to", "hardlink_to"})
_MOVES = {"os.rename": True, "os.replace": True, "os.renames": True, "shutil.move": False}
_COPIES = frozenset({"shutil.copy", "shutil.copy2", "shutil.copyfile"})
FILE_LOCKS = frozenset(
    {
        "filelock.FileLock",
        "filelock.UnixFileLock",
        "filelock.AsyncFileLock",
        "filelock.ReadWriteLock",
        "fasteners.InterProcessLock",
        "fasteners.InterProcessReaderWriterLock",
        "portalocker.Lock",
        "portalocker.RLock",
        "zc.lockfile.LockFile",
        "oslo_concurrency.lockutils.external_lock",
        "FileLock",
        "InterProcessLock",
    }
)
"""Locks that are held on an open file, which must stay: deleting it lets a second holder in."""
LOCKING = frozenset({"fcntl.flock", "fcntl.lockf", "portalocker.lock", "msvcrt.locking"})
SYNCING = frozenset({"os.fsync", "os.fdatasync", "os.sync"})
DUMPERS = frozenset(
    {
        "json.dump",
        "pickle.dump",
        "yaml.dump",
        "yaml.safe_dump",
        "toml.dump",
        "tomli_w.dump",
        "marshal.dump",
        "cloudpickle.dump",
        "dill.dump",
        "simplejson.dump",
        "ujson.dump",
    }
)
HANDLE_WRITERS = DUMPERS | {"csv.writer", "csv.DictWriter", "shutil.copyfileobj", "numpy.savetxt"}
"""Calls that write through an open handle among their arguments."""
HANDLE_METHODS = frozenset({"write", "writelines"})
_OPENERS = frozenset(
    {
        "open",
        "io.open",
        "codecs.open",
        "gzip.open",
        "bz2.open",
        "lzma.open",
        "aiofiles.open",
        "zstandard.open",
    }
)
_SAVERS = {
    "torch.save": 1,
    "joblib.dump": 1,
    "numpy.save": 0,
    "numpy.savez": 0,
    "numpy.savez_compressed": 0,
    "numpy.savetxt": 0,
    "pyarrow.parquet.write_table": 1,
    "safetensors.torch.save_file": 1,
    "pickle.dump": -1,
    "json.dump": -1,
}
_LOADERS = frozenset(
    {"torch.load", "numpy.load", "numpy.loadtxt", "joblib.load", "safetensors.torch.load_file"}
)
"""Functions that read the file which is their first argument."""
_SAVE_METHODS = frozenset(
    [
        "to_parquet",
        "to_csv",
        "to_json",
        "to_pickle",
        "to_feather",
        "to_hdf",
        "write_parquet",
        "write_csv",
        "write_json",
        "write_ndjson",
        "write_ipc",
        "sink_parquet",
        "write_text",
        "write_bytes",
        "save_pretrained",
        "savefig",
    ]
)
READERS = frozenset(
    [
        "read_parquet",
        "read_csv",
        "read_json",
        "read_ndjson",
        "read_ipc",
        "read_feather",
        "read_pickle",
        "scan_parquet",
        "scan_csv",
        "scan_ndjson",
        "scan_ipc",
        "read_table",
        "open_dataset",
        "open_mfdataset",
        "read_text",
    ]
)
CONTENT = READERS | {
    "load",
    "loads",
    "read",
    "read_bytes",
    "readlines",
    "loadtxt",
    "reader",
    "DictReader",
    "safe_load",
}
"""The last parts of the names of calls that give the content of a file."""
MERGERS = frozenset({"concat", "concatenate", "vstack", "hstack", "merge", "from_pandas", "chain"})
_GLOBS = frozenset({"glob.glob", "glob.iglob"})
DOWNLOADS = ("download", "urlretrieve", "fetch_file")
"""What the names of functions begin with that write a file which they fetch."""
ACTING = frozenset(
    name.rpartition(".")[2]
    for name in (
        *(*_DELETES, *_DELETE_METHODS, *_MOVES, *_COPIES, *_SAVERS, *_SAVE_METHODS, *DUMPERS, *FILE_LOCKS, *LOCKING, *_GLOBS),
        *("os.link", "os.symlink", "os.mkdir", "os.makedirs", "os.fdopen", "tempfile.NamedTemporaryFile", "psutil.Process"),
        *("touch", "rglob", *_LINK_METHODS),
    )
)  # fmt: skip
"""The last parts of the names of all calls that act on a file or list files, whatever their arguments are."""
_PATH_WORDS = frozenset(
    {"path", "file", "filename", "filepath", "tmp", "temp", "target", "dest", "dst", "src"}
)
QUERYING = frozenset({"execute", "sql", "query"})
"""The methods that are given a query."""
_SQL_READERS = re.compile(
    r"(?i)\b(?:(?:read_(?:parquet|csv|csv_auto|json|json_auto|ndjson)|parquet_scan)\s*\(\s*|from\s+)'(?P<glob>[^'\n]*\*[^'\n]*)'"
)
"""Where DuckDB reads files (duckdb.org, "Reading Multiple Files")."""
_IN_MEMORY = re.compile(r"(?:io\.)?(?:BytesIO|StringIO)\(")
"""What is no file at all, though things are saved to it."""
_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, eq=False)
class Found:
    """A fact with what the walker still has to do with it."""

    fact: Act | Glob | Lock
    handle: Value | None = None


def check_of(node: ast.Call, name: str, scope: Scope, execution: Execution) -> Check | None:
    """The check that a call is."""
    name = name.removeprefix("aiofiles.").removeprefix("anyio.")
    path: ast.expr
    if name in CHECKS and (given := arguments(node)):
        path, by = given[0].value, name
        test = CHECKS[name]
        if name == "os.access" and len(given) > 1 and dotted(given[1].value).rpartition(".")[2] == "F_OK":
            test = "exists"  # whether it is there is all that F_OK asks
    elif (
        isinstance(node.func, ast.Attribute)
        and node.func.attr in CHECK_METHODS
        and len(node.args) + len(node.keywords) <= 1
    ):
        if node.args:
            return None
        path, by = node.func.value, f"Path.{node.func.attr}"
        test = CHECK_METHODS[node.func.attr]
    else:
        return None
    value = lower(path, scope)
    return Check(scope.place(node), value.pattern, scope.place(path), execution, by, "python", test=test)


_LOOKS = frozenset({"os.stat", "os.lstat", "os.path.getsize", "os.path.getmtime", "os.path.getctime"})


def look_of(node: ast.Call, name: str, scope: Scope, execution: Execution) -> Check | None:
    """The look at a file that a call is which raises where the file is not there: `path.stat()`, `os.path.getsize(path)`."""
    if name in _LOOKS and node.args:
        path, by = node.args[0], name
    elif isinstance(node.func, ast.Attribute) and node.func.attr in {"stat", "lstat"} and not node.args:
        path, by = node.func.value, f"Path.{node.func.attr}"
    else:
        return None
    return Check(
        scope.place(node),
        lower(path, scope).pattern,
        scope.place(path),
        execution,
        by,
        "python",
        test="exists",
    )


def facts_of(node: ast.Call, name: str, scope: Scope, execution: Execution) -> Iterator[Found]:
    """What a call does to files."""
    name = name.removeprefix("aiofiles.")
    args = positional(node)
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
    place = scope.place(node)
    if name in _DELETES and args:
        ignores = name == "shutil.rmtree" and (
            _is_true(keyword(node, "ignore_errors")) or (len(args) > 1 and _is_true(args[1]))
        )
        handled = keyword(node, "onerror") is not None or keyword(node, "onexc") is not None
        handled = handled or (name == "shutil.rmtree" and len(args) > 2)
        tolerates = "ignore_errors" if ignores else "handler" if handled else None
        value = lower(args[0], scope)
        yield Found(
            _act(
                Delete,
                node,
                args[0],
                value,
                scope,
                execution,
                name,
                what=_DELETES[name],
                tolerates_missing=tolerates,
            )
        )
    elif name in _MOVES and len(args) >= 2:
        source, target = lower(args[0], scope), lower(args[1], scope)
        yield Found(_act(Delete, node, args[0], source, scope, execution, name, what="moved"))
        yield Found(
            _act(
                Replace,
                node,
                args[1],
                target,
                scope,
                execution,
                name,
                origin=source.pattern,
                origin_place=scope.place(args[0]),
                atomic=_MOVES[name],
            )
        )
    elif name in _COPIES and len(args) >= 2:
        target, source = lower(args[1], scope), lower(args[0], scope)
        yield Found(_act(Write, node, args[1], target, scope, execution, name, content=name))
        yield Found(
            _act(Replace, node, args[1], target, scope, execution, name, origin=source.pattern,
                 origin_place=scope.place(args[0]), atomic=False)
        )  # fmt: skip
    elif name in {"os.link", "os.symlink"} and len(args) >= 2:
        yield Found(
            _act(
                Create,
                node,
                args[1],
                lower(args[1], scope),
                scope,
                execution,
                name,
                what="link",
                exclusive=True,
            )
        )
    elif name == "os.open" and args:
        yield from _os_open(node, args, scope, execution)
    elif name in FILE_LOCKS | LOCKING | {"os.fdopen"} or name.endswith("tempfile.NamedTemporaryFile"):
        yield from _opened_or_locked(node, name, args, scope, execution)
    elif name in {"os.makedirs", "os.mkdir"} and args:
        made_before = keyword(node, "exist_ok") or (args[2] if len(args) > 2 else None)
        exclusive = not _is_true(made_before)
        yield Found(
            _act(
                Create,
                node,
                args[0],
                lower(args[0], scope),
                scope,
                execution,
                name,
                what="directory",
                exclusive=exclusive,
            )
        )
    elif name in _OPENERS and args:
        mode = args[1] if len(args) > 1 else keyword(node, "mode")
        yield from _opened(node, args[0], lower(args[0], scope), mode, scope, execution, name)
    elif name in _GLOBS and args:
        value = lower(args[0], scope)
        root = keyword(node, "root_dir")
        pattern = lower(root, scope).pattern.joined(value.pattern) if root is not None else value.pattern
        yield Found(
            Glob(
                place,
                pattern,
                scope.place(args[0]),
                execution,
                name,
                "python",
                recursive=_is_true(keyword(node, "recursive")),
            )
        )
    elif name == LISTING and args:
        pattern = lower(args[0], scope).pattern.joined(PathPattern.of("*"))
        yield Found(Glob(place, pattern, scope.place(args[0]), execution, name, "python"))
    elif method == "iterdir" and receiver is not None and not args:
        pattern = lower(receiver, scope).pattern.joined(PathPattern.of("*"))
        yield Found(Glob(place, pattern, scope.place(receiver), execution, ITERDIR, "python"))
    elif name in _SAVERS and _SAVERS[name] >= 0 and len(args) > _SAVERS[name]:
        path = args[_SAVERS[name]]
        value = lower(path, scope)
        opened = isinstance(path, ast.Call) and dotted(path.func) in _OPENERS
        if value.handle_of is None and not opened and not _is_in_memory(value):
            yield Found(_act(Write, node, path, value, scope, execution, name, content=name))
    elif name in _LOADERS and args:
        value = lower(args[0], scope)
        if value.handle_of is None:
            yield Found(_act(Read, node, args[0], value, scope, execution, name, content=name))
    elif receiver is not None:
        yield from _method(node, method, receiver, args, name, scope, execution)


def _method(
    node: ast.Call,
    method: str,
    receiver: ast.expr,
    args: list[ast.expr],
    name: str,
    scope: Scope,
    execution: Execution,
) -> Iterator[Found]:
    if method in _DELETE_METHODS and not args:
        value = lower(receiver, scope)
        tolerates = "missing_ok" if _is_true(keyword(node, "missing_ok")) else None
        by = f"Path.{method}"
        yield Found(
            _act(Delete, node, receiver, value, scope, execution, by, what=_DELETE_METHODS[method],
                 tolerates_missing=tolerates, pathlike=value.pathlike)
        )  # fmt: skip
    elif method in {"rename", "replace"} and len(args) == 1 and not any(k.arg for k in node.keywords):
        source = lower(receiver, scope)
        if source.pathlike or _reads_like_path(source):
            yield Found(
                _act(Delete, node, receiver, source, scope, execution, f"Path.{method}", what="moved")
            )
            target = lower(args[0], scope)
            yield Found(
                _act(
                    Replace,
                    node,
                    args[0],
                    target,
                    scope,
                    execution,
                    f"Path.{method}",
                    origin=source.pattern,
                    origin_place=scope.place(receiver),
                )
            )
    elif method == "touch" and not args:
        exclusive = keyword(node, "exist_ok") is not None and not _is_true(keyword(node, "exist_ok"))
        yield Found(
            _act(
                Create,
                node,
                receiver,
                lower(receiver, scope),
                scope,
                execution,
                "Path.touch",
                exclusive=exclusive,
            )
        )
    elif method in _LINK_METHODS and args:
        value = lower(receiver, scope)
        by = f"Path.{method}"
        yield Found(_act(Create, node, receiver, value, scope, execution, by, what="link", exclusive=True))
    elif method == "mkdir" and len(args) <= 3 and name != "os.mkdir":
        exclusive = not _is_true(keyword(node, "exist_ok") or (args[2] if len(args) > 2 else None))
        value = lower(receiver, scope)
        yield Found(
            _act(
                Create,
                node,
                receiver,
                value,
                scope,
                execution,
                "Path.mkdir",
                what="directory",
                exclusive=exclusive,
            )
        )
    elif (
        method == "open"
        and len(args) <= 1
        and name.partition(".")[0] not in {"webbrowser", "Image", "PIL", "zipfile", "tarfile", "os"}
    ):
        value = lower(receiver, scope)
        if value.pathlike or _reads_like_path(value):
            mode = args[0] if args else keyword(node, "mode")
            yield from _opened(node, receiver, value, mode, scope, execution, "Path.open")
    elif method in {"write_text", "write_bytes"}:
        value = lower(receiver, scope)
        yield Found(_act(Write, node, receiver, value, scope, execution, f"Path.{method}", content=method))
    elif method in {"read_text", "read_bytes"} and not args:
        yield Found(
            _act(
                Read,
                node,
                receiver,
                lower(receiver, scope),
                scope,
                execution,
                f"Path.{method}",
                content=method,
            )
        )
    elif method in _SAVE_METHODS and args and not _is_module(receiver, scope):
        value = lower(args[0], scope)
        mode = keyword(node, "mode")
        if value.handle_of is None and not _is_in_memory(value):
            appends = mode is not None and "a" in (lower(mode, scope).pattern.text or "")
            kind = Append if appends else Write
            yield Found(_act(kind, node, args[0], value, scope, execution, method, content=method))
    elif method in {"glob", "rglob", "iglob"} and len(args) >= 1 and name not in _GLOBS:
        base, value = lower(receiver, scope), lower(args[0], scope)
        yield Found(
            Glob(scope.place(node), base.pattern.joined(value.pattern), scope.place(args[0]), execution, f"Path.{method}",
                 "python", recursive=method == "rglob")
        )  # fmt: skip
    elif method in QUERYING and args:
        for pattern in _read_in_sql(lower(args[0], scope).pattern):
            yield _merged(node, args[0], pattern, scope, execution, method)
    elif method in READERS and args:
        value = lower(args[0], scope)
        if _WILDCARDS & set(value.pattern.literal):
            yield _merged(node, args[0], value.pattern, scope, execution, method)
        elif value.handle_of is None:
            yield Found(_act(Read, node, args[0], value, scope, execution, method, content=method))


def _is_in_memory(value: Value) -> bool:
    return any(_IN_MEMORY.match(hole.text) for hole in value.pattern.holes)


def _merged(
    node: ast.Call, given: ast.expr, pattern: PathPattern, scope: Scope, execution: Execution, by: str
) -> Found:
    """All files of a pattern are read as one table."""
    place = scope.place(node)
    uses = (("merge", place),)
    return Found(Glob(place, pattern, scope.place(given), execution, by, "python", uses=uses))


def _read_in_sql(query: PathPattern) -> Iterator[PathPattern]:
    """The globs that DuckDB reads in a query as one table: `read_parquet('out/part_*.parquet')`."""
    literal = query.literal
    for found in _SQL_READERS.finditer(literal):
        start, end = found.span("glob")
        holes = query.holes[literal.count("\0", 0, start) :]
        texts = literal[start:end].split("\0")
        yield PathPattern.of(
            *(part for pair in itertools.zip_longest(texts, holes[: len(texts) - 1]) for part in pair if part)
        )


def _act(
    kind: type[Act],
    node: ast.Call,
    path: ast.expr,
    value: Value,
    scope: Scope,
    execution: Execution,
    by: str,
    **more: object,
) -> Act:
    return kind(
        scope.place(node),
        value.pattern,
        scope.place(path),
        execution,
        by,
        "python",
        loop_item=value.glob,
        **more,  # type: ignore[arg-type]
    )


def _opened(
    node: ast.Call,
    path: ast.expr,
    value: Value,
    mode: ast.expr | None,
    scope: Scope,
    execution: Execution,
    by: str,
) -> Iterator[Found]:
    text = lower(mode, scope).pattern.text if mode is not None else "r"
    if text is None or value.handle_of is not None:
        return
    if "a" in text:
        yield Found(
            _act(Append, node, path, value, scope, execution, by, content=by),
            Value(value.pattern, handle_of=value),
        )
    elif "w" in text:
        yield Found(
            _act(Write, node, path, value, scope, execution, by, content=by),
            Value(value.pattern, handle_of=value),
        )
    elif "x" in text:
        yield Found(
            _act(Create, node, path, value, scope, execution, by, exclusive=True),
            Value(value.pattern, handle_of=value),
        )
    else:
        fact = _act(Read, node, path, value, scope, execution, by, content=by)
        yield Found(fact, Value(value.pattern, handle_of=value))


def _opened_or_locked(
    node: ast.Call, name: str, args: list[ast.expr], scope: Scope, execution: Execution
) -> Iterator[Found]:
    """A temporary file that is opened, or a lock on a file."""
    if name == "os.fdopen" and args:
        value = lower(args[0], scope)
        if value.handle_of is not None:
            fact = _act(Write, node, args[0], value.handle_of, scope, execution, name, content=name)
            yield Found(fact, Value(value.pattern, handle_of=value.handle_of))
    elif name.endswith("tempfile.NamedTemporaryFile"):
        value = lower(node, scope)
        if value.temporary is not None:
            fact = _act(Write, node, node, value.temporary, scope, execution, name, content=name)
            yield Found(fact, replace(value, handle_of=value.temporary))
    elif name in FILE_LOCKS and args:
        path = args[0]
        value = lower(path, scope)
        yield Found(
            Lock(
                scope.place(node),
                value.pattern,
                scope.place(path),
                execution,
                name.rpartition(".")[2],
                "python",
            )
        )
    elif name in LOCKING and args:
        value = lower(handle_node(args[0]), scope)
        if value.handle_of is not None and "LOCK_UN" not in scope.text(node):
            yield Found(
                Lock(
                    scope.place(node),
                    value.handle_of.pattern,
                    scope.place(args[0]),
                    execution,
                    name,
                    "python",
                )
            )


def _os_open(node: ast.Call, args: list[ast.expr], scope: Scope, execution: Execution) -> Iterator[Found]:
    """`os.open` by its flags."""
    flags = scope.text(args[1]) if len(args) > 1 else ""
    value = lower(args[0], scope)
    handle = Value(value.pattern, handle_of=value)
    if "O_EXCL" in flags:
        yield Found(_act(Create, node, args[0], value, scope, execution, "os.open", exclusive=True), handle)
    elif "O_APPEND" in flags:
        yield Found(
            _act(Append, node, args[0], value, scope, execution, "os.open", content="os.open"), handle
        )
    elif "O_TRUNC" in flags:
        yield Found(_act(Write, node, args[0], value, scope, execution, "os.open", content="os.open"), handle)
    elif "O_CREAT" in flags:
        yield Found(_act(Create, node, args[0], value, scope, execution, "os.open"), handle)
    else:
        yield Found(_act(Read, node, args[0], value, scope, execution, "os.open", content="os.open"), handle)


def handle_node(node: ast.expr) -> ast.expr:
    """The handle itself, where it is given by its descriptor (`fh.fileno()`)."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fileno":
        return node.func.value
    return node


def _is_module(receiver: ast.expr, scope: Scope) -> bool:
    """Whether a method's object is a module of another's own, whose functions may take anything."""
    return (
        isinstance(receiver, ast.Name)
        and receiver.id in scope.outline.imports
        and receiver.id not in scope.variables
    )


def _is_true(node: ast.expr | None) -> bool:
    return is_constant(node, True)


def _reads_like_path(value: Value) -> bool:
    words = value.pattern.words
    if words & _PATH_WORDS or any(word.endswith(("file", "path")) for word in words):
        return True
    return "/" in value.pattern.literal
