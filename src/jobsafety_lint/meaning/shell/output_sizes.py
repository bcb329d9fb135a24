"""How much programs print, and whether they come to an end: tables and heuristics, for rules about pipes.

Sizes are meant for the question "is the reader gone before the writer has written all?". One write of at most 4 KiB is
practically never cut; from there to the pipe's 64 KiB it is a race, above it is certain (measured with bash 5.2; pipe(7)).
"""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Sequence

from jobsafety_lint.meaning.commands import Command
from jobsafety_lint.meaning.shell.operands import (
    grep_files,
    grep_operands,
    literals,
    operands_of,
    sed_scripts,
    word_set,
)
from jobsafety_lint.meaning.shell.streams import READERS


class Size(enum.Enum):
    """How much a command prints. `SMALL`: so little that it is written at once; `LARGE`: it may be any number of lines."""

    SMALL = "small"
    UNKNOWN = "unknown"
    LARGE = "large"


_SMALL = word_set(
    "basename dirname date uname hostname pwd id whoami groups stat wc readlink realpath which type command nproc getconf "
    "tput uptime lsb_release arch tty umask md5sum sha1sum sha256sum sha512sum b2sum cksum sum true false test [ expr bc "
    "nvidia-smi free df getent file locale sw_vers pgrep ip ifconfig route mktemp jobs ulimit shasum sysctl lscpu "
    "printenv timedatectl hostnamectl loginctl pidof getopt xdg-user-dir pkg-config java javac node rustc gcc g++ clang "
    "cc dmidecode openssl ssh-keygen mountpoint findmnt blkid numfmt jobs vercmp sleep "
    "read exit return break continue shift let local export declare set unset cd mkdir rm mv cp ln touch chmod uuidgen "
    "cowsay figlet say logname tzselect gpgconf ssh-add pwgen dig host nslookup ping sha224sum "
    "notify-send logger scutil systemd-detect-virt runlevel who w users acpi wmctrl "
    "xdotool xrandr setxkbmap pacmd pactl amixer playerctl dropbox crontab"
)
"""Programs that print a few lines: what they write fits into one write(2), before the reader can be gone."""

_LARGE = word_set(
    "cat zcat gzcat bzcat xzcat zstdcat gunzip bunzip2 unxz unzip tar find fd fdfind ls tree du locate yes seq journalctl dmesg "
    "strings objdump readelf nm ldd lsof ps netstat ss history mysql psql sqlite3 clickhouse-client clickhouse aws gsutil "
    "gcloud az kubectl docker podman dpkg rpm apt apt-cache dnf yum brew pip pip3 conda curl wget rclone rsync hadoop hdfs sort "
    "diff sdiff comm join paste shuf xxd od hexdump base64 samtools bcftools squeue sacct scontrol sinfo qstat "
    "launchctl tshark tcpdump last lastlog git hg svn zipinfo ar cpio 7z pueue env"
)

_ABOUT_ITSELF = word_set("--version -version version --help help --usage")
_ABOUT_ITSELF_SHORT = word_set("-V -h")
"""What a program is asked about itself with; the short ones mean other things beside other words (`sort -V`, `du -h /data`)."""
_SMALL_GIT = word_set(
    "rev-parse describe config symbolic-ref remote merge-base worktree stash submodule hash-object"
)
_SHORT_ANSWERS = {
    "tmux": word_set("ls list-sessions display-message has-session"),
    "alembic": word_set("current heads"),
}
_SMALL_FILE = re.compile(
    r"(/proc/(?!.*kmsg)|/sys/|/etc/).*|.*(VERSION|version(\.\w+)?|\.pid|\.toml|\.cfg|\.ini|\.conf|\.env|\.?gitignore|package\.json|setup\.py|Dockerfile|Makefile|\.sha256|\.md5)",
    re.IGNORECASE | re.DOTALL,
)
"""Files that are a few lines, or a page, long."""

KEEPS_SIZE = word_set(
    "grep egrep fgrep zgrep ggrep rg sed gsed awk gawk mawk cut tr sort uniq rev tac cat column paste nl fold expand unexpand jq yq "
    "xargs tee perl iconv base64 zcat gunzip strings shuf fmt stdbuf ruby python python3 pv col ansifilter while"
)
"""Programs that print about as much as they read; where what they read is little, so is what they print."""

