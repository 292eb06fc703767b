"""Cutting in fewer steps: the very words of jieba."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.tokenize_jieba import DOMAIN_WORDS, JiebaTokenizer

TOKENIZER = JiebaTokenizer.load(DOMAIN_WORDS)
COMMON = (
    "我你他您的是了不在有这那欠款还钱逾期账户平台分期协商困难失业工资发号银行法院起诉律师函上门家人单位电话"
)
RARE = "龥鿕鿖兲〇々㐀"
OTHER = "，。？！ \t\r\nabcXYZ0123456789.%-+#&_😀"


@given(st.text(COMMON + COMMON + RARE + OTHER, max_size=30))
@settings(max_examples=500)
def test_the_words_are_those_of_jieba(text):
    assert TOKENIZER.cut(text) == tuple(TOKENIZER._tokenizer.cut(text))


@given(st.text(max_size=20))
def test_joined_they_are_the_text_again(text):
    assert "".join(TOKENIZER.cut(text)) == text


@pytest.mark.parametrize(
    "text", ["", "我", "啊啊啊啊", "王小明欠了三千块", "下周三之前还2000.50元", "ABC公司　的"]
)
def test_edges_are_cut_as_jieba_cuts_them(text):
    assert TOKENIZER.cut(text) == tuple(TOKENIZER._tokenizer.cut(text))


def test_words_that_must_be_split_are_split(monkeypatch):
    monkeypatch.setattr(TOKENIZER._cutter._unknown, "Force_Split_Words", set())
    assert TOKENIZER.cut("杭研大厦") == ("杭研", "大厦")
    monkeypatch.setattr(TOKENIZER._cutter._unknown, "Force_Split_Words", {"杭研"})
    assert TOKENIZER.cut("杭研大厦") == ("杭", "研", "大厦") == tuple(TOKENIZER._tokenizer.cut("杭研大厦"))
