"""The shell readers: the tree, its spans, what is not read, and that both readers agree."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from bashlex.errors import ParsingError
from hypothesis import given, settings
from hypothesis import strategies as st

from jobsafety_lint.meaning.execution import Execution
from jobsafety_lint.meaning.paths import PathPattern
from jobsafety_lint.meaning.shell.broken import broken_blocks
from jobsafety_lint.meaning.shell.state import State
from jobsafety_lint.meaning.shell.values import args_of, pieces_of, written
from jobsafety_lint.model import Span
from jobsafety_lint.readers.shell import bashlex_reader
from jobsafety_lint.readers.shell import tree as sh
from jobsafety_lint.readers.shell.reader import read_shell
from jobsafety_lint.readers.shell.sequences import NotTaken
from jobsafety_lint.readers.shell.words import WordError
from jobsafety_lint.source import Hole, Source

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "parse").glob("*.sh"))


def read(text: str) -> sh.Script:
    return read_shell(Source("x.sh", text)).script


def only(text: str) -> sh.Statement:
    items = read(text).body.items
    assert len(items) == 1, items
    return items[0].statement


def words(text: str) -> list[str | None]:
    statement = only(text)
    assert isinstance(statement, sh.Command)
    return [word.literal for word in statement.words]


def test_simple_command_with_assignment_and_redirections() -> None:
    command = only("A=1 B+=2 cmd -x 'a b' >out 2>&1 <in &>>log")
    assert isinstance(command, sh.Command)
    assert [(a.name, a.append) for a in command.assignments] == [("A", False), ("B", True)]
    assert [w.literal for w in command.words] == ["cmd", "-x", "a b"]
    assert [(r.operator, r.descriptor) for r in command.redirects] == [
        (">", None),
        (">&", "2"),
        ("<", None),
        ("&>>", None),
    ]


def test_a_statement_that_falls_apart_is_read_as_a_whole() -> None:
    text = """first() {
  if [ "$1" = a ]; then
    echo "$3" >>"$LOG"
  fi
}
if [ -e flag ] ; then
  mount -o remount,rw /flash
  case $PART in
    "/dev/a"*|"/dev/b"*)
      DISK=$(echo $PART | sed s/p2$//g)
  esac
  UUID=$(blkid -o value -s UUID $PART)
  if [ ! -z "$DISK" -a ! -z "$UUID" ] ; then
    umount $PART
  fi
fi
"""
    script = read(text)
    assert script.unread == ()
    assert [type(item.statement) for item in script.body.items] == [sh.Function, sh.If]


@pytest.mark.parametrize(
    "text",
    [
        "sync\ntime ( cp a $D/a;  sync )\nfor E in a b; do\n time ( cp a $D/a;  sync )\ndone\n",
        '{\n    for x in a; do\n\tif test "${name:0:2}" == WV; then\n\t    ((call--))\n\tfi\n    done\n}\n{\n    if test $# -ne 2; then\n        return\n    fi\n}\n',
        'f() {\n\tif [ ! -d x ]; then\n\t\treturn\n\tfi\n\tfor f in "$p"/k*; do\n\t\tq+=("$(basename "$f")")\n\tdone\n\tif ! (cd "$p" && s "${q[@]}") |\n\t\tg "$p/k" - 2> >(S "x"); then\n\t\tD\n\tfi\n}\n',
        "(\n" + 'echo "${x:$i:1}" "${x:-{a}}"\n' * 70 + ") 2>&1 | tee log\n",
    ],
)
def test_what_trips_tree_sitter_is_read(text: str) -> None:
    assert read(text).unread == ()


def test_case_is_a_reserved_word_where_a_command_begins() -> None:
    text = """
id=$(pueue add -p -l case -- ./solve)
x=$(case $1 in a) echo b ;; *) echo c ;; esac)
y=$(if true; then case $1 in a) echo b ;; esac; fi)
z=$(
  case $1 in
    a) echo b ;;
  esac
)
"""
    script = read(text)
    assert script.unread == ()
    assert len(script.body.items) == 4


def test_pipelines_and_lists_are_flat() -> None:
    statement = only("a | b |& c && ! d || e")
    assert isinstance(statement, sh.AndOr)
    assert statement.operators == ("&&", "||")
    first, second, _ = statement.items
    assert isinstance(first, sh.Pipeline)
    assert first.operators == ("|", "|&")
    assert isinstance(second, sh.Pipeline)
    assert second.negated


def test_background_and_sequence() -> None:
    assert [(i.terminator, i.background) for i in read("a & b; c\nd").body.items] == [
        ("&", True),
        (";", False),
        ("\n", False),
        ("\n", False),
    ]


def test_compound_commands() -> None:
    kinds = [
        type(item.statement)
        for item in read(
            "if a; then b; elif c; then d; else e; fi\nfor i in 1 2; do x; done\nfor ((i=0;i<3;i++)); do y; done\n"
            "while read l; do z; done < f\ncase $x in a|b) p;; *) q;; esac\nf() { g; }\n[[ -f x && $y =~ a(b) ]]\n((x++))\n(s)\n{ t; }\n"
        ).body.items
    ]
    assert kinds == [
        sh.If, sh.For, sh.ArithmeticFor, sh.While, sh.Case, sh.Function, sh.Test, sh.Arithmetic, sh.Subshell, sh.Group
    ]  # fmt: skip


def test_fragments_of_a_word() -> None:
    command = only("""cmd a'b'"c $d ${e:-"f g"} $(h i)"$'\\n'`j`""")
    assert isinstance(command, sh.Command)
    kinds = [type(part) for part in command.words[1].parts]
    assert kinds == [sh.Literal, sh.SingleQuoted, sh.DoubleQuoted, sh.SingleQuoted, sh.Substitution]
    quoted = command.words[1].parts[2]
    assert isinstance(quoted, sh.DoubleQuoted)
    assert [type(p) for p in quoted.parts] == [
        sh.Literal,
        sh.Expansion,
        sh.Literal,
        sh.Expansion,
        sh.Literal,
        sh.Substitution,
    ]


def test_here_document_in_a_pipeline() -> None:
    text = "cat <<EOF | ssh host && z\nbody $x\nEOF\nafter\n"
    first, second = read(text).body.items
    assert isinstance(first.statement, sh.AndOr)
    command = next(n for n in first.statement.walk() if isinstance(n, sh.Command))
    document = command.redirects[0].heredoc
    assert document is not None
    assert text[document.body_span.start : document.body_span.end] == "body $x\n"
    assert isinstance(second.statement, sh.Command)


def test_quoted_here_document_is_literal() -> None:
    command = only("ssh h bash -s <<'E'\n$x `y`\nE\n")
    assert isinstance(command, sh.Command)
    document = command.redirects[0].heredoc
    assert document is not None
    assert document.quoted
    assert [type(p) for p in document.parts] == [sh.Literal]


def test_array_values() -> None:
    command = only('ids=(1 "$x" $(ls)) # comment')
    assert isinstance(command, sh.Command)
    value = command.assignments[0].value
    assert isinstance(value, sh.ArrayValue)
    assert len(value.elements) == 3


@pytest.mark.parametrize(
    "text",
    [
        '"${3:-{\\"a\\":\\"$(b "$c" .d)\\"\\}}"',
        "${x:$i:1}",
        "${x//\\}/}",
        "$(case a in a) b;; esac)",
        "$(( (1+2) * $(x) ))",
        "<(sort a)",
        "${TARGET:+ → $TARGET}",
        "@(a|b)",
        "$[1+2]",
    ],
)
def test_words_that_readers_stumble_over(text: str) -> None:
    script = read(f"before\ncmd {text} last\nafter\n")
    assert not script.unread
    command = script.body.items[1].statement
    assert isinstance(command, sh.Command)
    assert len(command.words) == 3
    assert command.words[2].literal == "last"


def test_newlines_are_not_swallowed() -> None:
    script = read('x=1\ny > $dir/utt\n\n# comment\ncat z | awk "{}"\n')
    assert [type(i.statement) for i in script.body.items] == [sh.Command, sh.Command, sh.Pipeline]


def test_holes_become_fragments() -> None:
    source = Source("x", 'run \ue000/a "b\ue001"', holes=(Hole("{a}"), Hole("{b}")))
    command = read_shell(source).script.body.items[0].statement
    assert isinstance(command, sh.Command)
    assert isinstance(command.words[1].parts[0], sh.HoleFragment)
    inner = command.words[2].parts[0]
    assert isinstance(inner, sh.DoubleQuoted)
    assert isinstance(inner.parts[1], sh.HoleFragment)


def test_unread_region_is_the_statement() -> None:
    text = "echo a\nif true; then echo b\necho c\n"
    script = read(text)
    assert script.unread
    assert text.startswith("if true", script.unread[0].span.start)
    assert script.body.items[0].statement.span == Span(0, 6)


def test_a_block_that_never_fits_is_one_thing_to_repair() -> None:
    text = (
        'while a; do\n  case "$1" ing\n    --b)\n      c\n      ;;\n    --d)\n      e ;;\n  esac\ndone\n'
        "f\nif g; then\n  h\ni\n"
    )
    blocks = broken_blocks(Source("x.sh", text), read(text).unread)
    assert [text[block[0].span.start :].partition("\n")[0] for block in blocks] == [
        "while a; do",
        "if g; then",
    ]
    assert len(blocks[0]) > 1


def test_statement_and_function_around_an_offset() -> None:
    text = "f() {\n  if a; then\n    rm x\n  fi\n}\n"
    tree = read_shell(Source("x", text))
    at = text.index("rm")
    assert tree.statement_span(at) == Span(at, at + 4)
    assert tree.definitions(at) == ("f",)


def test_deep_nesting_and_size() -> None:
    read("(" * 3000 + ")" * 3000)
    read("$(" * 500)
    read("echo a\n" * 20000)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.name)
def test_fixture_is_read_whole_and_both_readers_agree(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = read_shell(Source(path.name, text))
    assert not tree.script.unread
    agreed = 0
    for unit in tree.units:
        end = max(
            [
                unit.span.end,
                *(
                    f.resume
                    for f in tree.scanner.heredocs.values()
                    if unit.span.start <= f.delimiter_span.start < unit.span.end
                ),
            ]
        )
        try:
            other = bashlex_reader.read(tree.scanner, unit.span.start, end)
        except (NotTaken, WordError):
            continue
        agreed += 1
        assert [i.statement for i in other] == [i.statement for i in unit.items]
    assert agreed, "no statement of the fixture is read by bashlex"


def test_children_lie_inside_their_parents() -> None:
    for path in FIXTURES:
        script = read(path.read_text(encoding="utf-8"))
        for node in script.body.walk():
            for child in node.children():
                if isinstance(node, sh.HereDocument) or isinstance(child, sh.HereDocument):
                    continue
                assert child.span in node.span, (path.name, node, child)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab $(){}[]<>|&;'\"`\\\n#=!*?-0EOF", max_size=60))
def test_never_raises(text: str) -> None:
    tree = read_shell(Source("x", text))
    for item in tree.script.body.items:
        assert 0 <= item.span.start <= item.span.end <= len(text)


WORD = st.sampled_from(["a", "'b c'", '"d $e"', "$f", "${g}", "$(h i)", "j\\ k", "`l`", "m*", "$'n'"])
SIMPLE = st.lists(WORD, min_size=1, max_size=4).map(lambda ws: "cmd " + " ".join(ws))
STATEMENT = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: f"{p[0]} | {p[1]}"),
        st.tuples(inner, inner).map(lambda p: f"{p[0]} && {p[1]}"),
        inner.map(lambda s: f"( {s} )"),
        inner.map(lambda s: f"{{ {s}; }}"),
        st.tuples(inner, inner).map(lambda p: f"if {p[0]}; then {p[1]}; fi"),
        inner.map(lambda s: f"for x in 1 2; do {s}; done"),
    ),
    max_leaves=6,
)


@settings(max_examples=120, deadline=None)
@given(st.lists(STATEMENT, min_size=1, max_size=4))
def test_what_a_grammar_makes_is_read_whole(statements: list[str]) -> None:
    text = "\n".join(statements) + "\n"
    script = read(text)
    assert not script.unread
    commands = [
        n for n in script.body.walk() if isinstance(n, sh.Command) and n.words and n.words[0].literal == "cmd"
    ]
    assert len(commands) == text.count("cmd")


def test_a_loop_with_an_arithmetic_condition_keeps_its_body() -> None:
    (item,) = read_shell(Source("x.sh", "while ((n < 3)); do wait -n; done\n")).script.body.items
    loop = item.statement
    assert isinstance(loop, sh.While)
    assert [type(i.statement) for i in loop.condition.items] == [sh.Arithmetic]
    assert [type(i.statement) for i in loop.body.items] == [sh.Command]


@pytest.mark.parametrize(
    "text", ["echo a'${'", "x='${' y", "echo ;'1|}1${ )'1|", "sed -e's/${ /x/' | head '${'b"]
)
def test_bashlex_comes_to_an_end(text: str) -> None:
    with time_limit(10):
        tree = read_shell(Source("x.sh", text))
        tree.confirm([Span(0, len(text))])
        with pytest.raises(ParsingError):
            bashlex_reader._bashlex().parse(text)


def test_a_long_gap_behind_in_comes_to_an_end() -> None:
    """Real scripts have them once the words are masked: a `case` of many continued lines, a long comment."""
    gap = " " * 60 + "\n" * 60
    text = f"x=${{a:$b:1}}\nif a; then\ncase $1 in{gap}esac\nfi\nb\n"
    with time_limit(10):
        script = read_shell(Source("x.sh", text)).script
    assert script.unread == ()


@contextlib.contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Ends what takes longer: here it would take all memory, too."""

    def end(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    "text",
    [
        # behind a refused statement all words are masked; what follows must still be read
        'x=${a:$b:1}\nif a; then\n  cat b | sed "s/x/y/" > $c\n  cp d e\n\n  f >g # why\n  h\nfi\n',
        'x=${a:$b:1}\nif a; then\n  jq . <<<"$b" && echo >&2 "c"\nfi\nwhile read l; do m; done <<< "$n"\n{ o; } >&2\n',
        'x=${a:$b:1}\nwhile b; do\n  case "$1" in\n    --keep) k="${2:?no}"; shift 2 ;;\n    -h|"a b"|[xy]*) cat <<\'E\'\nit\'s (this\nE\n      ;;\n    *) exit ;;\n  esac\ndone\n',
        "x=${a:$b:1}\nfor l in $(seq 1 $[$n-1]); do\n  y=$[($a*${b[$l]})/$c]\n  z\ndone\n",
        "f() {\n  if ! (($#)); then\n    g\n  fi\n}\nx=${a:$b:1}\nh() {\n  if ! (( $# > 1 )); then\n    g\n  fi\n}\n",
        "x=${a:$b:1}\nif { [ a = b ] || [ c = d ]; } then\n  e\nfi\nif (a) then\n  b\nfi\n",
        "x=${a:$b:1}\nif a; then\n  b=$(c |\\\n    d 'e'\\\n    )\n  f |\\\n  g\nfi\n",
        "for a do case $a in x) echo;; esac; done\n",
        '{ a; } <<<"b"\n(a) <<<"$x"\nfor i in a; do b; done <<< "x"\ncase a in a) b;; esac <<<"x"\n',
        "d=1 2>r; echo $((1))\nf() { x=$(a) 2>/dev/null; echo $((x + 1)); }\n",
        "until (a) do b; done\nwhile ((1)) do b; done; while [[ 1 ]] do b; done\n",
        'if a; then\n  if b=$(c) 2>/dev/null; then\n    if ! d; then\n      e\n    fi\n  fi\n  shift $((f - 1))\n  if g; then\n    h "$@"\n  fi\nfi\n',
        "select c in a b; do break; done 0<f\nselect c in a b; do break; done 0<&6\n",
        "x=$(a | b | c \\\n)\n",
        "f() {\n  eval a=($b)\n  c\n}\n",
        "x=${a:$b:1}\ncase $1 in\n(a) do-release ;;\n(b) then.sh ;;\nesac\nfor f do echo; done\n",
        "f() {\n  x=$(a | b -f 2 | c -d \\ )\n  if d; then e; fi\n}\n",
        "f() {\n  case $1 in\n    4.1) a=' ' ;;&\n    *)\n      b\n    ;;&\n    4.[45])\n      c ;;&\n    *) d ;;& # last\n  esac\n}\n",
        "case $1 in\na) b ;;\nc) d ;&\nesac\n",
        'f() {\n  exec {in}<>"$x" {out}>y\n  a <>b\n}\n',
        "{ while a; do\n  if b; then { while c; do d; done } <e; fi\ndone } <f\n",
        "g && { a=1; b; } || { h && c || { d=0;} }\n",
        'f() {\n  while read -r l; do\n    case $l in\n    *\'"t"\'*) if [ "${l#\\\'}" != b ]; then\n      a\n    fi ;;\n    esac\n  done <<EOF\n$(b)\nEOF\n  c\n}\n',
        "for v in $a; do\n  [[ $v == b ]] && { c=${c//\\$$v/\\\\\\$$v}; d=${c//\\${$v/\\\\\\$\\{$v}; }\n  e\ndone\n",
        "f() {\n  x=${a#*{\\\"b\\\":\\\"$c\\\"}\n  y=$(\n    cat <<E\n\nit's \\$a('${_b}')\n# can't (\nE\n  )\n  d\n}\n",
        "f() {\n  while [[\n    # it fits\n    $i -ge ${#x} && a != b ]]; do\n    g\n  done\n}\n",
        'for ((d=0; "${#A[$((d+1))]}" != 0; d++)); do :; done\na\nf() {\n  cat <<E\nit\'s (c)\nE\n  b\n}\n',
        "A=${B:-'^$'} # why\na\nC=\"${D:-'^$'}\"\nb\n",
        "f() {\n  while a; do {\n    b\n  } done\n  if c; then (d) else { e; } fi\n}\n",
        "f() {\n  if a; then\n    b\n  elif [[ ${x} =~ ^!?(<|<=|=|>)?[a-z] ]]; then\n    c\n  fi\n}\n",
        'x=${a:-"it\'s $(b)"}\nc="${a:-it is \'$(d)\'}"\n',
        "x=`cat << E\na: it's\n<b>\nE`\nc\ny=`cat << E\n</b>\nE`\nd\n",
        'f() {\n  if ! a <"$b" -n c; then\n    d\n  fi\n  e </dev/null -n g 2>/dev/null -o h\n  ((1))\n}\n',
        "f() {\n  if ! a; then [ b &>/dev/null ]; fi\n"
        + "  if ! c && [ d &> e ]\n  then\n    g\n  fi\n" * 60
        + "}\n",
        'f() {\n  while :; do\n    if ! > "$x"; then\n      a\n      break\n    fi\n    ((b))\n  done\n}\n',
        "f() {\n  if [! a b] &> /dev/null || [! c] &> /dev/null\n  then\n    d\n  fi\n}\n",
        "while a; do\n  case $b in\n  esac\ndone\ncat >> f << EOF\n 'it\\'s\nEOF_2\n 'ab',\ncat > g << EOF_2\nEOF\nh\n",
        "if a; then\n\tx=`b <<- E | c\n\t#SBATCH -o $d/%j\n\t(it's\n\tE`\n\te\nfi\n",
    ],
)
def test_valid_statements_are_read(text: str) -> None:
    accepted = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert accepted.returncode == 0, accepted.stderr
    script = read(text)
    assert script.unread == ()
    simple = [node for node in script.body.walk() if isinstance(node, sh.Command) and node.words]
    names = {node.words[0].literal for node in simple}
    wanted = set(re.findall(r"^ *([a-z]|jq|cp|cat|exit)(?: |$)", text, re.MULTILINE)) - {"x"}
    assert wanted - {"l"} <= names


