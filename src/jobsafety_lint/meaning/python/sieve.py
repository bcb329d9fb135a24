"""Which functions of a Python file are walked: those whose text and shape say that there may be something for us in them.

A search for literals drops most texts; the shape of calls, and of expressions that build names, drops most of the others.
"""

from __future__ import annotations

import ast
import enum
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from jobsafety_lint.literals import Literals
from jobsafety_lint.meaning.paths import STATE_WORDS
from jobsafety_lint.meaning.project.parameters import has_category_word
from jobsafety_lint.meaning.python.calls import ACTING, DOWNLOADS
from jobsafety_lint.meaning.python.helpers import aliases_of, asking_functions
from jobsafety_lint.model import Span
from jobsafety_lint.readers.python.nodes import children, dotted, walk
from jobsafety_lint.readers.python.outline import Definition, FunctionNode, Outline

PURPOSES = STATE_WORDS | {"tmp", "temp", "scratch", "partial", "chunk", "shard"}
"""Words that say what a file is for."""
NAMING = frozenset({"Path", "PurePath", "join", "joinpath", "with_name", "with_suffix", "format", "str"})
"""The names of calls that give the name of a file."""
_ASKING = frozenset(
    {
        "exists", "lexists", "isfile", "isdir", "islink", "is_file", "is_dir", "is_symlink", "read_parquet", "read_csv", "read_json",
        "load", "read_text", "read_bytes",
    }
)  # fmt: skip
"""The names of calls that look at files and leave them alone."""
_WORKING = frozenset(
    {
        "unlink", "remove", "rmdir", "removedirs", "rmtree", "rename", "replace", "renames", "move", "write_text", "write_bytes",
        "to_parquet", "to_csv", "to_json", "to_pickle", "to_feather", "write_parquet", "write_csv", "write_json", "write_ndjson",
        "write_ipc", "write_table", "sink_parquet", "to_hdf", "copy", "copy2", "copyfile", "dump", "save", "savez", "savez_compressed", "savetxt", "save_file", "glob", "rglob",
        "iglob", "listdir", "scan_parquet", "scan_csv", "scan_ndjson", "touch", "mkdir", "makedirs", "run", "call", "check_call",
        "check_output", "Popen", "system", "popen", "getoutput", "getstatusoutput", "create_subprocess_exec",
        "create_subprocess_shell", "exec_command", "sudo", "local", "execvp", "execlp", "kill", "pid_exists", "FileLock", "flock",
        "lockf", "execute", "sql", "query",
    }
)  # fmt: skip
"""The names of calls that act on files, list them, run programs or lock."""
_CALLED = _ASKING | _WORKING | {"open"}
_STRONG = Literals(
    (
        "open(", "mkdir(", "makedirs", "unlink", "remove(", "move(", "rmdir", "removedirs", "rmtree", "rename(", ".replace(",
        "write_text", "write_bytes", "write_parquet", "write_csv", "write_json", "write_ndjson", "write_ipc", "write_table", ".save",
        "to_csv", "to_json", "to_parquet", "to_pickle", "sink_parquet", "savetxt", "glob(", "scan_parquet", "scan_csv",
        "scan_ndjson", "touch(", "pid_exists", "os.kill", "ock(", "subprocess", "Popen", "check_call", "check_output", "system(",
        "popen(", "getoutput", "exec_command", "fabric", "execvp", "execlp", "torch.load(", "np.load(", "joblib.load(",
        "dump(", "save_file(", "read_parquet(", "parquet_scan(", "read_csv_auto(", "read_json_auto(", "urlretrieve(",
        "download_url_to_file(", "to_feather", "to_hdf", "shutil.", "read_text(", "read_bytes(",
    )
)  # fmt: skip
"""What a text holds that may act on a file or run a program."""
_RUNNING = Literals(
    (
        "subprocess",
        "system",
        "popen",
        "Popen",
        "getoutput",
        "getstatusoutput",
        "exec_command",
        "execv",
        "execl",
        "spawn",
    )
)
"""What every text holds that runs a program without a library for that."""
_RUNS = (".run(", ".sudo(", ".local(")
"""How fabric and invoke run a program."""
_OF_MODULES = {
    "remove": frozenset({"os", "aiofiles", "anyio"}),
    "save": frozenset({"torch", "numpy"}),
    "load": frozenset({"torch", "numpy", "joblib"}),
    "dump": frozenset({"joblib"}),
    "copy": frozenset({"shutil"}),
    "system": frozenset({"os"}),
}
"""Names that mean something else as methods of most objects, with the modules whose functions are meant."""
_OF_STATE = Literals(
    word for word in sorted(PURPOSES, key=len) if not any(w in word for w in PURPOSES if w != word)
)
_LISTING = Literals(("glob(", "scan_", "*."))
_NAME_TEXT = re.compile(
    r"\}[\w.-]*\.(?:parquet|jsonl?|ndjson|[ct]sv|arrow|feather|np[yz]|pkl|pickle|pth?|bin|txt|h5|nc|tiff?|db|sqlite|gz|zst|lock|ya?ml)\b"
)
"""A name with a hole and a suffix: what a helper in a file of its own builds."""
_FOLLOWED = Literals(("pueue", "systemd-run", "ssh"))
_FOLLOWED_WORD = re.compile(r"\b(?:pueue|systemd-run|ssh)\b")
"""A file that has such a word is read together with all functions that call one which runs a program."""
MAKERS = ("mkdtemp", "mkstemp", "mktemp", "NamedTemporaryFile", "TemporaryDirectory")
TEMPORARY = Literals(MAKERS)
"""What makes a temporary file or folder that nobody else has: whoever makes one may hand it to a function of the file."""
_CALL = re.compile(r"\w+(?=\s*\()")
_MODE = re.compile(r"[rwaxbtU+]{1,4}")
_READING = re.compile(r"[rbtU]{1,3}")
_SUFFIX = re.compile(r"\.[^\W\d_]")
_KEEPING = frozenset({ast.Assign, ast.AnnAssign, ast.Return})
"""Statements that keep the value of an expression."""
_LONG_NAME = 120
"""Code points of literal text from which on it is no name of a file."""


