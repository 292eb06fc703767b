"""Figures in a stretch of text: yuan and days."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMERAL = r"[零〇一二两三四五六七八九十百千万半\d.]+"
_DAYS = re.compile(rf"({_NUMERAL})\s*(多|来|几)?\s*(天|日|个月|个礼拜|周|年)")
_UNIT_DAYS = {"天": 1, "日": 1, "周": 7, "个礼拜": 7, "个月": 30, "年": 365}


def yuan_in(text: str) -> Iterator[tuple[int, int, Decimal]]:
    """Amounts of money with their offsets, in yuan."""
    from pipeline.outcome.amounts import find_amounts

    return ((span.start, span.end, span.value) for span in find_amounts(text) if span.value is not None)


def days_in(text: str) -> Iterator[tuple[int, int, Decimal]]:
    """Lengths of time with their offsets, in days; a month counts as 30."""
    from pipeline.outcome.amounts import read_number

    for match in _DAYS.finditer(text):
        number = read_number(match.group(1))
        if number is not None:
            yield match.start(), match.end(), number * _UNIT_DAYS[match.group(3)]
