"""Shares in weighted samples, with intervals.

A share is the weighted mean of what was decided, weights being the inverse of the probability with which a
call was drawn (Hájek 1971). Its interval is Wilson's at the effective size ``(Σw)² / Σw²`` (Kish 1965), so
that with equal weights it is Wilson's of the plain count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.intervals import Z_95, wilson

if TYPE_CHECKING:
    from collections.abc import Iterable

Z_975: Final = 2.241402727604945
"""The standard normal deviate of 97.5 %: two such intervals hold together with 95 % at least (Bonferroni)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share with its interval of 95 % where nothing else is said.

    Attributes:
        value, low, high: 0 to 1.
        n: how many cases it was made of.
        effective: of how many equally weighted cases it is worth.
    """

    value: float
    low: float
    high: float
    n: int
    effective: float


def share(cases: Iterable[tuple[bool, float]], *, z: float = Z_95) -> Share | None:
    """The share of hits among weighted cases; ``None`` of nothing.

    Args:
        cases: whether it is a hit, and its weight, above 0.
        z: standard normal deviate of the interval.
    """
    found = list(cases)
    if not found:
        return None
    total = math.fsum(weight for _, weight in found)
    value = math.fsum(weight for hit, weight in found if hit) / total
    effective = total * total / math.fsum(weight * weight for _, weight in found)
    value, effective = min(1.0, value), min(float(len(found)), effective)
    low, high = wilson(value, effective, z=z)
    return Share(value=value, low=low, high=high, n=len(found), effective=effective)
