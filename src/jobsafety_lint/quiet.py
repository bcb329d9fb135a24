"""Warnings of libraries about what somebody else has written."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """What is said inside about the files that are checked (`"\\."` in their code, `[[` in their .gitignore) is neither printed nor,
    with `PYTHONWARNINGS=error`, an error.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
