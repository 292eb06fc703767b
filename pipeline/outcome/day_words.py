"""Expressions that name a day or a stretch of days, and the days that they name.

Each expression is a pattern and a function from its match and the start of the call to the first and last
day that it names, ``None`` where it names no day that exists. Parts of years and months are in
:mod:`~pipeline.outcome.part_words`, feasts and lunar days in :mod:`~pipeline.outcome.feast_words`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from pipeline.outcome.day_math import (
    DIGITS,
    Days,
    month_of,
    nearest,
    next_day_of_month,
    number,
    one,
    safe,
    year_of,
)
from pipeline.outcome.festivals import next_workday

Resolver = Callable[[re.Match[str], datetime], Days | None]


class Naming(StrEnum):
    """What an expression says of its day, so that the end of a range can follow its beginning."""

    FIXED = "fixed"
    """The day in full, or counted from the day of the call."""
    YEARLY = "yearly"
    """The year is open: ``三月五号``."""
    BARE = "bare"
    """Month and year are open: ``五号``."""
    WHOLE = "whole"
    """A whole week, month or year, of which ``之前`` is the time before it."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A way to name days.

    Attributes:
        pattern: what is said.
        resolve: the first and the last day.
        naming: what it leaves open.
        window: whether it names a stretch, of which the last day is the one to hold to.
        needs: characters of which a text must hold one, so that most patterns need not be tried.
    """

    pattern: re.Pattern[str]
    resolve: Resolver
    needs: frozenset[str]
    naming: Naming = Naming.FIXED
    window: bool = False


HAN = "一二三四五六七八九"
_DAY = rf"(?:三十一?|二十[{HAN}]?|十[{HAN}]?|[{HAN}]|(?<!\d)(?:3[01]|[12]\d|0?[1-9])(?!\d))"
MONTH = rf"(?:十[一二]?|[{HAN}]|(?<!\d)(?:1[0-2]|0?[1-9])(?!\d))"
_NO_COUNT = r"(?![百千万十点个天块元岁次年月期多几\d])"
LONG_YEAR = (
    rf"(?<!\d)(?:19|20)\d{{2}}|一九[{DIGITS}]{{2}}|二[零〇][{DIGITS}]{{2}}|[两二]千(?:零[{HAN}])?|[今明去]"
)
_SHORT_YEAR = rf"(?<!\d)\d{{2}}|(?<![{DIGITS}])[{DIGITS}]{{2}}"
YEAR = rf"(?:(?P<year>{LONG_YEAR}|{_SHORT_YEAR})年的?)"
WHICH = r"(?P<which>上上|下下|上|下|这|本|当)"
MONTH_AHEAD = {"上上": -2, "上": -1, "这": 0, "本": 0, "当": 0, "每": 0, "下": 1, "下下": 2}
_DAY_WORD = {"大后": 3, "后": 2, "明": 1, "今": 0, "昨": -1, "前": -2, "大前": -3}
WEEKDAY = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7, "末": 7}
_UNIT_DAYS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7}
_MONTH_PART = {"初": 5, "上旬": 10, "中": 15, "中旬": 20}  # 月底, 月末, 下旬: the last day
ONE = timedelta(days=1)
_LONGEST = 99
"""No one counts on by more days, weeks, months or years than this."""
_COUNT = r"(?P<count>半|(?!0)[一二两三四五六七八九十\d]+)"
_SPAN_UNIT = r"(?:个?(?P<unit>天|日|周|星期|礼拜|(?<=个)月|小时|分钟|年))"


def years_of(match: re.Match[str], today: date) -> list[int]:
    """The years that a match may mean: the one it names, else those around today."""
    said = match["year"]
    return [year_of(said, today)] if said else [today.year - 1, today.year, today.year + 1, today.year + 2]


def _full_date(match: re.Match[str], called_at: datetime) -> Days | None:
    return one(safe(int(match["year"]), int(match["month"]), int(match["day"])))


def _month_and_day(match: re.Match[str], called_at: datetime) -> Days | None:
    month, day, today = number(match["month"]), number(match["day"]), called_at.date()
    years = [*years_of(match, today), *([] if match["year"] else range(today.year - 4, today.year + 5))]
    found = [(there, there) for year in years if (there := safe(year, month, day))]
    return nearest(found, today)


def _day_of_relative_month(match: re.Match[str], called_at: datetime) -> Days | None:
    today, day = called_at.date(), number(match["day"])
    if match["which"] == "每":
        return one(next_day_of_month(today, day))
    year = year_of(match["year"], today) if match["year"] else today.year
    return one(safe(year, today.month + MONTH_AHEAD[match["which"]], day))


def _part_of_month(match: re.Match[str], called_at: datetime) -> Days | None:
    today, part, which = called_at.date(), match["part"], match["which"]
    if match["month"]:
        month = number(match["month"])
        year = today.year + (1 if month < today.month - 6 else 0)
        year = year_of(match["year"], today) if match["year"] else year
    else:
        year, month = today.year, today.month + MONTH_AHEAD.get(which or "这", 0)
    day = _MONTH_PART.get(part)
    found = safe(year, month, day) if day else month_of(year, month)[1]
    if found and found < today and not which and not match["month"]:
        found = safe(today.year, today.month + 1, day) if day else None
    return one(found)


def _relative_month(match: re.Match[str], called_at: datetime) -> Days | None:
    return month_of(called_at.year, called_at.month + MONTH_AHEAD[match["which"]])


def _named_month(match: re.Match[str], called_at: datetime) -> Days | None:
    today = called_at.date()
    return nearest([month_of(year, number(match["month"])) for year in years_of(match, today)], today)


def _bare_day(match: re.Match[str], called_at: datetime) -> Days | None:
    return one(next_day_of_month(called_at.date(), number(match["day"])))


def _either_day(match: re.Match[str], called_at: datetime) -> Days | None:
    return one(next_day_of_month(called_at.date(), number((match["tens"] or "") + match["day"])))


def _day_word(match: re.Match[str], called_at: datetime) -> Days | None:
    return one(called_at.date() + timedelta(days=_DAY_WORD[match["which"]]))


def _today(match: re.Match[str], called_at: datetime) -> Days | None:
    return one(called_at.date())


def _monday(called_at: datetime, weeks: int = 0) -> date:
    return called_at.date() - timedelta(days=called_at.weekday() - 7 * weeks)


def _weekday(match: re.Match[str], called_at: datetime) -> Days | None:
    today, named = called_at.date(), match["day"]
    wanted = WEEKDAY.get(named) or int(named)
    found = _monday(called_at, MONTH_AHEAD.get(match["which"], 0)) + timedelta(days=wanted - 1)
    passed = found < today or (found == today and named != "末")
    if passed and match["which"] is None:
        found += timedelta(days=7)
    return (found - ONE if named == "末" else found), found


def _relative_week(match: re.Match[str], called_at: datetime) -> Days | None:
    monday = _monday(called_at, MONTH_AHEAD[match["which"]])
    return monday, monday + timedelta(days=6)


def _half_week(match: re.Match[str], called_at: datetime) -> Days | None:
    monday = _monday(called_at)
    early = match["which"] == "上"
    return (monday, monday + 2 * ONE) if early else (monday + 3 * ONE, monday + 6 * ONE)


def _half_month(match: re.Match[str], called_at: datetime) -> Days | None:
    first, last = month_of(called_at.year, called_at.month)
    return (first, first + 14 * ONE) if match["which"] == "上" else (first + 15 * ONE, last)


def units_on(day: date, count: int, unit: str) -> date:
    """``count`` units after ``day``, before it where ``count`` is negative."""
    if unit not in ("月", "年"):
        return day + timedelta(days=count * _UNIT_DAYS[unit])
    months = count * (12 if unit == "年" else 1)
    return safe(day.year, day.month + months, day.day) or month_of(day.year, day.month + months)[1]


def _after(match: re.Match[str], called_at: datetime) -> Days | None:
    count, unit, today = match["count"], match["unit"], called_at.date()
    if count == "半":
        days = {"月": 15, "年": 182, "小时": 0}.get(unit)
        return None if days is None else one(today + timedelta(days=days))
    many = _last_of_range(count)
    if many > _LONGEST:
        return None
    if unit in ("小时", "分钟"):
        minutes = many * (60 if unit == "小时" else 1)
        return one((called_at + timedelta(minutes=minutes)).date())
    return one(units_on(today, many, unit))


def _ahead(match: re.Match[str], called_at: datetime) -> Days | None:
    found, today = _after(match, called_at), called_at.date()
    return None if found is None or found[1] <= today else (today + ONE, found[1])


def _ago(match: re.Match[str], called_at: datetime) -> Days | None:
    many, unit = _last_of_range(match["count"]), match["unit"]
    if match["count"] == "半" or unit in ("小时", "分钟") or many > _LONGEST:
        return None
    then = units_on(called_at.date(), -many, unit)
    return (units_on(then, -1, "年") if unit == "年" else then), then


def _back(match: re.Match[str], called_at: datetime) -> Days | None:
    found = _ago(match, called_at)
    return None if found is None else (found[1], called_at.date() - ONE)


def _workdays(match: re.Match[str], called_at: datetime) -> Days | None:
    many = _last_of_range(match["count"])
    return one(next_workday(called_at.date(), many)) if 0 < many <= _LONGEST else None


def _last_of_range(count: str) -> int:
    """``两三`` (days) is 3: the end of what is named."""
    return number(count[-1]) if re.fullmatch(r"[一两二三四五六七八九]{2}", count) else number(count)


EXPRESSIONS: tuple[Expression, ...] = (
    Expression(
        re.compile(r"(?<!\d)(?P<year>(?:19|20)\d{2})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
        _full_date,
        frozenset("-/."),
    ),
    Expression(
        re.compile(rf"{YEAR}?(?P<month>{MONTH})月份?的?(?P<day>{_DAY})(?:号|日|{_NO_COUNT})"),
        _month_and_day,
        frozenset("月"),
        Naming.YEARLY,
    ),
    Expression(
        re.compile(
            rf"{YEAR}?(?P<which>下下|下|这|本|当|上|每)(?:个)?月的?(?P<day>{_DAY})(?:号|日|{_NO_COUNT})"
        ),
        _day_of_relative_month,
        frozenset("月"),
    ),
    Expression(
        re.compile(
            rf"(?:(?P<which>下下|下|这|本|当|上)个?月?的?|{YEAR}?(?P<month>{MONTH})(?=月))?"
            rf"月(?P<part>底|末|初(?![{HAN}十])|中旬|中(?!间|介|心)|上旬|下旬)"
        ),
        _part_of_month,
        frozenset("月"),
    ),
    Expression(
        re.compile(r"(?P<which>下下|下|这|本|上)个?月(?!供|份的?账)"),
        _relative_month,
        frozenset("月"),
        Naming.WHOLE,
        True,
    ),
    Expression(
        re.compile(
            rf"{YEAR}?(?<![个每几数下上这本当])(?P<month>{MONTH})月(?:份(?!额))?"
            rf"(?![的有共]?[{HAN}十两百\d]|底|末|初|中|上旬|下旬|供|息|租|薪|卡|票|饼|嫂|光|均|度|费|付|内|之内|以内|来|的?时候|那会|到现在|以来)"
        ),
        _named_month,
        frozenset("月"),
        Naming.WHOLE,
        True,
    ),
    Expression(
        re.compile(rf"(?P<tens>[二三]?十)?[{HAN}](?P<day>[{HAN}])[号日]"),
        _either_day,
        frozenset("号日"),
        Naming.BARE,
    ),
    Expression(
        re.compile(
            rf"(?<![零〇幺月])(?<!月[一二三])(?P<day>{_DAY})(?:号(?![楼线码店院机文令桌员])|日(?!内|之内|后|元))"
        ),
        _bare_day,
        frozenset("号日"),
        Naming.BARE,
    ),
    Expression(
        re.compile(r"(?P<which>大后|大前|后|明|今|昨|(?<!之)(?<!以)前)(?:天|日(?!期)|儿个?|晚|早|夜|晨)"),
        _day_word,
        frozenset("天日儿晚早夜晨"),
    ),
    Expression(
        re.compile(
            rf"(?<![一二两三四五六七八九十几\d])(?:{WHICH}个?)?"
            r"(?:周|星期|礼拜)(?P<day>[一二三四五六日天末]|[1-7](?!\d))(?![百千万])"
        ),
        _weekday,
        frozenset("周星礼"),
    ),
    Expression(
        re.compile(rf"{WHICH}个?(?:周|星期|礼拜)(?![期转边围岁年])"),
        _relative_week,
        frozenset("周星礼"),
        Naming.WHOLE,
        True,
    ),
    Expression(
        re.compile(r"(?P<which>上|下)半(?:周|个?星期|个?礼拜)"),
        _half_week,
        frozenset("半"),
        Naming.WHOLE,
        True,
    ),
    Expression(re.compile(r"(?P<which>上|下)半个?月"), _half_month, frozenset("半"), Naming.WHOLE, True),
    Expression(re.compile(rf"{_COUNT}个?工作日(?:之内|以内|内|之后|以后|后)"), _workdays, frozenset("工")),
    Expression(
        re.compile(rf"{_COUNT}{_SPAN_UNIT}(?:之内|以内|内|之后|以后|后(?!天|半|年))"),
        _after,
        frozenset("内后"),
    ),
    Expression(
        re.compile(rf"(?:再?过|再?等|再?缓)(?!两天){_COUNT}{_SPAN_UNIT}"), _after, frozenset("过等缓")
    ),
    Expression(
        re.compile(rf"(?:给我|宽限我?|延我?|缓我){_COUNT}{_SPAN_UNIT}"), _after, frozenset("给限延缓")
    ),
    Expression(
        re.compile(rf"(?:未来|接下来|今后|(?<![之以今往])后(?=\d))的?{_COUNT}{_SPAN_UNIT}"),
        _ahead,
        frozenset("未接今后"),
        window=True,
    ),
    Expression(
        re.compile(
            rf"(?<![第\d{DIGITS}])(?P<count>[一二两三四五六七八九十]+|\d{{1,2}})(?:个(?=月|星期|礼拜))?"
            r"(?P<unit>天|周|星期|礼拜|(?<=个)月|年)前(?!后|半|天)"
        ),
        _ago,
        frozenset("前"),
        window=True,
    ),
    Expression(
        re.compile(
            rf"(?:过去|(?<![之以提当目])(?:前|上|近)(?=\d)|近(?=[{HAN}十两]+年))的?{_COUNT}{_SPAN_UNIT}"
        ),
        _back,
        frozenset("过前上近"),
        window=True,
    ),
    Expression(
        re.compile(
            r"(?:一会儿?|待会儿?|等会儿?|等下|马上|立马|立刻|现在就|这就)"
            r"(?=[^，。？！没不]{0,8}(?:还(?![没有在是])|转(?=[账钱过给一二两三四五六七八九\d]|$)|存|付|交))"
        ),
        _today,
        frozenset("会等马立现这"),
    ),
)
TIME_OF_TODAY = re.compile(
    r"(?:上午|中午|下午|傍晚|晚上|晚|夜里)?(?:[一二两三四五六七八九十\d]+点(?:半|整|钟)?|下班|睡觉|天黑)(?:之前|以前|前)"
    r"|(?:上午|中午|下午|傍晚|晚上)[一二两三四五六七八九十\d]+点(?:半|整|钟)?(?=[^，。？！没不]{0,4}[还转存付交])"
)
