"""What every reader of a host format gives: the shell texts in a file, and the file's own shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jobsafety_lint.model import Span
from jobsafety_lint.source import Source


@dataclass(frozen=True, eq=False)
class Snippet:
    """One text that a shell (or, with `style` `argv`, no shell) runs, and the circumstances that the format gives it.

    `title` names it as a person would (`tasks.retrain`, `jobs.deploy.steps[2]`). `shell`, `errexit` and `pipefail` are
    what is in force at its first word. `directory` is the working directory where the file says so; `at_home`: it
    starts in the home or root directory (cron, a unit). `environment` are the variables that the file sets around it.
    `concurrent`: why several of these may run at once, or empty. `status` says what becomes of the exit status of its
    last command (`exits`: it ends the recipe or the build; `result`; `ignored`). Snippets that stand next to each other
    and share a title are one row: each a shell of its own, run in order. `alone`: nothing else runs where it does, and no
    second one of it (the build or the first program of a container, a machine that is thrown away, a unit).
    """

    title: str
    source: Source
    span: Span
    shell: str = "sh"
    errexit: bool = False
    pipefail: bool = False
    style: str = "shell"
    directory: str | None = None
    at_home: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    concurrent: str = ""
    status: str = "result"
    alone: bool = False


@dataclass(eq=False)
class HostFile:
    """What a host file holds. `statements` are its own smallest units (a key with its value, a directive, a recipe
    line), each with the names of what is around it: suppressions and fingerprints go by them.
    """

    snippets: list[Snippet] = field(default_factory=list)
    statements: list[tuple[Span, tuple[str, ...]]] = field(default_factory=list)
    comments: list[Span] = field(default_factory=list)
    broken: list[tuple[Span, str]] = field(default_factory=list)
    """Stretches that could not be read, with the reason."""
    recipes: list[tuple[Span, str, tuple[str, ...]]] = field(default_factory=list)
    """The head of each recipe of a Makefile or justfile, its name, and those that run before it."""

    def statement_span(self, offset: int) -> Span:
        """The innermost statement around an offset."""
        holding = [span for span, _ in self.statements if span.start <= offset < span.end]
        return min(holding, key=lambda span: span.end - span.start, default=Span(offset, offset))

    def definitions(self, offset: int) -> tuple[str, ...]:
        """The names around an offset, outermost first."""
        holding = [(s.end - s.start, names) for s, names in self.statements if s.start <= offset < s.end]
        return min(holding, default=(0, ()))[1]
