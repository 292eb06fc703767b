"""Cutting in fewer steps: the very words of jieba."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.tokenize_jieba import DOMAIN_WORDS, JiebaTokenizer
from models.words_jieba import WordFrequencies

TOKENIZER = JiebaTokenizer.load(DOMAIN_WORDS)


def jiebas_own():
    """A tokenizer of jieba with the same words."""
    jieba = pytest.importorskip("jieba")
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    for line in DOMAIN_WORDS.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            word, frequency, tag = line.split()
            tokenizer.add_word(word, int(frequency), tag)
    return tokenizer


JIEBA = jiebas_own()
COMMON = (
    "我你他您的是了不在有这那欠款还钱逾期账户平台分期协商困难失业工资发号银行法院起诉律师函上门家人单位电话"
)
RARE = "龥鿕鿖兲〇々㐀"
OTHER = "，。？！ \t\r\nabcXYZ0123456789.%-+#&_😀"


@given(st.text(COMMON + COMMON + RARE + OTHER, max_size=30))
@settings(max_examples=500)
def test_the_words_are_those_of_jieba(text):
    assert TOKENIZER.cut(text) == tuple(JIEBA.cut(text))


@given(st.text(max_size=20))
def test_joined_they_are_the_text_again(text):
    assert "".join(TOKENIZER.cut(text)) == text


@pytest.mark.parametrize(
    "text", ["", "我", "啊啊啊啊", "王小明欠了三千块", "下周三之前还2000.50元", "ABC公司　的"]
)
def test_edges_are_cut_as_jieba_cuts_them(text):
    assert TOKENIZER.cut(text) == tuple(JIEBA.cut(text))


def test_words_that_must_be_split_are_split(monkeypatch):
    monkeypatch.setattr(TOKENIZER._cutter._unknown, "Force_Split_Words", set())
    assert TOKENIZER.cut("杭研大厦") == ("杭研", "大厦")
    monkeypatch.setattr(TOKENIZER._cutter._unknown, "Force_Split_Words", {"杭研"})
    assert TOKENIZER.cut("杭研大厦") == ("杭", "研", "大厦") == tuple(JIEBA.cut("杭研大厦"))


def test_every_word_and_beginning_is_jiebas():
    words = TOKENIZER._words
    words.read(word[0] for word in JIEBA.FREQ)
    assert words.known == JIEBA.FREQ
    assert words.total == JIEBA.total


def test_only_what_begins_with_characters_that_were_met_is_read():
    words = WordFrequencies("还款 3 v\n还清 12 v\n清还日 5 n\n还 1 v\n")
    words.read("还")
    assert words.known == {"还款": 3, "还清": 12, "还": 1}
    assert (words.of("清还"), words.of("清还日"), words.of("日"), words.of("")) == (0, 5, 0, 0)
    assert words.total == 21


def test_a_word_that_is_added_stands_whether_its_character_was_met_or_not():
    words = WordFrequencies("还款 3 v\n")
    words.read("还")
    words.add("还款", 7)
    words.add("清欠", 2)
    assert (words.of("还款"), words.of("清欠"), words.of("清"), words.total) == (7, 2, 0, 12)


@pytest.mark.parametrize("text", ["还款 3\n", "还款 3 v\n清 还 3 v\n", "还款 3 v x\n清\n"])
def test_a_dictionary_of_another_form_is_refused(text):
    with pytest.raises(ValueError, match="three parts"):
        WordFrequencies(text)
