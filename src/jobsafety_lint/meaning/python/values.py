"""Python expressions to values: path patterns, with every hole traced to parameters and loop variables."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from jobsafety_lint.meaning.files import Glob
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.model import Span
from jobsafety_lint.readers.python.nodes import (
    arguments,
    children,
    dotted,
    element,
    is_constant,
    is_text,
    keyword,
    positional,
)
from jobsafety_lint.readers.python.outline import Outline
from jobsafety_lint.source import Hole, Place, Source

PATH_CLASSES = frozenset(
    {
        "pathlib.Path",
        "pathlib.PurePath",
        "pathlib.PosixPath",
        "pathlib.PurePosixPath",
        "anyio.Path",
        "upath.UPath",
    }
)
_SAME_PATH = frozenset(
    {"str", "os.fspath", "os.path.abspath", "os.path.realpath", "os.path.expanduser", "os.path.normpath",
     "os.path.expandvars", "bytes", "repr"}
)  # fmt: skip
_SAME_PATH_METHODS = frozenset(
    {
        "resolve",
        "absolute",
        "expanduser",
        "as_posix",
        "strip",
        "lower",
        "upper",
        "encode",
        "decode",
        "isoformat",
    }
)
_UNIQUE = frozenset(
    {"uuid.uuid4", "uuid.uuid1", "os.getpid", "tempfile.mkdtemp", "tempfile.mkstemp", "tempfile.mktemp", "tempfile.NamedTemporaryFile",
     "tempfile.TemporaryDirectory", "tempfile.TemporaryFile", "secrets.token_hex", "secrets.token_urlsafe", "threading.get_ident",
     "random.random", "random.randint", "random.randrange", "random.getrandbits", "random.uniform", "random.choices", "numpy.random.randint", "time.time_ns", "multiprocessing.current_process", "threading.current_thread"}
)  # fmt: skip
_MAKES_UNIQUE = re.compile(r"\.(?:uuid4|getpid)$|(?:^|[._])mk[ds]?temp\w*$")
"""The same by the name alone: of an object's methods, and of a project's own helpers (`mkstempfname`)."""
_SAME_IN_PROCESS = re.compile(r"getpid|current_process|get_ident|current_thread|HOSTNAME|tmp_path")
_TEMPORARIES = {
    "tempfile.mkstemp": ("suffix", "prefix", "dir"),
    "tempfile.mkdtemp": ("suffix", "prefix", "dir"),
    "tempfile.mktemp": ("suffix", "prefix", "dir"),
    "tempfile.TemporaryDirectory": ("suffix", "prefix", "dir"),
    "tempfile.NamedTemporaryFile": (
        "mode", "buffering", "encoding", "newline", "suffix", "prefix", "dir",
    ),
    "aiofiles.tempfile.NamedTemporaryFile": (
        "mode", "buffering", "encoding", "newline", "suffix", "prefix", "dir",
    ),
}  # fmt: skip
"""Calls that make a temporary file, with their positional parameters."""
UNDENTING = frozenset({"textwrap.dedent", "inspect.cleandoc"})
"""Functions that give a text of several lines without what stands before all of them."""
_TIME = frozenset(
    {"time.time", "time.strftime", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
     "datetime.now", "datetime.utcnow", "date.today", "pendulum.now", "time.monotonic"}
)  # fmt: skip
_TIME_METHODS = frozenset({"strftime", "isoformat", "timestamp", "astimezone", "replace", "timetuple"})
LISTING = "os.listdir"
"""The call that lists a folder; its items are names without the folder."""
ITERDIR = "Path.iterdir"
"""The same of pathlib; its items are paths."""
_SECONDS = re.compile(r"%[-#]?[SsfXcT]")
"""What a format needs for two times of one day to differ."""
_SHAPING = re.compile(r"\.\d|0\d|^%")
"""A format that rounds, cuts off, fills up, or picks parts of a date."""
_DIGESTS = ("hashlib.", "xxhash.", "zlib.crc32", "zlib.adler32", "mmh3.", "joblib.hash", "hash")
_FOLDERS_OF_RUN = frozenset({"tmp_path", "tmpdir", "tmp_path_factory", "temp_dir", "tempdir"})
"""Parameters and attributes that hold a folder which is made for this run."""
_OWN_PID = re.compile(r"(?!.*parent)(?:\w*_)?pid")
"""Attributes that hold the id of a process which is told from its like: `args.save_pid`, not the parent's."""
_COMMAND_LINES = frozenset({"args", "opts", "options", "ns", "namespace", "flags", "FLAGS", "self", "cls"})
"""Names of objects whose attributes somebody else sets, or whose own code says what they are."""
_UNIQUE_PARAMETERS = _FOLDERS_OF_RUN | frozenset(
    {
        "uuid",
        "job_id",
        "run_id",
        "task_id",
        "pid",
    }
)


