"""Programs that run other programs: how each takes its own options, as data.

*Exec* wrappers hand the remaining words on as they are; *string* wrappers join them by blanks, or take one word, and
give the text to a shell. Option letters and names are those of the programs' manual pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobsafety_lint.meaning.commands import Arg
from jobsafety_lint.meaning.paths import PathPattern


@dataclass(frozen=True)
class Grammar:
    """How a wrapper reads its words.

    `values`: options that take a value (`-n`, `--adjustment`). `operands`: words between the options and the inner command
    (a duration, a host, a lock file). `assignments`: `NAME=value` words are skipped before the command. `inner`: `exec`,
    `string` (joined by blanks), `shell` (`-c STRING`, else a script file). `needs`: words of a subcommand, one of which
    must come first (`run`). `optional_values`: options whose value may only be attached.
    """

    values: frozenset[str] = frozenset()
    operands: int = 0
    assignments: bool = False
    inner: str = "exec"
    needs: frozenset[str] = frozenset()
    no_command: frozenset[str] = frozenset()
    """Options with which there is no inner command."""
    string_options: frozenset[str] = frozenset()
    """Options whose value is a text for a shell (`flock -c`)."""
    whole: bool = False
    """Options are whole words with one dash (`-hold_jid 7`), not letters."""
    pairs: frozenset[str] = frozenset()
    """Options that take two values, where options are whole words."""
    skips: frozenset[str] = frozenset()
    """Words that may stand before that of the subcommand (`docker compose exec`)."""
    ends: bool = False
    """The inner command begins right behind the operands: what looks like an option there is its own."""
    abbreviates: bool = False
    """Long options may be cut short as long as they are unambiguous (getopt_long(3)), and what is meant matters here."""
    entry: frozenset[str] = frozenset()
    """Options whose value is the program that the inner words are given to (`docker run --entrypoint sh image -c …`)."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UV_VALUES = _words(
    "--extra --no-extra --group --no-group --only-group --no-editable-package --env-file --with -w --with-editable "
    "--with-requirements --package --python -p --python-platform --index --default-index --index-url -i "
    "--extra-index-url --find-links -f --index-strategy --keyring-provider --upgrade-package -P --upgrade-group "
    "--resolution --prerelease --fork-strategy --exclude-newer --exclude-newer-package --no-sources-package "
    "--reinstall-package --link-mode --config-setting -C --config-settings-package --no-build-isolation-package "
    "--no-build-package --no-binary-package --cache-dir --refresh-package --color --allow-insecure-host --directory "
    "--project --config-file --max-recursion-depth"
)
_CONTAINERS = Grammar(
    _words(
        "-a -c -e -f -g -H -h -l -m -p -u -v -w --add-host --annotation --ansi --attach --blkio-weight --cap-add --cap-drop "
        "--cgroup-parent --cgroupns --cidfile --config --context --cpu-period --cpu-quota --cpu-shares --cpus --cpuset-cpus "
        "--cpuset-mems --detach-keys --device --dns --dns-option --dns-search --domainname --env --env-file --expose --file "
        "--gpus --group-add --health-cmd --health-interval --health-retries --health-timeout --host --hostname --index --ip "
        "--ipc --isolation --label --label-file --link --log-driver --log-level --log-opt --mac-address --memory "
        "--memory-reservation --memory-swap --memory-swappiness --mount --name --net --network --network-alias "
        "--oom-score-adj --pid --pids-limit --platform --profile --project-directory --project-name --publish --pull "
        "--restart --runtime --security-opt --shm-size --stop-signal --stop-timeout --storage-opt --sysctl --tmpfs --ulimit "
        "--user --userns --uts --volume --volume-driver --volumes-from --workdir"
    ),
    operands=1,
    needs=_words("exec run"),
    skips=_words("compose container"),
    ends=True,
    entry=_words("--entrypoint"),
)
"""docker-exec(1), docker-run(1), docker-compose; podman(1) and nerdctl take the same."""
_CLUSTER = Grammar(
    _words(
        "-c -f -n -s --as --cluster --container --context --filename --kubeconfig --namespace --pod-running-timeout "
        "--request-timeout --server --user"
    ),
    operands=1,
    needs=_words("exec"),
)
_LXC = Grammar(
    _words("--cwd --env --group --mode --project --user"), operands=1, needs=_words("exec"), ends=True
)
_SHELL = Grammar(_words("-o +o -O +O --rcfile --init-file"), inner="shell")
_SYSTEMD_RUN = Grammar(
    _words(
        "-C -H -M -E -p -u --capsule --unit --description --slice --expand-environment --host --machine --service-type "
        "--uid --gid --nice --setenv --property --on-active --on-boot --on-startup --on-unit-active --on-unit-inactive "
        "--on-calendar --timer-property --path-property --socket-property --working-directory --job-mode --background "
        "--json"
    ),
    abbreviates=True,
)

