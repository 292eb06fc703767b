"""The days that a report is about: an ISO week, or from one day to another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from pipeline.errors import ConfigError
from pipeline.metadata import CHINA

_WEEK: Final = re.compile(r"(\d{4})-?W(\d{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A stretch of days, both ends in it; ``None`` for no end."""

    first: date | None = None
    last: date | None = None

    def has(self, day: date | None) -> bool:
        """Whether a day lies in it; what has no day only lies in all days."""
        if day is None:
            return self.first is None and self.last is None
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def is_after(self, day: date | None) -> bool:
        """Whether a day lies before it."""
        return day is not None and self.first is not None and day < self.first


def days_of(week: str | None, first: date | None, last: date | None) -> Days:
    """The days that are asked for: a week, or from a day and until one; all when nothing is given.

    Args:
        week: ISO week, ``2026-W47``.
        first: from this day on.
        last: to this day.

    Raises:
        ConfigError: it is no week, the days are the wrong way round, or both are given.
    """
    if week is not None:
        if first is not None or last is not None:
            raise ConfigError("give a week, or from and until, not both")
        return week_days(week)
    if first is not None and last is not None and last < first:
        raise ConfigError("until lies before from")
    return Days(first=first, last=last)


def week_days(week: str) -> Days:
    """Monday to Sunday of an ISO week.

    Raises:
        ConfigError: it is no week.
    """
    found = _WEEK.fullmatch(week.strip())
    try:
        monday = date.fromisocalendar(int(found.group(1)), int(found.group(2)), 1) if found else None
    except ValueError:
        monday = None
    if monday is None:
        raise ConfigError(f"{week!r} is no ISO week; write it as 2026-W47")
    return Days(first=monday, last=monday + timedelta(days=6))


def week_of(day: date) -> str:
    """The ISO week of a day, ``2026-W47``."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def day_in_china(started_at: str | None) -> date | None:
    """The day of an ISO time, as it is in China; ``None`` for none."""
    moment = moment_in_china(started_at)
    return moment.date() if moment else None


def moment_in_china(started_at: str | None) -> datetime | None:
    """An ISO time in China's zone; ``None`` for none."""
    return datetime.fromisoformat(started_at).astimezone(CHINA) if started_at else None