def test_what_stands_behind_the_end_of_the_program_is_not_read_again_and_again() -> None:
    tcl = "proc f {x y} {\n\tif {[llength $x] > 0} {\n\t\tputs {it's}\n\t}\n}\n"
    tree = read_shell(Source("x.sh", f'a\nexec wish "$0" -- "$@"\n{tcl * 40}'))
    assert [unit.unread is None for unit in tree.units] == [True] * (len(tree.units) - 1) + [False]
    assert tree.units[-1].span.end == len(tree.source.text)
    assert tree.end_of_program == tree.units[1].span.end


def test_an_exit_within_a_refused_statement_is_no_end_of_the_program() -> None:
    tree = read_shell(Source("x.sh", "f() {\n  (( ]]\n  exit 1\n}\n(\ng() {\n  b\n}\nc | | d\ne\n"))
    assert "e" in [item.statement.words[0].literal for item in tree.script.body.items if isinstance(item.statement, sh.Command)]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b;c", ["a", "b"]),
        ("a 'b c' d=e", ["a", "b c", "d=e"]),
        ("a 'b'c 'd", None),
        ("a 1&>b", ["a"]),
        ("a 2>b c", ["a", "c"]),
        ("a b\\\n c", ["a", "b", "c"]),
        ("'=' a", ["=", "a"]),
        ("a #b", ["a"]),
        ("a b#c", ["a", "b#c"]),
    ],
)
def test_whole_words_end_where_words_end(text: str, expected: list[str] | None) -> None:
    script = read(text)
    commands = [node for node in script.body.walk() if isinstance(node, sh.Command)]
    assert ([w.literal for w in commands[0].words] if commands and not script.unread else None) == expected