class _Verdict(enum.IntEnum):
    """What a function may hold."""

    NOTHING = 0
    LOOKS = 1
    """It asks for files and reads them: of interest where another function of the file acts on one or names one."""
    WORKS = 2


@dataclass(eq=False)
class Sieve:
    """What of a file is walked. `may_queue` says whether a text names pueue or a wrapper of it."""

    outline: Outline
    may_queue: Callable[[str], bool]
    queues: bool = field(init=False)
    """Whether the file names pueue or a wrapper of it."""
    packages: frozenset[str] = field(init=False)
    """The packages at the top of what it imports."""
    _aliases: re.Pattern[str] | None = field(init=False)
    _remote: bool = field(init=False)
    """The file uses fabric or invoke, so that any `.run(` may run a program."""
    runs: bool = field(init=False)
    """Whether it may run a program."""
    _strong: Sequence[str] = field(init=False)
    _of_state: Sequence[str] = field(init=False)
    _listing: bool = field(init=False)
    _renamed: frozenset[str] = field(init=False)
    _own: frozenset[str] = field(init=False)
    """The names of the functions of the file."""

    def __post_init__(self) -> None:
        source, imports = self.outline.source, self.outline.imports
        self.queues = self.may_queue(source.text)
        self.packages = frozenset(imported.partition(".")[0] for imported in imports.values())
        self._aliases = aliases_of(imports)
        self._remote = not self.packages.isdisjoint({"fabric", "invoke"})
        self.runs = self.queues or self._remote or _RUNNING.any_in(source)
        self._strong = _STRONG.those_in(source)
        self._of_state = _OF_STATE.those_in_lower(source)
        self._listing = _LISTING.any_in(source)
        self._own = frozenset(definition.name for definition in self.outline.functions)
        self._renamed = frozenset(n for n, full in imports.items() if full.rpartition(".")[2] in _CALLED)

    def wanted(self) -> tuple[list[Definition], list[ast.stmt]]:
        """The functions that are walked, in the order of the text, and the statements at the top of the file, if they are."""
        if not self._is_hopeful():
            return [], []
        functions = self.outline.functions
        verdicts = [self._verdict(definition.node, definition.span) for definition in functions]
        top = [
            statement
            for statement in self.outline.tree.body
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ]
        whole = Span(0, len(self.outline.source.text))
        of_top = self._verdict(ast.Module(body=top, type_ignores=[]), whole) if top else _Verdict.NOTHING
        if max([of_top, *verdicts]) < _Verdict.WORKS and not self._has_home():
            return [], []
        wanted = [one for one, verdict in zip(functions, verdicts, strict=True) if verdict]
        return self._with_users(wanted), top if of_top else []

    def _is_hopeful(self) -> bool:
        """Whether the text as a whole may hold anything."""
        sure = self.queues or self._aliases is not None or self._remote or self._strong or self._of_state
        return bool(sure) or _NAME_TEXT.search(self.outline.source.text) is not None

    def _has_home(self) -> bool:
        """Whether it may look for a file below `~`, which is of interest by itself."""
        return "~" in self.outline.source.text

    # --- one function ----------------------------------------------------------------------------------------------

    def _verdict(self, node: ast.AST, span: Span) -> _Verdict:
        text = self.outline.source.text[span.start : span.end]
        if self.queues and self.may_queue(text):
            return _Verdict.WORKS
        strong = _holds(text, self._strong) or (self._remote and _holds(text, _RUNS))
        strong = strong or (self._aliases is not None and self._aliases.search(text) is not None)
        names = (
            self._listing or _holds(self._lower(span), self._of_state) or _NAME_TEXT.search(text) is not None
        )
        if not strong and not names:
            return _Verdict.NOTHING
        return self._by_shape(node, strong=strong, names=names)

    def _lower(self, span: Span) -> str:
        source = self.outline.source
        if len(source.lower) == len(source.text):
            return source.lower[span.start : span.end]
        return source.text[span.start : span.end].lower()  # a letter of which lower case makes two

    def _by_shape(self, node: ast.AST, *, strong: bool, names: bool) -> _Verdict:
        found = _Verdict.NOTHING
        acts = False
        given = _parameters_of(node)
        stack = [node]
        while stack:
            inner = stack.pop()
            kind = inner.__class__
            if kind is ast.Name or kind is ast.Constant:
                continue
            if kind is ast.Call:
                if strong:
                    found = max(found, self._of_call(inner))  # type: ignore[arg-type]  # told by its class
                    acts = acts or _may_act(inner)  # type: ignore[arg-type]
                if names and self._takes_name(inner, given):  # type: ignore[arg-type]
                    return _Verdict.WORKS
            elif names and kind in _KEEPING and _keeps_name(inner.value, given):  # type: ignore[attr-defined]
                return _Verdict.WORKS
            if found is _Verdict.WORKS:
                return found
            stack += children(inner)
        return _Verdict.WORKS if acts and found else found

    def _takes_name(self, node: ast.Call, given: frozenset[str]) -> bool:
        """Whether a function of the file, or a look at a file, may get a name that is built on the spot."""
        called = _name_of(node)
        if called not in self._own and called not in _CALLED:
            return False
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        if called in _CALLED and isinstance(node.func, ast.Attribute):
            values.append(node.func.value)
        return any(_builds(value, given) for value in values)

    def _of_call(self, node: ast.Call) -> _Verdict:
        called = _name_of(node)
        if called in self._renamed:
            return _Verdict.WORKS
        if called not in _CALLED or not self._may_be_meant(node, called):
            return _Verdict.NOTHING
        if called.startswith("read_") and self._listing:
            return _Verdict.WORKS  # perhaps of all files of a pattern
        return _Verdict.LOOKS if called in _ASKING or _only_reads(node, called) else _Verdict.WORKS

    def _may_be_meant(self, node: ast.Call, called: str) -> bool:
        """Whether a call of such a name may be the one that is meant: `replace` of a path has one argument."""
        if (
            called == "replace"
            and dotted(node.func) != "os.replace"
            and (len(node.args) != 1 or node.keywords)
        ):
            return False
        if called in _OF_MODULES and isinstance(node.func, ast.Attribute):
            module = self.outline.resolve(dotted(node.func.value)).partition(".")[0]
            return module in _OF_MODULES[called]
        return True

    # --- functions that use others ---------------------------------------------------------------------------------

    def _with_users(self, wanted: list[Definition]) -> list[Definition]:
        """These functions with those that call a helper which is their business too."""
        source, functions = self.outline.source, self.outline.functions
        asking = {one.name for one in wanted if _is_asked(one)} | asking_functions(source.text, functions)
        chosen = {id(one) for one in wanted}
        if asking:
            wanted = wanted + [one for one in functions if id(one) not in chosen and self._calls(one, asking)]
        followed = _FOLLOWED.any_in(source) and _FOLLOWED_WORD.search(source.text) is not None
        return self._with_callers(wanted) if followed or TEMPORARY.any_in(source) else wanted

    def _calls(self, definition: Definition, names: set[str]) -> bool:
        text = self.outline.source.text[definition.span.start : definition.span.end]
        return (
            _holds(text, tuple(names))
            and not names.isdisjoint(_CALL.findall(text))
            and not names.isdisjoint(_called_names(definition.node))
        )

    def _with_callers(self, wanted: list[Definition]) -> list[Definition]:
        """These functions and all that call them, by way of others too, in the order of the text."""
        names = {d.name for d in wanted}
        grown = True
        chosen = {id(d) for d in wanted}
        called = [_called_names(d.node) for d in self.outline.functions]
        while grown:
            grown = False
            for definition, calls in zip(self.outline.functions, called, strict=True):
                if id(definition) not in chosen and names & calls:
                    chosen.add(id(definition))
                    names.add(definition.name)
                    grown = True
        return [d for d in self.outline.functions if id(d) in chosen]