GRAMMARS: dict[str, Grammar] = {
    "ssh": Grammar(
        _words("-B -D -E -F -I -J -L -O -P -Q -R -S -W -b -c -e -i -l -m -o -p -w"),
        operands=1,
        inner="string",
    ),
    "env": Grammar(
        _words("-u -C --unset --chdir"), assignments=True, string_options=_words("-S --split-string")
    ),
    "timeout": Grammar(_words("-k -s --kill-after --signal"), operands=1),
    "gtimeout": Grammar(_words("-k -s --kill-after --signal"), operands=1),
    "nice": Grammar(_words("-n --adjustment")),
    "ionice": Grammar(_words("-c -n --class --classdata"), no_command=_words("-p -P -u --pid")),
    "nohup": Grammar(),
    "setsid": Grammar(),
    "stdbuf": Grammar(_words("-i -o -e --input --output --error")),
    "chrt": Grammar(_words("-T -P -D"), operands=1),
    "taskset": Grammar(operands=1, no_command=_words("-p --pid")),
    "time": Grammar(_words("-f -o --format --output")),
    "unbuffer": Grammar(),
    "caffeinate": Grammar(_words("-t -w")),
    "exec": Grammar(_words("-a")),
    "command": Grammar(no_command=_words("-v -V")),
    "builtin": Grammar(),
    "nocache": Grammar(),
    "numactl": Grammar(
        _words("-m -N -C -i -p --membind --cpunodebind --physcpubind --interleave --preferred"),
        no_command=_words("-H -s --hardware --show"),
    ),
    "chronic": Grammar(),
    "watch": Grammar(_words("-n --interval"), inner="string"),
    "sudo": Grammar(
        _words(
            "-C -D -g -h -p -R -r -t -T -u -U -a -c --chdir --group --host --prompt --role --type --user --chroot"
        ),
        assignments=True,
        no_command=_words("-e -l -v -K --edit --list --validate"),
    ),
    "doas": Grammar(_words("-u -C -a")),
    "runuser": Grammar(_words("-u -g -G -s --user --group --shell"), string_options=_words("-c --command")),
    "su": Grammar(
        _words("-g -G -s -w --group --shell --supp-group --whitelist-environment"),
        operands=2,
        string_options=_words("-c --command --session-command"),
    ),
    "sg": Grammar(operands=1, string_options=_words("-c")),
    "gosu": Grammar(operands=1, ends=True),
    "su-exec": Grammar(operands=1, ends=True),
    "setuidgid": Grammar(operands=1, ends=True),
    "sshpass": Grammar(_words("-p -f -d -P"), ends=True),
    "chroot": Grammar(_words("--userspec --groups"), operands=1, ends=True),
    "arch-chroot": Grammar(_words("-u"), operands=1, ends=True),
    "nsenter": Grammar(_words("-t -S -G --target --setuid --setgid --wd")),
    "unshare": Grammar(_words("-S -G -R -w --setuid --setgid --root --wd --propagation")),
    "docker": _CONTAINERS,
    "podman": _CONTAINERS,
    "nerdctl": _CONTAINERS,
    "docker-compose": _CONTAINERS,
    "kubectl": _CLUSTER,
    "oc": _CLUSTER,
    "lxc": _LXC,
    "incus": _LXC,
    "vagrant": Grammar(operands=1, needs=_words("ssh"), string_options=_words("-c --command")),
    "gcloud": Grammar(
        _words("--account --configuration --project --ssh-flag --ssh-key-file --zone"),
        operands=1,
        needs=_words("ssh"),
        skips=_words("alpha beta compute"),
        string_options=_words("--command"),
    ),
    "tmux": Grammar(
        _words("-c -e -f -F -l -L -n -p -s -S -t -x -y"),
        needs=_words(
            "new new-session neww new-window splitw split-window respawnw respawn-window respawnp respawn-pane"
        ),
        inner="string",
    ),
    "screen": Grammar(
        _words("-c -e -h -p -s -S -t -T -Logfile"), no_command=_words("-X -r -x -ls -list -wipe -Q")
    ),
    "xvfb-run": Grammar(
        _words("-e -f -n -p -s -w --auth-file --error-file --server-args --server-num --wait")
    ),
    "dumb-init": Grammar(),
    "tini": Grammar(_words("-p -e")),
    "fakeroot": Grammar(_words("-l -s -i -b --lib --faked")),
    "xargs": Grammar(
        _words(
            "-a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-procs --max-chars "
            "--process-slot-var"
        )
    ),
    "parallel": Grammar(
        _words(
            "-j --jobs -N -n -L -a --arg-file -S --sshlogin --delay --joblog --results --timeout --retries --workdir "
            "--wd --colsep -C --tmpdir --memfree --load --halt -I -d --delimiter --env"
        )
    ),
    "flock": Grammar(
        _words("-w -E --timeout --wait --conflict-exit-code"),
        operands=1,
        string_options=_words("-c --command"),
    ),
    "bash": _SHELL,
    "sh": _SHELL,
    "dash": _SHELL,
    "zsh": _SHELL,
    "ksh": _SHELL,
    "uv": Grammar(_UV_VALUES | {"--from"}, needs=_words("run"), skips=_words("tool")),
    "uvx": Grammar(_UV_VALUES | {"--from"}),
    "poetry": Grammar(_words("-C -P --directory --project"), needs=_words("run")),
    "pipenv": Grammar(needs=_words("run")),
    "pdm": Grammar(_words("-p --project"), needs=_words("run")),
    "hatch": Grammar(_words("-e --env"), needs=_words("run")),
    "pixi": Grammar(_words("-e --environment --manifest-path"), needs=_words("run")),
    "rye": Grammar(needs=_words("run")),
    "conda": Grammar(_words("-n -p --name --prefix --cwd"), needs=_words("run")),
    "mamba": Grammar(_words("-n -p --name --prefix --cwd"), needs=_words("run")),
    "micromamba": Grammar(_words("-n -p --name --prefix --cwd"), needs=_words("run")),
    "mise": Grammar(
        _words("-C -E -j --cd --env --jobs"), needs=_words("exec x"), string_options=_words("-c --command")
    ),
    "direnv": Grammar(operands=1, needs=_words("exec")),
    "doppler": Grammar(
        _words("-p -c --project --config"), needs=_words("run"), string_options=_words("--command")
    ),
    "nq": Grammar(),
    "op": Grammar(_words("--env-file --account"), needs=_words("run")),
    "dotenv": Grammar(_words("-f -e --file"), needs=_words("run")),
    "noti": Grammar(_words("-t -m")),
    "tsp": Grammar(_words("-L -d -D -W -N"), no_command=_words("-l -k -r -C -K -c -t -w -s -i -p -u -U -V")),
    "ts": Grammar(_words("-L -d -D -W -N"), no_command=_words("-l -k -r -C -K -c -t -w -s -i -p -u -U -V")),
    "systemd-run": _SYSTEMD_RUN,
    "systemd-inhibit": Grammar(_words("--what --who --why --mode")),
    "run-one": Grammar(),
    "setlock": Grammar(operands=1),
    "dbus-run-session": Grammar(),
    "eatmydata": Grammar(),
    "prlimit": Grammar(_words("-o --output -p --pid"), no_command=_words("-p --pid")),
    "cgexec": Grammar(_words("-g")),
    "cpulimit": Grammar(
        _words("-l -p -e -P -c --limit --pid --exe --path --cpu"),
        no_command=_words("-p --pid -e --exe -P --path"),
    ),
    "softlimit": Grammar(_words("-a -c -d -f -l -m -o -p -r -s -t")),
    "chpst": Grammar(_words("-u -U -b -/ -n -l -L -m -d -o -p -f -c -t -e")),
    "sbatch": Grammar(
        _words(
            "-A -a -b -B -c -C -d -D -e -F -G -i -J -L -m -M -n -N -o -p -q -S -t -w -x --account --array --begin --chdir --cluster --clusters --comment "
            "--constraint --cores-per-socket --cpus-per-gpu --cpus-per-task --deadline --dependency --error --exclude --export --export-file --gid "
            "--gpus --gpus-per-node --gpus-per-task --gres --input --job-name --licenses --mail-type --mail-user --mem --mem-per-cpu --mem-per-gpu "
            "--nice --nodefile --nodelist --nodes --ntasks --ntasks-per-core --ntasks-per-node --open-mode --output --partition --priority --qos "
            "--reservation --signal --time --time-min --tmp --uid --wckey"
        ),
        string_options=_words("--wrap"),
    ),
    "qsub": Grammar(
        _words(
            "-a -A -ac -ar -b -c -C -ckpt -d -D -dc -display -dl -e -F -hold_jid -hold_jid_ad -i -j -J -js -jsv -k -l -m -M -masterq -N -now -o -P -p "
            "-q -R -r -S -sc -shell -sync -t -tc -u -v -w -W -wd"
        ),
        whole=True,
        pairs=_words("-pe"),
    ),
    "srun": Grammar(
        _words(
            "-n -N -c -t -p -J -A -w -x -D --ntasks --nodes --cpus-per-task --time --partition --job-name --account"
        )
    ),
}
"""By the program's name. `pueue` has a grammar of its own in `queue.py`."""

