"""What option words say: those of `set`, and of a shell's own command line (bash(1), "Shell Builtin Commands")."""

from __future__ import annotations

_LONG_OPTIONS = {"errexit": "errexit", "pipefail": "pipefail"}


def shell_options(words: list[str | None]) -> dict[str, bool]:
    """What option words of `set` or of a shell's command line say of errexit and pipefail."""
    said: dict[str, bool] = {}
    at = 0
    while at < len(words):
        word = words[at] or ""
        at += 1
        if word in {"--", "-", ""} or word[0] not in "-+":
            break
        on = word[0] == "-"
        for letter in word[1:]:
            if letter == "e":
                said["errexit"] = on
            elif letter == "o" and at < len(words):
                name = _LONG_OPTIONS.get(words[at] or "")
                at += 1
                if name:
                    said[name] = on
    return said


def noclobber(words: list[str | None], before: bool) -> bool:
    """Whether `>` refuses a file that is there, after `set` with these words."""
    for at, word in enumerate(words):
        text = word or ""
        named = at + 1 < len(words) and words[at + 1] == "noclobber"
        if text[:1] in {"-", "+"} and ("C" in text[1:] or (text[1:].endswith("o") and named)):
            before = text[0] == "-"
    return before