def _below(node: sh.Node) -> Iterator[sh.Node]:
    yield node
    for child in node.children():
        yield from _below(child)


_WRITTEN = [
    *(page.read_text(encoding="utf-8") for page in FIXTURES),
    'a \'b c\'d "e f" $\'g\\n\' \\h "i $j" ${k:-$(l "$m")} `n` <(o $(p)) 141 "" \'\'\ncat <<E\n$(q $r) s\nE\n',
]


@pytest.mark.parametrize("text", _WRITTEN)
def test_a_walk_leaves_out_plain_text_only(text: str) -> None:
    script = read(text)
    plain = (sh.Literal, sh.SingleQuoted)
    everything = [node for node in _below(script) if not isinstance(node, plain)]
    words = [node for node in everything if isinstance(node, sh.Word)]
    of_text = {id(below) for word in words if word.literal is not None for below in list(_below(word))[1:]}
    assert [id(node) for node in script.walk()] == [
        id(node) for node in everything if id(node) not in of_text
    ]
    for word in words:
        substitutions = [n for n in _below(word) if isinstance(n, sh.Substitution | sh.ProcessSubstitution)]
        inner = {id(n) for s in substitutions for n in list(_below(s))[1:]}
        assert [id(n) for n in word.substitutions()] == [id(n) for n in substitutions if id(n) not in inner]


@pytest.mark.parametrize("text", _WRITTEN)
def test_a_word_of_plain_text_becomes_the_argument_that_its_pieces_make(text: str) -> None:
    tree = read_shell(Source("x.sh", text))
    state = State(Execution(shell="bash"))
    for word in tree.script.walk():
        if isinstance(word, sh.Word) and word.literal is not None:
            (arg,) = args_of(word, tree.source, state)
            pieces = pieces_of(word.parts, tree.source, state)
            assert list(arg.pieces) == pieces
            assert arg.pattern == PathPattern.of(*(pattern for pattern, _ in pieces))
            assert arg.written == written(word, tree.source)
            assert arg.text == word.literal