SUBMITTERS = _words("sbatch qsub bsub msub oarsub condor_submit")
"""Programs that hand a job to a batch system and return at once. Of those with a grammar it is known what the job runs
(sbatch(1); qsub(1) of Grid Engine and of PBS).
"""
CONTAINERS = frozenset({"docker", "podman", "nerdctl"})
"""Programs that run a command in a container, which `run` makes for it."""
SHELLS = frozenset({"bash", "sh", "dash", "zsh", "ksh"})


@dataclass(frozen=True, eq=False)
class Peeled:
    """What a wrapper's words are.

    `inner` are the words of the inner command, `inner_style` how they are taken (`exec`, `string`, or `script` for a
    shell's script file). `options` are the options with their values, long or short as written; `operands` the words
    between; `settings` the `NAME=value` words.
    """

    inner: tuple[Arg, ...]
    inner_style: str
    options: tuple[tuple[str, Arg | None], ...] = ()
    operands: tuple[Arg, ...] = ()
    settings: tuple[Arg, ...] = ()

    def option(self, *names: str) -> Arg | None:
        """The value of the last of these options."""
        return next((value for name, value in reversed(self.options) if name in names), None)

    def has(self, *names: str) -> bool:
        """Whether one of these options is given."""
        return any(name in names for name, _ in self.options)


