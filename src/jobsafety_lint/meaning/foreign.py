"""Texts that have the name of code and are something else."""

from __future__ import annotations

import re

from jobsafety_lint.source import Source

_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", re.MULTILINE)
_HEADER = re.compile(r"^--- \S.*\n\+\+\+ \S", re.MULTILINE)
_DEFINES = re.compile(r"^define [\w-]+$", re.MULTILINE)
_ENDS = re.compile(r"^end$", re.MULTILINE)
_OF_SHELL = re.compile(r"^#!|^[ \t]*(?:fi|done|esac)\b", re.MULTILINE)
_OF_NEXTFLOW = re.compile(r"\\\$[({\w]|\$\{task\.")
"""A dollar that Nextflow leaves to the program, and what it fills in itself."""


def is_patch(text: str) -> bool:
    """Whether a text is a unified diff (`patch-setup.py`, as ports of packages have them)."""
    return _HEADER.search(text) is not None and _HUNK.search(text) is not None


def is_gdb_script(text: str) -> bool:
    """Whether a text defines commands of gdb, and nothing in it is of a shell alone."""
    defines = _DEFINES.search(text) is not None and _ENDS.search(text) is not None
    return defines and _OF_SHELL.search(text) is None


def is_nextflow_template(file: Source) -> bool:
    """Whether a file is a script of Nextflow's (https://www.nextflow.io/docs/latest/process.html, "Template"), which fills in
    `${task.cpus}` and runs it in a folder of the task's own.
    """
    return "/templates/" in f"/{file.path}" and _OF_NEXTFLOW.search(file.text) is not None
