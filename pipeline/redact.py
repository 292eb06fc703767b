"""Masking people in what reports show: names and long numbers, without moving a single character.

Every masked text has the length of the original, so that evidence offsets still point at the same words.
Masking is for pages and tables; the JSON of a call keeps its text literal, because evidence must be.

What is masked:

* a run of 7 or more digits, written or spoken (``一三八…``, ``幺``), with the pauses people make in it:
  phone, card and account numbers. The last 4 stay, as lenders name an account by them. Runs of the length
  of an identity number (15, or 18 with or without a final X) are masked whole, since their last 4 digits
  are what an agent verifies a person with;
* names that the metadata give, in full wherever they are said; the surname stays.

What is not masked: amounts of money (``一百二十万``, ``1234567元``), short numbers, and names or addresses
that the metadata do not hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "＊"
KEPT_DIGITS = 4

_DIGIT = "0-9０-９零〇一二三四五六七八九幺两"
_RUN = re.compile(
    # Possessive: a run followed by a unit of money must fail as a whole, not shrink and match.
    rf"(?<![{_DIGIT}.])[{_DIGIT}](?:[\s\-－—，、,·]?[{_DIGIT}]){{6,}}+[Xx]?(?!\s*[元块万亿.])"
)
_ONE_DIGIT = re.compile(rf"[{_DIGIT}Xx]")
_IDENTITY_LENGTHS = frozenset({15, 18})
_COMPOUND_SURNAMES = frozenset(
    "欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 端木 独孤 南宫 夏侯 宇文 长孙 司空 闻人 淳于 单于 澹台 公冶 申屠 太史 轩辕 钟离".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The names that one call's metadata give; empty strings where they give none."""

    customer_name: str = ""
    agent_name: str = ""
    customer_id: str = field(default="", repr=False)


def mask_text(text: str, names: Iterable[str] = ()) -> str:
    """Mask long numbers and the given full names; the result has the length of ``text``."""
    masked = _RUN.sub(lambda match: _mask_run(match.group()), text)
    for name in sorted({n for n in names if len(n) >= 2}, key=len, reverse=True):
        masked = masked.replace(name, mask_name(name))
    return masked


def mask_name(name: str) -> str:
    """A name with only its surname left, at the same length; a single character is masked too."""
    kept = 2 if len(name) > 2 and name[:2] in _COMPOUND_SURNAMES else 1
    if len(name) < 2:
        return MASK * len(name)
    return name[:kept] + MASK * (len(name) - kept)


def mask_id(value: str) -> str:
    """An identifier with its last 4 characters left, or none when that would leave most of it."""
    kept = KEPT_DIGITS if len(value) >= 2 * KEPT_DIGITS else 0
    return MASK * (len(value) - kept) + value[len(value) - kept :]


def _mask_run(run: str) -> str:
    at = [match.start() for match in _ONE_DIGIT.finditer(run)]
    hidden = at if len(at) in _IDENTITY_LENGTHS else at[:-KEPT_DIGITS]
    characters = list(run)
    for position in hidden:
        characters[position] = MASK
    return "".join(characters)