@dataclass(frozen=True, eq=False)
class Value:
    """What an expression is. `pathlike`: certainly a `pathlib.Path`. `glob`: it is the result, or an item, of a glob.
    `elements` are those of a list or tuple, as nodes with their values.
    """

    pattern: PathPattern
    pathlike: bool = False
    glob: Glob | None = None
    elements: tuple[Element, ...] | None = None
    checks: tuple[object, ...] = ()
    handle_of: Value | None = None
    """The file, where this is a handle that is open for writing."""
    opened: int | None = None
    """Where the call that opened the handle starts."""
    temporary: Value | None = None
    """The path, where this is an object of `tempfile` that has one."""
    literal: ast.Constant | ast.JoinedStr | None = None
    """The literal that gives all of the text, wherever it stands in the file."""
    chosen: object | None = None
    """What checks have let through, where this is a collection of that (see the walker)."""
    lock_file: Value | None = None
    """The path, where this is a lock that is held on a file of its own (`FileLock(path)`)."""


@dataclass(frozen=True, eq=False)
class Element:
    """One element of a list display: its node and value; `star` for `*rest`."""

    node: ast.expr
    value: Value
    star: bool = False


@dataclass(eq=False)
class Scope:
    """The variables that are known at a point of a unit."""

    outline: Outline
    unit: Span
    """The stretch of the file that is being walked."""
    resolve: Callable[[str], str]
    """A dotted name as written -> the full name behind imports."""
    module_value: Callable[[str], Value | None]
    """The value of a module constant or of `self.x` as set in `__init__`."""
    call_value: Callable[[ast.Call, str, Scope], Value | None]
    """The value that a function of the same file returns."""
    variables: dict[str, Value] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    """The texts that parameters of the function have where a call gives none."""
    _lowered: dict[int, tuple[ast.expr, Value]] = field(default_factory=dict)
    """What has been lowered since a variable was last set, by the node's id; the node itself keeps the id its own."""

    def copy(self) -> Scope:
        """A scope for one branch; versions are shared, so that they only grow."""
        return Scope(
            self.outline,
            self.unit,
            self.resolve,
            self.module_value,
            self.call_value,
            dict(self.variables),
            self.versions,
            self.defaults,
        )

    def set(self, name: str, value: Value) -> None:
        """Sets what is known of a variable, as it is."""
        self._lowered.clear()
        self.variables[name] = value

    def lowered(self, node: ast.expr) -> Value | None:
        """What `lower` has found for a node, if no variable was set since."""
        known = self._lowered.get(id(node))
        return known[1] if known is not None else None

    def remember(self, node: ast.expr, value: Value) -> None:
        """Keeps what `lower` has found."""
        self._lowered[id(node)] = (node, value)

    @property
    def source(self) -> Source:
        """The file."""
        return self.outline.source

    def span(self, node: ast.stmt | ast.expr) -> Span:
        """Where a node stands."""
        return self.outline.span(node)

    def place(self, node: ast.stmt | ast.expr) -> Place:
        """Where a node stands."""
        return Place(self.outline.source, self.outline.span(node))

    def text(self, node: ast.stmt | ast.expr) -> str:
        """A node's code."""
        span = self.outline.span(node)
        return self.outline.source.text[span.start : span.end]

    def holds(self, node: ast.expr) -> bool:
        """Whether a node stands in the stretch that is being walked."""
        return self.unit.start <= self.outline.start(node) < self.unit.end

    def hole(self, name: str, names: frozenset[str], *, kind: str = "variable") -> Hole:
        """The hole of a variable at its present version."""
        return Hole(name, names, kind, self.versions.get(name, 0))

    def assign(self, name: str, value: Value) -> None:
        """Sets a variable; what was evaluated once keeps its identity."""
        version = self.versions[name] = self.versions.get(name, 0) + 1
        parts = tuple(
            replace(part, version=version)
            if isinstance(part, Hole) and part.kind in {"command", "time"} and not part.version
            else part
            for part in value.pattern.parts
        )
        if parts != value.pattern.parts:
            value = replace(value, pattern=PathPattern(parts))
        self.set(name, value)

    def bind(
        self,
        name: str,
        *,
        pathlike: bool = False,
        glob: Glob | None = None,
        names: frozenset[str] = frozenset(),
        unique: bool = False,
    ) -> None:
        """A parameter or loop variable: it stands for itself."""
        version = self.versions[name] = self.versions.get(name, 0) + 1
        kind = "unique" if unique or name in _UNIQUE_PARAMETERS else "variable"
        hole = Hole(name, frozenset({name}) | names, kind, version)
        self.set(name, Value(PathPattern((hole,)), pathlike, glob))

    def forget(self, name: str) -> None:
        """The variable may have any value now, though it is made from what it was made from."""
        before = self.variables.get(name)
        self.bind(
            name,
            pathlike=before.pathlike if before else False,
            names=before.pattern.names if before else frozenset(),
        )

    def extend(self, name: str, added: Value, *, as_text: bool) -> None:
        """`name += added`: the joined text where that is certain, else something that is made from both."""
        before = self.variables[name]
        if as_text:
            self.assign(
                name, replace(before, pattern=PathPattern.of(before.pattern, added.pattern), literal=None)
            )
        else:
            self.bind(name, pathlike=before.pathlike, names=before.pattern.names | added.pattern.names)

    def join(self, *others: Scope) -> None:
        """Takes up what several branches have left."""
        if not others:
            return
        for name in {name for other in others for name in other.variables}:
            values = [other.variables.get(name) for other in others]
            first = values[0]
            if first is not None and all(
                v is first or (v is not None and v.pattern == first.pattern) for v in values
            ):
                kept = next((v for v in values if v is not None and v.glob is not None), first)
                grown = first.elements is not None and any(not _has_as_many(v, first) for v in values if v)
                self.set(name, replace(kept, elements=None) if grown else kept)
                continue
            known = [v for v in values if v is not None]
            version = self.versions[name] = self.versions.get(name, 0) + 1
            names = frozenset().union(*(v.pattern.names for v in known))
            some = [v for v in known if not is_nothing(v)]
            own = bool(some) and all(v.pattern.is_unique for v in some)
            own = own and (len(known) == len(values) or self._is_unset(name))
            kind = "unique" if own else "variable"
            hole = Hole(name, names or frozenset({name}), kind, version)
            self.set(name, Value(PathPattern((hole,)), all(v.pathlike for v in known)))

    def _is_unset(self, name: str) -> bool:
        """Whether an attribute of `self` has no other value from elsewhere that is known, None, or one of its own."""
        known = self.module_value(name) if name.startswith("self.") else None
        return name.startswith("self.") and (known is None or is_nothing(known) or known.pattern.is_unique)

    def keep_own(self, before: Scope) -> None:
        """After the body of a `try`: a file of this run's own (`mkstemp`) that the body lets go at its end (`tmp = None`, when
        it has been renamed) is still that file for whoever cleans up.
        """
        for name, old in before.variables.items():
            now = self.variables.get(name)
            if now is not None and now is not old and is_nothing(now) and old.pattern.is_unique:
                self.set(name, old)


