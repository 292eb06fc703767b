"""How sure a share or a mean is: intervals of 95 % that a report gives beside each of its figures.

Shares have Wilson's score interval (Wilson 1927), differences of two shares Newcombe's hybrid of two of them
(Newcombe 1998, method 10), means a bootstrap (Efron 1979, percentiles). All hold for few calls, where the
interval of the textbook does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Z_95: Final = 1.959963984540054
"""The standard normal deviate that leaves 2.5 % on either side."""
DRAWS: Final = 2000
FEWEST: Final = 5
"""Fewer values say nothing of how they are spread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure and where it may be.

    Attributes:
        value: the figure itself.
        low: the lower bound.
        high: the upper bound.
        n: how many values it was made of; of a difference, those of the smaller group.
    """

    value: float
    low: float
    high: float
    n: int

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference is one."""
        return self.low > 0 or self.high < 0


def share(hits: int, n: int, *, z: float = Z_95) -> Interval | None:
    """A share with Wilson's interval; ``None`` of nothing.

    Args:
        hits: how many of them, 0 to ``n``.
        n: of how many.
        z: standard normal deviate; 1.96 for 95 %.

    Raises:
        ValueError: there are more hits than cases, or fewer than none.
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n} is no share")
    if n == 0:
        return None
    low, high = wilson(hits / n, n, z=z)
    return Interval(value=hits / n, low=low, high=high, n=n)


def wilson(p: float, n: float, *, z: float = Z_95) -> tuple[float, float]:
    """Wilson's interval of a share.

    Args:
        p: the share, 0 to 1.
        n: of how many, above 0; not whole where a weighted sample is worth so many.
        z: standard normal deviate; 1.96 for 95 %.
    """
    spread = z * z / n
    middle = (p + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(p * (1 - p) / n + spread / (4 * n))
    # Rounding must not leave 0 of n, or n of n, outside.
    return max(0.0, min(middle - half, p)), min(1.0, max(middle + half, p))


def share_difference(hits: int, n: int, other_hits: int, other_n: int, *, z: float = Z_95) -> Interval | None:
    """How far a share is from another, with Newcombe's interval; ``None`` where one is of nothing.

    Raises:
        ValueError: there are more hits than cases, or fewer than none.
    """
    one, other = share(hits, n, z=z), share(other_hits, other_n, z=z)
    if one is None or other is None:
        return None
    difference = one.value - other.value
    return Interval(
        value=difference,
        low=difference - math.hypot(one.value - one.low, other.high - other.value),
        high=difference + math.hypot(one.high - one.value, other.value - other.low),
        n=min(n, other_n),
    )


def mean(values: Sequence[float], *, seed: int = 0) -> Interval | None:
    """A mean with a bootstrap interval; ``None`` of fewer than :data:`FEWEST` values.

    The same values in the same order give the same interval.
    """
    if len(values) < FEWEST:
        return None
    found = np.asarray(values, dtype=float)
    low, high = np.percentile(_means(found, np.random.default_rng(seed)), (2.5, 97.5))
    return Interval(value=float(found.mean()), low=float(low), high=float(high), n=len(values))


def mean_difference(values: Sequence[float], others: Sequence[float], *, seed: int = 0) -> Interval | None:
    """How far a mean is from another, with a bootstrap interval; ``None`` where either has too few values."""
    if min(len(values), len(others)) < FEWEST:
        return None
    generator = np.random.default_rng(seed)
    one, other = np.asarray(values, dtype=float), np.asarray(others, dtype=float)
    drawn = _means(one, generator) - _means(other, generator)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Interval(
        value=float(one.mean() - other.mean()),
        low=float(low),
        high=float(high),
        n=min(len(values), len(others)),
    )


def _means(values: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Means of resampled values; drawn one after the other where all at once would fill the memory."""
    size = len(values)
    if size * DRAWS <= 4_000_000:
        return np.asarray(values[generator.integers(size, size=(DRAWS, size))].mean(axis=1))
    return np.array([values[generator.integers(size, size=size)].mean() for _ in range(DRAWS)])