_FILTERS = KEEPS_SIZE - word_set("python python3 perl ruby")
STREAMS = word_set(
    "grep egrep fgrep sed awk gawk mawk cat cut tr tee rev nl expand fold pv stdbuf iconv zcat gunzip perl"
)
"""Programs that write while they still read: when their reader is gone, so is the reader of the stage before."""


_FINITE = _LARGE - word_set("yes tcpdump tshark journalctl kubectl docker podman curl wget ssh") | word_set(
    "grep egrep fgrep sed awk cut tr uniq echo printf jq git wc head column"
)


def _reads_a_variable(command: Command) -> bool:
    """Whether a filter reads a here-string that holds little: `jq -r '.labels[].name' <<< "$details"`."""
    given = [arg for operator, arg in command.redirects if operator == "<<<"]
    return bool(given) and not any(_holds_much(arg.pattern.holes) for arg in given)


def _told_by_what_is_open(command: Command, words: Sequence[str]) -> Size | None:
    """What the size depends on beside the program: what another one prints, an endless device; None if it is the program's."""
    if _is_open(command.name, words):
        return Size.UNKNOWN
    endless = any(operator == "<" and arg.text in _ENDLESS for operator, arg in command.redirects)
    endless = endless or (
        command.name == "dd" and any(word.removeprefix("if=") in _ENDLESS for word in words)
    )
    return Size.LARGE if endless else None


_ENDLESS = frozenset({"/dev/urandom", "/dev/random", "/dev/zero"})
"""Devices that give as much as is asked for: whoever filters them writes until nobody reads any more."""


def output_size(command: Command, small_programs: frozenset[str] = frozenset()) -> Size:  # one case a program
    """How much a command prints that reads nothing, or something long."""
    words = literals(command)
    operands = [word for word in words if not word.startswith("-")]
    name = command.name
    if name in small_programs or name in _SMALL or _asks_about_itself(name, words):
        return Size.SMALL
    told = _told_by_what_is_open(command, words)
    if told is not None:
        return told
    small = False
    match name:
        case "echo" | "printf":
            if any(_holds_much(arg.pattern.holes) for arg in command.args):
                return Size.LARGE
            small = True
        case "git":
            small = _git_is_small(words)
        case "ls":
            return _size_of_ls(words, operands)
        case "find":
            return _size_of_find(words)
        case "tail" | "head":
            lines = re.compile(r"-\d{1,2}|-n\d{1,2}|\d{1,2}|--lines=\d{1,2}|-c\d{1,3}|-c")
            small = any(lines.fullmatch(w) for w in words) or not any(w.startswith("-") for w in words)
        case "seq":
            last = operands[-1] if operands else ""
            small = last.isdigit() and int(last) <= 900
        case "cat":
            small = bool(operands) and all(
                _is_small_file(command, at) for at, w in enumerate(words) if not w.startswith("-")
            )
        case "grep" | "egrep" | "fgrep" | "zgrep" | "ggrep":
            small = _matches_few(words)
        case "sed" | "awk" | "gawk" | "cut" | "tr" | "sort":
            small = name == "sed" and _prints_a_range(words)
            small = small or (
                len(operands) > (name not in {"sort", "cut"})
                and bool(_SMALL_FILE.fullmatch(operands[-1]) or _named_small(command, len(words) - 1))
            )
        case "jq" | "yq":
            program = operands[0] if operands else ""
            small = bool(program) and not re.search(
                r"\[\]|to_entries|keys|^\.$|\brecurse\b|\.\.|\bmap\(|\bselect\(", program
            )
        case "curl":
            small = any(
                re.fullmatch(r"-[a-zA-Z]*I[a-zA-Z]*|--head", w)
                or (
                    not w.startswith("-")
                    and "/" in w
                    and (
                        _SMALL_FILE.fullmatch(w.partition("?")[0]) or _HEALTH.search(w) or _ONE_LINE.search(w)
                    )
                )
                for w in words
            ) or "%{http_code}" in " ".join(words)
        case "dpkg" | "rpm" | "pip" | "pip3" | "conda" | "apt" | "apt-cache":
            small = any(w in {"-s", "-q", "show", "policy", "-V", "--show", "--status"} for w in words)
            small = small or any(w.startswith("--print-") for w in words)
            small = small or operands[:2] in (["info"], ["env", "list"])
        case "brew" | "kubectl" | "oc":
            small = operands in _LINES_OF_BREW if name == "brew" else _asks_for_a_page(words)
        case "docker" | "podman" | "docker-compose":
            small = _asks_docker_for_little(words)
            small = small or _asks_one_value(words)
        case "squeue" | "sacct" | "sstat" | "bjobs" | "qstat" | "scontrol":
            small = _asks_for_one_job(name, words)
        case "systemctl" | "sv" | "service" | "rc-service" | "supervisorctl":
            small = any(
                w in {"is-active", "is-enabled", "show", "status", "is-failed"} for w in words
            ) and bool(operands[1:])
        case (
            "mysql" | "psql" | "sqlite3" | "clickhouse-client" | "clickhouse-local" | "clickhouse" | "gcloud"
        ):
            small = _asks_one_value(words) or (name == "psql" and any(map(_LISTS_DATABASES.fullmatch, words)))
        case "ps":
            small = any(re.match(r"-[a-zA-Z]*[pC]$|-[pq]\d|--pid", w) for w in words)
        case "tmux" | "alembic":
            small = not _SHORT_ANSWERS[name].isdisjoint(words)
    if small or (name in KEEPS_SIZE and _reads_a_variable(command)):
        return Size.SMALL
    return Size.LARGE if name in _LARGE or _hands_on_a_file(name, words, operands) else Size.UNKNOWN