def _has_as_many(one: Value, other: Value) -> bool:
    """Whether two values are no lists of different lengths: a loop may add to one."""
    return one.elements is None or other.elements is None or len(one.elements) == len(other.elements)


def is_nothing(value: Value) -> bool:
    """Whether a value is certainly `None`, or `False` in its place: nothing yet."""
    parts = value.pattern.parts
    return len(parts) == 1 and isinstance(parts[0], Hole) and parts[0].text in {"None", "False"}


def names_in(node: ast.AST, scope: Scope) -> frozenset[str]:
    """Every parameter and variable that an expression is made from, followed through assignments."""
    found: set[str] = set()
    stack: list[ast.AST] = [node]
    while stack:
        inner = stack.pop()
        if isinstance(inner, ast.Name):
            value = scope.variables.get(inner.id)
            if value is not None:
                found |= value.pattern.names if value.pattern.holes else {inner.id}
        elif isinstance(inner, ast.Attribute):
            name = dotted(inner)
            known = scope.variables.get(name) or (
                scope.module_value(name) if name.startswith("self.") else None
            )
            if known is not None:
                found |= known.pattern.names
            elif name:
                found.add(name)
                stack.append(inner.value)
            else:
                stack.append(inner.value)
        elif isinstance(inner, ast.Call):
            stack += [arg.value for arg in arguments(inner)]
            if isinstance(inner.func, ast.Attribute):
                stack.append(inner.func.value)
        elif not isinstance(inner, ast.Constant):
            taken = element(inner)
            if taken is not None:
                found.add(".".join(taken))
            stack.extend(children(inner))
    return frozenset(found)


