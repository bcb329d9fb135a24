"""The one scanner of words: cuts simple commands into words, assignments and redirections, and words into fragments.

Both readers tell only where commands stand; what a command is made of is read here, so that the two cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.readers.shell.heredocs import Found
from jobsafety_lint.source import HOLE_FIRST

ReadBody = Callable[[int, int], sh.Script]

_BLANK = re.compile(r"(?:[ \t\r]|\\\n)*")
_PLAIN = re.compile(r"""[^\s;&|<>()'"`\\$#?*+@!{\[\uE000-\uF8FF]+""")
_WHOLE = re.compile(r"""[ \t\r]*([^\s;&|<>()'"`\\$#?*+@!{\[\uE000-\uF8FF]+|'([^']*)')(?=[ \t\n;|)]|\Z)""")
"""A whole word of plain text, or of nothing but single quotes: most words are, and need no look at each of their letters."""
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(?:\[([^\]\n]*(?:\[[^\]\n]*\][^\]\n]*)*)\])?(\+?)=")
_TEST_OPERATOR = re.compile(r"&&|\|\||[()<>!](?=\s|[()])|[()<>]")
_REDIRECT = re.compile(r"(\d+|\{[A-Za-z_]\w*\})?(&>>|&>|<<<|<<-|<<|<&|<>|>\||>>|>&|<|>)")
_PLAIN_IN_HEREDOC = re.compile(r"[^\\$`\uE000-\uF8FF]+")
_PLAIN_IN_QUOTES = re.compile(r'[^"\\$`\uE000-\uF8FF]+')
_NAME = re.compile(r"[A-Za-z_]\w*|\d|[@*#?$!-]")
_ANSI = re.compile(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3}|c.|.)", re.DOTALL)
_ANSI_LETTERS = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "v": "\v",
}
_DECLARATIONS = frozenset({"declare", "local", "export", "readonly", "typeset", "eval"})
"""What takes arrays as arguments (bash(1), SIMPLE COMMANDS; `eval` by its source, parse.y)."""
_OPERATORS = re.compile(r"[:]?[-=+?]|##?|%%?|//?|\^\^?|,,?|@|:")
_MAX_NESTING = 40