def _hands_on_a_file(name: str, words: Sequence[str], operands: Sequence[str]) -> bool:
    """Whether a filter prints about as much as the file that it is given: `cut -f 3 data.tsv`."""
    if name == "cut":
        return len(operands_of(words, word_set("-f -d -c -b --fields --delimiter --characters"))) == 1
    return name in {"tac", "rev", "nl", "uniq"} and len(operands) == 1


def _asks_about_itself(name: str, words: Sequence[str]) -> bool:
    """`app --version`, `app help`, `app run -h`; the word of a filter may be what it looks for (`grep version`)."""
    if list(words) == ["--version"] and name not in {"echo", "printf"}:
        return True
    if name in {"cat", "ls", "find", "echo", "printf", "docker", "git"}:
        return False
    if name in _FILTERS:
        return len(words) == 1 and words[0].startswith("--") and words[0] in _ABOUT_ITSELF
    if len(words) == 1 and words[0] in _ABOUT_ITSELF_SHORT:
        return True
    asked = {*words[:1], *words[-1:]}
    return bool(asked & _ABOUT_ITSELF) or (
        name not in _LARGE and not _ABOUT_ITSELF_SHORT.isdisjoint(words[-1:])
    )


def _is_open(name: str, words: Sequence[str]) -> bool:
    """Whether the arguments of a program that may print much leave open whether it does."""
    match name:
        case "git":
            return _lists_some_tags(words)
        case "kubectl" | "oc" | "docker" | "podman" | "docker-compose":
            return not {"exec", "run", "debug"}.isdisjoint(words[:4])  # it prints what another program does
    return False


def _size_of_ls(words: Sequence[str], operands: Sequence[str]) -> Size:
    if any("d" in w[1:] for w in words if w.startswith("-") and not w.startswith("--")):
        return Size.SMALL
    if len(operands) != 1:
        return Size.LARGE
    if _LISTED.match(operands[0]) or _BUILT.search(operands[0]):
        return Size.SMALL
    return Size.UNKNOWN if _OF_ONE_KIND.search(operands[0]) else Size.LARGE


def _size_of_find(words: Sequence[str]) -> Size:
    if "-quit" in words or dict(itertools.pairwise(words)).get("-maxdepth") == "0":
        return Size.SMALL
    if _finds_settings(words) or _looks_beside(words):
        return Size.SMALL
    return Size.UNKNOWN if _finds_few(words) else Size.LARGE


def _finds_few(words: Sequence[str]) -> bool:
    """`find DIR -maxdepth 1 -name 'report-*'`: files of one folder that have a part of their name in common; folders that are
    asked for by their names.
    """
    given = dict(itertools.pairwise(words))
    alike = given.get("-maxdepth") == "1" and re.search(r"\w{5}", given.get("-name", "")) is not None
    named = any(option in given for option in ("-name", "-iname", "-regex", "-iregex"))
    return alike or (given.get("-type") == "d" and named)


