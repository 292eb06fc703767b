"""Days are counted from the day of the call, in its own zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import cn2an
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metadata import CHINA
from pipeline.outcome.dates import find_dates

THURSDAY = datetime(2026, 3, 12, 15, 20, tzinfo=CHINA)


def days(text: str, called_at: datetime = THURSDAY) -> list[str]:
    return [span.day.isoformat() for span in find_dates(text, called_at)]


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("今天", "2026-03-12"),
        ("今晚八点前", "2026-03-12"),
        ("明天中午十二点之前", "2026-03-13"),
        ("后天", "2026-03-14"),
        ("大后天", "2026-03-15"),
        ("周五", "2026-03-13"),
        ("这周五", "2026-03-13"),
        ("周四", "2026-03-19"),
        ("下周三", "2026-03-18"),
        ("下周3", "2026-03-18"),
        ("下个礼拜一", "2026-03-16"),
        ("下下周一", "2026-03-23"),
        ("周末", "2026-03-15"),
        ("下周", "2026-03-22"),
        ("本周之内", "2026-03-15"),
        ("十五号", "2026-03-15"),
        ("十二号", "2026-03-12"),
        ("十号", "2026-04-10"),
        ("15号", "2026-03-15"),
        ("十五六号", "2026-03-16"),
        ("发工资那天十号", "2026-04-10"),
        ("每月十号", "2026-04-10"),
        ("三月十五", "2026-03-15"),
        ("3月15号", "2026-03-15"),
        ("3月15日", "2026-03-15"),
        ("2026年4月1日", "2026-04-01"),
        ("二零二六年四月一号", "2026-04-01"),
        ("2026-04-01", "2026-04-01"),
        ("一月五号", "2026-01-05"),
        ("十二月二十号", "2025-12-20"),
        ("这个月二十号", "2026-03-20"),
        ("下个月十号", "2026-04-10"),
        ("上个月十号", "2026-02-10"),
        ("月底前", "2026-03-31"),
        ("下个月底", "2026-04-30"),
        ("四月底", "2026-04-30"),
        ("下月初", "2026-04-05"),
        ("下个月", "2026-04-30"),
        ("三天之内", "2026-03-15"),
        ("两天后", "2026-03-14"),
        ("两三天内", "2026-03-15"),
        ("再过三天", "2026-03-15"),
        ("给我五天时间", "2026-03-17"),
        ("一个月内", "2026-04-12"),
        ("二十四小时内", "2026-03-13"),
        ("晚上八点前", "2026-03-12"),
        ("下班前", "2026-03-12"),
        ("马上还", "2026-03-12"),
        ("年底", "2026-12-31"),
        ("明年年底", "2027-12-31"),
        ("下周之前", "2026-03-15"),
        ("下个月之前", "2026-03-31"),
        ("本周之前", "2026-03-15"),
        ("十号到十五号之间", "2026-04-15"),
        ("这个月二十号到二十五号", "2026-03-25"),
        ("从今天到月底", "2026-03-31"),
        ("四月份", "2026-04-30"),
        ("明年三月", "2027-03-31"),
        ("明年三月五号", "2027-03-05"),
        ("上上周三", "2026-02-25"),
        ("这个月最后一个周五", "2026-03-27"),
        ("下个月第一周", "2026-04-05"),
        ("这个月最后三天", "2026-03-31"),
        ("接下来十天", "2026-03-22"),
        ("三天前", "2026-03-09"),
        ("一九八七年一月十一号", "1987-01-11"),
        ("八五年二月二十七日", "1985-02-27"),
        ("给我三个月", "2026-06-12"),
    ],
)
def test_resolves(said: str, day: str) -> None:
    assert days(said) == [day]


@pytest.mark.parametrize(
    "said",
    [
        "过几天",
        "过两天",
        "二十几号",
        "三个月",
        "一周一次",
        "八号楼",
        "三个工作日",
        "工号零八号",
        "三月三千",
        "现在还没钱",
        "二月三十号",
        "周期",
        "逾期三十天",
        "十五年",
        "三月时候",
        "2019年2月29日",
        "二零二六年二月三十号",
    ],
)
def test_finds_no_day(said: str) -> None:
    assert days(said) == []


def test_a_day_that_the_month_lacks_is_looked_for_in_the_next() -> None:
    assert days("三十一号", datetime(2026, 4, 10, 9, tzinfo=CHINA)) == ["2026-05-31"]


def test_years_turn() -> None:
    assert days("一月五号", datetime(2026, 12, 20, 9, tzinfo=CHINA)) == ["2027-01-05"]
    assert days("下个月十号", datetime(2026, 12, 20, 9, tzinfo=CHINA)) == ["2027-01-10"]


def test_the_day_is_the_one_where_the_call_was() -> None:
    """Half past midnight in China is still the day before in UTC."""
    assert days("明天", datetime(2026, 3, 13, 0, 30, tzinfo=CHINA)) == ["2026-03-14"]


def test_a_stretch_is_marked_as_one() -> None:
    assert [span.window for span in find_dates("下周，或者下周三", THURSDAY)] == [True, False]


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("下周", "2026-03-16"),
        ("四月份", "2026-04-01"),
        ("十号到十五号", "2026-04-10"),
        ("十五号", "2026-03-15"),
    ],
)
def test_a_stretch_has_a_first_day(said: str, first: str) -> None:
    (span,) = find_dates(said, THURSDAY)
    assert span.first.isoformat() == first


CALLS = st.datetimes(datetime(2026, 1, 1), datetime(2029, 12, 31), timezones=st.just(CHINA))
AHEAD = st.integers(0, 60)


@given(CALLS, AHEAD, st.booleans())
def test_any_day_of_the_next_sixty_is_read_back(called_at: datetime, ahead: int, digits: bool) -> None:
    day = called_at.date() + timedelta(days=ahead)
    month, number = (day.month, day.day) if digits else (cn2an.an2cn(day.month), cn2an.an2cn(day.day))
    said = f"{month}月{number}号".replace("一十", "十")
    assert days(f"那我{said}还一千", called_at) == [day.isoformat()]


@given(CALLS, st.integers(0, 27))
def test_a_bare_day_of_the_month_is_the_next_one(called_at: datetime, ahead: int) -> None:
    day = called_at.date() + timedelta(days=ahead)
    number = cn2an.an2cn(day.day).replace("一十", "十")
    assert days(f"{number}号之前还", called_at) == [day.isoformat()]


@given(CALLS, st.sampled_from("一二三四五六日"))
def test_a_weekday_lies_within_the_week_ahead(called_at: datetime, named: str) -> None:
    (span,) = find_dates(f"周{named}还", called_at)
    assert "一二三四五六日"[span.day.weekday()] == named
    assert timedelta(days=1) <= span.day - called_at.date() <= timedelta(days=7)


@given(
    st.text(alphabet="一二三十号月日周下个上明今天年底内后前点还01235-到节初正春国庆半季第最", max_size=12),
    CALLS,
)
def test_spans_lie_inside_and_in_order(text: str, called_at: datetime) -> None:
    spans = find_dates(text, called_at)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert all(span.first <= span.day for span in spans)