class WordError(Exception):
    """The text is no word, command or redirection here: an unclosed quote, a stray operator. `at` says where."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class Scanner:
    """Reads words of one text. `end` bounds every search; bodies of substitutions are given to `read_body`."""

    def __init__(
        self, text: str, hole_count: int, heredocs: dict[int, Found], read_body: ReadBody, depth: int = 0
    ) -> None:
        self.text = text
        self.hole_count = hole_count
        self.heredocs = heredocs
        self.read_body = read_body
        self.depth = depth

    # --- commands --------------------------------------------------------------------------------------------------

    def simple(self, start: int, end: int) -> tuple[sh.Command, int]:
        """The simple command that starts at `start`, and where it stops.

        Raises:
            WordError: there is none.
        """
        assignments: list[sh.Assignment] = []
        words: list[sh.Word] = []
        redirects: list[sh.Redirect] = []
        at = last = start
        text = self.text
        whole = _WHOLE.match
        while True:
            found = whole(text, at, end)
            if found is not None and (words or "=" not in found[1]):
                words.append(_whole_word(found))
                at = last = found.end()
                continue
            at = self._skip_blank(at, end)
            if at >= end or text[at] in "\n;|)#":
                break
            redirect = self._redirect(at, end)
            if redirect is not None:
                redirects.append(redirect[0])
                at = last = redirect[1]
                continue
            if text[at] in "&(":
                break
            assignment = self._assignment(at, end, before_words=not words, declares=_declares(words))
            if assignment is not None:
                assignments.append(assignment)
                at = last = assignment.span.end
                continue
            word = self.word(at, end)
            words.append(word)
            at = last = word.span.end
        if last == start:
            raise WordError("no command", start)
        return sh.Command(Span(start, last), tuple(assignments), tuple(words), tuple(redirects)), last

    def redirections(self, start: int, end: int) -> tuple[tuple[sh.Redirect, ...], int]:
        """The redirections that follow a compound command which ends at `start`, and where they stop."""
        redirects: list[sh.Redirect] = []
        at = last = start
        while True:
            at = self._skip_blank(at, end)
            redirect = self._redirect(at, end) if at < end else None
            if redirect is None:
                return tuple(redirects), last
            redirects.append(redirect[0])
            at = last = redirect[1]

    def test(self, start: int, end: int) -> tuple[tuple[sh.Word, ...], int]:
        """The words of a `[[ … ]]` that starts at `start`, and where it stops.

        Raises:
            WordError: it is not closed.
        """
        at = start + 2
        words: list[sh.Word] = []
        while True:
            at = self._skip_space(at, end)
            if at >= end:
                raise WordError("`[[` is never closed", start)
            if self.text.startswith("]]", at):
                return tuple(words), at + 2
            if self.text[at] == "#" and self.text[at - 1] in "\n \t":
                newline = self.text.find("\n", at, end)
                at = end if newline < 0 else newline
                continue
            operator = _TEST_OPERATOR.match(self.text, at, end)
            if operator and not (words and words[-1].literal == "=~"):
                words.append(_operator(operator))
                at = operator.end()
                continue
            regex = bool(words) and words[-1].literal == "=~"
            word = self.word(at, end, regex=regex)
            words.append(word)
            at = word.span.end

    def elements(self, start: int, end: int) -> tuple[tuple[sh.Word, ...], int]:
        """The words of an array value that starts with `(` at `start`, and where it stops."""
        at = start + 1
        words: list[sh.Word] = []
        while True:
            at = self._skip_space(at, end)
            if at >= end:
                raise WordError("`(` is never closed", start)
            if self.text[at] == "#":
                newline = self.text.find("\n", at, end)
                at = end if newline < 0 else newline
                continue
            if self.text[at] == ")":
                return tuple(words), at + 1
            word = self.word(at, end)
            words.append(word)
            at = word.span.end

    def _skip_blank(self, at: int, end: int) -> int:
        match = _BLANK.match(self.text, at, end)
        return match.end() if match else at

    def _skip_space(self, at: int, end: int) -> int:
        while at < end:
            if self.text[at].isspace():
                at += 1
            elif self.text.startswith("\\\n", at):
                at += 2
            else:
                break
        return at

    def _redirect(self, at: int, end: int) -> tuple[sh.Redirect, int] | None:
        match = _REDIRECT.match(self.text, at, end)
        if match is None or (match[2] in "<>" and self.text.startswith("(", match.end())):
            return None
        operator = match[2]
        where = self._skip_blank(match.end(), end)
        if operator in {"<<", "<<-"}:
            found = self.heredocs.get(match.start(2))
            if found is None or not found.closed:
                raise WordError("a here-document is never closed", at)
            return self._heredoc(match, operator, found)
        if where >= end or self.text[where] in "\n;&|)":
            raise WordError(f"`{operator}` has no target", at)
        if self.text[where] == "-" and operator in {"<&", ">&"}:
            target = sh.Word(Span(where, where + 1), (sh.Literal(Span(where, where + 1), "-"),))
        else:
            target = self.word(where, end)
        return sh.Redirect(Span(at, target.span.end), operator, match[1], target), target.span.end

    def _heredoc(self, match: re.Match[str], operator: str, found: Found) -> tuple[sh.Redirect, int]:
        body = found.body
        if found.quoted:
            parts: tuple[sh.Fragment, ...] = (sh.Literal(body, self.text[body.start : body.end]),)
        else:
            parts = self._quoted_parts(body.start, body.end, heredoc=True)[0]
        document = sh.HereDocument(
            found.delimiter_span, found.delimiter, found.quoted, found.strip_tabs, body, parts
        )
        end = found.delimiter_span.end
        return sh.Redirect(Span(match.start(), end), operator, match[1], None, document), end

    def _assignment(self, at: int, end: int, *, before_words: bool, declares: bool) -> sh.Assignment | None:
        if not (before_words or declares):
            return None
        match = _ASSIGNMENT.match(self.text, at, end)
        if match is None:
            return None
        after = match.end()
        name, index, append = match[1], match[2], bool(match[3])
        if after < end and self.text[after] == "(":
            words, stop = self.elements(after, end)
            array = sh.ArrayValue(Span(after, stop), words)
            return sh.Assignment(Span(at, stop), name, array, append, index)
        if not before_words:
            return None
        if after >= end or self.text[after] in " \t\r\n;&|)" or self.text.startswith("\\\n", after):
            return sh.Assignment(Span(at, after), name, None, append, index)
        word = self.word(after, end)
        return sh.Assignment(Span(at, word.span.end), name, word, append, index)

    # --- words -----------------------------------------------------------------------------------------------------

    def word(self, start: int, end: int, *, regex: bool = False) -> sh.Word:
        """The word that starts at `start`.

        Raises:
            WordError: nothing starts here, or a quote is not closed.
        """
        parts: list[sh.Fragment] = []
        literal: list[str] = []
        literal_start = at = start
        parens = 0

        while at < end:
            plain = _PLAIN.match(self.text, at, end)
            if plain is not None:
                literal.append(plain.group())
                at = plain.end()
                continue
            char = self.text[at]
            if char == "\\":
                if self.text.startswith("\\\n", at):
                    following = self.text[at + 2 : at + 3]
                    if at + 2 >= end or following.isspace() or following in ";&|":
                        break
                else:
                    literal.append(self.text[at + 1 : min(at + 2, end)])
                at += 2
                continue
            if regex and char in "(|)":
                parens += (char == "(") - (char == ")")
                if parens >= 0:
                    literal.append(char)
                    at += 1
                    continue
            if regex and parens > 0 and (char.isspace() or char in ";&|)<>"):
                literal.append(char)
                at += 1
                continue
            if char.isspace() or char in ";&|)":
                break
            if char in "<>":
                if not self.text.startswith("(", at + 1):
                    break
            elif char == "(":
                if at > start and self.text[at - 1] in "?*+@!":
                    close = self.closing(at + 1, end, ")")
                    literal.append(self.text[at:close])
                    at = close
                    continue
                break
            fragment = self._special(at, end)
            if fragment is None:
                literal.append(char)
                at += 1
                continue
            if at > literal_start:
                parts.append(sh.Literal(Span(literal_start, at), "".join(literal)))
                literal.clear()
            parts.append(fragment)
            at = literal_start = fragment.span.end
        if at == start:
            raise WordError("no word", start)
        at = min(at, end)
        if at > literal_start:
            parts.append(sh.Literal(Span(literal_start, at), "".join(literal)))
        return sh.Word(Span(start, at), tuple(parts))

    def _special(self, at: int, end: int) -> sh.Fragment | None:
        """The quote, expansion or substitution at `at`; None if the character stands for itself."""
        text, char = self.text, self.text[at]
        if char == "'":
            close = text.find("'", at + 1, end)
            if close < 0:
                raise WordError("a single quote is never closed", at)
            return sh.SingleQuoted(Span(at, close + 1), text[at + 1 : close])
        if char == '"':
            return self._double_quoted(at, at + 1, end)
        if char == "`":
            return self._backticks(at, end)
        if char in "<>" and text.startswith("(", at + 1):
            close = self.closing(at + 2, end, ")")
            return sh.ProcessSubstitution(Span(at, close), self._body(at + 2, close - 1), char)
        if char == "$":
            return self._dollar(at, end, quoted=False)
        index = ord(char) - HOLE_FIRST
        if 0 <= index < self.hole_count:
            return sh.HoleFragment(Span(at, at + 1), index)
        return None

    def _double_quoted(self, start: int, at: int, end: int) -> sh.DoubleQuoted:
        parts, stop = self._quoted_parts(at, end, heredoc=False)
        if stop >= end:
            raise WordError("a double quote is never closed", start)
        return sh.DoubleQuoted(Span(start, stop + 1), parts)

    def _quoted_parts(self, start: int, end: int, *, heredoc: bool) -> tuple[tuple[sh.Fragment, ...], int]:
        """Fragments of double-quoted text up to the closing quote, or of a here-document's body up to `end`."""
        parts: list[sh.Fragment] = []
        literal: list[str] = []
        literal_start = at = start
        plain = _PLAIN_IN_HEREDOC if heredoc else _PLAIN_IN_QUOTES
        while at < end:
            match = plain.match(self.text, at, end)
            if match is not None:
                literal.append(match.group())
                at = match.end()
                continue
            char = self.text[at]
            if char == '"':
                break
            if char == "\\":
                following = self.text[at + 1 : at + 2]
                if following == "\n":
                    pass
                elif following and following in ("$`\\" if heredoc else '$`"\\'):
                    literal.append(following)
                else:
                    literal.append("\\" + following)
                at += 2
                continue
            fragment: sh.Fragment | None
            if char == "$":
                fragment = self._dollar(at, end, quoted=True)
            elif char == "`":
                fragment = self._backticks(at, end)
            else:
                fragment = self._special(at, end)
            if fragment is None:
                literal.append(char)
                at += 1
                continue
            if at > literal_start:
                parts.append(sh.Literal(Span(literal_start, at), "".join(literal)))
            literal.clear()
            parts.append(fragment)
            at = literal_start = fragment.span.end
        at = min(at, end)
        if at > literal_start:
            parts.append(sh.Literal(Span(literal_start, at), "".join(literal)))
        return tuple(parts), at

    def old_arithmetic(self, at: int, end: int) -> int | None:
        """Behind the `]` of the `$[ … ]` at an offset; None if there is none."""
        depth = 0
        at += 1
        while at < end:
            char = self.text[at]
            if char == "$" and self.text[at + 1 : at + 2] in {"{", "("}:
                at = self.closing(at + 2, end, "}" if self.text[at + 1] == "{" else ")")
                continue
            depth += (char == "[") - (char == "]")
            at += 1
            if not depth:
                return at
        return None

    def _dollar(self, at: int, end: int, *, quoted: bool) -> sh.Fragment | None:
        text = self.text
        following = text[at + 1 : at + 2] if at + 1 < end else ""
        if following == "(":
            if text.startswith("((", at + 1):
                close = self._arithmetic_end(at + 3, end)
                if close is not None:
                    inner = text[at + 3 : close - 2]
                    nested = tuple(self._nested(at + 3, close - 2))
                    return sh.ArithmeticExpansion(Span(at, close), inner, nested)
            close = self.closing(at + 2, end, ")")
            return sh.Substitution(Span(at, close), self._body(at + 2, close - 1))
        if following == "[":
            close = self.old_arithmetic(at, end)
            if close is not None:
                return sh.ArithmeticExpansion(Span(at, close), text[at + 2 : close - 1])
        if following == "{":
            close = self.closing(at + 2, end, "}")
            return self._braces(at, close, quoted=quoted)
        if not quoted and following == "'":
            close = at + 2
            while close < end and text[close] != "'":
                close += 2 if text[close] == "\\" else 1
            if close >= end:
                raise WordError("a single quote is never closed", at)
            return sh.SingleQuoted(Span(at, close + 1), _ansi(text[at + 2 : close]), True)
        if not quoted and following == '"':
            return self._double_quoted(at, at + 2, end)
        match = _NAME.match(text, at + 1, end)
        if match is None:
            return None
        return sh.Expansion(Span(at, match.end()), match.group())

    def _braces(self, start: int, close: int, *, quoted: bool) -> sh.Expansion:
        inner_start, inner_end = start + 2, close - 1
        inner = self.text[inner_start:inner_end]
        prefix = ""
        if len(inner) > 1 and inner[0] in "#!" and _NAME.match(inner, 1):
            prefix, inner_start = inner[0], inner_start + 1
        match = _NAME.match(self.text, inner_start, inner_end)
        name = match.group() if match else ""
        at = match.end() if match else inner_start
        if name.isdigit():
            digits = re.compile(r"\d+").match(self.text, inner_start, inner_end)
            if digits:
                name, at = digits.group(), digits.end()
        index: str | None = None
        if at < inner_end and self.text[at] == "[":
            stop = self.text.find("]", at, inner_end)
            if stop > 0:
                index, at = self.text[at + 1 : stop], stop + 1
        operator = _OPERATORS.match(self.text, at, inner_end)
        sign = operator.group() if operator else ""
        argument = self.text[at + len(sign) : inner_end]
        as_text = quoted and sign[-1:] in {"-", "=", "+", "?"}  # a single quote is one more letter there
        nested = tuple(self._nested(at, inner_end, quotes=not as_text)) if argument or index else ()
        return sh.Expansion(Span(start, close), name, index, prefix + sign, argument, nested)

    def _nested(self, start: int, end: int, *, quotes: bool = False) -> list[sh.Fragment]:
        """Expansions and substitutions in a stretch of text, whatever stands between them. `quotes`: it is no part of a
        double-quoted text, so that single quotes hide what is in them.
        """
        found: list[sh.Fragment] = []
        at = start
        while at < end:
            char = self.text[at]
            if char == "\\":
                at += 2
                continue
            if quotes and char in "'\"":
                close = self.skip_quoted(at, end)
                if char == '"':
                    found += self._nested(at + 1, close - 1)
                at = close
                continue
            fragment: sh.Fragment | None = None
            if char == "$":
                fragment = self._dollar(at, end, quoted=not quotes)
            elif char == "`":
                fragment = self._backticks(at, end)
            elif 0 <= ord(char) - HOLE_FIRST < self.hole_count:
                fragment = self._special(at, end)
            if fragment is None or isinstance(fragment, sh.SingleQuoted):
                at = fragment.span.end if fragment else at + 1
                continue
            found.append(fragment)
            at = fragment.span.end
        return found

    def _backticks(self, at: int, end: int) -> sh.Substitution:
        close = at + 1
        while close < end and self.text[close] != "`":
            close += 2 if self.text[close] == "\\" else 1
        if close >= end:
            raise WordError("a backtick is never closed", at)
        body_end = at + 1 if "\\`" in self.text[at + 1 : close] else close
        return sh.Substitution(Span(at, close + 1), self._body(at + 1, body_end), True)

    def _body(self, start: int, end: int) -> sh.Script:
        if self.depth >= _MAX_NESTING:
            raise WordError("substitutions are nested too deeply", start)
        self.depth += 1
        try:
            return self.read_body(start, end)
        finally:
            self.depth -= 1

    # --- brackets --------------------------------------------------------------------------------------------------

    def _arithmetic_end(self, at: int, end: int) -> int | None:
        """Past the `))` that closes an arithmetic expansion; None if it is a subshell in a substitution."""
        depth = 0
        while at < end:
            char = self.text[at]
            if char == "(":
                depth += 1
            elif char == ")":
                if depth == 0:
                    return at + 2 if self.text.startswith("))", at) else None
                depth -= 1
            elif char in "\"'\\":
                at = self.skip_quoted(at, end)
                continue
            at += 1
        return None

    def arithmetic(self, start: int, end: int) -> int:
        """Past a `((…))` command that starts at `start`.

        Raises:
            WordError: it is not closed by `))`.
        """
        close = self._arithmetic_end(start + 2, end)
        if close is None:
            raise WordError("`((` is never closed", start)
        return close

    def skip_quoted(self, at: int, end: int) -> int:
        """Past an escape or a quoted string that starts at `at`; past the end if it is not closed."""
        char = self.text[at]
        if char == "\\":
            return at + 2
        if char == "'":
            close = self.text.find("'", at + 1, end)
            return close + 1 if close >= 0 else end
        at += 1
        while at < end and self.text[at] != '"':
            if self.text[at] == "\\":
                at += 2
            elif self.text.startswith("$(", at):
                at = self.closing(at + 2, end, ")")
            elif self.text.startswith("${", at):
                at = self.closing(at + 2, end, "}")
            elif self.text[at] == "`":
                close = self.text.find("`", at + 1, end)
                at = close + 1 if close >= 0 else end
            else:
                at += 1
        return at + 1

    def closing(self, start: int, end: int, bracket: str) -> int:  # one scan by character
        """Past the bracket that closes what was opened before `start`: quotes, comments, here-documents and the
        patterns of `case` are passed over.

        Raises:
            WordError: there is none.
        """
        text = self.text
        depth = 0
        cases: list[int] = []
        at = start
        while at < end:
            char = text[at]
            if char in "\\'\"":
                at = self.skip_quoted(at, end)
                continue
            if char == "`":
                close = text.find("`", at + 1, end)
                at = close + 1 if close >= 0 else end
                continue
            if char == "$" and at + 1 < end and text[at + 1] in "({'":
                if text[at + 1] == "'":
                    at += 2
                    while at < end and text[at] != "'":
                        at += 2 if text[at] == "\\" else 1
                    at += 1
                    continue
                at = self.closing(at + 2, end, ")" if text[at + 1] == "(" else "}")
                continue
            if char == bracket:
                in_pattern = bracket == ")" and cases and cases[-1] == depth
                if depth == 0 and not in_pattern:
                    return at + 1
                if not in_pattern:
                    depth -= 1
            elif bracket == ")":
                if char == "(":
                    if not (cases and cases[-1] == depth and self._opens_pattern(at)):
                        depth += 1
                elif char == "#" and (at == start or text[at - 1] in " \t\n;&|("):
                    newline = text.find("\n", at, end)
                    at = end if newline < 0 else newline
                    continue
                elif char == "<" and at in self.heredocs:
                    found = self.heredocs[at]
                    at = found.delimiter_span.end
                    newline = text.find("\n", at, end)
                    if 0 <= newline <= found.body.start and ")" not in text[at:newline]:
                        at = found.resume - 1
                    continue
                elif char in "ce" and (at == start or text[at - 1] in " \t\n;&|()`{"):
                    begins = text.startswith("case", at) and text[at + 4 : at + 5].isspace()
                    if begins and _BEFORE_COMMAND.search(text, max(start - 1, 0), at) is not None:
                        cases.append(depth)
                        at += 4
                        continue
                    if cases and text.startswith("esac", at) and not text[at + 4 : at + 5].isalnum():
                        cases.pop()
                        at += 4
                        continue
            at += 1
        raise WordError(f"`{bracket}` is missing", start)

    def _opens_pattern(self, at: int) -> bool:
        before = self.text[:at].rstrip()
        return before.endswith((";;", ";&", "in"))


_BEFORE_COMMAND = re.compile(
    r"(?:^|[\n;&|(){`!]|(?<![^\s;&|(){])(?:then|do|else|if|elif|while|until|time))[ \t]*\Z"
)
"""What a reserved word stands behind (POSIX, 2.4): any other `case` is an argument."""


def _whole_word(found: re.Match[str]) -> sh.Word:
    """The word that `_WHOLE` has found."""
    span = Span(*found.span(1))
    quoted = found[2]
    part = sh.Literal(span, found[1]) if quoted is None else sh.SingleQuoted(span, quoted)
    return sh.Word(span, (part,))


def _declares(words: list[sh.Word]) -> bool:
    return bool(words) and words[0].literal in _DECLARATIONS


def _operator(match: re.Match[str]) -> sh.Word:
    span = Span(match.start(), match.end())
    return sh.Word(span, (sh.Literal(span, match.group()),))


def _ansi(text: str) -> str:
    def decode(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "xuU":
            return chr(int(code[1:], 16))
        if code[0] in "01234567":
            return chr(int(code, 8) & 0xFF)
        return _ANSI_LETTERS.get(code, code if code in "\\'\"?" else "\\" + code)

    return _ANSI.sub(decode, text)
