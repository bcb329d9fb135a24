"""A text with the inside of its words blanked out, for tree-sitter to see commands and operators only.

tree-sitter-bash stumbles over what stands inside of words (`"${x:-{\\"a\\"}}"`, `${x:$i:1}`, `\\<`), which our scanner
reads anyway. Every quote, expansion, substitution, array value, test and here-document becomes letters of the same
length, so that all offsets stay.
"""

from __future__ import annotations

import re

from jobsafety_lint.readers.shell.words import Scanner, WordError

_STOPS = re.compile(r"""['"`\\$#<>(\[]""")
_PLAIN_REDIRECTION = re.compile(r"<<<|>&[0-9-](?![\w])")
"""Redirections that may as well be words of a simple command: the scanner reads those."""
_BEHIND_WORDS = re.compile(
    r"(?<![&<>])(?:<|&?>>?)[ \t]*[^\s;&|<>()#]+(?=[ \t]+[^\s;&|<>()#]|[ \t]*(?:#[^\n]*)?\n)"
)
"""In a masked text: a redirection with a word behind it (`! a <f -n b`), or at the end of a line, whose newline tree-sitter may
not see.
"""
_NO_WORD = re.compile(r"(?:^|[;&|({]|(?:^|\s)(?:!|then|do|else|elif|if|while|until|time))[ \t]*$")
"""In a masked line: what a command begins behind."""
_CLOSED = re.compile(r"(?:(?:^|[\s;&|])(?:done|fi|esac)|[)}\]])[ \t]*(?:[0-9]*[<>][^;&|\n]*)?[0-9]*$")
"""What a redirection of a compound command stands behind."""
_CASE_PATTERN = re.compile(
    r"((?:(?<![\w-])in|;;&?|;&)(?:\s|(?<=\s)#[^\n]*\n)*)(?!esac\b)([^\s()#;&<>][^\n()#;&<>]*?)\)"
)
"""In a masked text: what ends the branch before (or `in`), and a pattern with its bracket."""
_FOR_TREE_SITTER = (
    (re.compile(r"(\}|\)|\]\])[ \t](?=(?:then|do)(?![\w.-]))"), r"\1;"),  # `{ …; } then`, `while (…) do`
    (
        re.compile(r"((?:^|[;&|({\n]|\b(?:then|do|else))[ \t]*for[ \t]+\w+)[ \t](?=do(?![\w.-]))"),
        r"\1;",
    ),  # `for name do`
    (
        re.compile(r"((?:^|[\s;&|])(?:done|fi|esac)[ \t]*|[)}\]][ \t]*)<<<"),
        r"\1<  ",
    ),  # a here-string of a compound command
    (re.compile(r"((?:^|[\s;&|])done[ \t])[0-9](?=[<>])"), r"\1 "),  # `select …; done 0<file`
    (
        re.compile(r";;?&(?=(?:\s|(?<=\s)#[^\n]*\n)*esac\b)"),
        lambda found: ";;".ljust(len(found[0])),
    ),  # the last branch goes on
    (
        re.compile(
            r"((?:[\s;&|](?:done|fi|esac)|[;\s]\}|\)|\]\]))[ \t](?=[ \t]*(?:\}|(?:done|fi|esac|else|elif)(?![\w.-])))"
        ),
        r"\1;",
    ),  # `{ …; done }`, `do { …; } done`
    (
        re.compile(r"((?:^|[;&|({\n]|\b(?:then|do|else))[ \t]*)time(?:[ \t]+-p)?(?=[ \t]+[({][ \t\n])"),
        lambda found: found[1] + " " * (len(found[0]) - len(found[1])),
    ),  # `time ( … )`
    (re.compile(r"(?<=[ \t])[=!]=(?=[ \t])"), "aa"),  # `test a == b`
    (re.compile(r"(?<=[ \t])-(?=[ \t])"), "a"),  # `a | b - 2>c`
    (
        re.compile(r"((?:^|\s)![ \t]+)(>>?[ \t]*[^\s;&|<>()#]+)"),
        lambda found: found[1] + "a" * len(found[2]),
    ),  # `! > file`
    (re.compile(r"<>"), "< "),
    (re.compile(r"(?<![^\s;&|(])\{\w+\}(?=[<>])"), lambda found: " " * len(found[0])),  # `exec {fd}>file`
)
"""What is valid and trips tree-sitter, with what takes its place; redirections of compound commands are read by our scanner."""
_ASSIGNED = re.compile(
    r"((?:^|[;&|({\n]|\b(?:then|do|else|if|elif|while|until)|(?<=[\s;&|])!)[ \t]*(?:\w+(?:\[[^\]\s]*\])?\+?=[^\s;&|<>()]*[ \t]+)+)([0-9]*(?:>>?|&>>?)&?[ \t]*[^\s;&|<>()]+)(?=[ \t]*(?:[;&|\n)]|$))"
)
"""Assignments without a command, and a redirection of them."""
_ARRAY = re.compile(r"[A-Za-z_]\w*(?:\[[^\]\n]*\])?\+?=$")


