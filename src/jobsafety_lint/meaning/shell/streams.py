"""What programs do with their standard input, called as they are: tables and queries, for rules about pipes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from jobsafety_lint.meaning.commands import Arg, Command
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.shell.operands import grep_files, literals, operands_of, sed_scripts, word_set

READERS = word_set(
    "cat sort uniq wc tr cut sed gsed awk gawk mawk grep egrep fgrep zgrep rg head ghead tail tac tee rev nl fold fmt column paste jq "
    "yq xargs parallel read mapfile readarray md5sum sha1sum sha256sum sha512sum base64 gzip gunzip zcat bzip2 xz zstd python python3 "
    "perl ruby node bash sh dash mysql psql sqlite3 ssh tar cpio dd pv less more shuf numfmt iconv xxd od hexdump gawk cmp "
    "diff comm split csplit nc ncat socat curl patch bc openssl gpg ffmpeg mail"
)
"""Programs that read their standard input when they are given no file."""


_HEAD_VALUES = word_set("-n -c --lines --bytes")
_SED_QUIT = re.compile(r"(?:^|[;{}\n\d/!,])\s*[qQ]\s*\d*\s*(?:[;}\n]|$)")
_AWK_BEGIN = re.compile(r"\bBEGIN\s*\{|\bfunc(?:tion)?\s+\w+\s*\([^)]*\)\s*\{")
_AWK_BLOCK = re.compile(r"\bEND\s*\{")


def stops_early(command: Command) -> bool:  # one case a program
    """Whether a program, called like this, stops reading its standard input before its end."""
    words = literals(command)
    if reads_file_instead(command):
        return False
    match command.name:
        case "head" | "ghead":
            joined = [*words, *(a + b for a, b in itertools.pairwise(words) if a in _HEAD_VALUES)]
            return not any(re.match(r"-[a-z]*[nc]\s*-\d|--(?:lines|bytes)=-", w) for w in joined)
        case "grep" | "egrep" | "fgrep" | "zgrep" | "rg" | "ag" | "ggrep":
            return _grep_stops(words)
        case "sed" | "gsed":
            scripts = sed_scripts(words)
            return any(
                _SED_QUIT.search(script.replace("$q", "").replace("$!", "").replace("$ q", ""))
                for script in scripts
            )
        case "awk" | "gawk" | "mawk" | "nawk":
            return _awk_stops(words)
        case "jq":
            text = " ".join(words)
            null_input = any(re.fullmatch(r"-[a-zA-Z]*n[a-zA-Z]*|--null-input", w) for w in words)
            if null_input:
                return bool(
                    re.search(r"\bfirst\(inputs?\b|\blimit\(.*inputs\b|(?<!\w)input\b(?!s)", text)
                ) and "inputs)" not in text.replace("first(inputs)", "").replace("; inputs)", "").replace(
                    ";inputs)", ""
                )
            return bool(re.search(r"\bhalt(_error)?\b", text))
        case "read":
            return not any(re.match(r"-[a-zA-Z]*u", w) for w in words)
        case "mapfile" | "readarray":
            return any(re.match(r"-[a-zA-Z]*n", w) for w in words)
        case "perl" | "ruby":
            program = " ".join(words)
            return bool(re.search(r"-[a-z]*[np]", program)) and bool(
                re.search(r"\b(exit|last|break)\b", _AWK_BLOCK.split(program)[0])
            )
        case "dd":
            return any(w.startswith("count=") for w in words) and not any(w.startswith("if=") for w in words)
        case "python" | "python3":
            code = next((b for a, b in itertools.pairwise(words) if a == "-c"), "")
            return bool(
                re.search(r"stdin\.readline\(\)|\binput\(\)|next\(sys\.stdin\)", code)
            ) and not re.search(
                r"stdin\.read\(|for .* in sys\.stdin|stdin\.readlines|\bwhile\b|\biter\(", code
            )
    return False


def _grep_stops(words: Sequence[str]) -> bool:
    for word in words:
        if word == "--":
            break
        if word.startswith("--"):
            if word.partition("=")[0] in {
                "--quiet",
                "--silent",
                "--max-count",
                "--files-with-matches",
                "--files-without-match",
            }:
                return True
        elif re.match(r"-[a-zA-Z]*[qmlL]", re.sub(r"(?<=[ABCefdD]).*", "", word, flags=re.DOTALL)):
            return True
    return False


def _awk_stops(words: Sequence[str]) -> bool:
    operands = operands_of(words, word_set("-F -v -f --assign --field-separator"))
    program = operands[0] if operands else ""
    exits = re.findall(r"\bexit\b\s*\(?\s*(\d*)", _without_end_blocks(program))
    return any(code in {"", "0"} for code in exits)  # one that fails makes the pipeline fail by itself


def _only_begins(program: str) -> bool:
    """Whether an awk program is nothing but BEGIN blocks and functions: it reads no input then (POSIX, awk)."""
    return "BEGIN" in program and not _without_blocks(re.sub(r"#[^\n]*", "", program), _AWK_BEGIN).strip(
        " \t\n;"
    )


def _without_end_blocks(program: str) -> str:
    """An awk program without its END blocks and strings."""
    return _without_blocks(program, _AWK_BLOCK)


def _without_blocks(program: str, head: re.Pattern[str]) -> str:
    """An awk program without its strings and the blocks that begin so."""
    program = re.sub(r'"(?:[^"\\]|\\.)*"', '""', program)
    while match := head.search(program):
        depth = 0
        end = len(program)
        for at in range(match.end() - 1, len(program)):
            depth += (program[at] == "{") - (program[at] == "}")
            if not depth:
                end = at + 1
                break
        program = program[: match.start()] + program[end:]
    return program


_OPERAND_VALUES = {
    "cut": word_set("-d -f -c -b --fields --delimiter"),
    "sort": word_set("-k -t -o -S -T --key --field-separator --output"),
    "uniq": word_set("-f -s -w"),
    "nl": word_set("-b -d -f -h -i -l -n -s -v -w"),
    "column": word_set("-s -c -o -N"),
    "base64": word_set("-w"),
    "shuf": word_set("-n -o --head-count"),
    "fold": word_set("-w"),
}


def reads_file_instead(command: Command) -> bool:
    """Whether a program reads a file, or a redirection, and not the pipe or terminal it stands behind."""
    if any(operator.startswith("<") for operator, _ in command.redirects) or command.document is not None:
        return True
    words = literals(command)
    match command.name:
        case "grep" | "egrep" | "fgrep" | "zgrep" | "rg" | "ag" | "ggrep":
            recursive = any(re.match(r"-[a-zA-Z]*[rR]|--(?:dereference-)?recursive", w) for w in words)
            return recursive or bool(grep_files(words))
        case "head" | "ghead" | "tail":
            return bool([w for w in operands_of(words, _HEAD_VALUES) if w != "-"])
        case "sed" | "gsed":
            scripts = any(
                re.fullmatch(r"-[a-zA-Z]*e|--expression(=.*)?|-f|--file(=.*)?", w, re.DOTALL) for w in words
            )
            operands = operands_of(words, word_set("-e -f -l --expression --file -ne -Ee -re -nE"))
            return any(re.match(r"-[a-zA-Z]*i|--in-place", w) for w in words) or len(operands) > (
                0 if scripts else 1
            )
        case "awk" | "gawk" | "mawk" | "nawk":
            operands = operands_of(words, word_set("-F -v -f --assign --field-separator"))
            if operands and _only_begins(operands[0]):
                return True  # the input is not read
            file_program = any(w in {"-f", "--file"} for w in words)
            files = [
                w
                for w in (operands if file_program else operands[1:])
                if w != "-" and not re.match(r"\w+=", w)
            ]
            return bool(files)
        case "jq" | "yq":
            return len(operands_of(words, word_set("--arg --argjson --slurpfile --rawfile --indent -L"))) > (
                3 if "--arg" in words else 1
            )
        case (
            "cut"
            | "sort"
            | "uniq"
            | "wc"
            | "cat"
            | "tac"
            | "nl"
            | "rev"
            | "column"
            | "md5sum"
            | "sha256sum"
            | "base64"
            | "shuf"
            | "fold"
        ):
            values = _OPERAND_VALUES.get(command.name, frozenset())
            return bool([w for w in operands_of(words, values) if w not in {"-", "/dev/stdin"}])
    return False


def reads_input(command: Command) -> bool:
    """Whether a program reads its standard input, called like this."""
    return command.name in READERS and not reads_file_instead(command)


def wants_one_line(command: Command) -> bool:
    """`head -1`, `head -n 1`."""
    return command.name in {"head", "ghead"} and any(
        re.fullmatch(r"-n?\s?1|--lines=1", words)
        for words in (*literals(command), " ".join(literals(command)))
    )


def leaves_of(stage: Sequence[Command]) -> list[Command]:
    """The commands of a stage that run nothing further themselves and do more than change the shell's state."""
    wrappers = {id(w) for c in stage for w in c.outer}
    quiet = {
        "cd",
        "set",
        "local",
        "export",
        "declare",
        ":",
        "true",
        "return",
        "exit",
        "break",
        "continue",
        "[",
        "test",
        "shift",
        "false",
    }
    return [c for c in stage if id(c) not in wrappers and c.name not in quiet and not _prints_elsewhere(c)]


