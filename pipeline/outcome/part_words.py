"""Expressions that name a year or a part of a year or month: ``年底``, ``下半年``, ``下个月第一周``."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from pipeline.outcome.day_math import DIGITS, Days, month_of, nearest, number, one, year_of
from pipeline.outcome.day_words import (
    HAN,
    LONG_YEAR,
    MONTH,
    MONTH_AHEAD,
    ONE,
    WEEKDAY,
    WHICH,
    YEAR,
    Expression,
    Naming,
    units_on,
    years_of,
)


def _whole_year(match: re.Match[str], called_at: datetime) -> Days | None:
    year = year_of(match["year"], called_at.date())
    return date(year, 1, 1), date(year, 12, 31)


def _part_of_year(match: re.Match[str], called_at: datetime) -> Days | None:
    year, part = year_of(match["year"] or "今", called_at.date()), match["part"]
    if part == "初":
        return month_of(year + (not match["year"] and called_at.month > 6), 1)
    if part in ("底", "末"):
        return one(date(year, 12, 31))
    return _half_year(2 * year + (part in ("下", "后")))


def _next_half_year(match: re.Match[str], called_at: datetime) -> Days | None:
    now = 2 * called_at.year + (called_at.month > 6)
    return _half_year(now + (1 if match["which"] == "下" else -1))


def _half_year(number_of: int) -> Days:
    """The half-years are numbered on: twice the year is its first half."""
    year, late = divmod(number_of, 2)
    return month_of(year, 7 if late else 1)[0], month_of(year, 12 if late else 6)[1]


def _quarter(match: re.Match[str], called_at: datetime) -> Days | None:
    last = 3 * number(match["nth"])
    year = year_of(match["year"] or "今", called_at.date())
    return month_of(year, last - 2)[0], month_of(year, last)[1]


def _nth_month(match: re.Match[str], called_at: datetime) -> Days | None:
    month = number(match["nth"])
    return month_of(year_of(match["year"], called_at.date()), month) if 1 <= month <= 12 else None


def _container(match: re.Match[str], called_at: datetime) -> list[Days]:
    """The years or months of which a part is named."""
    today = called_at.date()
    if match["which"]:
        return [month_of(today.year, today.month + MONTH_AHEAD[match["which"]])]
    if match["month"]:
        return [month_of(year, number(match["month"])) for year in years_of(match, today)]
    year = year_of(match["alone"], today)
    return [(date(year, 1, 1), date(year, 12, 31))]


def _week_within(match: re.Match[str], called_at: datetime) -> Days | None:
    """The nth week of a month is that of its nth Thursday, as in ISO 8601; a weekday is its nth one."""
    found = []
    for first, last in _container(match, called_at):
        wanted = WEEKDAY[match["day"]] - 1 if match["day"] else 3
        start = first + timedelta(days=(wanted - first.weekday()) % 7)
        if match["nth"]:
            day = start + timedelta(days=7 * (number(match["nth"]) - 1))
        else:
            day = start + timedelta(days=7 * ((last - start).days // 7))
        monday = day - timedelta(days=day.weekday())
        found.append((day, day) if match["day"] else (monday, monday + timedelta(days=6)))
    return nearest(found, called_at.date())


def _slice(match: re.Match[str], called_at: datetime) -> Days | None:
    """The first or last days, weeks or months of a year or month."""
    containers, many, unit = _container(match, called_at), number(match["count"]), match["unit"]
    found, early = [], match["end"] in ("前", "头")
    for first, last in containers:
        if unit == "周" and early:
            first += timedelta(days=(3 - first.weekday()) % 7 - 3)
        if unit == "周" and not early:
            last -= timedelta(days=(last.weekday() + 1) % 7)
        found.append(
            (first, units_on(first, many, unit) - ONE) if early else (units_on(last + ONE, -many, unit), last)
        )
    return nearest(found, called_at.date())


_ALONE = YEAR.replace("year", "alone")
_HOLDER = rf"(?:{YEAR}?(?P<month>{MONTH})月份?|{WHICH}个?月|{_ALONE})的?"
PART_EXPRESSIONS: tuple[Expression, ...] = (
    Expression(
        re.compile(rf"{YEAR}?(?<![一二两三四五六七八九十\d半前])年?(?P<part>底|末|初(?![{HAN}十]))(?<=年.)"),
        _part_of_year,
        frozenset("底末初"),
        window=True,
    ),
    Expression(
        re.compile(rf"(?:{YEAR}(?P<part>上|下|前|后)半年)"),
        _part_of_year,
        frozenset("半"),
        Naming.WHOLE,
        True,
    ),
    Expression(
        re.compile(r"(?P<year>)(?P<part>上|下)半年"), _part_of_year, frozenset("半"), Naming.WHOLE, True
    ),
    Expression(
        re.compile(r"(?P<which>上|下)一?个半年"), _next_half_year, frozenset("半"), Naming.WHOLE, True
    ),
    Expression(
        re.compile(rf"{YEAR}?第?(?P<nth>[一二三四1-4])季度"), _quarter, frozenset("季"), Naming.WHOLE, True
    ),
    Expression(re.compile(rf"{YEAR}第(?P<nth>{MONTH})个月"), _nth_month, frozenset("第"), Naming.WHOLE, True),
    Expression(
        re.compile(
            rf"(?<![{DIGITS}\d])(?P<year>{LONG_YEAR}|0\d|零[{DIGITS}])年(?!级|限|龄|会|轻|薪|底|末|初|货)"
        ),
        _whole_year,
        frozenset("年"),
        Naming.WHOLE,
        True,
    ),
    Expression(
        re.compile(
            _HOLDER + r"(?:第(?P<nth>[一二三四五1-5])|最后一)个?(?:周|星期|礼拜)"
            r"(?P<day>[一二三四五六日天](?!百|千|万))?"
        ),
        _week_within,
        frozenset("周星礼"),
    ),
    Expression(
        re.compile(
            _HOLDER + r"(?P<end>前|最后|头)(?P<count>[一二两三四五六七八九十\d]+)个?(?P<unit>天|周|月)"
        ),
        _slice,
        frozenset("前后头"),
        window=True,
    ),
)