def tail(arg: Arg, skip: int) -> Arg:
    """The part of a word after its first `skip` code points (a value attached to its option)."""
    pattern = arg.pattern
    first = pattern.parts[0] if pattern.parts else ""
    if not isinstance(first, str):
        return arg
    rest = PathPattern.of(first[skip:], *pattern.parts[1:])
    return Arg(arg.place, rest, rest, arg.quoted, arg.splits, arg.origin, ((rest, arg.place.span),))


def peel(name: str, args: Sequence[Arg]) -> Peeled | None:  # one reading loop, as getopt has it
    """The command inside a wrapper; None if the program is no wrapper, or runs nothing with these words."""
    grammar = GRAMMARS.get(name)
    if grammar is None:
        return None
    words = list(args)
    at = 0
    options: list[tuple[str, Arg | None]] = []
    operands: list[Arg] = []
    settings: list[Arg] = []
    needs = set(grammar.needs)
    string: Arg | None = None
    while at < len(words):
        word = words[at]
        text = word.text if word.text is not None else word.pattern.literal
        if text == "--":
            at += 1
            if needs:
                return None
            if len(operands) >= grammar.operands:
                break
        elif grammar.ends and not needs and len(operands) == grammar.operands and at:
            break
        elif (text.startswith("-") and len(text) > 1) or (grammar.inner == "shell" and text.startswith("+")):
            if text in grammar.no_command:
                return None
            at += 1
            at = _option(grammar, words, at, word, text, options)
            if options[-1][0] in grammar.string_options and options[-1][1] is not None:
                string = options[-1][1]
        elif needs:
            if text not in needs | grammar.skips:
                return None
            if text in needs:
                needs.clear()
            at += 1
        elif grammar.assignments and _is_assignment(text):
            settings.append(word)
            at += 1
        elif len(operands) < grammar.operands:
            operands.append(word)
            at += 1
        else:
            break
    rest = tuple(words[at:])
    program = next(
        (value for option, value in options if option in grammar.entry and value is not None), None
    )
    if program is not None:
        rest = (program, *rest)
    if name == "mise" and rest:  # the tools come first: `mise exec node@20 -- cmd`
        dashes = next((number for number, arg in enumerate(args) if arg.text == "--"), None)
        if dashes is None:
            return None
        rest = tuple(args[dashes + 1 :])
    if string is not None:
        return Peeled((string,), "string", tuple(options), tuple(operands), tuple(settings))
    if grammar.inner == "shell":
        return _shell(rest, tuple(options))
    return Peeled(rest, grammar.inner, tuple(options), tuple(operands), tuple(settings))


