"""Whether a stated confidence of 0.9 is right nine times out of ten."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.review.estimates import share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.review.estimates import Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Findings whose confidence lies from ``low`` to below ``high``, the last bin to 1 inclusive.

    Attributes:
        stated: their weighted mean confidence.
        observed: the share of them that persons upheld.
    """

    low: float
    high: float
    stated: float
    observed: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How stated confidence holds.

    Attributes:
        bins: those that have findings.
        brier: weighted mean squared difference of confidence and outcome (Brier 1950): 0 best, 1 worst.
        base: the same of a forecaster who always states the share that was upheld.
        error: weighted mean distance of stated and observed over the bins (expected calibration error).
    """

    n: int
    bins: tuple[Bin, ...]
    brier: float
    base: float
    error: float


def calibration(cases: Sequence[tuple[float, bool, float]], *, bins: int) -> Calibration | None:
    """How stated confidence holds; ``None`` of nothing.

    Args:
        cases: confidence 0..1, whether it was upheld, weight above 0.
        bins: of equal width.
    """
    if not cases:
        return None
    groups: dict[int, list[tuple[float, bool, float]]] = {}
    for case in cases:
        groups.setdefault(min(int(case[0] * bins), bins - 1), []).append(case)
    total = math.fsum(weight for _, _, weight in cases)
    upheld = math.fsum(weight for _, hit, weight in cases if hit) / total
    made, error = [], 0.0
    for number, group in sorted(groups.items()):
        weight = math.fsum(w for _, _, w in group)
        stated = math.fsum(c * w for c, _, w in group) / weight
        observed = share((hit, w) for _, hit, w in group)
        if observed is None:
            continue
        made.append(Bin(low=number / bins, high=(number + 1) / bins, stated=stated, observed=observed))
        error += weight / total * abs(stated - observed.value)
    return Calibration(
        n=len(cases),
        bins=tuple(made),
        brier=math.fsum(w * (c - hit) ** 2 for c, hit, w in cases) / total,
        base=upheld * (1 - upheld),
        error=error,
    )