def unknown(node: ast.expr, scope: Scope, kind: str = "variable", *, pathlike: bool = False) -> Value:
    """A value that is known only at run time."""
    text = scope.text(node)
    once = kind == "unique" and not _SAME_IN_PROCESS.search(text)
    version = scope.outline.start(node) + 1 if once else 0  # two calls give two values
    return Value(PathPattern((Hole(text, names_in(node, scope), kind, version),)), pathlike)


def lower(node: ast.expr, scope: Scope) -> Value:
    """The value of an expression."""
    known = scope.lowered(node)
    if known is None:
        known = _lower(node, scope)
        scope.remember(node, known)
    return known


def _lower(node: ast.expr, scope: Scope) -> Value:  # one case a kind of expression
    match node:
        case ast.Constant(value=str(text)):
            return Value(PathPattern.of(text), literal=node)
        case ast.Constant(value=bytes(data)):
            return Value(PathPattern.of(data.decode("latin-1")))
        case ast.JoinedStr():
            return Value(_formatted(node, scope), literal=node)
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return Value(PathPattern.of(scope.text(node)))
        case ast.Name(id=name):
            return scope.variables.get(name) or scope.module_value(name) or unknown(node, scope)
        case ast.Attribute():
            return _attribute(node, scope)
        case ast.BinOp():
            return _binary(node, scope)
        case ast.Call():
            return _call(node, scope)
        case ast.Await(value=inner):
            return lower(inner, scope)
        case ast.NamedExpr(target=ast.Name(id=name), value=inner):
            value = lower(inner, scope)
            scope.assign(name, value)
            return scope.variables[name]
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            found = tuple(
                Element(e.value, lower(e.value, scope), star=True)
                if isinstance(e, ast.Starred)
                else Element(e, lower(e, scope))
                for e in elements
            )
            return Value(unknown(node, scope).pattern, elements=found)
        case ast.ListComp(elt=element) if lower(element, scope).pattern.is_unique:
            return unknown(node, scope, "unique")
        case ast.Subscript(value=ast.Call() as made, slice=ast.Constant(value=1)):
            value = lower(made, scope)
            return value.temporary if value.temporary is not None else unknown(node, scope)
        case ast.Subscript(value=inner, slice=ast.Slice()):
            whole = lower(inner, scope).pattern
            kind = "unique" if whole.is_unique else "digest" if whole.has_digest else "variable"
            version = max((hole.version for hole in whole.holes if hole.kind == "unique"), default=0)
            piece = unknown(node, scope, kind).pattern.holes[0]
            return Value(PathPattern((replace(piece, version=version),)))
        case ast.IfExp(body=body, orelse=other):
            first, second = lower(body, scope), lower(other, scope)
            return first if first.pattern == second.pattern else unknown(node, scope)
        case ast.BoolOp(op=ast.Or(), values=[*before, last]):
            value = lower(last, scope)
            first = lower(before[0], scope) if len(before) == 1 else unknown(node, scope)
            if value.pattern.text is not None or not first.pattern.holes:
                return unknown(node, scope)
            return replace(value, pattern=value.pattern.made_from(first.pattern.names), literal=None)
    return unknown(node, scope)


