"""Words and regular expressions of other products mean here what they meant there."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.importers.wording import (
    DECIMAL,
    NUMERAL,
    WHOLE_NUMERAL,
    from_regex,
    literal,
    whole_words,
)
from pipeline.detect.patterns import compile_all, fold


def found(pattern, text):
    folded = fold(text)
    return [folded[a:b] for p in compile_all((pattern,), {}) for a, b in p.spans(folded, {})]


@given(st.text(alphabet="还钱 ab.A<x>{lender}[]()*+?|\\^$-/，。", min_size=1).filter(str.strip))
def test_a_literal_matches_itself_and_nothing_else(word):
    assert found(literal(word), f"好{word}好") == [fold(word)]
    assert found(literal(word), "没有") == []


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("pay", "PAY now, payment", ["pay"]),
        ("neighbo*", "neighbor neighbours", ["neighbor", "neighbours"]),
        ("还款", "请还款吧", ["还款"]),
        ("投诉*", "投诉你们", ["投诉你们"]),
        ("OK 了", "ok 了", ["ok 了"]),
    ],
)
def test_words(phrase, text, expected):
    assert found(whole_words(phrase), text) == expected


@pytest.mark.parametrize(
    ("regex", "text", "expected"),
    [
        (r"还..钱", "还你的钱", ["还你的钱"]),
        (r"还..钱", "还钱", []),
        (r"还..*钱", "还一二三钱", ["还一二三钱"]),
        (r"a...b", "a123b", ["a123b"]),
        (r"还 钱", "还 钱", ["还 钱"]),
        (r"\w+号", "工号", ["工号"]),
        (r"[\w]+号", "工号", ["工号"]),
        (r"\bok\b", "说ok吧 book", ["ok"]),
        (r"\D还\S", "1还钱 好还钱", ["好还钱"]),
        (r"\p{Han}{2}吗", "好的吗", ["好的吗"]),
        (r"[\p{Han}a]+吗", "好a吗", ["好a吗"]),
        (r"(?<year>20\d{2})年", "2026年", ["2026年"]),
        (r"(?i)OK", "ok", ["ok"]),
        (r"(?<!不)还款", "不还款 还款", ["还款"]),
        (r"<还>", "<还>", ["<还>"]),
        (r"{lender}", "{lender}", ["{lender}"]),
        (r"\d{3,4}元", "1200元", ["1200元"]),
        (r"[^，。]{1,3}吧", "走，还了吧", ["还了吧"]),
        (r"还钱|付款", "付款", ["付款"]),
        (r"[]x]还", "]还", ["]还"]),
    ],
)
def test_regular_expressions(regex, text, expected):
    assert found(from_regex(regex), text) == expected


@pytest.mark.parametrize("regex", [r"\Qx\E", r"\p{Lu}", r"[^\W]", r"(还", r"[\S]", r"\k<a>"])
def test_what_has_no_counterpart_is_said(regex):
    with pytest.raises(ValueError, match=r"."):
        from_regex(regex)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (NUMERAL, "三千五 12.5 八点二", ["12.5", "三千五", "八点二"]),
        (WHOLE_NUMERAL, "还12 还三千", ["12", "三千"]),
        (WHOLE_NUMERAL, "还12.5，八点二", []),
        (DECIMAL, "12.5和八点二和三", ["12.5", "八点二"]),
    ],
)
def test_numerals(pattern, text, expected):
    assert sorted(re.findall(pattern, text)) == sorted(expected)
