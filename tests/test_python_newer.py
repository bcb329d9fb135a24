"""Syntax that is newer than the running Python: it is read as older syntax of the same length, and rules look at it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

from jobsafety_lint.quiet import without_warnings
from jobsafety_lint.readers.python.newer import in_older_syntax

Findings = Callable[..., list[dict[str, Any]]]

NEWER = [
    # type parameters and type statements: PEP 695, 696
    ("type Pair[T] = tuple[T, T]\nx = 1\n", "pass                      \nx = 1\n"),
    ("type P = (\n    int\n)\n", "pass      \n       \n \n"),
    ("def f[T: (int, str), *Ts, **P](é: T) -> T: ...\n", "def f" + " " * 25 + "(é: T) -> T: ...\n"),
    ("class A[T = int](B):\n    pass\n", "class A         (B):\n    pass\n"),
    # f-strings: PEP 701
    ('f"{a["b"]}"\n', "f\"{a['b']}\"\n"),
    ("f\"{'\\n'.join(a)}\"\n", "f\"{'_n'.join(a)}\"\n"),
    ('f"{a + f"{b}"}"\n', 'f"{a + aaaaaa}"\n'),
    ("f\"{a['b']} {f'{c[\"d\"]}'}\"\n", "f\"{a['b']} {f'{c[aaa]}'}\"\n"),
    ('g(f"{(\n    1)}")\n', 'g(""  \n        )\n'),
    ("f'''{\n3  # three\n}'''\n", "f'''{\n3         \n}'''\n"),
    # errors: PEP 654, 758
    ("try:\n    f()\nexcept* A:\n    pass\n", "try:\n    f()\nexcept  A:\n    pass\n"),
    ("try:\n    f()\nexcept A, B:\n    pass\n", "try:\n    f()\nexcept A   :\n    pass\n"),
    # template strings: PEP 750
    ("t'{a} b'\nRT'{a}\\b'\n", "f'{a} b'\nrf'{a}\\b'\n"),
]


@pytest.mark.parametrize(("text", "expected"), NEWER, ids=[text[:24] for text, _ in NEWER])
def test_newer_syntax_becomes_older_syntax_of_the_same_length(text: str, expected: str) -> None:
    older = in_older_syntax(text)
    assert older == expected
    assert [len(line.encode()) for line in older.split("\n")] == [len(x.encode()) for x in text.split("\n")]
    with without_warnings():
        ast.parse(older)
        ast.parse(older, feature_version=(3, 10))


@pytest.mark.parametrize(
    "text",
    ["x = f'{a!r:>{b}}' 'c'\n", "print 'a'\n", "def f(:\n", "", "try:\n    f()\nexcept (A, B):\n    pass\n"],
)
def test_what_is_not_newer_or_not_python_is_left_alone(text: str) -> None:
    assert in_older_syntax(text) is None


def test_rules_look_at_newer_syntax_and_find_its_places(findings: Findings) -> None:
    code = """\
        import os

        type Rows[T] = list[T]


        def clean[T](path: str, rows: Rows[T], day: dict[str, str]) -> None:
            print(f"é {day["x"]} {"\\n".join(rows)}")
            try:
                if os.path.exists(f"out/{day["name"]}.csv"):
                    os.remove(f"out/{day["name"]}.csv")
            except ValueError, KeyError:
                pass
        """
    found = findings({"clean.py": dedent(code)})
    assert [(f["code"], f["line"], f["column"]) for f in found] == [("JOB101", 10, 13)]
    assert '`f"out/{day["name"]}.csv"`' in found[0]["message"]