def _parameters_of(node: ast.AST) -> frozenset[str]:
    if not isinstance(node, FunctionNode):
        return frozenset()
    arguments = node.args
    return frozenset(one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))


def _is_asked(definition: Definition) -> bool:
    """Whether a function returns the name of a file, or is told a category: its callers are then of interest."""
    name = definition.name
    return (
        any(has_category_word(parameter.arg) for parameter in definition.parameters)
        or any(word in name.lower() for word in PURPOSES)
        or name.endswith(("path", "file", "name"))
    )


def _holds(text: str, literals: Sequence[str]) -> bool:
    return any(literal in text for literal in literals)


def _name_of(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _called_names(node: ast.AST) -> set[str]:
    return {_name_of(inner) for inner in walk(node) if isinstance(inner, ast.Call)}


def _may_act(node: ast.Call) -> bool:
    """Whether a call may act on a file, in a function that is walked for another one."""
    called = _name_of(node)
    return called in ACTING or called.startswith(DOWNLOADS)


def _only_reads(node: ast.Call, called: str) -> bool:
    """Whether `open` certainly opens a file to read it: by a mode that says so, or by none."""
    if called != "open" or any(isinstance(arg, ast.Starred) for arg in node.args):
        return False
    if any(keyword.arg is None for keyword in node.keywords):
        return False
    modes = [keyword.value for keyword in node.keywords if keyword.arg == "mode"] or list(node.args[1:2])
    if not modes and isinstance(node.func, ast.Attribute):  # `path.open("w")`, but `gzip.open("a.gz")`
        modes = [arg for arg in node.args if _text_of(arg) is None or _MODE.fullmatch(_text_of(arg) or "")]
        if dotted(node.func.value) in {"gzip", "bz2", "lzma", "io", "codecs", "tarfile", "zipfile"}:
            modes = []
    return all(_READING.fullmatch(_text_of(mode) or "") for mode in modes)


def _text_of(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _keeps_name(value: ast.expr | None, given: frozenset[str]) -> bool:
    """Whether a value that goes into a variable or to the caller may be the name of a file. What else is built (a message, an
    address for a request) is none that anything here acts on.
    """
    if value is None or isinstance(value, ast.Name | ast.Attribute | ast.Constant):
        return False
    return (not isinstance(value, ast.Call) or _name_of(value) in NAMING) and _builds(value, given)


def _builds(node: ast.expr, given: frozenset[str]) -> bool:
    """Whether an expression builds what may be the name of a file."""
    stack: list[ast.AST] = [node]
    while stack:
        inner = stack.pop()
        match inner:
            case ast.FormattedValue(value=value):
                stack.append(value)  # not how it is formatted
                continue
            case ast.JoinedStr() if _builds_name(inner, given):
                return True
            case ast.Call() if _joins_path(inner):
                return True
            case ast.BinOp() if _joins_text(inner):
                return True
        stack += children(inner)
    return False


def _builds_name(node: ast.JoinedStr, given: frozenset[str]) -> bool:
    """Whether an f-string may be the name of a file: it has a folder or a suffix, written out or in a variable that the code
    sets itself. `given` are the parameters around it.
    """
    pieces = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    if len(text) >= _LONG_NAME or " " in text.strip() or "://" in text:
        return False
    if "/" in text or _SUFFIX.search(text):
        return True
    return any(
        isinstance(piece, str) and piece.endswith(".") and _may_be_known(node.values[at], given)
        for at, piece in enumerate(pieces[:-1], 1)
    )


def _may_be_known(node: ast.expr, given: frozenset[str]) -> bool:
    """Whether the code may tell the value of a field: `{ext}`, `{self.ext}`."""
    value = node.value if isinstance(node, ast.FormattedValue) else node
    if isinstance(value, ast.Attribute):
        return isinstance(value.value, ast.Name) and value.value.id in {"self", "cls"}
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Name) and value.id not in given)


def _joins_path(node: ast.Call) -> bool:
    called = _name_of(node)
    if called not in {"join", "joinpath", "Path", "with_suffix", "with_name", "format"}:
        return False
    if called == "format":
        return not (isinstance(node.func, ast.Attribute) and _is_prose(node.func.value))
    return any(_text_of(arg) is not None for arg in node.args)


def _joins_text(node: ast.BinOp) -> bool:
    if not isinstance(node.op, ast.Div | ast.Mod | ast.Add):
        return False
    texts = [
        side
        for side in (node.left, node.right)
        if isinstance(side, ast.JoinedStr) or _text_of(side) is not None
    ]
    return bool(texts) and not all(_is_prose(text) for text in texts)


def _is_prose(node: ast.expr) -> bool:
    """Whether a text is no part of a file's name: several words, several lines, an address."""
    text = _text_of(node)
    if text is None:
        return False
    last = text.rpartition("/")[2]
    return "\n" in last or " " in last or "://" in text
