"""Amounts are read as people say them and as speech recognition writes them."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import cn2an
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.outcome.amounts import AmountKind, find_amounts, read_number


def yuan(text: str) -> list[Decimal | None]:
    return [span.yuan for span in find_amounts(text) if span.kind is AmountKind.YUAN and span.exact]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("先还五千八", "5800"),
        ("三万五", "35000"),
        ("一百五", "150"),
        ("两千零五块", "2005"),
        ("一万二吧", "12000"),
        ("三千块", "3000"),
        ("三千块钱", "3000"),
        ("两千三百元", "2300"),
        ("五千八百一十二块六毛", "5812.6"),
        ("三十五块五", "35.5"),
        ("九块九毛九分", "9.99"),
        ("六百三十块两毛七", "630.27"),
        ("六百三十块两毛十五号", "630.2"),
        ("3000元", "3000"),
        ("还3,000", "3000"),
        ("1.2万", "12000"),
        ("一点二万", "12000"),
        ("3千5", "3500"),
        ("1万2", "12000"),
        ("5812.60", "5812.60"),
        ("五百来块", "500"),
        ("四千左右", "4000"),
        ("周五五百", "500"),
        ("每周五百", "500"),
        ("先还三千十五号", "3000"),
        ("三千通过客户端还", "3000"),
        ("三千年底给", "3000"),
        ("今晚八点一千", "1000"),
        ("3200六", "3260"),
        ("千三块钱", "1300"),
        ("四人民币五美元", "4"),
    ],
)
def test_reads(said: str, value: str) -> None:
    assert yuan(said) == [Decimal(value)]


@pytest.mark.parametrize(
    "said",
    [
        "工号三零一六",
        "我的工号是3016",
        "身份证后四位是4019",
        "尾号3321的卡",
        "分十二期还",
        "分24期",
        "逾期一百六十三天",
        "逾期163天",
        "今年三十五岁",
        "年化百分之二十四",
        "上浮20%",
        "十五号",
        "三月十五号",
        "2026年",
        "晚上八点半",
        "拨打12378",
        "打110",
        "来了五十个人",
        "第三千",
        "千万别转给个人",
        "万一到不了",
        "咱们一块还",
        "七八百吧",
        "三千多",
        "二十几块",
        "打了三百个电话",
    ],
)
def test_takes_for_no_definite_amount(said: str) -> None:
    assert yuan(said) == []


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("先还一半", AmountKind.HALF),
        ("还最低还款额", AmountKind.MINIMUM),
        ("最低行不行", AmountKind.MINIMUM),
        ("全部给你们", AmountKind.FULL),
        ("全额还", AmountKind.FULL),
        ("一次性结清", AmountKind.FULL),
    ],
)
def test_names_parts_of_the_debt(said: str, kind: AmountKind) -> None:
    assert {span.kind for span in find_amounts(said)} == {kind}


@pytest.mark.parametrize("said", ["一大半都压在货上", "结清证明", "已结清"])
def test_leaves_look_alikes_of_parts(said: str) -> None:
    assert find_amounts(said) == ()


def spoken(value: int) -> str:
    """``value`` as said: 两 where people say it, no leading 一 in 一十五."""
    text: str = cn2an.an2cn(value)
    for unit in "百千万":
        text = text.replace(f"二{unit}", f"两{unit}")
    return text.removeprefix("一") if text.startswith("一十") else text


@given(st.integers(1, 99_999))
def test_any_amount_said_in_yuan_is_read_back(value: int) -> None:
    assert yuan(f"那我先还{spoken(value)}元行吗") == [Decimal(value)]


@given(st.integers(11, 99).filter(lambda n: n % 10), st.sampled_from([(10, "百"), (100, "千"), (1000, "万")]))
def test_the_last_unit_may_be_dropped(digits: int, scale: tuple[int, str]) -> None:
    first, second = divmod(digits, 10)
    said = f"{spoken(first)}{scale[1]}{spoken(second)}"
    assert yuan(f"先还{said}吧") == [Decimal(digits * scale[0])]


@given(st.integers(1, 99_999), st.sampled_from(["{}元", "{}块钱", "{:,}元", "{}块"]))
def test_any_amount_in_digits_is_read_back(value: int, form: str) -> None:
    assert yuan(f"明天还{form.format(value)}，行吗") == [Decimal(value)]


@given(st.integers(1, 9999), st.integers(1, 9))
def test_tenths_are_read(value: int, tenth: int) -> None:
    assert yuan(f"一共{spoken(value)}块{spoken(tenth)}毛。") == [Decimal(value) + Decimal(tenth) / 10]


@given(st.text(alphabet="一二两三五十百千万零点块元毛号月期还3080.,，。", max_size=14))
def test_spans_lie_in_order_and_inside(text: str) -> None:
    spans = find_amounts(text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))


@pytest.mark.parametrize("numeral", ["七八百", "幺二三", "一二", "百百"])
def test_no_number_is_none(numeral: str) -> None:
    assert read_number(numeral) is None


@pytest.mark.parametrize(
    ("said", "at_least"),
    [("十几万", 100_000), ("一千多万", 10_000_000), ("二十来万块", 200_000), ("三千多", 3000)],
)
def test_about_so_many_is_a_lower_bound(said: str, at_least: int) -> None:
    (span,) = find_amounts(f"欠了{said}")
    assert (span.yuan, span.exact) == (Decimal(at_least), False)


@pytest.mark.parametrize(
    ("heard", "otherwise"),
    [("32006", [3260]), ("50008", [5800]), ("3260亿", [3260]), ("3260", []), ("3005", []), ("12000", [])],
)
def test_what_else_a_figure_may_have_been(heard: str, otherwise: list[int]) -> None:
    (span,) = find_amounts(f"还{heard}元")
    assert span.otherwise == tuple(Decimal(n) for n in otherwise)
