"""Days in spoken or recognised Chinese, counted from the day of the call.

Every expression gives one day: the last day of what it names, because that is the day by which
a promise can be kept (``月底`` is the last of the month, ``下周`` the Sunday of next week).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipeline.outcome.amounts import read_number


@dataclass(frozen=True, slots=True, kw_only=True)
class DateSpan:
    """A day where it stands in a text.

    Attributes:
        start: code-point offset of the first character.
        end: offset after the last character.
        day: the day in the zone of the call; may lie in the past.
        window: true when the words name a stretch (``下周``) and ``day`` is its end.
    """

    start: int
    end: int
    day: date
    window: bool = False


_HAN = "一二三四五六七八九"
_DAY = rf"(?:三十一?|二十[{_HAN}]?|十[{_HAN}]?|[{_HAN}]|(?<!\d)(?:3[01]|[12]\d|0?[1-9])(?!\d))"
_MONTH = rf"(?:十[一二]?|[{_HAN}]|(?<!\d)(?:1[0-2]|0?[1-9])(?!\d))"
_DIGITS = "零一二三四五六七八九"
_NO_COUNT = r"(?![百千万十点个天块元岁次年月期多几\d])"
_MONTH_AHEAD = {"上": -1, "这": 0, "本": 0, "当": 0, "每": 0, "下": 1, "下下": 2}
_WEEK_AHEAD = {"上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}
_DAY_WORD = {"大后": 3, "后": 2, "明": 1, "今": 0, "昨": -1, "前": -2, "大前": -3}
_WEEKDAY = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7, "末": 7}
_UNIT_DAYS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7}
_MONTH_PART = {"初": 5, "上旬": 10, "中": 15, "中旬": 20}  # 月底, 月末, 下旬: the last day


def find_dates(text: str, called_at: datetime) -> tuple[DateSpan, ...]:
    """All days in ``text``, in order of position, not overlapping.

    A bare day of the month (``十五号``) is the next one, today included; a month with a day is
    the nearest such date, before or after; a bare weekday is the next one after today.

    Args:
        text: what was said; hanzi or digits.
        called_at: start of the call, with its zone; only its local day and time are used.
    """
    spans: list[DateSpan] = []
    for pattern, resolve, window in _EXPRESSIONS:
        for match in pattern.finditer(text):
            day = resolve(match, called_at)
            if day is not None:
                spans.append(DateSpan(start=match.start(), end=match.end(), day=day, window=window))
    spans.sort(key=lambda span: (span.start, -span.end))
    kept: list[DateSpan] = []
    for span in spans:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple([*kept, *_times_of_today(text, kept, called_at)])


def _times_of_today(text: str, found: list[DateSpan], called_at: datetime) -> list[DateSpan]:
    """``晚上八点前还`` without a day is today; used only where nothing else names a day."""
    if found:
        return []
    today = called_at.date()
    return [DateSpan(start=m.start(), end=m.end(), day=today) for m in _TIME_OF_TODAY.finditer(text)]


def _int(numeral: str) -> int:
    return int(read_number(numeral) or 0)


def _safe(year: int, month: int, day: int) -> date | None:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, day) if 1 <= day <= monthrange(year, month)[1] else None


def _last_of(year: int, month: int) -> date:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, monthrange(year, month)[1])


def _next_day_of_month(today: date, day: int) -> date | None:
    """The next such day of a month, today included; a month too short for it is passed over."""
    months = range(today.month, today.month + 4)
    candidates = (_safe(today.year, month, day) for month in months)
    return next((candidate for candidate in candidates if candidate and candidate >= today), None)


def _full_date(match: re.Match[str], called_at: datetime) -> date | None:
    return _safe(int(match["year"]), int(match["month"]), int(match["day"]))


def _month_and_day(match: re.Match[str], called_at: datetime) -> date | None:
    month, day, today = _int(match["month"]), _int(match["day"]), called_at.date()
    years = [_year(match["year"])] if match["year"] else [today.year - 1, today.year, today.year + 1]
    candidates = [candidate for year in years if (candidate := _safe(year, month, day))]
    return min(candidates, key=lambda candidate: abs(candidate - today), default=None)


def _year(numeral: str) -> int:
    """``2026``, ``26``, ``二零二六``, ``二六``: years are said digit by digit."""
    year = int("".join(c if c.isdecimal() else str(_DIGITS.index(c)) for c in numeral.replace("〇", "零")))
    return year if year > 1000 else 2000 + year


def _day_of_relative_month(match: re.Match[str], called_at: datetime) -> date | None:
    today, day = called_at.date(), _int(match["day"])
    if match["which"] == "每":
        return _next_day_of_month(today, day)
    return _safe(today.year, today.month + _MONTH_AHEAD[match["which"]], day)


def _part_of_month(match: re.Match[str], called_at: datetime) -> date | None:
    today, part, which = called_at.date(), match["part"], match["which"]
    if match["month"]:
        month = _int(match["month"])
        year = today.year + (1 if month < today.month - 6 else 0)
    else:
        year, month = today.year, today.month + _MONTH_AHEAD.get(which or "这", 0)
    day = _MONTH_PART.get(part)
    found = _safe(year, month, day) if day else _last_of(year, month)
    if found and found < today and not which and not match["month"]:
        found = _safe(today.year, today.month + 1, day) if day else None
    return found


def _whole_month(match: re.Match[str], called_at: datetime) -> date | None:
    today = called_at.date()
    return _last_of(today.year, today.month + _MONTH_AHEAD[match["which"]])


def _bare_day(match: re.Match[str], called_at: datetime) -> date | None:
    return _next_day_of_month(called_at.date(), _int(match["day"]))


def _either_day(match: re.Match[str], called_at: datetime) -> date | None:
    return _next_day_of_month(called_at.date(), _int((match["tens"] or "") + match["day"]))


def _day_word(match: re.Match[str], called_at: datetime) -> date | None:
    return called_at.date() + timedelta(days=_DAY_WORD[match["which"]])


def _today(match: re.Match[str], called_at: datetime) -> date | None:
    return called_at.date()


def _weekday(match: re.Match[str], called_at: datetime) -> date | None:
    today, named = called_at.date(), match["day"]
    wanted = _WEEKDAY.get(named) or int(named)
    monday = today - timedelta(days=today.weekday())
    if match["which"] in _WEEK_AHEAD:
        return monday + timedelta(days=7 * _WEEK_AHEAD[match["which"]] + wanted - 1)
    found = monday + timedelta(days=wanted - 1)
    passed = found < today or (found == today and named != "末")
    return found + timedelta(days=7) if passed else found


def _whole_week(match: re.Match[str], called_at: datetime) -> date | None:
    today = called_at.date()
    return today - timedelta(days=today.weekday()) + timedelta(days=7 * _WEEK_AHEAD[match["which"]] + 6)


def _after(match: re.Match[str], called_at: datetime) -> date | None:
    count, unit, today = match["count"], match["unit"], called_at.date()
    half = count == "半"
    if unit == "月":
        if half:
            return today + timedelta(days=15)
        month = today.month + _last_of_range(count)
        return _safe(today.year, month, today.day) or _last_of(today.year, month)
    if unit == "小时":
        return (called_at + timedelta(hours=_last_of_range(count))).date()
    return None if half else today + timedelta(days=_last_of_range(count) * _UNIT_DAYS[unit])


def _last_of_range(count: str) -> int:
    """``两三`` (days) is 3: the end of what is named."""
    return _int(count[-1]) if re.fullmatch(r"[一两二三四五六七八九]{2}", count) else _int(count)


def _end_of_year(match: re.Match[str], called_at: datetime) -> date | None:
    return date(called_at.year, 12, 31)


_COUNT = r"(?P<count>半|[一二两三四五六七八九十\d]+)"
_SPAN_UNIT = r"(?:个?(?P<unit>天|日|周|星期|礼拜|月|小时))"
_Resolver = Callable[[re.Match[str], datetime], date | None]
_EXPRESSIONS: tuple[tuple[re.Pattern[str], _Resolver, bool], ...] = (
    (
        re.compile(r"(?<!\d)(?P<year>20\d{2})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
        _full_date,
        False,
    ),
    (
        re.compile(
            rf"(?:(?P<year>(?<!\d)(?:20)?\d{{2}}|二[零〇][{_HAN}零〇]{{2}}|[{_HAN}]{{2}})年)?"
            rf"(?P<month>{_MONTH})月份?的?(?P<day>{_DAY})(?:号|日|{_NO_COUNT})"
        ),
        _month_and_day,
        False,
    ),
    (
        re.compile(rf"(?P<which>下下|下|这|本|当|上|每)(?:个)?月的?(?P<day>{_DAY})(?:号|日|{_NO_COUNT})"),
        _day_of_relative_month,
        False,
    ),
    (
        re.compile(
            rf"(?:(?P<which>下下|下|这|本|当|上)个?月?的?|(?P<month>{_MONTH})(?=月))?"
            r"月(?P<part>底|末|初|中旬|中(?!间|介|心)|上旬|下旬)"
        ),
        _part_of_month,
        False,
    ),
    (re.compile(r"(?P<which>下下|下|这|本|上)个?月(?!供|份的?账)"), _whole_month, True),
    (re.compile(rf"(?P<tens>[二三]?十)?[{_HAN}](?P<day>[{_HAN}])[号日]"), _either_day, False),
    (
        re.compile(
            rf"(?<![零〇幺月])(?<!月[一二三])(?P<day>{_DAY})(?:号(?![楼线码店院机文令桌员])|日(?!内|之内|后|元))"
        ),
        _bare_day,
        False,
    ),
    (
        re.compile(r"(?P<which>大后|大前|后|明|今|昨|(?<!之)(?<!以)前)(?:天|日(?!期)|儿个?|晚|早|夜)"),
        _day_word,
        False,
    ),
    (
        re.compile(
            r"(?<![一二两三四五六七八九十几\d])(?:(?P<which>下下|下|这|本|上)个?)?"
            r"(?:周|星期|礼拜)(?P<day>[一二三四五六日天末]|[1-7](?!\d))(?![百千万])"
        ),
        _weekday,
        False,
    ),
    (re.compile(r"(?P<which>下下|下|这|本|上)个?(?:周|星期|礼拜)(?![期转边围岁年])"), _whole_week, True),
    (re.compile(rf"{_COUNT}{_SPAN_UNIT}(?:之内|以内|内|之后|以后|后(?!天))"), _after, False),
    (re.compile(rf"(?:再?过|再?等|再?缓)(?!两天){_COUNT}{_SPAN_UNIT}"), _after, False),
    (re.compile(rf"(?:给我|宽限我?|延我?|缓我){_COUNT}{_SPAN_UNIT}"), _after, False),
    (re.compile(r"年底|年末"), _end_of_year, True),
    (
        re.compile(
            r"(?:一会儿?|待会儿?|等会儿?|等下|马上|立马|立刻|现在就|这就)(?=[^，。？！没不]{0,8}(?:还(?![没有在是])|转(?=[账钱过给一二两三四五六七八九\d]|$)|存|付|交))"
        ),
        _today,
        False,
    ),
)
_TIME_OF_TODAY = re.compile(
    r"(?:上午|中午|下午|傍晚|晚上|晚|夜里)?(?:[一二两三四五六七八九十\d]+点(?:半|整|钟)?|下班|睡觉|天黑)(?:之前|以前|前)"
    r"|(?:上午|中午|下午|傍晚|晚上)[一二两三四五六七八九十\d]+点(?:半|整|钟)?(?=[^，。？！没不]{0,4}[还转存付交])"
)
