"""Small sums with days and years, and the years that people say."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from pipeline.outcome.amounts import read_number

Days = tuple[date, date]
"""The first and the last day of a stretch; the same twice for a day."""

DIGITS = "零〇一二三四五六七八九"
_YEAR_AHEAD = {"今": 0, "明": 1, "去": -1}
_CENTURY = 50
"""Years of two digits from here on lie in the last century."""


def number(numeral: str) -> int:
    """The value of a numeral, 0 for what is none."""
    return int(read_number(numeral) or 0)


def year_of(said: str, today: date) -> int:
    """``2026``, ``26``, ``二零二六``, ``二六``, ``两千零六``, ``今``: the year."""
    if said in _YEAR_AHEAD:
        return today.year + _YEAR_AHEAD[said]
    if "千" in said:
        return number(said)
    year = int("".join(c if c.isdecimal() else str(DIGITS.replace("〇", "").index(c)) for c in _zero(said)))
    return year if year > 1000 else year + (2000 if year < _CENTURY else 1900)


def _zero(numeral: str) -> str:
    return numeral.replace("〇", "零")


def safe(year: int, month: int, day: int) -> date | None:
    """A day, months counted on over the end of the year; ``None`` where there is no such day."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, day) if 1 <= day <= monthrange(year, month)[1] else None


def month_of(year: int, month: int) -> Days:
    """First and last day of a month, months counted on over the end of the year."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def one(day: date | None) -> Days | None:
    """A single day."""
    return None if day is None else (day, day)


def nearest(days: list[Days], today: date) -> Days | None:
    """The days that lie nearest, before or after."""
    return min(days, key=lambda days: abs(days[0] + (days[1] - days[0]) // 2 - today), default=None)


def next_day_of_month(today: date, day: int) -> date | None:
    """The next such day of a month, today included; a month too short for it is passed over."""
    months = range(today.month, today.month + 4)
    candidates = (safe(today.year, month, day) for month in months)
    return next((candidate for candidate in candidates if candidate and candidate >= today), None)