def _finds_settings(words: Sequence[str]) -> bool:
    """`find /etc/apt/sources.list.d -maxdepth 1 …`: files of one folder of settings."""
    return (
        words[:1] != []
        and words[0].startswith("/etc/")
        and dict(itertools.pairwise(words)).get("-maxdepth") == "1"
    )


def _looks_beside(words: Sequence[str]) -> bool:
    """`find /boot /efi -maxdepth 1 -name grub.cfg`, `find . -maxdepth 1 -name "$base"`: a line for each folder at most."""
    given = dict(itertools.pairwise(words))
    name = given.get("-name", "")
    whole = name == "\0" or re.search(r"[*?\[\0]", name) is None
    return given.get("-maxdepth") == "1" and bool(name) and whole


def _as_glob(expression: str) -> str:
    """The last part of a path that find's `-regex` asks for, roughly as a glob: `.*/cri-o\\.tar` as `cri-o.tar`."""
    last = expression.rpartition("/")[2].removeprefix(".*")
    return last.replace("\\", "").replace(".*", "*")


def finds_by_name(command: Command) -> bool:
    """`find DIR -name meter.so`, `find dist -name 'rain_gauge-*.whl'`, `find bin -name "$program*"`: a name that one file has,
    or one in every folder; `-path '*/bin/meter'`.
    """
    given = dict(itertools.pairwise(literals(command)))
    paths = (given.get(option, "") for option in ("-path", "-ipath", "-wholename"))
    name = given.get("-name") or given.get("-iname") or next((p.rpartition("/")[2] for p in paths if p), "")
    name = name or _as_glob(given.get("-regex") or given.get("-iregex") or "")
    certain = re.split(r"[*?\[]", name, maxsplit=1)[0]
    return (
        command.name == "find"
        and bool(certain)
        and (certain == name or len(certain) >= 5 or certain.startswith("\0"))
    )


_MANY_DOCUMENTS = word_set("cat zcat tail head journalctl grep jq yq awk sed parallel xargs")
"""Programs that may give any number of documents of JSON, one after the other."""
_ONE_MEMBER = re.compile(r"(?:\.[A-Za-z_]\w*)+")


def picks_one(command: Command, writers: Sequence[Command]) -> bool:
    """Whether a jq takes one member of what a program answers, one document mostly: `curl … | jq -r '.title'`."""
    asked = [word for word in literals(command) if not word.startswith("-")]
    plain = command.name in {"jq", "yq"} and len(asked) == 1 and _ONE_MEMBER.fullmatch(asked[0]) is not None
    return plain and bool(writers) and writers[-1].name not in _MANY_DOCUMENTS


_PICKS = re.compile(r"\bselect\([^()]*(?:==|\btest\(|\bstartswith\(|\bcontains\()(?!.*\[\])", re.DOTALL)
"""A choice with no list behind it that is taken apart again."""


_GREPS = word_set("grep egrep fgrep zgrep ggrep rg")


def narrows(command: Command) -> bool:
    """Whether a filter lets only few lines through: a grep for a value that is at hand (`grep "tag: $tag"`), a jq that picks
    members by what they are (`select(.name == "cd")`).
    """
    if command.name in {"jq", "yq"}:
        return any(_PICKS.search(word) for word in literals(command))
    if command.name not in _GREPS:
        return False
    words = literals(command)
    if _is_inverted(words):
        return False
    pattern = next(iter(grep_operands(words)), "")
    return "\0" in pattern and re.search(r"\w", pattern) is not None


_API_CLIENTS = word_set("curl wget gh kubectl oc aws az gcloud http")


def picks_from_answer(stages: Sequence[Sequence[Command]]) -> bool:
    """Whether a jq takes values out of what a server answers, a page of resources mostly: `curl … | jq -r '.items[].ip'`."""
    first, last = stages[0], stages[-1]
    asks = bool(first) and all(command.name in _API_CLIENTS for command in first[-1:])
    return asks and bool(last) and last[-1].name in {"jq", "yq"}


