"""Expressions that name feasts and lunar days: ``国庆前``, ``过完年``, ``正月十五``, ``农历八月十五``.

``X前`` is the day before the feast, ``X后`` the first working day after its days off, ``X期间`` the last
of them. ``过完年`` and ``年后`` count from the days off of the Spring Festival, ``节后`` from those of the
next public holiday.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from pipeline.outcome.day_math import DIGITS, Days, nearest, number, one, year_of
from pipeline.outcome.day_words import HAN, MONTH, YEAR, Expression, Naming
from pipeline.outcome.festivals import (
    FEASTS,
    PUBLIC,
    SPRING,
    feast_day,
    last_of_lunar_month,
    lunar_day,
    next_workday,
    rest_days,
)

_ONE = timedelta(days=1)
_NAMES = "|".join(sorted(FEASTS, key=len, reverse=True))
_NOT_A_FEAST = rf"(?<![{DIGITS}十百千万\d双路号])"
_PART = r"(?P<part>之前|以前|前(?!夕|后)|过后|之后|以后|后(?!半|天)|过完|假期|放假|长假|期间)?"
_SOON = 40
"""Days: a bare ``初八`` is that of the first month when the Spring Festival is no further away."""
_LATELY = timedelta(days=60)
"""A feast is the coming one unless it was this lately."""
_LUNAR_MONTH = {"正": 1, "冬": 11, "腊": 12}
_CLAUSE = r"(?:^|(?<=[，。！？、；,.?!就等到在那我要能想准得说先也]))"


def _feast(match: re.Match[str], called_at: datetime) -> Days | None:
    name, today = match["name"], called_at.date()
    part = "后" if match["over"] else match["part"]
    if match["year"]:
        return _of_feast(name, year_of(match["year"], today), part)
    years = [today.year - 1, today.year, today.year + 1]
    return _next(
        [_of_feast(name, year, part) for year in years], today, back=timedelta() if part else _LATELY
    )


def _next(found: list[Days], today: date, *, back: timedelta) -> Days | None:
    """The first that is not over, or has been for no longer than ``back``."""
    return next((days for days in found if days[1] >= today - back), None)


def _of_feast(name: str, year: int, part: str | None) -> Days:
    day, rest = feast_day(name, year), rest_days(name, year)
    if not part:
        return day, day
    if "前" in part:
        return day - _ONE, day - _ONE
    if "后" in part or part == "过完":
        return (day + _ONE, next_workday(rest[1])) if FEASTS[name].off else (day + _ONE, day + _ONE)
    return rest


def _spring(match: re.Match[str], called_at: datetime) -> Days | None:
    """``过完年``, ``年后``, ``年前``, ``过年``."""
    today = called_at.date()
    part = "前" if "前" in match.group() else "后" if re.search("[完了后]", match.group()) else None
    found = [_of_feast(SPRING, year, part) for year in (today.year - 1, today.year, today.year + 1)]
    return _next(found, today, back=timedelta() if part else _LATELY)


def _holiday(match: re.Match[str], called_at: datetime) -> Days | None:
    """``节前``, ``节后``, ``过完节``: of the public holiday that comes next or is on."""
    today = called_at.date()
    coming = [
        (rest_days(name, year)[1], name, year) for name in PUBLIC for year in (today.year, today.year + 1)
    ]
    _, name, year = min(holiday for holiday in coming if holiday[0] >= today)
    days = _of_feast(name, year, "前" if "前" in match.group() else "后")
    return days if days[1] >= today else None


def _lunar(match: re.Match[str], called_at: datetime) -> Days | None:
    today = called_at.date()
    month = _LUNAR_MONTH.get(match["month"]) or number(match["month"])
    named = match["year"]
    years = [year_of(named, today)] if named else [today.year + n for n in (-1, 0, 1)]
    if match["day"]:
        found = [lunar_day(year, month, _lunar_number(match["day"])) for year in years]
    else:
        found = [last_of_lunar_month(year, month) for year in years]
    days = [(there, there) for there in found if there]
    return next(iter(days), None) if named else _next(days, today, back=_LATELY)


def _lunar_number(said: str) -> int:
    return number(said.removeprefix("初").replace("廿", "二十"))


def _first_month(match: re.Match[str], called_at: datetime) -> Days | None:
    """``初八`` around the Spring Festival, ``大年初三``, ``年初五`` at any time."""
    today, day = called_at.date(), _lunar_number(match["day"])
    found = [lunar_day(today.year + n, 1, day) for n in (-1, 0, 1)]
    days = nearest([(there, there) for there in found if there], today)
    named = match["year"] is not None
    return days if days and (named or 0 <= (days[0] - today).days <= _SOON) else None


def _end_of_first_month(match: re.Match[str], called_at: datetime) -> Days | None:
    today = called_at.date()
    ends = [last_of_lunar_month(today.year + n, 1) for n in (-1, 0, 1)]
    return one(next((end for end in ends if end and end >= today), None))


_LAST_OF_NAME = frozenset(name[-1] for name in FEASTS)
_LUNAR_DAY = rf"(?:初[{HAN}十]|初?十[{HAN}]?|二十[{HAN}]?|廿[{HAN}]?|三十)"
_LUNAR_WORD = "(?:农历|阴历|旧历)"
FEAST_EXPRESSIONS: tuple[Expression, ...] = (
    Expression(
        re.compile(
            rf"(?:(?P<over>过完|过了|等过)(?=[^，。？！]))?{_NOT_A_FEAST}{YEAR}?(?P<name>{_NAMES})(?![{HAN}十百千万号点月块年岁])节?{_PART}"
        ),
        _feast,
        _LAST_OF_NAME,
        Naming.YEARLY,
    ),
    Expression(
        re.compile(
            rf"(?<!已)(?:过完|过了)(?:大)?年(?![{HAN}])(?:之后|以后)?|{_CLAUSE}年(?:后(?!半)|过完)|过年(?:之后|以后|后|回来)"
            rf"|{_CLAUSE}年前(?!年)|过年(?:之前|以前|前)|(?<![不好难])过年(?!那会|的时候|到现在)"
        ),
        _spring,
        frozenset("年"),
        window=True,
    ),
    Expression(
        re.compile(
            rf"{_CLAUSE}节(?:前|后)|过完节|过了节|(?<=放)假(?:之后|以后|后|回来)|节假日(?:之后|以后|后|前)"
        ),
        _holiday,
        frozenset("节假"),
        window=True,
    ),
    Expression(
        re.compile(rf"{_LUNAR_WORD}{YEAR}?(?P<month>正|冬|腊|{MONTH})月的?(?P<day>{_LUNAR_DAY})"),
        _lunar,
        frozenset("历"),
        Naming.YEARLY,
    ),
    Expression(
        re.compile(rf"{YEAR}{_LUNAR_WORD}(?P<month>正|冬|腊|{MONTH})月的?(?P<day>{_LUNAR_DAY})"),
        _lunar,
        frozenset("历"),
    ),
    Expression(
        re.compile(rf"{YEAR}?(?P<month>正|冬|腊)月的?(?P<day>{_LUNAR_DAY})"),
        _lunar,
        frozenset("正冬腊"),
        Naming.YEARLY,
    ),
    Expression(
        re.compile(rf"{YEAR}?(?P<month>{MONTH})月的?(?P<day>初[{HAN}十])"),
        _lunar,
        frozenset("初"),
        Naming.YEARLY,
    ),
    Expression(
        re.compile(r"(?P<day>)(?P<year>)(?P<month>腊)月(?:底|末|里)"), _lunar, frozenset("腊"), window=True
    ),
    Expression(
        re.compile(rf"(?P<year>大?年)?(?P<day>初[{HAN}十])(?![中小级步一二三四五六七八九十])"),
        _first_month,
        frozenset("初"),
    ),
    Expression(
        re.compile(r"出了?正月|正月(?:底|末|里)|过完正月"), _end_of_first_month, frozenset("正"), window=True
    ),
)
