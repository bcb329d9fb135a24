"""JOB105: a checkpoint, cursor or state file is rewritten in place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from jobsafety_lint.context import Context
from jobsafety_lint.meaning.careful_reads import is_checked_cache
from jobsafety_lint.meaning.files import (
    Act,
    Check,
    Create,
    Delete,
    FileFact,
    Glob,
    Lock,
    Read,
    Replace,
    Write,
)
from jobsafety_lint.meaning.folders import is_in_emptied_folder, is_in_new_folder, is_used_as_folder
from jobsafety_lint.meaning.paths import PathPattern, ambiguous_words, is_of_system, names_folder, words_of
from jobsafety_lint.model import Confidence, Severity
from jobsafety_lint.rule import Draft, Rule

RULE = Rule(
    "JOB105",
    "non-atomic-state-write",
    "a checkpoint, cursor or state file is rewritten in place: a reader or a crash sees half of it",
    Severity.WARNING,
    Confidence.MEDIUM,
    references=("INV-4",),
)

_STATE = frozenset(
    [
        "checkpoint",
        "checkpoints",
        "ckpt",
        "ckpts",
        "chkpt",
        "cursor",
        "cursors",
        "offset",
        "offsets",
        "watermark",
        "watermarks",
        "state",
        "progress",
        "resume",
        "manifest",
        "bookmark",
        "bookmarks",
        "ledger",
    ]
)
_FINISHED_NAMES = (
    ".tmp",
    ".partial",
    ".part",
    ".new",
    ".bak",
    ".log",
    ".conf",
    ".html",
    ".md",
    ".png",
    ".svg",
    ".pdf",
    ".lock",
    ".pid",
)

_LOGS = frozenset({"log", "logs", "stdout", "stderr"})
_OTHER = _LOGS | {"tmp", "temp", "temporary", "partial"}
_VARIABLE = re.compile(r"[\"']?\$?\{?[A-Za-z_][\w.]*\}?[\"']?")
_PICTURES = frozenset({"savefig", "imsave", "imwrite"})
"""Writers of pictures, which people look at."""
_INTO_FOLDERS = frozenset({"save_pretrained"})
"""Writers that are given a folder."""
_ARCHIVES = frozenset({".zip", ".gz", ".tgz", ".xz", ".bz2", ".zst", ".tar", ".7z"})
_COPIES = frozenset({"shutil.copy", "shutil.copy2"})
_FOR_PEOPLE = frozenset(
    {
        "dockerfile",
        "makefile",
        "readme",
        "changelog",
        "license",
        "version",
        "release",
        "summary",
        "report",
    }
)
_RESULTS = frozenset({"output", "out"})
_CONVERTS = re.compile(r"(?:^|_)(?:convert|converter|conversion)(?:_|$)|[a-z]_to_[a-z]|^[a-z]+2[a-z]+$")
_DONE = re.compile(r"\(b?([\"'])(?:done|ok|finished|complete[d]?|success)?(?:\\n)?\1\)$", re.IGNORECASE)
_OWN_HELPER = re.compile(
    r"(?!(?:Pure|Posix)?Path\()(?!\w*temp)\w*(?:path|file|name|cache|state)\w*\(",
    re.IGNORECASE,
)
"""Code that means the same file in every function: a helper that names files."""
_OF_OBJECT = re.compile(r"\b(?:self|cls)\.\w")
"""The same, of one object: an attribute, or what is made from one."""
_NOTHING = re.compile(r"(?:\s+as\s+\w+)?\s*:\s*(?:#[^\n]*\n\s*)*pass\b")
_OWN_RESULT = re.compile(r"self\.(?:out|output)(?:_?(?:file|path|name))?", re.IGNORECASE)
_DATE = re.compile(r"^date\b|(?:\$\(|`)\s*date\b")
_KERNEL = re.compile(r"/(?:sys|proc|dev)/")
"""Files that are doors into the kernel: a write is no content that a reader may find half of."""
_ROOTED = re.compile(r"""["'](/(?!dev/(?:null|std|tty|fd))[a-z]+/)""")
"""How a path from the root begins, in a literal; the devices that every program writes to say nothing."""
_OF_CGROUP = "freezer.state"
"""The control file of a cgroup (v1) whose name says state; where it lies is up to whoever has mounted it."""
_LISTS = frozenset({"manifest", "offset", "offsets"})
"""Words that are of a job's state only where the file reads it."""
_COUNTERS = frozenset(
    {"step", "steps", "global_step", "epoch", "iteration", "iter", "it", "batch_idx", "num_updates"}
)
"""Variables that count on in a training."""
_WEIGHTS = frozenset({".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".npz", ".h5", ".pdparams"})
"""Suffixes of a model's weights."""
_TRACKERS = frozenset({"latest", "tracker"})
"""Words of a file that says which of several is the latest."""
_SETTINGS = frozenset({".yaml", ".yml", ".toml", ".cfg", ".ini"})
"""Suffixes of settings."""
_PRINTS_NOTHING = frozenset({"true", ":", "false"})

_PROSE = frozenset(
    {
        ".txt",
        ".md",
        ".yml",
        ".yaml",
        ".rst",
        ".html",
        ".ipynb",
        ".py",
        ".sh",
        ".toml",
        ".cfg",
        ".ini",
        ".csv",
        ".tsv",
        ".parquet",
        ".feather",
        ".arrow",
    }
)
"""Suffixes of files that people write and read: that one is read again does not make it the state of a job."""


@RULE.on(Write)
def in_place(act: Write, context: Context) -> Iterator[Draft]:
    """A state file that is truncated and filled again."""
    if context.role in {"test", "temporary", "docs"} or act.is_private or act.moved_to is not None:
        return
    if any(is_left_alone(act) for is_left_alone in _BY_ITSELF):
        return
    said = _state_words(act, context)
    if said is None or any(is_left_alone(act, context) for is_left_alone in _BY_OTHERS):
        return
    if _is_label_of_settings(act, said) or _is_unread_list(act, said, context):
        return
    reasons = act.execution.concurrency
    why = f"; {reasons[0].reason}" if reasons else ""
    numbered = _is_numbered(act)
    yield RULE.found(
        act.place,
        f"`{act.path_place.text}` is {_done(act, numbered=numbered)}: a reader or a crash in between finds half of it{why}",
        label="write a temporary file beside it, then rename it over this one",
        severity=Severity.ERROR if reasons else Severity.WARNING,
        confidence=Confidence.LOW
        if numbered and (not _is_looked_for(act, context) or _is_checked(act, context))
        else Confidence.MEDIUM,
        subject=act.subject,
    )


def _done(act: Write, *, numbered: bool) -> str:
    """What is done to the file, in words that follow "is"."""
    if act.content == "truncate":
        return "written over, and cut by `truncate`"
    by = f"written by `{act.content or act.by}`"
    return f"{by} under its final name" if numbered else f"emptied, then {by}"


def _state_words(act: Write, context: Context) -> frozenset[str] | None:
    """The words that say that it is state, none where it is only read back; None if nothing does."""
    named = frozenset(words_of(act.path.name.literal)) if act.by in _COPIES else act.path.name.words
    words = named | act.state_words | _words_of_variable(act)
    known = context.settings.words("state-name-patterns")
    known |= _STATE - ambiguous_words(act.path.name)
    if not (words & known or _is_read_back(act, context)) or _is_of_other_kind(act, words, known):
        return None
    return words & known


def _is_new_file(act: Write) -> bool:
    """Whether it was not there: check-then-create speaks of that."""
    return any(not guard.holds and guard.certain for guard in act.guards)


def _is_only_made(act: Write) -> bool:
    """Whether that it is there, or is empty, is all that counts: `with open(x, "w"): pass`, `true > file`."""
    if act.language == "shell" and act.content in _PRINTS_NOTHING:
        return True
    return _NOTHING.match(act.place.source.text, act.place.span.end) is not None


def _is_for_people(act: Write) -> bool:
    """Whether it is a picture, or a file of its own each time."""
    return act.by in _PICTURES or any(hole.kind == "time" for hole in act.path.name.holes)


def _is_archive_or_folder(act: Write) -> bool:
    """Whether it is brought or packed as a whole, or the name is that of a folder."""
    if act.language == "shell" and act.path.suffix in _ARCHIVES:
        return True
    return act.by in _INTO_FOLDERS or (act.by in _COPIES and names_folder(act.path_place.text))


def _is_dated_marker(act: Write, context: Context) -> bool:
    """Whether a shell writes down the date in a file that is only asked for, and not read: that it is there is what counts."""
    return (
        act.language == "shell"
        and act.content in {"date", "echo", "printf"}
        and _DATE.search(act.place.text) is not None
        and any(check.path.identity == act.path.identity for check in context.all(Check))
        and not _is_read(act, context)
    )


def _is_of_machine(act: Write) -> bool:
    """Whether it is a file of the system that a shell writes."""
    return act.language == "shell" and is_of_system(act.path)


def _is_unread_list(act: Write, said: frozenset[str], context: Context) -> bool:
    """Whether it is a list of what was made, for others, or offsets of pixels."""
    return said <= _LISTS and bool(said) and not _is_read(act, context)


def _is_read(act: Act, context: Context) -> bool:
    """Whether the file reads the very same path."""
    return any(read.path.identity == act.path.identity for read in context.all(Read))


def _is_numbered(act: Write) -> bool:
    """Whether the name counts on (`checkpoint_{step}.pt`): a file of its own each time, and the earlier ones stay."""
    weights = act.by.startswith("torch.") or act.path.suffix in _WEIGHTS
    return weights and not _COUNTERS.isdisjoint(act.path.names)


def _is_looked_for(act: Write, context: Context) -> bool:
    """Whether the file lists files of such names, to go on with one of them: `sorted(folder.glob("checkpoint_*.pt"))`."""
    words = frozenset(words_of(act.path.name.literal))
    return any(words & frozenset(words_of(glob.path.name.literal)) for glob in context.all(Glob))


def _is_checked(act: Write, context: Context) -> bool:
    """Whether the code tries which of such files can be loaded (by the library that has written them), to go on with an earlier one."""
    library = act.by.partition(".")[0]
    return any(read.tolerates_broken and read.by.partition(".")[0] == library for read in context.all(Read))


def _words_of_variable(act: Write) -> frozenset[str]:
    """The words of the variable that has the name: `CURSOR_FILE = "/srv/fraud/x.json"`."""
    code = act.path_place.text
    return frozenset(words_of(code)) if _VARIABLE.fullmatch(code) else frozenset()


def _is_of_other_kind(act: Write, words: frozenset[str], known: frozenset[str]) -> bool:
    """Whether the words say that it is a temporary file or a log. `{log}.cursor` is a log's cursor."""
    told = frozenset(words_of(act.path.name.literal))
    others = _OTHER - _LOGS if told & known and not told & _LOGS else _OTHER
    return bool(words & others)


def _is_told_by_another(act: Write, context: Context) -> bool:
    """Whether the same function writes down afterwards which file is the latest: whoever looks there never meets this one
    half-written.
    """
    return not _COUNTERS.isdisjoint(act.path.names) and any(
        _is_within(other, act)
        and other.place.source is act.place.source
        and other.place.span.start > act.place.span.end
        and not other.path.same_object(act.path)
        and not _TRACKERS.isdisjoint({*other.path.name.words, *words_of(other.path_place.text)})
        for other in context.all(Write)
    )


def _is_copied_into(act: Write, context: Context) -> bool:
    """Whether a copy goes into a folder: the function has to do with other files in it."""
    kinds = (Check, Read, Write, Create, Replace)
    others = (fact for kind in kinds for fact in context.all(kind))
    return act.by in _COPIES and is_used_as_folder(act.path, act, others)


def _is_within(inner: Act, outer: Act) -> bool:
    """Whether an act stands in the function of the other one, or in a function that is defined inside of that."""
    if not inner.execution.functions or not outer.execution.functions:
        return inner.execution.functions == outer.execution.functions
    return f"{inner.execution.functions[-1]}.".startswith(f"{outer.execution.functions[-1]}.")


def _is_label_of_settings(act: Write, said: frozenset[str]) -> bool:
    """Whether the word only labels one of the values in the name of a file of settings: `run_{size}_act_ckpt_{act}_x.yaml`."""
    if act.path.suffix not in _SETTINGS:
        return False
    parts = act.path.name.parts
    inner = [part for part in parts[1:-1] if isinstance(part, str)]
    outer = [part for part in (parts[:1] + parts[-1:]) if isinstance(part, str)]
    return any(said & {*words_of(part)} for part in inner) and not any(
        said & {*words_of(part)} for part in outer
    )


def _is_door_to_kernel(act: Write, context: Context) -> bool:
    """Whether it is a file of the kernel's: by its path or, where nothing tells how that begins, by the paths that the file
    writes out, most of which are.
    """
    if _KERNEL.match(act.path.literal) or act.path.name.text == _OF_CGROUP:
        return True
    if not act.path.parts or isinstance(act.path.parts[0], str):
        return False
    rooted = _ROOTED.findall(context.file.text)
    return 2 * sum(_KERNEL.match(path) is not None for path in rooted) > len(rooted)


def _is_result(act: Write, context: Context) -> bool:
    """Whether it is what the program puts out once, under a name that it is given (`args.output_ckpt`), and does not read."""
    code = act.path.holes[0].text if len(act.path.parts) == len(act.path.holes) == 1 else ""
    return not act.execution.loops and not _RESULTS.isdisjoint(words_of(code)) and not _is_read(act, context)


def _is_of_conversion(act: Act, context: Context) -> bool:
    """Whether the program converts by its own name (`convert_x.py`, `x_to_y.py`) and does not read the file: a product."""
    stem = act.place.source.path.rpartition("/")[2].partition(".")[0].lower()
    return _CONVERTS.search(stem) is not None and not _is_read(act, context)


def _is_of_lock(act: Write, context: Context) -> bool:
    """Whether the file is opened to be locked, or a shell prints to it in one go while it holds a lock."""
    printed = act.language == "shell" and act.content in {"echo", "printf"}
    return bool(printed and act.execution.lock) or any(
        lock.path.same_object(act.path) for lock in context.all(Lock)
    )


def _is_marker(act: Write, context: Context) -> bool:
    """Whether it is there or not is all that counts: it says "done", and nothing here reads that."""
    return (
        bool(act.uses)
        and all(use.by == "write" and _DONE.search(use.place.text) for use in act.uses)
        and not _is_read(act, context)
    )


def _is_renamed_elsewhere(act: Write, context: Context) -> bool:
    """Whether another function of the file renames what this one has written."""
    return any(
        move.origin is not None
        and move.atomic
        and act.path.is_file_wide
        and move.origin.identity == act.path.identity
        for move in context.all(Replace)
    )


def _is_read_back(act: Write, context: Context) -> bool:
    """Whether another function of the file reads the same path: one that `self` keeps, or that a helper names."""
    if act.language != "python" or not act.execution.functions:
        return False
    if _suffix(act.path) in _PROSE or act.path.name.words & _FOR_PEOPLE:
        return False
    if _OWN_RESULT.fullmatch(act.path_place.text) or any(use.by == "tofile" for use in act.uses):
        return False  # a product, and an array of numbers
    named = [
        code
        for code in (act.path_place.text, _set_to(act), *(hole.text for hole in act.path.holes))
        if _OWN_HELPER.match(code) or _OF_OBJECT.search(code)
    ]
    own = any(_OF_OBJECT.search(code) for code in named)
    return bool(named) and any(
        read.path.identity == act.path.identity
        and read.execution.functions != act.execution.functions
        and (not own or _class_of(read) == _class_of(act))
        for read in context.all(Read)
    )


def _set_to(act: Act) -> str:
    """The code that the variable which has the name was set to last, in the lines before: `path = metric_path(folder)`."""
    name = act.path_place.text
    if not name.isidentifier():
        return ""
    text = act.place.source.text
    start = max(
        text.rfind("\ndef ", 0, act.place.span.start), text.rfind("\n    def ", 0, act.place.span.start), 0
    )
    found = re.findall(
        rf"^[ \t]*{name}[ \t]*=[ \t]*(\w.*)$", text[start : act.place.span.start], re.MULTILINE
    )
    return found[-1] if found else ""


def _class_of(act: Act) -> str:
    """The class of the method that an act stands in."""
    return act.execution.functions[-1].rpartition(".")[0] if act.execution.functions else ""


def _suffix(path: PathPattern) -> str:
    """The suffix of a name, also where it is the key of a table (`self.files["meta.yml"]`)."""
    key = re.search(r"(\.\w+)[\"']\]$", path.holes[-1].text) if path.holes else None
    return path.suffix or (key[1] if key else "")


def _has_finished_name(act: Write) -> bool:
    """Whether its suffix says that it is no state."""
    return act.path.suffix in _FINISHED_NAMES


def _is_scratch(act: Write, context: Context) -> bool:
    """Whether a script that runs once at a time deletes it in the end, and does not look at it before it has written it: nothing
    is left for a next run.
    """
    if act.language != "shell" or act.execution.concurrency:
        return False
    looks = (fact for kind in (Read, Check) for fact in context.all(kind))
    if any(fact.precedes(act) and fact.path.same_object(act.path) for fact in looks):
        return False
    gone: list[FileFact] = [fact for fact in context.all(Delete) if fact.what != "moved" and not fact.guards]
    gone += [fact for fact in context.all(Glob) if fact.use("delete")]
    return any(
        act.precedes(fact) and not fact.execution.arms and _is_among(act.path, fact.path) for fact in gone
    )


def _is_among(path: PathPattern, pattern: PathPattern) -> bool:
    """Whether a file is the one, or matches the pattern, of its folder."""
    if path.same_object(pattern):
        return True
    in_folder = path.literal.count("/") == pattern.literal.count("/")  # `*` takes a slash for `fnmatch`
    return in_folder and fnmatchcase(path.literal, pattern.literal)


_BY_ITSELF: tuple[Callable[[Write], bool], ...] = (
    lambda act: act.is_handed_on,
    _is_new_file,
    _is_only_made,
    _is_for_people,
    _is_archive_or_folder,
    _has_finished_name,
    _is_of_machine,
)
"""What leaves a write alone by what it is."""
_BY_OTHERS: tuple[Callable[[Write, Context], bool], ...] = (
    _is_of_lock,
    lambda act, context: is_in_new_folder(act, context.all(Create)),
    lambda act, context: is_in_emptied_folder(act, context.all(Delete), context.all(Create)),
    _is_told_by_another,
    _is_renamed_elsewhere,
    _is_result,
    _is_of_conversion,
    _is_marker,
    _is_dated_marker,
    _is_door_to_kernel,
    _is_copied_into,
    _is_scratch,
    lambda act, context: is_checked_cache(act, context.all(Read)),
)
"""What leaves it alone by what else the file does."""
