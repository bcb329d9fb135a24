"""What becomes of words that a program joins by blanks and hands to a shell, as `pueue add` and `ssh` do.

The calling shell has taken the quotes away by then. A word comes through if the second shell reads its text as one word
with the same value: `--day=3` does, `*.csv`, `a b` and `x && y` do not, and `'a b'` (quotes inside of quotes) does again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jobsafety_lint.meaning.commands import Arg
from jobsafety_lint.meaning.execution import Loop
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.wrappers import GRAMMARS, SHELLS, peel
from jobsafety_lint.model import Confidence
from jobsafety_lint.source import Hole

OPERATORS = frozenset(
    {"&&", "||", "|", ";", "&", ">", ">>", "<", "2>", "2>>", "&>", "2>&1", ">&2", "1>&2", "!"}
)
"""Words that make sense only to a shell: whoever quotes them means them for the second one."""

_JOINERS = frozenset({"ssh", "watch", "eval", "echo"})
"""Programs that join their own words by blanks: a word that only holds blanks reaches them unharmed."""

_SPECIAL = frozenset(" \t\n;&|<>()$`\\\"'*?[]#~")
_SAFE_CODE = re.compile(
    r"@Q\}|%q|shlex\.(quote|join)|\bquote\(|\$\(\(|\$\{?[#?$!]|\$\{?(RANDOM|SECONDS|EPOCHSECONDS|UID|PPID|LINENO)\}?$"
    r"|\$\((nproc|hostname|whoami|uname|mktemp|pwd|id -u|wc -l|seq|printf)\b|:[<>=^]?[+-]?0?\d*[.,]?\d*[dfx]$|\blen\(|\bint\("
)
_DATE_FORMAT = re.compile(r"\+\s*(?:\"([^\"]*)\"|'([^']*)'|(\S+?)\)?$)")
_ENDS = re.compile(r"&&|\|\||;;|[;&|<>()`\n]|\$\(")


@dataclass(frozen=True)
class Trouble:
    """What the second shell does to a word, in words that follow the word itself, and how sure that is."""

    what: str
    confidence: Confidence
    syntax: bool = False
    """The word may be meant for the second shell."""


@dataclass(frozen=True)
class _Scan:
    """What a shell meets in a text: special characters outside of quotes, and quotes that it takes away."""

    outside: str
    holes: tuple[Hole, ...]
    open_quote: bool
    eaten: bool


def trouble(
    words: Sequence[Arg], at: int, loops: Sequence[Loop], *, file_name: bool = False
) -> Trouble | None:
    """What goes wrong with a word of a job, if anything. `file_name`: it holds a name that a wildcard has given.

    The first word is never in trouble: one with blanks in it cannot be a program, so it is text for the second shell,
    and so is all that follows.
    """
    word = words[at]
    text = word.pattern.literal
    if at == 0 or text in OPERATORS or text.startswith("#") or _is_text(words[0]):
        return None
    if not text:
        written = word.literal is not None
        return Trouble("vanishes", Confidence.HIGH if written else Confidence.LOW)
    if word.splits:
        unknown = word.quoted and not text.strip("\0")
        return (
            Trouble("falls apart where one of its words holds a blank", Confidence.LOW) if unknown else None
        )
    if _stands_in_quotes(words, at):
        return None
    scan = _scan(word.pattern)
    found = _literal_trouble(text, scan, blanks_harmless=_joined_again(words, at))
    if found is not None and found.confidence is Confidence.HIGH:
        return found
    return _hole_trouble(words, at, scan, loops, file_name=file_name) or found


def _is_text(word: Arg) -> bool:
    """Whether the first word cannot be a program: `cd x &&`, `A=1 cmd`."""
    return bool(set(word.pattern.literal.strip()) & set(" \t\n;&|<>"))


def _joined_again(words: Sequence[Arg], place: int) -> bool:
    """Whether the word at a place is one that the job's own program (ssh, echo) joins by blanks in its turn."""
    at = max((i + 1 for i in range(place) if words[i].pattern.literal in OPERATORS), default=0)
    while at < place:
        name = (words[at].text or "").rpartition("/")[2]
        if name in _JOINERS:
            return True
        peeled = peel(name, words[at + 1 :]) if name in GRAMMARS else None
        if peeled is None or not peeled.inner or peeled.inner_style != "exec":
            return False
        at = len(words) - len(peeled.inner)
    return False


def _scan(pattern: PathPattern) -> _Scan:
    """Reads a text as a shell does, without expanding anything."""
    outside: list[str] = []
    holes: list[Hole] = []
    quote = ""
    inside = ""
    eaten = False
    escaped = False
    for part in pattern.parts:
        if isinstance(part, Hole):
            if quote:
                inside += "\0"
            else:
                holes.append(part)
            escaped = False
            continue
        for char in part:
            if escaped:
                eaten = eaten or (char not in _SPECIAL and char != "!")
                escaped = False
            elif char == "\\" and quote != "'":
                escaped = True
            elif quote:
                if char == quote:
                    eaten = eaten or not (set(inside) & (_SPECIAL | {"\0"}) or not inside)
                    quote, inside = "", ""
                else:
                    inside += char
            elif char in "'\"":
                quote = char
            else:
                outside.append(char)
    return _Scan("".join(outside), tuple(holes), bool(quote) or escaped, eaten)


