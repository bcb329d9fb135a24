"""Job identity: which parameters tell jobs apart, and how that is known.

A parameter is followed up through the calls of its function to where its value comes from: an option of a command line, a
loop, a literal. An option is followed on to the commands that run the script. The tiers of evidence, strongest first:
the queueing loop (or the pool of workers) varies it; several submissions differ in it; it stands in the label; the command
line requires it; calls of the same process differ in it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from jobsafety_lint.meaning.project.links import FileLinks, LoopLink, RunLink, Word
from jobsafety_lint.meaning.project.project import Project
from jobsafety_lint.meaning.python.index import CallSite, Making, Module, Option
from jobsafety_lint.model import Mark
from jobsafety_lint.readers.python.nodes import walk
from jobsafety_lint.readers.python.outline import Definition

MAX_DEPTH = 5
"""Through how many calls a parameter is followed."""
_MOST_SITES = 24

VARIED, DIFFERING, LABELLED, REQUIRED, CALLED, UNKNOWN, FIXED = range(1, 8)
"""What is known of a parameter: the tiers of evidence, then `CALLED` (calls inside of one process differ in it), `UNKNOWN`,
and `FIXED` (one value for all jobs)."""


@dataclass(frozen=True)
class Evidence:
    """How a parameter is known to tell jobs apart, or not. `related` are the loop and the command that submits."""

    tier: int
    because: str = ""
    related: tuple[tuple[Mark, str], ...] = ()
    value: str | None = None

    @property
    def is_certain(self) -> bool:
        """Whether jobs are seen to differ in it."""
        return self.tier <= LABELLED


@dataclass(eq=False)
class JobIdentity:
    """Answers for one project. Parameters are named by module, function (None: the top of the file) and atom."""

    project: Project
    _known: dict[tuple[str, str, str], Evidence] = field(default_factory=dict)

    def evidence(self, module: Module, definition: Definition | None, atom: str, depth: int = 0) -> Evidence:
        """What is known of an atom of a function."""
        key = (module.path, definition.qualified if definition is not None else "", atom)
        if key not in self._known:
            self._known[key] = Evidence(UNKNOWN)  # for recursive calls
            self._known[key] = _strongest(list(self._evidence(module, definition, atom, depth)))
        return self._known[key]

    def _evidence(
        self, module: Module, definition: Definition | None, atom: str, depth: int
    ) -> Iterator[Evidence]:
        option = self.option(module, definition, atom)
        if option is not None:
            yield self._of_option(module, option)
            return
        if definition is None or depth >= MAX_DEPTH:
            yield Evidence(UNKNOWN)
            return
        if atom.startswith("self.") and definition.class_name:
            yield from self._of_attribute(module, definition.class_name, atom.removeprefix("self."), depth)
            return
        base, _, attribute = atom.partition(".")
        names = [p.arg for p in definition.parameters]
        if base not in names:
            yield Evidence(UNKNOWN)
            return
        sites = self.project.callers(module, definition.qualified)
        given = definition.defaults.get(base)
        default = ast.unparse(given) if given is not None else None
        yield from self._of_sites(sites, base, names.index(base), attribute, default, depth)

    def constructed(self, module: Module, class_name: str, parameter: str, depth: int = 0) -> Evidence:
        """What is known of a parameter of a class (of `__init__`, or a field of a dataclass)."""
        function = module.constructor(class_name)
        if function is None:
            return Evidence(UNKNOWN)
        names = [p.name for p in function.parameters]
        given = function.parameter(parameter)
        if given is None or depth >= MAX_DEPTH:
            return Evidence(UNKNOWN)
        sites = self.project.callers(module, f"{class_name}.__init__")
        found = self._of_sites(sites, parameter, names.index(parameter), "", given.default, depth)
        return _strongest(list(found))

    def _of_attribute(self, module: Module, class_name: str, name: str, depth: int) -> Iterator[Evidence]:
        made = module.attributes(class_name).get(name)
        if not made:
            yield Evidence(UNKNOWN)
            return
        for parameter in sorted(made):
            yield self.constructed(module, class_name, parameter, depth + 1)

    def _of_sites(
        self,
        sites: tuple[CallSite, ...],
        name: str,
        position: int,
        attribute: str,
        default: str | None,
        depth: int,
    ) -> Iterator[Evidence]:
        if not sites:
            yield Evidence(UNKNOWN)
        for site in sites[:_MOST_SITES]:
            given = site.argument(name, position)
            if given is None and attribute and site.several:
                yield self._of_mapped(site, attribute, depth)
            elif given is None:
                yield Evidence(UNKNOWN) if site.is_open or default is None else Evidence(FIXED, value=default)
            elif isinstance(given, ast.Constant):
                yield Evidence(FIXED, value=ast.unparse(given), related=((site.mark, "called here"),))
            else:
                yield from self._of_argument(site, given, attribute, depth)

    def _of_argument(self, site: CallSite, given: ast.expr, attribute: str, depth: int) -> Iterator[Evidence]:
        loops = dict(site.loops)
        if attribute:
            yield from self._of_object(site, given, attribute, depth)
            return
        atom = site.module.same(site.caller, given)
        if atom in loops:
            yield self._of_loop(site, atom, loops[atom])
        elif re.fullmatch(r"[A-Z][A-Z0-9_]*", atom):
            yield Evidence(FIXED, value=atom)
        elif atom:
            yield self.evidence(site.module, site.caller, atom, depth + 1)
        else:
            yield Evidence(UNKNOWN)

    # --- objects that stand for a job --------------------------------------------------------------------------------

    def _of_object(self, site: CallSite, given: ast.expr, attribute: str, depth: int) -> Iterator[Evidence]:
        """What is known of an attribute of an object that a call is given."""
        making = site.module.making(site.caller, given)
        if making is not None:
            yield from self._of_making(site, making, attribute, depth)
        elif isinstance(given, ast.Name) and given.id in dict(site.loops):
            yield self._of_elements(site, dict(site.loops)[given.id], attribute, depth)
        elif isinstance(given, ast.Name):
            yield self.evidence(site.module, site.caller, f"{given.id}.{attribute}", depth + 1)
        else:
            yield Evidence(UNKNOWN)

    def _of_making(self, site: CallSite, making: Making, attribute: str, depth: int) -> Iterator[Evidence]:
        """What is known of an attribute of an object that is made for a call: `run(Job(symbol, threshold))`."""
        positional, keywords, written = _given_to(making)
        made = replace(site, positional=positional, keywords=keywords)
        found = self.project.class_of(site.module, written) if written else None
        function = found[0].constructor(found[1]) if found is not None else None
        field_ = function.parameter(attribute) if function is not None else None
        if function is not None and field_ is not None:
            at = function.parameters.index(field_)
            yield from self._of_sites((made,), attribute, at, "", field_.default, depth)
        elif attribute in keywords:
            yield from self._of_sites((made,), attribute, 0, "", None, depth)
        else:
            yield Evidence(UNKNOWN)

    def _of_mapped(self, site: CallSite, attribute: str, depth: int) -> Evidence:
        """What is known of an attribute of the objects over which a pool maps a function."""
        mapped = site.keywords.get("**")
        over = mapped.args[1:2] if isinstance(mapped, ast.Call) else []
        return self._of_elements(site, over[0], attribute, depth) if over else Evidence(UNKNOWN)

    def _of_elements(self, site: CallSite, collection: ast.expr, attribute: str, depth: int) -> Evidence:
        """What is known of an attribute of the objects that a collection holds, each of them for a call of its own."""
        found: list[Evidence] = []
        for making, loops in site.module.elements(site.caller, collection):
            found += self._of_making(replace(site, loops=loops), making, attribute, depth)
        best = _strongest(found)
        if best.tier == CALLED and site.several:
            return replace(best, tier=VARIED, because="the workers get different ones")
        return best

    def _of_loop(self, site: CallSite, variable: str, iterated: ast.expr) -> Evidence:
        if not _several(iterated):
            return Evidence(UNKNOWN)
        over = site.module.mark(iterated)
        related = ((over, f"`{variable}` is varied here"), (site.mark, f"called for every `{variable}`"))
        if site.several:
            return Evidence(VARIED, f"the workers get different ones from `{over.text}`", related)
        return Evidence(CALLED, "", related)

    # --- command lines ---------------------------------------------------------------------------------------------

    def option(self, module: Module, definition: Definition | None, atom: str) -> Option | None:
        """The option of the file's command line that an atom stands for."""
        if definition is not None and "." not in atom:
            for option in module.options:
                if option.function == definition.qualified and option.dest == atom:
                    return option
        argument = re.fullmatch(r"sys\.argv\[(\d+)\]", atom)
        if argument is not None and int(argument[1]) > 0:
            node = next(n for n in walk(module.outline.tree) if isinstance(n, ast.expr))
            return Option(atom, (), node, True, int(argument[1]) - 1)
        return module.option_for(atom)

    def _of_option(self, module: Module, option: Option) -> Evidence:
        paths = [module.path]
        if module.path.endswith(("/cli.py", "/main.py", "/app.py", "/__init__.py")):
            paths += self.project.modules_named(f"{module.dotted.rpartition('.')[0]}.__main__")
        runs = [run for path in dict.fromkeys(paths) for run in self.project.runs_of(path)]
        flag = option.flags[-1] if option.flags else f"argument {option.position + 1}"
        given = [(file, run, _word_for(option, run, module)) for file, run, _ in runs]
        found = self.of_words(given, f"`{flag}`")
        if found.tier == UNKNOWN and option.required:
            return Evidence(REQUIRED, f"the command line requires {flag}")
        return found

    def of_words(self, given: list[tuple[FileLinks, RunLink, Word | None]], what: str) -> Evidence:
        """What the submissions say of an argument: the word that each gives for it, None where it is left out."""
        jobs = [entry for entry in given if entry[1].together]
        texts: set[str | None] = set()
        sure = bool(given)
        related: tuple[tuple[Mark, str], ...]
        for _, run, word in jobs or given:
            if word is None:
                texts.add(None)
                continue
            loop = _varying(word, run)
            if loop is not None and not run.together:
                return Evidence(CALLED, "", ((loop.mark, "this loop varies it"), (run.mark, "run here")))
            if loop is not None:
                where = f"varied by the loop in line {loop.mark.location.line}"
                related = (
                    (loop.mark, "this loop varies it"),
                    (run.mark, f"submitted here: {what} is {where}"),
                )
                return Evidence(VARIED, f"{_file(run.mark)}:{run.mark.location.line} varies it", related)
            text = word.text if word.text is not None else _only_value(word, run)
            if text is not None:
                texts.add(text)
            elif run.label is not None and word.names & run.label:
                related = ((run.mark, f"{what} stands in the label of the job"),)
                return Evidence(LABELLED, "it stands in the label of the jobs", related)
            else:
                sure = False
        if len(texts) > 1 and not jobs:
            return Evidence(CALLED)
        if len(texts) > 1:
            related = tuple((run.mark, "submitted here") for _, run, _ in jobs[:2])
            return Evidence(DIFFERING, "submissions differ in it", related)
        return Evidence(FIXED, value=next(iter(texts), None)) if sure else Evidence(UNKNOWN)


