"""Which functions of a Python file are walked."""

from __future__ import annotations

import textwrap

import pytest

from jobsafety_lint.meaning.python.sieve import Sieve
from jobsafety_lint.readers.python.outline import Outline
from jobsafety_lint.source import Source


def walked(code: str) -> list[str]:
    """The functions that are walked, and `<top>` if the statements at the top of the file are."""
    outline = Outline.of(Source("a.py", textwrap.dedent(code)))
    functions, top = Sieve(outline, lambda text: "pueue" in text).wanted()
    return [*(one.qualified for one in functions), *(["<top>"] if top else [])]


@pytest.mark.parametrize(
    "call",
    [
        "open(p)",
        "open(p, 'rb')",
        "open(p, mode='r')",
        "p.open()",
        "p.open('rt')",
        "gzip.open(p)",
        "p.exists()",
        "read_csv(p)",
    ],
)
def test_who_only_looks_is_left_alone(call: str) -> None:
    assert walked(f"def f(p):\n    return {call}\n") == []


@pytest.mark.parametrize(
    "call",
    ["open(p, 'w')", "open(p, mode)", "open(p, mode='a')", "p.open('x')", "p.open(mode)", "tarfile.open(p, 'w:gz')", "open(*given)",
     "open(p, **given)", "os.open(p, flags)", "p.unlink()", "subprocess.run(p)"],
)  # fmt: skip
def test_who_acts_is_walked(call: str) -> None:
    assert walked(f"def f(p):\n    return {call}\n") == ["f"]


def test_who_looks_counts_beside_one_who_acts() -> None:
    code = """
        def load(p):
            return open(p).read()

        def save(p):
            p.write_text("x")

        def other(p):
            return p + 1
    """
    assert walked(code) == ["load", "save"]


@pytest.mark.parametrize(
    ("statement", "is_walked"),
    [
        ('path = f"{symbol}.checkpoint.json"', True),
        ('return "state_%s.json" % symbol', True),
        ('path = cache / "offsets"', True),
        ('path = f"state.{ext}"', True),
        ('load(f"{symbol}.checkpoint.json")', True),
        ('log.info(f"{symbol}.checkpoint.json")', False),
        ('message = "no state of %s was found" % symbol', False),
        ('address = f"https://{host}/state/{symbol}.json"', False),
        ('key = f"state.{symbol}"', False),
        ('text = f"{state:.2f}"', False),
    ],
)
def test_names_count_where_they_are_kept(statement: str, is_walked: bool) -> None:
    code = f"def f(symbol, host, cache, state):\n    {statement}\n\n\ndef load(path):\n    return path\n"
    assert ("f" in walked(code)) is is_walked


def test_a_home_directory_is_of_interest_by_itself() -> None:
    assert walked('x = open("~/x")\n') == ["<top>"]
    assert walked('x = open("/x")\n') == []