def _in_full(option: str, grammar: Grammar) -> str:
    """A long option that is cut short, as the manual page has it."""
    if not grammar.abbreviates or option in grammar.values:
        return option
    meant = [value for value in grammar.values if value.startswith(option) and len(option) > 4]
    return meant[0] if len(meant) == 1 else option


def _is_assignment(text: str) -> bool:
    name, equals, _ = text.partition("=")
    return bool(equals) and name.isidentifier()


def _option(
    grammar: Grammar, words: list[Arg], at: int, word: Arg, text: str, options: list[tuple[str, Arg | None]]
) -> int:
    """Reads one option word (already passed), adds it to `options`, and returns where to go on."""
    takes = grammar.values | grammar.string_options | grammar.entry
    if grammar.whole:
        options.append((text, words[at] if text in takes | grammar.pairs and at < len(words) else None))
        return at + (2 if text in grammar.pairs else 1 if text in takes else 0)
    if text.startswith("--"):
        written, equals, _ = text.partition("=")
        name = _in_full(written, grammar)
        if equals:
            options.append((name, tail(word, len(written) + 1)))
        elif name in takes and at < len(words):
            options.append((name, words[at]))
            return at + 1
        else:
            options.append((name, None))
        return at
    sign = text[0]
    for index, letter in enumerate(text[1:], 1):
        name = sign + letter
        if name not in takes:
            options.append((name, None))
            continue
        if index + 1 < len(text) and grammar.inner != "shell":
            options.append((name, tail(word, index + 1)))
            return at
        if at < len(words):
            options.append((name, words[at]))
            at += 1
        else:
            options.append((name, None))
        if grammar.inner != "shell":
            return at
    return at


def _shell(rest: tuple[Arg, ...], options: tuple[tuple[str, Arg | None], ...]) -> Peeled | None:
    if any(name == "-c" for name, _ in options):
        return Peeled(rest[:1], "string", options) if rest else None
    return Peeled(rest, "script", options)
