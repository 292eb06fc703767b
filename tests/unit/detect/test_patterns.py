"""The pattern language: readable, safe, and exact about offsets."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.detect.patterns import WordLists, compile_all, compile_pattern, fold
from pipeline.errors import RulePackError, UnknownNameError

WORDS = {"family": ("妈", "妈妈"), "people": ("<family>", "同事"), "loop": ("<loop>",)}


def found(pattern, text, **fields):
    span = min(compile_pattern(pattern, WORDS).spans(fold(text), fields), default=None)
    return fold(text)[slice(*span)] if span else None


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("告诉<family>", "我就告诉妈妈去", "告诉妈妈"),  # the longest word of a list wins
        ("告诉<people>", "告诉同事", "告诉同事"),  # lists may name lists
        ("找..3收拾", "找几个人收拾你", "找几个人收拾"),
        ("找..2收拾", "找几个人收拾你", None),  # a gap has a length
        ("找..9收拾", "我去找。他来收拾", None),  # a gap stays in its sentence
        ("找..9收拾", "我去找，他来收拾", "找，他来收拾"),
        ("找 .. 收拾", "找人收拾", "找人收拾"),  # spaces are for the reader
        ("app", "用ＡＰＰ还", "ａｐｐ"),
        ("在吗？", "人在吗？", "在吗？"),  # full-width marks are no operators
        ("逾期\\d{2}天", "逾期43天", "逾期43天"),  # plain regular expressions stay what they are
    ],
)
def test_what_patterns_match(pattern, text, expected):
    match = found(pattern, text)
    assert match == (fold(expected) if expected else None)


def test_a_field_stands_for_the_calls_own_value():
    assert found("我是{lender}的", "我是海岳(中国)银行的", lender="海岳(中国)银行") == "我是海岳(中国)银行的"
    assert found("我是{lender}的", "我是海岳银行的", lender="别家银行") is None


def test_an_unknown_field_matches_nothing_rather_than_everything():
    assert found("我是{lender}的", "我是的", lender=None) is None


@pytest.mark.parametrize("pattern", [r"\b还钱\b", r"\w+", "(还钱", "<loop>"])
def test_patterns_that_cannot_work_are_refused(pattern):
    with pytest.raises(RulePackError):
        compile_pattern(pattern, WORDS)


def test_an_unknown_list_names_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'family'"):
        compile_pattern("<familly>", WORDS)


@given(st.text(max_size=60))
@example("İstanbul还钱")
def test_folding_keeps_every_offset(text):
    assert len(fold(text)) == len(text)


def test_lists_may_name_lists_as_deep_as_they_like_but_never_themselves():
    chain = {f"l{chr(97 + n)}": (f"<l{chr(98 + n)}>",) for n in range(12)} | {"lm": ("还款",)}
    for words in (chain, dict(reversed(chain.items()))):
        (pattern,) = compile_all(tuple(f"<{name}>" for name in words), WordLists(words))[:1]
        assert pattern.spans("要还款", {}) == {(1, 3)}
    with pytest.raises(RulePackError, match="in a circle"):
        compile_pattern("<one>", {"one": ("a", "<two>"), "two": ("b|<one>",)})


PIECES = (
    "还款",
    "<family>",
    "<people>",
    "..3",
    "|",
    "(",
    ")",
    "[上登]",
    r"\|",
    "[|)]",
    "(?:",
    "?",
    "{lender}",
)


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=5).map("".join), max_size=5))
def test_patterns_that_are_compiled_with_lists_in_common_are_those_of_their_own(sources):
    """What was made of one pattern changes nothing in the next, and what is refused is refused."""
    words = {name: entries for name, entries in WORDS.items() if name != "loop"}
    shared = WordLists(words)
    for source in (*sources, *sources):
        alone = made_of(source, words)
        assert made_of(source, shared) == alone
        assert isinstance(alone, str) or all(re.compile(pattern.shape) for pattern in alone)


def made_of(source, words):
    """The patterns, or what is wrong with them."""
    try:
        return compile_all((source,), words)
    except RulePackError as error:
        return str(error)
