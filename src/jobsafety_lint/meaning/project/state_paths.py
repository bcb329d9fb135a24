"""Whether a path takes in the state of every job: checkpoints, cursors, locks that each job keeps for itself."""

from __future__ import annotations

import re

from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.paths import PathPattern, shown_name, words_of
from jobsafety_lint.source import Hole

_KINDS = {
    "checkpoint": "checkpoints",
    "ckpt": "checkpoints",
    "chkpt": "checkpoints",
    "cursor": "cursors",
    "watermark": "watermarks",
    "offset": "offsets",
    "lease": "leases",
    "bookmark": "bookmarks",
    "lock": "locks",
    "progress": "progress files",
    "state": "state",
}
"""A word of a path -> what jobs keep there."""
_FOREIGN = re.compile(
    r"/(?:apt|dpkg|pacman|yum|dnf|rpm|nix|snap)\b|(?:^|/)\.git/|node_modules|ipynb_checkpoints|__pycache__|/var/lib/mysql|\.terraform|site-packages"
)
_MODELS = re.compile(r"\.(?:pt|pth|h5|hdf5|bin|safetensors|onnx|tflite|keras|index|meta|data[\w*.-]*)$")
_ONE_RUN = re.compile(
    r"exps?|experiments?|runs|trials?|(?:exp|run|trial|fold|seed|job|task)[-_.]?\d\w*|(?:exp|run|trial|fold)[-_]\w+",
    re.IGNORECASE,
)
"""A folder of one run: what is in there is its own."""
_SET_ASIDE = re.compile(r"\.(?:old|bak|orig|stale|tmp|partial)$")
_FOLDER_WORDS = frozenset(
    {"dir", "root", "home", "path", "base", "folder", "cache", "prefix", "repo", "project", "here", "checkpoints", "ckpts",
     "cursors", "locks", "state", "data", "var", "xdg", "srv"}
)  # fmt: skip
_OF_ONE_RUN = frozenset(
    {"exp", "expdir", "experiment", "run", "job", "task", "output", "out", "outdir", "result", "results", "log", "logs", "model", "train", "tmp",
     "temp", "tmpdir", "work", "workdir", "id", "name", "seed", "scratch", "session", "test"}
)  # fmt: skip


def jobs_state(path: PathPattern) -> str:
    """What jobs keep at a path, in the plural: `checkpoints`, `cursors`; empty for anything else."""
    names = [_kind_of(part) for part in _components(path)]
    return next((kind for kind in reversed(names) if kind), "")


def is_wide(path: PathPattern, execution: Execution, *, tree: bool = False) -> bool:
    """Whether a glob takes in every job's state; with `tree`, whether a folder is the one that holds it all."""
    if path.is_unique or _FOREIGN.search(path.literal) or _MODELS.search(path.literal):
        return False
    if any(not _is_setting(hole, execution) for hole in path.holes):
        return False
    components = _components(path)
    if not components:
        return False
    if tree:
        return _holds_all(components[-1])
    if not any("*" in part or "?" in part for part in components[-1:]):
        return False
    kind = jobs_state(path)
    folders = [_kind_of(part) for part in components[:-1]]
    if any(_ONE_RUN.fullmatch(part) for part in components[:-1]) or _SET_ASIDE.search(components[-1]):
        return False
    if kind in {"locks", "state", "progress files", "offsets"}:
        return any(folders) and (path.is_absolute or any(path.holes))
    return bool(kind) and _whole_folder(components[-1], any(folders))


def _holds_all(folder: str) -> bool:
    """Whether a folder is named as that of many: `checkpoints`, `CKPT_DIR`; a `lock` folder is one lock itself."""
    words = list(words_of(folder))
    kind = _kind_of(folder)
    if kind in {"", "state", "progress files", "offsets"}:
        return False
    if any(word.endswith("s") and word.removesuffix("s") in _KINDS for word in words):
        return True
    return kind != "locks" and bool({"dir", "folder", "root", "path"} & set(words))


def _whole_folder(name: str, in_folder: bool) -> bool:
    """Whether a name's pattern leaves the job open: `*.json`, `ckpt_*.json`; `btc_*.json` has a job's own name in it."""
    fixed = re.sub(r"\.\w+$", "", name)
    words = [w for w in words_of(fixed) if len(w) > 1]
    return (in_folder and not words) or (bool(words) and all(_kind_of(word) for word in words))


def _components(path: PathPattern) -> list[str]:
    text = "".join(part if isinstance(part, str) else f"{shown_name(part)}" for part in path.parts)
    return [part for part in text.split("/") if part not in {"", ".", "~", "*"} or part == "*"]


def _kind_of(component: str) -> str:
    for word in reversed(list(words_of(component))):
        for form in (word, word.removesuffix("s")):
            if form in _KINDS:
                return _KINDS[form]
    return ""


def _is_setting(hole: Hole, execution: Execution) -> bool:
    """Whether a hole is a folder of the installation, and not a parameter of one job."""
    if hole.names & execution.loop_variables:
        return False
    if not hole.names and hole.version:
        return True  # a constant of the module
    if hole.kind == "command":
        return hole.names <= {"0", "BASH_SOURCE"}
    match = re.match(r"\$\{?([A-Za-z_]\w*)", hole.text)
    name = match[1] if match else hole.text
    if any(known in name for known in ("Path.home", "expanduser", "gettempdir", "__file__")):
        return True
    words = set(words_of(name))
    return name.isupper() and bool(words & _FOLDER_WORDS) and not words & _OF_ONE_RUN
