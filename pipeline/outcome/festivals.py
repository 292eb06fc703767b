"""Feast days and the lunar calendar: when ``中秋``, ``正月十五`` or ``过完年`` is.

The lunar calendar and the days off that the State Council publishes each autumn come from lunar_python.
Where a year's days off are not published yet, those are taken that the regulation on holidays fixes
(State Council order 795, from 2025 on).
"""

from __future__ import annotations

from calendar import SATURDAY, monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Feast:
    """A feast day: a day of the solar or the lunar year, or the nth weekday of a month.

    Attributes:
        month: 1 to 12.
        day: of the month; 0 for its last day (only lunar: New Year's Eve is the last of the year).
        lunar: whether month and day are lunar.
        nth: which one of ``weekday`` in the month, 0 where ``day`` counts.
        weekday: 0 for Monday.
        off: days off by regulation, from the day itself on; 0 for a working day.
        before: days off by regulation that come before it.
    """

    month: int
    day: int
    lunar: bool = False
    nth: int = 0
    weekday: int = 0
    off: int = 0
    before: int = 0


_NEW_YEAR = Feast(1, 1, lunar=True, off=3, before=1)
FEASTS: dict[str, Feast] = {
    "元旦节": Feast(1, 1, off=1),
    "元旦": Feast(1, 1, off=1),
    "新年": Feast(1, 1, off=1),
    "春节": _NEW_YEAR,
    "大年初一": _NEW_YEAR,
    "除夕": Feast(12, 0, lunar=True),
    "大年三十": Feast(12, 0, lunar=True),
    "年三十": Feast(12, 0, lunar=True),
    "大年夜": Feast(12, 0, lunar=True),
    "元宵节": Feast(1, 15, lunar=True),
    "元宵": Feast(1, 15, lunar=True),
    "清明节": Feast(4, 0, off=1),
    "清明": Feast(4, 0, off=1),
    "五一劳动节": Feast(5, 1, off=2),
    "五一": Feast(5, 1, off=2),
    "劳动节": Feast(5, 1, off=2),
    "端午节": Feast(5, 5, lunar=True, off=1),
    "端午": Feast(5, 5, lunar=True, off=1),
    "七夕": Feast(7, 7, lunar=True),
    "中秋节": Feast(8, 15, lunar=True, off=1),
    "中秋": Feast(8, 15, lunar=True, off=1),
    "国庆节": Feast(10, 1, off=3),
    "国庆": Feast(10, 1, off=3),
    "十一": Feast(10, 1, off=3),
    "重阳节": Feast(9, 9, lunar=True),
    "重阳": Feast(9, 9, lunar=True),
    "腊八": Feast(12, 8, lunar=True),
    "情人节": Feast(2, 14),
    "女生节": Feast(3, 7),
    "妇女节": Feast(3, 8),
    "三八节": Feast(3, 8),
    "植树节": Feast(3, 12),
    "愚人节": Feast(4, 1),
    "青年节": Feast(5, 4),
    "母亲节": Feast(5, 0, nth=2, weekday=6),
    "儿童节": Feast(6, 1),
    "六一": Feast(6, 1),
    "父亲节": Feast(6, 0, nth=3, weekday=6),
    "建军节": Feast(8, 1),
    "八一": Feast(8, 1),
    "教师节": Feast(9, 10),
    "万圣节": Feast(10, 31),
    "光棍节": Feast(11, 11),
    "双十一": Feast(11, 11),
    "感恩节": Feast(11, 0, nth=4, weekday=3),
    "双十二": Feast(12, 12),
    "平安夜": Feast(12, 24),
    "圣诞节": Feast(12, 25),
    "圣诞": Feast(12, 25),
}
"""By the names that people say."""
PUBLIC = tuple(name for name in ("元旦", "春节", "清明", "五一", "端午", "中秋", "国庆"))
"""One name of each public holiday."""
SPRING = "春节"


@cache
def feast_day(name: str, year: int) -> date:
    """The day of a feast of a year; 腊八 and what else closes a lunar year may come in the January after.

    Raises:
        KeyError: no feast has this name.
    """
    feast = FEASTS[name]
    if feast.lunar:
        if not feast.day:
            return feast_day(SPRING, year) - _DAY
        found = lunar_day(year, feast.month, feast.day)
        return found if found else feast_day(SPRING, year)  # every lunar month has the days of feasts
    if feast.nth:
        first = date(year, feast.month, 1)
        return first + timedelta(days=(feast.weekday - first.weekday()) % 7 + 7 * (feast.nth - 1))
    return date(year, feast.month, feast.day) if feast.day else _clear_and_bright(year)


@cache
def rest_days(name: str, year: int) -> tuple[date, date]:
    """First and last day off of a feast; the day itself twice where nobody has a day off."""
    feast, day = FEASTS[name], feast_day(name, year)
    if not feast.off:
        return day, day
    first, last = day - feast.before * _DAY, day + (feast.off - 1) * _DAY
    published = _published(year) | _published(year - 1) | _published(year + 1)
    if published.get(day) is False:
        first = last = day
        while published.get(first - _DAY) is False:
            first -= _DAY
        while published.get(last + _DAY) is False:
            last += _DAY
        return first, last
    while first.weekday() > SATURDAY:  # the weekend that it touches
        first -= _DAY
    while (last + _DAY).weekday() >= SATURDAY:
        last += _DAY
    return first, last


def is_workday(day: date) -> bool:
    """Whether offices work on a day: weekdays and make-up days, without the days off published."""
    published = _published(day.year)
    return published.get(day, day.weekday() < SATURDAY)


def next_workday(day: date, count: int = 1) -> date:
    """The ``count``-th working day after ``day``; a count below 1 counts as 1."""
    for _ in range(max(1, count)):
        day += _DAY
        while not is_workday(day):
            day += _DAY
    return day


@cache
def lunar_day(year: int, month: int, day: int) -> date | None:
    """The solar day of a lunar one; ``None`` for the 30th of a month that has 29 days."""
    from lunar_python import Lunar

    try:
        solar = Lunar.fromYmd(year, month, day).getSolar()
    except Exception:  # the library raises nothing more precise for a day that a month lacks
        return None
    return date(solar.getYear(), solar.getMonth(), solar.getDay())


def lunar_month_and_day(day: date) -> tuple[int, int]:
    """Lunar month and day of a solar day; a leap month counts as the month that it repeats."""
    from lunar_python import Solar

    lunar = Solar.fromYmd(day.year, day.month, day.day).getLunar()
    return abs(lunar.getMonth()), lunar.getDay()


def last_of_lunar_month(year: int, month: int) -> date | None:
    """The solar day of the last day of a lunar month."""
    return lunar_day(year, month, 30) or lunar_day(year, month, 29)


@cache
def _clear_and_bright(year: int) -> date:
    """Qingming is a solar term: 4, 5 or 6 April."""
    from lunar_python import Solar

    solar = Solar.fromYmd(year, 3, monthrange(year, 3)[1]).getLunar().getJieQiTable()["清明"]
    return date(solar.getYear(), solar.getMonth(), solar.getDay())


@cache
def _published(year: int) -> dict[date, bool]:
    """Days off (``False``) and make-up working days (``True``) of a year, as far as they are published."""
    from lunar_python.util import HolidayUtil

    return {date.fromisoformat(h.getDay()): bool(h.isWork()) for h in HolidayUtil.getHolidays(str(year))}