def _formatted(node: ast.JoinedStr, scope: Scope) -> PathPattern:
    out: list[str | Hole | PathPattern] = []
    fields = iter(scope.outline.fields(node))
    for part in node.values:
        if isinstance(part, ast.Constant):
            out.append(str(part.value))
            continue
        field = next(fields, None)
        if field is None:
            return PathPattern((Hole(scope.text(node), names_in(node, scope)),))
        value = lower(field.expression, scope)
        plain = not field.converted and field.spec is None
        if plain or value.pattern.text is not None:
            out.append(value.pattern)
        else:
            code = scope.source.text[field.span.start : field.span.end].strip("{}")
            holes = value.pattern.holes
            version = max((hole.version for hole in holes), default=0)
            kind = holes[0].kind if len(holes) == 1 else "variable"
            out.append(Hole(code, value.pattern.names or names_in(field.expression, scope), kind, version))
    return PathPattern.of(*out)


def _attribute(node: ast.Attribute, scope: Scope) -> Value:
    name = dotted(node)
    known = scope.variables.get(name) or (scope.module_value(name) if name else None)
    if known is not None:
        return known
    base = node.value
    match node.attr:
        case "parent":
            value = lower(base, scope)
            if value.pattern.parent.parts:
                return Value(value.pattern.parent, True)
            return unknown(node, scope, pathlike=True)
        case "lock_file":
            lock = lower(base, scope).lock_file
            if lock is not None:
                return lock
        case "name" if not isinstance(base, ast.Name) or base.id != "os":
            value = lower(base, scope)
            if value.temporary is not None:
                return value.temporary
            if "/" in value.pattern.literal or value.pathlike:
                return Value(value.pattern.name)
            if any(hole.kind == "unique" for hole in value.pattern.holes):
                return value
    made = node.attr in _FOLDERS_OF_RUN and name.partition(".")[0] not in _COMMAND_LINES
    value = unknown(node, scope, "unique" if made or _OWN_PID.fullmatch(node.attr) else "variable")
    if isinstance(base, ast.Name):
        base_value = scope.variables.get(base.id)
    else:
        base_value = lower(base, scope) if isinstance(base, ast.Call) else None
    if base_value is not None and base_value.temporary is not None and node.attr == "name":
        return base_value.temporary
    if base_value is not None and any(hole.kind == "unique" for hole in base_value.pattern.holes):
        return base_value
    if name:
        root = name.partition(".")[0]
        hole = replace(value.pattern.holes[0], version=scope.versions.get(root, 0))
        return Value(PathPattern((hole,)))
    return value


def _binary(node: ast.BinOp, scope: Scope) -> Value:
    match node.op:
        case ast.Div():
            left, right = lower(node.left, scope), lower(node.right, scope)
            looks = left.pathlike or (left.pattern.parts and isinstance(left.pattern.parts[0], Hole))
            if looks or "/" in left.pattern.literal:
                return Value(left.pattern.joined(right.pattern), True)
        case ast.Add():
            left, right = lower(node.left, scope), lower(node.right, scope)
            if left.elements is not None or right.elements is not None:
                first = (Element(node.left, left, True),) if left.elements is None else left.elements
                second = (Element(node.right, right, True),) if right.elements is None else right.elements
                return Value(left.pattern, elements=(*first, *second))
            listed = right.glob if right.glob is not None and right.glob.by == LISTING else None
            return Value(PathPattern.of(left.pattern, right.pattern), glob=listed)
        case ast.Mod():
            left = lower(node.left, scope)
            if isinstance(node.left, ast.Constant) and is_text(node.left):
                right = lower(node.right, scope)
                values = [e.value for e in right.elements] if right.elements is not None else [right]
                codes = [scope.text(e.node) for e in right.elements] if right.elements is not None else []
                return Value(_percent(left.pattern.text or "", values, codes or [scope.text(node.right)]))
        case ast.Mult():
            factors = (lower(node.left, scope), lower(node.right, scope))
            kinds = {hole.kind for factor in factors for hole in factor.pattern.holes}
            kind = next((k for k in ("unique", "time") if k in kinds), "variable")
            return unknown(node, scope, kind)  # milliseconds are as fine as seconds
    return unknown(node, scope)