def _prints_elsewhere(command: Command) -> bool:
    """Whether what a command prints does not go down the pipe: `> file`, `>&2`."""
    return any(
        _descriptor(target) in {"", "1", "&"} for operator, target in command.redirects if operator in _OUTPUT
    ) or any(
        operator == ">&" and arg.text == "2" and _descriptor(arg) in {"", "1"}
        for operator, arg in command.redirects
    )


_OUTPUT = word_set("> >> >| &> &>>")


def _descriptor(target: Arg) -> str:
    """The descriptor in front of a redirection, as written: `2` of `2>/dev/null`, `&` of `&>log`."""
    before = target.place.source.text[max(0, target.place.span.start - 8) : target.place.span.start]
    match = re.search(r"(\d+|&)?(?:>>|>\||>&|>)[ \t]*$", before)
    return (match[1] or "") if match else ""


def prints_nowhere(command: Command) -> bool:
    """Whether standard output is redirected away."""
    return _prints_elsewhere(command)


_KUBERNETES_NAMES = re.compile(
    r"custom-columns=\w+:\.?metadata\.(?:name|namespace)$|jsonpath=\S*\.metadata\.name\b[^.]*$"
)
"""What asks a cluster for nothing but names of resources, which are those of DNS
(https://kubernetes.io/docs/concepts/overview/working-with-objects/names/), whatever the program is called here.
"""


