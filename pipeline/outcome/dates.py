"""Days in spoken or recognised Chinese, counted from the day of the call.

Every expression gives the first and the last day of what it names. The last is ``day``, because that is the
day by which a promise can be kept: ``月底`` is the last of the month, ``下周`` the Sunday of next week,
``十号到十五号`` the fifteenth, and ``下周之前`` the Sunday of this week.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from pipeline.outcome.day_math import safe
from pipeline.outcome.day_words import EXPRESSIONS, TIME_OF_TODAY, Naming
from pipeline.outcome.feast_words import FEAST_EXPRESSIONS
from pipeline.outcome.part_words import PART_EXPRESSIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class DateSpan:
    """A day, or a stretch of days, where it stands in a text.

    Attributes:
        start: code-point offset of the first character.
        end: offset after the last character.
        first: the first day of a stretch, ``day`` itself for a day.
        day: the day, or the last one of a stretch, in the zone of the call; may lie in the past.
        window: true when the words name a stretch (``下周``) and ``day`` is its end.
    """

    start: int
    end: int
    first: date
    day: date
    window: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """A day with what its words leave open; 30 February does not exist, and its parts name no day either."""

    span: DateSpan
    naming: Naming
    exists: bool = True


_ALL = (*EXPRESSIONS, *PART_EXPRESSIONS, *FEAST_EXPRESSIONS)
_CLOCK = (
    r"(?:[上中下]午|早上|晚上|凌晨|傍晚)?(?:[零〇一二两三四五六七八九十\d]{1,3}(?:点(?:半|整|钟)?|:\d\d))?"
)
_TO = re.compile(rf"之?{_CLOCK}(?:到|至|[-–—~～])了?|{_CLOCK}[和与跟](?=.{{1,14}}间)")
_BETWEEN = re.compile(rf"{_CLOCK}(?:之间|间)")
_FROM = re.compile(r"(?:从|自)$")
_BEFORE = re.compile(r"之前|以前|前(?![后天半一两几\d])")


def find_dates(text: str, called_at: datetime) -> tuple[DateSpan, ...]:
    """All days in ``text``, in order of position, not overlapping.

    A bare day of the month (``十五号``) is the next one, today included; a month, a month with a day and a
    feast are the nearest such, before or after; a bare weekday is the next one after today.

    Args:
        text: what was said; hanzi or digits.
        called_at: start of the call, with its zone; only its local day and time are used.
    """
    found, characters = [], frozenset(text)
    for expression in _ALL:
        if expression.needs.isdisjoint(characters):
            continue
        for match in expression.pattern.finditer(text):
            days = expression.resolve(match, called_at)
            if days is None and expression.naming is not Naming.YEARLY:
                continue
            first, last = days or (called_at.date(), called_at.date())
            window = expression.window or last - first > timedelta(days=1)
            span = DateSpan(start=match.start(), end=match.end(), first=first, day=last, window=window)
            found.append(_Found(span, expression.naming, exists=days is not None))
    kept = _joined(text, _apart(found))
    spans = [_time_before(text, one, called_at.date()) for one in kept]
    return tuple([*spans, *_times_of_today(text, spans, called_at)])


def _apart(found: list[_Found]) -> list[_Found]:
    """In order of position, of what overlaps the one that begins first and is longest."""
    found.sort(key=lambda one: (one.span.start, -one.span.end))
    kept: list[_Found] = []
    for one in found:
        if not kept or one.span.start >= kept[-1].span.end:
            kept.append(one)
    return [one for one in kept if one.exists]


def _joined(text: str, found: list[_Found]) -> list[_Found]:
    """Two days with ``到`` between them become one stretch."""
    kept: list[_Found] = []
    for one in found:
        link = _TO.match(text, kept[-1].span.end) if kept else None
        linked = link is not None and link.end() == one.span.start
        stretch = _stretch(text, kept[-1].span, one) if linked else None
        if stretch is None:
            kept.append(one)
        else:
            kept[-1] = _Found(stretch, Naming.FIXED)
    return kept


def _stretch(text: str, begin: DateSpan, end: _Found) -> DateSpan | None:
    """From the first day of ``begin`` to the last of ``end``, whose open month or year follows from it."""
    day: date | None = end.span.day
    if end.naming is Naming.BARE:
        months = (begin.first.month, begin.first.month + 1)
        days = (safe(begin.first.year, month, end.span.day.day) for month in months)
        day = next((there for there in days if there and there >= begin.first), None)
    elif end.span.day < begin.first and end.naming is not Naming.FIXED:
        years = (begin.first.year, begin.first.year + 1)
        days = (safe(year, end.span.day.month, end.span.day.day) for year in years)
        day = next((there for there in days if there and there >= begin.first), None)
    if day is None or day < begin.first:
        return None
    lead, between = _FROM.search(text, 0, begin.start), _BETWEEN.match(text, end.span.end)
    return DateSpan(
        start=lead.start() if lead else begin.start,
        end=between.end() if between else end.span.end,
        first=begin.first,
        day=day,
        window=True,
    )


def _time_before(text: str, found: _Found, today: date) -> DateSpan:
    """``下周之前``: what comes before a whole week, month or year that is still to come."""
    span, before = found.span, _BEFORE.match(text, found.span.end)
    if found.naming is not Naming.WHOLE or not before or span.first <= today:
        return span
    return replace(span, end=before.end(), first=today, day=span.first - timedelta(days=1))


def _times_of_today(text: str, found: list[DateSpan], called_at: datetime) -> list[DateSpan]:
    """``晚上八点前还`` without a day is today; used only where nothing else names a day."""
    if found:
        return []
    today = called_at.date()
    return [
        DateSpan(start=m.start(), end=m.end(), first=today, day=today) for m in TIME_OF_TODAY.finditer(text)
    ]
