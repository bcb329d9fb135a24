"""Programs that read standard input though nobody meant them to: what a `while read` loop loses its lines to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.shell.operands import literals, word_set
from jobsafety_lint.meaning.shell.streams import reads_input

_SWALLOWS = word_set("ssh sshpass autossh ffmpeg mplayer mencoder HandBrakeCLI")
_REMOTE = word_set("docker podman kubectl oc docker-compose nerdctl lxc")
_SSH_QUIET = re.compile(r"-[1246AaCfGgKkMNnqsTtVvXxYy]*[nfGV][A-Za-z]*")


def swallows_input(command: Command) -> bool:  # one case a program
    """Whether a program reads all of its standard input though it was not meant to (`ssh`, `ffmpeg`), or because it was
    given no file (`cat`). Redirections of its own are looked at.
    """
    if any(operator.startswith("<") for operator, _ in command.redirects) or command.document is not None:
        return False
    words = literals(command)
    if words[:1] in (["--version"], ["--help"]):
        return False
    match command.name:
        case "ssh":
            options = []
            skip = beyond = False
            for word in words:
                if skip:
                    skip = False
                elif word.startswith("-"):
                    options.append(word)
                    skip = bool(re.fullmatch(r"-[1246AaCfGgKkMNnqsTtVvXxYy]*[BbcDEeFIiJLlmOopQRSWw]", word))
                    if skip and word.endswith(("O", "Q")):
                        return False
                elif beyond:
                    break
                else:
                    beyond = True  # options may follow the destination (ssh(1))
            text = " ".join(words)
            return not any(_SSH_QUIET.fullmatch(w) for w in options) and "StdinNull=yes" not in text
        case "ffmpeg":
            return "-nostdin" not in words and "-version" not in words
        case "mplayer" | "mencoder" | "HandBrakeCLI":
            return not any("noconsolecontrols" in w or w in {"--help", "--version"} for w in words)
        case "docker" | "podman" | "nerdctl" | "kubectl" | "oc" | "lxc" | "docker-compose":
            return _attaches_input(command.name, words)
        case "adb":
            return "shell" in words[:3] and "-n" not in words
        case "srun":
            return not any(w.startswith(("--input", "-i")) for w in words)
        case "gcloud":
            return words[:2] == ["compute", "ssh"]
        case "vagrant":
            return words[:1] == ["ssh"] and "-c" not in words
        case "bash" | "sh" | "dash" | "zsh" | "ksh" | "python" | "python3":
            return all(w.startswith("-") for w in words) and not any(
                w in {"--version", "-V", "--help", "-c", "-m"} for w in words
            )
        case "cat" | "tee" | "sort" | "wc" | "tr" | "xargs" | "tac" | "md5sum" | "mapfile" | "readarray":
            if command.name in {"mapfile", "readarray"} and any(re.match(r"-[a-zA-Z]*u", w) for w in words):
                return False
            if command.name == "xargs" and any(re.match(r"-a|--arg-file", w) for w in words):
                return False
            return reads_input(command)
        case "grep" | "egrep" | "fgrep" | "sed" | "awk" | "gawk" | "cut" | "head" | "tail":
            return reads_input(command) and bool(words)
        case "read":
            inside = command.execution.loops
            loop = command.execution.input_of
            return (
                bool(inside)
                and loop is not None
                and not any(re.match(r"-[a-zA-Z]*u", w) for w in words)
                and any(re.match(r"-[a-zA-Z]*[pn]", w) for w in words)
                and not set(words) & set(loop.variables)  # it goes on with the line
            )
    return False


def _attaches_input(name: str, words: Sequence[str]) -> bool:
    verbs = [w for w in words if not w.startswith("-")]
    if name == "docker-compose" or verbs[:1] == ["compose"]:
        return "exec" in verbs[:3]
    if name == "lxc":
        return verbs[:1] == ["exec"]
    if "exec" not in verbs[:3] and "run" not in verbs[:3]:
        return False
    before = words[: words.index("--")] if "--" in words else words
    for word in before[:12]:
        if word in {"-i", "--interactive", "--stdin"} or re.fullmatch(r"-[ti]*i[ti]*", word):
            return True
    return False


def certainly_swallows(command: Command) -> bool:
    """Whether the program reads on to the end of its input, whatever it runs."""
    return (
        command.name in _SWALLOWS
        or command.name in _REMOTE
        or command.name in {"cat", "sort", "wc", "tac", "xargs", "mapfile", "read"}
    )
