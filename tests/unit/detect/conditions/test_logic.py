"""Expressions over conditions, with three truths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.conditions.logic import every_name, names, parse
from pipeline.errors import RulePackError

TRUTHS = {"yes": True, "no": False, "open": None, "of_course": True}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("yes", True),
        ("not yes", False),
        ("not open", None),
        ("yes and no", False),
        ("yes and open", None),
        ("no and open", False),  # whatever it is, it changes nothing
        ("yes or open", True),
        ("no or open", None),
        ("yes or no and no", True),  # and binds stronger
        ("(yes or no) and no", False),
        ("not (yes and no)", True),
        ("2 of (yes, no, open)", None),
        ("2 of (yes, of_course, open)", True),
        ("2 of (no, no, open)", False),
        ("1 of (no, yes and of_course)", True),
        ("not not yes", True),
    ],
)
def test_values(source, expected):
    assert parse(source).value(TRUTHS) is expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "the end"),
        ("yes and", "the end"),
        ("yes no", "not expected"),
        ("and yes", "expected a condition"),
        ("(yes", r"expected '\)'"),
        ("3 of (yes, no)", "can never be"),
        ("0 of (yes)", "can never be"),
        ("2 of yes", r"expected '\('"),
        ("yes && no", "cannot read"),
    ],
)
def test_what_makes_no_sense_says_where(source, message):
    with pytest.raises(RulePackError, match=message):
        parse(source)


def test_names_that_speak_for_and_against():
    expression = parse("a and not (b or not c) and 1 of (d, not e)")
    assert list(names(expression)) == ["a", "c", "d"]
    assert set(every_name(expression)) == set("abcde")


SOURCES = st.recursive(
    st.sampled_from(["a", "b", "c"]),
    lambda inner: st.one_of(
        inner.map(lambda x: f"not ({x})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        st.tuples(st.integers(1, 2), inner, inner).map(lambda t: f"{t[0]} of ({t[1]}, {t[2]})"),
    ),
    max_leaves=8,
)
KNOWN = st.fixed_dictionaries({name: st.booleans() for name in "abc"})


@given(SOURCES, KNOWN, st.sampled_from("abc"))
def test_what_is_decided_stays_so_whatever_comes_to_light(source, known, hidden):
    before = parse(source).value({**known, hidden: None})
    after = parse(source).value(known)
    assert after is not None
    assert before in (None, after)