def _given_to(making: Making) -> tuple[tuple[ast.expr, ...], dict[str, ast.expr], str]:
    """What an object is made from, by position and by name, and the class as it is written; empty for a dictionary."""
    if isinstance(making, ast.Call):
        keywords = {keyword.arg or "**": keyword.value for keyword in making.keywords}
        return tuple(making.args), keywords, ast.unparse(making.func)
    named = zip(making.keys, making.values, strict=True)
    return (), {str(k.value): value for k, value in named if isinstance(k, ast.Constant)}, ""


def _file(mark: Mark) -> str:
    return mark.location.path.rpartition("/")[2]


def _varying(word: Word, run: RunLink) -> LoopLink | None:
    for name, loop in run.loop_of.items():
        if name in word.names and (loop.values is None or len(set(loop.values)) > 1):
            return loop
    return None


def _only_value(word: Word, run: RunLink) -> str | None:
    """The value of a word that a loop over one value sets."""
    loops = [run.loop_of.get(name) for name in word.names]
    values = [loop.values for loop in loops if loop is not None and loop.values is not None]
    return values[0][0] if len(values) == len(loops) == 1 and len(set(values[0])) == 1 else None


def _strongest(found: list[Evidence]) -> Evidence:
    """The strongest of several; different fixed values differ."""
    certain = [e for e in found if e.tier < FIXED]
    if certain:
        best = min(certain, key=lambda e: e.tier)
        if best.tier < UNKNOWN:
            return best
    fixed = {e.value for e in found if e.tier == FIXED}
    if len(fixed) > 1:
        related = tuple(r for e in found if e.tier == FIXED for r in e.related[:1])[:2]
        return Evidence(CALLED, "", related)
    if certain or not found:
        return Evidence(UNKNOWN)
    return found[0]