def masked(scanner: Scanner, start: int, end: int) -> str:
    """The stretch of the scanner's text, masked; from an unclosed quote on it is left as it is."""
    text = scanner.text
    out: list[str] = []
    at = done = start
    bodies = sorted(
        (found for found in scanner.heredocs.values() if start <= found.body.start < end),
        key=lambda found: found.body.start,
    )

    def blank(upto: int, cover: str | None = None) -> None:
        nonlocal at, done
        out.append(text[done:at])
        out.append(cover if cover is not None else "a" * (upto - at))
        at = done = upto

    while at < end:
        match = _STOPS.search(text, at, end)
        if match is None:
            break
        at = match.start()
        while bodies and bodies[0].body.start <= at:  # the text of a here-document holds no words
            at = max(at, bodies.pop(0).resume)
        if at > match.start():
            continue
        try:
            upto, cover = _piece(scanner, at, start, end)
        except WordError:
            break
        if upto is None:
            at += 1
        elif cover == "":
            at = upto
        else:
            blank(min(upto, end), cover)
    out.append(text[done:end])
    made = "".join(out)
    for pattern, replacement in _FOR_TREE_SITTER:
        made = pattern.sub(replacement, made)
    made = _ASSIGNED.sub(lambda found: found[1] + " " * len(found[2]), made)
    made = _BEHIND_WORDS.sub(_plain_redirection, made)
    return _CASE_PATTERN.sub(_plain_pattern, made)


def _plain_redirection(match: re.Match[str]) -> str:
    """A redirection of a simple command in letters, as one of its words."""
    text, at = match.string, match.start()
    before = text[text.rfind("\n", 0, at) + 1 : at]
    if _NO_WORD.search(before) or _is_of_compound(text, 0, at):
        return match[0]
    return "a" * len(match[0])


def _plain_pattern(match: re.Match[str]) -> str:
    """A pattern of a `case` in letters, its alternatives left apart."""
    return match[1] + re.sub(r"[^\s|]", "a", match[2]) + ")"


def _piece(scanner: Scanner, at: int, start: int, end: int) -> tuple[int | None, str | None]:
    """What starts at `at`: where it ends, and what covers it (letters; or nothing at all is done with an empty cover)."""
    text = scanner.text
    char = text[at]
    at_word_start = at == start or text[at - 1] in " \t\n;&|()`"
    match char:
        case "#":
            if at_word_start:
                newline = text.find("\n", at, end)
                return (end if newline < 0 else newline), ""
            return None, None
        case "\\":
            return (at + 2, "  ") if text.startswith("\\\n", at) else (at + 2, None)
        case "'" | '"':
            return scanner.skip_quoted(at, end), None
        case "`":
            close = text.find("`", at + 1, end)
            if close < 0:
                raise WordError("a backtick is never closed", at)
            return close + 1, None
        case "$":
            return _dollar(scanner, at, end)
        case "<" | ">":
            if text.startswith("(", at + 1):
                return scanner.closing(at + 2, end, ")"), None
            if char == "<" and at in scanner.heredocs:
                return _heredoc(scanner, at, end, "<a" if _is_of_compound(text, start, at) else "aa")
            if (plain := _PLAIN_REDIRECTION.match(text, at, end)) and not _is_of_compound(text, start, at):
                return plain.end(), None
            if text.startswith(">&", at) and text[at + 2 : at + 3] not in "-0123456789 ":
                return at + 2, "> "
            return None, None
        case "(":
            if text.startswith("((", at) and at_word_start:
                close = scanner.arithmetic(at, end)
                loop = text[start:at].rstrip().endswith("for")  # `for ((a; b; c))`
                return close, "((" + re.sub(
                    r"[^;]" if loop else r".", "1", text[at + 2 : close - 2], flags=re.DOTALL
                ) + "))"
            if at > start and text[at - 1] in "?*+@!" and not text[at + 1 : at + 2].isspace():
                return scanner.closing(at + 1, end, ")"), None
            before = text[max(start, at - 80) : at]
            if _ARRAY.search(before):
                return scanner.closing(at + 1, end, ")"), None
            return None, None
        case "[" if at_word_start and text.startswith("[[", at) and text[at + 2 : at + 3].isspace():
            _, close = scanner.test(at, end)
            return close, "[[ " + "a" * (close - at - 6) + " ]]"
        case "[" if at_word_start and text[at + 1 : at + 2] in {" ", "\t", "!"}:
            return at + 1, "a"
    return None, None


def _dollar(scanner: Scanner, at: int, end: int) -> tuple[int | None, str | None]:
    text = scanner.text
    following = text[at + 1 : at + 2]
    if following == "(":
        return scanner.closing(at + 2, end, ")"), None
    if following == "{":
        return scanner.closing(at + 2, end, "}"), None
    if following == "[":
        return scanner.old_arithmetic(at, end) or at + 2, None
    if following == "'":
        close = at + 2
        while close < end and text[close] != "'":
            close += 2 if text[close] == "\\" else 1
        return close + 1, None
    return at + 1, None


def _is_of_compound(text: str, start: int, at: int) -> bool:
    """Whether a redirection is that of a compound command: it stands behind the end of one, in the same line."""
    return _CLOSED.search(text, max(start, text.rfind("\n", start, at)), at) is not None


def _heredoc(scanner: Scanner, at: int, end: int, operator: str) -> tuple[int, str]:
    """A here-document's redirection becomes a word, or a plain redirection; its body is blanked by `blank_bodies`."""
    found = scanner.heredocs[at]
    stop = min(found.delimiter_span.end, end)
    return stop, operator + "a" * (stop - at - 2)


def blank_bodies(scanner: Scanner, text: str, start: int) -> str:
    """The masked text with the bodies of here-documents as comments; those inside of what is masked are so already."""
    for found in scanner.heredocs.values():
        first, last = found.body.start - start, found.resume - start
        if 0 < first < last <= len(text) and text[first - 1] == "\n":
            body = scanner.text[found.body.start : found.resume]
            lines = ["#" + "a" * (len(line) - 1) if line else "" for line in body.split("\n")]
            text = text[:first] + "\n".join(lines) + text[last:]
    return text
