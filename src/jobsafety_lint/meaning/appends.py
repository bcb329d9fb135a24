"""Appends that get mixed when several jobs make them at once: records of more than one write, to a file that the jobs share."""

from __future__ import annotations

import re

from jobsafety_lint.meaning.files import Append

ONE_WRITE = frozenset(
    {"", "echo", "printf", "logger", "date", "basename", "dirname", "hostname", "pwd", "whoami", "nproc"}
)
"""Commands that print one short text by one write; empty where the printer is not known."""
_SCRIPT = re.compile(r"^(?:python|pypy|node|perl|ruby|Rscript|bash|sh|zsh|ksh)[\d.]*$|\.\w+$")
_SINGLE = frozenset({"write", "print"})


def mixes(act: Append) -> str:
    """What makes the records of an append mix with those of other jobs, in words; empty if they do not."""
    if act.is_locked or act.is_private or act.only_errors:
        return ""  # stderr is not buffered (setbuf(3)): each message is one write
    return _parts(act) if _is_shared(act) else ""


def is_surely_long(act: Append) -> bool:
    """Whether a record is known to be more than one write, or comes from a program that mostly prints more: what others print is
    not known, and may be one short line.
    """
    if act.language != "shell" or act.group or act.content == ">>":
        return True
    from jobsafety_lint.meaning.shell.output_sizes import prints_much  # its tables: not needed for Python

    return prints_much(act.content) or _SCRIPT.search(act.content) is not None


def _parts(act: Append) -> str:
    """What makes a record more than one write, in words; empty if it is one."""
    if act.language == "shell":
        if act.group:
            return "a group of commands appends"
        return f"`{act.content}` appends output of any size" if act.content not in ONE_WRITE else ""
    if act.content.startswith(("to_", "write_")):
        return f"`{act.content}` appends in pieces"
    writers = [use.by for use in act.uses]
    pieces = [by for by in writers if by not in _SINGLE]
    if pieces:
        return f"`{pieces[0]}` appends in pieces"
    return "several writes append one record" if len(writers) > 1 else ""


def _is_shared(act: Append) -> bool:
    """Whether the name has nothing that tells the jobs apart."""
    if act.language == "python":
        return not act.path.names
    names = act.path.names
    if names & act.execution.loop_variables:
        return False
    own = bool(act.execution.functions) or act.place.source.host is not None  # $1 is not the script's own
    if own and any(name.isdigit() or name in {"@", "*"} for name in names):
        return False
    return "{" not in act.path.literal and not any(
        hole.kind in {"command", "time", "digest"} for hole in act.path.holes
    )
