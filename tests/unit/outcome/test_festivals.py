"""Feasts, days off and lunar days, against the calendars of 2025 to 2027."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metadata import CHINA
from pipeline.outcome.dates import find_dates
from pipeline.outcome.festivals import (
    FEASTS,
    feast_day,
    is_workday,
    lunar_day,
    lunar_month_and_day,
    next_workday,
    rest_days,
)


@pytest.mark.parametrize(
    ("name", "year", "day"),
    [
        ("春节", 2026, "2026-02-17"),
        ("春节", 2027, "2027-02-06"),
        ("除夕", 2026, "2026-02-16"),
        ("元宵", 2026, "2026-03-03"),
        ("清明", 2026, "2026-04-05"),
        ("清明", 2028, "2028-04-04"),
        ("端午", 2026, "2026-06-19"),
        ("中秋", 2025, "2025-10-06"),
        ("国庆", 2026, "2026-10-01"),
        ("母亲节", 2026, "2026-05-10"),
        ("父亲节", 2026, "2026-06-21"),
    ],
)
def test_day_of_a_feast(name: str, year: int, day: str) -> None:
    assert feast_day(name, year).isoformat() == day


def test_days_off_are_those_published() -> None:
    assert rest_days("国庆", 2026) == (date(2026, 10, 1), date(2026, 10, 7))
    assert rest_days("春节", 2026) == (date(2026, 2, 15), date(2026, 2, 23))


def test_days_off_not_published_yet_are_those_of_the_regulation() -> None:
    """Order 795: the eve and the first three days of the Spring Festival, and the weekend they touch."""
    first, last = rest_days("春节", 2035)
    day = feast_day("春节", 2035)
    assert first <= day - timedelta(days=1)
    assert last >= day + timedelta(days=2)


def test_make_up_days_are_working_days() -> None:
    assert is_workday(date(2026, 2, 28))  # a Saturday
    assert not is_workday(date(2026, 10, 6))  # a Tuesday
    assert next_workday(date(2026, 9, 30)) == date(2026, 10, 8)


@given(st.sampled_from(sorted(FEASTS)), st.integers(2020, 2050))
def test_every_feast_is_once_a_year_and_within_its_days_off(name: str, year: int) -> None:
    day = feast_day(name, year)
    first, last = rest_days(name, year)
    assert day.year == year + (name == "腊八" and day.month == 1)
    assert first <= day <= last


@given(st.dates(date(2020, 1, 1), date(2050, 12, 31)))
def test_lunar_days_come_back(day: date) -> None:
    month, number = lunar_month_and_day(day)
    candidates = {lunar_day(day.year + n, month, number) for n in (-1, 0, 1)}
    near = [c for c in candidates if c and abs((c - day).days) <= 30]
    assert near  # a leap month is a month away from the one that it repeats


SPRING = datetime(2026, 3, 12, 15, 20, tzinfo=CHINA)
WINTER = datetime(2026, 1, 20, 10, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("said", "called_at", "day"),
    [
        ("国庆前还", SPRING, "2026-09-30"),
        ("十一之前", SPRING, "2026-09-30"),
        ("五一之前肯定还", SPRING, "2026-04-30"),
        ("国庆节后", SPRING, "2026-10-08"),
        ("五一放假回来还", SPRING, "2026-05-05"),
        ("过完年再还", WINTER, "2026-02-24"),
        ("年后还你", WINTER, "2026-02-24"),
        ("年前还一半", WINTER, "2026-02-16"),
        ("节后还", SPRING, "2026-04-07"),
        ("中秋", SPRING, "2026-09-25"),
        ("春节", SPRING, "2026-02-17"),
        ("去年春节", SPRING, "2025-01-29"),
        ("正月十五", WINTER, "2026-03-03"),
        ("大年初八", WINTER, "2026-02-24"),
        ("初八上班就还", datetime(2026, 2, 10, 9, tzinfo=CHINA), "2026-02-24"),
        ("腊月二十八", WINTER, "2026-02-15"),
        ("农历八月十五", SPRING, "2026-09-25"),
        ("阴历八月十五", SPRING, "2026-09-25"),
        ("出了正月", WINTER, "2026-03-18"),
        ("三个工作日内", datetime(2026, 9, 29, 9, tzinfo=CHINA), "2026-10-09"),
    ],
)
def test_resolves(said: str, called_at: datetime, day: str) -> None:
    assert [span.day.isoformat() for span in find_dates(said, called_at)] == [day]


@pytest.mark.parametrize("said", ["我是八一年的", "卡号五一", "十一点", "三八二十四", "初级", "年前年后的"])
def test_numbers_and_words_are_no_feasts(said: str) -> None:
    feasts = {feast_day(name, 2026) for name in FEASTS}
    assert not [span for span in find_dates(said, SPRING) if span.day in feasts]