def picks_from_page(stages: Sequence[Sequence[Command]]) -> bool:
    """Whether two greps in a row pick lines of one page: `curl … | grep href | grep "$release"`."""
    first, *between = [stage[-1] if stage else None for stage in stages]
    return (
        first is not None
        and first.name in {"curl", "wget"}
        and len(between) > 1
        and all(c is not None and c.name in _GREPS and not _is_inverted(literals(c)) for c in between[-2:])
    )


def _is_inverted(words: Sequence[str]) -> bool:
    """Whether a grep lets the other lines through."""
    return any(re.match(r"-[a-zA-Z]*v|--invert-match", word) for word in words)


def _lists_some_tags(words: Sequence[str]) -> bool:
    """`git tag --points-at HEAD`, `git tag --contains X`, `git tag --no-merged`: those of some commits; `git tag -l "$minor.*"`: those
    of one series.
    """
    verbs = operands_of(words, word_set("-C -c --git-dir --work-tree"))
    some = any(word.startswith(("--no-", "--contains", "--points-at")) for word in words)
    series = any(re.match(r"[^*?\[]*(?:\0|\w{3})", word) for word in verbs[1:])
    return verbs[:1] == ["tag"] and (some or series)


def _git_is_small(words: Sequence[str]) -> bool:
    values = word_set("-C -c --git-dir --work-tree")
    verbs = operands_of(words, values)
    verb = verbs[0] if verbs else ""
    if verb in _SMALL_GIT or (not verbs and "--version" in words) or verb == "version":
        return True
    if verb == "tag" and not {"-l", "--list"}.isdisjoint(words):  # of a name there is one
        return len(verbs) > 1 and not any(set(word) & set("*?[") for word in verbs[1:])
    if verb == "ls-remote":  # the refs that are asked for: `git ls-remote origin "refs/tags/$tag"`
        return any("*" not in word for word in verbs[2:])
    if verb == "branch":
        return "--show-current" in words
    if verb == "show-ref":  # of a name there are as many as there are remotes
        return bool(verbs[1:])
    if verb == "status":
        long = any(
            w.startswith("--porcelain") or w in {"-s", "--short", "-sb"} for w in words
        )  # a line a file
        return bool(verbs[1:]) or not long
    if verb in {"log", "show", "rev-list"}:
        return any(re.fullmatch(r"-1|-n1|--max-count=1|-\d|-n\d|--count|-s", w) for w in words) or any(
            a == "-n" and re.fullmatch(r"\d", b) for a, b in itertools.pairwise(words)
        )
    return "--shortstat" in words


def _asks_docker_for_little(words: Sequence[str]) -> bool:
    """`docker inspect`, `docker ps`, `docker image ls`: a line for each container, image, …"""
    verbs = operands_of(words)[:2]
    lists = verbs[:1] in (["image"], ["container"], ["volume"], ["network"]) and verbs[1:] == ["ls"]
    asks = not {"inspect", "port", "version", "info", "ps", "images"}.isdisjoint(words[:2])
    return (lists or asks) and "--no-trunc" not in words


def _asks_for_one_job(name: str, words: Sequence[str]) -> bool:
    """`sacct -j "$id"`, `scontrol show job "$id"`, `qstat "$id"`: a batch system's lines about one job."""
    operands = operands_of(words)
    if name == "scontrol":
        return operands[:1] == ["show"] and len(operands) > 2
    if name in {"bjobs", "qstat"} and operands:
        return True
    return any(re.match(r"-j|--jobs?\b", word) for word in words)


_LINES_OF_BREW = (["tap"], ["config"], ["services", "list"])
"""What brew answers with a line a tap or service, or with a page."""
_LISTED = re.compile(r"/(?:etc|sys|boot|lib/modules|usr/src|run|var/run)/")
"""Folders of the system that hold a few files each."""
_BUILT = re.compile(
    r"(?:^|/)(?:dist|build|release|wheelhouse|pkg)/[^/]*\*[^/]*\.(?:whl|deb|rpm|apk|tar\.\w+|tgz|zip|dmg|exe|msi|jar)$"
    r"|^[^/*][^*]*/\*[^/*]*\.(?:whl|deb|rpm|apk|dmg|msi)$"
)
"""Packages that a build has made: a handful, whose names are written at once."""
_OF_ONE_KIND = re.compile(r"\*[^/]*\.\w+$|\w{3}[^/]*\*[^/]*$")
"""Files of one folder that have a part of their name in common: `dumps/*.zip`, `log/thor.*.log`."""
_HEALTH = re.compile(r"/(?:health(?:z|check)?|livez?|readyz?|ping|alive)/?[\"']?(?:\?|$)", re.IGNORECASE)
"""Addresses under which a server says in a word that it is well."""
_ONE_LINE = re.compile(
    r"//(?:metadata\.google\.internal|169\.254\.169\.254)/|//pypi\.org/pypi/[^/]+(?:/[^/]+)?/json[\"']?$"
)
"""Addresses whose answer is a value or a few (the metadata of a machine in a cloud), or one line of JSON: a reader that goes by
lines has read all of it before it can stop.
"""
_KUBECTL_VALUES = word_set(
    "-n --namespace -o --output -c --container --context --kubeconfig --cluster --user --template --request-timeout -s --server"
)


