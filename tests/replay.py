"""Plays a tutorial: what it shows is typed, and must print what it shows.

In a Markdown document, in their order:

- ```` ```console ````: lines that begin with `$ ` are typed, what follows is printed by them (both streams). A line `…` stands for any lines.
- ```` ```diff ````: is applied with `git apply`.
- ```` ```LANGUAGE title="FILE" ````: is written to that file.
- all other blocks are left alone.

`python tests/replay.py docs/tutorial.md` writes what is printed today into the document.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobsafety_lint import atomic
from jobsafety_lint.docs import markdown
from jobsafety_lint.docs.markdown import Fence

ROOT = Path(__file__).resolve().parents[1]
ANY = "…"


@dataclass(frozen=True)
class Typed:
    """A command, what the document says that it prints, and what it did print."""

    command: str
    shown: str
    printed: str

    @property
    def same(self) -> bool:
        """Whether the document is right."""
        parts = [re.escape(line) for line in self.shown.split("\n")]
        return (
            re.fullmatch(
                "\n".join(".*" if p == re.escape(ANY) else p for p in parts), self.printed, re.DOTALL
            )
            is not None
        )


def environment(home: Path) -> dict[str, str]:
    """That of somebody who has just installed the tool."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key in {"LANG", "LC_ALL", "TMPDIR", "COVERAGE_PROCESS_START"}
    }
    return {
        **kept,
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
    }  # fmt: skip


def played(text: str, folder: Path, home: Path) -> Iterator[Fence | str | list[Typed]]:
    """The pieces of a document; a console block as what was typed in it."""
    env = environment(home)
    for piece in markdown.pieces(text):
        if isinstance(piece, str):
            yield piece
            continue
        title = re.search(r'title="([^"]+)"', piece.info)
        if piece.info == "console":
            yield [_type(command, shown, folder, env) for command, shown in _commands(piece.text)]
            continue
        if piece.info == "diff":
            subprocess.run(["git", "apply"], input=piece.text, text=True, cwd=folder, env=env, check=True)
        elif title:
            (folder / title[1]).write_text(piece.text, encoding="utf-8")
        yield piece


def _commands(text: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def _type(command: str, shown: str, folder: Path, env: dict[str, str]) -> Typed:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Typed(command, shown, done.stdout)


def rewrite(document: Path, example: Path) -> None:
    """Writes what is printed today into a document."""
    import shutil

    with tempfile.TemporaryDirectory() as scratch:
        folder, home = Path(scratch) / example.name, Path(scratch)
        shutil.copytree(example, folder)
        out = []
        for piece in played(document.read_text(encoding="utf-8"), folder, home):
            if isinstance(piece, Fence):
                out.append(f"```{piece.info}\n{piece.text}```")
            elif isinstance(piece, str):
                out.append(piece)
            else:
                texts = (f"$ {t.command}\n{t.shown if t.same else t.printed}" for t in piece)
                out.append("```console\n" + "".join(texts) + "```")
    atomic.write_text(document, "".join(out))


if __name__ == "__main__":
    rewrite(Path(sys.argv[1]), ROOT / "examples" / "pipeline")