def _several(node: ast.expr) -> bool:
    return not (isinstance(node, ast.List | ast.Tuple | ast.Set) and len(node.elts) < 2)


def _word_for(option: Option, run: RunLink, module: Module) -> Word | None:
    """The word that a run gives for an option; None if it leaves it out."""
    words = list(run.words)
    if option.function:
        command = option.function.rpartition(".")[2].replace("_", "-")
        at = next(
            (i for i, w in enumerate(words) if w.text is not None and w.text.replace("_", "-") == command),
            None,
        )
        if at is not None:
            words = words[at + 1 :]
    if option.flags:
        for at, word in enumerate(words):
            for flag in option.flags:
                if word.text == flag and option.takes_value:
                    return words[at + 1] if at + 1 < len(words) else None
                if word.text == flag:
                    return word
                if word.literal.startswith(f"{flag}=") and flag.startswith("--"):
                    text = word.text.partition("=")[2] if word.text is not None else None
                    return Word(text, word.literal.partition("=")[2], word.names)
    if option.position < 0:
        return None
    values = {flag for o in module.options if o.takes_value for flag in o.flags}
    position, skip = 0, False
    for word in words:
        if skip:
            skip = False
        elif word.literal.startswith("-") and len(word.literal) > 1:
            skip = word.text in values
        elif position == option.position:
            return word
        else:
            position += 1
    return None
