"""Dockerfiles: the shell text of RUN, CMD, ENTRYPOINT and HEALTHCHECK, comments between continued lines left out.

The format is a format of lines (BuildKit's own parser reads it line by line), and so does this reader. (The grammar
tree-sitter-dockerfile 0.2 rejects 4 of 50 real files, among them ones with plain `LABEL` and `ENV` lines.)

Source: BuildKit's `frontend/dockerfile/parser` and Docker's reference: continuation lines may have comment lines and empty
lines between them, a parser directive `escape` changes the mark, `SHELL` counts up to the next FROM and goes along with a
stage that is built upon, a RUN whose command is nothing but a here-document runs the document.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts.lines import lines_of, shebang, shell_named, strictness
from jobsafety_lint.readers.hosts.snippets import HostFile, Snippet
from jobsafety_lint.readers.hosts.words import Word, add_words, unescaped
from jobsafety_lint.source import SnippetBuilder, Source

_INSTRUCTION = re.compile(r"[ \t]*(?:ONBUILD[ \t]+)?(?P<name>[A-Za-z]+)(?:[ \t]+|$)", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#[ \t]*(?P<name>\w+)[ \t]*=[ \t]*(?P<value>\S+)")
_FLAG = re.compile(r"--[\w-]+(?:=(?:\"[^\"]*\"|[^\s\"])*)?[ \t\n]+")
_HEREDOC = re.compile(
    r"(?<![<\w$(])\d*<<(?P<dash>-?)[ \t]*(?P<quote>['\"]?)(?P<word>[A-Za-z_][\w.-]*)(?P=quote)(?!<)"
)
_ENV = re.compile(
    r"(?P<name>[A-Za-z_]\w*)=(?:\"(?P<double>[^\"$\\]*)\"|'(?P<single>[^'$\\]*)'|(?P<bare>[^\s\"'$\\]*))(?=\s|$)"
)
_ARG = re.compile(r"^[ \t]*ARG[ \t]+(\w+)=(\S+)", re.MULTILINE | re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)[^}]*\})")
_WINDOWS = re.compile(
    r"mcr\.microsoft\.com/(?:windows|powershell[^ ]*nanoserver)|windowsservercore|nanoserver|windows/servercore|dotnet/framework",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')

Shell = tuple[str, dict[str, bool]]
_SH: Shell = ("sh", {})


@dataclass(eq=False)
class _Reader:
    source: Source
    found: HostFile = field(default_factory=HostFile)
    escape: str = "\\"
    default: Shell = _SH
    shell: Shell = _SH
    stages: dict[str, tuple[Shell, dict[str, str], str | None]] = field(default_factory=dict)
    stage: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    directory: str | None = None

    def __post_init__(self) -> None:
        self.text = self.source.text
        self.lines = lines_of(self.source)

    def read(self) -> HostFile:
        at = self._directives()
        while at < len(self.lines):
            at = self._instruction(at)
        return self.found

    def _slice(self, span: Span) -> str:
        return self.text[span.start : span.end]

    def _directives(self) -> int:
        for at, line in enumerate(self.lines):
            directive = _DIRECTIVE.match(self._slice(line))
            if directive is None:
                return at
            if directive["name"].lower() == "escape":
                self.escape = directive["value"]
                self.default = _SH if self.escape == "\\" else ("", {})  # Windows: cmd
            self.found.comments.append(line)
        return len(self.lines)

    def _is_comment(self, line: Span) -> bool:
        return self._slice(line).lstrip().startswith("#")

    def _comment(self, line: Span) -> None:
        self.found.comments.append(Span(line.start + self._slice(line).index("#"), line.end))

    def _instruction(self, at: int) -> int:
        """Reads the instruction that begins in a line and returns the line behind it."""
        line = self.lines[at]
        if self._is_comment(line):
            self._comment(line)
            return at + 1
        if not self._slice(line).strip():
            return at + 1
        pieces: list[Span] = []
        while True:
            stripped = self._slice(line).rstrip(" \t")
            continued = stripped.endswith(self.escape)
            pieces.append(Span(line.start, line.end))
            at += 1
            while continued and at < len(self.lines) and self._passed_over(self.lines[at]):
                at += 1
            if not continued or at >= len(self.lines):
                break
            line = self.lines[at]
        head = _INSTRUCTION.match(self.text, pieces[0].start, pieces[0].end)
        name = head["name"].upper() if head else ""
        at, documents = self._documents(name, pieces, at)
        span = Span(pieces[0].start, documents[-1].end if documents else pieces[-1].end)
        if head is not None:
            pieces[0] = Span(head.end(), pieces[0].end)
            self._read(name, pieces, documents, span)
        self.found.statements.append((span, (self.stage,) if self.stage else ()))
        return at

    def _passed_over(self, line: Span) -> bool:
        if self._is_comment(line):
            self._comment(line)
            return True
        return not self._slice(line).strip()

    def _documents(self, name: str, pieces: list[Span], at: int) -> tuple[int, list[Span]]:
        """The lines of the here-documents that an instruction begins, delimiters included, and the line behind them."""
        if name not in {"RUN", "COPY", "ADD"}:
            return at, []
        lines: list[Span] = []
        for piece in pieces:
            for mark in _HEREDOC.finditer(self.text, piece.start, piece.end):
                end = at
                while end < len(self.lines):
                    text = self._slice(self.lines[end])
                    if (text.lstrip("\t") if mark["dash"] else text) == mark["word"]:
                        break
                    end += 1
                if end < len(self.lines):
                    lines += self.lines[at : end + 1]
                    at = end + 1
        return at, lines

    # --- instructions ----------------------------------------------------------------------------------------------

    def _read(self, name: str, pieces: list[Span], documents: list[Span], span: Span) -> None:
        match name:
            case "FROM":
                self._from(" ".join(self._slice(piece).rstrip(self.escape) for piece in pieces).split())
            case "SHELL":
                words = self._array(pieces)
                if words:
                    shell, options = shell_named([word.text for word in words])
                    self.shell = shell, strictness(options)
            case "ENV":
                text = " ".join(
                    self._slice(piece).rstrip(" \t").removesuffix(self.escape) for piece in pieces
                )
                for pair in _ENV.finditer(text):
                    self.environment[pair["name"]] = pair["double"] or pair["single"] or pair["bare"] or ""
            case "ARG":
                name = self._slice(pieces[0]).partition("=")[0].strip()
                self.environment.pop(name, None)
            case "WORKDIR":
                self._workdir(self._slice(pieces[0]).strip())
            case "RUN":
                self._skip_flags(pieces)
                self._run(pieces, documents, span, "exits", "RUN")
            case "CMD" | "ENTRYPOINT":
                self._run(pieces, [], span, "result", name)
            case "HEALTHCHECK":
                self._skip_flags(pieces)
                if self.text.startswith("CMD", pieces[0].start):
                    pieces[0] = Span(min(pieces[0].start + 4, pieces[0].end), pieces[0].end)
                    self._run(pieces, [], span, "result", name)

    def _from(self, words: list[str]) -> None:
        self._keep_stage()
        words = [word for word in words if not word.startswith("--")]
        base = words[0].lower() if words else ""
        default = ("", {}) if self._is_windows(base) else self.default
        shell, environment, directory = self.stages.get(base, (default, {}, None))
        self.shell, self.environment, self.directory = shell, dict(environment), directory
        named = len(words) >= 3 and words[1].lower() == "as"
        self.stage = words[2] if named else (words[0].partition("@")[0] if words else "")

    def _is_windows(self, image: str) -> bool:
        """Whether an image is one of Windows, whose shell is cmd; its name may be the default of an `ARG`."""
        given = {name.lower(): value for name, value in _ARG.findall(self.text)}
        filled = _VARIABLE.sub(lambda found: given.get(found[1] or found[2], ""), image)
        return _WINDOWS.search(filled) is not None

    def _workdir(self, path: str) -> None:
        path = path.strip("\"'")
        if "$" in path or (self.directory is None and not path.startswith("/")):
            self.directory = None
        elif path.startswith("/"):
            self.directory = path
        else:
            self.directory = f"{self.directory}/{path}"
        self._keep_stage()

    def _keep_stage(self) -> None:
        if self.stage:
            self.stages[self.stage.lower()] = self.shell, dict(self.environment), self.directory

    def _skip_flags(self, pieces: list[Span]) -> None:
        while pieces:
            first = pieces[0]
            text = self._slice(first)
            start = first.start + len(text) - len(text.lstrip())
            flag = _FLAG.match(self.text, start)
            if flag is None or flag.start() >= first.end:
                pieces[0] = Span(start, first.end)
                rest = self._slice(pieces[0]).rstrip(" \t")
                if rest != self.escape or len(pieces) == 1:
                    return
                pieces.pop(0)
            else:
                pieces[0] = Span(min(flag.end(), first.end), first.end)

    def _array(self, pieces: list[Span]) -> list[Word] | None:
        """The words of an exec form; None if it is none."""
        joined = "".join(self._joined(pieces))
        try:
            value = json.loads(joined)
        except ValueError:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            return None
        found = [m for piece in pieces for m in _STRING.finditer(self.text, piece.start, piece.end)]
        if len(found) != len(value):
            return None
        words = []
        for item, match in zip(value, found, strict=True):
            span = Span(match.start() + 1, match.end() - 1)
            parts = unescaped(
                self._slice(span), span.start, _ESCAPE, lambda text: str(json.loads(f'"{text}"'))
            )
            words.append(Word(item, span, list(parts)))
        return words

    def _joined(self, pieces: list[Span]) -> list[str]:
        texts = [self._slice(piece).rstrip(" \t") for piece in pieces]
        return [
            text.removesuffix(self.escape) if at + 1 < len(texts) else text for at, text in enumerate(texts)
        ]

    def _run(self, pieces: list[Span], documents: list[Span], span: Span, status: str, title: str) -> None:
        self._keep_stage()
        words = self._array(pieces) if self._slice(pieces[0]).lstrip().startswith("[") else None
        if words is not None:
            builder = SnippetBuilder(self.source)
            add_words(builder, words)
            self._add(builder.build(), span, title, ("", {}), status, "argv")
            return
        shell = self.shell
        builder = SnippetBuilder(self.source)
        alone = len(pieces) == 1 and _HEREDOC.fullmatch(self._slice(pieces[0]).strip())
        if documents and alone:
            body = documents[:-1]
            self._lines(builder, body, tabs=bool(alone["dash"]))
            first = shebang("".join(builder.parts))
            shell = first if first is not None else shell
        else:
            self._continued(builder, pieces)
            if documents:
                builder.add("\n", Span(pieces[-1].end, pieces[-1].end + 1))
                self._lines(builder, documents, tabs=False)
        if shell[0]:
            self._add(builder.build(), span, title, shell, status, "shell")

    def _continued(self, builder: SnippetBuilder, pieces: list[Span]) -> None:
        """Lines that continue each other: mark and newline are kept as a shell's own (it drops them)."""
        for at, piece in enumerate(pieces):
            text = self._slice(piece).rstrip(" \t")
            last = at + 1 == len(pieces)
            body = text if last or not text.endswith(self.escape) else text[: -len(self.escape)]
            builder.add(body, Span(piece.start, piece.start + len(body)))
            if not last:
                mark = Span(piece.start + len(body), piece.start + len(body) + len(self.escape))
                builder.add("\\", mark)
                builder.add("\n", Span(piece.end, piece.end + 1))

    def _lines(self, builder: SnippetBuilder, lines: list[Span], *, tabs: bool) -> None:
        for at, line in enumerate(lines):
            text = self._slice(line)
            start = line.start + (len(text) - len(text.lstrip("\t")) if tabs else 0)
            builder.add(self.text[start : line.end], Span(start, line.end))
            if at + 1 < len(lines):
                builder.add("\n", Span(line.end, line.end + 1))

    def _add(self, text: Source, span: Span, title: str, shell: Shell, status: str, style: str) -> None:
        if not text.text.strip():
            return
        name, said = shell
        self.found.snippets.append(
            Snippet(
                f"{self.stage}: {title}" if self.stage else title,
                text,
                span,
                name,
                said.get("errexit", False),
                said.get("pipefail", False),
                style,
                self.directory,
                environment=dict(self.environment),
                status=status,
                alone=not title.endswith("HEALTHCHECK"),  # that runs beside the first program
            )
        )


def read_dockerfile(source: Source) -> HostFile:
    """The shell texts of a Dockerfile."""
    return _Reader(source).read()
