"""What the shell's own commands change in the state: `set`, `cd`, `export`, `read`, `shift`, …"""

from __future__ import annotations

from collections.abc import Iterator

from jobsafety_lint.meaning.commands import Arg, Command, ShellAssignment
from jobsafety_lint.meaning.execution import Setting
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.shell.options import shell_options
from jobsafety_lint.meaning.shell.state import State, Value
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.source import Hole, Place

DECLARATIONS = frozenset({"export", "declare", "local", "readonly", "typeset"})


def declares(statement: sh.Command, program: str | None) -> bool:
    """Whether the assignments of a command are its arguments: those of `export`, and arrays behind `eval`."""
    if program in DECLARATIONS:
        return True
    behind = (
        bool(statement.assignments) and statement.assignments[0].span.start > statement.words[0].span.start
    )
    return behind and program == "eval"


def assigned_name(word: sh.Word) -> str | None:
    """The name that a word of `export`, `local` or `read` sets."""
    first = word.parts[0] if word.parts else None
    if not isinstance(first, sh.Literal):
        return None
    name = first.value.partition("=")[0]
    return name if name.isidentifier() else None


def apply(command: Command, state: State) -> list[ShellAssignment]:
    """Changes the state as a builtin does, and returns what a declaration sets; other commands change nothing."""
    if command.name in DECLARATIONS:
        return list(_declare(command, state))
    change = _BUILTINS.get(command.name)
    if change is not None:
        change(command, state)
    return []


def _set(command: Command, state: State) -> None:
    words = command.words
    state.change(**shell_options(words))
    if "--" in words:
        for at, arg in enumerate(command.args[words.index("--") + 1 :], 1):
            state.assign(str(at), Value(arg.pattern, arg.place))
        state.know_arguments(command.place)
        state.given = ()


def _cd(command: Command, state: State) -> None:
    target = next((arg for arg in command.args if not (arg.text or "x").startswith("-")), None)
    if target is None:
        state.change(cwd=PathPattern.of("~"), at_home=False)
        return
    here = state.execution.cwd
    cwd = here.joined(target.pattern) if here is not None else target.pattern
    state.change(cwd=cwd, at_home=False)


def _popd(_: Command, state: State) -> None:
    state.change(cwd=None)


def _declare(command: Command, state: State) -> Iterator[ShellAssignment]:
    options = [word for word in command.words if word and word.startswith("-")]
    exported = command.name == "export" and "-n" not in options
    exported = exported or any(option.startswith("-x") for option in options)
    if any("f" in option for option in options):
        if exported or any("x" in option for option in options):
            state.exported |= {word for word in command.words if word in state.functions}
        return
    for arg in command.args:
        first = arg.pattern.parts[0] if arg.pattern.parts else ""
        if first == "SHELLOPTS" and exported:  # from now on every bash that is started has the same options
            setting = Setting("SHELLOPTS", PathPattern(()), arg.place, "export")
            state.change(environment=(*state.execution.environment, setting))
        known = state.variables.get(arg.text or "")
        if exported and known is not None:  # `K=v; export K`
            setting = Setting(arg.text or "", known.pattern, arg.place, "export")
            state.change(environment=(*state.execution.environment, setting))
        if not isinstance(first, str) or "=" not in first or first.startswith("-"):
            continue
        name, _, value = first.partition("=")
        if not name.isidentifier():
            continue
        pattern = PathPattern.of(value, *arg.pattern.parts[1:])
        state.assign(name, Value(pattern, arg.place))
        kept = state.variables[name].pattern
        yield ShellAssignment(arg.place, name, kept, state.execution, exported, _value_place(arg, name))
        if exported:
            setting = Setting(name, kept, arg.place, "export")
            state.change(environment=(*state.execution.environment, setting))


def _value_place(arg: Arg, name: str) -> Place:
    span = arg.place.span
    return Place(arg.place.source, type(span)(min(span.start + len(name) + 1, span.end), span.end))


def _read(command: Command, state: State) -> None:
    for word in command.words:
        if word and word.isidentifier():
            state.forget(word)


def names_read(command: Command) -> frozenset[str]:
    """The variables that `read` or `mapfile` sets from its input."""
    if command.name not in {"read", "mapfile", "readarray"}:
        return frozenset()
    return frozenset(word for word in command.words if word and word.isidentifier())


def _mapfile(command: Command, state: State) -> None:
    names = [word for word in command.words if word and word.isidentifier()]
    state.forget(names[-1] if names else "MAPFILE")


def _shift(command: Command, state: State) -> None:
    count = int(command.words[0] or "1") if (command.words[:1] or [""])[0] in list("123456789") else 1
    positions = sorted(int(name) for name in state.variables if name.isdigit() and name != "0")
    moved = {at: state.variables.pop(str(at)) for at in positions}
    for at in positions[count:]:
        state.variables[str(at - count)] = moved[at]
    state.given = state.given[count:]
    for name in ("1", "2", "3"):
        state.versions[name] = state.versions.get(name, 0) + 1
    if "@" in state.variables:
        state.know_arguments(state.variables["@"].origin)


def _printf(command: Command, state: State) -> None:
    if command.words[:1] == ["-v"] and len(command.args) > 2:
        name = command.args[1].text or ""
        names = frozenset().union(*(arg.pattern.names for arg in command.args[2:]))
        hole = Hole(command.place.text, names)
        state.assign(name, Value(PathPattern((hole,)), command.place))


def _unset(command: Command, state: State) -> None:
    for word in command.words:
        if word:
            state.variables.pop(word, None)


def _shopt(command: Command, state: State) -> None:
    words = [word or "" for word in command.words]
    on = not any(word.startswith("-") and "u" in word for word in words)
    if any(word.startswith("-") and "o" in word for word in words):
        state.change(**{name: on for name in ("errexit", "pipefail") if name in words})
    state.change(**{name: on for name in ("inherit_errexit", "lastpipe") if name in words})


def _setopt(command: Command, state: State) -> None:
    on = command.name == "setopt"
    names = {(word or "").lower().replace("_", "") for word in command.words}
    state.change(**{name: on for name in ("errexit", "pipefail") if name in names})


_BUILTINS = {
    "shopt": _shopt,
    "setopt": _setopt,
    "unsetopt": _setopt,
    "set": _set,
    "cd": _cd,
    "pushd": _cd,
    "popd": _popd,
    "read": _read,
    "mapfile": _mapfile,
    "readarray": _mapfile,
    "shift": _shift,
    "printf": _printf,
    "unset": _unset,
}