_FIRST_COLUMN = {"awk": re.compile(r"\{ *print \$1 *\}"), "cut": re.compile(r"-f ?1\b(?![,-])")}
_DROPS_LINES = word_set("sed tail grep egrep")
"""What stands between a table and the program that cuts a column out of it."""


def cuts_out_names(asking: Sequence[Command], cutting: Command) -> bool:
    """Whether the first column of a table of a cluster is cut out, the names: `kubectl get pod | sed 1d | awk '{print $1}'`. With
    other columns asked for, or the resources of all namespaces, it may be something else.
    """
    table, *between = asking or [cutting]
    words = literals(table)
    if table.name not in {"kubectl", "oc"} or "get" not in words:
        return False
    if any(re.match(r"-\w*[oAL]|--output|--all-namespaces|--label-columns", word) for word in words):
        return False
    column = _FIRST_COLUMN.get(cutting.name)
    plain = all(command.name in _DROPS_LINES for command in between)
    return plain and column is not None and column.search(" ".join(literals(cutting))) is not None


_PLAIN_LINES = re.compile(r"[\w.,:+@/ \n-]*")
_GO_FIELDS = re.compile(r"\{\{(.*?)\}\}")
_GO_NAMES = re.compile(r"\.(\w+)")
_PLAIN_GO = word_set("ImportPath Name TestGoFiles XTestGoFiles GoFiles Standard")
"""Fields of `go list -f` that hold names without special characters, or are only asked whether they are empty."""
_PLAIN_ANSWERS = re.compile(r"\$\((?:ip|pgrep|pidof|seq|nproc) ")


def _is_plain_answer(value: PathPattern) -> bool:
    """Whether a variable holds what a program has printed that prints nothing but plain words."""
    only = value.holes[0] if len(value.parts) == len(value.holes) == 1 else None
    return only is not None and _PLAIN_ANSWERS.match(only.text) is not None


def hands_out_plain_words(command: Command) -> bool:
    """Whether a program prints nothing but plain numbers or names without special characters."""
    words = literals(command)
    if command.name in {"seq", "nproc", "pgrep", "pidof"}:
        return True
    verbs = [word for word in words if not word.startswith("-")]
    if any(_KUBERNETES_NAMES.search(word) for word in words) or (
        command.name in {"kubectl", "oc"}
        and re.search(r"(?:^| )(?:-o|--output)[ =]?name(?: |$)", " ".join(words))
    ):
        return True
    match command.name:
        case "ip":
            return True  # addresses, and names of devices
        case "cat":
            return command.document is not None and _PLAIN_LINES.fullmatch(command.document.text) is not None
        case "go":
            shown = {
                name
                for word in words
                for part in _GO_FIELDS.findall(word)
                for name in _GO_NAMES.findall(part)
            }
            plain = not any(w.startswith(("-json", "-m")) for w in words) and shown <= _PLAIN_GO
            return verbs[:1] == ["list"] and plain
        case "docker" | "podman":
            return any(re.match(r"-[a-z]*q|--quiet", w) for w in words)
        case "git":
            ids = any(re.fullmatch(r"--(?:pretty|format)=(?:t?format:)?%[hH]", w) for w in words)
            named = any(w.startswith(("--abbrev-ref", "--symbolic", "--show", "--git")) for w in words)
            return ids or (verbs[:1] in (["rev-list"], ["rev-parse"]) and not named)
    text = " ".join(words)
    if command.name == "echo" and len(command.args) == 1 and _is_plain_answer(command.args[0].pattern):
        return True
    if command.name in {"echo", "printf"}:
        return bool(words) and re.fullmatch(r"[\w.,%{}\\ :+@-]*", text) is not None and "%q" not in text
    if command.name in {"grep", "egrep", "rg"}:
        return any(re.match(r"-[a-zA-Z]*o", w) for w in words) and bool(
            re.search(r"(^|\s)'?\[0-9\]\+|\\d\+", text)
        )
    return False
