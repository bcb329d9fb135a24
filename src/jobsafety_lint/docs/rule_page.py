"""A rule's page on the site: what it is at a glance, and its examples with the findings marked."""

from __future__ import annotations

import re

from jobsafety_lint import registry
from jobsafety_lint.docs import markdown
from jobsafety_lint.docs.markdown import Fence
from jobsafety_lint.rule import Rule

_CODE = re.compile(r"(?<![\w`\[/-])JOB\d{3}(?![\w`\]-])")
_MARK = re.compile(r"(?P<blank>[ \t]*)(?:# )?error: (?P<codes>[A-Z]{2,8}\d{3})")
_TITLE = re.compile(r'title="([^"]+)"')
_INLINE = re.compile(r"(`+[^`]*`+|\[[^\]]*\]\([^)]*\))")
_LEXERS = {"crontab": "text", "sh": "bash"}
_FIXES = {
    "safe": "`--fix`",
    "unsafe": "`--fix --unsafe-fixes`",
    "safe or unsafe": "`--fix`; in some places `--fix --unsafe-fixes`",
}


def page(rule: Rule, text: str) -> str:
    """The page as MyST Markdown, made from the text that `jobsafety-lint rule` shows."""
    heading, _, rest = text.partition("\n")
    body = "".join(
        _prose(piece, rule) if isinstance(piece, str) else _block(piece) for piece in markdown.pieces(rest)
    )
    return f"{heading}\n\n{_glance(rule)}{body}"


def _glance(rule: Rule) -> str:
    """What the rule is in one table."""
    facts = {
        "Finds": rule.summary,
        "Severity": rule.severity.value,
        "Confidence": rule.confidence.value
        + (" (shows only with `--pedantic`)" if rule.confidence.value == "low" else ""),
        "Fix": _FIXES.get(rule.fix, "none"),
        "Suppress": f"`# jobsafety: ignore[{rule.name}] why`",
    }
    rows = "".join(f"* - {name}\n  - {value}\n" for name, value in facts.items())
    return f"```{{list-table}}\n:stub-columns: 1\n:class: glance\n\n{rows}```\n"


def _prose(text: str, rule: Rule) -> str:
    """Prose in which the codes of other rules are links to their pages."""
    names = {other.code: other.name for other in registry.built_in_rules()}

    def link(match: re.Match[str]) -> str:
        code = match[0]
        return f"[{code}](../{names[code]}/index.md)" if code in names and code != rule.code else code

    parts = _INLINE.split(text)
    return "".join(part if number % 2 else _CODE.sub(link, part) for number, part in enumerate(parts))


def _block(fence: Fence) -> str:
    """A fenced block as a `code-block`: the lines that are reported stand out and end with `← CODE`."""
    language, _, info = fence.info.partition(" ")
    text, reported = marked(fence.text)
    options = [":force:"]  # examples need not be whole programs
    title = _TITLE.search(info)
    captions = [title[1]] if title else []
    captions += ["after the fix"] if "fixed" in info.split() else []
    options += [f":caption: {', '.join(captions)}"] if captions else []
    options += [f":emphasize-lines: {','.join(map(str, reported))}"] if reported else []
    options += [":class: reported" if reported else ":class: silent"]
    lexer = _LEXERS.get(language, language)
    return "````{code-block} " + lexer + "\n" + "\n".join(options) + f"\n\n{text}````"


def marked(text: str) -> tuple[str, list[int]]:
    """An example as people read it, and the numbers of the lines that are reported.

    A mark at the end of a line becomes `# ← CODE`. One that stands alone stays there as `# ↓ CODE`, for the line below it may
    be one that holds no comment.
    """
    lines, reported = text.split("\n"), []
    for number, line in enumerate(lines, 1):
        codes = [match["codes"] for match in _MARK.finditer(line)]
        if not codes:
            continue
        alone = line.lstrip().startswith("# error:")
        rest = _MARK.sub("", line).rstrip()
        said = ("# ↓ " if alone else "  # ← ") + ", ".join(codes)
        indent = line[: len(line) - len(line.lstrip())] if alone else ""
        lines[number - 1] = f"{indent}{said}" if alone else f"{rest}{said}"
        reported.append(number + 1 if alone else number)
    return "\n".join(lines), reported
