"""YAML scalars: every code point of a value stands where its place says."""

from __future__ import annotations

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobsafety_lint.model import Span
from jobsafety_lint.readers.hosts import yaml_text
from jobsafety_lint.source import Source

HEADERS = ["|", "|-", "|+", ">", ">-", ">+", "| # note", ">2", "|2-", "&a |", "!!str >"]


def read(text: str) -> tuple[yaml_text.YamlFile, yaml.ScalarNode]:
    file = yaml_text.read_yaml(Source("x.yml", text))
    node = yaml_text.get(file.root, "k")
    assert isinstance(node, yaml.ScalarNode), file.problem
    return file, node


def check(text: str) -> str:
    """Every code point is the host's, a folded line break, or what an escape stands for. Returns the value."""
    file, node = read(text)
    source = yaml_text.snippet(file, [node])
    assert source.text == node.value
    at_last = 0
    for at, char in enumerate(source.text):
        span = source.in_file(Span(at, at + 1))
        host = text[span.start : span.end]
        if len(host) == 1:
            assert host == char or (char, host) == (" ", "\n")
        else:
            quote = "'" if host == "''" else '"'
            assert yaml.safe_load(f"{quote}{host}{quote}") == char
        assert at_last <= span.start
        at_last = span.start
    return str(node.value)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.text(alphabet="ab #:'\"\\$é-😀{}\t", max_size=8), max_size=6),
    st.sampled_from(HEADERS),
    st.booleans(),
)
@example(["", "  b", "a", "", "a"], ">", True)
@example(["\t"], "|+", False)
def test_block(lines: list[str], header: str, followed: bool) -> None:
    text = f"k: {header}\n" + "".join(f"  {line}\n" for line in ["a", *lines])
    check(text + ("l: m\n" if followed else "\n\n"))


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet="ab #:'\"\\$é😀\t\n\x07-", max_size=30),
    st.sampled_from(["'", '"', None]),
    st.integers(8, 40),
)
def test_flow(value: str, style: str | None, width: int) -> None:
    assert check(yaml.dump({"k": value}, default_style=style, width=width, allow_unicode=True)) == value


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="ab $\n\"'\\{}é", min_size=1, max_size=40),
    st.sampled_from(["|", ">", "'", '"', None]),
    st.data(),
)
def test_any_span_maps_back(value: str, style: str | None, data: st.DataObject) -> None:
    """A span of the snippet goes from where its first code point stands to where its last one ends."""
    file, node = read(yaml.dump({"k": value}, default_style=style, width=10, allow_unicode=True))
    source = yaml_text.snippet(file, [node])
    start = data.draw(st.integers(0, len(value) - 1))
    end = data.draw(st.integers(start + 1, len(value)))
    first, last = source.in_file(Span(start, start + 1)), source.in_file(Span(end - 1, end))
    assert source.in_file(Span(start, end)) == Span(first.start, last.end)


def test_line_breaks_that_are_none_for_us() -> None:
    """U+2028 ends a line for YAML 1.1: the whole scalar stands for each code point."""
    text = "k: 'a\u2028 b'\n"
    file, node = read(text)
    source = yaml_text.snippet(file, [node])
    assert source.text == node.value
    assert text[slice(3, 9)] == text[source.in_file(Span(1, 2)).start : source.in_file(Span(1, 2)).end]


def test_templates_are_holes() -> None:
    import re

    text = 'k: "a ${{ inputs.v }}\\tb ${{ github.sha }}"\n'
    file, node = read(text)
    source = yaml_text.snippet(file, [node], re.compile(r"\$\{\{.*?\}\}"))
    assert [hole.text for hole in source.holes] == ["${{ inputs.v }}", "${{ github.sha }}"]
    assert source.holes[0].names == {"inputs.v"}
    assert len(source.text) == len("a X\tb X")
    at = source.in_file(Span(2, 3))
    assert text[at.start : at.end] == "${{ inputs.v }}"
    at = source.in_file(Span(4, 5))
    assert text[at.start : at.end] == "b"


def test_comments_are_not_in_scalars() -> None:
    text = "# one\na: 'x # no' # two\nb: | # three\n  c # no\n  # no\n# four\nd: e#no\n"
    file = yaml_text.read_yaml(Source("x.yml", text))
    assert [text[s.start : s.end] for s in file.comments()] == ["# one", "# two", "# three", "# four"]


def test_unreadable_texts_have_a_problem() -> None:
    for text in ("a: {{ b }}: c\n", "{% if x %}\na: 1\n", "a: [", "\x07", "- " * 50000 + "a"):
        assert yaml_text.read_yaml(Source("x.yml", text)).problem or len(text) > 1000