_FEW_RESOURCES = word_set(
    "nodes node no namespaces namespace ns storageclasses storageclass sc ingressclasses ingressclass"
)
"""What a cluster has a page of, a line each."""


def _asks_for_a_page(words: Sequence[str]) -> bool:
    """`kubectl describe "pod/$name"`, `kubectl get pod "$name"`, `kubectl get nodes`: a page, which is written at once."""
    operands = operands_of(words, _KUBECTL_VALUES)
    verb, named = operands[:1], operands[1:]
    whole = any(re.match(r"(?:-o|--output=?)?(?:json|yaml)$", word) for word in words)
    many = any(re.match(r"-w$|--watch|-f|-l|-A$|--filename|--selector|--all", word) for word in words)
    if verb not in (["describe"], ["get"]) or many or (verb == ["get"] and whole):
        return False
    if verb == ["get"] and named[:1] and named[0] in _FEW_RESOURCES:
        return True
    return len(named) == 2 if "/" not in "".join(named) else len(named) == 1


_LISTS_DATABASES = re.compile(r"-[qtAxXwW]*l[qtAxXwW]*|--list")
"""`psql -lqt`: a line a database."""
_ONE_ATTRIBUTE = re.compile(r"--format=(?:get|value)\(|get-value$")
"""How gcloud is asked for attributes: https://cloud.google.com/sdk/gcloud/reference/topic/formats"""


def _asks_one_value(words: Sequence[str]) -> bool:
    """A query for one row, an attribute of one resource."""
    if any(_ONE_ATTRIBUTE.match(word) for word in words):
        return "list" not in words
    text = " ".join(words)
    return bool(
        re.search(
            r"(?i)\bselect\s+(\d|count\s*\(|version\s*\(|max\s*\(|min\s*\(|now\s*\(|1\b|exists\b)", text
        )
    )


def _prints_a_range(words: Sequence[str]) -> bool:
    """`sed -n 5p`, `sed -n "${a},${b}p"`, `sed -n '2,9p'`: some lines of a file."""
    for script in sed_scripts(words):
        match = re.fullmatch(r"\s*(\d+|\0|\$)\s*(?:,\s*(\+?\d+|\0\+?\d*|\0))?\s*p?\s*;?\s*(?:p)?", script)
        if match and (
            match[2] is None
            or not match[2].isdigit()
            or not match[1].isdigit()
            or int(match[2]) - int(match[1]) < 60
        ):
            return True
    return False


def _is_small_file(command: Command, at: int) -> bool:
    return bool(_SMALL_FILE.fullmatch(literals(command)[at])) or _named_small(command, at)


def _named_small(command: Command, at: int) -> bool:
    """A file that is known by a variable's name only: `"$GITIGNORE"`, `$version_file`, `$PIDFILE`."""
    text = re.sub(r"[\"'${}]", "", command.args[at].place.text)
    return bool(
        re.fullmatch(
            r"(?i)\w*(gitignore|version|version_?file|pid_?file|pidfile|lock_?file|config_?file|conf_?file)",
            text,
        )
    )