def _percent(text: str, values: Sequence[Value], codes: Sequence[str]) -> PathPattern:
    """`"%s_%.0f" % (a, b)`; `codes` are the values as they are written."""
    parts: list[str | Hole | PathPattern] = []
    rest = list(values)
    at = 0
    for match in re.finditer(r"%(\((\w+)\))?[-+ #0]*[\d*]*(?:\.\d+)?[a-zA-Z%]", text):
        parts.append(text[at : match.start()])
        at = match.end()
        if match.group().endswith("%"):
            parts.append("%")
        elif match[2]:
            parts.append(Hole(match[2], frozenset({match[2]})))
        elif rest:
            code = codes[len(values) - len(rest)] if len(codes) == len(values) else ""
            parts.append(_with_spec(rest.pop(0).pattern, code, match.group().lstrip("%").rstrip("sdr")))
        else:
            parts.append(Hole(codes[0] if codes else ""))
    parts.append(text[at:])
    return PathPattern.of(*parts)


def _with_spec(pattern: PathPattern, code: str, spec: str) -> PathPattern:
    """A value that is written by a format of its own (`.0f`): a hole whose code ends with it, as that of an f-string does."""
    if not code or not _SHAPING.search(spec) or len(pattern.parts) != 1 or len(pattern.holes) != 1:
        return pattern
    return PathPattern((replace(pattern.holes[0], text=f"{code}:{spec}"),))


def _call(node: ast.Call, scope: Scope) -> Value:  # one case a function
    written = dotted(node.func)
    name = scope.resolve(written)
    args = positional(node)
    if name in PATH_CLASSES:
        values = [lower(arg, scope).pattern for arg in args]
        return Value(values[0].joined(*values[1:]) if values else PathPattern.of("."), True)
    if name == "os.path.join" and args:
        joined = [lower(arg, scope) for arg in args]
        listed = joined[-1].glob if joined[-1].glob is not None and joined[-1].glob.by == LISTING else None
        return Value(joined[0].pattern.joined(*(value.pattern for value in joined[1:])), glob=listed)
    if name in _SAME_PATH and len(args) >= 1:
        return replace(lower(args[0], scope), pathlike=False)
    if name in UNDENTING and args:
        return lower(args[0], scope)
    if name == "os.path.dirname" and args:
        parent = lower(args[0], scope).pattern.parent
        return Value(parent) if parent.parts else unknown(node, scope)
    if name == "os.path.basename" and args:
        return Value(lower(args[0], scope).pattern.name)
    if name in {"sorted", "list", "tuple", "set", "reversed", "iter"} and args:
        inner = lower(args[0], scope)
        if inner.glob is not None or inner.elements is not None:
            return inner
    if name in _TEMPORARIES:
        return _temporary(node, name, args, scope)
    if name.endswith("FileLock") and args:
        return replace(unknown(node, scope), lock_file=lower(args[0], scope))
    if name == "tempfile.gettempdir":
        return Value(PathPattern((Hole(scope.text(node), kind="tempdir"),)))
    if name in _UNIQUE or _MAKES_UNIQUE.search(written):
        return unknown(node, scope, "unique", pathlike=False)
    if name in {"int", "float", "round", "str", "abs"} and len(args) >= 1:
        inner = lower(args[0], scope)
        if any(hole.kind in {"time", "unique"} for hole in inner.pattern.holes):
            return Value(inner.pattern)
    if name in _TIME:
        return unknown(node, scope, "time")
    if name.startswith(_DIGESTS) or written.endswith((".hexdigest", ".digest")):
        return unknown(node, scope, "digest")
    if name in {"os.environ.get", "os.getenv"} and len(args) >= 1:
        return Value(PathPattern((Hole(scope.text(node), frozenset()),)))
    if isinstance(node.func, ast.Attribute):
        found = _method(node, node.func, args, scope)
        if found is not None:
            return found
    returned = scope.call_value(node, written, scope)
    if returned is not None:
        return returned
    return unknown(node, scope)


