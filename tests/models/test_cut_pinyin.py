"""Cutting in fewer steps: the very words of pypinyin."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypinyin.constants import PHRASES_DICT
from pypinyin.seg.simpleseg import seg

from models.cut_pinyin import PinyinCutter

CUTTER = PinyinCutter()
PHRASES = sorted(PHRASES_DICT)
pieces = st.one_of(
    st.sampled_from(PHRASES),
    st.builds(lambda phrase, size: phrase[:size], st.sampled_from(PHRASES), st.integers(1, 3)),
    st.text("我你还款行长重还〇，。 a1\n😀", max_size=4),
)


@given(st.lists(pieces, max_size=6).map("".join))
@settings(max_examples=500)
def test_the_words_are_those_of_pypinyin(text):
    assert CUTTER.cut(text) == [word for word in seg(text) if word]


@pytest.mark.parametrize(
    "text", ["", "，", "我", "我，你", "银行", "银", "一心", "不三不", "重新还款abc行长"]
)
def test_edges_are_cut_as_pypinyin_cuts_them(text):
    assert CUTTER.cut(text) == [word for word in seg(text) if word]


def test_behind_a_phrase_that_the_text_breaks_off_no_other_is_looked_for():
    broken = next(
        phrase[:3]
        for phrase in PHRASES
        if len(phrase) > 3
        and phrase[1:3] in PHRASES_DICT
        and not {phrase[:2], phrase[:3]} & PHRASES_DICT.keys()
    )
    assert CUTTER.cut(broken) == seg(broken) == list(broken)
