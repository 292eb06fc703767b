"""Figures in a stretch of text: yuan and days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from pipeline.outcome.amounts import find_amounts, read_number

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMERAL = r"[零〇一二两三四五六七八九十百千万\d.]+"
_HALF = Decimal("0.5")
_LENGTH = re.compile(
    rf"(?P<number>{_NUMERAL})?(?P<half>个?半(?=[个天年月周]))?[多来几]?"
    r"(?P<unit>天|个?(?:多|半)?月|个?(?:礼拜|星期)|周|年)(?P<more>半)?"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?")
_PERCENT = re.compile(
    r"百分之(?P<spoken>[零〇一二两三四五六七八九十百点\d.]+)" rf"|(?P<written>{_NUMERAL})\s*[%％]"
)
_UNIT_DAYS = {"天": 1, "周": 7, "拜": 7, "期": 7, "月": 30, "年": 365}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its offsets. An inexact one («三千多») is a lower bound."""

    start: int
    end: int
    value: Decimal
    exact: bool = True


def yuan_in(text: str) -> Iterator[Figure]:
    """Amounts of money, in yuan."""
    return (Figure(s.start, s.end, s.yuan, s.exact) for s in find_amounts(text) if s.yuan)


def days_in(text: str) -> Iterator[Figure]:
    """Lengths of time, in days; a month counts as 30, «一个半月» as 45."""
    for match in _LENGTH.finditer(text):
        number = read_number(match["number"]) if match["number"] else Decimal(0)
        halves = bool(match["half"] or match["more"] or "半" in match["unit"])
        if number is None or (not number and not halves):
            continue
        days = (number + _HALF * halves) * _UNIT_DAYS[match["unit"][-1]]
        yield Figure(match.start(), match.end(), days)


def numerals_in(text: str) -> Iterator[Figure]:
    """Every numeral, whatever it counts."""
    for match in _NUMBER.finditer(text):
        value = read_number(match.group())
        if value is not None:
            yield Figure(*match.span(), value)


def percents_in(text: str) -> Iterator[Figure]:
    """Shares, in per cent."""
    for match in _PERCENT.finditer(text):
        value = read_number(match["spoken"] or match["written"])
        if value is not None:
            yield Figure(*match.span(), value)