def _temporary(node: ast.Call, name: str, args: Sequence[ast.expr], scope: Scope) -> Value:
    """What `tempfile` makes: a path of its own in a folder, the shared one unless `dir=` says another."""
    given = dict(zip(_TEMPORARIES[name], args, strict=False))
    given |= {k.arg: k.value for k in node.keywords if k.arg is not None}
    given = {key: value for key, value in given.items() if not is_constant(value, None)}
    folder = PathPattern((Hole("tempfile.gettempdir()", kind="tempdir"),))
    if "dir" in given:
        folder = lower(given["dir"], scope).pattern
    own = unknown(node, scope, "unique")
    prefix, suffix = (
        lower(given[key], scope).pattern if key in given else PathPattern(()) for key in ("prefix", "suffix")
    )
    named = PathPattern.of(prefix, own.pattern, suffix)
    first = prefix.parts[0] if prefix.parts else ""
    absolute = isinstance(first, Hole) and "dir" not in given  # a whole path may be given as the prefix
    path = Value(named if absolute else folder.joined(named))
    if name.endswith(("mkdtemp", "mktemp")):
        return path
    return replace(own, temporary=path)


def _method(node: ast.Call, func: ast.Attribute, args: Sequence[ast.expr], scope: Scope) -> Value | None:
    method = func.attr
    if method == "join" and len(args) == 1 and isinstance(func.value, ast.Constant | ast.Name):
        separator = lower(func.value, scope).pattern.text
        listed = lower(args[0], scope).elements
        if separator is not None and listed is not None:
            parts: list[str | PathPattern] = []
            for at, element in enumerate(listed):
                parts += [separator, element.value.pattern] if at else [element.value.pattern]
            return Value(PathPattern.of(*parts))
        return None
    if method == "format" and isinstance(func.value, ast.Constant | ast.Name | ast.Attribute):
        text = lower(func.value, scope).pattern.text
        return Value(_format(text, node, args, scope)) if text is not None else None
    base = lower(func.value, scope)
    if method in _SAME_PATH_METHODS and not args:
        return base
    if method == "joinpath":
        return Value(base.pattern.joined(*(lower(arg, scope).pattern for arg in args)), True)
    if method == "with_name" and len(args) == 1:
        return Value(
            PathPattern.of(
                base.pattern.parent, "/" if base.pattern.parent.parts else "", lower(args[0], scope).pattern
            ),
            True,
        )
    if method == "with_suffix" and len(args) == 1:
        return Value(_with_suffix(base.pattern, lower(args[0], scope).pattern), True)
    if any(hole.kind in {"digest", "unique"} for hole in base.pattern.holes) and method in {
        "hexdigest",
        "hex",
        "split",
    }:
        return base
    if method in _TIME_METHODS and any(hole.kind == "time" for hole in base.pattern.holes):
        form = lower(args[0], scope).pattern.literal if method == "strftime" and args else "%s"
        return unknown(node, scope, "time" if _SECONDS.search(form) else "variable")
    return None


def _with_suffix(pattern: PathPattern, suffix: PathPattern) -> PathPattern:
    old = pattern.suffix
    last = pattern.parts[-1] if pattern.parts else ""
    if old and isinstance(last, str):
        return PathPattern.of(*pattern.parts[:-1], last[: -len(old)], suffix)
    return PathPattern.of(pattern, suffix)


def _format(text: str, node: ast.Call, args: Sequence[ast.expr], scope: Scope) -> PathPattern:

    parts: list[str | Hole | PathPattern] = []
    counter = 0
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError:
        return PathPattern((Hole(scope.text(node), names_in(node, scope)),))
    for literal, name, spec, _ in fields:
        parts.append(literal)
        if name is None:
            continue
        key = name.partition(".")[0].partition("[")[0]
        if not key:
            key, counter = str(counter), counter + 1
        value: ast.expr | None = None
        if key.isdigit():
            value = args[int(key)] if int(key) < len(args) else None
        else:
            value = keyword(node, key)
        if value is None:
            parts.append(Hole(key, frozenset({key})))
        else:
            parts.append(_with_spec(lower(value, scope).pattern, scope.text(value), spec or ""))
    return PathPattern.of(*parts)