def _matches_few(words: Sequence[str]) -> bool:
    """Whether a grep in named files prints a few lines, as the search for a setting does; one through a tree or a log
    may print many.
    """
    if any(re.match(r"-[a-zA-Z]*[cqm]|--count|--max-count|--quiet", word) for word in words):
        return True
    recursive = any(
        re.match(r"-[a-zA-Z]*[rR]", word) or word in {"--recursive", "--include"} for word in words
    )
    context = re.compile(r"-[a-zA-Z]*[ABC]\s*(\d+)")
    joined = [*words, *(a + b for a, b in itertools.pairwise(words) if re.fullmatch(r"-[ABC]", a))]
    if any((m := context.fullmatch(w)) and int(m[1]) >= 60 for w in joined):
        return False
    files = grep_files(words)
    loose = bool(grep_operands(words)) and grep_operands(words)[0] in {"", ".", "^", ".*"}
    return (
        bool(files)
        and not recursive
        and not loose
        and not any(
            re.search(r"\.log|\.jsonl?\b|\.csv|\.tsv|\*|\.gz|/dict|/text$", file)
            for file in files
            if not file.startswith("/etc/")
        )
    )


_MUCH = re.compile(
    r"\s*(?:sudo\s+)?(cat|ls|find|fd|git\s+(?:log|ls-files|ls-tree|diff|status|grep)|journalctl|docker logs|pueue|kubectl\s+(?:logs|describe|get\b.*(?:json|yaml))|zcat|tar|unzip|sort|"
    r"dpkg -l|aws|gsutil|grep -r|rg|seq|dmesg|strings|rpm -qa|pip list|pip freeze|squeue|sacct)\b"
)


def _holds_much(holes: Sequence[object]) -> bool:
    """Whether a printed variable may hold the output of a command that prints much."""
    for hole in holes:
        text = getattr(hole, "text", "")
        if getattr(hole, "kind", "") != "command" or not text.startswith(("$(", "`")):
            continue
        inner = text[2:-1] if text.startswith("$(") else text[1:-1]
        if not _MUCH.match(inner):
            continue
        shrunk = re.search(
            r"\|\s*(head|tail|wc|grep -c|md5sum|sha256sum|jq -r)|--version|basename|dirname|-maxdepth 0|\bls -\w*d|-quit|git log -(n ?)?1\b|--max-count=1"
            r"|-(n ?)?1\b|http_code|ps -p|ps -o|-m ?1\b|curl -\w*I|status\)?$",
            inner,
        )
        first_file = re.match(r"\s*cat\s+[\"']?(\S+?)[\"']?\s*(?:\||$|2>|\))", inner + ")")
        if shrunk or (first_file and _SMALL_FILE.fullmatch(first_file[1].rstrip("\"'"))):
            continue
        data = r"(?i)\.(?:log|csv|tsv|jsonl?|txt|md|sql)\b|log\b|syslog"
        if first_file and not re.search(data, first_file[1]):
            continue
        return True
    return False


_INTERPRETERS = word_set(
    "python python3 node ruby perl Rscript julia java php bash sh uv npx make ctest pytest cargo go npm yarn"
)


def prints_much(program: str) -> bool:
    """Whether a program prints any number of lines."""
    return program in _LARGE


def is_known(command: Command) -> bool:
    """Whether anything is known of what a program prints: it stands in a table, or is a script."""
    name = command.name
    if not name or name in _LARGE | _SMALL | READERS | KEEPS_SIZE | STREAMS | _INTERPRETERS:
        return True
    program = command.place.text.split(maxsplit=1)[0] if command.place.text.split() else ""
    return program.startswith(("./", "../", "$", '"$')) or "." in name


def may_never_end(command: Command) -> bool:
    """Whether a writer may go on for ever, so that a reader must not wait for its end."""
    words = literals(command)
    if command.name in {"yes", "tcpdump", "inotifywait", "watch", "tshark"} or any(
        w in _ENDLESS for w in words
    ):
        return True
    if command.name in {
        "tail",
        "journalctl",
        "docker",
        "podman",
        "kubectl",
        "docker-compose",
        "dmesg",
        "stern",
        "adb",
    }:
        verbs = [w for w in words if not w.startswith("-")]
        follows = any(re.fullmatch(r"-[a-zA-Z]*[fFw][a-zA-Z]*|--follow(=\w+)?|--retry", w) for w in words)
        return follows and (
            "logs" in verbs or command.name not in {"docker", "podman", "kubectl", "docker-compose"}
        )
    return False


def is_finite(command: Command) -> bool:
    """Whether a writer is known to come to an end by itself."""
    return command.name in _FINITE and not may_never_end(command)
