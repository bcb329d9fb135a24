"""Searches by a text's vocabulary find what searches of the text itself find."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from jobsafety_lint.literals import Literals
from jobsafety_lint.meaning.project.links import defined_in
from jobsafety_lint.meaning.project.mentions import index_of
from jobsafety_lint.source import Source, vocabulary_of

LITERALS = (
    "open(",
    ".save",
    "unlink",
    "ock(",
    "*.",
    "json.loads",
    ":8123",
    "from asynch",
    "raise ValueError",
    "_x",
    "état",
)
PIECES = st.sampled_from(
    [*LITERALS, "open", "(", ".", "re", " ", "\n", "“", "_", "8123", "İ", "ß", "X", "def ", "class\t", "f"]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@given(TEXTS)
def test_the_vocabulary_tells_what_a_text_holds(text: str) -> None:
    literals, source = Literals(LITERALS), Source("a.py", text)
    assert literals.those_in(source) == [literal for literal in LITERALS if literal in text]
    assert literals.any_in(source) is any(literal in text for literal in LITERALS)


@given(TEXTS)
def test_words_in_lower_case(text: str) -> None:
    words = ("open", "json", "unlink", "x")
    assert Literals(words).those_in_lower(Source("a.py", text)) == [
        word for word in words if word in text.lower()
    ]


@given(TEXTS)
def test_a_vocabulary_holds_every_word_once(text: str) -> None:
    words = vocabulary_of(text).split("\n")[1:-1]
    assert sorted(words) == sorted(set(re.findall(r"\w+", text)))


@given(
    st.lists(
        st.sampled_from(
            ["def f():", "async def  g():", "class\tA:", "undef x", "_class B", "x = 1", "    def h(self):"]
        )
    )
)
def test_definitions_are_found_whole(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert sorted(defined_in(text)) == sorted(re.findall(r"\b(?:def|class)[ \t]+(\w+)", text))


def test_an_index_names_the_files_in_their_order() -> None:
    texts = {"a.py": "save(x)", "b.py": "def save(): ...", "c.py": "saved = 1"}
    found = index_of({"save", "nowhere"}, texts, lambda path: vocabulary_of(texts[path]))
    assert found == {"save": ["a.py", "b.py"]}