def _stands_in_quotes(words: Sequence[Arg], at: int) -> bool:
    """Whether quotes that one word opens and another one closes go round it in the joined text: `--title \\"Weekly report\\"`."""
    open_before, state = "", ""
    for number, word in enumerate(words):
        if number == at:
            open_before = state
        state = _quote_after(word.pattern.literal, state)
        if number == at and not open_before and not state:
            return False
    return not state


def _quote_after(text: str, quote: str) -> str:
    """The quote that a shell is in behind a text, which it began inside of `quote` (empty: none)."""
    escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
    return quote


def _literal_trouble(text: str, scan: _Scan, *, blanks_harmless: bool) -> Trouble | None:
    outside = scan.outside
    data = text[:1] in {"{", "["} and '"' in text
    end = _ENDS.search(outside)
    if end is not None:
        what = "a newline" if end.group() == "\n" else f"`{end.group()}`"
        return Trouble(f"is cut at {what}, which the job's shell takes for its own", Confidence.HIGH)
    if scan.open_quote:
        return Trouble("leaves the job's shell in an open quote", Confidence.HIGH)
    if scan.eaten or data:
        lost = "backslashes" if "\\" in text and not set(text) & set("'\"") else "quotes"
        return Trouble(f"loses the {lost} inside of it", Confidence.HIGH)
    if set(outside) & set(" \t") and not blanks_harmless:
        return Trouble(f"falls apart into {len(outside.split())} words", Confidence.HIGH)
    if "*" in outside:
        return Trouble("is expanded to file names by the job's shell", Confidence.HIGH)
    if "?" in outside and "://" not in text:
        return Trouble("is expanded to file names by the job's shell", Confidence.MEDIUM)
    if re.search(r"\$[\w{@*#?$!-]", outside):
        return Trouble("is expanded by the job's shell", Confidence.LOW, syntax=True)
    if re.search(r"\[[^\]]+\]", outside):
        return Trouble("may be expanded to file names by the job's shell", Confidence.LOW)
    return None


def _hole_trouble(
    words: Sequence[Arg], at: int, scan: _Scan, loops: Sequence[Loop], *, file_name: bool
) -> Trouble | None:
    """What values that are known only at run time may do."""
    risky = [hole for hole in scan.holes if not _is_safe(hole, loops)]
    if not risky:
        return None
    before = words[at - 1].text or ""
    whole = not words[at].pattern.literal.strip("\0")
    if whole and re.fullmatch(r"-\w*c", before) and _runs_shell(words[:at]):
        return Trouble("falls apart: the shell gets only its first word as its command", Confidence.MEDIUM)
    if any(hole.kind == "time" and not _compact(hole.text) for hole in risky):
        return Trouble("falls apart: a date has blanks in it", Confidence.MEDIUM)
    values = [v for hole in risky for v in _loop_values(hole, loops) if set(v) & _SPECIAL or not v]
    if values:
        return Trouble(f"falls apart where its value is `{values[0]}`", Confidence.MEDIUM)
    if file_name:
        return Trouble("falls apart where a file's name has a blank in it", Confidence.MEDIUM)
    return Trouble("falls apart where its value has a blank in it", Confidence.LOW)


def _runs_shell(words: Sequence[Arg]) -> bool:
    return any((word.text or "").rpartition("/")[2] in SHELLS for word in words)


def _is_safe(hole: Hole, loops: Sequence[Loop]) -> bool:
    if hole.kind in {"unique", "digest"} or _SAFE_CODE.search(hole.text):
        return True
    if hole.kind == "time" and _compact(hole.text):
        return True
    values = _loop_values(hole, loops)
    return bool(values) and not any(set(v) & _SPECIAL or not v for v in values)


def _loop_values(hole: Hole, loops: Sequence[Loop]) -> tuple[str, ...]:
    for loop in reversed(loops):
        if loop.values and hole.names == frozenset(loop.variables[:1]):
            return loop.values
    return ()


def _compact(code: str) -> bool:
    """Whether a date is written without blanks: `$(date +%F)`, `time.time()`, `strftime("%H%M")`."""
    if not re.match(r"\$\(|`", code):
        return "strftime" not in code or " " not in code.partition("strftime")[2]
    match = _DATE_FORMAT.search(code)
    form = next((group for group in match.groups() if group is not None), "") if match else " "
    compact_flag = re.search(r"\bdate\b.* (-I|--iso|--rfc-3339=date)", code) is not None
    return compact_flag or not (" " in form or "%c" in form)
