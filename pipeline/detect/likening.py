"""How much of a match by sound is written as the rule has it.

A pattern's expression is made to accept each character as it is written or by its sound. Then, one
by one, the characters of the match are put back as they were written: those without which the match
breaks are the ones that only sound right. In the same way those that any other sound would break
are the ones that the pattern asks for at all; the rest stand in its gaps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.detect.heard import NOBODY, by_sound, expression_either_way

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pipeline.detect.patterns import Patterns


FIRST_HANZI = "\u4e00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """Offsets of the characters that a match asks for, by how they are written.

    Attributes:
        written: as the pattern has them.
        heard: other characters of the same sound.
    """

    written: tuple[int, ...]
    heard: tuple[int, ...]


def likeness(patterns: Patterns, fields: Mapping[str, Any], text: str, start: int, end: int) -> Likeness:
    """What of ``text[start:end]``, which matches by sound, is written as a pattern has it."""
    for pattern in patterns:
        expression = _either_way(pattern.filled(fields))
        signs = list(by_sound(text))
        if _matches(expression, signs, start, end):
            heard = _unwritten(expression, signs, text, start, end)
            asked = _asked(expression, signs, start, end)
            return Likeness(
                written=tuple(i for i in asked if i not in heard), heard=tuple(i for i in asked if i in heard)
            )
    return Likeness(written=(), heard=tuple(range(start, end)))


def _matches(expression: re.Pattern[str], signs: list[str], start: int, end: int) -> bool:
    """Whether something inside the stretch still matches."""
    return any(
        m.start() >= start and m.end() <= end and m.end() > m.start()
        for m in expression.finditer("".join(signs))
    )


def _unwritten(expression: re.Pattern[str], signs: list[str], text: str, start: int, end: int) -> set[int]:
    heard = set()
    for at in range(start, end):
        sign, signs[at] = signs[at], text[at]
        if sign != text[at] and not _matches(expression, signs, start, end):
            signs[at] = sign
            heard.add(at)
    return heard


def _asked(expression: re.Pattern[str], signs: list[str], start: int, end: int) -> list[int]:
    asked = []
    for at in range(start, end):
        sign, signs[at] = signs[at], NOBODY
        if sign >= FIRST_HANZI and not _matches(expression, signs, start, end):
            asked.append(at)
        signs[at] = sign
    return asked


@lru_cache(maxsize=8_192)
def _either_way(expression: str) -> re.Pattern[str]:
    return re.compile(expression_either_way(expression))
