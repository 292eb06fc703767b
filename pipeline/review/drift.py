"""Whether a rule's precision has changed between two periods, over many rules at once.

Each rule is tested by Fisher's exact test, two-sided: it holds for few decisions, and raises fewer false
alarms than it may. Of the p-values of all rules those are alarms that the procedure of Benjamini and
Hochberg (1995) lets pass, so that of the alarms only a stated share is expected to be false.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ALIKE = 1 + 1e-9
"""Tables whose probabilities differ only by rounding count as equally likely."""


def fisher(hits: int, n: int, other_hits: int, other_n: int) -> float:
    """The two-sided p-value of Fisher's exact test of two shares.

    Tables that are no more likely than the one at hand count as extreme.

    Raises:
        ValueError: there are more hits than cases, or fewer than none.
    """
    if not (0 <= hits <= n and 0 <= other_hits <= other_n):
        raise ValueError("more hits than cases, or fewer than none")
    all_hits, total = hits + other_hits, n + other_n
    first, last = max(0, all_hits - other_n), min(n, all_hits)

    def log_likelihood(k: int) -> float:
        return _log_choose(n, k) + _log_choose(other_n, all_hits - k) - _log_choose(total, all_hits)

    limit = math.exp(log_likelihood(hits)) * _ALIKE
    chances = (math.exp(log_likelihood(k)) for k in range(first, last + 1))
    return min(1.0, math.fsum(chance for chance in chances if chance <= limit))


def adjusted(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted by Benjamini and Hochberg, in the same order.

    One that is at most ``q`` is an alarm at a false discovery rate of ``q``.
    """
    order = sorted(range(len(p_values)), key=lambda at: p_values[at], reverse=True)
    found = [0.0] * len(p_values)
    least = 1.0
    for place, at in enumerate(order):
        least = min(least, p_values[at] * len(p_values) / (len(p_values) - place))
        found[at] = least
    return found


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
