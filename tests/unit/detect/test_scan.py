"""One search for all patterns: it may try in vain, it never misses."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.needles import needles
from pipeline.detect.patterns import Pattern, Patterns, compile_all, fold
from pipeline.detect.proof import view_of
from pipeline.detect.rulebook import load_rulebook
from pipeline.detect.scan import Scanner
from pipeline.settings import CONFIGS


def possible_in(scanner, text):
    """The expressions that may match a text."""
    return {scanner.patterns[number].expression for number in scanner.candidates({0: text}).of_text[0]}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("上门", [{"上门"}]),
        ("上门|登门", [{"上门", "登门"}]),
        ("[上登]门", [{"上门", "登门"}]),
        ("上.{0,5}门", [{"上"}, {"门"}]),
        ("(去|到)单位", [{"去单位", "到单位"}]),
        ("(去|到)?单位", [{"单位"}]),
        ("单位{1,2}", [{"单"}, {"位"}]),
        ("(?<!不)去单位(?!的)", [{"去单位"}]),
        ("^我.*找你$", [{"找你"}, {"我"}]),
        (r"逾期\d+天", [{"逾期"}, {"天"}]),
        (".*", []),
        ("[一-龥]{2}", []),
        ("去单位还是老家", [{"去单位还"}]),  # long strings are cut
    ],
)
def test_what_a_text_must_hold(expression, expected):
    assert sorted(map(set, needles(expression)), key=sorted) == sorted(expected, key=sorted)


ALPHABET = "上门去单位我你不找人"
PIECES = st.recursive(
    st.text(ALPHABET, min_size=1, max_size=3),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda t: f"({t[0]}|{t[1]})"),
        inner.map(lambda x: f"({x})?"),
        inner.map(lambda x: f"({x}){{1,2}}"),
        st.tuples(inner, inner).map(lambda t: f"{t[0]}.{{0,2}}{t[1]}"),
        st.text(ALPHABET, min_size=1, max_size=3).map(lambda x: f"[{x}]"),
        st.tuples(st.text(ALPHABET, min_size=1, max_size=1), inner).map(lambda t: f"(?<!{t[0]}){t[1]}"),
    ),
    max_leaves=6,
)


@given(PIECES, st.text(ALPHABET, max_size=12))
@settings(max_examples=300)
def test_needles_are_necessary(expression, text):
    if re.search(expression, text):
        assert all(any(needle in text for needle in group) for group in needles(expression))


@given(st.lists(PIECES, min_size=1, max_size=4), st.text(ALPHABET, max_size=12))
@settings(max_examples=200)
def test_the_search_never_misses(sources, text):
    patterns = compile_all(tuple(sources), {})
    possible = possible_in(Scanner.of(patterns), text)
    for pattern in patterns:
        if pattern.spans(text, {}):
            assert pattern.expression in possible


@given(st.lists(PIECES, min_size=1, max_size=4), st.lists(st.text(ALPHABET + "\0😀", max_size=8), max_size=4))
@settings(max_examples=100)
def test_many_texts_at_once_are_as_each_alone(sources, texts):
    scanner = Scanner.of(compile_all(tuple(sources), {}))
    found = scanner.candidates({10 * place: text for place, text in enumerate(texts)})
    alone = {10 * place: scanner.candidates({0: text}).of_text[0] for place, text in enumerate(texts)}
    assert found.of_text == alone
    assert found.numbers == frozenset().union(*alone.values())
    for number in found.numbers:
        assert list(found.where(number)) == [place for place, those in alone.items() if number in those]


@given(PIECES, st.text(ALPHABET, max_size=12))
@settings(max_examples=200)
def test_alternatives_apart_match_what_they_match_together(source, text):
    whole = {m.span() for m in re.finditer(source, text) if m.group()}
    apart = {span for pattern in compile_all((source,), {}) for span in pattern.spans(text, {})}
    covered = set().union(*(range(*span) for span in whole)) if whole else set()
    assert covered <= set().union(*(range(*span) for span in apart)) if apart else not whole


def test_metadata_may_stand_for_anything():
    (pattern,) = compile_all(("我是{lender}的",), {})
    assert possible_in(Scanner.of([pattern]), "我是青山银行的") == {pattern.expression}
    assert not possible_in(Scanner.of([pattern]), "您好")


def test_the_shipped_packs_lose_nothing_on_their_own_examples():
    book = load_rulebook(CONFIGS / "rules", CONFIGS / "norms.yaml")
    texts = {
        fold(turn.text)
        for rule in book.rules
        for group in (rule.rule.examples.must_hit, rule.rule.examples.must_not_hit)
        for example in group
        for turn in view_of(rule.rule.says, example)[0].turns
    }
    patterns = {pattern.expression: pattern for rule in book.rules for pattern in rule.searched}
    some = sorted(texts)[::25]
    assert len(some) > 40
    for text in some:
        possible = possible_in(book.scanner, text)
        for expression, pattern in patterns.items():
            if expression not in possible:
                assert not pattern.spans(text, {}), (pattern.source, text)


def test_a_scanner_knows_what_it_covers():
    known, other = compile_all(("上门", "登门"), {}), compile_all(("上门", "到家"), {})
    scanner = Scanner.of(known)
    assert scanner.numbers_of(known) == {0, 1}
    assert scanner.numbers_of(other) is None
    assert scanner.numbers_of(Patterns((Pattern(source="上门", expression="上门", fields=()),))) == {0}
    again = compile_all(("上门", "登门"), {})
    assert scanner.numbers_of(again) is scanner.numbers_of(known)
