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
_DIGITS = "一二两三四五六七八九"
_NOT_TENTHS = "功本员年立为了交人家绩长果天都分就套语群因品型形不"
_HALF = Decimal("0.5")
_LENGTH = re.compile(
    rf"(?P<number>{_NUMERAL})?(?P<half>个?半(?=[个天年月周]))?[多来几]?"
    r"(?P<unit>天|个?(?:多|半)?月|个?(?:礼拜|星期)|周|年)(?P<more>半)?"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?")
_SHARE = re.compile(
    rf"(?<!{_NUMERAL[:-1]})(?P<of>百|千|万)分之(?P<spoken>{_NUMERAL[:-2]}点]+)"
    rf"|(?P<written>{_NUMERAL[:-2]}点]+)\s*(?:[%％]|个百分点)"
    rf"|(?P<tenths>(?<![{_DIGITS}])[{_DIGITS}]{{1,2}}|\d{{1,2}}(?:\.\d)?|[{_DIGITS}]点[{_DIGITS}]|十(?=成))"
    rf"(?:成(?![{_NOT_TENTHS}])(?P<more>半|[{_DIGITS}](?![{_DIGITS}十百千万个]))?|折(?![腾磨叠算合旧现]))"
    r"|(?P<half>(?<=打)对折|半折)|(?P<twentieth>半成)"
)
_DIGIT_VALUES: dict[str, int | str] = {
    "两": 2,
    "十": 10,
    "点": ".",
    **{c: n for n, c in enumerate("零一二三四五六七八九")},
}
_OF = {"百": 1, "千": 10, "万": 100}
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
    """Shares, in per cent; ``八折`` and ``八成`` are 80, ``七五折`` is 75."""
    for match in _SHARE.finditer(text):
        value = _share(match)
        if value is not None:
            yield Figure(*match.span(), value)


def _share(match: re.Match[str]) -> Decimal | None:
    if match["half"] or match["twentieth"]:
        return Decimal(50) if match["half"] else Decimal(5)
    if match["tenths"] is None:
        said = match["spoken"] or match["written"]
        value = Decimal(100) if said == "百" else read_number(said)
        return None if value is None else value / _OF[match["of"] or "百"]
    tenths = "".join(str(_DIGIT_VALUES.get(c, c)) for c in match["tenths"])
    value = Decimal(tenths) * (1 if re.fullmatch(r"[2-9]\d|1[1-9]", tenths) else 10)
    more = match["more"]
    return value + (0 if not more else 5 if more == "半" else int(_DIGIT_VALUES[more]))
